"""Erlang A: callers give up. The planner's engine, for only here an answer rate is below one.

The exact birth-death process (Palm 1957; Garnett, Mandelbaum, Reiman 2002). Weights of the states
are summed outwards from the most likely one, so that nothing overflows in an overload; the wait a
caller with endless patience would have follows Zeltyn and Mandelbaum (2005), formula for M/M/n+M.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from seat_planner.errors import above, at_least
from seat_planner.queues.blocking import inverse_blocking
from seat_planner.queues.quadrature import integral

_NEGLIGIBLE = 1e-19
_RESCALE = 1e-250


@dataclass(frozen=True, slots=True)
class _States:
    """Weights relative to the most likely state."""

    below: float
    """All states with a server free."""
    all_busy: float
    """The state with all servers busy and nobody waiting; 0 where it is too unlikely."""
    log_all_busy: float
    waiting: float
    """Sum over the states with callers waiting."""
    callers: float
    """The same, each times the number of its callers waiting."""

    @property
    def total(self) -> float:
        return self.below + self.all_busy + self.waiting


@dataclass(frozen=True, slots=True)
class ImpatientQueue:
    """M/M/n+M in its steady state, which it always has. Raises PlanInputError naming the field."""

    servers: float
    load: float
    """Erlangs."""
    handling_s: float
    """Mean handling time, wrap-up included."""
    patience_s: float
    """Mean time after which a waiting caller gives up."""
    _states: _States = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        at_least("n", self.servers, 0)
        at_least("a_erlang", self.load, 0)
        above("aht_s", self.handling_s, 0)
        above("patience_s", self.patience_s, 0)
        rate = self.handling_s / self.patience_s
        found = _weigh(self.servers, self.load, rate) if self.load > 0.0 else _EMPTY
        object.__setattr__(self, "_states", found)

    @property
    def waiting(self) -> float:
        """Share of calls that find no server free."""
        states = self._states
        return (states.all_busy + states.waiting) / states.total

    @property
    def queue_length(self) -> float:
        """Mean number of callers waiting."""
        return self._states.callers / self._states.total

    @property
    def abandoned(self) -> float:
        """Share of calls given up before they are answered."""
        if self.load == 0.0:
            return 0.0
        rate = self.handling_s / self.patience_s
        return min(1.0, rate * self.queue_length / self.load)

    @property
    def answer_rate(self) -> float:
        """Share of calls that are answered (接通率)."""
        return 1.0 - self.abandoned

    @property
    def mean_wait_s(self) -> float:
        """Mean wait of all calls, those given up included."""
        return 0.0 if self.load == 0.0 else self.queue_length * self.handling_s / self.load

    @property
    def occupancy(self) -> float:
        """Share of time a server is busy."""
        if self.servers == 0.0:
            return float(self.load > 0.0)
        return self.load * self.answer_rate / self.servers

    def answered_within(self, seconds: float) -> float:
        """Calls answered within this time, of all offered."""
        at_least("t_s", seconds, 0)
        calm = self._states.below / self._states.total
        return min(calm + self._over_wait(seconds, 1.0 / self.patience_s), self.answer_rate)

    def answered_within_of_answered(self, seconds: float) -> float:
        """The same of those answered at all."""
        served = self.answer_rate
        return self.answered_within(seconds) / served if served > 0.0 else 0.0

    def answered_within_of_patient(self, seconds: float) -> float:
        """The same of all but those who gave up within that time (short abandons)."""
        answered = self.answered_within(seconds)
        longer = max(0.0, 1.0 - self.waiting_less(seconds)) * math.exp(-seconds / self.patience_s)
        stayed = answered + longer
        return answered / stayed if stayed > 0.0 else 0.0

    def waiting_less(self, seconds: float) -> float:
        """Calls a caller of endless patience would see answered within this time ("virtual")."""
        at_least("t_s", seconds, 0)
        calm = self._states.below / self._states.total
        return min(1.0, calm + self._over_wait(seconds, 0.0))

    def _over_wait(self, seconds: float, leaving: float) -> float:
        """Integral of the virtual wait's density times e^(-leaving·x), from 0 to ``seconds``."""
        states = self._states
        if self.load == 0.0 or seconds == 0.0 or self.servers == 0.0:
            return 0.0
        serving = self.servers / self.handling_s
        top = self.load / self.handling_s * self.patience_s
        at_zero = states.log_all_busy - math.log(states.total) + math.log(serving)

        def density(x: float) -> float:
            grown = -top * math.expm1(-x / self.patience_s)
            return math.exp(at_zero + grown - (serving + leaving) * x)

        arriving = self.load / self.handling_s
        return integral(density, seconds, _scale(serving + leaving, arriving, self.patience_s))


def _scale(serving: float, arriving: float, patience_s: float) -> Callable[[float], float]:
    """Seconds around x over which the density's exponent is smooth and moves little."""

    def step(x: float) -> float:
        left = arriving * math.exp(-x / patience_s)
        slope, bend = abs(left - serving), left / patience_s
        return min(patience_s, 4.0 / (slope + 1e-12), 2.0 / math.sqrt(bend + 1e-24))

    return step


def _weigh(servers: float, load: float, rate: float) -> _States:
    """Sum the states' weights; ``rate``: handling time over patience."""
    if load <= servers:
        waiting, callers = _upwards(servers, load, rate, 0, 1.0)
        return _States(inverse_blocking(servers, load) - 1.0, 1.0, 0.0, waiting, callers)
    top = int((load - servers) / rate)
    up, up_callers = _upwards(servers, load, rate, top, 1.0)
    down, down_callers, log_end = _downwards(servers, load, rate, top)
    if top == 0:
        return _States(inverse_blocking(servers, load) - 1.0, 1.0, 0.0, up, up_callers)
    end = math.exp(log_end) if log_end > -700.0 else 0.0
    below = end * (inverse_blocking(servers, load) - 1.0)
    return _States(below, end, log_end, up + down, up_callers + down_callers)


def _upwards(
    servers: float, load: float, rate: float, start: int, weight: float
) -> tuple[float, float]:
    """Sums over the states with more than ``start`` waiting."""
    total = callers = 0.0
    place = start
    while weight > _NEGLIGIBLE * (total + 1.0) * rate or place - start < 2:
        place += 1
        weight *= load / (servers + place * rate)
        total += weight
        callers += place * weight
        if weight == 0.0 or weight * place < _NEGLIGIBLE * callers:
            break
    return total, callers


def _downwards(servers: float, load: float, rate: float, start: int) -> tuple[float, float, float]:
    """Sums over 1..``start`` waiting, from the top; and the log-weight of nobody waiting."""
    total = callers = 0.0
    weight = 1.0
    for place in range(start, 0, -1):
        total += weight
        callers += place * weight
        weight *= (servers + place * rate) / load
        if weight < _RESCALE:
            return total, callers, _log_weight(servers, load, rate, start)
    return total, callers, math.log(weight)


def _log_weight(servers: float, load: float, rate: float, start: int) -> float:
    """Log of Π (servers + i·rate)/load, i = 1..start: far down a tail that hardly matters."""
    shape = servers / rate
    steps = math.lgamma(shape + start + 1.0) - math.lgamma(shape + 1.0)
    return start * math.log(rate / load) + steps


_EMPTY = _States(below=1.0, all_busy=0.0, log_all_busy=-math.inf, waiting=0.0, callers=0.0)
