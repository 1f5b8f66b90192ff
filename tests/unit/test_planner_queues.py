"""Erlang B, C and A against published rows, exact ones, each other, and their own laws."""

import csv
import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seat_planner.commands.erlang import compute
from seat_planner.errors import PlanInputError
from seat_planner.queues import (
    ImpatientQueue,
    PatientQueue,
    Targets,
    blocking,
    required_seats,
    rostered_seats,
    trunks,
)
from seat_planner.queues.many import inverse_blocking_many, required_seats_many

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "erlang.csv"


def close(value: float, wanted: float, error: float = 1e-12) -> bool:
    return math.isclose(value, wanted, rel_tol=error, abs_tol=0.0)


@pytest.mark.skipif(not GOLDEN.exists(), reason="../shared/golden/erlang.csv is not here")
def test_every_golden_row_to_the_last_digits() -> None:
    compared = 0
    with GOLDEN.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            inputs = ("n", "a_erlang", "aht_s", "patience_s", "t_s")
            found = compute(row["model"], {k: float(row[k]) if row[k] else None for k in inputs})
            for name, value in row.items():
                if name in found and value:
                    assert close(found[name], float(value)), (row, name)
                    compared += 1
    assert compared > 600


@pytest.mark.parametrize(
    ("servers", "load", "lost"),
    [
        (1, 5, 0.8333333333333334),
        (10, 20, 0.5379631686320729),
        (190, 200, 0.08869684386923561),
        (200, 5, 5.31667137954674e-238),
        (1000, 500, 1.6524151277513355e-86),
        (2, 2, 0.4),
        (0, 3, 1.0),
        (3, 0, 0.0),
        (12.5, 10, 0.101029423203),
        (105.25, 100, 0.0470567824364),
    ],
)
def test_blocking_as_published(servers: float, load: float, lost: float) -> None:
    digits = 1e-11 if servers % 1 else 1e-13
    assert close(blocking(servers, load), lost, digits) or lost == blocking(servers, load)


@given(st.integers(0, 60), st.fractions(Fraction(1, 50), Fraction(80)))
def test_blocking_is_the_exact_fraction(servers: int, load: Fraction) -> None:
    term = total = Fraction(1)
    for k in range(1, servers + 1):
        term = term * load / k
        total += term
    exact = term / total
    # the load's own rounding to a float counts too
    assert close(blocking(servers, float(load)), float(exact), 1e-12)


def test_whole_numbers_of_servers_join_smoothly_with_fractions() -> None:
    for load in (0.3, 1.7, 12.0, 300.0):
        for servers in (1, 7, 40):
            left, right = blocking(servers - 1e-9, load), blocking(servers + 1e-9, load)
            assert left > blocking(servers, load) > right
            assert close(left, right, 1e-7)


def test_trunks_as_published() -> None:
    assert trunks(10, 0.02) == 17
    assert trunks(8.108, 0.01) == 15
    assert trunks(0, 0.01) == 0


def test_the_engineering_table_of_one_percent() -> None:
    """Loads printed to 0.1 E: the line that is printed for a load blocks about 1 %."""
    loads = (
        "0.010 0.153 0.455 0.869 1.361 1.9 2.5 3.1 3.8 4.5 5.2 5.9 6.6 7.4 8.1 8.9 9.7 10.4 11.2 "
        "12.0 12.8 13.7 14.5 15.3 16.1 17.0 17.8 18.6 19.5 20.3 21.2 22.0 22.9 23.8 24.6 25.5 26.4 "
        "27.3 28.2 29.0 29.9 30.8 31.7 32.5 33.4"
    )
    for lines, load in enumerate(map(float, loads.split()), start=1):
        spread = 0.1 if lines > 5 else 0.001
        assert blocking(lines, load - spread) < 0.01 < blocking(lines, load + spread)


CALLS_A_HALF_HOUR = [
    # n, waiting, within 20 s, mean wait, occupancy: CRAN ErlangC's README, A = 10, AHT 180 s
    (11, 0.6821182, 0.3896138, 122.78128, 0.9090909),
    (12, 0.4493882, 0.640158, 40.44494, 0.8333333),
    (13, 0.2852705, 0.7955948, 17.116227, 0.7692308),
    (14, 0.1741319, 0.88835, 7.8359370, 0.7142857),
]


