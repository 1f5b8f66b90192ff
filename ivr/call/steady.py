"""Frames of a line made steady: what does not come is silence, so that counted sound is time."""

import asyncio
from collections.abc import Callable

from ivr.media import FRAME_BYTES, FRAME_S

_SILENCE = bytes(FRAME_BYTES)
_GAP_FRAMES = 4
"""A line that sends nothing (silence suppression, lost packets) is filled with silence after this
many frames, so that the recognizer's clock, which counts sound, goes on."""
_FILL_S = 0.06


class Steady:
    """Calls ``on_frame(frame, now, at)``: when it came, and when by its own clock it was spoken."""

    def __init__(self, on_frame: Callable[[bytes, float, float], None]) -> None:
        self._on_frame = on_frame
        self._frames = 0
        self.began = 0.0
        """Event-loop time of the first frame's beginning."""
        self._filler: asyncio.TimerHandle | None = None

    def receive(self, frame: bytes) -> None:
        """Take one frame of the line."""
        if len(frame) != FRAME_BYTES:
            return
        now = asyncio.get_running_loop().time()
        if self._frames == 0:
            self.began = now - FRAME_S
        self._frames += 1
        # The earliest arrival of any frame gives the truest clock; later ones waited somewhere.
        self.began = min(self.began, now - self._frames * FRAME_S)
        # the stream's own clock: a frame that came late was not spoken late
        self._on_frame(frame, now, self.began + self._frames * FRAME_S)

    def start(self) -> None:
        """Begin (or go on) to fill what does not come."""
        self.stop()
        loop = asyncio.get_running_loop()
        if self._frames == 0:
            self.began = loop.time()
        missing = int((loop.time() - self.began) / FRAME_S) - self._frames
        if missing >= _GAP_FRAMES:
            for _ in range(missing - 1):
                self.receive(_SILENCE)
        self._filler = loop.call_later(_FILL_S, self.start)

    def stop(self) -> None:
        """Fill no longer."""
        if self._filler is not None:
            self._filler.cancel()
            self._filler = None
