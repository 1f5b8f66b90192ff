"""The desk around the queue: accounts, writes, registrations, mending."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from hotline.db.seats import KeptSeat
from hotline.domain.seats import BreakReason, SeatInterval, SeatState
from hotline.settings_desk import QueueSettings
from ivr.ari import AriEvent
from ivr.desk.desk import SeatDesk, policy_of
from ivr.desk.lines import Credential
from ivr.errors import AriUnavailableError
from ivr.queue.core import Queue
from ivr.queue.parts import Agent, Policy, Wanted

pytestmark = pytest.mark.unit
T0 = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@dataclass
class FakeLines:
    """Asterisk's accounts in memory."""

    known: set[str] = field(default_factory=set)
    up: set[str] = field(default_factory=set)
    down: bool = False

    def credential(self, line: str) -> Credential:
        return Credential(line, f"secret of {line}")

    async def push(self, line: str) -> Credential:
        if self.down:
            raise AriUnavailableError("the link to Asterisk is down")
        self.known.add(line)
        return self.credential(line)

    async def remove(self, line: str) -> None:
        self.known.discard(line)

    async def online(self) -> set[str]:
        return set(self.up)

    async def is_online(self, line: str) -> bool:
        return line in self.up


@dataclass
class FakeStore:
    """The database in memory."""

    seats: dict[str, KeptSeat] = field(default_factory=dict)
    intervals: list[SeatInterval] = field(default_factory=list)

    async def keep(self, seat: KeptSeat, ended: SeatInterval | None = None) -> None:
        self.seats[seat.person_id] = seat
        self._add(ended)

    async def drop(self, person_id: str, ended: SeatInterval | None = None) -> None:
        self.seats.pop(person_id, None)
        self._add(ended)

    async def kept(self) -> list[KeptSeat]:
        return list(self.seats.values())

    def _add(self, ended: SeatInterval | None) -> None:
        if ended is not None:
            self.intervals.append(ended)


