"""The simulation: against exact queues, published simulations, and a plain event loop."""

import heapq
import json
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seat_planner.commands import plan_app
from seat_planner.errors import PlanInputError
from seat_planner.queues import ImpatientQueue
from seat_planner.simulation import Callers, Estimate, Floor, Grid, Simulated, estimate, simulate

pytestmark = pytest.mark.unit


def grid(calls: list[float], seats: list[int], interval_s: float = 3600.0) -> Grid:
    return Grid(np.array(calls, dtype=float), np.array(seats), interval_s)


def test_the_steady_queue_is_erlang_a() -> None:
    exact = ImpatientQueue(12, 10, 412, 120)
    found = simulate(
        grid([10 * 3600 / 412] * 48, [12] * 48), Callers(412, 120), replications=150, seed=3
    )
    for name, wanted in (
        ("answer_rate", exact.answer_rate),
        ("service_level", exact.answered_within(15)),
        ("mean_wait_s", exact.mean_wait_s),
        ("occupancy", exact.occupancy),
    ):
        seen: Estimate = getattr(found, name)
        # two days from empty: a little better than for ever
        assert seen.mean == pytest.approx(wanted, rel=0.06 if name == "mean_wait_s" else 0.012)
    assert 0 < found.answer_rate.half < 0.003


def test_a_published_day_from_empty() -> None:
    """ContactCenters' MMC and MMCAb: 8 h, 4.2 calls a minute, 2 minutes each, 12 seats."""
    day = grid([4.2 * 60] * 8, [12] * 8)
    patient = simulate(day, Callers(120, 1e9), replications=600, within_s=20)
    assert 0.896 < patient.service_level.mean < 0.905
    assert 0.095 * 60 < patient.mean_wait_s.mean < 0.106 * 60
    impatient = simulate(day, Callers(120, 60), replications=600, within_s=20)
    given_up = float((impatient.calls - impatient.answered).sum(1).mean())
    assert 57.0 < given_up < 61.0
    # published [.674, .677] without the calls that outlast the shift
    assert 0.674 < impatient.occupancy.mean < 0.682
    of_answered = impatient.service_level.mean / impatient.answer_rate.mean
    assert 0.973 < of_answered < 0.976


def test_a_published_day_with_shifts_and_busy_days() -> None:
    """ContactCenters' CallCenter: wait 11.83 s [10.06, 13.61], lost .0342 [.0311, .0374], calls
    1639.5 [1612.8, 1666.2]; in 20 s .853, which counts those who left before as well."""
    seats = [4, 6, 8, 8, 8, 7, 8, 8, 6, 6, 4, 4, 4]
    calls = [100.0, 150, 150, 180, 200, 150, 150, 150, 120, 100, 80, 70, 60]
    callers = Callers(100, 1000, unwilling=0.1, day_cv=10**-0.5)
    found = simulate(grid(calls, seats), callers, replications=2500, within_s=20, seed=7)
    assert 1612.8 < found.calls.sum(1).mean() < 1666.2
    assert 10.06 < found.mean_wait_s.mean < 13.61
    lost = 1 - found.answer_rate.mean
    assert 0.0311 < lost < 0.0374
    level = found.service_level.mean
    assert level < 0.853 < level + lost


def one_by_one(
    times: list[float], patience: list[float], handling: list[float], seats: list[int], step: float
) -> list[bool]:
    """Who is served, by a plain event loop that knows queue, seats coming and seats going."""
    events = [(at, 1, who) for who, at in enumerate(times)]
    events += [(place * step, 0, place) for place in range(len(seats) + 1)]
    heapq.heapify(events)
    busy: set[int] = set()
    queue: list[int] = []
    served = [False] * len(times)
    staffed = 0
    while events:
        at, kind, who = heapq.heappop(events)
        if kind == 0:
            staffed = seats[who] if who < len(seats) else 0
        elif kind == 1:
            queue.append(who)
        else:
            busy.discard(who)
        queue = [one for one in queue if times[one] + patience[one] >= at]
        while queue and (free := [k for k in range(staffed) if k not in busy]):
            one = queue.pop(0)
            served[one] = True
            busy.add(free[0])
            heapq.heappush(events, (at + handling[one], -1, free[0]))
    return served


