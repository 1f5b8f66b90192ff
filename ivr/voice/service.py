"""The voice as the calls use it: texts in, sound piece by piece, the event loop never blocked.

Pieces found in the cache come at once; the others are rendered by a worker process, the most
urgent first. Bulk rendering has a worker of its own, which gets the processor only while nothing
else wants it and a piece only while no caller waits.
"""

import asyncio
import enum
import heapq
import itertools
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import structlog

from hotline.metrics import VOICE_CACHE
from hotline.settings import VoiceSettings
from ivr.voice.cache import VoiceCache
from ivr.voice.engines.base import EngineSpec
from ivr.voice.engines.choose import candidates, pick
from ivr.voice.errors import VoiceDownError, VoiceError, VoiceModelError
from ivr.voice.process import WorkerProcess
from ivr.voice.reading import Piece, pieces
from ivr.voice.recordings import Recordings
from ivr.voice.sound import Pcm, silence
from ivr.voice.synthesis import join, key_of, pace, seconds

log = structlog.get_logger(__name__)

_TRIES = 3
_MEMORY_PIECES = 64
"""Pieces of the last calls held in memory, never on disk: they may hold personal data."""


class Priority(enum.IntEnum):
    """Who is served first."""

    URGENT = 0
    """Emergencies."""
    LIVE = 1
    """A caller waits."""
    BULK = 2
    """Nobody waits."""


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    needed_at: float
    """Event-loop time at which the caller has heard what comes before it."""
    number: int
    piece: Piece = field(compare=False)
    speed: float = field(compare=False)
    done: asyncio.Future[Pcm] = field(compare=False)


