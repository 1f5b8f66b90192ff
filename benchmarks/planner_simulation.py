"""How fast the planner simulates: the plain queue, and a year with shifts, bot and busy days.

    .venv/bin/python -m benchmarks.planner_simulation [--replications 100] [--json]

One process. The plain queue: 12 seats, patience, 1,000 replications of a day. The year: 300,000
calls by half-hours over 45 seats at most, days that vary, a share served by the bot.
"""

import argparse
import json
import resource
import time

import numpy as np

from seat_planner.simulation import Callers, Grid, simulate

_HALVES = 48
_DAYS = 365
_SHAPE = np.array(
    [0.3] * 14 + [1.5, 2.5, 4.0, 5.0, 5.0, 4.0, 3.5, 4.5, 5.0, 4.5, 3.0, 2.0] + [0.8] * 22
)


def year_of(calls: float) -> Grid:
    """A year of half-hours, and seats in their measure."""
    week = np.array([1.25, 1.15, 1.1, 1.07, 1.03, 0.7, 0.7])
    level = np.resize(week, _DAYS)
    rates = (level[:, None] * _SHAPE[None, :]).ravel()
    rates *= calls / rates.sum()
    load = rates * 420 / 1800
    seats = np.minimum(45, np.ceil(load + 0.6 * np.sqrt(load))).astype(np.int64)
    return Grid(rates, seats, 1800.0)


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--replications", type=int, default=100)
    wanted.add_argument("--json", action="store_true", help="print only the JSON line")
    given = wanted.parse_args()
    day = Grid(np.full(_HALVES, 150.0), np.full(_HALVES, 12, dtype=np.int64), 1800.0)
    began = time.perf_counter()
    plain = simulate(day, Callers(120, 60), replications=1000)
    seconds = time.perf_counter() - began
    callers = Callers(420, 120, handling_cv=0.9, unwilling=0.02, day_cv=0.15, contained=0.2)
    began = time.perf_counter()
    year = simulate(year_of(300_000 / 0.8), callers, replications=given.replications)
    long = time.perf_counter() - began
    told = {
        "benchmark": "planner-simulation",
        "plain calls a second": round(float(plain.calls.sum()) / seconds),
        "year replications": given.replications,
        "year calls to people, mean": round(float(year.calls.sum(1).mean())),
        "year seconds": round(long, 1),
        "year answer rate": round(year.answer_rate.mean, 5),
        "year answer rate ±": round(year.answer_rate.half, 5),
        "peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if not given.json:
        for name, value in told.items():
            print(f"{name:32}{value}")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
