"""The same questions for many intervals at once, on arrays: a year of half-hours in a blink.

Exact like the scalar ones. The seats are found by walking up from the fewest that could do, each
step carrying 1/B(n+1) = 1 + (n+1)/A · 1/B(n) along. Where callers give up and the load is large,
or they wait for ages, the walk is long and its weights overflow: those are bisected one by one.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from seat_planner.errors import PlanInputError, above
from seat_planner.queues.impatient import ImpatientQueue
from seat_planner.queues.quadrature import rule
from seat_planner.queues.seats import Targets, reached, required_seats

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_BLOCK = 4096
"""Loads worked on together: what fits the processor's nearest memory."""
_NEGLIGIBLE = 1e-18
_LARGE = 1000.0
"""Erlangs, times patience over handling where that is long, from which bisecting one load (some ms)
is quicker than the walk."""


def inverse_blocking_many(servers: Integers, loads: Floats) -> Floats:
    """1/B for whole numbers of servers; ``loads`` > 0. Inf where it is too great for a float."""
    left = servers.astype(np.float64)
    total = np.zeros_like(loads)
    term = np.ones_like(loads)
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            total += term
            term *= left / loads
            left -= 1.0
            np.maximum(left, 0.0, out=left)
            if np.all((term <= total * _NEGLIGIBLE) & (left <= loads) | np.isinf(total)):
                return total


def required_seats_many(
    loads: npt.ArrayLike,
    handling_s: float,
    targets: Targets,
    patience_s: float | None = None,
) -> Integers:
    """Fewest seats for each load (erlangs), as ``required_seats`` finds them one by one.

    Raises PlanInputError; a load that is no number or negative is named by its place.
    """
    given = np.atleast_1d(np.asarray(loads, dtype=np.float64))
    _check(given, handling_s, targets, patience_s)
    order = np.argsort(given, kind="stable")
    found = np.zeros(given.size, dtype=np.int64)
    for at in range(0, given.size, _BLOCK):
        places = order[at : at + _BLOCK]
        places = places[given[places] > 0.0]
        if places.size and patience_s is None:
            found[places] = _patient(given[places], handling_s, targets)
        elif places.size:
            found[places] = _impatient(given[places], handling_s, targets, float(patience_s or 0))
    return found


def _one_by_one(loads: Floats, handling_s: float, targets: Targets, patience_s: float) -> Integers:
    distinct, places = np.unique(loads, return_inverse=True)
    each = [required_seats(float(load), handling_s, targets, patience_s) for load in distinct]
    return np.array(each, dtype=np.int64)[places]


def abandoned_many(seats: Integers, loads: Floats, handling_s: float, patience_s: float) -> Floats:
    """Share of calls given up in each interval; 0 where there are none."""
    found = np.zeros(loads.size)
    rate = handling_s / patience_s
    order = np.argsort(loads, kind="stable")
    for at in range(0, order.size, _BLOCK):
        places = order[at : at + _BLOCK]
        places = places[loads[places] > 0.0]
        if places.size:
            there, load = seats[places], loads[places]
            inverse = inverse_blocking_many(there, load)
            found[places] = _lost(there.astype(np.float64), load, inverse, rate)
    # without a seat nobody is answered, exactly
    found[(seats == 0) & (loads > 0.0)] = 1.0
    return found


def _lost(seats: Floats, loads: Floats, inverse: Floats, rate: float) -> Floats:
    weight, callers = _queue(seats, loads, rate)
    with np.errstate(over="ignore"):
        total = inverse + weight
    # an overload beyond all counting: what the seats cannot serve is given up
    known = np.isfinite(total) & np.isfinite(callers)
    length = np.divide(callers, total, out=(loads - seats) / rate, where=known)
    return np.minimum(1.0, rate * length / loads)


def _check(loads: Floats, handling_s: float, targets: Targets, patience_s: float | None) -> None:
    above("aht_s", handling_s, 0)
    wrong = np.flatnonzero(~(np.isfinite(loads) & (loads >= 0.0)))
    if wrong.size:
        raise PlanInputError(f"a_erlang[{wrong[0]}]", "须为不小于0的数")
    if patience_s is not None:
        above("patience_s", patience_s, 0)
    elif targets.answer_rate is not None:
        raise PlanInputError("patience_s", "接通率目标需要来电人的平均耐心，请给出")


def _walk(
    loads: Floats, start: Floats, missed: Callable[[Floats, Floats, Floats], npt.NDArray[np.bool_]]
) -> Integers:
    """Walk up until nothing is missed; ``missed(seats, loads, inverse)`` says where it still is."""
    seats = np.maximum(start, 0.0)
    inverse = inverse_blocking_many(seats.astype(np.int64), loads)
    found = np.zeros(loads.size, dtype=np.int64)
    places = np.arange(loads.size)
    while places.size:
        still = missed(seats, loads, inverse)
        found[places[~still]] = seats[~still].astype(np.int64)
        if not still.all():
            places, seats = places[still], seats[still]
            loads, inverse = loads[still], inverse[still]
        seats = seats + 1.0
        with np.errstate(over="ignore"):
            inverse = 1.0 + inverse * seats / loads
    return found


