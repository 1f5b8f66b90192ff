"""The hotline's year event by event, many times at once: the check on every plan.

Callers are served in the order they came, by whichever seat can take them first; who would wait
longer than they are willing to is gone (Kiefer and Wolfowitz's recursion, with patience). All
replications take the same step together, so that a step costs numpy one pass and not each call.

A seat takes calls while its number is below the seats of the interval, and ends the one it is in;
who waits when seats come is taken by them. Calls come by Poisson's law at each interval's rate
times a level of busyness (gamma) drawn for each day.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from seat_planner.errors import PlanInputError, above, at_least
from seat_planner.queues.mixed import check_cv

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_DAY_S = 86_400.0
_LEVEL = 0.95
OnStep = Callable[[int, int], None]
"""Told (days done, of)."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Who calls. Raises PlanInputError naming the field."""

    handling_s: float
    """Mean; exponential, or log-normal where ``handling_cv`` is given."""
    patience_s: float
    """Mean of those who wait at all."""
    handling_cv: float = 1.0
    unwilling: float = 0.0
    """Share who do not wait at all."""
    day_cv: float = 0.0
    contained: float = 0.0
    """Share the bot serves to the end, who ask for nobody."""

    def __post_init__(self) -> None:
        above("aht_s", self.handling_s, 0)
        above("patience_s", self.patience_s, 0)
        above("handling_cv", self.handling_cv, 0)
        check_cv("handling_cv", self.handling_cv)
        check_cv("day_cv", self.day_cv)
        for name in ("unwilling", "contained"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise PlanInputError(name, "须不小于0且小于1")


@dataclass(frozen=True, slots=True)
class Grid:
    """Calls and seats of equal intervals that follow each other without gaps."""

    calls: Floats
    """Expected in each interval."""
    seats: Integers
    interval_s: float

    def __post_init__(self) -> None:
        above("interval", self.interval_s, 0)
        if self.calls.shape != self.seats.shape or not self.calls.size:
            raise PlanInputError("seats", "须与时段一一对应")
        if not (np.isfinite(self.calls).all() and (self.calls >= 0).all()):
            raise PlanInputError("calls", "须为不小于0的数")
        if (self.seats < 0).any():
            raise PlanInputError("seats", "须为不小于0的整数")
        if _DAY_S % self.interval_s:
            raise PlanInputError("interval", "一天须为整数个时段")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications and half the width of its 95 % confidence interval."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.half


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the replications came to; arrays have one row for each."""

    calls: Integers
    """Replications × days: calls that wanted a person."""
    answered: Integers
    within: Integers
    """Answered within the time asked about."""
    waited_s: Floats
    """Replications: of all calls, those given up included."""
    busy_s: Floats
    staffed_s: float

    @property
    def answer_rate(self) -> Estimate:
        """接通率 of the whole time."""
        return share(self.answered.sum(1), self.calls.sum(1))

    @property
    def service_level(self) -> Estimate:
        """Answered within the time, of all calls."""
        return share(self.within.sum(1), self.calls.sum(1))

    @property
    def mean_wait_s(self) -> Estimate:
        """Mean wait of all calls."""
        return share(self.waited_s, self.calls.sum(1))

    @property
    def occupancy(self) -> Estimate:
        """Time in calls over time staffed; calls ended after the shift count."""
        return estimate(self.busy_s / max(self.staffed_s, 1e-9))

    def days_reached(self, rate: float) -> Estimate:
        """Share of days with calls whose answer rate reaches ``rate``."""
        open_ = self.calls > 0
        reached = (self.answered >= rate * self.calls) & open_
        return estimate(reached.sum(1) / np.maximum(open_.sum(1), 1))


def share(parts: npt.NDArray[Any], wholes: Integers) -> Estimate:
    """Parts over wholes of all replications together, busy ones counting for more.

    The interval is that of the ratio estimator: of the residuals, over the mean whole.
    """
    whole = float(wholes.mean())
    if whole == 0.0:
        return Estimate(0.0, 0.0)
    ratio = float(parts.sum()) / float(wholes.sum())
    return Estimate(ratio, estimate(parts - ratio * wholes).half / whole)


def estimate(values: Floats) -> Estimate:
    """Mean and interval (Student's t) of independent replications."""
    count = len(values)
    if count < 2:
        return Estimate(float(values.mean()), float("inf"))
    times = float(stdtrit(count - 1, 0.5 + _LEVEL / 2))
    return Estimate(float(values.mean()), times * float(values.std(ddof=1)) / count**0.5)


def simulate(
    grid: Grid,
    callers: Callers,
    *,
    replications: int,
    within_s: float = 15.0,
    seed: int = 1,
    on_step: OnStep | None = None,
) -> Simulated:
    """Run it from an empty hotline on. Raises PlanInputError."""
    at_least("replications", replications, 1)
    at_least("within_s", within_s, 0)
    chance = np.random.default_rng(seed)
    floor = Floor(grid, replications)
    per_day = int(_DAY_S / grid.interval_s)
    days = -(-grid.calls.size // per_day)
    counted = np.zeros((3, replications, days), dtype=np.int64)
    sums = np.zeros((2, replications))
    for day in range(days):
        if on_step is not None:
            on_step(day, days)
        times = _arrivals(grid, callers, day, per_day, replications, chance)
        patience = chance.exponential(callers.patience_s, times.shape)
        patience[chance.random(times.shape) < callers.unwilling] = 0.0
        handling = _handling(callers, times.shape, chance)
        waits = floor.serve(times, patience, handling)
        there = np.isfinite(times)
        served = there & (waits <= patience)
        counted[0, :, day] = there.sum(1)
        counted[1, :, day] = served.sum(1)
        counted[2, :, day] = (served & (waits <= within_s)).sum(1)
        sums[0] += np.where(there, np.minimum(waits, patience), 0.0).sum(1)
        sums[1] += np.where(served, handling, 0.0).sum(1)
    if on_step is not None:
        on_step(days, days)
    staffed = float(grid.seats.sum()) * grid.interval_s
    return Simulated(counted[0], counted[1], counted[2], sums[0], sums[1], staffed)


class Floor:
    """The seats of all replications: when each is free again."""

    def __init__(self, grid: Grid, replications: int) -> None:
        self._most = int(grid.seats.max())
        self._free = np.zeros((replications, self._most))
        self._rows = np.arange(replications)
        self._interval_s = grid.interval_s
        self._next = _next_staffed(grid, self._most)
        self._always = bool((grid.seats == self._most).all())
        self._end = grid.calls.size

    def serve(self, times: Floats, patience: Floats, handling: Floats) -> Floats:
        """Waits of calls in the order of their times (replications × calls; inf: no call).

        A wait longer than the caller's patience is one that was not waited out.
        """
        waits = np.full(times.shape, np.inf)
        if not self._most:
            return waits
        for call in range(times.shape[1]):
            at = times[:, call]
            earliest = self._earliest(np.maximum(self._free, at[:, None]))
            seat = earliest.argmin(1)
            begins = earliest[self._rows, seat]
            with np.errstate(invalid="ignore"):
                wait = begins - at
            waits[:, call] = np.where(np.isfinite(at), wait, np.inf)
            taken = waits[:, call] <= patience[:, call]
            self._free[self._rows[taken], seat[taken]] = (begins + handling[:, call])[taken]
        return waits

    def _earliest(self, free: Floats) -> Floats:
        """When each seat can take a call: once free, and staffed."""
        if self._always:
            return free
        with np.errstate(invalid="ignore"):
            places = np.minimum(free / self._interval_s, self._end).astype(np.int64)
        return np.maximum(free, self._next[places, np.arange(self._most)])


def _next_staffed(grid: Grid, most: int) -> Floats:
    """From each interval on, the start of the first in which each seat is staffed; inf: none."""
    found = np.full((grid.seats.size + 1, most), np.inf)
    for place in range(grid.seats.size - 1, -1, -1):
        found[place] = found[place + 1]
        found[place, : grid.seats[place]] = place * grid.interval_s
    return found


def _arrivals(
    grid: Grid,
    callers: Callers,
    day: int,
    per_day: int,
    replications: int,
    chance: np.random.Generator,
) -> Floats:
    """Times of one day's calls, ascending; rows filled up with inf."""
    places = np.arange(day * per_day, min((day + 1) * per_day, grid.calls.size))
    level = np.ones(replications)
    if callers.day_cv:
        shape = callers.day_cv**-2
        level = chance.gamma(shape, 1.0 / shape, replications)
    rates = grid.calls[places] * (1.0 - callers.contained)
    counts = chance.poisson(level[:, None] * rates[None, :])
    totals = counts.sum(1)
    times = np.full((replications, int(totals.max(initial=0))), np.inf)
    for row in range(replications):
        begins = np.repeat(places, counts[row]) * grid.interval_s
        times[row, : totals[row]] = np.sort(begins + chance.random(totals[row]) * grid.interval_s)
    return times


def _handling(callers: Callers, shape: Sequence[int], chance: np.random.Generator) -> Floats:
    if callers.handling_cv == 1.0:
        return chance.exponential(callers.handling_s, shape)
    spread = np.log1p(callers.handling_cv**2)
    mean = np.log(callers.handling_s) - spread / 2.0
    return chance.lognormal(mean, spread**0.5, shape)
