"""Our voice in one call: texts in order, known when heard to the end, given up at once."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from ivr.bot.api import Say
from ivr.call.ports import Mouth
from ivr.media.socket import MediaSocket

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Utterance:
    """What is being said."""

    number: int
    says: list[Say] = field(default_factory=list)
    began: float | None = None
    """Event-loop time at which its first sound is heard; None before."""

    @property
    def text(self) -> str:
        """All its words (personal data)."""
        return "".join(say.text for say in self.says)

    @property
    def interruptible(self) -> bool:
        """The caller may speak over it."""
        return all(say.interruptible for say in self.says)


class Speaker:
    """Feeds texts to the voice and its sound to the media socket.

    ``on_began(utterance)`` when the first sound is on its way, ``on_done(utterance)`` when the
    caller has heard the last one. After ``stop`` neither comes for what was given up.
    """

    def __init__(
        self,
        mouth: Mouth,
        *,
        on_began: Callable[[Utterance], None],
        on_done: Callable[[Utterance], None],
    ) -> None:
        self._mouth = mouth
        self._on_began = on_began
        self._on_done = on_done
        self._numbers = itertools.count(1)
        self._pending: deque[Say] = deque()
        self._current: Utterance | None = None
        self._task: asyncio.Task[None] | None = None
        self._media: MediaSocket | None = None

    @property
    def current(self) -> Utterance | None:
        """What is being said now."""
        return self._current

    def attach(self, media: MediaSocket) -> None:
        """Use this socket; what the dead one had not finished is said again from its start."""
        self._media = media
        if self._current is not None:
            again = list(self._current.says)
            self._current = None
            self.speak(again)

    def speak(self, says: Sequence[Say], *, append: bool = False) -> Utterance:
        """Say these, in order: after what is being said (``append``) or instead of it."""
        if self._current is None or not append:
            self.stop()
            self._current = Utterance(next(self._numbers))
        # A new number, so that reaching the end of the earlier part is not taken for the whole.
        self._current.number = next(self._numbers)
        self._current.says.extend(says)
        self._pending.extend(says)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._feed(self._current), name="speaker")
        return self._current

    def stop(self) -> Utterance | None:
        """Fall silent at once; returns what was cut, None if nothing was."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._pending.clear()
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
            self._on_began(current)

    async def _feed(self, utterance: Utterance) -> None:
        while self._pending:
            say = self._pending.popleft()
            try:
                async for pcm in self._mouth.say(say.text, slow=say.slow):
                    if self._media is not None:
                        self._media.play(pcm)
            except Exception:
                # Without a voice the caller hears nothing, but keys and hand-over still work.
                log.exception("voice failed")
        if self._media is not None:
            self._media.mark(str(utterance.number))
        else:
            self.played(str(utterance.number))
