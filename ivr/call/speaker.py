"""Our voice in one call: texts in order, known when heard to the end, given up at once."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from ivr.bot.api import Say
from ivr.call.ports import Mouth
from ivr.media.socket import MediaSocket

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Utterance:
    """What is being said, for the record."""

    number: int
    text: str
    began: float | None = None
    """Event-loop time of its first sound; None before."""
    interruptible: bool = True


class Speaker:
    """Feeds texts to the voice and its sound to the media socket.

    ``on_began(utterance, at)`` when the first sound is sent, ``on_done(utterance)`` when the caller
    has heard the last one. After ``stop`` neither comes for what was given up.
    """

    def __init__(
        self,
        mouth: Mouth,
        *,
        on_began: Callable[[Utterance, float], None],
        on_done: Callable[[Utterance], None],
    ) -> None:
        self._mouth = mouth
        self._on_began = on_began
        self._on_done = on_done
        self._numbers = itertools.count(1)
        self._current: Utterance | None = None
        self._task: asyncio.Task[None] | None = None
        self._media: MediaSocket | None = None

    @property
    def current(self) -> Utterance | None:
        """What is being said now."""
        return self._current

    def attach(self, media: MediaSocket) -> None:
        """Use this socket from now on (a new one after the old one died)."""
        self._media = media

    def speak(self, says: Sequence[Say]) -> Utterance:
        """Give up what is being said and say these, in order."""
        self.stop()
        utterance = Utterance(
            next(self._numbers),
            "".join(say.text for say in says),
            interruptible=all(say.interruptible for say in says),
        )
        self._current = utterance
        self._task = asyncio.create_task(self._feed(utterance, list(says)), name="speaker")
        return utterance

    def stop(self) -> Utterance | None:
        """Fall silent at once; returns what was cut, None if nothing was."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        cut, self._current = self._current, None
        if self._media is not None:
            self._media.flush()
        return cut

    def pause(self) -> None:
        """Hold the voice where it is."""
        if self._media is not None:
            self._media.pause()

    def resume(self) -> None:
        """Go on."""
        if self._media is not None:
            self._media.resume()

    def played(self, mark: str) -> None:
        """The media socket has reached a mark."""
        current = self._current
        if current is not None and mark == str(current.number):
            self._current = None
            self._on_done(current)

    def sounded(self, at: float) -> None:
        """Sound was sent, heard from ``at`` on."""
        current = self._current
        if current is not None and current.began is None:
            current.began = at
            self._on_began(current, at)

    async def _feed(self, utterance: Utterance, says: list[Say]) -> None:
        try:
            for say in says:
                async for pcm in self._mouth.say(say.text, slow=say.slow):
                    if self._media is not None:
                        self._media.play(pcm)
        except Exception:
            # Without a voice the caller hears nothing, but keys and hand-over must still work.
            log.exception("voice failed")
        if self._media is not None:
            self._media.mark(str(utterance.number))
        else:
            self.played(str(utterance.number))
