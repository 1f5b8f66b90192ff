"""What a plan costs: wages by hour of the day and kind of day, seats, lines, the bot.

Work on a statutory holiday is paid at least 300 % (劳动法 第四十四条第三项), time beyond the normal
hours at least 150 % (第一项). Where hours are reckoned over a whole period (综合计算工时), days of
rest are part of the shifts and carry no extra; hours beyond the period's standard do. A supplement
for nights is the employer's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from seat_planner.errors import PlanInputError, above, at_least
from seat_planner.queues.many import abandoned_many

YEAR_DAYS = 365.0
LINE_NAMES: Mapping[str, str] = {
    "wages": "工资",
    "night": "夜班补贴",
    "holiday": "法定节假日加付",
    "overtime": "加班加付",
    "seats": "座席设备",
    "trunks": "中继线路",
    "bot": "智能助手",
}
"""What users read."""
NIGHT_FROM, NIGHT_TO = 22, 6
"""Hours between which the night's supplement is paid; a usual span, not a law's."""


@dataclass(frozen=True, slots=True)
class Wages:
    """Yuan and shares. Raises PlanInputError naming the field."""

    hourly: float
    """Cost of an hour of a person's work, contributions included."""
    night: float = 0.0
    """Added for an hour at night."""
    holiday_times: float = 3.0
    overtime_times: float = 1.5
    shrinkage: float = 0.0
    """Share of paid time that is not worked at a seat."""
    people: int | None = None
    """Who is employed; None: overtime is not looked at."""
    standard_hours: float = 2000.0
    """Of one person in a year."""

    def __post_init__(self) -> None:
        above("hourly", self.hourly, 0)
        at_least("night", self.night, 0)
        # less would be less than 劳动法 第四十四条 asks for
        at_least("holiday_times", self.holiday_times, 3)
        at_least("overtime_times", self.overtime_times, 1.5)
        if not 0.0 <= self.shrinkage < 1.0:
            raise PlanInputError("shrinkage", "须不小于0且小于1")
        if self.people is not None:
            at_least("people", self.people, 1)
        above("standard_hours", self.standard_hours, 0)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Yuan a year, whatever is called."""

    seat: float = 0.0
    """Of one seat: desk, equipment, licences."""
    trunk: float = 0.0
    trunks: int = 0
    bot: float = 0.0

    def __post_init__(self) -> None:
        for name in ("seat", "trunk", "trunks", "bot"):
            at_least(name, getattr(self, name), 0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the period of the plan costs, line by line, in yuan."""

    lines: dict[str, float]
    """By ``wages``, ``night``, ``holiday``, ``overtime``, ``seats``, ``trunks``, ``bot``."""
    paid_hours: float
    overtime_hours: float
    answered: float

    @property
    def total(self) -> float:
        """All lines."""
        return sum(self.lines.values())

    @property
    def per_answered(self) -> float | None:
        """Yuan for a call that was answered; None where none was."""
        return self.total / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class Staffing:
    """Seats and calls of each interval."""

    starts: Sequence[datetime]
    calls: Sequence[float]
    seats: Sequence[int]
    interval_s: float
    handling_s: float
    patience_s: float


def cost(plan: Staffing, wages: Wages, fixed: Fixed, holidays: frozenset[date]) -> Cost:
    """What it costs; ``holidays``: the statutory ones. Fixed costs count for the days covered."""
    seats = np.array(plan.seats, dtype=np.int64)
    hours = seats * (plan.interval_s / 3600.0) / (1.0 - wages.shrinkage)
    night = np.array([_is_night(start) for start in plan.starts])
    holiday = np.array([start.date() in holidays for start in plan.starts])
    days = {start.date() for start in plan.starts}
    share = ((max(days) - min(days)).days + 1) / YEAR_DAYS
    paid, on_holidays = float(hours.sum()), float(hours[holiday].sum())
    overtime = 0.0
    if wages.people is not None:
        # holidays are paid threefold as it is
        normal = wages.people * wages.standard_hours * share
        overtime = max(0.0, paid - on_holidays - normal)
    calls = np.array(plan.calls, dtype=np.float64)
    loads = calls * (plan.handling_s / plan.interval_s)
    lost = abandoned_many(seats, loads, plan.handling_s, plan.patience_s)
    most = int(seats.max(initial=0))
    lines = {
        "wages": paid * wages.hourly,
        "night": float(hours[night].sum()) * wages.night,
        "holiday": on_holidays * wages.hourly * (wages.holiday_times - 1.0),
        "overtime": overtime * wages.hourly * (wages.overtime_times - 1.0),
        "seats": most * fixed.seat * share,
        "trunks": fixed.trunks * fixed.trunk * share,
        "bot": fixed.bot * share,
    }
    return Cost(lines, paid, overtime, float((calls * (1 - lost)).sum()))


def _is_night(start: datetime) -> bool:
    return start.hour >= NIGHT_FROM or start.hour < NIGHT_TO
