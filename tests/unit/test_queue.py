"""The queue: who is rung for whom, and what becomes of seats and callers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hotline.domain.seats import STEPS, BreakReason, SeatCause, SeatInterval, SeatState
from ivr.errors import SeatStepError
from ivr.queue.core import Queue
from ivr.queue.parts import (
    Agent,
    Output,
    Policy,
    Ring,
    SeatChanged,
    StopRing,
    WaitedOut,
    Wanted,
)

pytestmark = pytest.mark.unit

T0 = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
HEFEI, WUHU = "340100", "340200"


def s(seconds: float) -> datetime:
    """So many seconds into the day."""
    return T0 + timedelta(seconds=seconds)


def ready(queue: Queue, name: str, at: float = 0, **agent: object) -> None:
    """Sign in, register the telephone, take calls."""
    queue.sign_in(Agent(name, **agent), s(at))  # type: ignore[arg-type]
    queue.link(name, True, s(at))
    queue.ready(name, s(at))


def call(name: str, at: float = 0, **more: object) -> Wanted:
    return Wanted(name, s(at), **more)  # type: ignore[arg-type]


def rung(outputs: list[Output]) -> list[tuple[str, str]]:
    return [(out.call_id, out.person_id) for out in outputs if isinstance(out, Ring)]


def intervals(outputs: list[Output]) -> list[SeatInterval]:
    return [out.ended for out in outputs if isinstance(out, SeatChanged) and out.ended]


def test_the_longest_idle_seat_is_rung() -> None:
    queue = Queue(Policy())
    ready(queue, "anna", 0)
    ready(queue, "bert", 5)
    assert rung(queue.join(call("c1", 10), s(10))) == [("c1", "anna")]
    assert rung(queue.join(call("c2", 11), s(11))) == [("c2", "bert")]
    queue.answered("c1", "anna", s(12))
    queue.answered("c2", "bert", s(12))
    queue.ended("bert", s(20))
    queue.ended("anna", s(30))
    queue.tick(s(70))
    assert rung(queue.join(call("c3", 80), s(80))) == [("c3", "bert")]


def test_whoever_spoke_with_the_caller_last_comes_first() -> None:
    queue = Queue(Policy())
    ready(queue, "anna", 0)
    ready(queue, "bert", 5)
    assert rung(queue.join(call("c1", 10, last_agent="bert"), s(10))) == [("c1", "bert")]


def test_a_seat_without_the_topic_waits_its_turn() -> None:
    queue = Queue(Policy())
    ready(queue, "anna", skills=frozenset({"divorce"}))
    assert rung(queue.join(call("c1", 0, topic="wages"), s(0))) == []
    assert queue.deadline(s(0)) == s(10)
    assert rung(queue.tick(s(9))) == []
    assert rung(queue.tick(s(10))) == [("c1", "anna")]


def test_another_regions_seat_comes_after_a_while() -> None:
    queue = Queue(Policy(own_region=timedelta(seconds=12)))
    ready(queue, "wu", region=WUHU)
    assert rung(queue.join(call("c1", 0, region="340111"), s(0))) == []
    assert rung(queue.tick(s(12))) == [("c1", "wu")]


def test_an_emergency_waits_for_nothing_and_goes_first() -> None:
    queue = Queue(Policy())
    queue.join(call("c1", 0, topic="wages"), s(0))
    queue.join(call("c2", 1, elderly=True), s(1))
    queue.join(call("c3", 2, emergency=True, region=HEFEI), s(2))
    assert [one.call_id for one in queue.waiting] == ["c3", "c2", "c1"]
    queue.sign_in(Agent("wu", region=WUHU, skills=frozenset({"divorce"})), s(3))
    queue.link("wu", True, s(3))
    assert rung(queue.ready("wu", s(3))) == [("c3", "wu")]


def test_a_language_that_is_spoken_is_preferred() -> None:
    queue = Queue(Policy())
    ready(queue, "anna", 0)
    ready(queue, "bert", 5, languages=frozenset({"wu"}))
    assert rung(queue.join(call("c1", 10, language="wu"), s(10))) == [("c1", "bert")]


def test_who_does_not_answer_is_put_on_a_break_and_the_next_is_rung() -> None:
    queue = Queue(Policy(misses=2))
    ready(queue, "anna", 0)
    ready(queue, "bert", 1)
    queue.join(call("c1", 2), s(2))
    out = queue.tick(s(22))
    assert StopRing("c1", "anna") in out
    assert rung(out) == [("c1", "bert")]
    queue.answered("c1", "bert", s(23))
    queue.join(call("c2", 30), s(30))
    out = queue.tick(s(50))
    seat = queue.seat("anna")
    assert seat is not None
    assert (seat.state, seat.reason) == (SeatState.BREAK, BreakReason.MISSED)
    assert [one.cause for one in intervals(out)] == [SeatCause.MISS, SeatCause.BREAK]
    queue.ready("anna", s(60))
    assert seat.misses == 0


def test_a_single_seat_that_refuses_is_rung_again() -> None:
    queue = Queue(Policy(misses=3))
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    assert rung(queue.missed("c1", "anna", s(2))) == [("c1", "anna")]


def test_an_answer_comes_too_late() -> None:
    queue = Queue(Policy())
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    out = queue.leave("c1", s(3))
    assert StopRing("c1", "anna") in out
    with pytest.raises(SeatStepError):
        queue.answered("c1", "anna", s(3))
    seat = queue.seat("anna")
    assert seat is not None
    assert (seat.state, seat.misses) == (SeatState.READY, 0)


def test_a_lost_telephone_is_not_rung_and_comes_back() -> None:
    queue = Queue(Policy())
    ready(queue, "anna", 0)
    ready(queue, "bert", 1)
    queue.join(call("c1", 2), s(2))
    out = queue.link("anna", False, s(3))
    assert StopRing("c1", "anna") in out
    assert rung(out) == [("c1", "bert")]
    seat = queue.seat("anna")
    assert seat is not None
    assert seat.state is SeatState.LINK_LOST
    queue.link("anna", True, s(9))
    assert seat.state is SeatState.READY
    assert seat.misses == 0


def test_a_talk_survives_its_lost_telephone() -> None:
    queue = Queue(Policy())
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    queue.answered("c1", "anna", s(1))
    queue.link("anna", False, s(2))
    seat = queue.seat("anna")
    assert seat is not None
    assert seat.state is SeatState.TALKING
    queue.ended("anna", s(60))
    queue.tick(s(90))
    assert seat.state is SeatState.LINK_LOST


def test_what_is_asked_for_in_a_talk_comes_after_it() -> None:
    queue = Queue(Policy())
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    queue.answered("c1", "anna", s(1))
    queue.take_break("anna", BreakReason.MEAL, s(2))
    seat = queue.seat("anna")
    assert seat is not None
    assert seat.state is SeatState.TALKING
    queue.ended("anna", s(60))
    assert seat.state is SeatState.WRAP_UP
    queue.tick(s(90))
    assert (seat.state, seat.reason) == (SeatState.BREAK, BreakReason.MEAL)


def test_wrap_up_waits_for_the_result_where_it_must() -> None:
    queue = Queue(Policy(forced_disposition=True))
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    queue.answered("c1", "anna", s(1))
    queue.ended("anna", s(60))
    seat = queue.seat("anna")
    assert seat is not None
    queue.tick(s(600))
    assert seat.state is SeatState.WRAP_UP
    with pytest.raises(SeatStepError, match="处理结果"):
        queue.ready("anna", s(601))
    queue.disposed("anna", s(602))
    assert seat.state is SeatState.READY


def test_a_change_of_reason_is_an_interval_of_its_own() -> None:
    queue = Queue(Policy())
    ready(queue, "anna")
    queue.take_break("anna", BreakReason.REST, s(10))
    out = queue.take_break("anna", BreakReason.MEAL, s(20))
    (ended,) = intervals(out)
    assert (ended.state, ended.reason) == (SeatState.BREAK, BreakReason.REST)
    assert (ended.began_at, ended.ended_at) == (s(10), s(20))
    assert queue.take_break("anna", BreakReason.MEAL, s(30)) == []


def test_who_waits_too_long_is_told() -> None:
    queue = Queue(Policy(max_wait=timedelta(seconds=60)))
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    queue.answered("c1", "anna", s(1))
    queue.join(call("c2", 5), s(5))
    assert WaitedOut("c2") not in queue.tick(s(64))
    assert WaitedOut("c2") in queue.tick(s(65))
    assert queue.waiting == ()


def test_nobody_is_left_to_take_calls() -> None:
    queue = Queue(Policy(unstaffed=timedelta(seconds=20)))
    ready(queue, "anna")
    queue.join(call("c1", 0), s(0))
    queue.answered("c1", "anna", s(1))
    queue.join(call("c2", 5), s(5))
    queue.sign_out("anna", s(6))
    queue.ended("anna", s(10))
    queue.tick(s(40))
    assert queue.seat("anna") is None
    assert queue.deadline(s(40)) == s(60)
    assert WaitedOut("c2") in queue.tick(s(60))


def test_the_place_in_the_queue_is_honest() -> None:
    queue = Queue(Policy(wrap_up=timedelta(0)))
    ready(queue, "anna")
    for number in range(5):
        queue.join(call(f"c{number}", number * 100), s(number * 100))
        queue.answered(f"c{number}", "anna", s(number * 100))
        queue.ended("anna", s(number * 100 + 60))
        queue.tick(s(number * 100 + 61))
    queue.join(call("busy", 600), s(600))
    queue.answered("busy", "anna", s(600))
    queue.join(call("x", 601), s(601))
    queue.join(call("y", 602), s(602))
    place = queue.place("y")
    assert place is not None
    assert (place.position, place.seats) == (2, 1)
    assert place.wait == timedelta(seconds=120)
    assert queue.place("gone") is None


def test_a_transferred_call_is_for_one_person_only() -> None:
    queue = Queue(Policy())
    ready(queue, "anna")
    ready(queue, "bert")
    queue.take_break("bert", BreakReason.REST, s(1))
    assert rung(queue.join(call("c1", 2, only="bert"), s(2))) == []
    assert rung(queue.ready("bert", s(5))) == [("c1", "bert")]
    queue.leave("c1", s(6))
    queue.take_break("bert", BreakReason.REST, s(7))
    queue.join(call("c2", 8, only="bert"), s(8))
    assert rung(queue.tick(s(38))) == [("c2", "anna")]


def test_every_state_can_be_left() -> None:
    for state in SeatState:
        assert any(before is state for before, _ in STEPS)


class QueueMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order, no caller is lost and no seat is stuck."""

    PEOPLE = ("anna", "bert", "cleo")

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue(Policy(misses=2))
        self.now = T0
        self.calls = 0
        self.open: set[str] = set()
        self.rings: dict[str, str] = {}
        self.talks: dict[str, str] = {}
        self.since: dict[str, datetime] = {}

    def take(self, outputs: list[Output]) -> None:
        for out in outputs:
            match out:
                case Ring(call_id, person):
                    assert call_id not in self.rings
                    assert person not in self.rings.values()
                    self.rings[call_id] = person
                case StopRing(call_id, person):
                    assert self.rings.pop(call_id) == person
                case WaitedOut(call_id):
                    assert call_id not in self.rings
                    self.open.remove(call_id)
                case SeatChanged(person, ended) if ended is not None:
                    # intervals of a person follow each other without gap or overlap
                    assert self.since.setdefault(person, ended.began_at) == ended.began_at
                    self.since[person] = ended.ended_at
                    seat = self.queue.seat(person)
                    if seat is None:
                        del self.since[person]

    @rule(person=st.sampled_from(PEOPLE), region=st.sampled_from([None, HEFEI, WUHU]))
    def sign_in(self, person: str, region: str | None) -> None:
        self.take(self.queue.sign_in(Agent(person, region), self.now))

    @rule(person=st.sampled_from(PEOPLE), up=st.booleans())
    def link(self, person: str, up: bool) -> None:
        self.take(self.queue.link(person, up, self.now))

    @rule(person=st.sampled_from(PEOPLE), what=st.sampled_from(["ready", "break", "out"]))
    def want(self, person: str, what: str) -> None:
        if self.queue.seat(person) is None:
            return
        match what:
            case "ready":
                self.take(self.queue.ready(person, self.now))
            case "break":
                self.take(self.queue.take_break(person, BreakReason.REST, self.now))
            case _:
                self.take(self.queue.sign_out(person, self.now))

    @rule(emergency=st.booleans(), region=st.sampled_from([None, "340111", WUHU]))
    def join(self, emergency: bool, region: str | None) -> None:
        self.calls += 1
        name = f"c{self.calls}"
        self.open.add(name)
        wanted = Wanted(name, self.now, region=region, emergency=emergency)
        self.take(self.queue.join(wanted, self.now))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.open)))
        self.open.remove(name)
        self.take(self.queue.leave(name, self.now))

    @precondition(lambda self: self.rings)
    @rule(data=st.data(), answer=st.booleans())
    def pick_up(self, data: st.DataObject, answer: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.rings)))
        person = self.rings.pop(name)
        if answer:
            self.take(self.queue.answered(name, person, self.now))
            self.open.remove(name)
            self.talks[person] = name
        else:
            self.take(self.queue.missed(name, person, self.now))

    @precondition(lambda self: self.talks)
    @rule(data=st.data(), end=st.booleans())
    def talk(self, data: st.DataObject, end: bool) -> None:
        person = data.draw(st.sampled_from(sorted(self.talks)))
        if end:
            del self.talks[person]
            self.take(self.queue.ended(person, self.now))
        else:
            seat = self.queue.seat(person)
            assert seat is not None
            held = seat.state is SeatState.TALKING
            self.take(self.queue.hold(person, held, self.now))

    @rule(seconds=st.integers(0, 90))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.take(self.queue.tick(self.now))

    @invariant()
    def agrees(self) -> None:
        assert {one.call_id for one in self.queue.waiting} == self.open
        for call_id, person in self.rings.items():
            seat = self.queue.seat(person)
            assert seat is not None
            assert (seat.state, seat.call_id) == (SeatState.RINGING, call_id)
        for person, call_id in self.talks.items():
            seat = self.queue.seat(person)
            assert seat is not None
            assert seat.state.in_call
            assert seat.call_id == call_id
        busy = {seat.agent.person_id for seat in self.queue.seats if seat.call_id}
        wrapping = {s.agent.person_id for s in self.queue.seats if s.state is SeatState.WRAP_UP}
        assert busy - wrapping == {*self.rings.values(), *self.talks}

    @invariant()
    def nobody_waits_beside_a_free_seat(self) -> None:
        waits = [one for one in self.queue.waiting if one.call_id not in self.rings]
        for seat in self.queue.seats:
            if seat.state is SeatState.READY and seat.linked:
                assert not any(one.emergency for one in waits)

    @invariant()
    def the_next_moment_lies_ahead(self) -> None:
        self.take(self.queue.tick(self.now))
        deadline = self.queue.deadline(self.now)
        assert deadline is None or deadline > self.now


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_step_the_table_does_not_know_changes_nothing() -> None:
    queue = Queue(Policy())
    ready(queue, "anna")
    seat = queue.seat("anna")
    assert seat is not None
    before = replace(seat)
    with pytest.raises(SeatStepError, match="就绪"):
        queue.hold("anna", True, s(1))
    assert seat == before
    with pytest.raises(SeatStepError, match="签入"):
        queue.ready("bert", s(1))
