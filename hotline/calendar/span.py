"""A length of time as deadlines are written: ``5wd``, ``4wh``, ``1h``, ``30m``."""

import re
from dataclasses import dataclass
from enum import StrEnum

from hotline.calendar.errors import CalendarError

_WRITTEN = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(wd|wh|h|m)")


class Unit(StrEnum):
    """What a span counts."""

    WORKING_DAYS = "wd"
    """Working days, the first day not counted, until the end of working hours of the last."""
    WORKING_HOURS = "wh"
    """Hours within working time only."""
    HOURS = "h"
    """Hours as they pass, day and night, holidays too."""
    MINUTES = "m"
    """Minutes as they pass."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: an amount above zero, and what it counts."""

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 < self.amount <= 99_999:
            raise CalendarError(f"span {self.amount:g}{self.unit}: give an amount above 0")
        if self.unit is Unit.WORKING_DAYS and self.amount != int(self.amount):
            raise CalendarError(f"span {self.amount:g}wd: working days are whole; use wh for parts")

    @classmethod
    def parse(cls, text: str) -> "Span":
        """``"5wd"`` → five working days. Raises CalendarError."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise CalendarError(
                f"span {text[:20]!r}: write a number and wd (working days), wh (working hours), "
                "h (hours round the clock) or m (minutes), e.g. 5wd"
            )
        return cls(float(found[1]), Unit(found[2]))

    @property
    def elapsed(self) -> bool:
        """Counted round the clock, not in working time."""
        return self.unit in (Unit.HOURS, Unit.MINUTES)

    @property
    def seconds(self) -> float:
        """Its seconds, passing or working. Not for working days: those have no fixed length."""
        if self.unit is Unit.WORKING_DAYS:
            raise ValueError("working days have no fixed length in seconds")
        return self.amount * (60 if self.unit is Unit.MINUTES else 3600)

    def __str__(self) -> str:
        return f"{self.amount:g}{self.unit}"
