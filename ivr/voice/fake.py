"""A stand-in for the voice in tests of others: tones as long as the words would take."""

from collections.abc import AsyncGenerator, Callable, Iterable

import numpy as np

from ivr.voice.reading import Piece, pieces
from ivr.voice.service import Priority
from ivr.voice.sound import RATE, to_pcm

_SECONDS_A_CHARACTER = 0.25


class FakeVoice:
    """Speaks nothing: each piece is a 440 Hz tone; ``said`` keeps the texts in order."""

    engine = "fake"
    worker_pid = None

    def __init__(self, *, all_cached: bool = True) -> None:
        self.said: list[str] = []
        self._all_cached = all_cached

    async def start(self, *, warm: bool = True) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def cached(self, text: str, *, speed: float = 1.0, prompt: str | None = None) -> bytes | None:
        """The whole tone, or None when made without a cache."""
        if not self._all_cached:
            return None
        return b"".join(_tone(piece, speed) for piece in pieces(text))

    async def say(
        self,
        text: str,
        *,
        speed: float = 1.0,
        priority: Priority = Priority.LIVE,
        prompt: str | None = None,
        keep: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """One tone a piece."""
        self.said.append(text)
        for piece in pieces(text):
            yield _tone(piece, speed)

    async def prerender(
        self,
        texts: Iterable[str],
        progress: Callable[[int, int], None] | None = None,
        *,
        speeds: Iterable[float] = (1.0,),
    ) -> int:
        """Renders nothing; 0 pieces."""
        wanted = list(texts)
        for done in range(len(wanted)):
            if progress is not None:
                progress(done + 1, len(wanted))
        return 0


def _tone(piece: Piece, speed: float) -> bytes:
    count = int(len(piece.text) * _SECONDS_A_CHARACTER / speed * RATE)
    wave = 0.1 * np.sin(2 * np.pi * 440 * np.arange(count) / RATE)
    return to_pcm(wave.astype(np.float32)).astype("<i2").tobytes()


__all__ = ["FakeVoice"]
