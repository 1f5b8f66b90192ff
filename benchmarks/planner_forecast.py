"""How well coming calls are forecast: rolling origin over a history, the blend and each candidate.

    .venv/bin/python -m benchmarks.planner_forecast FILE HORIZON [--json]

FILE is what ``hotline plan forecast --csv`` reads. One process; every candidate sees the same past.
"""

import argparse
import json
import time
from pathlib import Path

from seat_planner.commands.history import read_series
from seat_planner.forecast.backtest import backtest


def main() -> None:
    """Run it."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("file", type=Path)
    wanted.add_argument("horizon", type=int)
    wanted.add_argument("--json", action="store_true", help="print only the JSON line")
    given = wanted.parse_args()
    series = read_series(given.file)
    began = time.perf_counter()
    found = backtest(series, given.horizon)
    seconds = time.perf_counter() - began
    told = found.as_dict()
    if not given.json:
        print(f"{'':24}{'interval':>10}{'day':>10}")
        by_interval, by_day = found.wape()
        print(f"{'blend':24}{by_interval:10.4f}{by_day:10.4f}")
        for name, errors in told["models"].items():
            print(f"{name:24}{errors['wape_interval']:10.4f}{errors['wape_day']:10.4f}")
        print(f"bounds held: {told['coverage']['interval']}; {len(found.origins)} origins")
        print(f"seconds: {seconds:.1f}")
    print(json.dumps({"benchmark": "planner-forecast", "seconds": round(seconds, 1), **told}))


if __name__ == "__main__":
    main()