@pytest.mark.parametrize("row", CALLS_A_HALF_HOUR)
def test_waiting_as_published(row: tuple[int, float, float, float, float]) -> None:
    seats, waiting, level, wait, busy = row
    queue = PatientQueue(seats, 10, 180)
    assert close(queue.waiting, waiting, 1e-6)
    assert close(queue.service_level(20), level, 1e-6)
    assert close(queue.mean_wait_s, wait, 1e-6)
    assert close(queue.occupancy, busy, 1e-6)


@pytest.mark.parametrize(
    ("seats", "load", "waiting"),
    [
        (15, 10, 0.10204236700798798),
        (35, 0.1 / 0.0033, 0.3121925015328496),
        (40, 0.1 / 0.0033, 0.06278834613535761),
        (35, 24, 0.023521116861458607),
        (35, 90 / 3.0033, 0.2816872350258893),
        (132, 123, 0.3211161792617074),
    ],
)
def test_chances_to_wait_as_published(seats: int, load: float, waiting: float) -> None:
    assert close(PatientQueue(seats, load, 180).waiting, waiting, 1e-12)


def test_service_levels_and_waits_as_published() -> None:
    assert close(PatientQueue(15, 10, 180).service_level(20), 0.9414528428690223)
    assert close(PatientQueue(35, 0.1 / 0.0033, 1 / 0.0033).service_level(20), 0.7710233599946846)
    assert close(PatientQueue(40, 0.1 / 0.0033, 1 / 0.0033).service_level(20), 0.9668921807646333)
    page = PatientQueue(55, 48, 240)
    assert (round(page.waiting, 4), round(page.mean_wait_s, 3)) == (0.2387, 8.184)
    assert round(page.service_level(15), 4) == 0.8459
    assert round(PatientQueue(13, 10.5, 180).mean_wait_s, 2) == 26.56
    # simulated as published: the stationary queue is in reach of the day begun empty
    day = PatientQueue(12, 8.4, 120)
    assert 0.895 < day.service_level(20) < 0.904
    assert close(day.occupancy, 0.7)


def test_far_tails_do_not_vanish() -> None:
    assert close(PatientQueue(135, 0.1 / 0.0033, 1).waiting, 3.3170371593189645e-44, 1e-9)
    assert close(PatientQueue(50, 0.1 / 0.133, 1).waiting, 1.010150818440181e-71, 1e-9)


def test_without_enough_seats_everybody_waits_for_ever() -> None:
    queue = PatientQueue(5, 10, 180)
    assert (queue.waiting, queue.mean_wait_s, queue.service_level(1e6)) == (1.0, math.inf, 0.0)
    assert queue.queue_length == math.inf


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        # n, A, AHT, patience, T -> waiting, abandoned, wait, offered, answered
        ((12, 10, 412, 120, 15), (0.23309043, 0.07856635, 9.42796, 0.80797424, 0.87686644)),
        ((100, 100, 300, 120, 20), (0.40402057, 0.04881092, 5.85731, 0.85171527, 0.89542163)),
        ((195, 200, 300, 120, 20), (0.51063614, 0.04906891, 5.88827, 0.87068038, 0.91560828)),
        ((10, 20, 180, 60, 20), (0.93491504, 0.50534769, 30.32086, 0.17686074, 0.35754557)),
        ((14, 10, 180, 300, 20), (0.14526011, 0.01398374, 4.19512, 0.9167921, None)),
        ((50, 48, 60, 120, 20), (None, 0.0309122, 3.70947, None, None)),
        ((13, 10.5, 180, 300, 20), (None, 0.033042675, 9.9128026, None, None)),
        ((9, 10.5, 180, 300, 20), (None, 0.18872812, 56.618435, None, None)),
        ((12, 8.4, 120, 60, 20), (None, 0.029679, None, None, None)),
    ],
)
def test_impatience_as_published(case: tuple[float, ...], wanted: tuple[float | None, ...]) -> None:
    seats, load, handling, patience, within = case
    queue = ImpatientQueue(seats, load, handling, patience)
    found = (
        queue.waiting,
        queue.abandoned,
        queue.mean_wait_s,
        queue.answered_within(within),
        queue.answered_within_of_answered(within),
    )
    for value, right in zip(found, wanted, strict=True):
        assert right is None or close(value, right, 2e-5)


