"""When people are rung: hypothesis over results, tries and moments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.callbacks.plan import (
    Again,
    Over,
    RingPolicy,
    after,
    check_later,
    first,
    in_sample,
    wait,
    wanted,
)
from dispatch.daytime import DailyWindow
from dispatch.numbers import CHINA, make_order_no
from hotline.domain.order_codes import RingKind, RingResult

pytestmark = pytest.mark.unit
HOURS = DailyWindow.parse("08:30-20:30")


def next_working(at: datetime) -> datetime:
    """Monday to Friday 09:00-17:00 in China."""
    moment = at.astimezone(CHINA)
    while True:
        if moment.weekday() < 5 and moment.hour < 17:
            return max(moment, moment.replace(hour=9, minute=0, second=0, microsecond=0))
        moment = (moment + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


POLICY = RingPolicy(
    hours=HOURS,
    sample=0.2,
    max_tries=4,
    first_wait=timedelta(minutes=30),
    factor=4.0,
    longest_wait=timedelta(hours=24),
    asked_within=timedelta(hours=2),
    next_working=next_working,
)
MOMENTS = st.integers(0, 200_000_000).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
KINDS = st.sampled_from(
    [
        (RingKind.CALLBACK, "asked"),
        (RingKind.CALLBACK, "emergency"),
        (RingKind.CALLBACK, "more_information"),
        (RingKind.FOLLOW_UP, "resolved"),
        (RingKind.FOLLOW_UP, "dissatisfied"),
    ]
)


def china(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@given(KINDS, MOMENTS, st.booleans())
def test_nobody_is_rung_out_of_hours_but_in_an_emergency(
    what: tuple[RingKind, str], now: datetime, at_work: bool
) -> None:
    due = first(POLICY, *what, now, at_work=at_work)
    assert now <= due.next_at <= due.due_at
    if what[1] == "emergency":
        assert due.next_at == now
        return
    assert HOURS.holds(due.next_at)
    assert HOURS.holds(due.due_at)
    if at_work:
        assert next_working(due.next_at) == due.next_at


@given(st.sampled_from(list(RingResult)), st.integers(0, 6), MOMENTS, st.booleans(), st.booleans())
def test_every_result_ends_or_comes_again_later(
    result: RingResult, tries: int, now: datetime, urgent: bool, at_work: bool
) -> None:
    agreed = now + timedelta(days=1)
    then = after(POLICY, result, tries, now, urgent=urgent, at_work=at_work, later=agreed)
    if isinstance(then, Over):
        assert then.tries == tries + 1
        assert result is not RingResult.LATER
        reached = result in (RingResult.REACHED, RingResult.REFUSED)
        assert then.state == ("done" if reached else "given_up")
        wrong = result is RingResult.WRONG_NUMBER
        assert reached or wrong or then.tries >= POLICY.max_tries
        return
    assert then.at > now
    if result is RingResult.LATER:
        assert (then.at, then.tries) == (agreed, tries), "what was agreed holds, and is no failure"
    else:
        assert then.tries == tries + 1 < POLICY.max_tries
        assert urgent or HOURS.holds(then.at)


@given(MOMENTS, st.sampled_from([RingResult.NO_ANSWER, RingResult.BUSY, RingResult.OFF]))
def test_whoever_never_answers_is_given_up_after_so_many_tries(
    now: datetime, result: RingResult
) -> None:
    tries, rung = 0, 0
    while True:
        rung += 1
        then = after(POLICY, result, tries, now, urgent=False, at_work=False)
        if isinstance(then, Over):
            break
        now, tries = then.at, then.tries
    assert rung == then.tries == POLICY.max_tries
    assert then.state == "given_up"


@given(
    st.integers(1, 12),
    st.floats(1, 1000),
    st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_waits_grow_and_stay_within_bounds(
    tries: int, factor: float, begin: timedelta, longest: timedelta
) -> None:
    policy = replace(POLICY, factor=factor, first_wait=begin, longest_wait=longest)
    waits = [wait(policy, count, urgent=False) for count in range(1, tries + 1)]
    assert waits == sorted(waits)
    assert waits[0] == begin
    assert all(found <= max(longest, begin) for found in waits)


def test_usual_waits() -> None:
    hours = [wait(POLICY, tries, urgent=False) / timedelta(hours=1) for tries in (1, 2, 3, 4)]
    assert hours == [0.5, 2, 8, 24]
    assert wait(POLICY, 1, urgent=True) == timedelta(minutes=5)


def test_friday_evening_an_institution_rings_on_monday_the_hotline_on_saturday() -> None:
    friday = china("2026-03-06T21:00:00")
    kind = RingKind.CALLBACK
    assert first(POLICY, kind, "asked", friday, at_work=True).next_at == china(
        "2026-03-09T09:00:00"
    )
    assert first(POLICY, kind, "asked", friday, at_work=False).next_at == china(
        "2026-03-07T08:30:00"
    )


def test_whoever_asked_is_rung_within_two_hours_a_sample_the_next_day() -> None:
    now = china("2026-03-05T10:00:00")
    due = first(POLICY, RingKind.CALLBACK, "asked", now, at_work=False)
    assert (due.next_at, due.due_at) == (now, china("2026-03-05T12:00:00"))
    due = first(POLICY, RingKind.FOLLOW_UP, "dissatisfied", now, at_work=False)
    assert (due.next_at, due.due_at) == (now, china("2026-03-06T10:00:00"))
    due = first(POLICY, RingKind.FOLLOW_UP, "resolved", now, at_work=False)
    assert due.next_at == china("2026-03-06T10:00:00"), "the party may rate by link first"


def test_hours_set_apart_from_working_time_do_not_hang() -> None:
    apart = replace(POLICY, hours=DailyWindow.parse("18:00-19:00"))
    due = first(apart, RingKind.CALLBACK, "asked", china("2026-03-05T10:00:00"), at_work=True)
    assert due.next_at == china("2026-03-05T18:00:00")


def test_all_dissatisfied_and_a_share_of_the_rest_are_followed_up() -> None:
    orders = [make_order_no("20260305", number) for number in range(1, 10_001)]
    chosen = [no for no in orders if wanted(POLICY, RingKind.FOLLOW_UP, "resolved", no)]
    assert 0.18 < len(chosen) / len(orders) < 0.22
    assert chosen == [no for no in orders if in_sample(no, 0.2)], "the same every time"
    assert all(wanted(POLICY, RingKind.FOLLOW_UP, "dissatisfied", no) for no in orders[:100])
    assert all(wanted(POLICY, RingKind.CALLBACK, "asked", no) for no in orders[:100])


@given(st.integers(1, 99_999), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_takes_in_the_smaller(number: int, one: float, other: float) -> None:
    order_no = make_order_no("20260305", number)
    low, high = sorted((one, other))
    assert in_sample(order_no, high) or not in_sample(order_no, low)
    assert in_sample(order_no, 1.0)
    assert not in_sample(order_no, 0.0)


@pytest.mark.parametrize(
    "later",
    [None, datetime(2026, 3, 5, 12, 0), china("2026-03-05T09:59:59"), china("2026-04-05T10:00:00")],  # noqa: DTZ001
)
def test_a_moment_agreed_must_be_to_come_and_near(later: datetime | None) -> None:
    assert check_later(later, china("2026-03-05T10:00:00")) is not None


def test_a_moment_agreed_may_be_in_the_evening() -> None:
    evening = china("2026-03-05T21:30:00")
    now = china("2026-03-05T10:00:00")
    assert check_later(evening, now) is None
    then = after(POLICY, RingResult.LATER, 1, now, urgent=False, at_work=True, later=evening)
    assert then == Again(evening.astimezone(UTC), 1)
