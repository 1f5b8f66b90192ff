"""Callers' voices for the demo, tests and benchmarks: not the hotline's own, telephone sound."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hotline.settings import VoiceSettings
from ivr.voice.prerender import prerender
from ivr.voice.sound import telephone
from ivr.voice.synthesis import Synthesiser

STYLES = ("zm_yunxi", "zf_xiaoyi", "zm_yunyang")
"""Kokoro styles of the callers; the hotline itself speaks with another one."""
_SPEED = 0.85
"""These styles speak fast; people on the telephone take their time."""


class Callers:
    """Sentences as telephone sound in callers' voices, cached like the hotline's own voice."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._voices = [Synthesiser(VoiceSettings(style=style), cache_dir) for style in STYLES]

    def prepare(self, sentences: Iterable[tuple[str, int]]) -> None:
        """Render what (text, caller) pairs need before a call begins: it takes the processor."""
        wanted = list(sentences)
        for number, style in enumerate(STYLES):
            texts = [text for text, caller in wanted if caller % len(STYLES) == number]
            prerender(texts, VoiceSettings(style=style), self._cache_dir, speed=_SPEED)

    def say(self, text: str, caller: int = 0) -> bytes:
        """16 kHz s16le, band-limited through a-law like any caller's sound."""
        voice = self._voices[caller % len(self._voices)]
        return np.asarray(telephone(voice.render(text, _SPEED)), np.int16).tobytes()


def quiet(seconds: float) -> bytes:
    """Silence, 16 kHz s16le."""
    return bytes(int(seconds * 16000) * 2)
