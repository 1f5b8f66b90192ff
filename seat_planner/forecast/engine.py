"""All candidates' forecasts from one point in time, knowing nothing of what came after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from seat_planner.forecast import daylevel
from seat_planner.forecast.days import (
    DayCalendar,
    DayTable,
    Event,
    Floats,
    closed_days,
    day_table,
    factors,
)
from seat_planner.forecast.errors import ForecastError
from seat_planner.forecast.models import AVERAGES, DAY_LEVEL, spread_totals
from seat_planner.forecast.profile import filled
from seat_planner.forecast.series import Series

LEAST_DAYS = 14
"""Known days without which nothing is forecast from history."""
_RETUNE = 4
"""Parameters are learned anew at every so many origins."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the candidates say of the coming days (h × intervals)."""

    forecasts: Mapping[str, Floats]
    spread: Floats
    """Relative standard deviation of each coming day's level (h)."""
    with_calendar: bool
    """Whether the calendar explained the past better than weekdays alone."""


class Forecaster:
    """Makes forecasts from growing pasts; parameters found at one origin begin the next search."""

    def __init__(
        self,
        calendar: DayCalendar | None = None,
        events: Sequence[Event] = (),
        closed: frozenset[date] = frozenset(),
    ) -> None:
        """``closed``: days without service, also to come, that are known beforehand."""
        _check(events)
        self._calendars = (calendar, None) if calendar is not None else (None,)
        self._events = events
        self._closed = closed
        self._theta: list[Floats | None] = [None] * len(self._calendars)
        self._chosen = 0
        self._calls = 0

    def ahead(self, past: Series, days: Sequence[date]) -> Ahead:
        """Forecasts of ``days``, all after the past. Raises ForecastError: too short a past."""
        known = past.known()
        if len(known.days) < LEAST_DAYS:
            raise ForecastError(
                f"历史只有 {len(known.days)} 天，至少要 {LEAST_DAYS} 天；"
                "没有历史时用 --population 或 --calls-per-year",
                field="csv",
            )
        counts = known.counts / factors(known.days, self._events)[:, None]
        tables = [self._tables(known.days, days, calendar) for calendar in self._calendars]
        # a day half unknown is made whole before anything is learned from it
        whole = [filled(before, counts) for before, _ in tables]
        if self._calls % _RETUNE == 0:
            self._tune([before for before, _ in tables], whole)
        self._calls += 1
        before, after = tables[self._chosen]
        found, spread = self._forecast(before, whole[self._chosen], after)
        ahead = factors(days, self._events)[:, None]
        scaled = {name: rows * ahead for name, rows in found.items()}
        return Ahead(scaled, spread, self._calendars[self._chosen] is not None)

    def _tables(
        self, past: Sequence[date], days: Sequence[date], calendar: DayCalendar | None
    ) -> tuple[DayTable, DayTable]:
        both = day_table([*past, *days], calendar, closed=self._closed | closed_days(past))
        return both.take(slice(None, len(past))), both.take(slice(len(past), None))

    def _tune(self, tables: Sequence[DayTable], counts: Sequence[Floats]) -> None:
        unlikely = []
        for at, (table, rows) in enumerate(zip(tables, counts, strict=True)):
            self._theta[at], value = daylevel.tune(table, rows.sum(1), self._theta[at])
            unlikely.append(value)
        self._chosen = int(np.argmin(unlikely))  # the first, the calendar, when equal

    def _forecast(
        self, before: DayTable, counts: Floats, after: DayTable
    ) -> tuple[dict[str, Floats], Floats]:
        theta = self._theta[self._chosen]
        assert theta is not None
        level = daylevel.fit(before, counts.sum(1), theta)
        mean, spread = level.predict(after)
        totals = np.maximum(np.exp(mean) - 1, 0)
        found = {DAY_LEVEL: spread_totals(before, counts, after, totals)}
        found |= {name: model(before, counts, after) for name, model in AVERAGES.items()}
        return found, np.sqrt(np.maximum(spread**2 - np.exp(-np.maximum(mean, 0)), 0))


def _check(events: Sequence[Event]) -> None:
    for event in events:
        if not 0 < event.factor <= 100:
            raise ForecastError("事件的倍数须大于 0，不超过 100", field="factor")
        if event.last < event.first:
            raise ForecastError("事件的结束日期须不早于开始日期", field="last")
