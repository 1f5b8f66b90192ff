"""Bookkeeping of one call: its facts and turns, written in order without holding the call up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from ivr.bot.api import Note
from ivr.call.ports import Records

log = structlog.get_logger(__name__)
_TRIES = 5


class CallBook:
    """Writes a call's record as it grows.

    Writes are queued and done one after the other by one task, so that the caller never waits for
    the database; ``close`` waits until all are done. A write that fails is tried again a few times.
    """

    def __init__(
        self,
        records: Records,
        record: CallRecord,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_change``: the record has grown."""
        self._records = records
        self._on_change = on_change
        self.record = record
        self._next_turn = len(record.turns)
        self._queue: asyncio.Queue[Callable[[], Awaitable[Any]] | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._work(), name="call-book")
        self.lost = 0
        """Writes given up after several tries."""

    def start(self) -> None:
        """The call has come in."""
        record = self.record
        self._put(lambda: self._records.start(record))

    def answered(self, at: datetime) -> None:
        """The call was answered."""
        self.record = replace(self.record, answered_at=at)
        self._put(lambda: self._records.answered(self.record.call_id, at))

    def adopted(self) -> None:
        """This hotline goes on with a call of one that was killed."""
        self._put(lambda: self._records.adopted(self.record.call_id, self.record.node or ""))

    def update(self, **fields: Any) -> None:
        """Facts named as in CallRecord."""
        self.record = replace(self.record, **fields)
        self._put(lambda: self._records.update(self.record.call_id, **fields))

    def note(self, note: Note) -> None:
        """Facts the dialogue has found."""
        fields: dict[str, Any] = {}
        if note.act is not None:
            fields["act"] = note.act.value
        if note.topic is not None:
            fields["topic"] = note.topic.value
        for name in ("region", "order_no", "satisfaction", "human_requested"):
            value = getattr(note, name)
            if value is not None:
                fields[name] = value
        if note.answer_id is not None:
            fields["answer_ids"] = (*self.record.answer_ids, note.answer_id)
        if fields:
            self.update(**fields)

    def turn(self, speaker: Speaker, text: str, started: float, ended: float, **more: Any) -> Turn:
        """Something was said; times in seconds since the call was answered."""
        turn = Turn(
            self._next_turn, speaker, text, round(max(0.0, started), 2), round(ended, 2), **more
        )
        self._next_turn += 1
        self.record = replace(self.record, turns=(*self.record.turns, turn))
        self._put(lambda: self._records.add_turn(self.record.call_id, turn))
        return turn

    def state(self, text: str) -> None:
        """The dialogue's state, for adoption after a crash."""
        self._put(lambda: self._records.save_state(self.record.call_id, text))

    async def finish(self, outcome: CallOutcome, ended_at: datetime, hangup_by: str) -> None:
        """The call is over: write the end and wait until everything is stored."""
        self.record = replace(self.record, outcome=outcome, ended_at=ended_at, hangup_by=hangup_by)
        self._put(lambda: self._records.finish(self.record.call_id, outcome, ended_at, hangup_by))
        self._queue.put_nowait(None)
        await self._task

    def _put(self, write: Callable[[], Awaitable[Any]]) -> None:
        self._queue.put_nowait(write)
        self._on_change()

    async def _work(self) -> None:
        while (write := await self._queue.get()) is not None:
            for attempt in range(_TRIES):
                try:
                    await write()
                    break
                except Exception:
                    log.exception("call record could not be written", attempt=attempt + 1)
                    await asyncio.sleep(0.2 * 2**attempt)
            else:
                self.lost += 1
