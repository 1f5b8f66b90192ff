"""The planner's queues: how exact, and how fast beside pyworkforce.

    .venv/bin/python -m benchmarks.planner_queues [--repeat 5] [--json]

Exactness against ``../shared/golden/erlang.csv`` where it is. Speed: seats for Erlang C, 80 % in
20 s, our batch against pyworkforce's one by one, in one run (``pip install --no-deps
pyworkforce==0.5.1``: the last for Python 3.11; without it only ours is shown); and seats for
Erlang A, 95 % answered, for each half-hour of a year. Best of the repeats.
"""

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common import arguments, show
from seat_planner.commands.erlang import INPUTS, compute
from seat_planner.queues import Targets
from seat_planner.queues.many import required_seats_many

GOLDEN = Path(__file__).parents[2] / "shared" / "golden" / "erlang.csv"
BATCHES = {10: 200_000, 1_000: 40_000, 100_000: 8_000}
SCALARS = {10: 20_000, 1_000: 500, 100_000: 5}
HALF_HOURS = 17_520
AHT_S = 300.0
TARGETS = Targets(service_level=0.8, within_s=20.0)


def largest_error() -> float | None:
    """Largest relative error over all golden figures; None without the file."""
    if not GOLDEN.exists():
        return None
    worst = 0.0
    with GOLDEN.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            given = {name: float(row[name]) if row[name] else None for name in INPUTS}
            for name, value in compute(row["model"], given).items():
                if row.get(name):
                    wanted = float(row[name])
                    worst = max(worst, abs(value - wanted) / abs(wanted))
    return worst


def per_second(work: Callable[[], object], count: int, repeat: int) -> float:
    """Best of the repeats."""
    best = 0.0
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        best = max(best, count / (time.perf_counter() - began))
    return best


def theirs(load: int, loads: list[float]) -> Callable[[], object] | None:
    """pyworkforce asked for each load in turn."""
    try:
        from pyworkforce.queuing import ErlangC  # type: ignore[import-not-found]
    except ImportError:
        return None

    def work() -> None:
        for one in loads:
            queue = ErlangC(transactions=one * 6.0, aht=5.0, asa=20 / 60, interval=30, shrinkage=0)
            queue.required_positions(service_level=0.8)

    return work


def main() -> int:
    """Measure and print."""
    options = arguments(__doc__, repeat=5)
    random = np.random.default_rng(1)
    error = largest_error()
    rows: list[tuple[str, object]] = [("largest relative error", error or "no golden file here")]
    for load, count in BATCHES.items():
        loads = load * random.uniform(0.95, 1.05, count)
        ours = per_second(
            lambda loads=loads: required_seats_many(loads, AHT_S, TARGETS), count, options.repeat
        )
        rows.append((f"{load} E, ours, loads/s", round(ours)))
        some = loads[: SCALARS[load]].tolist()
        other = theirs(load, some)
        if other is not None:
            speed = per_second(other, len(some), 2)
            rows.append((f"{load} E, pyworkforce, loads/s", round(speed, 1)))
            rows.append((f"{load} E, times as fast", round(ours / speed)))
    year = 12.0 * random.uniform(0.02, 2.5, HALF_HOURS)
    answered = Targets(answer_rate=0.95)
    speed = per_second(
        lambda: required_seats_many(year, 420.0, answered, 120.0), HALF_HOURS, options.repeat
    )
    rows.append(("Erlang A for a year of half-hours, s", round(HALF_HOURS / speed, 3)))
    show("planner's queues", rows, only_json=options.json)
    return 0 if error is None or error < 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main())
