"""One caller's call, from StasisStart to its finished record."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import structlog

from hotline.domain.calls import CallRecord
from hotline.domain.codes import CallOutcome
from hotline.domain.speech import SpeechStart
from hotline.settings import PbxSettings
from hotline.settings_desk import QueueSettings
from ivr.ari import AriClient
from ivr.bot import api
from ivr.bot.dialogue import Dialogue
from ivr.call import messages as m
from ivr.call.conversation import Conversation
from ivr.call.errands import Errand, Errands
from ivr.call.handover import Found
from ivr.call.legs import CallLegs
from ivr.call.people import People, Staff
from ivr.call.person import TalkState
from ivr.call.ports import Ears, Mouth, Orders, Stream
from ivr.call.record import CallBook
from ivr.call.recorder import Recorder
from ivr.call.sound import CallSound
from ivr.call.watch import Watch
from ivr.desk.desk import SeatDesk
from ivr.errors import IvrError, SeatStepError
from ivr.queue.parts import Wanted

log = structlog.get_logger(__name__)

_WAIT_AGAIN_S = 15.0
"""While people are rung, the caller is told again that it goes on."""
_MEDIA_TRIES = 3
_ENDED = "这通电话已经结束"
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
    queue: QueueSettings = field(default_factory=QueueSettings)
    desk: SeatDesk | None = None
    """Seats of the pages; None: only the configured telephones are rung."""
    wanted: Callable[[CallRecord, api.Transfer], Awaitable[Wanted]] | None = None
    """What the queue is told of a caller."""


class CallSession:
    """Runs one call; ``run`` returns when it is over and its record is stored."""

    def __init__(
        self,
        parts: Parts,
        book: CallBook,
        recorder: Recorder | None,
        *,
        state: str | None = None,
        seat: Found | None = None,
        on_talk: Callable[[], None] = lambda: None,
    ) -> None:
        """``state``: the dialogue of an adopted call; ``seat``: the agent in it.

        ``on_talk``: the talk with a person stands differently.
        """
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
        self._people = People(
            Staff(parts.ari, parts.pbx, parts.queue, parts.desk, parts.wanted, parts.now),
            self._legs,
            book,
            parts.ears,
            post=self.post,
            say=self._talk.say,
            spawn=self._spawn,
            on_change=on_talk,
        )
        self._wait_at: float | None = None
        self._handed: Dialogue | None = None
        """The dialogue while a person has the caller: it may be needed again."""
        if seat is not None:
            self._people.begin(seat)
        self._outcome: CallOutcome | None = None
        self._hangup_by = "bot"
        self._last_words = "bot"
        """Whose wish it is that the call comes to its end."""
        self._done_by: str | None = None
        """Who will have ended the call once our last words are heard."""
        self._over = False

    def post(self, message: m.Message) -> None:
        """Give the call something to handle; never blocks."""
        self._inbox.put_nowait(message)

    def seat_answered(self, channel: str) -> None:
        """A rung seat has picked up."""
        self._people.seat_answered(channel)

    def seat_gone(self, channel: str, *, lost: bool = False) -> None:
        """A seat's channel has ended; ``lost``: its sound had stopped coming."""
        self._people.seat_gone(channel)
        self.post(m.SeatGone(channel, lost))

    def entered(self, channel: str) -> None:
        """A media channel or a tap of ours has entered Stasis."""
        self._sound.media_ready(channel)
        self._people.entered(channel)

    @property
    def record(self) -> CallRecord:
        """What is known of the call so far."""
        return self.book.record

    @property
    def talk(self) -> TalkState | None:
        """How the talk with a person stands; None while there is none."""
        return self._people.person.state if self._people.person is not None else None

    @property
    def waits_for_person(self) -> bool:
        """Somebody is being looked for."""
        return self._people.looking

    async def ask(self, control: m.Control, person_id: str, to: str | None = None) -> None:
        """Do what the agent wants; returns once Asterisk has done it.

        Raises SeatStepError (not now, or not by this person), IvrError.
        """
        await self._request(lambda done: m.Asked(done, control, person_id, to))

    async def watch(self, mode: Watch, person_id: str) -> None:
        """Let a supervisor into the talk; returns once Asterisk has done it.

        Raises SeatStepError (nobody is talking, or not this way), IvrError.
        """
        await self._request(lambda done: m.Watched(done, mode, person_id))

    async def _request(self, make: Callable[[asyncio.Future[None]], m.Message]) -> None:
        if self._over:
            raise SeatStepError(_ENDED)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.post(make(done))
        await done

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
        if self._people.person is not None:
            self._handed = self._old_or_new_dialogue()
            self._spawn(self._people.person.listen(self.caller))
            return
        self._open_ears()
        duty, _ = await asyncio.gather(self._people.on_duty(), self._sound.open(self.caller))
        if self._state is not None:
            self._talk.dialogue = self._p.old_dialogue(self._state)
            self._talk.tell(api.Adopted())
            return
        self._talk.dialogue = self._p.new_dialogue(record.call_id, record.caller_number)
        night = self._p.now().hour not in _DAY
        speech = self._p.ears.available
        self._talk.tell(api.Started(record.caller_number, speech, night, duty))

    def _old_or_new_dialogue(self) -> Dialogue:
        record = self.book.record
        if self._state is not None:
            return self._p.old_dialogue(self._state)
        return self._p.new_dialogue(record.call_id, record.caller_number)

    def _open_ears(self) -> None:
        if self._p.ears.available:
            call_id = self.book.record.call_id
            self._stream = self._p.ears.open(call_id, lambda e: self.post(m.Spoke(e)))
        self._sound.listen_with(self._stream)

    async def _take_over(self) -> None:
        """A live call of a hotline that was killed: its clock, record and bridge go on."""
        record = self.book.record
        began = record.answered_at or record.started_at
        past = (self._p.now() - began).total_seconds()
        self._talk.answered_at = asyncio.get_running_loop().time() - past
        self.book.adopted()
        if self._people.person is None:
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
            case m.Rung():
                await self._rung(message)
            case m.Nudge():
                return
            case m.SeatGone(channel, lost):
                person = self._people.person
                if person is not None and channel == person.channel:
                    await self._person_gone("person" if lost else "survey", hang_up=False)
            case m.Asked() | m.Watched():
                self._spawn(self._asked(message))
            case m.Overheard():
                if self._people.person is not None:
                    self._people.person.overheard(message, self._talk.answered_at)
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
            if self._people.keeps_waiting and not self._talk.caller_speaking:
                self._talk.say(self._people.wait_text())

    def _voice_over(self, now: float) -> None:
        if self._talk.voice.current is not None:
            return
        if self._done_by is not None:
            self._finish(self._done_by)
            return
        if self._people.keeps_waiting:
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
        await self._people.let_go()
        await self._legs.clear(caller=self._hangup_by not in ("caller", "system"))
        outcome = self._outcome or CallOutcome.ABANDONED
        for message in (self._inbox.get_nowait() for _ in range(self._inbox.qsize())):
            if isinstance(message, m.Request):
                message.fail(SeatStepError(_ENDED))
        await self.book.finish(outcome, self._p.now(), self._hangup_by)

    def _hear_words_soon(self, doubt: bool) -> None:
        if self._stream is not None:
            self._stream.set_doubt(doubt)

    # ---- what the dialogue waits for -------------------------------------------------------------

    def _wait_for(self, last: api.Action) -> None:
        if not isinstance(last, api.Transfer):
            self._people.stop()
        match last:
            case api.Listen(expect, patience, _):
                if self._stream is not None:
                    self._stream.set_patience(patience, expect)
            case api.FileOrder() | api.LookUp() | api.RateOrder():
                self._spawn(self._run(last))
            case api.Transfer():
                self.book.update(human_requested=True)
                self._people.ring(last)
            case api.HangUp(outcome):
                self._outcome = outcome
                self._done_by = self._last_words
                if self._talk.voice.current is None:
                    self._finish(self._done_by)

    async def _run(self, errand: Errand) -> None:
        self.post(m.Result(await self._errands.run(errand)))

    async def _rung(self, rung: m.Rung) -> None:
        if not await self._people.found(rung):
            return
        self._wait_at = None
        if rung.answered is None:
            self._talk.tell(api.TransferDone(answered=False), append=True)
            return
        self._talk.cut()
        # ours before it is bridged: whatever breaks now, the seat is let go at the end
        person = self._people.begin(rung.answered)
        await self._legs.bridge_in(rung.answered.channel)
        seat = rung.answered.person_id or rung.answered.endpoint
        self.book.update(human_answered=True, seat=seat)
        self._handed, self._talk.dialogue = self._talk.dialogue, None
        if self._handed is not None:
            for action in self._handed.turn(api.TransferDone(answered=True), self._p.now()):
                if isinstance(action, api.HangUp):
                    self._outcome = action.outcome
            self.book.state(self._handed.to_json())
        self._sound.listen_with(None)
        if self._stream is not None:
            await self._stream.close()
            self._stream = None
        self._spawn(person.listen(self.caller))

    # ---- with a person ---------------------------------------------------------------------------

    async def _asked(self, asked: m.Asked | m.Watched) -> None:
        """Do what somebody wants and say how it went; a failure ends nothing."""
        try:
            if isinstance(asked, m.Asked):
                await self._control(asked)
            else:
                await self._watched(asked)
        except IvrError as error:
            asked.fail(error)
        except asyncio.CancelledError:
            asked.fail(SeatStepError(_ENDED))
            raise
        else:
            asked.succeed()

    async def _control(self, asked: m.Asked) -> None:
        person = self._people.of(asked.person_id)
        match asked.control:
            case m.Control.HANG_UP:
                await self._person_gone("survey")
                asked.succeed()
            case m.Control.TO_BOT:
                await self._person_gone("bot")
            case m.Control.TRANSFER:
                if asked.to is None or asked.to == asked.person_id:
                    raise SeatStepError("请选择要转接的坐席")
                self._people.only(asked.to)
                await self._person_gone("person")
            case m.Control.REJOIN:
                await self._people.rejoin(asked)
                self._quiet()
            case control:
                await person.do(control)
                if control is m.Control.HOLD:
                    self._talk.say(self._people.wait_text())
                elif control is m.Control.RESUME:
                    self._quiet()

    async def _watched(self, asked: m.Watched) -> None:
        before = self._people.person
        await self._people.watch(asked.person_id, asked.mode)
        person = self._people.person
        if person is not None and person is not before:
            self._spawn(person.listen(self.caller))

    def _quiet(self) -> None:
        self._wait_at = None
        self._talk.cut()

    async def _person_gone(
        self, to: Literal["survey", "bot", "person"], *, hang_up: bool = True
    ) -> None:
        """The agent has left the caller: to be asked how it was, to the bot, to somebody else."""
        person = await self._people.let_go(hang_up=hang_up)
        self._quiet()
        survey = self._p.queue.survey and person is not None and person.person_id is not None
        if self._handed is None or (to == "survey" and not survey):
            self._finish("agent")
            self.post(m.Nudge())
            return
        self._last_words = "agent" if to == "survey" else "bot"
        self._talk.dialogue = self._handed
        self._open_ears()
        self._talk.tell(api.Returned(to))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="call-work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
