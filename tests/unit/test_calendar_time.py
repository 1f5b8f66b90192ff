"""Working time: deadlines people can check by hand, and laws that hold for all moments."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.calendar import CHINA, Calendar, CalendarError, Span, WorkingHours, china_calendar

pytestmark = pytest.mark.unit
CALENDAR = Calendar()
for year in range(2017, 2032):
    CALENDAR.year(year)  # loaded before examples are timed
moments = st.integers(0, 9 * 365 * 86_400_000).map(
    lambda ms: datetime(2019, 12, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
lengths = st.floats(-400 * 3600, 400 * 3600, allow_nan=False).map(lambda s: round(s, 3))
spans = st.sampled_from(["1wd", "2wd", "5wd", "15wd", "1wh", "4wh", "30wh", "1h", "26h", "90m"])


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("received", "span", "due"),
    [
        # the day itself does not count; the last day ends when offices close
        ("2026-03-05 09:00", "1wd", "2026-03-06 17:30"),  # Thursday
        ("2026-03-06 08:00", "1wd", "2026-03-09 17:30"),  # Friday
        ("2026-03-06 23:59", "1wd", "2026-03-09 17:30"),
        ("2026-03-07 10:00", "1wd", "2026-03-09 17:30"),  # Saturday
        ("2026-03-05 09:00", "5wd", "2026-03-12 17:30"),
        # Spring Festival 2026: 15th to 23rd off, Saturdays 14th and 28th worked
        ("2026-02-13 16:00", "1wd", "2026-02-14 17:30"),
        ("2026-02-13 16:00", "2wd", "2026-02-24 17:30"),
        ("2026-02-13 16:00", "6wd", "2026-02-28 17:30"),
        # Spring Festival 2025: 28 January to 4 February off, Sunday 26th and Saturday 8th worked
        ("2025-01-24 16:00", "1wd", "2025-01-26 17:30"),
        ("2025-01-24 16:00", "3wd", "2025-02-05 17:30"),
        ("2025-01-24 16:00", "6wd", "2025-02-08 17:30"),
        # National Day 2026: 1st to 7th off, Sunday 20 September and Saturday 10 October worked
        ("2026-09-18 09:00", "1wd", "2026-09-20 17:30"),
        ("2026-09-30 18:00", "1wd", "2026-10-08 17:30"),
        ("2026-09-30 18:00", "3wd", "2026-10-10 17:30"),
        # an hour in an emergency runs round the clock, holidays too
        ("2026-10-01 23:40", "1h", "2026-10-02 00:40"),
        ("2026-10-01 23:40", "30m", "2026-10-02 00:10"),
        # working hours
        ("2026-03-05 11:00", "2wh", "2026-03-05 15:00"),
        ("2026-03-06 17:00", "1wh", "2026-03-09 09:00"),
        ("2026-03-05 08:30", "7wh", "2026-03-05 17:30"),
        ("2026-02-14 17:00", "1wh", "2026-02-24 09:00"),
    ],
)
def test_deadlines_as_people_count_them(received: str, span: str, due: str) -> None:
    assert CALENDAR.add(china(received), Span.parse(span)) == china(due)


@pytest.mark.parametrize(
    ("due", "span", "at"),
    [
        ("2026-03-12 17:30", "1wd", "2026-03-11 17:30"),
        ("2026-03-09 11:20", "1wd", "2026-03-06 11:20"),
        ("2026-10-08 17:30", "1wd", "2026-09-30 17:30"),
        ("2026-10-08 09:00", "1wh", "2026-09-30 17:00"),
        ("2026-10-08 09:30", "1wh", "2026-10-08 08:30"),
        ("2026-10-02 00:40", "15m", "2026-10-02 00:25"),
    ],
)
def test_moments_before_a_deadline(due: str, span: str, at: str) -> None:
    assert CALENDAR.before(china(due), Span.parse(span)) == china(at)


def test_working_moments() -> None:
    assert CALENDAR.is_working(china("2026-02-14 08:30"))  # a Saturday that is worked
    assert not CALENDAR.is_working(china("2026-02-14 12:00"))
    assert not CALENDAR.is_working(china("2026-02-16 10:00"))
    assert CALENDAR.next_working(china("2026-02-14 17:30")) == china("2026-02-24 08:30")
    assert CALENDAR.next_working(china("2026-02-14 12:30")) == china("2026-02-14 14:00")
    assert CALENDAR.next_working(china("2026-02-14 15:00")) == china("2026-02-14 15:00")
    assert CALENDAR.windows(date(2026, 2, 16)) == ()


@given(moments, lengths)
def test_between_is_the_inverse_of_adding(at: datetime, seconds: float) -> None:
    then = CALENDAR.add_working(at, seconds)
    assert CALENDAR.between(at, then) == pytest.approx(seconds, abs=1e-4)


@given(moments, moments.map(CALENDAR.next_working))
def test_adding_what_is_between_comes_back(a: datetime, b: datetime) -> None:
    """Within working time; at its edges the night before and the morning are the same to it."""
    b += timedelta(milliseconds=1)
    then = CALENDAR.add_working(a, CALENDAR.between(a, b))
    assert abs(then - b) < timedelta(milliseconds=1)


@given(moments, moments, moments)
def test_working_time_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    total = CALENDAR.between(a, b) + CALENDAR.between(b, c)
    assert CALENDAR.between(a, c) == pytest.approx(total, abs=1e-4)
    assert CALENDAR.between(a, b) == -CALENDAR.between(b, a)


@given(moments, lengths, lengths)
def test_adding_is_monotone_in_length(at: datetime, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert CALENDAR.add_working(at, low) <= CALENDAR.add_working(at, high)


@given(moments, moments, spans)
def test_who_comes_first_is_due_first(a: datetime, b: datetime, written: str) -> None:
    first, second = sorted((a, b))
    span = Span.parse(written)
    assert CALENDAR.add(first, span) <= CALENDAR.add(second, span)
    assert CALENDAR.add(first, span) > first


@given(moments, spans, st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin"]))
def test_the_zone_a_moment_is_given_in_does_not_matter(
    at: datetime, written: str, zone: str
) -> None:
    """Other countries' summer time must not move a deadline."""
    span = Span.parse(written)
    elsewhere = at.astimezone(ZoneInfo(zone))
    assert CALENDAR.add(elsewhere, span) == CALENDAR.add(at, span)
    assert CALENDAR.between(elsewhere, at) == 0
    assert CALENDAR.is_working(elsewhere) == CALENDAR.is_working(at)


