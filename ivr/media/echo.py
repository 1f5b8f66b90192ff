"""Is what comes in only our own voice coming back? A pure, cheap test per frame.

Telephone lines return our voice a little later and quieter. The incoming block is compared with
what the caller heard in the last moments by normalised cross-correlation: an echo is a delayed,
scaled copy, so its peak is near 1. A vowel of the caller's may be as like one of ours, though
not at the same delay for long, and a line's delay does not change: only what comes back at a delay
seen twice, a block apart, is an echo. (The coherence idea of double-talk detectors: Benesty,
Morgan, Cho 2000.)
"""

import numpy as np
import numpy.typing as npt

from ivr.media import FRAME_BYTES, RATE

_STEP = 2
"""Telephone sound holds nothing above 4 kHz, so every second sample is enough."""
_BLOCK = 800
"""Compared block: 100 ms at 8 kHz."""
_TAIL = 11_200
"""How far back our own voice is searched: 1.4 s at 8 kHz, for a loudspeaker on a bad line."""
_EVERY = 2
"""Blocks overlap by four fifths: every second frame is compared, the other goes with it."""
_THRESHOLD = 0.55
_SAME = 16
"""Delays within 2 ms are the same."""
_MEMORY_S = 1.0
_FLOOR = 60.0
"""RMS below which nothing is judged (quieter than speech on any line)."""

Floats = npt.NDArray[np.float32]


def _near(likeness: Floats, delay: int) -> float:
    around = likeness[max(0, delay - _SAME) : delay + _SAME + 1]
    return float(around.max()) if around.size else 0.0


class EchoGate:
    """Feed sent and received sound on one clock; ask whether the newest block is an echo."""

    def __init__(self) -> None:
        self._sent: npt.NDArray[np.float32] = np.zeros(_TAIL + 2 * _BLOCK, np.float32)
        self._end = 0.0
        """Clock time up to which ``_sent`` holds what the caller heard."""
        self._in: npt.NDArray[np.float32] = np.zeros(_BLOCK, np.float32)
        self._quiet_until = 0.0
        self._count = 0
        self._last = False
        self._seen: list[tuple[float, int]] = []
        """When something as like as an echo came in, and at what delay (samples)."""
        self._delay: int | None = None
        """The line's, once known."""

    def sent(self, pcm: bytes, at: float) -> None:
        """Our voice, heard by the caller from ``at`` on."""
        samples = np.frombuffer(pcm, np.int16)[::_STEP].astype(np.float32)
        gap = round((at - self._end) * RATE / _STEP)
        if gap > 0:
            self._push(np.zeros(min(gap, self._sent.size), np.float32))
        elif gap < 0:
            # Frames taken back by a pause and sent again replace what was noted before.
            self._sent = np.roll(self._sent, -gap) if -gap < self._sent.size else self._sent * 0
            self._sent[: min(-gap, self._sent.size)] = 0
        self._push(samples)
        self._end = at + samples.size * _STEP / RATE
        self._quiet_until = self._end + (_TAIL + _BLOCK) * _STEP / RATE

    def is_echo(self, frame: bytes, now: float) -> bool:
        """Take one received frame (20 ms); True when the last 100 ms are our own voice."""
        if len(frame) != FRAME_BYTES:
            return False
        samples = np.frombuffer(frame, np.int16)[::_STEP].astype(np.float32)
        self._in = np.concatenate([self._in[samples.size :], samples])
        if now > self._quiet_until:
            return False
        self._count += 1
        if self._count % _EVERY == 0:
            return self._last
        self._last = self._compare(now)
        return self._last

    def _compare(self, now: float) -> bool:
        block = self._in - self._in.mean()
        power = float(block @ block)
        if power / _BLOCK < _FLOOR * _FLOOR:
            return False
        likeness = self._likeness(block, power, now)
        if self._delay is not None and _near(likeness, self._delay) > _THRESHOLD:
            return True
        best = int(np.argmax(likeness)) if likeness.size else 0
        if not likeness.size or likeness[best] <= _THRESHOLD:
            return False
        self._seen = [(at, delay) for at, delay in self._seen if now - at < _MEMORY_S]
        block_ago = now - _BLOCK * _STEP / RATE + 1e-6
        again = any(at <= block_ago and abs(best - delay) <= _SAME for at, delay in self._seen)
        self._seen.append((now, best))
        if again:
            self._delay = best
        return again

    def _likeness(self, block: Floats, power: float, now: float) -> Floats:
        """How like the block is to what the caller heard, by delay in samples (0: just now)."""
        ahead = max(0, round((self._end - now) * RATE / _STEP))
        heard = self._sent[: self._sent.size - ahead] if ahead else self._sent
        heard = heard[-(_TAIL + _BLOCK) :]
        if heard.size < _BLOCK:
            return np.zeros(0, np.float32)
        if now > self._end:
            # our voice has ended: what was heard last lies that far back
            since = min(round((now - self._end) * RATE / _STEP), heard.size)
            heard = np.concatenate([heard[since:], np.zeros(since, np.float32)])
        size = 1 << (heard.size + _BLOCK - 1).bit_length()
        product = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(block, size).conj(), size)
        lags = product[: heard.size - _BLOCK + 1]
        squares = np.concatenate([[0.0], np.cumsum(heard.astype(np.float64) ** 2)])
        energy = squares[_BLOCK:] - squares[:-_BLOCK]
        norm = np.sqrt(np.maximum(energy, _BLOCK * _FLOOR**2) * power)
        return np.asarray(np.abs(lags) / norm, np.float32)[::-1]

    def _push(self, samples: npt.NDArray[np.float32]) -> None:
        if samples.size >= self._sent.size:
            self._sent = samples[-self._sent.size :].copy()
        else:
            self._sent = np.concatenate([self._sent[samples.size :], samples])
