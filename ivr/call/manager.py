"""All calls of this node: takes them in, leads their events to them, reconciles, drains."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from hotline.domain.calls import CallRecord
from hotline.domain.codes import CallOutcome
from hotline.errors import HotlineError
from hotline.ids import new_id
from ivr.ari import AriClient, AriEvent
from ivr.ari.protocol import segment
from ivr.call import messages as m
from ivr.call.handover import Found
from ivr.call.legs import BRIDGE, MEDIA, SEAT, TAP, WATCH
from ivr.call.ports import Recording, Records
from ivr.call.record import CallBook
from ivr.call.recorder import Recorder, recording_name
from ivr.call.session import CallSession, Parts
from ivr.errors import AriError, IvrError

log = structlog.get_logger(__name__)
_CAUSE_NO_SOUND = 44
"""Asterisk's hangup cause of a channel whose RTP has stopped coming (``rtp_timeout``)."""
_WITHHELD = frozenset({"", "anonymous", "unavailable", "unknown", "restricted", "asterisk"})


class CallManager:
    """Feeds events to sessions. ``on_event`` never blocks; ``reconcile`` follows every connect.

    ``observe(name, record)`` is told call.started, call.answered, call.adopted and call.ended.
    """

    def __init__(
        self,
        ari: AriClient,
        records: Records,
        *,
        new_recording: Callable[[CallRecord], Recording] | None,
        node: str,
        now: Callable[[], datetime],
        observe: Callable[[str, CallRecord], None] = lambda name, record: None,
    ) -> None:
        self._ari = ari
        self._records = records
        self._new_recording = new_recording
        self._node = node
        self._now = now
        self._observe = observe
        self._parts: Parts | None = None
        self._sessions: dict[str, CallSession] = {}
        self._by_call: dict[str, CallSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._sent_away: set[str] = set()
        self.before_reconcile: Callable[[], Awaitable[object]] | None = None
        """Awaited first: what Asterisk's own records say of calls that are over."""
        self.on_grown: Callable[[str], None] = lambda call_id: None
        """Told when a running call's record or talk is not what it was; must not block."""

    def use(self, parts: Parts) -> None:
        """What calls are built from; given once, before the link is started."""
        self._parts = parts

    @property
    def live(self) -> int:
        """How many calls are going on."""
        return len(self._sessions)

    @property
    def draining(self) -> bool:
        """No new calls are taken."""
        return self._draining

    def session(self, call_id: str) -> CallSession | None:
        """A running call; None when it is over."""
        return self._by_call.get(call_id)

    @property
    def sessions(self) -> tuple[CallSession, ...]:
        """All running calls."""
        return tuple(self._sessions.values())

    def talking(self) -> dict[str, str]:
        """Which person is in which call."""
        found: dict[str, str] = {}
        for call_id, session in self._by_call.items():
            talk = session.talk
            if talk is not None and talk.person_id is not None:
                found[talk.person_id] = call_id
        return found

    def ears_lost(self) -> None:
        """Recognition went down."""
        for session in self._sessions.values():
            session.post(m.EarsLost())

    def on_event(self, event: AriEvent) -> None:
        """Lead one event of Asterisk to the call it is about."""
        channel = event.channel_id
        if channel is None:
            return
        if event.type == "StasisStart":
            self._entered(channel, event)
        elif event.type in ("StasisEnd", "ChannelDestroyed"):
            self._left(channel, event)
        elif event.type == "ChannelDtmfReceived":
            session = self._sessions.get(channel)
            digit = event.data.get("digit")
            if session is not None and isinstance(digit, str) and len(digit) == 1:
                session.post(m.Pressed(digit))

    async def reconcile(self) -> None:
        """Make our calls agree with the channels Asterisk has; it is right, we are not."""
        if self.before_reconcile is not None:
            await self.before_reconcile()
        channels = await self._ari.get("channels")
        bridges = await self._ari.get("bridges")
        there = {str(c.get("id")): c for c in channels if isinstance(c, dict)}
        for caller, session in list(self._sessions.items()):
            if caller not in there:
                session.post(m.CallerGone())
        orphans = [c for c in there if _leg_of(c) and _leg_of(c) not in self._by_call]
        dead = [b for b in _ids(bridges) if b.startswith(TAP) and _leg_of(b) not in self._by_call]
        for record in await self._records.open_calls(self._node):
            if record.call_id not in self._by_call:
                await self._adopt(record, there, orphans)
        calls = [b for b in _ids(bridges) if b.startswith(BRIDGE)]
        await self._sweep(there, orphans, [*dead, *calls])

    async def drain(self, limit: float) -> None:
        """Take no new calls, wait for the running ones, then leave the rest to the dialplan."""
        self._draining = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit)
        for session in self._sessions.values():
            session.post(m.Drain())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    # ---- taking calls in -------------------------------------------------------------------------

    def _entered(self, channel: str, event: AriEvent) -> None:
        call = _leg_of(channel)
        session = self._by_call.get(call)
        if call and session is None:
            self._spawn(self._drop(f"channels/{segment(channel)}"))
        elif session is not None and channel.startswith((MEDIA, TAP)):
            session.entered(channel)
        elif session is not None:
            session.seat_answered(channel)
        elif self._draining:
            self._spawn(self._send_away(channel))
        elif channel not in self._sessions:
            self._start(self._fresh(channel, event.channel))

    def _left(self, channel: str, event: AriEvent) -> None:
        if channel.startswith((SEAT, WATCH)):
            session = self._by_call.get(_leg_of(channel))
            # its StasisEnd comes first, and does not say why
            if session is not None and event.type == "ChannelDestroyed":
                session.seat_gone(channel, lost=event.data.get("cause") == _CAUSE_NO_SOUND)
        elif (session := self._sessions.get(channel)) is not None:
            session.post(m.CallerGone())

    def _fresh(self, channel: str, data: dict[str, Any]) -> CallRecord:
        now = self._now()
        number = str((data.get("caller") or {}).get("number") or "").strip()
        return CallRecord(
            call_id=new_id(now),
            channel_id=channel,
            caller_number=None if number.lower() in _WITHHELD else number,
            started_at=now,
            answered_at=None,
            ended_at=None,
            outcome=None,
            node=self._node,
        )

    def _start(
        self, record: CallRecord, *, state: str | None = None, seat: Found | None = None
    ) -> None:
        if self._parts is None:
            raise RuntimeError("CallManager.use comes before the first call")
        recorder = self._recorder(record)
        if recorder is not None:
            record = replace(record, recording=recording_name(record.call_id))
        call_id = record.call_id
        book = CallBook(self._records, record, lambda: self.on_grown(call_id))
        session = CallSession(
            self._parts,
            book,
            recorder,
            state=state,
            seat=seat,
            on_talk=lambda: self.on_grown(call_id),
        )
        self._sessions[record.channel_id] = session
        self._by_call[record.call_id] = session
        self._observe("call.started" if record.adopted == 0 else "call.adopted", record)
        task = asyncio.create_task(self._serve(session), name=f"call-{record.call_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _recorder(self, record: CallRecord) -> Recorder | None:
        if self._new_recording is None:
            return None
        try:
            recording = self._new_recording(record)
        except (OSError, HotlineError) as error:
            log.error("recording could not be begun; the call goes on", why=type(error).__name__)
            return None
        return Recorder(recording, lambda: self._observe("recording.failed", record))

    async def _serve(self, session: CallSession) -> None:
        try:
            await session.run()
        finally:
            record = session.book.record
            self._sessions.pop(record.channel_id, None)
            self._by_call.pop(record.call_id, None)
            self._observe("call.ended", record)

    # ---- after a reconnect -----------------------------------------------------------------------

    async def _adopt(
        self, record: CallRecord, there: dict[str, dict[str, Any]], orphans: list[str]
    ) -> None:
        """A call of ours that is not here: a hotline before us was killed."""
        if record.channel_id not in there:
            await self._records.finish(
                record.call_id,
                record.outcome or CallOutcome.ABANDONED,
                self._now(),
                "unknown",
            )
            return
        record = replace(record, adopted=record.adopted + 1)
        seats = [c for c in orphans if c.startswith(SEAT) and _leg_of(c) == record.call_id]
        seat = self._found(record, seats[-1]) if record.human_answered and seats else None
        if seat is not None:
            # Caller and agent are talking: nothing of that is touched.
            orphans.remove(seat.channel)
        state = await self._records.load_state(record.call_id)
        log.info("live call adopted", talking=seat is not None)
        self._start(record, state=state, seat=seat)

    def _found(self, record: CallRecord, channel: str) -> Found:
        """Who is on the other end of an adopted talk: what the record says of it."""
        seat = record.seat or ""
        return Found(seat, channel, None if "/" in seat else seat or None)

    async def _sweep(
        self, there: dict[str, dict[str, Any]], orphans: list[str], bridges: list[str]
    ) -> None:
        """End what nobody owns; take callers in whose arrival we missed."""
        for channel in orphans:
            await self._drop(f"channels/{segment(channel)}")
        for channel, data in there.items():
            plan = data.get("dialplan") or {}
            ours = plan.get("app_name") == "Stasis" and self._is_ours(plan.get("app_data"))
            if ours and not _leg_of(channel) and channel not in self._sessions:
                self._start(self._fresh(channel, data))
        for name in bridges:
            ours = name.startswith(BRIDGE) and name.removeprefix(BRIDGE) not in self._by_call
            if ours or name.startswith(TAP):
                await self._drop(f"bridges/{segment(name)}")

    def _is_ours(self, app_data: Any) -> bool:
        return str(app_data or "").split(",")[0] == self._ari.app

    async def _drop(self, path: str) -> None:
        try:
            await self._ari.delete(path)
        except AriError:
            return

    async def _send_away(self, channel: str) -> None:
        """While draining: the dialplan keeps the caller and tries us, or our successor, again."""
        label = "again" if channel in self._sent_away else "apology"
        self._sent_away.add(channel)
        path = f"channels/{segment(channel)}/continue"
        try:
            await self._ari.post(path, context="fallback", extension="start", label=label)
        except IvrError as error:
            log.warning("caller could not be led to the fallback", why=error.code)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work, name="calls-work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ids(bridges: Any) -> list[str]:
    return [str(one.get("id", "")) for one in bridges] if isinstance(bridges, list) else []


def _leg_of(channel: str) -> str:
    """The call a leg of ours belongs to, from its channel id; empty for callers' channels."""
    for prefix in (MEDIA, SEAT, TAP, WATCH):
        if channel.startswith(prefix):
            return channel.removeprefix(prefix).rsplit("-", 1)[0]
    return ""
