"""Is what comes in only our own voice coming back? A pure, cheap test per frame.

Telephone lines return our voice a little later and quieter. The incoming block is compared with
what the caller heard in the last moments by normalised cross-correlation: an echo is a delayed,
scaled copy, so its peak is near 1, while the caller's own speech leaves it low. (The coherence idea
of double-talk detectors: Benesty, Morgan, Cho 2000.)
"""

import numpy as np
import numpy.typing as npt

from ivr.media import FRAME_BYTES, RATE

_STEP = 2
"""Telephone sound holds nothing above 4 kHz, so every second sample is enough."""
_BLOCK = 800
"""Compared block: 100 ms at 8 kHz."""
_TAIL = 4800
"""How far back our own voice is searched: 600 ms at 8 kHz."""
_THRESHOLD = 0.55
_FLOOR = 60.0
"""RMS below which nothing is judged (quieter than speech on any line)."""


class EchoGate:
    """Feed sent and received sound on one clock; ask whether the newest block is an echo."""

    def __init__(self) -> None:
        self._sent: npt.NDArray[np.float32] = np.zeros(_TAIL + 2 * _BLOCK, np.float32)
        self._end = 0.0
        """Clock time up to which ``_sent`` holds what the caller heard."""
        self._in: npt.NDArray[np.float32] = np.zeros(_BLOCK, np.float32)
        self._quiet_until = 0.0

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
        block = self._in - self._in.mean()
        power = float(block @ block)
        if power / _BLOCK < _FLOOR * _FLOOR:
            return False
        return self._peak(block, power, now) > _THRESHOLD

    def _peak(self, block: npt.NDArray[np.float32], power: float, now: float) -> float:
        ahead = max(0, round((self._end - now) * RATE / _STEP))
        heard = self._sent[: self._sent.size - ahead] if ahead else self._sent
        heard = heard[-(_TAIL + _BLOCK) :]
        if heard.size < _BLOCK:
            return 0.0
        size = 1 << (heard.size + _BLOCK - 1).bit_length()
        product = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(block, size).conj(), size)
        lags = product[: heard.size - _BLOCK + 1]
        squares = np.concatenate([[0.0], np.cumsum(heard.astype(np.float64) ** 2)])
        energy = squares[_BLOCK:] - squares[:-_BLOCK]
        norm = np.sqrt(np.maximum(energy, _BLOCK * _FLOOR**2) * power)
        return float(np.max(np.abs(lags) / norm))

    def _push(self, samples: npt.NDArray[np.float32]) -> None:
        if samples.size >= self._sent.size:
            self._sent = samples[-self._sent.size :].copy()
        else:
            self._sent = np.concatenate([self._sent[samples.size :], samples])
