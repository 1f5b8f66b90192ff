"""What every voice engine is: spoken words in, sound out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ivr.voice.sound import Sound

EngineName = Literal["kokoro", "piper", "espeak"]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine and its files, known to be there; cheap to make, sent to the worker as JSON."""

    name: EngineName
    voice: str
    """Engine, model version and style in one word; part of every cache key."""
    model: Path | None = None
    style: Path | None = None
    vocabulary: Path | None = None
    pace: float = 1.0
    """Speed of this voice that is a calm telephone pace, about 4 syllables a second."""


class Engine(Protocol):
    """A loaded voice."""

    def speak(self, said: str, speed: float) -> tuple[Sound, int]:
        """Sound and its rate of spoken words (``reading.Piece.text``); VoiceError when it fails."""
        ...


__all__ = ["Engine", "EngineName", "EngineSpec"]
