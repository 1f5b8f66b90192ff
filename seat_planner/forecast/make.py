"""A forecast with intervals, from history or from assumptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from seat_planner.forecast import blend
from seat_planner.forecast.backtest import Backtest, OnStep, backtest
from seat_planner.forecast.days import DayCalendar, Event, Floats, next_open_days
from seat_planner.forecast.engine import Forecaster
from seat_planner.forecast.errors import ForecastError
from seat_planner.forecast.intervals import LEVELS, Stretch, bounds
from seat_planner.forecast.series import Series, clock

LONGEST = 400
"""Days ahead at most: a year and a month."""
_SELECTING = 10
"""Origins of the past by which the blend is chosen."""
_SELECTING_DAYS = 28


class Basis(StrEnum):
    """What a forecast rests on; shown wherever its figures are."""

    HISTORY = "history"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls of coming days by interval, with bounds."""

    days: tuple[date, ...]
    starts: tuple[int, ...]
    minutes: int
    calls: Floats
    """Days × intervals."""
    spread: Floats
    """Relative standard deviation of each day's level: what a plan must be able to bear."""
    stretch: Stretch
    basis: Basis
    weights: Mapping[str, float]
    notes: tuple[str, ...] = ()

    def interval_bounds(self, level: float) -> tuple[Floats, Floats]:
        """Between which single intervals lie with this probability (0.80 or 0.95)."""
        return bounds(self.calls, self.spread[:, None], self.stretch.interval[level])

    def day_bounds(self, level: float) -> tuple[Floats, Floats]:
        """Between which day totals lie with this probability (0.80 or 0.95)."""
        return bounds(self.calls.sum(1), self.spread, self.stretch.day[level])

    def day_rows(self) -> list[dict[str, Any]]:
        """One plain mapping a day."""
        low80, high80 = self.day_bounds(LEVELS[0])
        low95, high95 = self.day_bounds(LEVELS[1])
        totals = self.calls.sum(1)
        return [
            {
                "date": day.isoformat(),
                "calls": round(float(totals[i]), 1),
                "low_80": round(float(low80[i]), 1),
                "high_80": round(float(high80[i]), 1),
                "low_95": round(float(low95[i]), 1),
                "high_95": round(float(high95[i]), 1),
                "basis": self.basis.value,
            }
            for i, day in enumerate(self.days)
        ]

    def interval_rows(self) -> list[dict[str, Any]]:
        """One plain mapping an interval."""
        low80, high80 = self.interval_bounds(LEVELS[0])
        low95, high95 = self.interval_bounds(LEVELS[1])
        return [
            {
                "date": day.isoformat(),
                "start": clock(start),
                "calls": round(float(self.calls[i, j]), 2),
                "low_80": round(float(low80[i, j]), 2),
                "high_80": round(float(high80[i, j]), 2),
                "low_95": round(float(low95[i, j]), 2),
                "high_95": round(float(high95[i, j]), 2),
                "basis": self.basis.value,
            }
            for i, day in enumerate(self.days)
            for j, start in enumerate(self.starts)
        ]


def forecast(
    series: Series,
    horizon: int,
    *,
    calendar: DayCalendar | None = None,
    events: Sequence[Event] = (),
    closed: frozenset[date] = frozenset(),
    learned: Backtest | None = None,
    on_step: OnStep | None = None,
) -> Forecast:
    """The ``horizon`` days on which the line is open after the series.

    ``learned``: a back-test of the same series, from which weights and widths are taken; without
    one a short back-test is run where the history is long enough.
    Raises ForecastError.
    """
    if not 1 <= horizon <= LONGEST:
        raise ForecastError(f"预测天数（--horizon）须在 1 到 {LONGEST} 之间", field="horizon")
    known = series.known()
    forecaster = Forecaster(calendar, events, closed)
    notes: list[str] = []
    if learned is None:
        learned = _selected(known, horizon, calendar, events, closed, on_step)
    if learned is None:
        weights, width = dict(blend.USUAL), Stretch()
        notes.append("历史太短，混合权重和区间宽度用的是通常值，未经回测")
    else:
        weights, width = learned.learned()
    days = next_open_days(known.days, horizon, closed) if known.days else []
    ahead = forecaster.ahead(known, days)
    if horizon > len(known.days):
        notes.append("预测期比历史还长：季节变化无从得知，请放宽使用")
    return Forecast(
        days=tuple(days),
        starts=known.starts,
        minutes=known.minutes,
        calls=blend.blended(ahead.forecasts, weights),
        spread=ahead.spread,
        stretch=width,
        basis=Basis.HISTORY,
        weights=weights,
        notes=tuple(notes),
    )


def _selected(
    known: Series,
    horizon: int,
    calendar: DayCalendar | None,
    events: Sequence[Event],
    closed: frozenset[date],
    on_step: OnStep | None,
) -> Backtest | None:
    ahead = min(horizon, _SELECTING_DAYS, len(known.days) // 4)
    first = max(28, len(known.days) - ahead - 7 * (_SELECTING - 1))
    if ahead < 1 or first + ahead > len(known.days):
        return None
    return backtest(
        known, ahead, calendar=calendar, events=events, closed=closed, first=first, on_step=on_step
    )
