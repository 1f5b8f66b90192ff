"""How many seats: the fewest that reach every target asked for, and how many to roster."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from seat_planner.errors import PlanInputError, above, at_least
from seat_planner.queues.impatient import ImpatientQueue
from seat_planner.queues.mixed import Arrivals, MixedQueue
from seat_planner.queues.patient import PatientQueue

MOST_SEATS = 10_000_000
_PLAIN = Arrivals()


@dataclass(frozen=True, slots=True)
class Targets:
    """What has to be reached; None does not matter. Shares between 0 and 1."""

    answer_rate: float | None = None
    """接通率; needs callers who give up (Erlang A)."""
    service_level: float | None = None
    """Share answered within ``within_s``, of all offered."""
    within_s: float = 15.0
    mean_wait_s: float | None = None
    occupancy: float | None = None
    """At most this."""
    waiting: float | None = None
    """Share of calls that may wait at all, at most."""

    def __post_init__(self) -> None:
        at_least("within_s", self.within_s, 0)
        for name in ("answer_rate", "service_level", "occupancy", "waiting"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < 1.0:
                raise PlanInputError(name, "须大于0且小于1（100%需要无穷多座席，请用如0.99）")
        if self.mean_wait_s is not None:
            above("mean_wait_s", self.mean_wait_s, 0)
        wanted = (self.answer_rate, self.service_level, self.mean_wait_s, self.occupancy)
        if wanted == (None,) * 4 and self.waiting is None:
            raise PlanInputError("targets", "请至少给出一项目标，如接通率0.95")


def required_seats(
    load: float,
    handling_s: float,
    targets: Targets,
    patience_s: float | None = None,
    arrivals: Arrivals = _PLAIN,
) -> int:
    """Fewest seats that reach all targets. ``patience_s`` None: nobody gives up (Erlang C).

    ``arrivals``: redials and spread, for which callers must be able to give up. Raises
    PlanInputError.
    """
    at_least("a_erlang", load, 0)
    if patience_s is None and targets.answer_rate is not None:
        raise PlanInputError("patience_s", "接通率目标需要来电人的平均耐心，请给出")
    if patience_s is None and not arrivals.plain:
        raise PlanInputError("patience_s", "重拨和波动的测算需要来电人的平均耐心，请给出")
    if load == 0.0:
        return 0

    def enough(seats: int) -> bool:
        if patience_s is None:
            return seats > load and _reached_patient(PatientQueue(seats, load, handling_s), targets)
        if arrivals.plain:
            return reached(ImpatientQueue(seats, load, handling_s, patience_s), targets)
        return reached(MixedQueue(seats, load, handling_s, patience_s, arrivals), targets)

    guess = math.floor(load + math.sqrt(load)) if patience_s is None else math.ceil(load)
    return _fewest(enough, max(1, guess), max(1.0, math.sqrt(load) / 4.0))


def rostered_seats(seats: float, shrinkage: float) -> int:
    """Seats to roster so that ``seats`` are there when this share of paid time is not worked.

    Counted in exact fractions of the decimals as written: 21 seats at 0.30 are 30, not 31.
    """
    at_least("seats", seats, 0)
    if not 0.0 <= shrinkage < 1.0:
        raise PlanInputError("shrinkage", "须不小于0且小于1")
    return math.ceil(Fraction(str(seats)) / (1 - Fraction(str(shrinkage))))


def _fewest(reached: Callable[[int], bool], guess: int, stride: float) -> int:
    """Smallest number that reaches the target, which any greater one does too."""
    low, high = guess, guess
    step = max(1, int(stride))
    while not reached(high):
        low, high, step = high, high + step, step * 2
        if high > MOST_SEATS:
            raise PlanInputError("targets", "无法达到，请放宽目标")
    if low == high:
        step = max(1, int(stride))
        while low > 0 and reached(low):
            low, high, step = max(0, low - step), low, step * 2
        if low == 0 and reached(0):
            return 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _reached_patient(queue: PatientQueue, targets: Targets) -> bool:
    level, wait = targets.service_level, targets.mean_wait_s
    return (
        (level is None or queue.service_level(targets.within_s) >= level)
        and (wait is None or queue.mean_wait_s <= wait)
        and (targets.occupancy is None or queue.occupancy <= targets.occupancy)
        and (targets.waiting is None or queue.waiting <= targets.waiting)
    )


def reached(queue: ImpatientQueue | MixedQueue, targets: Targets) -> bool:
    """Whether a queue in which callers give up reaches every target."""
    level, wait = targets.service_level, targets.mean_wait_s
    return (
        (targets.answer_rate is None or queue.answer_rate >= targets.answer_rate)
        and (level is None or queue.answered_within(targets.within_s) >= level)
        and (wait is None or queue.mean_wait_s <= wait)
        and (targets.occupancy is None or queue.occupancy <= targets.occupancy)
        and (targets.waiting is None or queue.waiting <= targets.waiting)
    )
