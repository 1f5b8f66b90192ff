"""A stretch of every day in China's time: when the party may be rung or written to. No I/O."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispatch.numbers import CHINA

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """From ``start`` until just before ``end``, seconds after midnight; may go past midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        inside = 0 <= self.start < _DAY and 0 <= self.end <= _DAY
        if not inside or self.start == self.end:
            raise ValueError("a daily window needs two different times of day")

    @classmethod
    def parse(cls, text: str) -> "DailyWindow":
        """``22:00-08:00``; ``00:00-24:00`` is the whole day. Raises ValueError."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError("write a daily window like 22:00-08:00")
        hour, minute, end_hour, end_minute = (int(part) for part in found.groups())
        return cls(hour * 3600 + minute * 60, end_hour * 3600 + end_minute * 60)

    @property
    def whole(self) -> bool:
        """It never ends."""
        return self.start == 0 and self.end == _DAY

    def holds(self, at: datetime) -> bool:
        """Whether ``at`` lies within it."""
        second = _second(at)
        if self.start < self.end:
            return self.start <= second < self.end
        return second >= self.start or second < self.end

    def first_inside(self, at: datetime) -> datetime:
        """``at`` if it lies within, else when the window next begins (UTC)."""
        return at.astimezone(UTC) if self.holds(at) else _next(at, self.start)

    def first_outside(self, at: datetime) -> datetime:
        """``at`` if it lies outside, else when the window ends (UTC). ValueError: never ends."""
        if self.whole:
            raise ValueError("a window of the whole day has no outside")
        return at.astimezone(UTC) if not self.holds(at) else _next(at, self.end)


def china_midnight(at: datetime) -> datetime:
    """The beginning of the day (in China) ``at`` lies in, UTC."""
    local = at.astimezone(CHINA)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _second(at: datetime) -> float:
    return (at.astimezone(UTC) - china_midnight(at)).total_seconds()


def _next(at: datetime, second: int) -> datetime:
    """The first moment after ``at`` with this second of the day."""
    moment = china_midnight(at) + timedelta(seconds=second)
    return moment if moment > at else moment + timedelta(seconds=_DAY)
