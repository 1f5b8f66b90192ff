"""The people of one call: looking for one, talking with one, going on to the next."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hotline.domain.calls import CallRecord
from hotline.domain.codes import Speaker
from hotline.domain.seats import SeatState
from hotline.domain.speech import SpeechEvent
from hotline.settings import PbxSettings
from hotline.settings_desk import QueueSettings
from ivr.ari import AriClient
from ivr.bot import api, prompts
from ivr.call import messages as m
from ivr.call.handover import Found, Search, on_duty
from ivr.call.legs import CallLegs
from ivr.call.person import PersonTalk
from ivr.call.ports import Ears
from ivr.call.record import CallBook
from ivr.call.taps import Taps
from ivr.call.watch import Watch, Watcher
from ivr.desk.desk import SeatDesk
from ivr.errors import IvrError, SeatStepError
from ivr.queue.parts import Wanted

_REJOIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Staff:
    """Who can be rung, and by which rules."""

    ari: AriClient
    pbx: PbxSettings
    queue: QueueSettings
    desk: SeatDesk | None
    """Seats of the pages; None: only the configured telephones are rung."""
    wanted: Callable[[CallRecord, api.Transfer], Awaitable[Wanted]] | None
    """What the queue is told of a caller."""
    now: Callable[[], datetime]


class People:
    """Finds a person for the caller and keeps the talk with them.

    ``say`` speaks to the caller besides the dialogue; ``spawn`` runs something with the call.
    """

    def __init__(
        self,
        staff: Staff,
        legs: CallLegs,
        book: CallBook,
        ears: Ears,
        *,
        post: Callable[[m.Message], None],
        say: Callable[[str], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        on_change: Callable[[], None],
    ) -> None:
        self._staff = staff
        self._legs = legs
        self._book = book
        self._ears = ears
        self._post = post
        self._say = say
        self._spawn = spawn
        self._on_change = on_change
        self._search: Search | None = None
        self._transfer: api.Transfer | None = None
        self._run = 0
        self._only: str | None = None
        self.person: PersonTalk | None = None
        """Whoever has the caller now."""
        self._watcher: Watcher | None = None

    # ---- what stands -----------------------------------------------------------------------------

    @property
    def looking(self) -> bool:
        """Somebody is being looked for."""
        return self._transfer is not None

    @property
    def keeps_waiting(self) -> bool:
        """The caller is to be told again and again that it goes on."""
        held = self.person is not None and self.person.state.held
        return held or (self._transfer is not None and self._search is not None)

    def wait_text(self) -> str:
        """What a caller who waits is told."""
        if self._transfer is None:
            return prompts.HOLD
        desk = self._staff.desk
        place = desk.place(self._book.record.call_id) if desk is not None else None
        if place is None:
            return self._transfer.wait_text
        return prompts.waiting(place.position) + prompts.WAIT_ON

    async def on_duty(self) -> bool:
        """Somebody is there to take an ordinary hand-over."""
        desk = self._staff.desk
        if desk is not None and desk.staffed:
            return True
        return bool(await on_duty(self._staff.ari, self._staff.pbx.seats))

    # ---- told by Asterisk ------------------------------------------------------------------------

    def seat_answered(self, channel: str) -> None:
        """A rung seat has picked up."""
        for search in self._searches():
            search.answered(channel)

    def seat_gone(self, channel: str) -> None:
        """A seat's channel has ended."""
        for search in self._searches():
            search.gone(channel)
        watcher = self._watcher
        if watcher is not None and watcher.channel == channel and watcher.mode is not None:
            self._watcher = None
            self._spawn(watcher.end())

    def _searches(self) -> list[Search]:
        watching = [self._watcher.search] if self._watcher is not None else []
        return watching + ([self._search] if self._search is not None else [])

    def entered(self, channel: str) -> None:
        """A channel of ours has entered Stasis."""
        if self.person is not None:
            self.person.entered(channel)

    # ---- looking for somebody --------------------------------------------------------------------

    def only(self, person_id: str) -> None:
        """The next search is for this person first."""
        self._only = person_id

    def ring(self, transfer: api.Transfer) -> None:
        """Begin to look; ``Rung`` tells how it went. Twice is once."""
        if self._transfer is not None:
            return
        self._transfer = transfer
        self._run += 1
        self._spawn(self._look(transfer, self._run))

    def stop(self) -> None:
        """Look no longer."""
        if self._transfer is None:
            return
        self._transfer = None
        self._run += 1
        if self._search is not None:
            self._spawn(self._search.cancel())
            self._search = None
        if self._staff.desk is not None:
            self._staff.desk.leave(self._book.record.call_id)
        self._on_change()

    async def found(self, rung: m.Rung) -> bool:
        """The search has ended; False when it is one that was given up before."""
        if rung.run == self._run:
            self._transfer = None
            self._search = None
            self._on_change()
            return True
        if rung.answered is not None:
            # somebody picked up who is not needed any more
            await self._legs.hang_up(rung.answered.channel)
            if self._staff.desk is not None and rung.answered.person_id is not None:
                self._staff.desk.ended(rung.answered.person_id)
        return False

    async def _look(self, transfer: api.Transfer, run: int) -> None:
        search = self._new_search()
        answered = await self._in_queue(search, transfer, run)
        if answered is None and run == self._run:
            people = await on_duty(self._staff.ari, self._staff.pbx.seats)
            if transfer.on_call:
                people += self._staff.pbx.on_call
            if people and run == self._run:
                self._begin(search, transfer)
                answered = await search.in_turn(people)
        self._post(m.Rung(answered, run))

    async def _in_queue(self, search: Search, transfer: api.Transfer, run: int) -> Found | None:
        staff, only = self._staff, self._only
        self._only = None
        if staff.desk is None or staff.wanted is None or not staff.desk.staffed:
            return None
        wanted = await staff.wanted(self._book.record, transfer)
        if run != self._run:
            return None
        self._begin(search, transfer)
        # in danger nobody waits for a busy seat while a telephone on call could be rung
        urgent = transfer.on_call and staff.pbx.on_call
        try:
            async with asyncio.timeout(staff.queue.ring_s + 1 if urgent else None):
                return await search.in_queue(staff.desk, replace(wanted, only=only))
        except TimeoutError:
            return None

    def _begin(self, search: Search, transfer: api.Transfer) -> None:
        if self._search is not search:
            self._search = search
            self._say(transfer.wait_text)

    def _new_search(self) -> Search:
        number = self._book.record.caller_number or "anonymous"
        return Search(self._legs, ring_s=self._staff.pbx.seat_ring_s, caller_id=number)

    # ---- with a person ---------------------------------------------------------------------------

    def begin(self, found: Found) -> PersonTalk:
        """A person has the caller."""
        taps = None
        if self._staff.queue.transcript and found.person_id is not None and self._ears.available:
            taps = Taps(self._staff.pbx, self._legs, self._ears, self._overheard)
        self.person = PersonTalk(
            self._legs,
            self._book,
            found,
            desk=self._staff.desk,
            taps=taps,
            on_change=self._on_change,
            now=self._staff.now(),
        )
        self._on_change()
        return self.person

    async def let_go(self, *, hang_up: bool = True) -> PersonTalk | None:
        """The person's part is over; whoever it was."""
        person, self.person = self.person, None
        await self.unwatch()
        if person is not None:
            await person.end(hang_up=hang_up)
            self._on_change()
        return person

    def of(self, person_id: str) -> PersonTalk:
        """The talk of this person. Raises SeatStepError when somebody else has the caller."""
        if self.person is None or self.person.person_id != person_id:
            raise SeatStepError("这通电话不在您这里")
        return self.person

    async def rejoin(self, asked: m.Asked) -> None:
        """Ring the agent's telephone once more and put it in the place of the one that was lost."""
        person, desk = self.of(asked.person_id), self._staff.desk
        if desk is None:
            raise SeatStepError("现在不能这样操作")
        self._say(prompts.HOLD)
        search = self._search = self._new_search()
        try:
            channel = await search.one(desk.endpoint(asked.person_id), _REJOIN_S)
        finally:
            self._search = None
        if channel is None:
            raise SeatStepError("话机没有接通，请检查耳麦后重试")
        if self.person is not person:
            await self._legs.hang_up(channel)
            raise SeatStepError("这通电话已经结束")
        await person.move_to(channel)

    # ---- supervisors -----------------------------------------------------------------------------

    async def watch(self, person_id: str, mode: Watch) -> None:
        """Let a supervisor into the talk, or out of it. Raises SeatStepError, IvrError."""
        desk, person = self._staff.desk, self.person
        if desk is None or person is None:
            raise SeatStepError("这通电话现在没有坐席在接听")
        if person.person_id == person_id:
            raise SeatStepError("这是您自己的通话")
        watcher = self._watcher
        if watcher is not None and watcher.person_id != person_id:
            raise SeatStepError("已有另一位班长在监听这通电话")
        if mode is Watch.LEAVE:
            await self.unwatch()
            return
        if watcher is None:
            watcher = await self._let_in(person_id, desk)
        try:
            if mode is Watch.TAKE_OVER:
                await self._give_to(watcher, desk)
            else:
                await watcher.change(mode, person.channel)
        except IvrError:
            await self.unwatch()
            raise

    async def unwatch(self) -> None:
        """No supervisor listens any more; safe at any time."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            await watcher.end()

    async def _let_in(self, person_id: str, desk: SeatDesk) -> Watcher:
        seat = desk.seat(person_id)
        if seat is None or not seat.linked:
            raise SeatStepError("请先签入并等话机就绪")
        if seat.state not in (SeatState.SIGNED_IN, SeatState.BREAK):
            raise SeatStepError("请先小休，再监听")
        number = self._book.record.caller_number or "anonymous"
        watcher = Watcher(self._legs, person_id, desk.endpoint(person_id), number)
        self._watcher = watcher
        try:
            await watcher.ring()
        except IvrError:
            await self.unwatch()
            raise
        return watcher

    async def _give_to(self, watcher: Watcher, desk: SeatDesk) -> None:
        """The agent leaves, the supervisor stays with the caller."""
        found = await watcher.take_over()
        self._watcher = None
        await self.let_go()
        desk.took(watcher.person_id, self._book.record.call_id)
        self._book.update(seat=watcher.person_id)
        self.begin(found)

    def _overheard(self, speaker: Speaker, event: SpeechEvent, began: float) -> None:
        self._post(m.Overheard(speaker, event, began))
