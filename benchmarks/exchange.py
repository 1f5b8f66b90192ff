"""Files of 100,000 rows in and out: rows a second, and how much memory it takes.

    python -m benchmarks.exchange [--rows 100000]

Each step runs in a process of its own on a fresh SQLite database, so that its peak memory is its
own. "before" is the memory of the same process with everything loaded and one row done.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hotline.accounts.institutions import save_institution
from hotline.accounts.seed import PROVINCE_DESK
from hotline.db.opening import Store, open_store
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor
from hotline.domain.standard import code_tables
from hotline.exchange.ask import Ask
from hotline.exchange.duties import DutiesTarget
from hotline.exchange.exporting import Exporter
from hotline.exchange.fields import DUTIES, PEOPLE, Record
from hotline.exchange.files import Writer
from hotline.exchange.importing import import_file
from hotline.exchange.targets import Desk, PeopleTarget
from hotline.knowledge.load import load_region_names
from hotline.settings import Settings

NOW = datetime(2026, 3, 5, tzinfo=UTC)
OPERATOR = Actor("operator", rights=frozenset(Right))
REGIONS = load_region_names()
TABLES = code_tables(REGIONS)


def people(rows: int) -> Iterator[Mapping[str, Any]]:
    """People as a file has them."""
    for number in range(rows):
        yield {
            "staff_no": f"P{number:06d}",
            "name": "某人甲",
            "phone": f"139{number:08d}",
            "institution": PROVINCE_DESK.code,
            "active": True,
        }


def duties(rows: int) -> Iterator[Mapping[str, Any]]:
    """Duties of one person after another's, eight hours each."""
    for number in range(rows):
        start = NOW + timedelta(hours=8 * (number // 100))
        yield {
            "staff_no": f"P{number % 100:06d}",
            "institution": PROVINCE_DESK.code,
            "starts_at": start,
            "ends_at": start + timedelta(hours=8),
        }


def make(path: Path, record: Record, rows: Iterator[Mapping[str, Any]]) -> None:
    """A file of these rows."""
    with Writer(path, record, TABLES) as writer:
        for values in rows:
            writer.add(values)


def peak_mb() -> float:
    """The process's greatest memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def bring(store: Store, record: Record, path: Path, *, check: bool = False) -> None:
    """Import a file."""
    desk = Desk(store.db, store.ring, REGIONS, OPERATOR, NOW)
    target: Any = PeopleTarget(desk) if record is PEOPLE else DutiesTarget(desk)
    await import_file(path, target, TABLES, dry_run=check)


def step(folder: Path, name: str, answer: Any) -> None:
    """One measured step, in a process of its own."""
    what, kind = name.split(" ")
    record = DUTIES if "duties" in what else PEOPLE
    store = open_store(Settings(data_dir=folder / "data"))
    store.db.write_now(
        lambda s: save_institution(s, store.ring, PROVINCE_DESK, actor="operator", now=NOW)
    )

    async def run(path: Path) -> None:
        if what == "export":
            await Exporter(store.db, store.ring, TABLES).export(PEOPLE, path, Ask(OPERATOR, NOW))
        else:
            await bring(store, record, path, check=what.startswith("check"))

    source = "duties" if record is DUTIES else "people"
    asyncio.run(bring(store, record, folder / f"{source}-one.{kind}", check=True))
    before, began = peak_mb(), time.perf_counter()
    path = folder / (f"out.{kind}" if what == "export" else f"{source}.{kind}")
    asyncio.run(run(path))
    answer.put((time.perf_counter() - began, before, peak_mb()))
    store.db.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    context = multiprocessing.get_context("spawn")
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources: list[tuple[Record, Callable[[int], Iterator[Mapping[str, Any]]]]] = [
            (PEOPLE, people),
            (DUTIES, duties),
        ]
        for record, made in sources:
            for kind in ("jsonl", "xlsx"):
                make(folder / f"{record.id}.{kind}", record, made(rows))
                make(folder / f"{record.id}-one.{kind}", record, made(1))
        print(f"{'step':22}{'seconds':>9}{'rows/s':>9}{'before MB':>11}{'peak MB':>9}")
        for what in (
            *("check-people jsonl", "check-people xlsx", "import-people jsonl"),
            *("import-people xlsx", "export jsonl", "export xlsx"),
            *("check-duties xlsx", "import-duties jsonl"),
        ):
            answer = context.Queue()
            process = context.Process(target=step, args=(folder, what, answer))
            process.start()
            seconds, before, peak = answer.get()
            process.join()
            results.append(
                {"step": what, "seconds": round(seconds, 2), "rows_s": round(rows / seconds),
                 "before_mb": round(before), "peak_mb": round(peak)}
            )  # fmt: skip
            print(f"{what:22}{seconds:9.1f}{rows / seconds:9.0f}{before:11.0f}{peak:9.0f}")
    print(json.dumps({"benchmark": "exchange", "rows": rows, "results": results}))


if __name__ == "__main__":
    main()
