"""What a recognizer says about one stream of sound. Times are seconds since the stream began."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """The caller began to make speech-like sound."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """The caller's sound stopped: silence has begun, the turn need not be over."""

    at: float


@dataclass(frozen=True, slots=True)
class Partial:
    """Words heard so far in the running utterance; replaced by the next partial or the final."""

    text: str
    confidence: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Final:
    """One utterance, heard to its end."""

    text: str
    """Normalised simplified Chinese without punctuation; empty when no words were heard."""
    confidence: float
    """0..1; below about 0.35 the words are a guess."""
    start: float
    """Where speech began."""
    end: float
    """Where the last speech ended (not where silence was judged long enough)."""
    alternatives: tuple[str, ...] = field(default=())
    """Other readings, best first, where the engine gives them."""
    reason: str = "endpoint"
    """Why the utterance was closed: endpoint, complete, max_length, flush; or what became of it:
    lost (not decoded in time), unheard (there was speech, and no word was made out)."""


SpeechEvent = SpeechStart | SpeechEnd | Partial | Final
