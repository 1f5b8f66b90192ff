"""Render fixed texts ahead, for set-up and the command line: one process a core, one thread each.

A sentence on two threads takes 0.56 s of time a second of sound, on one 0.80 (2 cores): two
sentences side by side are half as fast again as one after the other on both cores. What is there
already is passed over, so it can be stopped and run again at any time.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from hotline.settings import VoiceSettings
from ivr.voice.cache import VoiceCache
from ivr.voice.engines.base import EngineSpec
from ivr.voice.engines.choose import pick
from ivr.voice.errors import VoiceDownError
from ivr.voice.process import WorkerProcess
from ivr.voice.reading import Piece, pieces
from ivr.voice.recordings import Recordings
from ivr.voice.synthesis import key_of, pace

_MOST_WORKERS = 4
"""More would each hold the model (0.4 GB) for a few minutes' gain."""


def prerender(
    texts: Iterable[str],
    settings: VoiceSettings,
    cache_dir: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    speed: float = 1.0,
    workers: int | None = None,
) -> int:
    """Render the texts into the cache, begun in order; pieces rendered. Blocks.

    ``progress`` is told how many of how many missing pieces are done. ``workers``: processes (None:
    one a core, four at most). VoiceError when a piece cannot be spoken; what was rendered stays.
    ``VoiceService.prerender`` does the same beside live calls.
    """
    spec = pick(settings, cache_dir)
    cache = VoiceCache(cache_dir / "voice")
    recordings = Recordings(settings.recordings)
    wanted = [text for text in dict.fromkeys(texts) if recordings.get(text) is None]
    every = {key_of(spec, settings, p, speed): p for text in wanted for p in pieces(text)}
    missing = {key: piece for key, piece in every.items() if not cache.has(key)}
    if missing:
        count = min(workers or min(os.cpu_count() or 1, _MOST_WORKERS), len(missing))
        engine_speed = pace(spec, settings, speed)
        asyncio.run(_render(missing, spec, engine_speed, count, cache, progress))
    return len(missing)


async def _render(
    missing: dict[str, Piece],
    spec: EngineSpec,
    engine_speed: float,
    workers: int,
    cache: VoiceCache,
    progress: Callable[[int, int], None],
) -> None:
    waiting = iter(missing.items())
    done = 0

    async def work() -> None:
        nonlocal done
        worker = WorkerProcess(spec, threads=1)
        try:
            for key, piece in waiting:
                try:
                    sound = await worker.speak(piece.text, engine_speed)
                except VoiceDownError:
                    sound = await worker.speak(piece.text, engine_speed)
                await asyncio.to_thread(cache.put, key, np.frombuffer(sound, "<i2"))
                done += 1
                progress(done, len(missing))
        finally:
            await worker.stop()

    tasks = [asyncio.create_task(work(), name="prerender") for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


__all__ = ["prerender"]
