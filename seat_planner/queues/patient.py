"""Erlang C: callers wait however long it takes. A cross-check: real callers give up."""

import math
from dataclasses import dataclass

from seat_planner.errors import above, at_least
from seat_planner.queues.blocking import inverse_blocking


@dataclass(frozen=True, slots=True)
class PatientQueue:
    """M/M/n in its steady state. With a load of n or more there is none: everybody waits for ever.

    Raises PlanInputError naming the field.
    """

    servers: float
    load: float
    """Erlangs."""
    handling_s: float
    """Mean handling time, wrap-up included."""

    def __post_init__(self) -> None:
        at_least("n", self.servers, 0)
        at_least("a_erlang", self.load, 0)
        above("aht_s", self.handling_s, 0)

    @property
    def stable(self) -> bool:
        """Whether the queue ever ends."""
        return self.servers > self.load or self.load == 0.0

    @property
    def waiting(self) -> float:
        """Share of calls that wait at all."""
        if self.load == 0.0:
            return 0.0
        if not self.stable:
            return 1.0
        busy = self.load / self.servers
        spare = (self.servers - self.load) / self.servers
        return 1.0 / (spare * inverse_blocking(self.servers, self.load) + busy)

    @property
    def mean_wait_s(self) -> float:
        """Mean wait of all calls (average speed of answer)."""
        if self.load == 0.0:
            return 0.0
        if not self.stable:
            return math.inf
        return self.waiting * self.handling_s / (self.servers - self.load)

    @property
    def queue_length(self) -> float:
        """Mean number of callers waiting."""
        return 0.0 if self.load == 0.0 else self.mean_wait_s * self.load / self.handling_s

    @property
    def occupancy(self) -> float:
        """Share of time a server is busy."""
        return min(1.0, self.load / self.servers) if self.servers else float(self.load > 0.0)

    def waiting_longer(self, seconds: float) -> float:
        """Share of calls that wait longer than this."""
        at_least("t_s", seconds, 0)
        if not self.stable:
            return 1.0
        decay = (self.servers - self.load) * seconds / self.handling_s
        return self.waiting * math.exp(-decay)

    def service_level(self, seconds: float) -> float:
        """Share of calls answered within this time: of all, for here nobody gives up."""
        return 1.0 - self.waiting_longer(seconds)