def test_patience_as_long_as_handling_makes_seats_of_the_queue() -> None:
    """Then M/M/n+M is M/M/∞: waiting is P(Poisson(A) >= n)."""
    for seats, load in ((10, 10.0), (4, 20.0), (30, 12.5)):
        below = sum(math.exp(-load) * load**k / math.factorial(k) for k in range(seats))
        assert close(ImpatientQueue(seats, load, 180, 180).waiting, 1 - below, 1e-10)


@settings(max_examples=150)
@given(
    st.floats(0.01, 400),
    st.floats(0.2, 1.8),
    st.sampled_from([30.0, 180.0, 420.0]),
    st.sampled_from([5.0, 60.0, 1000.0]),
    st.sampled_from([1.0, 15.0, 120.0]),
)
def test_laws_of_impatience(
    load: float, share: float, handling: float, patience: float, within: float
) -> None:
    seats = max(1, round(load * share))
    queue = ImpatientQueue(seats, load, handling, patience)
    more = ImpatientQueue(seats + 1, load, handling, patience)
    assert 0.0 <= queue.abandoned <= queue.waiting <= 1.0
    # what is served is what the seats do; P(Ab) = E[W] / patience
    assert close(queue.occupancy * seats, load * queue.answer_rate, 1e-9)
    assert close(queue.abandoned, queue.mean_wait_s / patience, 1e-9)
    assert (
        queue.answered_within(within) <= min(queue.answer_rate, queue.waiting_less(within)) + 1e-12
    )
    assert queue.answered_within(within) <= queue.answered_within_of_answered(within) + 1e-12
    assert queue.answered_within(within) <= queue.answered_within_of_patient(within) + 1e-12
    assert more.answer_rate >= queue.answer_rate - 1e-12
    assert more.answered_within(within) >= queue.answered_within(within) - 1e-12
    assert close(queue.answered_within(1e6), queue.answer_rate, 1e-8)


def test_a_million_erlangs_and_none() -> None:
    crowd = ImpatientQueue(950_000, 1e6, 300, 120)
    assert close(crowd.abandoned, 0.05, 1e-9)
    assert close(ImpatientQueue(5, 100, 300, 1e7).abandoned, 0.95, 1e-9)
    nobody = ImpatientQueue(0, 0, 300, 120)
    assert (nobody.waiting, nobody.answer_rate, nobody.answered_within(15)) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("model", "case", "wanted"),
    [
        # n, A, AHT, patience, T; summed and integrated with 30 digits (mpmath)
        ("B", (99000, 100000, None, None, None), {"P_block": 0.010851540859187986}),
        (
            "C",
            (100500, 100000, 300, None, 20),
            {"P_wait": 0.07151693370109664, "SL_offered": 0.9999999999999998},
        ),
        (
            "A",
            (1000, 1000, 300, 120, 20),
            {
                "P_wait": 0.3926077680010259,
                "P_abandon": 0.01545400965411702,
                "SL_offered": 0.9841405642600564,
            },
        ),
        (
            "A",
            (700, 1000, 300, 300, 30),
            {"P_wait": 1.0, "P_abandon": 0.3, "SL_offered": 5.403335515864079e-13},
        ),
        (
            "A",
            (980, 900, 180, 1000, 10),
            {
                "P_wait": 0.004814358962126277,
                "P_abandon": 1.0322386982610684e-05,
                "SL_offered": 0.9999503380897777,
            },
        ),
    ],
)
def test_large_queues_to_the_last_digits(
    model: str, case: tuple[float | None, ...], wanted: dict[str, float]
) -> None:
    names = ("n", "a_erlang", "aht_s", "patience_s", "t_s")
    found = compute(model, dict(zip(names, case, strict=True)))
    for name, value in wanted.items():
        assert close(found[name], value, 1e-12)


@pytest.mark.parametrize(
    ("load", "handling", "targets", "patience", "seats"),
    [
        (10, 180, Targets(service_level=0.8, within_s=20, occupancy=0.85), None, 14),
        (20, 300, Targets(service_level=0.8, within_s=20), None, 25),
        (1000, 300, Targets(service_level=0.8, within_s=20), None, 1015),
        (250 * 330 / 3600, 330, Targets(service_level=0.8, within_s=30), None, 28),
        (27.083, 150, Targets(mean_wait_s=5), None, 34),
        (27.083, 150, Targets(service_level=0.94, within_s=20), None, 34),
        (20, 180, Targets(service_level=0.8, within_s=60), None, 23),
        (0.6, 300, Targets(service_level=0.4, within_s=20), None, 1),
        (10.6, 300, Targets(service_level=0.5, within_s=600), None, 11),
        (200, 300, Targets(answer_rate=0.95, service_level=0.8, within_s=20), 120, 195),
        (
            10,
            180,
            Targets(answer_rate=0.95, service_level=0.8, within_s=20, occupancy=0.85),
            300,
            13,
        ),
        (0, 300, Targets(answer_rate=0.95), 120, 0),
    ],
)
def test_seats(
    load: float, handling: float, targets: Targets, patience: float | None, seats: int
) -> None:
    assert required_seats(load, handling, targets, patience) == seats
    assert required_seats_many([load, load], handling, targets, patience).tolist() == [seats] * 2


