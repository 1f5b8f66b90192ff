"""The owner's end of one voice worker: started when needed, one request at a time."""

import asyncio
import json
import sys
from contextlib import suppress

import structlog

from ivr.voice.engines.base import EngineSpec
from ivr.voice.errors import VoiceDownError, VoiceError, VoiceModelError
from ivr.voice.worker import LENGTH, frame, setup_json

log = structlog.get_logger(__name__)

_START_S = 60.0
_REQUEST_S = 60.0
_PATIENCE = 30.0
"""So many times longer for a worker in the background: it may not get the processor for minutes."""


class WorkerProcess:
    """One worker. Not for concurrent use: its owner sends one piece after the other."""

    def __init__(self, spec: EngineSpec, *, threads: int, background: bool = False) -> None:
        """``background``: it gives way to everything else on the machine."""
        self._spec = spec
        self._threads = threads
        self._background = background
        self._slower = _PATIENCE if background else 1.0
        self._process: asyncio.subprocess.Process | None = None
        self._sent = 0

    @property
    def pid(self) -> int | None:
        """The running worker's process id."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> None:
        """Start and load the voice unless it is up; VoiceModelError when it cannot be loaded."""
        if self.pid is not None:
            return
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr.voice.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_START_S * self._slower):
                self._write(setup_json(self._spec, self._threads, self._background))
                head, _ = await self._read()
        except BaseException as error:
            await self.stop()
            if isinstance(error, TimeoutError | OSError | EOFError):
                raise VoiceDownError("the voice worker did not start") from None
            raise
        if not head["ready"]:
            await self.stop()
            raise VoiceModelError(str(head["error"]))

    async def speak(self, text: str, speed: float) -> bytes:
        """16-bit PCM of one piece. VoiceDownError when the worker died over it."""
        await self.start()
        self._sent += 1
        wanted = {"id": self._sent, "text": text, "speed": speed}
        try:
            async with asyncio.timeout(_REQUEST_S * self._slower):
                self._write(json.dumps(wanted).encode())
                head, sound = await self._read()
        except (TimeoutError, OSError, EOFError):
            await self.stop()
            raise VoiceDownError("the voice worker died or did not answer") from None
        except asyncio.CancelledError:
            # half an exchange is left in the pipe: the next request must not read it
            await self.stop()
            raise
        if head["error"]:
            raise VoiceError(str(head["error"]))
        return sound

    async def stop(self) -> None:
        """End the worker; a hung one is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await asyncio.shield(process.wait())

    def _write(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(frame(data))

    async def _read(self) -> tuple[dict[str, object], bytes]:
        assert self._process is not None and self._process.stdout is not None
        parts = []
        for _ in range(2):
            (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
            parts.append(await self._process.stdout.readexactly(length))
        return json.loads(parts[0]), parts[1]


__all__ = ["WorkerProcess"]
