"""What is known of a day beforehand: its weekday, holiday, place in the month and lunar year.

A calendar is injected (``DayCalendar``); without one a day is its weekday, and regular days that
are missing from the series stand for closed days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_DAY = timedelta(days=1)
MONTH = 30.4
"""Days of a month's circle, on which its first and last days are neighbours."""


class DayKind(IntEnum):
    """What the official calendar makes of a day."""

    PLAIN = 0
    """What its weekday says."""
    HOLIDAY = 1
    """Off by the holiday arrangement, a weekend within it too."""
    MAKE_UP = 2
    """A Saturday or Sunday worked in exchange (调休上班)."""


class DayCalendar(Protocol):
    """What the mathematics asks of a calendar."""

    def kind(self, day: date) -> DayKind:
        """The official kind of a day."""

    def holiday(self, day: date) -> str | None:
        """A stable name of the holiday this day is part of (``spring_festival``), else None."""

    def festival_offset(self, day: date) -> int | None:
        """Days from the nearest 春节 (its first day 0), None beyond 30 days."""


@dataclass(frozen=True, slots=True)
class DayTable:
    """Features of n days, each an array of n."""

    ordinal: Ints
    label: Ints
    """0-6 Monday to Sunday, 7 holiday, 8 make-up workday."""
    working: Ints
    """1 where offices work, by calendar or weekday."""
    month: Floats
    """Place on the month's circle, 0..``MONTH``, counted from the nearer end."""
    after: Floats
    """1 on the first open day after a closed or holiday one that is open by its weekday."""
    before: Floats
    """1 on the last open day before such a day."""
    festival: Floats
    """Days from 春节; nan far away."""
    holiday: Ints
    """Number of the holiday's name, 0 none."""

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> "DayTable":
        """The same of some days."""
        return DayTable(*(getattr(self, name)[rows] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.ordinal)


@dataclass(frozen=True, slots=True)
class Event:
    """Something the user knows of: on these days calls are multiplied by ``factor``."""

    first: date
    last: date
    factor: float
    name: str = ""


def day_table(
    days: Sequence[date],
    calendar: DayCalendar | None = None,
    *,
    closed: frozenset[date] = frozenset(),
) -> DayTable:
    """Features of ``days``; ``closed``: regular days without service, known beforehand."""
    names: dict[str, int] = {}
    kinds = [calendar.kind(day) if calendar else DayKind.PLAIN for day in days]
    labels = [
        day.weekday() if kind is DayKind.PLAIN else 6 + int(kind)
        for day, kind in zip(days, kinds, strict=True)
    ]
    holidays = [calendar.holiday(day) if calendar else None for day in days]
    numbers = [names.setdefault(name, len(names) + 1) if name else 0 for name in holidays]
    offsets = [calendar.festival_offset(day) if calendar else None for day in days]
    return DayTable(
        ordinal=np.array([day.toordinal() for day in days], dtype=np.int64),
        label=np.array(labels, dtype=np.int64),
        working=np.array([int(label < 5 or label == 8) for label in labels], dtype=np.int64),
        month=np.array([_place_in_month(day) for day in days]),
        after=np.array([_beside(day, -_DAY, calendar, closed) for day in days]),
        before=np.array([_beside(day, _DAY, calendar, closed) for day in days]),
        festival=np.array([np.nan if offset is None else float(offset) for offset in offsets]),
        holiday=np.array(numbers, dtype=np.int64),
    )


def closed_days(days: Sequence[date]) -> frozenset[date]:
    """Days missing within the series although their weekday is open at least half of the time."""
    if not days:
        return frozenset()
    first, last = days[0], days[-1]
    have = set(days)
    span = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    regular = open_weekdays(days)
    return frozenset(day for day in span if day not in have and day.weekday() in regular)


def open_weekdays(days: Sequence[date]) -> frozenset[int]:
    """Weekdays on which the line is open: there on half of their dates or more."""
    if not days:
        return frozenset()
    span = (days[-1] - days[0]).days + 1
    possible = [0] * 7
    for k in range(span):
        possible[(days[0] + timedelta(days=k)).weekday()] += 1
    seen = [0] * 7
    for day in days:
        seen[day.weekday()] += 1
    return frozenset(w for w in range(7) if seen[w] and 2 * seen[w] >= possible[w])


def next_open_days(
    days: Sequence[date], count: int, closed: frozenset[date] = frozenset()
) -> list[date]:
    """The ``count`` days after the last that are open by their weekday and not ``closed``."""
    regular = open_weekdays(days) or frozenset(range(7))
    found: list[date] = []
    day = days[-1] + _DAY
    while len(found) < count:
        if day.weekday() in regular and day not in closed:
            found.append(day)
        day += _DAY
    return found


def factors(days: Sequence[date], events: Sequence[Event]) -> Floats:
    """What the events multiply each day's calls by; overlapping events multiply."""
    found = np.ones(len(days))
    for event in events:
        for row, day in enumerate(days):
            if event.first <= day <= event.last:
                found[row] *= event.factor
    return found


def _place_in_month(day: date) -> float:
    """Days from the month's start in its first half, from its end in the second."""
    if day.day <= 15:
        return day.day - 0.5
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return MONTH - ((following - day).days - 0.5)


def _beside(
    day: date, step: timedelta, calendar: DayCalendar | None, closed: frozenset[date]
) -> float:
    """1 on a working day whose next regular day in this direction is closed or a holiday."""
    if not _works(day, calendar):
        return 0.0
    other = day + step
    while not _works(other, calendar):
        if calendar and calendar.kind(other) is DayKind.HOLIDAY:
            return 1.0
        other += step
    return float(other in closed)


def _works(day: date, calendar: DayCalendar | None) -> bool:
    kind = calendar.kind(day) if calendar else DayKind.PLAIN
    return kind is DayKind.MAKE_UP or (kind is DayKind.PLAIN and day.weekday() < 5)
