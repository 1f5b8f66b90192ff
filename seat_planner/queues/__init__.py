"""Erlang's queues: blocking (B), waiting (C), waiting with impatience (A); how many seats.

Loads are in erlangs (calls an hour times handling time in hours), times in seconds. The numbers of
servers may be fractions: seats that work part of an interval.
"""

from seat_planner.queues.blocking import blocking, inverse_blocking, trunks
from seat_planner.queues.impatient import ImpatientQueue
from seat_planner.queues.mixed import Arrivals, MixedQueue
from seat_planner.queues.patient import PatientQueue
from seat_planner.queues.seats import Targets, required_seats, rostered_seats

__all__ = [
    "Arrivals",
    "ImpatientQueue",
    "MixedQueue",
    "PatientQueue",
    "Targets",
    "blocking",
    "inverse_blocking",
    "required_seats",
    "rostered_seats",
    "trunks",
]
