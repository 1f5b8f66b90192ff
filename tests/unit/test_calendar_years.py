"""Days off and swapped workdays: our files against two packages that others keep."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from holidays.countries.china import China

from hotline.calendar import Basis, Calendar, CalendarError
from hotline.calendar.calendar import unannounced
from hotline.calendar.years import DATA, load_year, read_year, statutory_year

pytestmark = pytest.mark.unit
ANNOUNCED = range(2020, 2027)


def days(year: int) -> list[date]:
    first = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - first).days
    return [first + timedelta(days=n) for n in range(count)]


@pytest.mark.parametrize("year", ANNOUNCED)
def test_every_day_of_a_file_is_what_two_packages_say(year: int) -> None:
    ours = load_year(year)
    assert ours is not None
    assert ours.basis is Basis.NOTICE
    assert f"〔{year - 1}〕" in ours.source
    other = China(years=year)
    for day in days(year):
        assert ours.is_workday(day) == chinese_calendar.is_workday(day), day
        assert ours.is_workday(day) == other.is_working_day(day), day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2025-01-26", True),  # Sunday, worked for the Spring Festival
        ("2025-01-27", True),
        ("2025-01-28", False),  # New Year's eve by the lunar calendar
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-02-08", True),  # Saturday
        ("2025-09-28", True),  # Sunday, worked for the National Day
        ("2025-10-08", False),
        ("2025-10-11", True),  # Saturday
        ("2026-01-02", False),
        ("2026-01-04", True),  # Sunday
        ("2026-02-14", True),  # Saturday, worked for the Spring Festival
        ("2026-02-16", False),
        ("2026-02-23", False),
        ("2026-02-28", True),
        ("2026-09-20", True),  # Sunday, worked for the National Day
        ("2026-10-07", False),
        ("2026-10-10", True),
        ("2020-02-01", False),  # the Spring Festival made longer; was to be worked
    ],
)
def test_days_people_remember(day: str, works: bool) -> None:
    assert Calendar().is_workday(date.fromisoformat(day)) is works


def test_2027_is_by_rule_until_its_notice_is_known_and_says_so() -> None:
    ours = load_year(2027)
    assert ours is not None
    assert ours.basis is Basis.PROVISIONAL
    computed = statutory_year(2027)
    assert [ours.is_workday(d) for d in days(2027)] == [computed.is_workday(d) for d in days(2027)]
    assert [year.year for year in unannounced(Calendar(), date(2026, 11, 26))] == [2027]
    assert [*unannounced(Calendar(), date(2026, 10, 1))] == []


@pytest.mark.parametrize(
    "off",
    [
        "2028-01-26",  # Spring Festival
        "2028-05-29",  # Dragon Boat Festival on a Sunday, its day off on Monday
        "2028-10-02",
        "2029-02-13",  # Spring Festival
        "2030-02-03",  # Spring Festival
        "2030-02-04",
    ],
)
def test_years_without_a_file_have_the_statutory_holidays(off: str) -> None:
    calendar = Calendar()
    day = date.fromisoformat(off)
    assert not calendar.is_workday(day)
    assert calendar.year(day.year).basis is Basis.COMPUTED


def test_far_years_have_weekends_only() -> None:
    calendar = Calendar()
    assert calendar.is_workday(date(2150, 10, 1)) is (date(2150, 10, 1).weekday() < 5)


def test_an_operators_file_goes_before_ours(tmp_path: Path) -> None:
    text = (DATA / "2027.yaml").read_text(encoding="utf-8")
    text = text.replace("provisional: true", "provisional: false")
    text = text.replace("notice: null", "notice: 国办发明电〔2026〕0号")
    text = text.replace("swapped_workdays: []", "swapped_workdays: [2027-02-20]")
    (tmp_path / "2027.yaml").write_text(text, encoding="utf-8")
    calendar = Calendar(own=tmp_path)
    assert calendar.is_workday(date(2027, 2, 20))
    assert not Calendar().is_workday(date(2027, 2, 20))
    assert calendar.year(2027).source == "国办发明电〔2026〕0号"
    assert calendar.year(2026).basis is Basis.NOTICE


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("year: 2026", "year: 2025", "the file's name says 2026"),
        ("2026-01-04", "2026-01-05", "no Saturday or Sunday"),
        ("2026-01-04", "2026-01-03", "both off and worked"),
        ("last: 2026-10-07", "last: 2026-12-07", "国庆节"),
        ("first: 2026-10-01", "first: 2026-10-09", "国庆节"),
        ("notice: 国办发明电〔2025〕7号", "notice: null", "give its number"),
        ("workdays: [", "workdays: [2027-01-02, ", "another year"),
        ("provisional: false", "provisional: maybe", "provisional"),
        ("year: 2026", "year: [", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (DATA / "2026.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "2026.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CalendarError, match=says) as caught:
        read_year(path, 2026)
    assert "2026.yaml" in str(caught.value)
