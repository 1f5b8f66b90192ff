"""The thin shell around the queue: time, database, Asterisk's accounts, and who is told."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from hotline.db.seats import KeptSeat
from hotline.domain.seats import BreakReason, SeatInterval
from hotline.errors import HotlineError
from hotline.settings_desk import QueueSettings
from ivr.ari import AriEvent
from ivr.desk.lines import Credential, endpoint_of
from ivr.desk.ticket import Ticket
from ivr.errors import IvrError, SeatStepError
from ivr.queue.core import Queue
from ivr.queue.parts import (
    Agent,
    Output,
    Place,
    Policy,
    QueueChanged,
    Ring,
    Seat,
    SeatChanged,
    StopRing,
    WaitedOut,
    Wanted,
)

log = structlog.get_logger(__name__)
_RECONCILE_S = 5.0
_TRIES = 3


class Lines(Protocol):
    """SIP accounts (``ivr.desk.lines.SeatLines``)."""

    async def push(self, line: str) -> Credential: ...
    async def remove(self, line: str) -> None: ...
    async def online(self) -> set[str]: ...
    async def is_online(self, line: str) -> bool: ...


class Store(Protocol):
    """The database (``hotline.db.seats.SeatStore``)."""

    async def keep(self, seat: KeptSeat, ended: SeatInterval | None = None) -> None: ...
    async def drop(self, person_id: str, ended: SeatInterval | None = None) -> None: ...
    async def kept(self) -> list[KeptSeat]: ...


class SeatDesk:
    """All seats of this node and the callers who wait for them.

    ``on_seat(person_id)`` is told when a seat changes, ``on_queue()`` when the queue does;
    ``talking()`` says which person is in which call according to the calls themselves.
    """

    def __init__(
        self,
        queue: Queue,
        lines: Lines,
        store: Store,
        *,
        now: Callable[[], datetime],
        agent_of: Callable[[str], Awaitable[Agent]],
        talking: Callable[[], Mapping[str, str]],
        on_seat: Callable[[str], None] = lambda person_id: None,
        on_queue: Callable[[], None] = lambda: None,
    ) -> None:
        self._queue = queue
        self._lines = lines
        self._store = store
        self._now = now
        self._agent_of = agent_of
        self._talking = talking
        self.on_seat = on_seat
        self.on_queue = on_queue
        self._names: dict[str, str] = {}
        """Person to the name of their SIP account."""
        self._tickets: dict[str, Ticket] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writes: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._checks: asyncio.Queue[str] = asyncio.Queue()

    # ---- what stands -----------------------------------------------------------------------------

    @property
    def staffed(self) -> bool:
        """Somebody takes calls."""
        return self._queue.staffed

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Everybody signed in."""
        return self._queue.seats

    @property
    def waiting(self) -> tuple[Wanted, ...]:
        """Callers who wait."""
        return self._queue.waiting

    def seat(self, person_id: str) -> Seat | None:
        """A person's seat; None when not signed in."""
        return self._queue.seat(person_id)

    def place(self, call_id: str) -> Place | None:
        """Where a waiting caller stands."""
        return self._queue.place(call_id)

    def endpoint(self, person_id: str) -> str:
        """Dial string of a person's telephone."""
        return endpoint_of(self._names[person_id])

    def person_in(self, call_id: str) -> str | None:
        """Who is in this call, according to the seats."""
        for seat in self._queue.seats:
            if seat.call_id == call_id and seat.state.in_call:
                return seat.agent.person_id
        return None

    # ---- people ----------------------------------------------------------------------------------

    async def sign_in(self, person_id: str) -> Credential:
        """Take a seat: a SIP account of one's own. Signing in again gives the same account.

        Raises AriUnavailableError when Asterisk cannot be told.
        """
        agent = await self._agent_of(person_id)
        line = self._names.get(person_id) or f"s-{secrets.token_hex(6)}"
        made = await self._lines.push(line)
        self._names[person_id] = line
        self._do(self._queue.sign_in(agent, self._now()))
        return made

    def sign_out(self, person_id: str) -> None:
        """Leave; in a call, after it. Raises SeatStepError."""
        self._do(self._queue.sign_out(person_id, self._now()))

    def ready(self, person_id: str) -> None:
        """Take calls. Raises SeatStepError."""
        self._do(self._queue.ready(person_id, self._now()))

    def take_break(
        self, person_id: str, reason: BreakReason, limit: timedelta | None = None
    ) -> None:
        """Take no calls for a while. Raises SeatStepError."""
        self._do(self._queue.take_break(person_id, reason, self._now(), limit))

    def disposed(self, person_id: str) -> None:
        """The result of the last call is stored. Raises SeatStepError."""
        self._do(self._queue.disposed(person_id, self._now()))

    # ---- calls -----------------------------------------------------------------------------------

    def join(self, wanted: Wanted) -> Ticket:
        """A caller waits for a person."""
        ticket = self._tickets[wanted.call_id] = Ticket(wanted.call_id)
        self._do(self._queue.join(wanted, self._now()))
        return ticket

    def leave(self, call_id: str) -> None:
        """A caller waits no longer."""
        self._do(self._queue.leave(call_id, self._now()))
        if (ticket := self._tickets.pop(call_id, None)) is not None:
            ticket.end()

    def answered(self, call_id: str, person_id: str) -> None:
        """A rung person has the caller. Raises SeatStepError when it came too late."""
        self._do(self._queue.answered(call_id, person_id, self._now()))
        self._tickets.pop(call_id, None)

    def missed(self, call_id: str, person_id: str) -> None:
        """A rung person did not come."""
        self._do(self._queue.missed(call_id, person_id, self._now()))

    def took(self, person_id: str, call_id: str) -> None:
        """A person has a call the queue did not give them."""
        self._do(self._queue.took(person_id, call_id, self._now()))

    def held(self, person_id: str, held: bool) -> None:
        """The caller of a person is on hold, or back."""
        self._do(self._queue.hold(person_id, held, self._now()))

    def ended(self, person_id: str) -> None:
        """A person's part of a call is over."""
        self._do(self._queue.ended(person_id, self._now()))

    # ---- Asterisk --------------------------------------------------------------------------------

    def on_event(self, event: AriEvent) -> None:
        """Registrations come and go; what Asterisk says now is asked, not what it said."""
        if event.type not in ("PeerStatusChange", "ContactStatusChange"):
            return
        line = str((event.data.get("endpoint") or {}).get("resource") or "")
        person = next((who for who, name in self._names.items() if name == line), None)
        if person is not None:
            self._checks.put_nowait(person)

    async def restore(self) -> None:
        """Take the seats of a hotline before us over; called once, when Asterisk is there."""
        online = await self._lines.online()
        for kept in await self._store.kept():
            try:
                agent = await self._agent_of(kept.person_id)
                await self._lines.push(kept.line)
            except HotlineError as error:
                log.warning("seat could not be restored", why=error.code)
                continue
            self._names[kept.person_id] = kept.line
            seat = Seat(agent, kept.state, kept.since, kept.reason, call_id=kept.call_id)
            seat.linked = kept.line in online
            self._do(self._queue.restore(seat, self._now()))

    async def reconcile(self) -> None:
        """Make seats agree with Asterisk and with the calls; they are right, we are not."""
        online = await self._lines.online()
        talking = self._talking()
        for seat in self._queue.seats:
            person = seat.agent.person_id
            line = self._names.get(person)
            if line is None:
                continue  # signed out while we asked
            up = line in online
            if up is not seat.linked:
                # the list may be older than a registration that has come since
                up = await self._lines.is_online(line)
            self._do(self._queue.link(person, up, self._now()))
            call = talking.get(person)
            if seat.state.in_call and call is None:
                log.warning("seat mended", was=seat.state.value)
                self.ended(person)
            elif call is not None and not seat.state.in_call:
                log.warning("seat mended", was=seat.state.value)
                self._mend_talk(person, call)

    def _mend_talk(self, person: str, call: str) -> None:
        try:
            self.took(person, call)
        except SeatStepError as error:
            log.warning("seat could not be mended", why=error.code)

    async def renew(self) -> None:
        """Push every account again: a restarted Asterisk knows none of them."""
        for line in list(self._names.values()):
            await self._lines.push(line)
        await self.reconcile()

    async def run(self) -> None:
        """Writes, registrations and mending, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(), name="seat-writes")
            tasks.create_task(self._check(), name="seat-links")
            tasks.create_task(self._mend(), name="seat-mending")

    async def _write(self) -> None:
        while True:
            write = await self._writes.get()
            for attempt in range(_TRIES):
                try:
                    await write()
                    break
                except HotlineError as error:
                    log.error("seat could not be written", why=error.code, attempt=attempt)
                    await asyncio.sleep(0.1 * 2**attempt)

    async def _check(self) -> None:
        while True:
            person = await self._checks.get()
            line = self._names.get(person)
            if line is None:
                continue
            try:
                up = await self._lines.is_online(line)
            except IvrError:
                continue  # the reconciler asks again
            self._do(self._queue.link(person, up, self._now()))

    async def _mend(self) -> None:
        while True:
            await asyncio.sleep(_RECONCILE_S)
            try:
                await self.reconcile()
            except IvrError as error:
                log.warning("seats could not be compared", why=error.code)

    # ---- inside ----------------------------------------------------------------------------------

    def _do(self, outputs: list[Output]) -> None:
        queue_changed = False
        for out in outputs:
            match out:
                case Ring(call_id, person):
                    self._tickets[call_id].ring(person)
                case StopRing(call_id, person):
                    if (ticket := self._tickets.get(call_id)) is not None:
                        ticket.stop(person)
                case WaitedOut(call_id):
                    if (ticket := self._tickets.pop(call_id, None)) is not None:
                        ticket.end()
                case SeatChanged(person, ended):
                    self._changed(person, ended)
                case QueueChanged():
                    queue_changed = True
        if queue_changed:
            self.on_queue()
        self._set_timer()

    def _changed(self, person: str, ended: SeatInterval | None) -> None:
        seat = self._queue.seat(person)
        if seat is None:
            # several steps may lie between, each told with the interval it ended
            line = self._names.pop(person, None)
            # apart, so that trying one again does not do the other twice
            self._writes.put_nowait(lambda: self._store.drop(person, ended))
            if line is not None:
                self._writes.put_nowait(lambda: self._lines.remove(line))
        else:
            kept = KeptSeat(
                person, self._names[person], seat.state, seat.since, seat.reason, seat.call_id
            )
            self._writes.put_nowait(lambda: self._store.keep(kept, ended))
        self.on_seat(person)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._now()
        at = self._queue.deadline(now)
        if at is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, (at - now).total_seconds()), self._tick)

    def _tick(self) -> None:
        self._do(self._queue.tick(self._now()))


def policy_of(settings: QueueSettings) -> Policy:
    """The queue's rules from Settings."""
    return Policy(
        ring=timedelta(seconds=settings.ring_s),
        misses=settings.misses,
        wrap_up=timedelta(seconds=settings.wrap_up_s),
        own_region=timedelta(seconds=settings.own_region_s),
        own_skill=timedelta(seconds=settings.own_skill_s),
        max_wait=timedelta(seconds=settings.max_wait_s),
        unstaffed=timedelta(seconds=settings.unstaffed_s),
    )
