"""Days off and swapped workdays of a year: from its notice, or by rule where there is none yet.

Each year has a file ``<year>.yaml`` made from the notice of the State Council's General Office
(国务院办公厅关于…年部分节假日安排的通知). A file of the same name in an operator's own folder goes
before the shipped one, so that a notice takes effect the day it appears.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hotline.calendar.errors import CalendarError

DATA = Path(__file__).parent / "data"
_DAY = timedelta(days=1)


class Basis(StrEnum):
    """What a year's days rest on."""

    NOTICE = "notice"
    """The year's notice."""
    PROVISIONAL = "provisional"
    """A file made before the notice: statutory holidays, swapped days unknown."""
    COMPUTED = "computed"
    """No file: weekends and statutory holidays by rule."""


@dataclass(frozen=True, slots=True)
class Year:
    """The days of a year that are not what their weekday says."""

    year: int
    basis: Basis
    off: frozenset[date]
    """Days off: holidays, and weekdays given in exchange; weekends in between too."""
    work: frozenset[date]
    """Saturdays and Sundays worked in exchange (调休上班)."""
    source: str
    """The notice's number, or the rule."""

    def is_workday(self, day: date) -> bool:
        """Whether offices work on a day of this year."""
        if day.weekday() >= 5:
            return day in self.work
        return day not in self.off


class _Break(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    first: date
    last: date


class _YearIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    year: int = Field(ge=1950, le=2099)
    notice: str | None
    published: date | None
    source: str
    provisional: bool
    days_off: list[_Break] = Field(min_length=1)
    swapped_workdays: list[date]


def load_year(year: int, own: Path | None = None) -> Year | None:
    """A year's file, the operator's before ours; None: there is none. Raises CalendarError."""
    for folder in (own, DATA):
        path = folder / f"{year}.yaml" if folder else None
        if path is not None and path.is_file():
            return read_year(path, year)
    return None


def read_year(path: Path, year: int) -> Year:
    """One file. Raises CalendarError naming the file, the field and the mend."""
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        given = _YearIn.model_validate(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CalendarError(f"{path.name}: not valid YAML ({type(error).__name__})") from None
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise CalendarError(f"{path.name}: {where}: {wrong['msg']}") from None
    off = _days_off(path, given)
    _check(path, given, year, off)
    return Year(
        year=year,
        basis=Basis.PROVISIONAL if given.provisional else Basis.NOTICE,
        off=off,
        work=frozenset(given.swapped_workdays),
        source=given.notice or given.source,
    )


def _days_off(path: Path, given: _YearIn) -> frozenset[date]:
    days: set[date] = set()
    for item in given.days_off:
        if not timedelta(0) <= item.last - item.first < timedelta(days=20):
            raise CalendarError(
                f"{path.name}: days_off.{item.name}: last must follow first closely"
            )
        day = item.first
        while day <= item.last:
            days.add(day)
            day += _DAY
    return frozenset(days)


def _check(path: Path, given: _YearIn, year: int, off: frozenset[date]) -> None:
    if given.year != year:
        raise CalendarError(f"{path.name}: year is {given.year}; the file's name says {year}")
    if given.notice is None and not given.provisional:
        raise CalendarError(f"{path.name}: notice: give its number, or set provisional: true")
    for day in (*off, *given.swapped_workdays):
        if day.year != year:
            raise CalendarError(f"{path.name}: {day} is of another year; move it to its file")
    for day in given.swapped_workdays:
        if day.weekday() < 5:
            raise CalendarError(f"{path.name}: swapped_workdays: {day} is no Saturday or Sunday")
        if day in off:
            raise CalendarError(f"{path.name}: {day} is both off and worked; remove one")


@lru_cache(maxsize=64)
def statutory_year(year: int) -> Year:
    """Weekends and statutory holidays by rule; what a notice would swap is not known.

    全国年节及纪念日放假办法（国务院令第795号）第二条 names the days, 第六条 gives working days
    for those that fall on a weekend. Lunar dates and 清明 come from the package ``holidays``
    (1950 to 2099; outside of these, weekends only).
    """
    from holidays.countries.china import China  # a large package, needed for years without a file

    off: frozenset[date] = frozenset()
    if 1950 <= year <= 2099:
        found = China(years=year)  # type: ignore[no-untyped-call]
        off = frozenset(day for day in found if day.year == year)
    source = "全国年节及纪念日放假办法 第二条、第六条"
    return Year(year, Basis.COMPUTED, off, frozenset(), source)


@lru_cache(maxsize=64)
def statutory_holidays(year: int) -> frozenset[date]:
    """法定休假日 themselves (全国年节及纪念日放假办法 第二条), not days off given in exchange.

    Work on them is paid threefold (劳动法 第四十四条第三项). Empty outside of 1950 to 2099.
    """
    from holidays.countries.china import China  # a large package, needed for wages only

    if not 1950 <= year <= 2099:
        return frozenset()
    named = China(years=year, language="zh_CN")  # type: ignore[no-untyped-call]
    given = ("补假", "调休")
    return frozenset(day for day, name in named.items() if not any(word in name for word in given))
