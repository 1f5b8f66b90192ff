"""The hotline's end of one recognition worker process."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from asr import wire
from asr.engines.base import Hypothesis, Request
from asr.engines.choice import EngineChoice
from hotline.errors import UnavailableError

_LOAD_S = 90.0
"""A model that is not loaded by then never will be."""


class WorkerLostError(UnavailableError):
    """The worker process ended or did not answer; it is started again."""

    code = "recognition-worker-lost"


class WorkerProcess:
    """A running worker; several batches may be on their way."""

    def __init__(self, process: asyncio.subprocess.Process, on_exit: Callable[[], None]) -> None:
        self._process = process
        self.lost = False
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {
            0: asyncio.get_running_loop().create_future()
        }
        self._on_exit = on_exit
        self._reader = asyncio.create_task(self._read(), name=f"asr-worker-{process.pid}")

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @classmethod
    async def start(
        cls,
        choice: EngineChoice,
        threads: int,
        on_exit: Callable[[], None],
        places: Sequence[str] = (),
    ) -> "WorkerProcess":
        """Start a worker and wait for its model. Raises WorkerLostError when it cannot load."""
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            # threads that spin while they wait would take the event loop's core
            "OMP_WAIT_POLICY": "PASSIVE",
            "MALLOC_ARENA_MAX": "2",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "asr.worker"),
            *(choice.name, str(choice.model_path), str(threads)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        worker = cls(process, on_exit)
        try:
            head = await worker._answer(0, _LOAD_S)
        except BaseException:
            await worker.stop()
            raise
        if head["did"] != "load":
            await worker.stop()
            raise WorkerLostError(f"the {choice.name} model cannot be loaded: {head['error']}")
        worker._send(wire.pack({"do": "places", "names": list(places)}))
        return worker

    async def decode(
        self, requests: list[Request], timeout_s: float
    ) -> tuple[list[Hypothesis], float]:
        """Hypotheses and the seconds the engine took. Raises WorkerLostError."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        self._send(wire.pack_requests(number, requests))
        head = await self._answer(number, timeout_s)
        return wire.unpack_hypotheses(head), float(head["seconds"])

    def forget(self, prefix: str) -> None:
        """Drop the engine's state of a stream or utterance."""
        with contextlib.suppress(WorkerLostError):
            self._send(wire.pack({"do": "forget", "prefix": prefix}))

    async def stop(self) -> None:
        """End the process: it has a second to end by itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 1.0)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        # the transport closes one turn of the loop after the pipes do
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()

    def _send(self, message: bytes) -> None:
        if self.lost or self._process.stdin is None or self._process.stdin.is_closing():
            raise WorkerLostError("the recognition worker has ended")
        self._process.stdin.write(message)

    async def _answer(self, number: int, timeout_s: float) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(self._answers[number], timeout_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            raise WorkerLostError("the recognition worker did not answer") from None
        finally:
            del self._answers[number]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                prefix = await self._process.stdout.readexactly(wire.PREFIX.size)
                head_size, body_size = wire.PREFIX.unpack(prefix)
                data = await self._process.stdout.readexactly(head_size + body_size)
                head = wire.head(data[:head_size])
                waiting = self._answers.get(head["number"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(head)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost = True
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(WorkerLostError("the recognition worker has ended"))
            self._on_exit()