class VoiceService:
    """One voice for all calls of this process."""

    def __init__(
        self,
        settings: VoiceSettings,
        cache_dir: Path,
        *,
        threads: int = 2,
        idle_unload_s: float | None = None,
        max_cache_bytes: int | None = None,
    ) -> None:
        """``idle_unload_s``: the worker is ended when nobody needed it so long (None: it stays)."""
        self._settings = settings
        self._cache_dir = cache_dir
        self._threads = threads
        self._idle_unload_s = idle_unload_s
        self._cache = VoiceCache(cache_dir / "voice", max_cache_bytes)
        self._recordings = Recordings(settings.recordings)
        self._memory: OrderedDict[str, Pcm] = OrderedDict()
        self._queue: list[_Job] = []
        self._numbers = itertools.count()
        self._more = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._spec: EngineSpec | None = None
        self._worker: WorkerProcess | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def engine(self) -> str:
        """The voice that speaks, for ``doctor`` and the log at start."""
        return self._spec.voice if self._spec else "none"

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id while it is loaded."""
        return self._worker.pid if self._worker else None

    @property
    def waiting(self) -> int:
        """Pieces callers wait for."""
        return sum(not job.done.done() for job in self._queue)

    async def start(self, *, warm: bool = True) -> None:
        """Choose the voice; ``warm`` loads it now rather than at the first piece not cached.

        VoiceModelError when there is no voice at all, not even espeak-ng.
        """
        self._spec = pick(self._settings, self._cache_dir)
        self._worker = self._new_worker()
        if warm:
            await self._warm()
        self._task = asyncio.create_task(self._run(), name="voice-dispatch")
        log.info("voice started", voice=self.engine)

    async def _warm(self) -> None:
        while self._worker is not None:
            try:
                return await self._worker.start()
            except VoiceModelError:
                self._fall_back()

    async def stop(self) -> None:
        """End the worker; what still waits fails with VoiceDownError."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for job in self._queue:
            _fail(job, VoiceDownError("the voice is being stopped"))
        self._queue.clear()
        if self._worker is not None:
            await self._worker.stop()

    # ---- speaking -------------------------------------------------------------------------------

    def cached(self, text: str, *, speed: float = 1.0, prompt: str | None = None) -> bytes | None:
        """The whole sound (16 kHz s16le) when no rendering is needed, else None."""
        recorded = self._recordings.get(text, prompt)
        if recorded is not None:
            return _bytes(recorded)
        for quick in (False, True):
            parts = pieces(text, quick=quick)
            sounds = self._all(parts, speed)
            if sounds is not None:
                pauses = (part.pause for part in parts)
                return _bytes(join(list(zip(sounds, pauses, strict=True))))
        return None

    async def say(
        self,
        text: str,
        *,
        speed: float = 1.0,
        priority: Priority = Priority.LIVE,
        prompt: str | None = None,
        keep: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """16 kHz s16le sound of a text, piece by piece with the pauses between.

        ``prompt`` is the id a recording may be filed under. ``keep`` stores what is rendered on
        disk: for fixed texts only, never for words that hold a caller's data. Leaving the iterator
        drops what is not rendered yet. VoiceError when a piece cannot be spoken.
        """
        recorded = self._recordings.get(text, prompt)
        if recorded is not None:
            yield _bytes(recorded)
            return
        parts = pieces(text)
        there = self._all(parts, speed) is not None
        if not there:
            parts = pieces(text, quick=True)
        VOICE_CACHE.labels("cached" if there else "rendered" if keep else "fresh").inc()
        jobs = self._begin(parts, speed, priority)
        try:
            for index, (part, job) in enumerate(zip(parts, jobs, strict=True)):
                pcm = job if isinstance(job, np.ndarray) else await job.done
                if keep and not isinstance(job, np.ndarray):
                    await self._store(part, speed, pcm)
                last = index + 1 == len(parts)
                yield _bytes(pcm if last else np.concatenate([pcm, silence(part.pause)]))
        finally:
            for job in jobs:
                if not isinstance(job, np.ndarray):
                    job.done.cancel()

    async def prerender(
        self,
        texts: Iterable[str],
        progress: Callable[[int, int], None] | None = None,
        *,
        speeds: Iterable[float] = (1.0,),
    ) -> int:
        """Render fixed texts in order into the cache, only while no caller waits; pieces rendered.

        ``progress`` gets how many of how many texts are done. May be cancelled and run again. A
        piece that cannot be spoken is logged and left out.
        """
        wanted = list(texts)
        paces = tuple(speeds)
        worker = WorkerProcess(self._known_spec(), threads=1, background=True)
        rendered = 0
        try:
            for done, text in enumerate(wanted):
                if self._recordings.get(text) is None:
                    for speed in paces:
                        rendered += await self._prerender_one(worker, text, speed)
                if progress is not None:
                    progress(done + 1, len(wanted))
        finally:
            await worker.stop()
        return rendered

    async def _prerender_one(self, worker: WorkerProcess, text: str, speed: float) -> int:
        rendered = 0
        for part in await asyncio.to_thread(self._missing, text, speed):
            await self._quiet.wait()
            engine_speed = pace(self._known_spec(), self._settings, speed)
            try:
                try:
                    sound = await worker.speak(part.text, engine_speed)
                except VoiceDownError:
                    sound = await worker.speak(part.text, engine_speed)
            except VoiceError as error:
                log.warning("a piece could not be rendered ahead", code=error.code)
                continue
            await self._store(part, speed, np.frombuffer(sound, "<i2"))
            rendered += 1
        return rendered

    def _missing(self, text: str, speed: float) -> list[Piece]:
        """What of a text is not in the cache; reading a text aloud takes milliseconds."""
        return [part for part in pieces(text) if not self._cache.has(self._key(part, speed))]

    # ---- what is there --------------------------------------------------------------------------

    def _known_spec(self) -> EngineSpec:
        if self._spec is None:
            raise VoiceDownError("the voice has not been started")
        return self._spec

    def _key(self, piece: Piece, speed: float) -> str:
        return key_of(self._known_spec(), self._settings, piece, speed)

    def _find(self, piece: Piece, speed: float) -> Pcm | None:
        key = self._key(piece, speed)
        pcm = self._memory.get(key)
        return pcm if pcm is not None else self._cache.get(key)

    def _all(self, parts: tuple[Piece, ...], speed: float) -> list[Pcm] | None:
        found = []
        for part in parts:
            pcm = self._find(part, speed)
            if pcm is None:
                return None
            found.append(pcm)
        return found

    async def _store(self, piece: Piece, speed: float, pcm: Pcm) -> None:
        try:
            await asyncio.to_thread(self._cache.put, self._key(piece, speed), pcm)
        except OSError as error:
            log.warning("a rendered piece could not be stored", reason=error.strerror)

    def _remember(self, piece: Piece, speed: float, pcm: Pcm) -> None:
        self._memory[self._key(piece, speed)] = pcm
        if len(self._memory) > _MEMORY_PIECES:
            self._memory.popitem(last=False)

    # ---- the queue and its worker ---------------------------------------------------------------

    def _begin(
        self, parts: tuple[Piece, ...], speed: float, priority: Priority
    ) -> list[Pcm | _Job]:
        """What is there, and jobs for the rest; of many callers each gets the next words first."""
        begun: list[Pcm | _Job] = []
        needed_at = asyncio.get_running_loop().time()
        for part in parts:
            found = self._find(part, speed)
            begun.append(
                found if found is not None else self._enqueue(part, speed, priority, needed_at)
            )
            needed_at += seconds(part, speed)
        return begun

    def _enqueue(self, piece: Piece, speed: float, priority: Priority, needed_at: float) -> _Job:
        if self._task is None or self._task.done():
            raise VoiceDownError("the voice has not been started")
        done: asyncio.Future[Pcm] = asyncio.get_running_loop().create_future()
        job = _Job(priority, needed_at, next(self._numbers), piece, speed, done)
        heapq.heappush(self._queue, job)
        self._quiet.clear()
        self._more.set()
        return job

    async def _run(self) -> None:
        """Render the most urgent piece, again and again; survives the worker's death."""
        while True:
            job = await self._next()
            if job.done.done():
                continue
            try:
                # another call may have needed the same words while this one waited
                again = self._find(job.piece, job.speed)
                pcm = again if again is not None else await self._render(job)
            except asyncio.CancelledError:
                _fail(job, VoiceDownError("the voice is being stopped"))
                raise
            except VoiceError as error:
                log.warning("a piece could not be spoken", code=error.code)
                _fail(job, error)
                continue
            self._remember(job.piece, job.speed, pcm)
            if not job.done.done():
                job.done.set_result(pcm)

    async def _next(self) -> _Job:
        while not self._queue:
            self._quiet.set()
            self._more.clear()
            try:
                async with asyncio.timeout(self._idle_unload_s):
                    await self._more.wait()
            except TimeoutError:
                if self._worker is not None:
                    await self._worker.stop()
                await self._more.wait()
        return heapq.heappop(self._queue)

    async def _render(self, job: _Job) -> Pcm:
        for attempt in range(1, _TRIES + 1):
            worker = self._worker or self._new_worker()
            try:
                engine_speed = pace(self._known_spec(), self._settings, job.speed)
                return np.frombuffer(await worker.speak(job.piece.text, engine_speed), "<i2")
            except VoiceModelError:
                self._fall_back()
            except VoiceDownError:
                log.warning("the voice worker died and is started again", attempt=attempt)
        raise VoiceDownError("the voice worker keeps dying")

    def _new_worker(self) -> WorkerProcess:
        return WorkerProcess(self._known_spec(), threads=self._threads)

    def _fall_back(self) -> None:
        """The chosen voice's files are there but cannot be loaded: take the next best."""
        rest = candidates(self._settings, self._cache_dir)
        names = [spec.voice for spec in rest]
        position = names.index(self.engine) + 1 if self.engine in names else len(rest)
        if position >= len(rest):
            raise VoiceDownError("no voice can be loaded; run: hotline doctor")
        log.warning("a voice cannot be loaded; another speaks", voice=rest[position].voice)
        self._spec = rest[position]
        self._worker = self._new_worker()


def _bytes(pcm: Pcm) -> bytes:
    return pcm.astype("<i2").tobytes()


def _fail(job: _Job, error: VoiceError) -> None:
    if not job.done.done():
        job.done.set_exception(error)


__all__ = ["Priority", "VoiceService"]
