"""What changes by the minute: who is on duty, who is open, how much everybody has in hand.

One board belongs to one directory. ``situation`` gives what the score reads; the board itself is
changed under a lock, because steps are written by several threads.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.directory import Directory
from dispatch.matching.opening import WorkCalendar, open_kinds
from dispatch.matching.results import RATES, Results, expect

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NEVER = -np.inf


@dataclass(frozen=True, slots=True)
class Duty:
    """One person on duty from a moment to another (roster)."""

    person_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """The state of every row of a directory at one moment."""

    on_duty: Flags
    open_now: Flags
    """Their institution is open."""
    in_hand: Floats
    """Open orders."""
    idle_s: Floats
    """Seconds since the last order was given to them; inf: never."""
    rates: Floats
    """Shape (n, 3): expected rates, in the sequence of ``results.RATES``."""


class Board:
    """The state of everybody, kept up to date."""

    def __init__(
        self,
        directory: Directory,
        *,
        in_hand: Mapping[str, int] | None = None,
        last_given: Mapping[str, datetime] | None = None,
        duties: Iterable[Duty] = (),
        results: Results | None = None,
    ) -> None:
        """``in_hand`` and ``last_given`` are by person id, or ``@institution`` as a whole."""
        self.directory = directory
        self._lock = threading.Lock()
        self._in_hand = self._column(in_hand or {}, 0.0, float)
        self._last = self._column(last_given or {}, NEVER, datetime.timestamp)
        on_list = [duty for duty in duties if duty.person_id in directory.rows]
        self._duty_rows = np.array([directory.rows[d.person_id] for d in on_list], dtype=np.int64)
        self._duty_from = np.array([d.starts_at.timestamp() for d in on_list], dtype=np.float64)
        self._duty_to = np.array([d.ends_at.timestamp() for d in on_list], dtype=np.float64)
        expected = expect(results or Results())
        pairs = zip(directory.person_ids, directory.institutions, strict=True)
        self._rates = np.array([expected.of(*pair) for pair in pairs], dtype=np.float64)
        self._rates = self._rates.reshape(len(directory), len(RATES))

    def situation(self, now: datetime, calendar: WorkCalendar) -> Situation:
        """Everybody's state now."""
        at = now.timestamp()
        on_duty = np.zeros(len(self.directory), dtype=np.bool_)
        on_duty[self._duty_rows[(self._duty_from <= at) & (at < self._duty_to)]] = True
        kinds = open_kinds(self.directory.hours, now, calendar)
        with self._lock:
            in_hand, last = self._in_hand.copy(), self._last.copy()
        return Situation(
            on_duty=on_duty,
            open_now=np.array(kinds, dtype=np.bool_)[self.directory.hours_of],
            in_hand=in_hand,
            idle_s=np.maximum(at - last, 0.0),
            rates=self._rates,
        )

    def taken(
        self, person_id: str | None, institution: str, *, given_at: datetime | None = None
    ) -> None:
        """They have one order more in hand. ``given_at``: it was given to them then."""
        row = self._row(person_id, institution)
        if row is not None:
            with self._lock:
                self._in_hand[row] += 1
                if given_at is not None:
                    self._last[row] = given_at.timestamp()

    def freed(self, person_id: str | None, institution: str) -> None:
        """They have one order less in hand."""
        row = self._row(person_id, institution)
        if row is not None:
            with self._lock:
                self._in_hand[row] = max(0.0, self._in_hand[row] - 1)

    def _row(self, person_id: str | None, institution: str) -> int | None:
        return self.directory.rows.get(person_id or f"@{institution}")

    def _column(self, values: Mapping[str, object], empty: float, read: Callable) -> Floats:  # type: ignore[type-arg]
        column = np.full(len(self.directory), empty, dtype=np.float64)
        for key, value in values.items():
            row = self.directory.rows.get(key)
            if row is not None:
                column[row] = read(value)
        return column
