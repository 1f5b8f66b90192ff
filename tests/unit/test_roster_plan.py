"""Overlaps, open times and gaps of a roster."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.order_codes import InstitutionKind
from hotline.domain.people import Institution
from hotline.roster.errors import DutyInputError
from hotline.roster.plan import CHINA, Duty, Weekdays, check_duty, gaps, open_spans, overlaps

pytestmark = pytest.mark.unit
MONDAY = datetime(2026, 3, 2, tzinfo=CHINA)
OFFICE = Weekdays(((time(8, 30), time(12)), (time(14), time(17, 30))))


def at(hour: float) -> datetime:
    return MONDAY + timedelta(hours=hour)


def duty(start: float, end: float, who: str = "A1", where: str = "x") -> Duty:
    return Duty(who, where, at(start), at(end))


def an_institution(*hours: tuple[int, str, str]) -> Institution:
    return Institution("x", "某处", InstitutionKind.WINDOW, "340100", hours=hours)


@pytest.mark.parametrize(
    ("start", "end", "field"), [(9, 9, "ends_at"), (9, 8, "ends_at"), (0, 37, "ends_at")]
)
def test_a_duty_that_cannot_be_is_refused(start: float, end: float, field: str) -> None:
    with pytest.raises(DutyInputError) as caught:
        check_duty(duty(start, end))
    assert caught.value.field == field


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 2, 8, 30)  # noqa: DTZ001
    with pytest.raises(DutyInputError, match="时区"):
        check_duty(Duty("A1", "x", naive, at(9)))


def test_duties_that_touch_do_not_overlap_and_the_same_twice_is_one() -> None:
    assert list(overlaps([duty(8, 12), duty(12, 17), duty(8, 12)])) == []
    assert list(overlaps([duty(8, 12), duty(9, 10, "B2")])) == []
    assert list(overlaps([duty(8, 12), duty(11, 17)])) == [(0, 1)]
    assert list(overlaps([duty(8, 12), duty(8, 12, where="y")])) == [(0, 1)]


def test_a_long_duty_is_found_behind_a_short_one() -> None:
    assert list(overlaps([duty(8, 20), duty(9, 10), duty(15, 16)])) == [(0, 1), (0, 2)]


def test_an_institution_without_hours_keeps_the_calendars() -> None:
    week = open_spans(an_institution(), MONDAY, MONDAY + timedelta(days=7), OFFICE)
    assert len(week) == 10
    assert week[0] == (at(8.5), at(12))


def test_its_own_hours_are_cut_to_the_time_asked_about() -> None:
    shop = an_institution((1, "08:30", "12:00"), (1, "22:00", "24:00"), (2, "09:00", "10:00"))
    assert open_spans(shop, at(9), at(23), OFFICE) == [(at(9), at(12)), (at(22), at(23))]
    assert open_spans(shop, at(23), at(48), OFFICE) == [(at(23), at(24)), (at(33), at(34))]


def test_gaps_are_what_nobody_covers() -> None:
    opened = [(at(8), at(12)), (at(14), at(18))]
    found = gaps("x", opened, [(at(9), at(10)), (at(9.5), at(11)), (at(13), at(15))])
    spans = [(gap.starts_at, gap.ends_at) for gap in found]
    assert spans == [(at(8), at(9)), (at(11), at(12)), (at(15), at(18))]
    assert gaps("x", opened, [(at(0), at(24))]) == []


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda s: (at(s[0]), at(s[0] + s[1]))),
    max_size=8,
)


@given(SPANS, SPANS)
def test_an_hour_is_in_a_gap_exactly_when_open_and_not_manned(opened, manned) -> None:  # type: ignore[no-untyped-def]
    found = gaps("x", opened, manned)
    for hour in range(55):
        middle = at(hour + 0.5)
        is_open = any(start <= middle < end for start, end in opened)
        is_manned = any(start <= middle < end for start, end in manned)
        in_gap = any(gap.starts_at <= middle < gap.ends_at for gap in found)
        assert in_gap == (is_open and not is_manned)


def test_a_weekend_has_no_windows() -> None:
    assert OFFICE.windows(date(2026, 3, 7)) == ()
    assert len(OFFICE.windows(date(2026, 3, 6))) == 2
