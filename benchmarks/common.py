"""What the call benchmarks share: a private hotline, callers' voices, tables."""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotline import logs
from hotline.app.trial import Trial, private_settings
from hotline.db import Database
from hotline.db.calls import CallStore
from hotline.domain.calls import CallRecord
from hotline.privacy import KeyRing
from hotline.settings import Settings, VoiceSettings
from ivr.voice.sound import telephone
from ivr.voice.synthesis import Synthesiser

CALLERS = ("jf_nezumi", "jf_tebukuro", "jm_kumo")
"""Kokoro styles of the callers; the hotline speaks with another one."""


def arguments(doc: str | None, **numbers: int) -> argparse.Namespace:
    """``--json`` and whole numbers with their defaults."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


@contextlib.contextmanager
def hotline(**groups: str) -> Iterator[Trial]:
    """A hotline and hub of their own, in a folder that goes away."""
    logs.set_up("error")
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings, config = private_settings(Path(folder), **groups)
        with Trial(settings, config) as trial:
            yield trial


class Callers:
    """Sentences as telephone sound in callers' voices, cached like the hotline's own voice."""

    def __init__(self, settings: Settings) -> None:
        self._voices = [
            Synthesiser(VoiceSettings(style=style), settings.cache_dir) for style in CALLERS
        ]

    def say(self, text: str, caller: int = 0) -> bytes:
        """16 kHz s16le, band-limited through a-law like any caller's sound."""
        voice = self._voices[caller % len(self._voices)]
        return np.asarray(telephone(voice.render(text)), np.int16).tobytes()


def quiet(seconds: float) -> bytes:
    """Silence, 16 kHz s16le."""
    return bytes(int(seconds * 16000) * 2)


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
