"""Redials and loads that vary: against a simulation, their own laws, and published figures."""

import heapq
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from seat_planner.commands import plan_app
from seat_planner.errors import PlanInputError
from seat_planner.queues import Arrivals, ImpatientQueue, MixedQueue, Targets, required_seats
from seat_planner.queues.mixed import busyness

pytestmark = pytest.mark.unit


@settings(max_examples=80, deadline=None)
@given(
    st.floats(0.1, 60), st.floats(0.3, 1.6), st.floats(0.0, 0.95), st.sampled_from([20.0, 120.0])
)
def test_calls_are_first_calls_and_those_who_call_again(
    load: float, share: float, redial: float, patience: float
) -> None:
    queue = MixedQueue(max(1, round(load * share)), load, 300, patience, Arrivals(redial))
    given_up = queue.offered * (1.0 - queue.answer_rate)
    assert queue.offered == pytest.approx(load + redial * given_up, rel=1e-9)
    # Anhui's reckoning per caller: (1 - p) / (1 - p r)
    lost = 1.0 - queue.answer_rate
    assert queue.callers_answered == pytest.approx((1.0 - lost) / (1.0 - lost * redial), rel=1e-9)


def test_without_redials_and_spread_it_is_erlang_a() -> None:
    mixed, plain = MixedQueue(12, 10, 412, 120, Arrivals()), ImpatientQueue(12, 10, 412, 120)
    for name in ("answer_rate", "waiting", "mean_wait_s", "occupancy"):
        assert getattr(mixed, name) == pytest.approx(getattr(plain, name), rel=1e-14)
    assert mixed.answered_within(15) == pytest.approx(plain.answered_within(15), rel=1e-14)
    nobody = MixedQueue(3, 0, 412, 120, Arrivals(0.5, 0.2))
    assert (nobody.answer_rate, nobody.waiting, nobody.answered_within(15)) == (1.0, 0.0, 1.0)
    assert nobody.callers_answered == 1.0


def simulated(seats: int, load: float, patience: float, redial: float, calls: int) -> float:
    """Answer rate of attempts, event by event; whoever gives up redials after a while."""
    chance = random.Random(5)
    events: list[tuple[float, int, int]] = []  # time, kind (0 call, 1 end, 2 gives up), who
    at = 0.0
    for who in range(calls):
        at += chance.expovariate(load)
        heapq.heappush(events, (at, 0, who))
    free, queue, answered, attempts, again = seats, dict[int, None](), 0, 0, calls
    while events:
        at, kind, who = heapq.heappop(events)
        if kind == 0:
            attempts += 1
            if free:
                free, answered = free - 1, answered + 1
                heapq.heappush(events, (at + chance.expovariate(1.0), 1, who))
            else:
                queue[who] = None
                heapq.heappush(events, (at + chance.expovariate(1.0 / patience), 2, who))
        elif kind == 1:
            if queue:
                queue.pop(next(iter(queue)))
                answered += 1
                heapq.heappush(events, (at + chance.expovariate(1.0), 1, who))
            else:
                free += 1
        elif who in queue:
            del queue[who]
            if chance.random() < redial:
                # long enough after that redials are a stream of their own
                heapq.heappush(events, (at + chance.expovariate(0.02), 0, again))
                again += 1
    return answered / attempts


def test_redials_as_simulated() -> None:
    found = simulated(10, 11.0, 0.4, 0.6, 150_000)
    queue = MixedQueue(10, 11.0, 300, 120, Arrivals(0.6))
    assert queue.answer_rate == pytest.approx(found, abs=0.004)
    assert abs(ImpatientQueue(10, 11.0, 300, 120).answer_rate - found) > 0.03, "they do matter"


def test_loads_that_vary_lose_more_than_their_mean() -> None:
    levels = busyness(0.2)
    assert sum(levels) / len(levels) == pytest.approx(1.0)
    each = [ImpatientQueue(30, 28 * level, 420, 120) for level in levels]
    lost = sum(queue.load * queue.abandoned for queue in each) / (28 * len(levels))
    varying = MixedQueue(30, 28, 420, 120, Arrivals(cv=0.2))
    assert 1.0 - varying.answer_rate == pytest.approx(lost, rel=1e-12)
    assert varying.answer_rate < ImpatientQueue(30, 28, 420, 120).answer_rate - 0.01


def test_seats_reach_the_target_and_one_less_does_not() -> None:
    wanted, arrivals = Targets(answer_rate=0.95, service_level=0.8), Arrivals(0.5, 0.1)
    for load in (0.4, 6.0, 45.0, 300.0):
        seats = required_seats(load, 420, wanted, 120, arrivals)
        assert seats >= required_seats(load, 420, wanted, 120)
        assert MixedQueue(seats, load, 420, 120, arrivals).answer_rate >= 0.95
        less = MixedQueue(seats - 1, load, 420, 120, arrivals)
        assert less.answer_rate < 0.95 or less.answered_within(15) < 0.8


def test_nearly_everybody_redials_into_too_few_seats() -> None:
    queue = MixedQueue(5, 50, 300, 120, Arrivals(0.99))
    assert queue.offered > 50 * 10
    assert queue.callers_answered == pytest.approx(5 / 50, rel=1e-3)


@pytest.mark.parametrize(
    ("work", "field"),
    [
        (lambda: Arrivals(redial=1.0), "redial"),
        (lambda: Arrivals(redial=-0.1), "redial"),
        (lambda: Arrivals(cv=-1), "cv"),
        (lambda: Arrivals(cv=1e200), "cv"),
        (lambda: MixedQueue(-1, 5, 300, 120, Arrivals()), "n"),
        (lambda: required_seats(5, 300, Targets(waiting=0.1), None, Arrivals(0.2)), "patience_s"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(work: object, field: str) -> None:
    with pytest.raises(PlanInputError) as caught:
        work()  # type: ignore[operator]
    assert caught.value.field == field


def test_the_command_counts_callers_and_calls(tmp_path: Path) -> None:
    words = ["seats", "--calls", "100", "--redial", "0.5", "--cv", "0.2"]
    done = CliRunner().invoke(plan_app, [*words, "--json"])
    found = json.loads(done.stdout)
    assert found["callers_answered"] > found["answer_rate"] >= 0.95
    assert "最终接通的来电人" in CliRunner().invoke(plan_app, words).stdout
    table = tmp_path / "t.csv"
    table.write_text("calls\n100\n0\n100\n", encoding="utf-8")
    done = CliRunner().invoke(plan_app, ["seats", "--csv", str(table), *words[3:]])
    assert [line.split(",")[2] for line in done.stdout.splitlines()[1:]] == [
        str(found["seats"]),
        "0",
        str(found["seats"]),
    ]
