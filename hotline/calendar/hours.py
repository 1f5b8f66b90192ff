"""Working hours of a working day."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hotline.calendar.errors import CalendarError

_WRITTEN = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-([01]?[0-9]|2[0-4]):([0-5][0-9])")
DEFAULT = ("08:30-12:00", "14:00-17:30")
"""Usual office hours of institutions in Anhui; set ``deadlines.hours`` where they differ."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Windows of a day as (from, to) in seconds after midnight, in sequence, apart."""

    windows: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.windows:
            raise CalendarError("working hours: give at least one window, e.g. 08:30-12:00")
        last = -1
        for start, end in self.windows:
            if not (last < start < end <= 86_400):
                raise CalendarError("working hours: windows must be in sequence and apart")
            last = end

    @classmethod
    def parse(cls, written: Iterable[str] = DEFAULT) -> "WorkingHours":
        """``["08:30-12:00", "14:00-17:30"]``. Raises CalendarError."""
        windows = []
        for text in written:
            found = _WRITTEN.fullmatch(text.strip())
            if found is None:
                raise CalendarError(f"working hours {text[:20]!r}: write them like 08:30-12:00")
            hour, minute, end_hour, end_minute = (int(part) for part in found.groups())
            windows.append((hour * 3600 + minute * 60, end_hour * 3600 + end_minute * 60))
        return cls(tuple(windows))

    @property
    def seconds(self) -> int:
        """Working seconds of a whole working day."""
        return sum(end - start for start, end in self.windows)

    @property
    def end(self) -> int:
        """When the working day ends, in seconds after midnight."""
        return self.windows[-1][1]

    def worked(self, second: float) -> float:
        """Working seconds from midnight to ``second`` of the day."""
        return sum(max(0.0, min(second, end) - start) for start, end in self.windows)

    def reach(self, seconds: float) -> float:
        """The earliest second of the day by which ``seconds`` are worked; 0 < seconds ≤ a day's."""
        for start, end in self.windows:
            if seconds <= end - start:
                return start + seconds
            seconds -= end - start
        return float(self.end)  # a rounding error past the last window

    def reach_last(self, seconds: float) -> float:
        """The latest second of the day by which only ``seconds`` are worked; 0 ≤ … < a day's."""
        for start, end in self.windows:
            if seconds < end - start:
                return start + seconds
            seconds -= end - start
        return float(self.end)
