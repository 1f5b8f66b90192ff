"""The store of calls: exactly one record for every call, whatever its end."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline import metrics
from hotline.db import audit_log
from hotline.db.call_rows import (
    UPDATABLE,
    new_call,
    record_of,
    set_fields,
    turn_row,
)
from hotline.db.digests import call_digest, call_key
from hotline.db.engine import Database
from hotline.db.errors import CallNotFoundError, DuplicateCallError
from hotline.db.tables import CallRow, SpokenAnswerRow, TurnRow, VoicemailRow
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome
from hotline.privacy import KeyRing, normalise_phone, place


class CallStore:
    """Writes and reads calls. Everything personal is sealed before it reaches the database."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db = db
        self._ring = ring

    async def start(self, record: CallRecord) -> None:
        """A call came in. Repeating it with the same call id does nothing.

        Raises DuplicateCallError when the channel has a record under another id.
        """
        if await self._db.write(lambda session: self._start(session, record)):
            metrics.CALLS_STARTED.inc()

    async def answered(self, call_id: str, at: datetime) -> None:
        """The call was answered; the first time counts. Raises CallNotFoundError."""

        def work(session: Session) -> float | None:
            row = _row(session, call_id)
            if row.answered_at is not None:
                return None
            row.answered_at = at
            return (at - row.started_at).total_seconds()

        waited = await self._db.write(work)
        if waited is not None:
            metrics.CALLS_ANSWERED.inc()
            metrics.ANSWER_SECONDS.observe(waited)

    async def add_turn(self, call_id: str, turn: Turn) -> None:
        """Add a turn, or replace the one with the same index. Raises CallNotFoundError."""

        def work(session: Session) -> None:
            row = _row(session, call_id)
            session.merge(turn_row(call_id, call_key(self._ring, row), turn))
            self._amended(session, row)

        await self._db.write(work)
        metrics.TURNS.labels(turn.speaker.value).inc()
        if turn.latency_ms is not None:
            metrics.REPLY_SECONDS.observe(turn.latency_ms / 1000)

    async def update(self, call_id: str, **fields: Any) -> None:
        """Set facts of the call: names and types of ``CallRecord``'s fields in ``UPDATABLE``.

        ``answer_ids`` replaces the whole list; may also be used after the end (the survey).
        Raises CallNotFoundError, and TypeError for a field that cannot be set here.
        """
        wrong = set(fields) - UPDATABLE
        if wrong:
            raise TypeError(f"update cannot set {', '.join(sorted(wrong))}")

        def work(session: Session) -> None:
            row = _row(session, call_id)
            set_fields(session, row, fields)
            self._amended(session, row)

        await self._db.write(work)

    async def spoke(self, call_id: str, answer_id: str) -> None:
        """A knowledge entry was spoken; repeats are kept once. Raises CallNotFoundError."""

        def work(session: Session) -> None:
            row = _row(session, call_id)
            known = _answers(session, [call_id]).get(call_id, ())
            if answer_id not in known:
                set_fields(session, row, {"answer_ids": (*known, answer_id)})
                self._amended(session, row)

        await self._db.write(work)

    async def finish(
        self,
        call_id: str,
        outcome: CallOutcome,
        ended_at: datetime,
        hangup_by: str | None = None,
        **fields: Any,
    ) -> bool:
        """End the record. The first end counts; False when it had ended already.

        Raises CallNotFoundError, and TypeError for a field that cannot be set.
        """
        wrong = set(fields) - UPDATABLE
        if wrong:
            raise TypeError(f"finish cannot set {', '.join(sorted(wrong))}")

        def work(session: Session) -> bool:
            row = _row(session, call_id, lock=True)
            if row.ended_at is not None:
                return False
            set_fields(session, row, fields)
            row.outcome, row.ended_at, row.hangup_by = outcome.value, ended_at, hangup_by
            row.state_enc = None
            self._audit(session, row, "call.finished", ended_at)
            return True

        first = await self._db.write(work)
        if first:
            metrics.CALLS_ENDED.labels(outcome.value).inc()
        return first

    async def record_whole(self, record: CallRecord) -> bool:
        """Take in a call that went by without us (found in Asterisk's CDR after a failure).

        False when its channel, or its id, already has a record.
        """
        if record.ended_at is None or record.outcome is None:
            raise TypeError("a whole record has an end and an outcome")
        ended_at = record.ended_at

        def work(session: Session) -> bool:
            known = select(col(CallRow.call_id)).where(col(CallRow.channel_id) == record.channel_id)
            if session.scalar(known) or not self._start(session, record):
                return False
            row = _row(session, record.call_id)
            key = call_key(self._ring, row)
            for turn in record.turns:
                session.merge(turn_row(row.call_id, key, turn))
            self._audit(session, row, "call.recovered", ended_at)
            return True

        new = await self._db.write(work)
        if new:
            metrics.CALLS_STARTED.inc()
            metrics.CALLS_ENDED.labels(record.outcome.value).inc()
        return new

    async def adopted(self, call_id: str, node: str) -> int:
        """A restarted hotline took the live call over; returns how often that has happened."""

        def work(session: Session) -> int:
            row = _row(session, call_id, lock=True)
            row.adopted += 1
            row.node = node
            return row.adopted

        times = await self._db.write(work)
        metrics.CALLS_ADOPTED.inc()
        return times

    async def save_state(self, call_id: str, state: str) -> None:
        """Keep the dialogue's snapshot (JSON text), sealed, for whoever adopts the call."""

        def work(session: Session) -> None:
            row = _row(session, call_id)
            if row.ended_at is None:
                key = call_key(self._ring, row)
                row.state_enc = key.seal_text(state, place("calls", "state", call_id))

        await self._db.write(work)

    async def load_state(self, call_id: str) -> str | None:
        """The last snapshot; None when there is none or the call has ended."""

        def work(session: Session) -> str | None:
            row = _row(session, call_id)
            if row.state_enc is None:
                return None
            key = call_key(self._ring, row)
            return key.open_text(row.state_enc, place("calls", "state", call_id))

        return await self._db.read(work)

    async def add_voicemail(
        self, call_id: str, recording: str, seconds: float, left_at: datetime
    ) -> None:
        """A message was left; kept until a person has heard it. Repeats do nothing."""

        def work(session: Session) -> None:
            _row(session, call_id)
            if session.get(VoicemailRow, call_id) is None:
                session.add(
                    VoicemailRow(
                        call_id=call_id, recording=recording, seconds=seconds, left_at=left_at
                    )
                )

        await self._db.write(work)

    async def open_calls(self, node: str | None = None) -> list[CallRecord]:
        """Calls without an end, oldest first, whole (for reconciling with Asterisk)."""
        query = select(CallRow).where(col(CallRow.ended_at).is_(None))
        if node is not None:
            query = query.where(col(CallRow.node) == node)
        return await self._records(query.order_by(col(CallRow.started_at)), reveal=True)

    async def get(self, call_id: str, *, reveal: bool = False) -> CallRecord:
        """One call. Without ``reveal`` the number is masked and what was said is hidden.

        Raises CallNotFoundError.
        """
        query = select(CallRow).where(col(CallRow.call_id) == call_id)
        return _only(await self._records(query, reveal=reveal))

    async def by_channel(self, channel_id: str) -> CallRecord | None:
        """The call of an Asterisk channel, whole; None when it has no record."""
        query = select(CallRow).where(col(CallRow.channel_id) == channel_id)
        found = await self._records(query, reveal=True)
        return found[0] if found else None

    async def recent(self, count: int, *, reveal: bool = False) -> list[CallRecord]:
        """The latest calls, newest first."""
        query = select(CallRow).order_by(
            col(CallRow.started_at).desc(), col(CallRow.call_id).desc()
        )
        return await self._records(query.limit(count), reveal=reveal)

    async def by_phone(self, phone: str, *, reveal: bool = False) -> list[CallRecord]:
        """Calls from a number in any way of writing, newest first."""
        number = normalise_phone(phone)
        if number is None:
            return []
        query = select(CallRow).where(col(CallRow.caller_hash) == self._ring.index("phone", number))
        return await self._records(query.order_by(col(CallRow.started_at).desc()), reveal=reveal)

    def _start(self, session: Session, record: CallRecord) -> bool:
        if session.get(CallRow, record.call_id) is not None:
            return False
        known = select(col(CallRow.call_id)).where(col(CallRow.channel_id) == record.channel_id)
        if session.scalar(known):
            raise DuplicateCallError(
                "this channel already has a record; take it with by_channel", field="channel_id"
            )
        session.add(new_call(self._ring, record))
        session.flush()
        set_fields(session, _row(session, record.call_id), {"answer_ids": record.answer_ids})
        return True

    def _amended(self, session: Session, row: CallRow) -> None:
        """What is added to a record after its end (the survey, a late turn) is audited again."""
        if row.ended_at is not None:
            self._audit(session, row, "call.amended", datetime.now(UTC))

    def _audit(self, session: Session, row: CallRow, action: str, at: datetime) -> None:
        session.flush()
        turns = list(session.scalars(select(TurnRow).where(col(TurnRow.call_id) == row.call_id)))
        audit_log.append(
            session,
            self._ring,
            actor=f"node:{row.node or '-'}",
            action=action,
            subject=row.call_id,
            digest=call_digest(self._ring, row, turns),
            at=at,
        )

    async def _records(self, query: Select[CallRow], *, reveal: bool) -> list[CallRecord]:
        def work(session: Session) -> list[CallRecord]:
            rows = list(session.scalars(query))
            ids = [row.call_id for row in rows]
            turns = _turns(session, ids)
            answers = _answers(session, ids)
            return [
                record_of(
                    self._ring,
                    row,
                    turns.get(row.call_id, []),
                    answers.get(row.call_id, ()),
                    reveal=reveal,
                )
                for row in rows
            ]

        return await self._db.read(work)


def _row(session: Session, call_id: str, *, lock: bool = False) -> CallRow:
    row = session.get(CallRow, call_id, with_for_update=lock or None)
    if row is None:
        raise CallNotFoundError(f"there is no call {call_id}")
    return row


def _only(found: list[CallRecord]) -> CallRecord:
    if not found:
        raise CallNotFoundError("there is no call with this id")
    return found[0]


def _turns(session: Session, ids: Sequence[str]) -> dict[str, list[TurnRow]]:
    found: dict[str, list[TurnRow]] = {}
    query = select(TurnRow).where(col(TurnRow.call_id).in_(ids))
    for turn in session.scalars(query.order_by(col(TurnRow.position))):
        found.setdefault(turn.call_id, []).append(turn)
    return found


def _answers(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    query = select(SpokenAnswerRow).where(col(SpokenAnswerRow.call_id).in_(ids))
    for row in session.scalars(query.order_by(col(SpokenAnswerRow.position))):
        found[row.call_id] = (*found.get(row.call_id, ()), row.answer_id)
    return found
