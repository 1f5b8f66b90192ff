"""The pool of recognition workers: streams in, decodes out, nothing on the event loop that waits.

A worker that dies is started again (with a growing pause while it keeps dying); the stretch it was
decoding is tried once more, so that a crash costs at most one utterance.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from asr.endpoint import Piece
from asr.engines.base import Hypothesis, Request
from asr.engines.choice import EngineChoice, choose_engine
from asr.patience import Patience
from asr.process import WorkerLostError, WorkerProcess
from asr.schedule import Job, Priority, Schedule
from asr.stream import Completeness, RecognizerStream
from asr.vad import SileroVad
from hotline.domain.speech import SpeechEvent

if TYPE_CHECKING:
    from hotline.settings import Settings

log = structlog.get_logger(__name__)

_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before a worker is started again, while it dies again and again."""
_STEADY_S = 30.0
"""A worker that lived that long is not counted as dying again and again."""
_BATCH = 4


@dataclass(slots=True)
class PoolStats:
    """Plain numbers for the metrics; counts since start."""

    engine: str = "none"
    workers: int = 0
    alive: int = 0
    busy: int = 0
    """Decodes running now."""
    streams: int = 0
    waiting: int = 0
    finals: int = 0
    partials: int = 0
    partials_shed: int = 0
    finals_shed: int = 0
    superseded: int = 0
    refused: int = 0
    """Stretches whose words the gate threw away."""
    retried: int = 0
    lost: int = 0
    restarts: int = 0
    decode_seconds: float = 0.0
    audio_seconds: float = 0.0


