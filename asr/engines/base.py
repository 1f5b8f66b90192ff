"""What every recognition engine offers. Engines run in worker processes and may block."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """Sound to be turned into text."""

    key: str
    """Names the stretch; an incremental engine keeps its state under it."""
    pcm: bytes
    """16 kHz mono s16le; for an incremental engine only what follows ``offset``."""
    offset: int
    """Bytes of this stretch the engine was given before (0 for others)."""
    final: bool
    """Whether the stretch is heard out; a partial may be cheaper and worse."""
    voiced: float
    """Seconds of speech in the whole stretch, as the VAD found."""
    expect: str = ""
    """What kind of answer was asked for (``hotline.language.expect``): an engine may listen for it;
    nothing else is deaf to it."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the engine heard; ``text`` is normalised and empty when there were no words."""

    text: str
    confidence: float
    """0..1."""
    alternatives: tuple[str, ...] = ()
    refused: str = ""
    """Why words were thrown away (see ``asr.gate``); empty when they were not."""


class Engine(Protocol):
    """A recognizer."""

    name: str

    def decode(self, requests: list[Request]) -> list[Hypothesis]:
        """One hypothesis a request, in order. Blocks; may raise on broken input."""
        ...

    def forget(self, prefix: str) -> None:
        """Drop the state kept under keys that begin so."""
        ...

    def know_places(self, names: Sequence[str]) -> None:
        """Names of cities and counties, for the question where somebody lives."""
        ...
