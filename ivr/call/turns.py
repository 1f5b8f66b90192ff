"""Who may speak now: the pure turn-taking of one call.

The voice pauses as soon as the caller makes speech-like sound; whether it is given up or goes on is
decided when the recognizer has said what the sound was (words, or a cough, 嗯, noise). All times
are the event loop's clock in seconds, passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hotline.domain.speech import Final, Partial, SpeechEnd, SpeechEvent, SpeechStart

NOISE_S = 2.0
"""Speech-like sound without one recognised word for so long is noise: the voice goes on."""
SETTLE_S = 1.6
"""After such sound has ended, how long a verdict of the recognizer is waited for."""
MURMUR_S, _BELIEVED = 0.65, 0.5
"""Over our voice, words shorter than this must be believed more than this."""
STORY_LIMIT_S = 60.0
"""A caller who talks without pause is answered after this."""


@dataclass(frozen=True, slots=True)
class PauseVoice:
    """Hold our voice: the caller may be speaking."""


@dataclass(frozen=True, slots=True)
class ResumeVoice:
    """It was nothing: go on where the caller last heard us."""


@dataclass(frozen=True, slots=True)
class StopVoice:
    """The caller speaks: give the rest up."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """There are words: the held voice will not go on, unless the final proves them no words."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """The caller has said this; it is the bot's turn."""

    text: str
    confidence: float
    alternatives: tuple[str, ...]
    start: float
    """Stream time at which the caller began."""
    end: float
    """Stream time at which the last word ended."""
    interrupted: bool
    """Our voice was cut by it."""


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller has said nothing in the time given."""


Output = PauseVoice | ResumeVoice | StopVoice | GiveUp | Deliver | NoInput


class TurnTaker:
    """Feed it speech events and what our voice does; carry out what it returns."""

    def __init__(self, backchannel: Callable[[str], bool]) -> None:
        self._backchannel = backchannel
        self._speaking = False
        self._interruptible = True
        self._paused = False
        self._caller_since: float | None = None
        self._verdict_by: float | None = None
        self._words = False
        self._given_up = False
        self._listen_s: float | None = None
        self._silence_at: float | None = None
        self._answer_expected = False
        self._story: list[Final] = []
        self._story_since = 0.0
        self._held: Final | None = None

    @property
    def caller_speaking(self) -> bool:
        """Speech-like sound is coming in."""
        return self._caller_since is not None

    @property
    def doubt(self) -> bool:
        """Our voice speaks and may be spoken over."""
        return self._speaking and self._interruptible

    def voice_started(self, *, interruptible: bool, answer_expected: bool) -> None:
        """We begin to speak. ``answer_expected``: a question is asked, 嗯 counts as an answer."""
        self._speaking = True
        self._interruptible = interruptible
        self._answer_expected = answer_expected
        self._silence_at = None

    def voice_ended(self, now: float) -> list[Output]:
        """The caller has heard all of it."""
        self._speaking = False
        self._paused = False
        if self._held is not None:
            held, self._held = self._held, None
            return [self._deliver(held, interrupted=False)]
        if self._caller_since is None:
            self._arm(now)
        return []

    def listen(self, timeout_s: float | None, now: float) -> None:
        """It is the caller's turn once our voice has ended; None: wait for ever."""
        self._listen_s = timeout_s
        if not self._speaking:
            self._arm(now)

    def deadline(self) -> float | None:
        """When ``tick`` has to be called next."""
        times = [t for t in (self._silence_at, self._verdict_by) if t is not None]
        return min(times, default=None)

    def tick(self, now: float) -> list[Output]:
        """Time has passed."""
        out: list[Output] = []
        if self._verdict_by is not None and now >= self._verdict_by:
            self._verdict_by = None
            if self._paused and not self._words:
                out += self._resume()
        if self._silence_at is not None and now >= self._silence_at:
            self._silence_at = None
            if self._caller_since is None and not self._speaking:
                out.append(NoInput())
        return out

    def hear(self, event: SpeechEvent, now: float) -> list[Output]:
        """Take one event of the recognizer."""
        if isinstance(event, SpeechStart):
            return self._speech_start(now)
        if isinstance(event, SpeechEnd):
            self._caller_since = None
            if self._paused and not self._words:
                self._verdict_by = now + SETTLE_S
            return []
        if isinstance(event, Partial):
            return self._partial(event)
        return self._final(event, now)

    def key(self, now: float) -> list[Output]:
        """A key was pressed: it cuts the voice at once, without a doubt to settle."""
        self._silence_at = None
        self._held = None
        self._story.clear()
        return self._stop() if self._speaking and self._interruptible else []

    def _partial(self, partial: Partial) -> list[Output]:
        if not partial.text or (self._speaking and self._ignores(partial.text)):
            return []
        self._words = True
        self._verdict_by = None
        if not self.doubt:
            return []
        out: list[Output] = []
        if not self._paused:
            # Words that came in after the voice had gone on: it was speech after all.
            self._paused = True
            out.append(PauseVoice())
        if not self._given_up:
            self._given_up = True
            out.append(GiveUp())
        return out

    def _speech_start(self, now: float) -> list[Output]:
        self._caller_since = now
        self._silence_at = None
        self._words = False
        if self._speaking and self._interruptible and not self._paused:
            self._paused = True
            self._verdict_by = now + NOISE_S
            return [PauseVoice()]
        return []

    def _final(self, final: Final, now: float) -> list[Output]:
        self._verdict_by = None
        self._words = False
        if final.reason == "max_length" and final.text:
            return self._go_on(final, now)
        self._caller_since = None
        whole = self._whole(final)
        over = self._speaking and (self._ignores(whole.text) or self._murmur(whole))
        if not whole.text or over:
            if self._speaking:
                return self._resume() if self._paused else []
            said = bool(whole.alternatives) or whole.reason == "unheard"
            if self._listen_s is not None and said and not whole.text:
                # Something was said, and what is not clear: better asked than waited for.
                return [self._deliver(whole, interrupted=False)]
            self._arm(now)
            return []
        if not self._speaking:
            self._silence_at = None
            return [self._deliver(whole, interrupted=False)]
        if not self._interruptible:
            self._held = whole
            return []
        return [*self._stop(), self._deliver(whole, interrupted=True)]

    def _go_on(self, final: Final, now: float) -> list[Output]:
        """A long story came in pieces: keep them until it ends or it is too much."""
        if not self._story:
            self._story_since = final.start
        self._story.append(final)
        if final.end - self._story_since < STORY_LIMIT_S:
            return []
        whole = self._whole(None)
        return [*(self._stop() if self._speaking else []), self._deliver(whole, interrupted=False)]

    def _whole(self, final: Final | None) -> Final:
        parts = [*self._story, *([final] if final is not None else [])]
        self._story = []
        if len(parts) == 1:
            return parts[0]
        spoken = [p for p in parts if p.text]
        if not spoken:
            return parts[-1]
        return Final(
            text="".join(p.text for p in spoken),
            confidence=min(p.confidence for p in spoken),
            start=spoken[0].start,
            end=spoken[-1].end,
        )

    def _ignores(self, text: str) -> bool:
        return not self._answer_expected and self._backchannel(text)

    def _murmur(self, final: Final) -> bool:
        """A sound as short as 嗯嗯, of which the recognizer makes words it does not believe."""
        short = final.end - final.start < MURMUR_S
        return short and final.confidence < _BELIEVED and not self._answer_expected

    def _deliver(self, final: Final, *, interrupted: bool) -> Deliver:
        self._silence_at = None
        return Deliver(
            final.text, final.confidence, final.alternatives, final.start, final.end, interrupted
        )

    def _resume(self) -> list[Output]:
        self._paused = False
        self._given_up = False
        return [ResumeVoice()]

    def _stop(self) -> list[Output]:
        self._speaking = False
        self._paused = False
        self._given_up = False
        self._verdict_by = None
        return [StopVoice()]

    def _arm(self, now: float) -> None:
        self._silence_at = None if self._listen_s is None else now + self._listen_s