@dataclass
class Room:
    """A desk with everything around it."""

    lines: FakeLines = field(default_factory=FakeLines)
    store: FakeStore = field(default_factory=FakeStore)
    talking: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    time: datetime = T0
    policy: Policy = field(default_factory=Policy)
    desk: SeatDesk = field(init=False)

    def __post_init__(self) -> None:
        async def agent_of(person_id: str) -> Agent:
            return Agent(person_id)

        self.desk = SeatDesk(
            Queue(self.policy),
            self.lines,
            self.store,
            now=lambda: self.time,
            agent_of=agent_of,
            talking=lambda: self.talking,
            on_seat=self.changed.append,
        )

    async def ready(self, person: str) -> str:
        made = await self.desk.sign_in(person)
        self.lines.up.add(made.line)
        await self.desk.reconcile()
        self.desk.ready(person)
        return made.line

    def state(self, person: str) -> SeatState | None:
        seat = self.desk.seat(person)
        return seat.state if seat else None


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    task = asyncio.create_task(made.desk.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(what: Callable[[], bool]) -> None:
    """Let the desk's own tasks run until it is so."""
    for _ in range(1000):
        if what():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come to pass")


def kept(room: Room, person: str) -> SeatState | None:
    seat = room.store.seats.get(person)
    return seat.state if seat else None


async def test_a_seat_gets_an_account_of_its_own_and_loses_it(room: Room) -> None:
    made = await room.desk.sign_in("anna")
    again = await room.desk.sign_in("anna")
    other = await room.desk.sign_in("bert")
    assert made == again
    assert made.line != other.line
    assert "secret" not in repr(made)
    room.desk.sign_out("anna")
    await until(lambda: made.line not in room.lines.known)
    assert "anna" not in room.store.seats
    fresh = await room.desk.sign_in("anna")
    assert fresh.line != made.line


async def test_without_asterisk_nobody_is_signed_in(room: Room) -> None:
    room.lines.down = True
    with pytest.raises(AriUnavailableError):
        await room.desk.sign_in("anna")
    assert room.desk.seat("anna") is None


async def test_a_waiting_call_is_given_a_seat(room: Room) -> None:
    await room.ready("anna")
    ticket = room.desk.join(Wanted("c1", T0))
    assert await ticket.next() == "anna"
    room.desk.answered("c1", "anna")
    assert room.desk.person_in("c1") == "anna"
    room.desk.ended("anna")
    await until(lambda: any(one.call_id == "c1" for one in room.store.intervals))


async def test_a_caller_who_leaves_stops_the_ringing_and_ends_the_wait(room: Room) -> None:
    await room.ready("anna")
    ticket = room.desk.join(Wanted("c1", T0))
    assert await ticket.next() == "anna"
    room.desk.leave("c1")
    assert ticket.stopped.is_set()
    assert await ticket.next() is None
    assert room.state("anna") is SeatState.READY


async def test_a_word_taken_back_before_it_was_heard_rings_nobody(room: Room) -> None:
    line = await room.ready("anna")
    await room.ready("bert")
    ticket = room.desk.join(Wanted("c1", T0))
    room.lines.up.discard(line)
    await room.desk.reconcile()
    assert await ticket.next() == "bert"


async def test_registrations_are_asked_for_not_believed(room: Room) -> None:
    line = await room.ready("anna")
    gone = {"endpoint": {"resource": line}, "contact_info": {"contact_status": "Removed"}}
    room.desk.on_event(AriEvent("ContactStatusChange", None, gone))
    await asyncio.sleep(0)
    assert room.state("anna") is SeatState.READY
    room.lines.up.clear()
    room.desk.on_event(AriEvent("ContactStatusChange", None, gone))
    await until(lambda: room.state("anna") is SeatState.LINK_LOST)
    stranger = {"endpoint": {"resource": "trunk"}}
    room.desk.on_event(AriEvent("PeerStatusChange", None, stranger))
    room.desk.on_event(AriEvent("StasisStart", "x", {}))


async def test_a_list_that_is_out_of_date_does_not_stop_a_ring(room: Room) -> None:
    line = await room.ready("anna")
    ticket = room.desk.join(Wanted("c1", T0))
    assert await ticket.next() == "anna"

    async def old_list() -> set[str]:
        return set()

    room.lines.online = old_list  # type: ignore[method-assign]
    await room.desk.reconcile()
    assert room.state("anna") is SeatState.RINGING
    room.lines.up.discard(line)
    await room.desk.reconcile()
    assert room.state("anna") is SeatState.LINK_LOST


async def test_a_seat_that_says_one_thing_while_the_calls_say_another_is_mended(room: Room) -> None:
    await room.ready("anna")
    await room.ready("bert")
    ticket = room.desk.join(Wanted("c1", T0))
    assert await ticket.next() == "anna"
    room.desk.answered("c1", "anna")
    room.talking = {"bert": "c9"}
    await room.desk.reconcile()
    assert room.state("anna") is SeatState.WRAP_UP
    assert room.state("bert") is SeatState.TALKING
    assert room.desk.person_in("c9") == "bert"


async def test_a_restarted_hotline_goes_on_with_its_seats(room: Room) -> None:
    line = await room.ready("anna")
    await room.ready("bert")
    room.desk.take_break("bert", BreakReason.MEAL)
    ticket = room.desk.join(Wanted("c1", T0))
    assert await ticket.next() == "anna"
    room.desk.answered("c1", "anna")
    await until(lambda: kept(room, "anna") is SeatState.TALKING)
    await until(lambda: kept(room, "bert") is SeatState.BREAK)
    after = Room(lines=room.lines, store=room.store, talking={"anna": "c1"})
    await after.desk.restore()
    await after.desk.reconcile()
    assert after.state("anna") is SeatState.TALKING
    assert after.desk.person_in("c1") == "anna"
    assert after.desk.endpoint("anna") == f"PJSIP/{line}"
    assert after.state("bert") is SeatState.BREAK
    assert (await after.desk.sign_in("anna")).line == line


async def test_who_was_rung_when_it_died_is_ready_again(room: Room) -> None:
    await room.ready("anna")
    room.desk.join(Wanted("c1", T0))
    await until(lambda: kept(room, "anna") is SeatState.RINGING)
    after = Room(lines=room.lines, store=room.store)
    await after.desk.restore()
    assert after.state("anna") is SeatState.READY


async def test_a_restarted_asterisk_gets_every_account_again(room: Room) -> None:
    line = await room.ready("anna")
    room.lines.known.clear()
    room.lines.up.clear()
    await room.desk.renew()
    assert room.lines.known == {line}
    assert room.state("anna") is SeatState.LINK_LOST


async def test_the_clock_moves_the_queue(room: Room) -> None:
    quick = Room(policy=Policy(wrap_up=timedelta(0), max_wait=timedelta(seconds=0.01)))
    await quick.ready("anna")
    ticket = quick.desk.join(Wanted("c1", T0))
    assert await ticket.next() == "anna"
    waits = quick.desk.join(Wanted("c2", T0))
    quick.time = T0 + timedelta(seconds=1)
    async with asyncio.timeout(5):
        assert await waits.next() is None


def test_settings_become_rules() -> None:
    policy = policy_of(QueueSettings(ring_s=12, misses=3, max_wait_s=60))
    assert policy.ring == timedelta(seconds=12)
    assert policy.misses == 3
    assert policy.max_wait == timedelta(minutes=1)
