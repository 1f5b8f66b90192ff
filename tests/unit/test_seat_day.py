"""A seat's day: sums of its intervals."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.analysis.seat_day import seat_days
from hotline.domain.seats import BreakReason, SeatCause, SeatInterval, SeatState

pytestmark = pytest.mark.unit
T0 = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)


def interval(
    begin: float,
    end: float,
    state: SeatState,
    cause: SeatCause,
    reason: BreakReason | None = None,
    person: str = "anna",
) -> SeatInterval:
    """Seconds after T0."""
    at = [T0 + timedelta(seconds=seconds) for seconds in (begin, end)]
    return SeatInterval(person, state, reason, at[0], at[1], cause)


DAY = [
    interval(0, 60, SeatState.SIGNED_IN, SeatCause.READY),
    interval(60, 100, SeatState.READY, SeatCause.RING),
    interval(100, 105, SeatState.RINGING, SeatCause.ANSWER),
    interval(105, 205, SeatState.TALKING, SeatCause.HOLD),
    interval(205, 225, SeatState.HELD, SeatCause.RESUME),
    interval(225, 305, SeatState.TALKING, SeatCause.END),
    interval(305, 335, SeatState.WRAP_UP, SeatCause.READY),
    interval(335, 340, SeatState.READY, SeatCause.RING),
    interval(340, 360, SeatState.RINGING, SeatCause.MISS),
    interval(360, 660, SeatState.BREAK, SeatCause.BREAK, BreakReason.REST),
    interval(660, 960, SeatState.BREAK, SeatCause.READY, BreakReason.MEAL),
]


def test_the_sums_of_a_day() -> None:
    (day,) = seat_days(DAY, T0, T0 + timedelta(hours=1))
    assert (day.answered, day.missed) == (1, 1)
    assert day.signed_in == timedelta(seconds=960)
    assert day.talking == timedelta(seconds=200)
    assert day.handling == timedelta(seconds=230)
    assert day.by_reason == {"小休": timedelta(minutes=5), "就餐": timedelta(minutes=5)}


def test_what_reaches_over_the_ends_is_cut() -> None:
    since, until = T0 + timedelta(seconds=600), T0 + timedelta(seconds=700)
    (day,) = seat_days(DAY, since, until)
    assert day.signed_in == timedelta(seconds=100)
    assert day.by_reason == {"小休": timedelta(seconds=60), "就餐": timedelta(seconds=40)}
    assert day.handling is None


def test_everybody_has_sums_of_their_own() -> None:
    other = interval(0, 10, SeatState.READY, SeatCause.RING, person="bert")
    days = seat_days([*DAY, other], T0, T0 + timedelta(hours=1))
    assert [day.person_id for day in days] == ["anna", "bert"]
    assert seat_days([], T0, T0) == []


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8))
def test_a_stretch_is_the_sum_of_its_parts(spans: list[tuple[int, int]]) -> None:
    found = [
        interval(min(a, b), max(a, b), SeatState.READY, SeatCause.RING) for a, b in spans if a != b
    ]
    whole = seat_days(found, T0, T0 + timedelta(seconds=500))
    parts = [
        *seat_days(found, T0, T0 + timedelta(seconds=200)),
        *seat_days(found, T0 + timedelta(seconds=200), T0 + timedelta(seconds=500)),
    ]
    total = sum((day.signed_in for day in whole), timedelta(0))
    assert total == sum((day.signed_in for day in parts), timedelta(0))