def test_seats_that_come_and_go_as_in_a_plain_event_loop() -> None:
    chance = random.Random(2)
    for _ in range(60):
        seats = [chance.randrange(0, 5) for _ in range(8)]
        count = chance.randrange(1, 60)
        times = sorted(chance.random() * 8 for _ in range(count))
        patience = [chance.expovariate(2.0) for _ in range(count)]
        handling = [chance.expovariate(1.5) for _ in range(count)]
        floor = Floor(grid([1.0] * 8, seats, 1.0), 1)
        waits = floor.serve(np.array([times]), np.array([patience]), np.array([handling]))
        wanted = one_by_one(times, patience, handling, seats, 1.0)
        assert (waits[0] <= np.array(patience)).tolist() == wanted


def test_the_same_seed_is_the_same_year_and_another_is_not() -> None:
    def run(seed: int) -> Simulated:
        return simulate(grid([20.0] * 24, [3] * 24), Callers(300, 60), replications=3, seed=seed)

    assert np.array_equal(run(1).answered, run(1).answered)
    assert not np.array_equal(run(1).answered, run(2).answered)


def test_calls_the_bot_serves_need_nobody_and_spread_handling_costs() -> None:
    day = grid([20.0] * 24, [3] * 24)
    all_ = simulate(day, Callers(300, 60), replications=60)
    fewer = simulate(day, Callers(300, 60, contained=0.3), replications=60)
    assert fewer.calls.sum() == pytest.approx(0.7 * all_.calls.sum(), rel=0.05)
    assert fewer.answer_rate.low > all_.answer_rate.high
    even = simulate(day, Callers(300, 1e9, handling_cv=0.3), replications=60)
    uneven = simulate(day, Callers(300, 1e9, handling_cv=2.0), replications=60)
    assert even.mean_wait_s.mean < uneven.mean_wait_s.mean


def test_without_seats_nobody_is_answered_and_without_calls_nothing_happens() -> None:
    none = simulate(grid([5.0] * 4, [0] * 4), Callers(300, 60), replications=4)
    assert none.answer_rate.mean == 0.0
    quiet = simulate(grid([0.0] * 4, [2] * 4), Callers(300, 60), replications=4)
    assert (quiet.calls.sum(), quiet.occupancy.mean) == (0, 0.0)


def test_confidence_intervals_hold_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        found = estimate(chance.normal(3.0, 1.0, 8))
        held += found.low <= 3.0 <= found.high
    assert 0.92 < held / 400 < 0.98
    assert estimate(np.array([1.0])).half == float("inf")


@pytest.mark.parametrize(
    ("work", "field"),
    [
        (lambda: Callers(0, 60), "aht_s"),
        (lambda: Callers(300, 60, unwilling=1.0), "unwilling"),
        (lambda: Callers(300, 60, day_cv=1e200), "day_cv"),
        (lambda: Callers(300, 60, handling_cv=1e200), "handling_cv"),
        (lambda: grid([1.0, -1.0], [1, 1]), "calls"),
        (lambda: grid([1.0], [-1]), "seats"),
        (lambda: grid([1.0, 2.0], [1]), "seats"),
        (lambda: grid([1.0], [1], 7000.0), "interval"),
        (lambda: simulate(grid([1.0], [1]), Callers(300, 60), replications=0), "replications"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(work: object, field: str) -> None:
    with pytest.raises(PlanInputError) as caught:
        work()  # type: ignore[operator]
    assert caught.value.field == field


def test_the_command_checks_what_plan_year_wrote(tmp_path: Path) -> None:
    calls, seats = tmp_path / "calls.csv", tmp_path / "seats.csv"
    rows = [
        f"2026-03-0{day} {half // 2:02}:{half % 2 * 30:02},{4 + half % 20}"
        for day in (1, 2, 4)
        for half in range(16, 40)
    ]
    calls.write_text("start,calls\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert (
        CliRunner().invoke(plan_app, ["year", "--csv", str(calls), "--out", str(seats)]).exit_code
        == 0
    )
    words = ["simulate", "--csv", str(seats), "--replications", "40"]
    done = CliRunner().invoke(plan_app, [*words, "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert 0.93 < found["answer_rate"]["mean"] < 0.98
    assert found["answer_rate"]["low"] < found["answer_rate"]["mean"]
    assert "接通率" in CliRunner().invoke(plan_app, words).stdout
    done = CliRunner().invoke(plan_app, [*words, "--aht", "0"])
    assert (done.exit_code, done.stdout) == (1, "")
