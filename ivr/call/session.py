"""One caller's call, from StasisStart to its finished record."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from hotline.domain.codes import CallOutcome
from hotline.domain.speech import SpeechStart
from hotline.settings import PbxSettings
from ivr.ari import AriClient
from ivr.bot import api
from ivr.bot.dialogue import Dialogue
from ivr.call import messages as m
from ivr.call.conversation import Conversation
from ivr.call.errands import Errand, Errands
from ivr.call.handover import Ringing, on_duty
from ivr.call.legs import CallLegs
from ivr.call.ports import Ears, Mouth, Orders, Stream
from ivr.call.record import CallBook
from ivr.call.recorder import Recorder
from ivr.call.sound import CallSound
from ivr.errors import IvrError

log = structlog.get_logger(__name__)

_WAIT_AGAIN_S = 15.0
"""While people are rung, the caller is told again that it goes on."""
_MEDIA_TRIES = 3
_DAY = range(8, 18)
"""Hours in which offices are open; outside it is night for the bot."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every call of this node is built from."""

    ari: AriClient
    pbx: PbxSettings
    ears: Ears
    mouth: Mouth
    orders: Orders
    new_dialogue: Callable[[str, str | None], Dialogue]
    """(call id, caller's number) -> a fresh dialogue."""
    old_dialogue: Callable[[str], Dialogue]
    """A dialogue from its saved state."""
    backchannel: Callable[[str], bool]
    now: Callable[[], datetime]


