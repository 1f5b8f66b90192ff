"""Rolling origin: at each of many past days forecast what came next, from what was known then.

Parameters, weights of the blend and width of the intervals at an origin come only from before it:
weights and widths from forecasts whose whole horizon has come true by then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from seat_planner.forecast import blend
from seat_planner.forecast.days import DayCalendar, Event, Floats, open_weekdays
from seat_planner.forecast.engine import LEAST_DAYS, Ahead, Forecaster
from seat_planner.forecast.errors import ForecastError
from seat_planner.forecast.intervals import LEVELS, Stretch, bounds, missed, stretch
from seat_planner.forecast.series import Series

MOST_ORIGINS = 40
FIRST_DAYS = 28
"""Least history before the first origin."""
OnStep = Callable[[int, int], None]
"""Told (done, of)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One forecast and what came true."""

    at: date
    """The last day known."""
    days: tuple[date, ...]
    ahead: Ahead
    weights: dict[str, float]
    forecast: Floats
    """The blend, h × intervals."""
    actual: Floats
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Backtest:
    """All origins, in sequence."""

    origins: tuple[Origin, ...]
    minutes: int
    horizon: int
    step: int
    first: int
    known_days: int

    def wape(self, name: str | None = None) -> tuple[float, float]:
        """Sum of absolute errors over sum of calls, by interval and by day; of the blend or one
        candidate.
        """
        forecast, actual = self._rows(name)
        known = ~np.isnan(actual)
        whole = known.all(1)
        by_interval = _ratio(np.abs(forecast - actual)[known].sum(), actual[known].sum())
        days = actual[whole].sum(1)
        by_day = _ratio(np.abs(forecast[whole].sum(1) - days).sum(), days.sum())
        return by_interval, by_day

    def bias(self) -> float:
        """Forecast minus actual over actual; above 0: too much was forecast."""
        forecast, actual = self._rows(None)
        known = ~np.isnan(actual)
        return _ratio((forecast - actual)[known].sum(), actual[known].sum())

    def coverage(self) -> dict[str, dict[str, float]]:
        """Share of intervals and of days that lay within their bounds, by nominal level."""
        found: dict[str, dict[str, float]] = {"interval": {}, "day": {}}
        for level in LEVELS:
            inside, inside_day = [], []
            for item in self.origins:
                spread = item.ahead.spread
                rows = (item.forecast, item.actual, spread[:, None], item.stretch.interval[level])
                inside.append(_inside(*rows))
                totals = (item.forecast.sum(1), item.actual.sum(1), spread)
                inside_day.append(_inside(*totals, item.stretch.day[level]))
            found["interval"][f"{level:.0%}"] = round(float(np.nanmean(np.concatenate(inside))), 4)
            found["day"][f"{level:.0%}"] = round(float(np.nanmean(np.concatenate(inside_day))), 4)
        return found

    def by_lead(self) -> list[float]:
        """WAPE of day totals by days ahead, 1 first."""
        off = np.array([item.forecast.sum(1) - item.actual.sum(1) for item in self.origins])
        actual = np.array([item.actual.sum(1) for item in self.origins])
        sums = np.nansum(np.where(np.isnan(off), 0, actual), axis=0)
        return [round(float(x), 4) for x in np.nansum(np.abs(off), axis=0) / np.maximum(sums, 1)]

    def learned(self) -> tuple[dict[str, float], Stretch]:
        """Weights and widths for a forecast from the end of the series on."""
        return _weights(self.origins), _stretch(self.origins)

    def worst_days(self, count: int = 5) -> list[dict[str, Any]]:
        """Days the forecast was farthest from, each once, the worst first."""
        found: dict[date, dict[str, Any]] = {}
        for item in self.origins:
            for day, said, was in zip(
                item.days, item.forecast.sum(1), item.actual.sum(1), strict=True
            ):
                if not np.isnan(was):
                    found[day] = {"day": day, "forecast": round(float(said)), "actual": int(was)}
        return sorted(found.values(), key=lambda row: -abs(row["forecast"] - row["actual"]))[:count]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = list(self.origins[0].ahead.forecasts)
        by_interval, by_day = self.wape()
        pairs = {name: self.wape(name) for name in names}
        weights, _ = self.learned()
        return {
            "interval_minutes": self.minutes,
            "horizon_days": self.horizon,
            "wape_half_hour" if self.minutes == 30 else "wape_interval": round(by_interval, 5),
            "wape_day": round(by_day, 5),
            "bias": round(self.bias(), 5),
            "coverage": self.coverage(),
            "wape_day_by_lead": self.by_lead(),
            "models": {
                name: {"wape_interval": round(a, 5), "wape_day": round(b, 5)}
                for name, (a, b) in pairs.items()
            },
            "weights": {name: round(weight, 4) for name, weight in weights.items()},
            "calendar_used": self.origins[-1].ahead.with_calendar,
            "known_days": self.known_days,
            "origins": {
                "count": len(self.origins),
                "first_rows_known": self.first,
                "step_days": self.step,
                "dates": [item.at.isoformat() for item in self.origins],
            },
            "worst_days": [row | {"day": row["day"].isoformat()} for row in self.worst_days()],
        }

    def _rows(self, name: str | None) -> tuple[Floats, Floats]:
        said = [x.forecast if name is None else x.ahead.forecasts[name] for x in self.origins]
        return np.concatenate(said), np.concatenate([item.actual for item in self.origins])


def backtest(
    series: Series,
    horizon: int,
    *,
    calendar: DayCalendar | None = None,
    events: Sequence[Event] = (),
    closed: frozenset[date] = frozenset(),
    first: int | None = None,
    step: int | None = None,
    most: int = MOST_ORIGINS,
    on_step: OnStep | None = None,
) -> Backtest:
    """Forecast ``horizon`` days (of the series) from many origins of its past.

    ``first``: days known at the first origin (half of them unless given); ``step``: days from
    one origin to the next (one week unless given; more when there would be over ``most``).
    Raises ForecastError: a horizon below 1, too short a series.
    """
    known = series.known()
    rows = origins(known, horizon, first=first, step=step, most=most)
    forecaster = Forecaster(calendar, events, closed)
    found: list[Origin] = []
    for done, row in enumerate(rows):
        if on_step:
            on_step(done, len(rows))
        past, coming = known.part(0, row), known.part(row, row + horizon)
        ahead = forecaster.ahead(past, coming.days)
        true = [item for item in found if item.days[-1] <= past.days[-1]]
        weights = _weights(true)
        said = blend.blended(ahead.forecasts, weights)
        found.append(
            Origin(past.days[-1], coming.days, ahead, weights, said, coming.counts, _stretch(true))
        )
    if on_step:
        on_step(len(rows), len(rows))
    gap = rows[1] - rows[0] if len(rows) > 1 else 0
    return Backtest(tuple(found), known.minutes, horizon, gap, rows[0], len(known.days))


def origins(
    known: Series, horizon: int, *, first: int | None, step: int | None, most: int
) -> list[int]:
    """Days known at each origin. Raises ForecastError."""
    days = len(known.days)
    if horizon < 1:
        raise ForecastError("预测天数（--horizon）须至少为 1", field="horizon")
    begin = max(FIRST_DAYS, days // 2) if first is None else first
    if begin < LEAST_DAYS or begin + horizon > days:
        need = max(FIRST_DAYS, horizon) + horizon
        raise ForecastError(
            f"回测需要更多历史：已有 {days} 天，往后 {horizon} 天的回测至少要 {need} 天，"
            "请缩短 --horizon 或补充历史",
            field="horizon",
        )
    week = max(1, len(open_weekdays(known.days)))
    pace = week if step is None else max(1, step)
    while (days - horizon - begin) // pace + 1 > most:
        pace += week if step is None else pace
    return list(range(begin, days - horizon + 1, pace))


def _weights(true: Sequence[Origin]) -> dict[str, float]:
    names = true[0].ahead.forecasts if true else blend.USUAL
    given = {name: [item.ahead.forecasts[name] for item in true] for name in names}
    return blend.weights(given, [item.actual for item in true])


def _stretch(true: Sequence[Origin]) -> Stretch:
    if not true:
        return Stretch()
    misses, day_misses = [], []
    for item in true:
        spread = item.ahead.spread
        misses.append(missed(item.actual, item.forecast, spread[:, None]).ravel())
        day_misses.append(missed(item.actual.sum(1), item.forecast.sum(1), spread))
    return stretch(np.concatenate(misses), np.concatenate(day_misses))


def _inside(forecast: Floats, actual: Floats, spread: Floats, times: float) -> Floats:
    low, high = bounds(forecast, spread, times)
    within = np.where(np.isnan(actual), np.nan, (actual >= low) & (actual <= high))
    found: Floats = within.ravel()
    return found


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
