"""What is played when: the pure pacing of our voice towards one call.

Asterisk's chan_websocket plays one 20 ms frame per tick from a queue of its own. We keep that
queue short (``LEAD_S``) so that no standing delay can build up (asterisk issue 2115), and we know
from the clock which of the sent frames were not played yet: pausing takes those back, so nothing
of a sentence is lost when the caller only coughed.
"""

from collections import deque
from dataclasses import dataclass

from ivr.media import FRAME_BYTES, FRAME_S

LEAD_S = 0.16
"""How far ahead of the caller's ear we send: long enough for a busy event loop, short enough to
stop at once."""
_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class Send:
    """Frames to send to Asterisk now, as one message."""

    pcm: bytes
    at: float
    """When the first of them is heard, on the same clock as ``now``."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Asterisk must throw away what it has not played."""


@dataclass(frozen=True, slots=True)
class Played:
    """Everything up to this mark has been heard by the caller."""

    mark: str
    at: float


Output = Send | Flush | Played


class Playout:
    """Frames in, frames out at the right time; pause, resume, flush and marks.

    ``now`` is any monotonic clock in seconds. Call ``tick`` at least every ``LEAD_S / 2``.
    """

    def __init__(self) -> None:
        self._queue: deque[bytes | str] = deque()
        self._sent: deque[tuple[float, bytes | str]] = deque()
        """What was sent or reached, with the time at which it is (or was) heard."""
        self._rest = b""
        self._until = 0.0
        """Sound sent so far lasts until here."""
        self._paused = False
        self.played_frames = 0
        """Frames heard since the last flush."""

    @property
    def idle(self) -> bool:
        """Nothing is queued and nothing is still sounding."""
        return not self._queue and not self._sent and not self._rest

    @property
    def paused(self) -> bool:
        """Held by ``pause``."""
        return self._paused

    def add(self, pcm: bytes) -> None:
        """Queue sound; a last odd piece waits for more or for the next mark."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            self._queue.append(data[start : start + FRAME_BYTES])
        self._rest = data[whole:]

    def mark(self, name: str) -> None:
        """Ask to be told when all sound added so far has been heard."""
        if self._rest:
            self._queue.append(self._rest.ljust(FRAME_BYTES, b"\0"))
            self._rest = b""
        self._queue.append(name)

    def tick(self, now: float) -> list[Output]:
        """Return what is due at ``now``."""
        out: list[Output] = self._reached(now)
        if self._paused:
            return out
        start = max(self._until, now)
        until = start
        frames: list[bytes] = []
        while self._queue and until - now < LEAD_S - _EPS:
            item = self._queue.popleft()
            self._sent.append((until, item))
            if isinstance(item, bytes):
                frames.append(item)
                until += FRAME_S
        while self._queue and isinstance(self._queue[0], str):
            self._sent.append((until, self._queue.popleft()))
        self._until = until if frames else self._until
        if frames:
            out.append(Send(b"".join(frames), start))
        return out + self._reached(now)

    def pause(self, now: float) -> list[Output]:
        """Fall silent now; what was sent but not heard goes back to the head of the queue."""
        out: list[Output] = self._reached(now)
        if self._paused:
            return out
        self._paused = True
        if self._sent:
            self._queue.extendleft(item for _, item in reversed(self._sent))
            self._sent.clear()
            out.append(Flush())
        self._until = now
        return out

    def resume(self) -> None:
        """Go on where the caller last heard us."""
        self._paused = False

    def flush(self, now: float) -> list[Output]:
        """Give up everything that is queued or sent but not heard; marks in it never come."""
        out: list[Output] = self._reached(now)
        if self._sent:
            out.append(Flush())
        self._queue.clear()
        self._sent.clear()
        self._rest = b""
        self._until = now
        self._paused = False
        self.played_frames = 0
        return out

    def _reached(self, now: float) -> list[Output]:
        out: list[Output] = []
        while self._sent:
            at, item = self._sent[0]
            ends = at + (FRAME_S if isinstance(item, bytes) else 0.0)
            if ends > now + _EPS:
                break
            self._sent.popleft()
            if isinstance(item, str):
                out.append(Played(item, at))
            else:
                self.played_frames += 1
        return out