def _patient(loads: Floats, handling_s: float, targets: Targets) -> Integers:
    def missed(seats: Floats, loads: Floats, inverse: Floats) -> npt.NDArray[np.bool_]:
        spare = seats - loads
        with np.errstate(over="ignore"):
            waiting = seats / (spare * inverse + loads)
        late = np.zeros(loads.size, dtype=bool)
        if targets.service_level is not None:
            longer = waiting * np.exp(-spare * (targets.within_s / handling_s))
            late |= 1.0 - longer < targets.service_level
        if targets.mean_wait_s is not None:
            late |= waiting * handling_s / spare > targets.mean_wait_s
        if targets.occupancy is not None:
            late |= loads / seats > targets.occupancy
        if targets.waiting is not None:
            late |= waiting > targets.waiting
        return late

    start = np.floor(loads) + 1.0
    if targets.occupancy is not None:
        start = np.maximum(start, np.floor(loads / targets.occupancy))
    return _walk(loads, start, missed)


def _impatient(loads: Floats, handling_s: float, targets: Targets, patience_s: float) -> Integers:
    small = loads * max(1.0, patience_s / handling_s) < _LARGE
    if not small.all():
        found = np.empty(loads.size, dtype=np.int64)
        found[small] = _impatient(loads[small], handling_s, targets, patience_s)
        found[~small] = _one_by_one(loads[~small], handling_s, targets, patience_s)
        return found

    def missed(seats: Floats, loads: Floats, inverse: Floats) -> npt.NDArray[np.bool_]:
        late, counted = _missed(seats, loads, inverse, (handling_s, patience_s), targets)
        for place in np.flatnonzero(~counted):
            seat, load = float(seats[place]), float(loads[place])
            late[place] = not reached(ImpatientQueue(seat, load, handling_s, patience_s), targets)
        return late

    return _walk(loads, np.floor(loads * _least(targets, patience_s)), missed)


def _least(targets: Targets, patience_s: float) -> float:
    """Seats per erlang that any plan has: no more is answered than there are seats, only those
    who wait give up, and the mean wait is the patience times the share given up."""
    shares = [targets.answer_rate or 0.0, targets.service_level or 0.0]
    if targets.waiting is not None:
        shares.append(1.0 - targets.waiting)
    if targets.mean_wait_s is not None:
        shares.append(1.0 - targets.mean_wait_s / patience_s)
    return max(shares)


def _missed(
    seats: Floats, loads: Floats, inverse: Floats, times: tuple[float, float], targets: Targets
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where a target is missed, and where the weights could be counted at all.

    ``times``: handling and patience, seconds.
    """
    handling_s, patience_s = times
    rate = handling_s / patience_s
    weight, callers = _queue(seats, loads, rate)
    with np.errstate(over="ignore", invalid="ignore"):
        total = inverse + weight
    counted = np.isfinite(total) & np.isfinite(callers)
    total, callers = np.where(counted, total, 1.0), np.where(counted, callers, 0.0)
    length = callers / total
    lost = np.minimum(1.0, rate * length / loads)
    late = np.zeros(loads.size, dtype=bool)
    if targets.answer_rate is not None:
        late |= 1.0 - lost < targets.answer_rate
    if targets.mean_wait_s is not None:
        late |= length * handling_s / loads > targets.mean_wait_s
    if targets.occupancy is not None:
        late |= (loads * (1.0 - lost) > targets.occupancy * seats) | (seats == 0.0)
    if targets.waiting is not None:
        late |= (1.0 + weight) / total > targets.waiting
    if targets.service_level is not None:
        # only where all else is reached: it costs the most
        open_ = counted & ~late
        level = _within(
            seats[open_],
            loads[open_],
            (inverse[open_] - 1.0) / total[open_],
            np.log(total[open_]),
            (handling_s, patience_s, targets.within_s),
        )
        late[open_] = np.minimum(level, 1.0 - lost[open_]) < targets.service_level
    return late, counted


def _queue(seats: Floats, loads: Floats, rate: float) -> tuple[Floats, Floats]:
    """Weights of the states with callers waiting, relative to that with all seats busy: their sum,
    and the sum with each times its callers."""
    total, callers = np.zeros_like(loads), np.zeros_like(loads)
    term = np.ones_like(loads)
    place = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            place += 1.0
            term = term * (loads / (seats + place * rate))
            total += term
            callers += place * term
            past = seats + place * rate > loads
            if np.all((term * place <= callers * _NEGLIGIBLE) & past | np.isinf(callers)):
                return total, callers


def _within(
    seats: Floats, loads: Floats, calm: Floats, log_total: Floats, times: tuple[float, float, float]
) -> Floats:
    """Share answered within a time; ``times``: handling, patience, that time (seconds).

    The state with all seats busy is 1 / total likely: taken in logs, for the density grows from it
    by as much as it is small.
    """
    handling_s, patience_s, within_s = times
    if not seats.size or within_s == 0.0:
        return calm
    serving, arriving = seats / handling_s, loads / handling_s
    slope = float(np.max(np.abs(arriving - serving) + 1.0 / patience_s))
    bend = float(np.max(arriving)) / patience_s
    width = min(patience_s, 4.0 / slope, 2.0 / np.sqrt(bend))
    panels = max(1, int(np.ceil(within_s / width)))
    half = within_s / panels / 2.0
    found = np.zeros_like(loads)
    for panel in range(panels):
        middle = half * (2 * panel + 1)
        for node, weight in rule():
            x = middle + half * node
            grown = -arriving * patience_s * np.expm1(-x / patience_s)
            power = grown - (serving + 1.0 / patience_s) * x - log_total
            found += weight * half * np.exp(power)
    return np.asarray(calm + serving * found)
