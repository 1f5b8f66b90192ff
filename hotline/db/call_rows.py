"""Between ``CallRecord`` and its rows: sealing on the way in, opening or masking on the way out."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.digests import call_key
from hotline.db.tables import CallRow, SpokenAnswerRow, TurnRow
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from hotline.privacy import KeyRing, RowKey, hide_text, mask_phone, normalise_phone, place

_PLAIN = (
    "human_requested",
    "human_answered",
    "seat",
    "act",
    "topic",
    "region",
    "order_no",
    "satisfaction",
    "recording",
    "engine",
)
UPDATABLE = frozenset((*_PLAIN, "answer_ids"))
"""Fields of CallRecord that may be set one by one."""


def new_call(ring: KeyRing, record: CallRecord) -> CallRow:
    """The row of a new call, its number sealed."""
    row = CallRow(
        call_id=record.call_id,
        channel_id=record.channel_id,
        node=record.node,
        started_at=record.started_at,
        answered_at=record.answered_at,
        ended_at=record.ended_at,
        outcome=record.outcome.value if record.outcome else None,
        hangup_by=record.hangup_by,
        adopted=record.adopted,
        **{name: getattr(record, name) for name in _PLAIN},
    )
    number = record.caller_number
    row.caller_enc = call_key(ring, row).seal_text(number, _place("caller", record.call_id))
    plain = normalise_phone(number) if number else None
    row.caller_hash = ring.index("phone", plain) if plain else None
    return row


def set_fields(session: Session, row: CallRow, fields: Mapping[str, Any]) -> None:
    """Set plain facts; ``answer_ids`` replaces the list of answers spoken."""
    for name, value in fields.items():
        if name != "answer_ids":
            setattr(row, name, value)
    if "answer_ids" in fields:
        gone = delete(SpokenAnswerRow).where(col(SpokenAnswerRow.call_id) == row.call_id)
        session.execute(gone)
        session.add_all(
            SpokenAnswerRow(call_id=row.call_id, position=position, answer_id=answer_id)
            for position, answer_id in enumerate(fields["answer_ids"])
        )


def turn_row(call_id: str, key: RowKey, turn: Turn) -> TurnRow:
    """The row of a turn, its text sealed."""
    return TurnRow(
        call_id=call_id,
        position=turn.index,
        speaker=turn.speaker.value,
        text_enc=key.seal_text(turn.text, _turn_place(call_id, turn.index)),
        started=turn.started,
        ended=turn.ended,
        confidence=turn.confidence,
        act=turn.act,
        topic=turn.topic,
        latency_ms=turn.latency_ms,
        interrupted=turn.interrupted,
    )


def record_of(
    ring: KeyRing,
    row: CallRow,
    turns: Sequence[TurnRow],
    answers: Sequence[str],
    *,
    reveal: bool,
) -> CallRecord:
    """The call as others see it: whole, or with number masked and texts hidden."""
    key = None if row.row_key is None else call_key(ring, row)
    number = key.open_text(row.caller_enc, _place("caller", row.call_id)) if key else None
    return CallRecord(
        call_id=row.call_id,
        channel_id=row.channel_id,
        caller_number=number if reveal else mask_phone(number),
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        outcome=_outcome(row.outcome),
        hangup_by=row.hangup_by,
        node=row.node,
        adopted=row.adopted,
        answer_ids=tuple(answers),
        turns=tuple(_turn(key, turn, reveal=reveal) for turn in turns),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _turn(key: RowKey | None, row: TurnRow, *, reveal: bool) -> Turn:
    text = key.open_text(row.text_enc, _turn_place(row.call_id, row.position)) if key else None
    return Turn(
        index=row.position,
        speaker=next(speaker for speaker in Speaker if speaker.value == row.speaker),
        text=(text if reveal else hide_text(text)) or "",
        started=row.started,
        ended=row.ended,
        confidence=row.confidence,
        act=row.act,
        topic=row.topic,
        latency_ms=row.latency_ms,
        interrupted=row.interrupted,
    )


def _outcome(code: str | None) -> CallOutcome | None:
    return next((outcome for outcome in CallOutcome if outcome.value == code), None)


def _place(column: str, call_id: str) -> bytes:
    return place("calls", column, call_id)


def _turn_place(call_id: str, position: int) -> bytes:
    return place("turns", "text", f"{call_id}/{position}")
