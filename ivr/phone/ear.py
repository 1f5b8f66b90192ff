"""When does the hotline speak? Judged from the sound a telephone receives; pure."""

import numpy as np

from ivr.media import FRAME_BYTES, FRAME_S, RATE

LOUD = 250.0
"""RMS of a 20 ms frame above which the hotline speaks; line noise of G.711 is far below."""
_ONSET_FRAMES = 2
"""So many loud frames in a row are speech; a single one may be a click."""


def loud(frame: bytes) -> bool:
    """Whether somebody speaks in these 20 ms (16 kHz s16le)."""
    samples = np.frombuffer(frame, np.int16).astype(np.float32)
    return bool(samples.size and np.sqrt(np.mean(samples * samples)) >= LOUD)


def tail_s(pcm: bytes) -> float:
    """Seconds of quiet at the end of a sound: a speaker has finished before a recording has."""
    for end in range(len(pcm), 0, -FRAME_BYTES):
        if loud(pcm[max(0, end - FRAME_BYTES) : end]):
            return (len(pcm) - end) / 2 / RATE
    return 0.0


def head_s(pcm: bytes) -> float:
    """Seconds of quiet at its beginning."""
    for start in range(0, len(pcm), FRAME_BYTES):
        if loud(pcm[start : start + FRAME_BYTES]):
            return start / 2 / RATE
    return 0.0


class Ear:
    """Feed it every received frame; ask when the hotline began and stopped to speak.

    Times are those given with the frames (any one clock, seconds).
    """

    def __init__(self) -> None:
        self._loud_run = 0
        self.first_after: float | None = None
        """When the hotline first spoke since ``expect`` was called."""
        self.last: float | None = None
        """End of the last loud frame since then."""
        self._since = 0.0

    def expect(self, now: float) -> None:
        """From now on the hotline's next words are waited for."""
        self._since = now
        self.first_after = None
        self.last = None
        self._loud_run = 0

    def feed(self, frame: bytes, now: float) -> None:
        """One 20 ms frame, received at ``now``."""
        if not loud(frame):
            self._loud_run = 0
            return
        self._loud_run += 1
        if self._loud_run < _ONSET_FRAMES:
            return
        if self.first_after is None:
            self.first_after = now - _ONSET_FRAMES * FRAME_S
        self.last = now

    def finished(self, now: float, quiet_s: float) -> bool:
        """The hotline has spoken since ``expect`` and has been quiet for ``quiet_s``."""
        return self.last is not None and now - self.last >= quiet_s
