"""One text to one sound in this process: recorded prompt, cache, or the engine.

This is what the worker, the command line and the set-up share; it blocks, so the event loop goes
through ``VoiceService`` instead.
"""

from pathlib import Path

import numpy as np

from hotline.settings import VoiceSettings
from ivr.voice.cache import VoiceCache, piece_key
from ivr.voice.engines.base import Engine, EngineSpec
from ivr.voice.engines.choose import load, pick
from ivr.voice.reading import Piece, phonemes, pieces
from ivr.voice.recordings import Recordings
from ivr.voice.sound import RATE, Pcm, finish, silence, telephone, wav_bytes

_CHARACTERS_A_SECOND = 4.5
SPEEDS = (0.5, 2.0)
"""Slowest and fastest that is still speech."""


def pace(spec: EngineSpec, settings: VoiceSettings, speed: float) -> float:
    """The engine's speed for a wanted one (1 = this voice's calm telephone pace)."""
    low, high = SPEEDS
    return min(max(settings.speed * speed, low), high) * spec.pace


def key_of(spec: EngineSpec, settings: VoiceSettings, piece: Piece, speed: float) -> str:
    """Cache key of a piece."""
    return piece_key(spec.voice, pace(spec, settings, speed), phonemes(piece.text), piece.text)


def join(sounds: list[tuple[Pcm, float]]) -> Pcm:
    """Pieces with their pauses between; none after the last."""
    parts: list[Pcm] = []
    for index, (pcm, pause) in enumerate(sounds):
        parts.append(pcm)
        if index + 1 < len(sounds):
            parts.append(silence(pause))
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


class Synthesiser:
    """A voice in this process, loaded at the first piece that is not in the cache."""

    def __init__(
        self,
        settings: VoiceSettings,
        cache_dir: Path,
        *,
        spec: EngineSpec | None = None,
        threads: int = 2,
        keep: bool = True,
    ) -> None:
        """``keep``: store what is rendered; off for words that may hold personal data."""
        self.spec = spec or pick(settings, cache_dir)
        self._settings = settings
        self._threads = threads
        self._keep = keep
        self._cache = VoiceCache(cache_dir / "voice")
        self._recordings = Recordings(settings.recordings)
        self._engine: Engine | None = None

    def render(self, text: str, speed: float = 1.0, prompt: str | None = None) -> Pcm:
        """16 kHz sound of a text; empty when it holds nothing that can be said."""
        recorded = self._recordings.get(text, prompt)
        if recorded is not None:
            return recorded
        return join([(self.piece(piece, speed), piece.pause) for piece in pieces(text)])

    def sentences(self, text: str, speed: float = 1.0) -> list[Pcm]:
        """The sound of a text in its pieces; one piece when a person has recorded it."""
        recorded = self._recordings.get(text)
        if recorded is not None:
            return [recorded]
        return [self.piece(piece, speed) for piece in pieces(text)]

    def piece(self, piece: Piece, speed: float = 1.0) -> Pcm:
        """One piece, from the cache or rendered."""
        key = key_of(self.spec, self._settings, piece, speed)
        pcm = self._cache.get(key)
        if pcm is None:
            pcm = self.speak(piece.text, pace(self.spec, self._settings, speed))
            if self._keep:
                self._cache.put(key, pcm)
        return pcm

    def prepare(self, text: str, speed: float = 1.0) -> int:
        """Put a text into the cache; how many of its pieces were not there."""
        if self._recordings.get(text) is not None:
            return 0
        missing = [piece for piece in pieces(text) if not self.has(piece, speed)]
        for piece in missing:
            self.piece(piece, speed)
        return len(missing)

    def has(self, piece: Piece, speed: float = 1.0) -> bool:
        """Whether a piece is in the cache."""
        return self._cache.has(key_of(self.spec, self._settings, piece, speed))

    def speak(self, said: str, engine_speed: float) -> Pcm:
        """Render spoken words with the engine, past the cache."""
        if self._engine is None:
            self._engine = load(self.spec, self._threads)
        return finish(*self._engine.speak(said, engine_speed))


def say_to_file(voice: Synthesiser, text: str, path: Path, *, on_telephone: bool = False) -> float:
    """Speak a text into a 16 kHz WAV file; its seconds. ``on_telephone``: as a caller hears it."""
    pcm = voice.render(text)
    path.write_bytes(wav_bytes(telephone(pcm) if on_telephone else pcm))
    return len(pcm) / RATE


def seconds(piece: Piece, speed: float = 1.0) -> float:
    """About how long a piece and its pause take to say, without rendering it."""
    return len(piece.text) / (_CHARACTERS_A_SECOND * speed) + piece.pause


__all__ = ["SPEEDS", "Synthesiser", "join", "key_of", "pace", "say_to_file", "seconds"]
