"""When institutions are open. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from hotline.calendar import CHINA

Hours = tuple[tuple[int, str, str], ...]
"""(weekday, from, to), Monday 1, ``HH:MM``; empty: the working hours of the calendar."""
_FRIDAY = 5


class WorkCalendar(Protocol):
    """What matching asks of ``hotline.calendar``."""

    def is_working(self, at: datetime) -> bool:
        """Whether offices work at this moment."""

    def is_workday(self, day: date) -> bool:
        """Whether offices work on this day (in China)."""


def is_open(hours: Hours, at: datetime, calendar: WorkCalendar) -> bool:
    """Whether an institution with these hours is open.

    Hours of its own are followed as they stand, weekends too; on a public holiday that falls on
    Monday to Friday it is closed.
    """
    if not hours:
        return calendar.is_working(at)
    local = at.astimezone(CHINA)
    weekday, clock = local.isoweekday(), local.strftime("%H:%M")
    if not any(day == weekday and start <= clock < end for day, start, end in hours):
        return False
    return weekday > _FRIDAY or calendar.is_workday(local.date())


def open_kinds(kinds: Iterable[Hours], at: datetime, calendar: WorkCalendar) -> list[bool]:
    """For several different hours at once."""
    return [is_open(hours, at, calendar) for hours in kinds]
