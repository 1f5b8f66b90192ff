"""Seats for every interval of a year, so that the year reaches its answer rate, for the least.

Each further seat of an interval saves fewer calls than the one before (the calls lost are convex in
the seats), so the seats that save most, wherever they are, are the cheapest plan: exact before
shifts (Koole and van der Sluis 2003 for the multimodular case with shifts). Floors are laid first:
what every interval, and every day, must have; what they cost is the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seat_planner.errors import PlanInputError, above, at_least
from seat_planner.queues.many import Floats, Integers, abandoned_many, required_seats_many
from seat_planner.queues.mixed import busyness, check_cv
from seat_planner.queues.seats import Targets


@dataclass(frozen=True, slots=True)
class Demand:
    """What comes in, interval by interval."""

    calls: tuple[float, ...]
    """Expected calls of each interval."""
    days: tuple[int, ...]
    """The day each belongs to: any numbers, equal within a day."""
    interval_s: float
    handling_s: float
    patience_s: float
    day_cv: float = 0.0
    """How much whole days differ from what was expected: standard deviation over mean. A plan for
    the mean alone misses its target when days vary."""
    places: tuple[int, ...] = ()
    """Each interval's number on the clock, counted from the first; empty: they follow each other
    without gaps. What "any 24 hours" is counted on."""

    def __post_init__(self) -> None:
        above("interval", self.interval_s, 0)
        above("aht_s", self.handling_s, 0)
        above("patience_s", self.patience_s, 0)
        check_cv("day_cv", self.day_cv)
        if len(self.calls) != len(self.days):
            raise PlanInputError("days", "须与时段一一对应")
        if self.places and len(self.places) != len(self.calls):
            raise PlanInputError("places", "须与时段一一对应")
        for place, calls in enumerate(self.calls):
            at_least(f"calls[{place}]", calls, 0)
        if not sum(self.calls) > 0.0:
            raise PlanInputError("calls", "全部为0，没有可测算的来电")

    @property
    def loads(self) -> Floats:
        """Erlangs of each interval."""
        return np.array(self.calls) * (self.handling_s / self.interval_s)

    def any_24h(self) -> list[npt.NDArray[np.intp]]:
        """The intervals of each 24 hours that end with one of them, in the order of the clock."""
        places = np.array(self.places or range(len(self.calls)))
        order = np.argsort(places, kind="stable")
        span = round(86_400.0 / self.interval_s)
        firsts = np.searchsorted(places[order], places[order] - span, side="right")
        return [order[first : last + 1] for last, first in enumerate(firsts)]

    def factors(self) -> list[float]:
        """Equally likely levels of a day's busyness, mean 1."""
        return busyness(self.day_cv)

    def lost(self, seats: Integers) -> Floats:
        """Expected calls given up in each interval with these seats."""
        found = np.zeros(len(self.calls))
        factors = self.factors()
        for factor in factors:
            share = abandoned_many(seats, self.loads * factor, self.handling_s, self.patience_s)
            found += np.array(self.calls) * factor * share / len(factors)
        return found


@dataclass(frozen=True, slots=True)
class YearPlan:
    """Seats of each interval, and what they reach."""

    seats: tuple[int, ...]
    seat_hours: float
    answer_rate: float
    worst_day: float
    """Answer rate of the worst day that has calls."""
    worst_24h: float
    """The same of any 24 hours."""
    worst_interval: float


def plan_year(
    demand: Demand,
    *,
    answer_rate: float = 0.95,
    every_day: float | None = None,
    any_24h: float | None = None,
    every_interval: Targets | None = None,
    least: int = 0,
) -> YearPlan:
    """The cheapest seats for the year's answer rate with the floors asked for.

    ``every_day``: answer rate of each calendar day; ``any_24h``: of any 24 hours (GB/T 33358-2016
    asks for 0.95), from midnight or not: reached, each window as cheaply as can be given those
    before it, not proved the cheapest together; ``every_interval``: what each interval must reach,
    the answer rate with days that vary, the rest at its expected calls; ``least``: seats that are
    always there. Raises PlanInputError.
    """
    rates = {"answer_rate": answer_rate, "every_day": every_day, "any_24h": any_24h}
    for name, value in rates.items():
        if value is not None and not 0.0 < value < 1.0:
            raise PlanInputError(name, "须大于0且小于1（100%需要无穷多座席，请用如0.99）")
    at_least("least", least, 0)
    seats = np.full(len(demand.calls), least, dtype=np.int64)
    if every_interval is not None:
        floor = required_seats_many(
            demand.loads, demand.handling_s, every_interval, demand.patience_s
        )
        seats = np.maximum(seats, floor)
        if every_interval.answer_rate is not None:
            seats = _raise(demand, seats, every_interval.answer_rate)
    calls = np.array(demand.calls)
    if every_day is not None:
        days = np.array(demand.days)
        groups = [np.flatnonzero(days == day) for day in np.unique(days)]
        seats = _fill(demand, seats, [(group, every_day) for group in groups])
    if any_24h is not None:
        seats = _fill_windows(demand, seats, any_24h)
    seats = _fill(demand, seats, [(np.arange(calls.size), answer_rate)])
    return _told(demand, seats)


