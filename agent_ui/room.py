"""The pages' room: keeps the live documents true and knows what each page may see."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from agent_ui import views
from agent_ui.errors import NoSuchCallError
from agent_ui.live.board import Board
from agent_ui.live.patch import Json
from agent_ui.pop import ScreenPop
from hotline.accounts.rights import reach
from hotline.analysis.stats import Stats
from hotline.domain.calls import CallRecord
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor
from hotline.errors import HotlineError
from ivr.call.person import TalkState
from ivr.desk.desk import SeatDesk
from ivr.queue.parts import Policy

log = structlog.get_logger(__name__)
_SETTLE_S = 0.02
"""Changes of one document within this time are told as one."""
_TILES_S = 5.0


class LiveCall(Protocol):
    """A running call (``ivr.call.session.CallSession``)."""

    @property
    def record(self) -> CallRecord: ...

    @property
    def talk(self) -> TalkState | None: ...

    @property
    def waits_for_person(self) -> bool: ...


class PageRoom:
    """Documents: ``queue``, ``seats``, ``tiles``, and by id ``seat:``, ``call:`` and ``pop:``."""

    def __init__(
        self,
        desk: SeatDesk,
        pop: ScreenPop,
        *,
        policy: Policy,
        call: Callable[[str], LiveCall | None],
        stats: Callable[[datetime, datetime], Awaitable[Stats]],
        regions: Mapping[str, str],
        names: Mapping[str, str],
        actor_of: Callable[[str], Awaitable[Actor]],
        now: Callable[[], datetime],
    ) -> None:
        """``call``: a running call by id; ``names``: of persons, by id."""
        self.board = Board()
        self.desk = desk
        self._pop = pop
        self._policy = policy
        self._call = call
        self._stats = stats
        self._regions = regions
        self._names = names
        self._actor_of = actor_of
        self._now = now
        self._seats: set[str] = set()
        self._calls: set[str] = set()
        self._queue = True
        self._timer: asyncio.TimerHandle | None = None
        self._topics: dict[str, tuple[str | None, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.watchers: dict[str, set[Callable[[], None]]] = {}
        """Pages by person: told when what they follow may be something else."""

    # ---- told by the rooms below -----------------------------------------------------------------

    def seat_changed(self, person_id: str) -> None:
        """A seat is in another state."""
        self._seats.add(person_id)
        self._soon()

    def queue_changed(self) -> None:
        """Somebody waits, or waits no longer."""
        self._queue = True
        self._soon()

    def call_grown(self, call_id: str) -> None:
        """A call's record or talk has grown."""
        self._calls.add(call_id)
        self._soon()

    def call_ended(self, record: CallRecord) -> None:
        """A call is over: its document stays as long as a seat wraps it up."""
        self._put_call(record, None)
        if not any(seat.call_id == record.call_id for seat in self.desk.seats):
            self._forget(record.call_id)

    # ---- what pages may see ----------------------------------------------------------------------

    def followed(self, actor: Actor) -> dict[str, str]:
        """The documents of somebody's page, by what it calls them."""
        names: dict[str, str] = {}
        if not reach(actor, Right.SEAT).nowhere and actor.person_id is not None:
            names |= {"me": f"seat:{actor.person_id}", "queue": "queue", "seats": "seats"}
            seat = self.desk.seat(actor.person_id)
            if seat is not None and seat.call_id is not None:
                names |= {"call": f"call:{seat.call_id}", "pop": f"pop:{seat.call_id}"}
        if not reach(actor, Right.MONITOR).nowhere:
            names |= {"queue": "queue", "seats": "seats", "tiles": "tiles"}
        return names

    def own_call(self, person_id: str, call_id: str) -> CallRecord:
        """The record of a call that is with this person now. Raises NoSuchCallError."""
        seat = self.desk.seat(person_id)
        call = self._call(call_id)
        if seat is None or seat.call_id != call_id or call is None:
            raise NoSuchCallError("这通电话已经结束，或不在您这里")
        return call.record

    # ---- running ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Figures of the wallboard, until cancelled."""
        while True:
            await self._put_tiles()
            await asyncio.sleep(_TILES_S)

    async def _put_tiles(self) -> None:
        now = self._now()
        day, year = views.spans(now)
        try:
            figures = [await self._stats(begin, now) for begin in (day, year)]
        except HotlineError as error:
            log.warning("figures could not be read", why=error.code)
            return
        self.board.put("tiles", views.tiles_view(figures[0], figures[1], now))

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SETTLE_S, self._settle)

    def _settle(self) -> None:
        self._timer = None
        seats, self._seats = self._seats, set()
        calls, self._calls = self._calls, set()
        for person_id in seats:
            seat = self.desk.seat(person_id)
            self.board.put(f"seat:{person_id}", views.seat_view(seat, self._policy))
            if seat is not None and seat.call_id is not None:
                calls.add(seat.call_id)
        if seats:
            self.board.put("seats", views.seats_view(self.desk.seats, self._names))
            self._sweep()
        for call_id in calls:
            call = self._call(call_id)
            if call is not None and (call.talk or call.waits_for_person or self._held(call_id)):
                self._put_call(call.record, call.talk)
        if self._queue or seats:
            self._put_queue()
        for person_id in seats:
            for told in tuple(self.watchers.get(person_id, ())):
                told()

    def _held(self, call_id: str) -> bool:
        return any(seat.call_id == call_id for seat in self.desk.seats)

    def _put_queue(self) -> None:
        self._queue = False
        numbers = {}
        for one in self.desk.waiting:
            call = self._call(one.call_id)
            numbers[one.call_id] = call.record.caller_number if call else None
        view = views.queue_view(self.desk.waiting, numbers, self.desk.seats)
        self.board.put("queue", view)

    def _put_call(self, record: CallRecord, talk: TalkState | None) -> None:
        place = self.desk.place(record.call_id)
        view = views.call_view(record, talk, regions=self._regions, place=place)
        self.board.put(f"call:{record.call_id}", view)
        self._put_pop(record)

    def _put_pop(self, record: CallRecord) -> None:
        """Look the caller up once a seat is to know, and answers again as the talk goes on."""
        holder = next((s for s in self.desk.seats if s.call_id == record.call_id), None)
        if holder is None or record.ended_at is not None:
            return
        known = (record.topic, sum(turn.speaker == "caller" for turn in record.turns))
        before = self._topics.get(record.call_id)
        if before == known:
            return
        self._topics[record.call_id] = known
        name = f"pop:{record.call_id}"
        standing = self.board.get(name)
        if before is not None and before[0] == record.topic and standing is not None:
            self.board.put(name, {**standing, "answers": self._pop.answers(record)})
            return
        task = asyncio.create_task(self._look_up(record, holder.agent.person_id), name="screen-pop")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_up(self, record: CallRecord, person_id: str) -> None:
        try:
            actor = await self._actor_of(person_id)
            found: Json = await self._pop.of(record, actor)
        except HotlineError as error:
            log.warning("caller could not be looked up", why=error.code)
            self._topics.pop(record.call_id, None)
            return
        if record.call_id in self._topics:
            self.board.put(f"pop:{record.call_id}", found)

    def _sweep(self) -> None:
        """Forget calls that are over and wrapped up."""
        for call_id in list(self._topics):
            if not self._held(call_id) and self._call(call_id) is None:
                self._forget(call_id)

    def _forget(self, call_id: str) -> None:
        self._topics.pop(call_id, None)
        self.board.drop(f"call:{call_id}")
        self.board.drop(f"pop:{call_id}")
