"""Working days, working time, and deadlines counted in them. Pure: no clock, no I/O after loading.

China has one time, UTC+8 without summer time (since 1992), so local days and seconds are plain.
How spans are counted follows 民法典: the first day does not count (第二百零一条第一款), hours run
from the moment itself (第二百零一条第二款), and the last day ends when business ends
(第二百零三条第二款).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from pathlib import Path

import structlog

from hotline.calendar.hours import DEFAULT, WorkingHours
from hotline.calendar.span import Span, Unit
from hotline.calendar.years import Basis, Year, load_year, statutory_year

log = structlog.get_logger(__name__)
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY = timedelta(days=1)
_FAR = 36_600
"""Days a search for working days goes at most: a hundred years."""


class Calendar:
    """China's working days with one set of working hours.

    Years are loaded when first asked for and kept; a year without a notice is told of once in
    the log. All moments given must be aware; those given back are UTC.
    """

    def __init__(self, hours: WorkingHours | None = None, *, own: Path | None = None) -> None:
        """``own``: an operator's folder of year files that go before ours."""
        self.hours = hours or WorkingHours.parse()
        self._own = own
        self._years: dict[int, Year] = {}

    def year(self, year: int) -> Year:
        """A year's days, and what they rest on. Raises CalendarError for a wrong file."""
        known = self._years.get(year)
        if known is None:
            known = load_year(year, self._own) or statutory_year(year)
            if known.basis is not Basis.NOTICE:
                log.warning("calendar_year_without_notice", year=year, basis=known.basis.value)
            self._years[year] = known
        return known

    def is_workday(self, day: date) -> bool:
        """Whether offices work on this day (in China)."""
        return self.year(day.year).is_workday(day)

    def workday_after(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, which itself is not counted; count ≥ 1."""
        return self._step(day, count, _DAY)

    def workday_before(self, day: date, count: int) -> date:
        """The ``count``-th working day before ``day``; count ≥ 1."""
        return self._step(day, count, -_DAY)

    def windows(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Working time of a day as (from, to), UTC; empty on days off."""
        if not self.is_workday(day):
            return ()
        return tuple((_moment(day, a), _moment(day, b)) for a, b in self.hours.windows)

    def is_working(self, at: datetime) -> bool:
        """Whether offices work at this moment."""
        return any(start <= at < end for start, end in self.windows(_local(at).date()))

    def next_working(self, at: datetime) -> datetime:
        """``at`` if offices work then, else when they next begin."""
        for day in self._days(_local(at).date(), _DAY):
            for start, end in self.windows(day):
                if at < end:
                    return max(at, start).astimezone(UTC)
        raise OverflowError("no working time within a hundred years")

    def add(self, at: datetime, span: Span) -> datetime:
        """When a span that begins at ``at`` ends."""
        if span.elapsed:
            return at.astimezone(UTC) + timedelta(seconds=span.seconds)
        if span.unit is Unit.WORKING_HOURS:
            return self.add_working(at, span.seconds)
        day = self.workday_after(_local(at).date(), int(span.amount))
        return _moment(day, self.hours.end)

    def before(self, due: datetime, span: Span) -> datetime:
        """The moment a span before ``due``; working days: the same time so many of them earlier."""
        if span.elapsed:
            return due.astimezone(UTC) - timedelta(seconds=span.seconds)
        if span.unit is Unit.WORKING_HOURS:
            return self.add_working(due, -span.seconds)
        local = _local(due)
        day = self.workday_before(local.date(), int(span.amount))
        return datetime.combine(day, local.timetz()).astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> float:
        """Working seconds from ``start`` to ``end``; negative when ``end`` is earlier."""
        if end < start:
            return -self.between(end, start)
        first, last = _local(start), _local(end)
        total = self._worked(last) - self._worked(first)
        day = first.date()
        while day < last.date():
            if self.is_workday(day):
                total += self.hours.seconds
            day += _DAY
        return total

    def add_working(self, at: datetime, seconds: float) -> datetime:
        """The moment with ``seconds`` of working time between it and ``at``: the inverse of
        ``between``.

        Nights and days off count nothing, so several moments may fit: forward the earliest (a
        deadline is the end of working time, not its next beginning), backward the latest.
        """
        if not seconds:
            return at.astimezone(UTC)
        step = _DAY if seconds > 0 else -_DAY
        local = _local(at)
        left = seconds + self._worked(local)  # from the midnight that began the day
        for day in self._days(local.date(), step):
            whole = self.hours.seconds if self.is_workday(day) else 0
            if seconds > 0 and left <= whole:
                return _moment(day, self.hours.reach(left))
            if seconds < 0 and 0 <= left < whole:
                return _moment(day, self.hours.reach_last(left))
            left = left - whole if seconds > 0 else self._left_at_day_before(left, day)
        raise OverflowError("no working time within a hundred years")

    def _left_at_day_before(self, left: float, day: date) -> float:
        """The same moment, counted from the midnight before ``day - 1``."""
        return left + (self.hours.seconds if self.is_workday(day - _DAY) else 0)

    def _worked(self, local: datetime) -> float:
        """Working seconds of the day until this time of it."""
        if not self.is_workday(local.date()):
            return 0.0
        return self.hours.worked(_second(local))

    def _step(self, day: date, count: int, step: timedelta) -> date:
        if count < 1:
            raise ValueError("count working days from 1")
        for other in self._days(day + step, step):
            if self.is_workday(other):
                count -= 1
                if not count:
                    return other
        raise OverflowError("no working day within a hundred years")

    def _days(self, day: date, step: timedelta) -> Iterator[date]:
        for _ in range(_FAR):
            yield day
            day += step


@lru_cache(maxsize=8)
def china_calendar(hours: tuple[str, ...] = DEFAULT, own: Path | None = None) -> Calendar:
    """The calendar with these working hours; the same one for the same arguments."""
    return Calendar(WorkingHours.parse(hours), own=own)


def unannounced(calendar: Calendar, today: date) -> Iterable[Year]:
    """Years deadlines reach from today on (60 days) that have no notice yet."""
    for year in sorted({today.year, (today + timedelta(days=60)).year}):
        found = calendar.year(year)
        if found.basis is not Basis.NOTICE:
            yield found


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("times need a time zone")
    return at.astimezone(CHINA)


def _second(local: datetime) -> float:
    return local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1_000_000


def _moment(day: date, second: float) -> datetime:
    """A second of a day in China as UTC, to the microsecond."""
    start = datetime.combine(day, time.min, CHINA)
    return (start + timedelta(microseconds=round(second * 1_000_000))).astimezone(UTC)
