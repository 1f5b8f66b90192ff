"""China's calendar as the planner's mathematics asks for it (``forecast.days.DayCalendar``)."""

from datetime import date, timedelta

from hotline.calendar import Calendar
from seat_planner.forecast.days import DayKind

FAR = 30
"""Days around 春节 within which days are counted from it."""
_FIXED = {1: "new_year", 4: "qingming", 5: "labour", 10: "national"}
_LATER = {6: "dragon_boat", 9: "mid_autumn"}
_FIRST_YEAR = 1950
_FESTIVALS = (
    47, 36, 26, 44, 33, 23, 42, 30, 48, 38, 27, 45, 35, 24, 43, 32, 20, 39, 29, 47,
    36, 26, 45, 33, 22, 41, 30, 48, 37, 27, 46, 35, 24, 43, 32, 50, 39, 28, 47, 36,
    26, 45, 34, 22, 40, 30, 49, 37, 27, 46, 35, 23, 42, 31, 21, 39, 28, 48, 37, 25,
    44, 33, 22, 40, 30, 49, 38, 27, 46, 35, 24, 42, 31, 21, 40, 28, 47, 36, 25, 43,
    33, 22, 41, 30, 49, 38, 27, 45, 34, 23, 42, 31, 21, 40, 29, 47, 36, 25, 44, 32,
    22, 41, 31, 49, 38, 27, 45, 34, 23, 42, 32, 20, 39, 28, 47, 35, 25, 44, 33, 22,
    41, 30, 49, 37, 26, 45, 35, 23, 42, 32, 21, 39, 28, 47, 36, 25, 44, 33, 23, 40,
    29, 48, 37, 26, 45, 35, 24, 42, 31, 20,
)  # fmt: skip
"""春节 of each year from 1950 on, in days after January 1; a test holds them to ``holidays``."""


class ChinaDays:
    """Kinds of days from the hotline's calendar, and the place in the lunar year."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def kind(self, day: date) -> DayKind:
        """See ``DayCalendar``."""
        year = self._calendar.year(day.year)
        if day in year.off:
            return DayKind.HOLIDAY
        return DayKind.MAKE_UP if day in year.work else DayKind.PLAIN

    def holiday(self, day: date) -> str | None:
        """See ``DayCalendar``; told by the date, for the notices' names run together."""
        if self.kind(day) is not DayKind.HOLIDAY:
            return None
        offset = self.festival_offset(day)
        if offset is not None and -3 <= offset <= 9:
            return "spring_festival"
        if day.month in (1, 12):
            return "new_year"
        return _FIXED.get(day.month) or _LATER.get(day.month)

    def festival_offset(self, day: date) -> int | None:
        """See ``DayCalendar``."""
        festival = spring_festival(day.year)
        if festival is None:
            return None
        offset = (day - festival).days
        return offset if abs(offset) <= FAR else None


def spring_festival(year: int) -> date | None:
    """The first day of the lunar year (春节); None outside of 1950 to 2099."""
    at = year - _FIRST_YEAR
    if not 0 <= at < len(_FESTIVALS):
        return None
    return date(year, 1, 1) + timedelta(days=_FESTIVALS[at])