@given(st.dates(date(2020, 1, 1), date(2028, 12, 31)), st.integers(1, 30))
def test_working_days_forward_and_back(day: date, count: int) -> None:
    later = CALENDAR.workday_after(day, count)
    assert CALENDAR.is_workday(later)
    if CALENDAR.is_workday(day):
        assert CALENDAR.workday_before(later, count) == day


@given(moments)
def test_a_deadline_in_working_days_is_closing_time_of_a_workday(at: datetime) -> None:
    due = CALENDAR.add(at, Span.parse("3wd")).astimezone(CHINA)
    assert CALENDAR.is_workday(due.date())
    assert (due.hour, due.minute) == (17, 30)
    day_after_receipt = datetime.combine(
        at.astimezone(CHINA).date() + timedelta(days=1), datetime.min.time(), CHINA
    )
    assert CALENDAR.between(day_after_receipt, due) == 3 * CALENDAR.hours.seconds


def test_other_working_hours() -> None:
    calendar = china_calendar(("09:00-17:00",))
    assert calendar is china_calendar(("09:00-17:00",))
    assert calendar.add(china("2026-03-05 10:00"), Span.parse("1wd")) == china("2026-03-06 17:00")
    assert calendar.add(china("2026-03-05 16:00"), Span.parse("3wh")) == china("2026-03-06 11:00")


@pytest.mark.parametrize(
    "written", ["", "5", "wd", "-1wd", "0h", "1.5wd", "1 day", "5WD", "999999h", "１wd"]
)
def test_a_span_written_wrong_is_refused(written: str) -> None:
    with pytest.raises(CalendarError, match="span"):
        Span.parse(written)


@pytest.mark.parametrize("written", ["5wd", "0.5wh", "1h", "30m"])
def test_a_span_is_written_as_read(written: str) -> None:
    assert str(Span.parse(written)) == written


@pytest.mark.parametrize(
    "written",
    [[], ["8-12"], ["12:00-08:00"], ["14:00-17:30", "08:30-12:00"], ["08:00-12:00", "11:00-13:00"]],
)
def test_working_hours_written_wrong_are_refused(written: list[str]) -> None:
    with pytest.raises(CalendarError, match="working hours"):
        WorkingHours.parse(written)


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        CALENDAR.is_working(datetime(2026, 3, 5, 9))  # noqa: DTZ001
    assert CALENDAR.is_working(datetime(2026, 3, 5, 9, tzinfo=timezone(timedelta(hours=8))))