def _raise(demand: Demand, seats: Integers, rate: float) -> Integers:
    """Add seats where an interval misses its answer rate on days as they vary."""
    calls = np.array(demand.calls)
    # a rounding error is no caller lost
    allowed = calls * (1.0 - rate + 1e-12)
    while (late := demand.lost(seats) > allowed).any():
        seats = seats + late
    return seats


Want = tuple[npt.NDArray[np.intp], float]
"""Intervals, and the answer rate they have to reach together."""


def _fill(demand: Demand, seats: Integers, wants: Sequence[Want]) -> Integers:
    """Add seats, the most saving first, until each group of intervals reaches its answer rate."""
    calls = np.array(demand.calls)
    lost = [demand.lost(seats)]
    gains: list[Floats] = []
    while True:
        added = _choose(calls, lost[0], gains, wants)
        if added is not None:
            return seats + added
        lost.append(demand.lost(seats + len(lost)))
        gain = lost[-2] - lost[-1]
        # rounding must not put a later seat of an interval before an earlier one
        gains.append(np.minimum(gain, gains[-1]) if gains else gain)


def _choose(
    calls: Floats, lost: Floats, gains: Sequence[Floats], wants: Sequence[Want]
) -> Integers | None:
    """Seats to add; None where a seat not looked at yet might save more than one chosen."""
    added = np.zeros(calls.size, dtype=np.int64)
    for group, rate in wants:
        missing = float(lost[group].sum() - (1.0 - rate) * calls[group].sum())
        if missing <= 0.0:
            continue
        if not gains:
            return None
        flat = np.stack([gain[group] for gain in gains], axis=1).ravel()
        order = np.argsort(-flat, kind="stable")
        saved = np.cumsum(flat[order])
        count = int(np.searchsorted(saved, missing))
        if count >= order.size or flat[order[count]] < float(gains[-1][group].max()):
            return None
        chosen = order[: count + 1] // len(gains)
        added[group] += np.bincount(chosen, minlength=group.size)
    return added


def _fill_windows(demand: Demand, seats: Integers, rate: float) -> Integers:
    """Add seats until any 24 hours reach the answer rate: window after window, most saving first
    and, of equals, the latest, which serve the next windows too."""
    calls = np.array(demand.calls)
    allowed = (1.0 - rate) * calls
    table = np.stack([demand.lost(seats), demand.lost(seats + 1)])
    added = np.zeros(calls.size, dtype=np.int64)
    for window in demand.any_24h():
        missing = float((table[added[window], window] - allowed[window]).sum())
        while missing > 0.0:
            if added[window].max() + 2 > len(table):
                table = np.vstack([table, demand.lost(seats + len(table))])
            gains = table[added[window], window] - table[added[window] + 1, window]
            best = window[window.size - 1 - int(np.argmax(gains[::-1]))]
            added[best] += 1
            missing -= float(gains.max())
    return seats + added


def _told(demand: Demand, seats: Integers) -> YearPlan:
    calls, lost = np.array(demand.calls), demand.lost(seats)
    days = np.array(demand.days)
    groups = [np.flatnonzero(days == day) for day in np.unique(days)]
    busy = calls > 0.0
    return YearPlan(
        tuple(int(one) for one in seats),
        float(seats.sum()) * demand.interval_s / 3600.0,
        1.0 - float(lost.sum() / calls.sum()),
        _worst(lost, calls, groups),
        _worst(lost, calls, demand.any_24h()),
        1.0 - float((lost[busy] / calls[busy]).max()),
    )


def _worst(lost: Floats, calls: Floats, groups: Sequence[npt.NDArray[np.intp]]) -> float:
    """Least answer rate of the groups of intervals that have calls."""
    return min(
        1.0 - float(lost[group].sum() / calls[group].sum())
        for group in groups
        if calls[group].sum() > 0.0
    )
