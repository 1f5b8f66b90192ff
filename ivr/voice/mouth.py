"""The voice as a call session wants it: a text and whether to say it slowly."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

from ivr.voice.service import VoiceService

SLOW = 0.85
"""Speed after the caller asked to speak more slowly."""


class Mouth:
    """Says texts; knows which are fixed and may be stored, and what their recordings are named."""

    def __init__(self, voice: VoiceService, fixed: Mapping[str, str | None]) -> None:
        """``fixed``: text to prompt id (None without one). Other texts are never stored on disk."""
        self._voice = voice
        self._fixed = fixed

    async def say(self, text: str, *, slow: bool) -> AsyncIterator[bytes]:
        """Sound of a text in pieces, 16 kHz s16le. VoiceError when it cannot be spoken."""
        speaking = self._voice.say(
            text,
            speed=SLOW if slow else 1.0,
            prompt=self._fixed.get(text),
            keep=text in self._fixed,
        )
        async with aclosing(speaking) as pieces:
            async for pcm in pieces:
                yield pcm


__all__ = ["SLOW", "Mouth"]
