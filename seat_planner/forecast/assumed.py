"""A forecast where there is no history: from population, published volumes and a day's shape.

Everything made here is marked ``assumed``. Published figures and their sources:

* Anhui 12348, first year: 295,200 calls came in, 282,900 were answered (press item, 2019-12-20);
  61.13 million people (Anhui, seventh census, 2021) make 4.8 calls a year for 1,000 people.
* A tender of the same line names a peak day of 2,552 calls (3.2 times the mean day).
* Beijing 12348, first quarter 2021: 211,172 services, 24,186.85 hours: 412 s a service
  (fzzx.org.cn 381958).

The shapes by hour, weekday and holiday are assumptions of ours in the manner of office-hours
hotlines, without a source; replace them by the first weeks of your own records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from seat_planner.forecast.days import DayCalendar, DayKind, Event, Floats, factors
from seat_planner.forecast.errors import ForecastError
from seat_planner.forecast.intervals import Stretch
from seat_planner.forecast.make import Basis, Forecast

CALLS_PER_THOUSAND = 295_200 / 61_130
"""Calls a year for 1,000 people (Anhui's first year)."""
HANDLING_SECONDS = 412.0
"""Beijing 12348, first quarter 2021."""
SPREAD = 0.25
"""Relative standard deviation of a day's level nobody has seen yet."""
_HOURS = (
    0.5, 0.3, 0.25, 0.2, 0.2, 0.3, 0.7, 2.0, 7.5, 10.5, 10.5, 8.0,
    5.0, 5.5, 9.0, 10.0, 9.0, 6.5, 3.5, 3.0, 2.7, 2.2, 1.6, 0.95,
)  # fmt: skip
"""Share of each hour of the day, %."""
_WEEKDAYS = (1.25, 1.15, 1.1, 1.07, 1.03, 0.70, 0.70)
_HOLIDAY = 0.45
_FESTIVAL = {-2: 0.7, -1: 0.45, 0: 0.25, 1: 0.3, 2: 0.35}
"""Around 春节, on top of nothing else."""
_MINUTES = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the user is asked for instead of a history."""

    population: int | None = None
    calls_per_year: float | None = None
    """Published or hoped for; goes before population."""
    opens: int = 0
    closes: int = 1440
    """Minutes of the day between which the line is served."""
    spread: float = SPREAD

    def yearly(self) -> float:
        """Calls a year. Raises ForecastError when neither is given."""
        if self.calls_per_year is not None:
            if not 0 < self.calls_per_year < 1e9:
                raise ForecastError("年来电量须大于 0", field="calls_per_year")
            return self.calls_per_year
        if self.population is None or self.population <= 0:
            raise ForecastError("没有历史时须给出服务人口或年来电量", field="population")
        return self.population * CALLS_PER_THOUSAND / 1000

    def told(self) -> tuple[str, ...]:
        """The assumptions in words, for every report."""
        if self.calls_per_year is not None:
            first = f"假设：每年来电 {self.calls_per_year:,.0f} 次（由使用者给出）"
        else:
            first = (
                f"假设：服务人口 {self.population or 0:,}，"
                f"每千人每年来电 {CALLS_PER_THOUSAND:.2f} 次"
                "（安徽12348首年29.52万次÷第七次人口普查6113万人），"
                f"即每年 {self.yearly():,.0f} 次"
            )
        return (
            first,
            "假设：一天各时段、星期、节假日的分布为工作时间型热线的通常形状，没有来源，"
            "有了自己的记录后请改用历史",
            f"假设：日来电量围绕预测的相对标准差 {self.spread:.0%}",
        )


def assumed_forecast(
    given: Assumptions,
    first: date,
    horizon: int,
    *,
    calendar: DayCalendar | None = None,
    events: Sequence[Event] = (),
) -> Forecast:
    """``horizon`` calendar days from ``first`` on, marked as assumed. Raises ForecastError."""
    if not 1 <= horizon <= 400:
        raise ForecastError("预测天数（--horizon）须在 1 到 400 之间", field="horizon")
    if not 0 <= given.opens < given.closes <= 1440 or given.opens % 30 or given.closes % 30:
        raise ForecastError("服务时间须为整半小时，结束晚于开始", field="opens")
    days = [first + k * _DAY for k in range(horizon)]
    year = [date(first.year, 1, 1) + k * _DAY for k in range(365)]
    level = given.yearly() / sum(_weight(day, calendar) for day in year)
    totals = np.array([level * _weight(day, calendar) for day in days]) * factors(days, events)
    starts = tuple(range(given.opens, given.closes, _MINUTES))
    shape = _shape(starts)
    return Forecast(
        days=tuple(days),
        starts=starts,
        minutes=_MINUTES,
        calls=totals[:, None] * shape[None, :],
        spread=np.full(horizon, given.spread),
        stretch=Stretch(),
        basis=Basis.ASSUMED,
        weights={},
        notes=given.told(),
    )


def _shape(starts: Sequence[int]) -> Floats:
    """Shares of the half-hours served, adding up to 1, without steps at the full hour."""
    middles = np.arange(24) * 60.0 + 30
    at = np.array(starts) + _MINUTES / 2
    found: Floats = np.interp(at, middles, np.array(_HOURS), period=1440)
    return np.asarray(found / found.sum())


def _weight(day: date, calendar: DayCalendar | None) -> float:
    offset = calendar.festival_offset(day) if calendar else None
    if offset in _FESTIVAL:
        return _FESTIVAL[offset]
    kind = calendar.kind(day) if calendar else DayKind.PLAIN
    if kind is DayKind.HOLIDAY:
        return _HOLIDAY
    return _WEEKDAYS[4] if kind is DayKind.MAKE_UP else _WEEKDAYS[day.weekday()]