@pytest.mark.parametrize("patience", [None, 60.0, 600.0])
def test_many_at_once_are_what_they_are_one_by_one(patience: float | None) -> None:
    random.seed(7)
    loads = [10 ** random.uniform(-2, 2.8) for _ in range(60)]
    wants = [Targets(service_level=0.8, within_s=15), Targets(waiting=0.2, occupancy=0.9)]
    if patience is not None:
        wants.append(Targets(answer_rate=0.95))
    for targets in wants:
        one_by_one = [required_seats(load, 420, targets, patience) for load in loads]
        assert required_seats_many(loads, 420, targets, patience).tolist() == one_by_one


@pytest.mark.parametrize(
    ("loads", "handling", "patience", "targets"),
    [
        ([999.0, 1000.0, 5e3, 2e4, 1e5, 2e4], 300, 120, Targets(service_level=0.8, within_s=20)),
        ([1e6, 3.0], 300, 120, Targets(answer_rate=0.95)),
        ([900.0, 80.0, 3.0], 30, 3000, Targets(service_level=0.5, within_s=600)),
        ([900.0, 80.0, 3.0], 30, 590, Targets(service_level=0.1, within_s=60)),
        ([900.0, 80.0, 3.0], 3000, 30, Targets(service_level=0.8, within_s=20)),
        ([300.0, 80.0, 3.0], 300, 120, Targets(occupancy=0.8)),
        ([900.0, 80.0, 3.0], 300, 120, Targets(mean_wait_s=5)),
        ([900.0, 80.0, 3.0], 300, 120, Targets(mean_wait_s=500)),
        ([900.0, 80.0, 3.0], 300, 120, Targets(waiting=0.1)),
    ],
)
def test_many_are_right_at_every_size(
    loads: list[float], handling: float, patience: float, targets: Targets
) -> None:
    """Where weights overflow, where patience is endless, where no share gives a start."""
    one_by_one = [required_seats(load, handling, targets, patience) for load in loads]
    assert required_seats_many(loads, handling, targets, patience).tolist() == one_by_one


def test_blocking_of_many() -> None:
    servers, loads = np.array([0, 3, 40, 5000]), np.array([2.0, 2.0, 60.0, 5000.0])
    found = 1.0 / inverse_blocking_many(servers, loads)
    for one, n, load in zip(found, servers, loads, strict=True):
        assert close(float(one), blocking(int(n), float(load)))


def test_shrinkage_is_counted_exactly() -> None:
    assert [rostered_seats(n, 0.3) for n in (21, 42, 84)] == [30, 60, 120]
    assert rostered_seats(0, 0.3) == 0
    assert rostered_seats(10.5, 0.25) == 14


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ImpatientQueue(-1, 10, 300, 120), "n"),
        (lambda: ImpatientQueue(10, math.nan, 300, 120), "a_erlang"),
        (lambda: ImpatientQueue(10, 10, 0, 120), "aht_s"),
        (lambda: ImpatientQueue(10, 10, 300, 0), "patience_s"),
        (lambda: PatientQueue(10, math.inf, 300), "a_erlang"),
        (lambda: PatientQueue(10, 5, 300).service_level(-1), "t_s"),
        (lambda: Targets(answer_rate=1.0), "answer_rate"),
        (lambda: Targets(), "targets"),
        (lambda: required_seats(5, 300, Targets(answer_rate=0.95)), "patience_s"),
        (lambda: required_seats_many([1, -2], 300, Targets(waiting=0.1)), "a_erlang[1]"),
        (lambda: rostered_seats(10, 1.0), "shrinkage"),
        (lambda: trunks(10, 0), "blocking"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(make: object, field: str) -> None:
    with pytest.raises(PlanInputError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.field == field
