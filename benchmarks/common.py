"""What the call benchmarks share: a private hotline, callers' voices, tables."""

import argparse
import asyncio
import contextlib
import json
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotline import logs
from hotline.app.trial import Trial, private_settings
from hotline.db import Database
from hotline.db.calls import CallStore
from hotline.domain.calls import CallRecord
from hotline.privacy import KeyRing
from hotline.settings import Settings, load_settings
from ivr.phone.callers import Callers


def arguments(doc: str | None, **numbers: int) -> argparse.Namespace:
    """``--json`` and whole numbers with their defaults."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    for name, default in numbers.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return parser.parse_args()


@contextlib.contextmanager
def hotline(**groups: str) -> Iterator[Trial]:
    """A hotline and hub of their own, in a folder that goes away."""
    logs.set_up("error")
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings, config = private_settings(Path(folder), **groups)
        with Trial(settings, config) as trial:
            yield trial


def callers_for(sentences: Iterable[tuple[str, int]]) -> Callers:
    """Callers whose (text, caller) sentences are there: rendered before the hotline starts."""
    callers = Callers(load_settings().cache_dir)
    callers.prepare(sentences)
    return callers


def rendered_live(trial: Trial) -> int:
    """Fixed texts that were not in the voice's cache when a caller needed them."""
    web = trial.settings.web
    with urllib.request.urlopen(f"http://{web.host}:{web.port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    found = re.search(r'^hotline_voice_cache_total\{result="rendered"\} (\S+)$', page, re.M)
    return int(float(found[1])) if found else 0


def records(settings: Settings, count: int = 500) -> list[CallRecord]:
    """The latest calls with everything said, newest first."""

    async def read() -> list[CallRecord]:
        with Database(settings) as db:
            return await CallStore(db, KeyRing.open(settings)).recent(count, reveal=True)

    return asyncio.run(read())


def percentile(values: Sequence[float], q: float) -> float | None:
    """Linear-interpolated percentile; None of nothing."""
    return round(float(np.percentile(values, q)), 1) if len(values) else None


def show(title: str, rows: Sequence[tuple[str, Any]], *, only_json: bool) -> None:
    """A table for people, then one JSON line for machines."""
    if not only_json:
        print(f"\n{title}")
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            print(f"  {name:<{width}}  {value}")
    json.dump({"benchmark": title, **dict(rows)}, sys.stdout, ensure_ascii=False)
    print()
