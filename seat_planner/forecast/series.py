"""Counts by day and interval: what every forecast begins from."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from seat_planner.forecast.days import Floats
from seat_planner.forecast.errors import ForecastError

DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Series:
    """Calls of n days in m intervals of equal length.

    Days ascend and need not be without gaps; a missing day is one nothing is known of, or on
    which the line is closed.
    """

    days: tuple[date, ...]
    starts: tuple[int, ...]
    """Minute of the day at which each interval begins, ascending."""
    minutes: int
    """Length of an interval."""
    counts: Floats
    """n × m; nan where nothing is known."""

    def __post_init__(self) -> None:
        if self.counts.shape != (len(self.days), len(self.starts)):
            raise ForecastError("counts must have a row for each day and a column for each start")
        if any(b <= a for a, b in zip(self.days, self.days[1:], strict=False)):
            raise ForecastError("日期须从早到晚，每天一次", field="date")
        if np.isinf(self.counts).any() or (self.counts < 0).any():
            raise ForecastError("来电数不能是负数", field="calls")

    def part(self, first: int, last: int) -> "Series":
        """Days ``first`` up to, not including, ``last``."""
        return Series(self.days[first:last], self.starts, self.minutes, self.counts[first:last])

    def known(self) -> "Series":
        """Without the days nothing is known of."""
        rows = np.asarray(~np.isnan(self.counts).all(1))
        days = tuple(day for day, keep in zip(self.days, rows, strict=True) if keep)
        return Series(days, self.starts, self.minutes, self.counts[rows])

    def labels(self) -> list[str]:
        """``08:30`` of each interval."""
        return [clock(start) for start in self.starts]


def clock(minute: int) -> str:
    """Minute of the day as ``08:30``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
