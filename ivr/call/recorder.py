"""The recording of a call: left the caller, right our voice, aligned in time."""

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np
import structlog

from hotline.errors import HotlineError
from ivr.call.ports import Recording
from ivr.media import FRAME_BYTES, FRAME_S

log = structlog.get_logger(__name__)
_SILENCE = bytes(FRAME_BYTES)
_CHUNK_FRAMES = 50
"""A second of sound is encrypted and written at a time, in a thread."""


def recording_name(call_id: str) -> str:
    """File name of a call's recording in the recordings folder."""
    return f"{call_id}.rec"


class Timeline:
    """Pairs each received frame with the frame of ours the caller heard at that time. Pure."""

    def __init__(self) -> None:
        self._ours: deque[tuple[float, bytes]] = deque()

    def sent(self, pcm: bytes, at: float) -> None:
        """Our voice, heard from ``at`` on."""
        for i in range(len(pcm) // FRAME_BYTES):
            frame = pcm[i * FRAME_BYTES : (i + 1) * FRAME_BYTES]
            self._ours.append((at + i * FRAME_S, frame))

    def flushed(self, at: float) -> None:
        """Nothing sent for later than ``at`` was heard."""
        while self._ours and self._ours[-1][0] >= at:
            self._ours.pop()

    def received(self, frame: bytes, now: float) -> bytes:
        """One frame of the caller; returns one stereo frame."""
        ours = _SILENCE
        while self._ours and self._ours[0][0] <= now:
            ours = self._ours.popleft()[1]
            if not self._ours or self._ours[0][0] > now - FRAME_S:
                break
        left = np.frombuffer(frame.ljust(FRAME_BYTES, b"\0"), np.int16)
        right = np.frombuffer(ours, np.int16)
        return np.column_stack([left, right]).tobytes()


class Recorder:
    """Writes the timeline in the background; a full disk ends the recording, never the call."""

    def __init__(self, recording: Recording, on_failed: Callable[[], None]) -> None:
        self._recording = recording
        self._on_failed = on_failed
        self._timeline = Timeline()
        self._frames: list[bytes] = []
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._write(), name="recorder")
        self._broken = False

    def sent(self, pcm: bytes, at: float) -> None:
        """See Timeline."""
        self._timeline.sent(pcm, at)

    def flushed(self, at: float) -> None:
        """See Timeline."""
        self._timeline.flushed(at)

    def received(self, frame: bytes, now: float) -> None:
        """One frame of the caller."""
        if self._broken:
            return
        self._frames.append(self._timeline.received(frame, now))
        if len(self._frames) >= _CHUNK_FRAMES:
            self._chunks.put_nowait(b"".join(self._frames))
            self._frames.clear()

    async def close(self) -> None:
        """Write the rest and end the recording."""
        if self._frames:
            self._chunks.put_nowait(b"".join(self._frames))
            self._frames.clear()
        self._chunks.put_nowait(None)
        await self._task

    async def _write(self) -> None:
        while (chunk := await self._chunks.get()) is not None:
            if self._broken:
                continue
            try:
                await asyncio.to_thread(self._recording.write, chunk)
            except (OSError, HotlineError) as error:
                self._broken = True
                log.error("recording stopped; the call goes on", why=type(error).__name__)
                self._on_failed()
        try:
            await asyncio.to_thread(self._recording.close)
        except (OSError, HotlineError) as error:
            log.error("recording could not be closed", why=type(error).__name__)
