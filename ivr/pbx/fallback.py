"""What happened to calls while the hotline was away, read from Asterisk's call detail records.

``CdrLog.claim`` takes the records written so far out of Asterisk's hands, ``Batch.calls`` is what
they say, and ``Batch.forget`` deletes them once our own records are stored. A crash in between
gives the same calls again at the next claim, so store them by ``unique_id``: each exactly once.
"""

import json
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hotline.domain.codes import CallOutcome
from hotline.settings import Settings
from ivr.pbx.dialplan import MARK_RESUMED, MARK_SEAT, MARK_VOICEMAIL, MARK_WAITING
from ivr.pbx.layout import layout

SETTLED_S = 1.0
"""The lines of one call are written together; a file younger than this may still miss some."""

MESSAGE_MIN_S = 1.0
"""A shorter recording is no message."""


@dataclass(frozen=True, slots=True)
class CdrCall:
    """One channel's life as Asterisk recorded it."""

    unique_id: str
    """Asterisk's unique id of the channel (``channel.id`` in ARI)."""
    channel: str
    """Channel name, e.g. ``PJSIP/trunk-0000001a``."""
    started: datetime
    answered: datetime | None
    ended: datetime
    mark: str
    """``userfield``: what the dialplan wrote, empty for calls it did not touch."""
    caller: str
    """Only when the dialplan caught the call; empty when withheld (personal data)."""


@dataclass(frozen=True, slots=True)
class FallbackCall:
    """One call that the dialplan handled because the hotline was away."""

    unique_id: str
    caller: str | None
    """None when withheld (personal data)."""
    started: datetime
    answered: datetime | None
    ended: datetime
    outcome: CallOutcome
    """FALLBACK_SEAT, VOICEMAIL or ABANDONED."""
    seat: str | None = None
    """Dial string of the seat that answered."""
    recording: Path | None = None
    """The message, WAV 8 kHz mono 16 bit (personal data)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records taken from Asterisk and not forgotten yet."""

    calls: tuple[FallbackCall, ...]
    ended: tuple[CdrCall, ...]
    """Calls the dialplan did not touch: their ends, for records the hotline could not close."""
    broken_lines: int
    """Lines that could not be read (a crash of Asterisk or a full disk cut them)."""
    files: tuple[Path, ...]

    def forget(self) -> None:
        """Delete the records and their messages: our own records hold them now."""
        for call in self.calls:
            if call.recording is not None:
                call.recording.unlink(missing_ok=True)
        for path in self.files:
            path.unlink(missing_ok=True)


class CdrLog:
    """The call detail records of one Asterisk."""

    def __init__(self, settings: Settings) -> None:
        self._paths = layout(settings)

    def claim(self, now: datetime) -> Batch:
        """Take what was written (and what an earlier claim did not forget); empty when nothing.

        Call it at every connect and from time to time: a call that was being handled at the
        connect leaves its record when it ends. Raises OSError when the folder is not ours to write.
        """
        current = self._paths.cdr
        if current.is_file() and now.timestamp() - current.stat().st_mtime >= SETTLED_S:
            # Asterisk opens the file anew for each record, so a rename takes it away whole.
            current.rename(current.with_name(f"cdr-{current.stat().st_mtime_ns}.claimed"))
        files = tuple(sorted(current.parent.glob("cdr-*.claimed")))
        text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
        records, broken = parse_cdr(text)
        return Batch(
            calls=tuple(fallback_calls(records, self._paths.voicemail)),
            ended=tuple(record for record in records if not _caught(record)),
            broken_lines=broken,
            files=files,
        )


def parse_cdr(text: str) -> tuple[list[CdrCall], int]:
    """Read CDR lines into one entry a channel, oldest first, and count the unreadable ones.

    One channel leaves several lines when it was in several bridges: they are joined.
    """
    joined: dict[str, CdrCall] = {}
    broken = 0
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            record = _record(json.loads(line))
        except (ValueError, KeyError, TypeError):
            broken += 1
            continue
        known = joined.get(record.unique_id)
        joined[record.unique_id] = record if known is None else _join(known, record)
    return sorted(joined.values(), key=lambda it: it.started), broken


def fallback_calls(records: Iterable[CdrCall], voicemail: Path) -> list[FallbackCall]:
    """The calls among ``records`` that the dialplan caught and did not give back."""
    return [_fallback_call(record, voicemail) for record in records if _caught(record)]


def _caught(record: CdrCall) -> bool:
    return record.mark.startswith(MARK_WAITING)


def _fallback_call(record: CdrCall, voicemail: Path) -> FallbackCall:
    outcome, seat, recording = CallOutcome.ABANDONED, None, None
    if record.mark.startswith(MARK_SEAT):
        outcome = CallOutcome.FALLBACK_SEAT
        seat = record.mark.removeprefix(MARK_SEAT).lstrip(":") or None
    else:
        file = voicemail / f"{record.unique_id}.wav"
        if _message_seconds(file) >= MESSAGE_MIN_S:
            outcome, recording = CallOutcome.VOICEMAIL, file
    return FallbackCall(
        unique_id=record.unique_id,
        caller=record.caller or None,
        started=record.started,
        answered=record.answered,
        ended=record.ended,
        outcome=outcome,
        seat=seat,
        recording=recording,
    )


def _message_seconds(file: Path) -> float:
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, EOFError, wave.Error):
        return 0.0


def _record(given: dict[str, Any]) -> CdrCall:
    answered = _when(given["answer"])
    started, ended = _when(given["start"]), _when(given["end"])
    if started is None or ended is None:
        raise ValueError("a record without start or end")
    return CdrCall(
        unique_id=str(given["uniqueid"]),
        channel=str(given["channel"]),
        started=started,
        answered=answered,
        ended=ended,
        mark=str(given["userfield"]),
        caller=str(given["caller"]),
    )


def _when(seconds: Any) -> datetime | None:
    value = float(seconds or 0)
    return datetime.fromtimestamp(value, UTC) if value > 0 else None


_WEIGHT = {MARK_RESUMED: 4, MARK_SEAT: 3, MARK_VOICEMAIL: 2, MARK_WAITING: 1}


def _weight(mark: str) -> int:
    return max((weight for name, weight in _WEIGHT.items() if mark.startswith(name)), default=0)


def _join(one: CdrCall, other: CdrCall) -> CdrCall:
    answers = [it.answered for it in (one, other) if it.answered is not None]
    return CdrCall(
        unique_id=one.unique_id,
        channel=one.channel,
        started=min(one.started, other.started),
        answered=min(answers, default=None),
        ended=max(one.ended, other.ended),
        mark=max(one.mark, other.mark, key=_weight),
        caller=one.caller or other.caller,
    )