class CallSession:
    """Runs one call; ``run`` returns when it is over and its record is stored."""

    def __init__(
        self,
        parts: Parts,
        book: CallBook,
        recorder: Recorder | None,
        *,
        state: str | None = None,
        seat: str | None = None,
    ) -> None:
        """``state``: the dialogue of an adopted call; ``seat``: the channel of the agent in it."""
        self._p = parts
        self.book = book
        self.caller = book.record.channel_id
        self._legs = CallLegs(parts.ari, book.record.call_id, self.caller, life=book.record.adopted)
        self._inbox: asyncio.Queue[m.Message] = asyncio.Queue()
        self._talk = Conversation(
            book,
            parts.mouth,
            parts.backchannel,
            restore=parts.old_dialogue,
            now=parts.now,
            clock=lambda at: self._sound.clock(at),
            on_action=self._wait_for,
            on_silent=lambda number: self.post(m.VoiceDone(number)),
            on_doubt=self._hear_words_soon,
        )
        self._sound = CallSound(
            parts.pbx,
            self._legs,
            self._talk.voice,
            recorder=recorder,
            on_lost=lambda: self.post(m.MediaLost()),
        )
        self._errands = Errands(parts.orders, book)
        self._state = state
        self._stream: Stream | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ringing: Ringing | None = None
        self._ring_run = 0
        self._transfer: api.Transfer | None = None
        self._wait_at: float | None = None
        self._seat = seat
        self._outcome: CallOutcome | None = None
        self._hangup_by = "bot"
        self._over = False

    def post(self, message: m.Message) -> None:
        """Give the call something to handle; never blocks."""
        self._inbox.put_nowait(message)

    def seat_answered(self, channel: str) -> None:
        """A rung seat has picked up."""
        if self._ringing is not None:
            self._ringing.answered(channel)

    def seat_gone(self, channel: str) -> None:
        """A seat's channel has ended."""
        if self._ringing is not None:
            self._ringing.gone(channel)
        self.post(m.SeatGone(channel))

    def media_ready(self, channel: str) -> None:
        """A media channel has entered Stasis."""
        self._sound.media_ready(channel)

    # ---- from begin to end -----------------------------------------------------------------------

    async def run(self) -> None:
        """Answer (or adopt) the call and serve it until it is over."""
        structlog.contextvars.bind_contextvars(call=self.book.record.call_id)
        try:
            await self._begin()
            while not self._over:
                await self._handle(await self._next())
        except IvrError as error:
            log.warning("call broke", why=error.code)
            await self._break()
        except Exception:
            log.exception("call failed")
            await self._break()
        finally:
            await self._end()

    async def _begin(self) -> None:
        record = self.book.record
        if record.adopted == 0:
            self.book.start()
            await self._legs.answer()
            self._talk.answered_at = asyncio.get_running_loop().time()
            self.book.answered(self._p.now())
            self.book.update(engine=self._p.ears.engine, recording=record.recording)
        else:
            await self._take_over()
        if self._seat is not None:
            return
        if self._p.ears.available:
            self._stream = self._p.ears.open(record.call_id, lambda e: self.post(m.Spoke(e)))
        self._sound.listen_with(self._stream)
        duty, _ = await asyncio.gather(
            on_duty(self._p.ari, self._p.pbx.seats), self._sound.open(self.caller)
        )
        if self._state is not None:
            self._talk.dialogue = self._p.old_dialogue(self._state)
            self._talk.tell(api.Adopted())
            return
        self._talk.dialogue = self._p.new_dialogue(record.call_id, record.caller_number)
        night = self._p.now().hour not in _DAY
        speech = self._p.ears.available
        self._talk.tell(api.Started(record.caller_number, speech, night, bool(duty)))

    async def _take_over(self) -> None:
        """A live call of a hotline that was killed: its clock, record and bridge go on."""
        record = self.book.record
        began = record.answered_at or record.started_at
        past = (self._p.now() - began).total_seconds()
        self._talk.answered_at = asyncio.get_running_loop().time() - past
        self.book.adopted()
        if self._seat is None:
            await self._legs.answer()
        else:
            self._outcome = CallOutcome.TRANSFERRED
            await self._sound.open()

    async def _next(self) -> m.Message | None:
        """The next message, or None when it is time for a tick."""
        now = asyncio.get_running_loop().time()
        times = [t for t in (self._talk.deadline(), self._wait_at) if t is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(times) - now) if times else None):
                return await self._inbox.get()
        return None

    async def _handle(self, message: m.Message | None) -> None:
        now = asyncio.get_running_loop().time()
        match message:
            case None:
                self._tick(now)
            case m.Spoke(event):
                if isinstance(event, SpeechStart) and self._wait_at is not None:
                    self._wait_at = now + _WAIT_AGAIN_S
                self._talk.hear(event, now)
            case m.VoiceDone():
                self._voice_over(now)
            case m.Pressed(digit):
                self._talk.press(digit, now)
            case m.Result(answer):
                self._talk.tell(answer, append=True)
            case m.Rung(answered, run):
                await self._rung(answered, run)
            case m.SeatGone(channel):
                if channel == self._seat:
                    self._finish("agent")
            case m.CallerGone():
                await self._caller_gone()
            case m.MediaLost():
                await self._reopen()
            case m.EarsLost():
                self._talk.tell(api.SpeechLost(), append=True)
            case m.Drain():
                await self._legs.fall_back()
                self._outcome = self._outcome or CallOutcome.FAILED
                self._finish("system")

    def _tick(self, now: float) -> None:
        self._talk.tick(now)
        if self._wait_at is not None and now >= self._wait_at:
            self._wait_at = None
            if self._transfer is not None and not self._talk.caller_speaking:
                self._talk.say(self._transfer.wait_text)

    def _voice_over(self, now: float) -> None:
        if self._talk.voice.current is not None:
            return
        if self._outcome is not None and self._seat is None:
            self._finish("bot")
            return
        if self._transfer is not None and self._ringing is not None:
            self._wait_at = now + _WAIT_AGAIN_S
        self._talk.voice_over(now)

    def _finish(self, by: str) -> None:
        self._hangup_by = by
        self._over = True

    async def _caller_gone(self) -> None:
        self._finish("caller")
        dialogue = self._talk.dialogue
        if dialogue is None:
            return
        for action in dialogue.turn(api.Hangup(), self._p.now()):
            if isinstance(action, api.Note):
                self.book.note(action)
            elif isinstance(action, api.FileOrder | api.RateOrder):
                await self._errands.run(action)
            elif isinstance(action, api.HangUp):
                self._outcome = self._outcome or action.outcome

    async def _reopen(self) -> None:
        """The socket died under a living call: a new media channel takes its place."""
        await self._legs.hang_up(self._legs.media)
        for attempt in range(_MEDIA_TRIES):
            try:
                await self._sound.open()
                return
            except IvrError:
                if attempt == _MEDIA_TRIES - 1:
                    raise

    async def _break(self) -> None:
        """What we cannot serve goes to the people of the dialplan, unless the caller has gone."""
        waiting = [self._inbox.get_nowait() for _ in range(self._inbox.qsize())]
        if any(isinstance(message, m.CallerGone) for message in waiting):
            self._hangup_by = "caller"
            return
        self._outcome = self._outcome or CallOutcome.FAILED
        self._hangup_by = "system"
        with contextlib.suppress(IvrError):
            await self._legs.fall_back()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._talk.cut()
        if self._stream is not None:
            await self._stream.close()
        await self._sound.close()
        if self._seat is not None:
            await self._legs.hang_up(self._seat)
        await self._legs.clear(caller=self._hangup_by not in ("caller", "system"))
        outcome = self._outcome or CallOutcome.ABANDONED
        await self.book.finish(outcome, self._p.now(), self._hangup_by)

    def _hear_words_soon(self, doubt: bool) -> None:
        if self._stream is not None:
            self._stream.set_doubt(doubt)

    # ---- what the dialogue waits for -------------------------------------------------------------

    def _wait_for(self, last: api.Action) -> None:
        if self._transfer is not None and not isinstance(last, api.Transfer):
            self._stop_ringing()
        match last:
            case api.Listen(expect, patience, _):
                if self._stream is not None:
                    self._stream.set_patience(patience, expect)
            case api.FileOrder() | api.LookUp() | api.RateOrder():
                self._spawn(self._run(last))
            case api.Transfer():
                self._ring(last)
            case api.HangUp(outcome):
                self._outcome = outcome
                if self._talk.voice.current is None:
                    self._finish("bot")

    async def _run(self, errand: Errand) -> None:
        self.post(m.Result(await self._errands.run(errand)))

    def _ring(self, transfer: api.Transfer) -> None:
        if self._transfer is not None:
            return
        self._transfer = transfer
        self._ring_run += 1
        self.book.update(human_requested=True)
        self._spawn(self._ring_people(transfer, self._ring_run))

    async def _ring_people(self, transfer: api.Transfer, run: int) -> None:
        people = await on_duty(self._p.ari, self._p.pbx.seats)
        if transfer.on_call:
            people += self._p.pbx.on_call
        answered = None
        if people and run == self._ring_run:
            caller_id = self.book.record.caller_number or "anonymous"
            self._ringing = Ringing(self._legs, ring_s=self._p.pbx.seat_ring_s, caller_id=caller_id)
            self._talk.say(transfer.wait_text)
            answered = await self._ringing.ring(people)
        self.post(m.Rung(answered, run))

    def _stop_ringing(self) -> None:
        self._transfer = None
        self._wait_at = None
        self._ring_run += 1
        if self._ringing is not None:
            self._spawn(self._ringing.cancel())
            self._ringing = None

    async def _rung(self, answered: tuple[str, str] | None, run: int) -> None:
        if run != self._ring_run:
            if answered is not None:
                await self._legs.hang_up(answered[1])
            return
        self._transfer = None
        self._wait_at = None
        self._ringing = None
        if answered is None:
            self._talk.tell(api.TransferDone(answered=False), append=True)
            return
        endpoint, channel = answered
        self._talk.cut()
        await self._legs.bridge_in(channel)
        self._seat = channel
        self.book.update(human_answered=True, seat=endpoint)
        dialogue, self._talk.dialogue = self._talk.dialogue, None
        if dialogue is not None:
            for action in dialogue.turn(api.TransferDone(answered=True), self._p.now()):
                if isinstance(action, api.HangUp):
                    self._outcome = action.outcome
        self._sound.listen_with(None)
        if self._stream is not None:
            await self._stream.close()
            self._stream = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="call-work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
