"""One caller's call: a shell around the pure turn-taking and the pure dialogue."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from hotline.domain.codes import CallOutcome, Speaker
from hotline.domain.speech import SpeechStart
from hotline.errors import HotlineError
from hotline.settings import PbxSettings
from ivr.ari import AriClient
from ivr.bot.api import (
    Action,
    Adopted,
    Filed,
    FileFailed,
    FileOrder,
    Found,
    HangUp,
    Hangup,
    Heard,
    Input,
    Key,
    Listen,
    LookUp,
    Note,
    Say,
    Silence,
    SpeechLost,
    Started,
    Transfer,
    TransferDone,
)
from ivr.bot.dialogue import Dialogue
from ivr.call import messages as m
from ivr.call.handover import Ringing, on_duty
from ivr.call.legs import CallLegs
from ivr.call.ports import Ears, Mouth, Orders, Stream
from ivr.call.record import CallBook
from ivr.call.recorder import Recorder
from ivr.call.sound import CallSound
from ivr.call.speaker import Speaker as Voice
from ivr.call.speaker import Utterance
from ivr.call.turns import Deliver, Output, PauseVoice, ResumeVoice, StopVoice, TurnTaker
from ivr.errors import IvrError

log = structlog.get_logger(__name__)

_MERGE_S = 1.0
"""A caller who goes on within the first second of our reply had only paused: what they say is one
sentence with what went before."""
_WAIT_AGAIN_S = 15.0
"""While people are rung, the caller is told again that it goes on."""
_ANSWERS = frozenset({"yes_no", "choice", "rating"})
_MEDIA_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Undo:
    state: str
    text: str


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
    """Runs one call from StasisStart to its finished record. ``run`` returns when it is over."""

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
        self._turns = TurnTaker(parts.backchannel)
        self._voice = Voice(parts.mouth, on_began=self._voice_began, on_done=self._voice_done)
        self._sound = CallSound(
            parts.pbx,
            self._legs,
            self._voice,
            recorder=recorder,
            on_lost=lambda: self.post(m.MediaLost()),
        )
        self._state = state
        self._dialogue: Dialogue | None = None
        self._stream: Stream | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered_at = 0.0
        self._heard_end: float | None = None
        self._latency_ms: int | None = None
        self._undo: _Undo | None = None
        self._ringing: Ringing | None = None
        self._ring_run = 0
        self._transfer: Transfer | None = None
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

    # ---- the call from begin to end --------------------------------------------------------------

    async def run(self) -> None:
        """Answer (or adopt) the call and serve it until it is over."""
        structlog.contextvars.bind_contextvars(call=self.book.record.call_id)
        try:
            await self._begin()
            while not self._over:
                await self._handle(await self._next())
        except IvrError as error:
            # The dialplan's fallback serves the caller; one who has hung up needs nothing.
            log.warning("call broke", why=error.code)
            await self._break()
        except Exception:
            log.exception("call failed")
            await self._break()
        finally:
            await self._end()

    async def _begin(self) -> None:
        record = self.book.record
        self._answered_at = asyncio.get_running_loop().time()
        if record.adopted == 0:
            self.book.start()
            await self._legs.answer()
            self._answered_at = asyncio.get_running_loop().time()
            self.book.update(answered_at=self._p.now(), engine=self._p.ears.engine)
        else:
            await self._take_over()
        if self._seat is not None:
            return
        self._listen()
        duty, _ = await asyncio.gather(
            on_duty(self._p.ari, self._p.pbx.seats), self._sound.open(self.caller)
        )
        if self._state is not None:
            self._dialogue = self._p.old_dialogue(self._state)
            self._tell(Adopted())
            return
        self._dialogue = self._p.new_dialogue(record.call_id, record.caller_number)
        night = not 8 <= self._p.now().hour < 18
        self._tell(Started(record.caller_number, self._p.ears.available, night, bool(duty)))

    async def _take_over(self) -> None:
        """A live call of a hotline that was killed: its clock, record and bridge go on."""
        record = self.book.record
        began = record.answered_at or record.started_at
        self._answered_at -= (self._p.now() - began).total_seconds()
        self.book.update(adopted=record.adopted)
        if self._seat is None:
            await self._legs.answer()
        else:
            self._outcome = CallOutcome.TRANSFERRED
            await self._sound.open()

    def _listen(self) -> None:
        if self._p.ears.available:
            self._stream = self._p.ears.open(
                self.book.record.call_id, lambda event: self.post(m.Spoke(event))
            )
        self._sound.listen_with(self._stream)

    async def _next(self) -> m.Message | None:
        """The next message, or None when it is time for a tick."""
        now = asyncio.get_running_loop().time()
        times = [t for t in (self._turns.deadline(), self._wait_at) if t is not None]
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
                self._do(self._turns.hear(event, now))
            case m.VoiceDone():
                self._voice_over(now)
            case m.Pressed(digit):
                self._pressed(digit, now)
            case m.Result(answer):
                self._tell(answer, append=True)
            case m.Rung(answered, run):
                await self._rung(answered, run)
            case m.SeatGone(channel):
                if channel == self._seat:
                    self._finish("agent")
            case m.CallerGone():
                await self._caller_gone()
            case m.MediaLost():
                await self._reopen()
            case m.EarsChanged(available):
                if not available and self._seat is None:
                    self._stream = None
                    self._tell(SpeechLost(), append=True)
            case m.Drain():
                await self._legs.fall_back()
                self._outcome = self._outcome or CallOutcome.FAILED
                self._finish("system")

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._voice.current is not None:
            self._note_voice(self._voice.stop(), interrupted=True)
        if self._stream is not None:
            await self._stream.close()
        await self._sound.close()
        if self._seat is not None:
            await self._legs.hang_up(self._seat)
        await self._legs.clear(caller=self._hangup_by not in ("caller", "system"))
        outcome = self._outcome or CallOutcome.ABANDONED
        await self.book.finish(outcome, self._p.now(), self._hangup_by)

    async def _break(self) -> None:
        gone = any(
            isinstance(self._inbox.get_nowait(), m.CallerGone) for _ in range(self._inbox.qsize())
        )
        if gone:
            self._hangup_by = "caller"
            return
        self._outcome = self._outcome or CallOutcome.FAILED
        self._hangup_by = "system"
        with contextlib.suppress(IvrError):
            await self._legs.fall_back()

    def _finish(self, by: str) -> None:
        self._hangup_by = by
        self._over = True

    async def _caller_gone(self) -> None:
        self._hangup_by = "caller"
        self._over = True
        if self._dialogue is None or self._seat is not None:
            return
        for action in self._dialogue.turn(Hangup(), self._p.now()):
            if isinstance(action, Note):
                self.book.note(action)
            elif isinstance(action, FileOrder):
                with contextlib.suppress(HotlineError):
                    order = await self._p.orders.file(action.intake)
                    self.book.update(order_no=order.order_no)
            elif isinstance(action, HangUp):
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

    # ---- the caller's side -----------------------------------------------------------------------

    def _do(self, outputs: Sequence[Output]) -> None:
        for out in outputs:
            match out:
                case PauseVoice():
                    self._voice.pause()
                case ResumeVoice():
                    self._voice.resume()
                case StopVoice():
                    self._note_voice(self._voice.stop(), interrupted=True)
                case Deliver():
                    self._heard(out)
                case _:
                    self._tell(Silence())

    def _tick(self, now: float) -> None:
        self._do(self._turns.tick(now))
        if self._wait_at is not None and now >= self._wait_at:
            self._wait_at = None
            if self._transfer is not None and not self._turns.caller_speaking:
                self._speak([Say(self._transfer.wait_text)], append=True, answer=False)

    def _heard(self, said: Deliver) -> None:
        if self._seat is not None or self._dialogue is None:
            return
        self._heard_end = self._sound.clock(said.end)
        index = len(self.book.record.turns)
        text = said.text
        if said.interrupted and self._undo is not None and self._just_began(said):
            self._dialogue = self._p.old_dialogue(self._undo.state)
            text = self._undo.text + text
        undo = _Undo(self._dialogue.to_json(), text)
        base = self._answered_at
        caller_turn = (self._sound.clock(said.start) - base, self._heard_end - base)
        heard = Heard(text, said.confidence, said.alternatives, said.interrupted)
        actions = self._dialogue.turn(heard, self._p.now())
        noted = next((a for a in actions if isinstance(a, Note)), Note())
        self.book.turn(
            Speaker.CALLER,
            said.text,
            *caller_turn,
            confidence=round(said.confidence, 3),
            act=noted.act.value if noted.act else None,
            topic=noted.topic.value if noted.topic else None,
        )
        self._carry_out(actions, append=False)
        self._undo = undo if isinstance(actions[-1], Listen) else None
        log.debug("caller heard", turn=index)

    def _just_began(self, said: Deliver) -> bool:
        turns = self.book.record.turns
        if not turns or turns[-1].speaker is not Speaker.BOT:
            return True
        began = turns[-1].started + self._answered_at
        return self._sound.clock(said.start) - began < _MERGE_S

    def _pressed(self, digit: str, now: float) -> None:
        if self._seat is not None or self._dialogue is None:
            return
        self._do(self._turns.key(now))
        at = now - self._answered_at
        self.book.turn(Speaker.CALLER, f"[按键 {digit}]", at, at)
        self._heard_end = now
        self._tell(Key(digit))

    # ---- our side --------------------------------------------------------------------------------

    def _tell(self, given: Input, *, append: bool = False) -> None:
        if self._dialogue is None or self._seat is not None:
            return
        self._undo = None
        self._carry_out(self._dialogue.turn(given, self._p.now()), append=append)

    def _carry_out(self, actions: Sequence[Action], *, append: bool) -> None:
        last = actions[-1]
        for action in actions:
            if isinstance(action, Note):
                self.book.note(action)
        says = [a for a in actions if isinstance(a, Say)]
        if not isinstance(last, Transfer) and self._transfer is not None:
            self._stop_ringing()
        if says:
            answer = isinstance(last, Listen) and last.expect in _ANSWERS
            self._speak(says, append=append, answer=answer)
        self._wait_for(last)
        if self._dialogue is not None:
            self.book.state(self._dialogue.to_json())

    def _wait_for(self, last: Action) -> None:
        now = asyncio.get_running_loop().time()
        timeout = last.timeout_s if isinstance(last, Listen) else None
        self._turns.listen(timeout, now)
        match last:
            case Listen(expect, patience, _):
                if self._stream is not None:
                    self._stream.set_patience(patience, expect)
            case FileOrder(intake):
                self._spawn(self._file(intake))
            case LookUp(order_no, phone, tail):
                self._spawn(self._look_up(order_no, phone, tail))
            case Transfer():
                self._ring(last)
            case HangUp(outcome):
                self._outcome = outcome
                if self._voice.current is None:
                    self._finish("bot")

    def _speak(self, says: Sequence[Say], *, append: bool, answer: bool) -> None:
        if not append and self._voice.current is not None:
            self._note_voice(self._voice.stop(), interrupted=True)
        utterance = self._voice.speak(says, append=append)
        self._turns.voice_started(interruptible=utterance.interruptible, answer_expected=answer)

    def _voice_began(self, utterance: Utterance) -> None:
        self._latency_ms = None
        if self._heard_end is not None and utterance.began is not None:
            self._latency_ms = max(0, round((utterance.began - self._heard_end) * 1000))
            self._heard_end = None

    def _voice_done(self, utterance: Utterance) -> None:
        self._note_voice(utterance, interrupted=False)
        self.post(m.VoiceDone(utterance.number))

    def _voice_over(self, now: float) -> None:
        if self._voice.current is not None:
            return
        if self._outcome is not None and self._seat is None:
            self._finish("bot")
            return
        if self._transfer is not None:
            self._wait_at = now + _WAIT_AGAIN_S
        self._do(self._turns.voice_ended(now))

    def _note_voice(self, utterance: Utterance | None, *, interrupted: bool) -> None:
        if utterance is None or utterance.began is None:
            return
        now = asyncio.get_running_loop().time()
        self.book.turn(
            Speaker.BOT,
            utterance.text,
            utterance.began - self._answered_at,
            now - self._answered_at,
            latency_ms=self._latency_ms,
            interrupted=interrupted,
        )
        self._latency_ms = None

    # ---- orders and people -----------------------------------------------------------------------

    async def _file(self, intake: Any) -> None:
        try:
            order = await self._p.orders.file(intake)
        except HotlineError as error:
            log.error("order could not be filed", why=error.code)
            self.post(m.Result(FileFailed()))
            return
        self.book.update(order_no=order.order_no)
        self.post(m.Result(Filed(order)))

    async def _look_up(self, order_no: str | None, phone: str | None, tail: str | None) -> None:
        found: tuple[Any, ...] = ()
        try:
            found = await self._p.orders.look_up(order_no, phone, tail)
        except HotlineError as error:
            log.warning("order could not be looked up", why=error.code)
        self.post(m.Result(Found(found)))

    def _ring(self, transfer: Transfer) -> None:
        if self._transfer is not None:
            return
        self._transfer = transfer
        self._ring_run += 1
        self.book.update(human_requested=True)
        self._spawn(self._ring_people(transfer, self._ring_run))

    async def _ring_people(self, transfer: Transfer, run: int) -> None:
        people = await on_duty(self._p.ari, self._p.pbx.seats)
        if transfer.on_call:
            people += self._p.pbx.on_call
        answered = None
        if people and run == self._ring_run:
            self._wait_at = asyncio.get_running_loop().time()
            self.post(m.VoiceDone(0))
            caller_id = self.book.record.caller_number or "anonymous"
            self._ringing = Ringing(self._legs, ring_s=self._p.pbx.seat_ring_s, caller_id=caller_id)
            answered = await self._ringing.ring(people)
        self.post(m.Rung(answered, run))

    def _stop_ringing(self) -> None:
        self._transfer = None
        self._wait_at = None
        self._ring_run += 1
        if self._ringing is not None:
            self._spawn(self._ringing.cancel())

    async def _rung(self, answered: tuple[str, str] | None, run: int) -> None:
        if run != self._ring_run:
            if answered is not None:
                await self._legs.hang_up(answered[1])
            return
        self._transfer = None
        self._wait_at = None
        self._ringing = None
        if answered is None:
            self._tell(TransferDone(answered=False), append=True)
            return
        endpoint, channel = answered
        self._note_voice(self._voice.stop(), interrupted=True)
        await self._legs.bridge_in(channel)
        self._seat = channel
        self.book.update(human_answered=True, seat=endpoint)
        if self._dialogue is not None:
            for action in self._dialogue.turn(TransferDone(answered=True), self._p.now()):
                if isinstance(action, HangUp):
                    self._outcome = action.outcome
        self._sound.listen_with(None)
        if self._stream is not None:
            await self._stream.close()
            self._stream = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="call-work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