class RecognizerPool:
    """Owns the workers. ``start`` before the first ``open``; ``stop`` ends everything."""

    def __init__(
        self,
        settings: "Settings",
        *,
        choice: EngineChoice | None = None,
        places: Sequence[str] = (),
    ) -> None:
        """``places``: names of cities and counties, which callers say alone when asked."""
        self._settings = settings.asr
        self._places = tuple(places)
        self.choice = choice or choose_engine(settings)
        self.hears = self.choice.name != "none"
        self._schedule = Schedule()
        self._wake = asyncio.Event()
        self._streams: dict[str, RecognizerStream] = {}
        self._workers: dict[int, WorkerProcess] = {}
        self._slots = max(1, self._settings.threads)
        self._busy: dict[tuple[int, int], list[Job]] = {}
        self._sent: dict[str, tuple[int, int]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._incremental = self.choice.name == "vosk"
        # the order of a stream's sound matters to an engine that keeps state, not to Whisper
        self._in_order = self.choice.name != "whisper"
        self._counts = PoolStats(engine=self.choice.name)

    async def start(self, timeout_s: float = 60.0) -> None:
        """Start the workers and wait until one is ready (at most so long; it goes on trying)."""
        log.info("recognition starts", engine=self.choice.name, reason=self.choice.reason)
        if not self.hears:
            return
        for index in range(max(1, self._settings.workers)):
            task = asyncio.create_task(self._serve(index), name=f"asr-serve-{index}")
            self._tasks.append(task)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), timeout_s)

    async def stop(self) -> None:
        """Close all streams, end all workers."""
        for stream in list(self._streams.values()):
            stream.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def open(
        self,
        stream_id: str,
        *,
        on_event: Callable[[SpeechEvent], None],
        priority: Priority = Priority.BOT,
        patience: Patience | None = None,
        completeness: Completeness | None = None,
    ) -> RecognizerStream:
        """A stream for one leg of a call; ``on_event`` is called on the event loop.

        ``completeness`` judges words heard at a pause (None: every utterance waits the full
        ``incomplete_s``). Without an engine only SpeechStart and SpeechEnd come.
        """
        if stream_id in self._streams:
            self._streams[stream_id].close()
        stream = RecognizerStream(
            stream_id,
            self,
            SileroVad(),
            on_event,
            priority=priority,
            patience=patience or Patience(),
            completeness=completeness,
            partials=self._settings.partials and self._worth_partials(priority),
            incremental=self._incremental,
        )
        self._streams[stream_id] = stream
        return stream

    def _worth_partials(self, priority: Priority) -> bool:
        """Whether partials are made: nobody reads along in a call of the bot.

        An engine that decodes all anew for each has better to do; words at pauses and over our
        voice are told in any case.
        """
        return self._incremental or priority is Priority.AGENT

    def stats(self) -> PoolStats:
        """Numbers as of now."""
        now = self._counts
        now.workers = len(self._tasks)
        now.alive = len(self._workers)
        now.busy = len(self._busy)
        now.streams = len(self._streams)
        now.waiting = len(self._schedule)
        counts = self._schedule.counts
        now.partials_shed = counts.partials_shed
        now.finals_shed = counts.finals_shed
        now.superseded = counts.superseded
        return now

    def worker_pids(self) -> list[int]:
        """Process ids of the living workers (for the doctor, memory figures and fault tests)."""
        return [worker.pid for worker in self._workers.values()]

    # -- what streams use -------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Queue a decode for a stream."""
        idle = self._idle_slots() > 0
        for given_up in self._schedule.add(job, idle=idle):
            self._give_up(given_up)
        self._wake.set()

    def promote(self, stream: str, pieces: tuple[Piece, ...]) -> None:
        """Somebody waits for these pieces."""
        self._schedule.promote(stream, pieces)

    def forget(self, stream: str) -> None:
        """Drop what waits for a stream, and what the engine keeps of it."""
        self._schedule.drop(stream)
        self._forget(f"{stream}/")

    def finished(self, stream: str, utterance: int) -> None:
        """The words of an utterance have been told."""
        self._forget(f"{stream}/{utterance}/")

    def closed(self, stream: RecognizerStream) -> None:
        """A stream is no more."""
        if self._streams.get(stream.id) is stream:
            del self._streams[stream.id]

    # -- workers ----------------------------------------------------------------------------

    async def _serve(self, index: int) -> None:
        """Keep one worker alive and at work."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await self._live(index)
            except WorkerLostError as error:
                if loop.time() - began > _STEADY_S:
                    failures = 0
                pause = _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
                failures += 1
                self._counts.restarts += 1
                log.warning("recognition worker lost", why=str(error), again_in_s=pause)
                await asyncio.sleep(pause)

    async def _live(self, index: int) -> None:
        worker = await WorkerProcess.start(self.choice, self._slots, self._wake.set, self._places)
        self._workers[index] = worker
        self._ready.set()
        self._wake.set()
        tasks = [
            asyncio.create_task(self._work((index, slot), worker), name=f"asr-slot-{index}-{slot}")
            for slot in range(self._slots)
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            del self._workers[index]
            await worker.stop()

    async def _work(self, slot: tuple[int, int], worker: WorkerProcess) -> None:
        while True:
            jobs = await self._next(worker)
            await self._decode(slot, worker, jobs)

    async def _next(self, worker: WorkerProcess) -> list[Job]:
        while True:
            if worker.lost:
                raise WorkerLostError("the recognition worker has ended")
            if jobs := self._take():
                return jobs
            self._wake.clear()
            await self._wake.wait()

    def _take(self) -> list[Job]:
        """Spread what waits over the idle slots before making batches of it."""
        if self._in_order:
            busy = {job.stream for jobs in self._busy.values() for job in jobs}
            return self._schedule.take(1, busy)
        share = -(-len(self._schedule) // max(1, self._idle_slots()))
        return self._schedule.take(min(_BATCH, max(1, share)))

    def _idle_slots(self) -> int:
        return len(self._workers) * self._slots - len(self._busy)

    async def _decode(self, slot: tuple[int, int], worker: WorkerProcess, jobs: list[Job]) -> None:
        requests = [self._request(job, worker.pid) for job in jobs]
        sound_s = sum(len(request.pcm) for request in requests) / 32_000
        self._busy[slot] = jobs
        try:
            found, took = await worker.decode(requests, timeout_s=10.0 + sound_s)
        except (WorkerLostError, asyncio.CancelledError):
            self._retry(jobs)
            raise
        finally:
            del self._busy[slot]
        self._counts.decode_seconds += took
        self._counts.audio_seconds += sound_s
        for job, hypothesis in zip(jobs, found, strict=True):
            self._deliver(job, hypothesis)
        # what waited for this stream may go on in any slot
        self._wake.set()

    def _request(self, job: Job, pid: int) -> Request:
        """An incremental engine (Vosk) gets only the sound it has not had."""
        listen, piece = job.listen, job.piece
        key = f"{job.stream}/{piece.utterance}/{piece.index}"
        offset = 0
        if self._incremental:
            had_by, had = self._sent.get(key, (pid, 0))
            offset = min(had, len(listen.pcm)) if had_by == pid else 0
            self._sent[key] = (pid, len(listen.pcm))
        final = not job.kind.passing
        return Request(key, listen.pcm[offset:], offset, final, listen.voiced, job.expect)

    def _forget(self, prefix: str) -> None:
        if not self._incremental:
            return
        self._sent = {key: had for key, had in self._sent.items() if not key.startswith(prefix)}
        for worker in self._workers.values():
            worker.forget(prefix)

    def _deliver(self, job: Job, found: Hypothesis) -> None:
        if job.kind.passing:
            self._counts.partials += 1
        else:
            self._counts.finals += 1
        if found.refused:
            self._counts.refused += 1
        if found.refused.startswith("error:"):
            log.warning("a stretch could not be decoded", error=found.refused)
        stream = self._streams.get(job.stream)
        if stream is not None:
            stream.heard(job, found)

    def _retry(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.attempts += 1
            if job.kind.passing or job.stream not in self._streams:
                continue
            if job.attempts > 1:
                self._give_up(job)
            else:
                self._counts.retried += 1
                self._schedule.again(job)

    def _give_up(self, job: Job) -> None:
        if not job.kind.passing:
            self._counts.lost += 1
        stream = self._streams.get(job.stream)
        if stream is not None:
            stream.lost(job)
