"""Callers as they are: some who gave up call again, and no two days are equally busy.

Redials: whoever gives up calls again at once with a fixed chance r. The calls offered are then the
root of λ·(1 - r·Ab(λ)) = λ₀; its left side, what is answered and what is given up for good, grows
with λ, so there is one root. It is looked for on the load; on whole seats such searches swing.

Busyness: a level drawn anew for each interval or day, log-normal with mean 1, taken at equally
likely levels; what is reached is the share of calls over all levels.
"""

import math
from dataclasses import dataclass, field
from statistics import NormalDist

from seat_planner.errors import PlanInputError
from seat_planner.queues.impatient import ImpatientQueue

LEVELS = 9
MOST_CV = 5.0
_STEPS = 200
_EXACT = 1e-13


def busyness(cv: float) -> list[float]:
    """Equally likely levels with mean 1 whose spread is ``cv`` (standard deviation over mean)."""
    if cv == 0.0:
        return [1.0]
    spread = math.sqrt(math.log1p(cv**2))
    normal = NormalDist()
    levels = [math.exp(spread * normal.inv_cdf((k + 0.5) / LEVELS)) for k in range(LEVELS)]
    mean = sum(levels) / LEVELS
    return [level / mean for level in levels]


def check_cv(field_name: str, cv: float) -> None:
    """Raise PlanInputError unless a spread can be meant."""
    if not 0.0 <= cv <= MOST_CV:
        raise PlanInputError(field_name, f"须不小于0且不大于{MOST_CV:g}，如0.15")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How calls come in, beside their mean. Raises PlanInputError naming the field."""

    redial: float = 0.0
    """Share of those who gave up who call again at once; 0 to below 1."""
    cv: float = 0.0
    """How much the load differs from its mean: standard deviation over mean."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.redial < 1.0:
            raise PlanInputError("redial", "须不小于0且小于1")
        check_cv("cv", self.cv)

    @property
    def plain(self) -> bool:
        """Neither redials nor spread."""
        return self.redial == 0.0 and self.cv == 0.0


@dataclass(frozen=True, slots=True)
class MixedQueue:
    """Erlang A under such arrivals; shares are of all calls, redials counted as calls."""

    servers: float
    load: float
    """Erlangs of first calls."""
    handling_s: float
    patience_s: float
    arrivals: Arrivals
    _queues: tuple[ImpatientQueue, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ImpatientQueue(self.servers, self.load, self.handling_s, self.patience_s)
        levels = [self._queue(self.load * level) for level in busyness(self.arrivals.cv)]
        object.__setattr__(self, "_queues", tuple(levels))

    @property
    def offered(self) -> float:
        """Erlangs of all calls, redials among them."""
        return sum(queue.load for queue in self._queues) / len(self._queues)

    @property
    def answer_rate(self) -> float:
        """Share of calls that are answered (接通率): of attempts."""
        return self._of_calls([queue.answer_rate for queue in self._queues], 1.0)

    @property
    def callers_answered(self) -> float:
        """Share of callers who are answered in the end."""
        if self.load == 0.0:
            return 1.0
        answered = sum(queue.load * queue.answer_rate for queue in self._queues)
        return answered / len(self._queues) / self.load

    @property
    def waiting(self) -> float:
        """Share of calls that find no server free."""
        return self._of_calls([queue.waiting for queue in self._queues], 0.0)

    @property
    def mean_wait_s(self) -> float:
        """Mean wait of all calls, those given up included."""
        return self._of_calls([queue.mean_wait_s for queue in self._queues], 0.0)

    @property
    def occupancy(self) -> float:
        """Share of time a server is busy."""
        return sum(queue.occupancy for queue in self._queues) / len(self._queues)

    def answered_within(self, seconds: float) -> float:
        """Calls answered within this time, of all offered."""
        return self._of_calls([queue.answered_within(seconds) for queue in self._queues], 1.0)

    def _of_calls(self, shares: list[float], of_none: float) -> float:
        total = sum(queue.load for queue in self._queues)
        if total == 0.0:
            return of_none
        loads = (queue.load for queue in self._queues)
        return sum(load * share for load, share in zip(loads, shares, strict=True)) / total

    def _queue(self, load: float) -> ImpatientQueue:
        """The queue of one level, with the redials it brings about itself."""
        redial = self.arrivals.redial

        def at(offered: float) -> tuple[ImpatientQueue, float]:
            queue = ImpatientQueue(self.servers, offered, self.handling_s, self.patience_s)
            return queue, offered * (1.0 - redial * queue.abandoned) - load

        queue, gap = at(load)
        low, high = load, load / (1.0 - redial)
        for _ in range(_STEPS):
            if abs(gap) <= _EXACT * load or high - low <= _EXACT * high:
                break
            # a call more brings at most one more given up: the slope is at most 1, so that a step
            # of the gap's size stays on its side of the root
            low = max(low, queue.load - gap) if gap < 0.0 else low
            high = min(high, queue.load - gap) if gap > 0.0 else high
            queue, gap = at((low + high) / 2.0)
        return queue
