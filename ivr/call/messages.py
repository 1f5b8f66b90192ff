"""What reaches a call session's inbox. One consumer takes them in order."""

from dataclasses import dataclass

from hotline.domain.speech import SpeechEvent
from ivr.bot.api import Input


@dataclass(frozen=True, slots=True)
class Spoke:
    """An event of the recognizer."""

    event: SpeechEvent


@dataclass(frozen=True, slots=True)
class VoiceDone:
    """The caller has heard an utterance of ours to its end."""

    number: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The caller's channel has left us."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The media socket died while the call goes on."""


@dataclass(frozen=True, slots=True)
class SeatGone:
    """A seat's channel has ended."""

    channel: str


@dataclass(frozen=True, slots=True)
class Rung:
    """Ringing people has ended: with (endpoint, channel), or None when nobody answered."""

    answered: tuple[str, str] | None
    run: int


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of something the dialogue asked for."""

    input: Input


@dataclass(frozen=True, slots=True)
class EarsLost:
    """Recognition went down."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The hotline must stop now; the caller is given to the dialplan's fallback."""


Message = (
    Spoke
    | VoiceDone
    | Pressed
    | CallerGone
    | MediaLost
    | SeatGone
    | Rung
    | Result
    | EarsLost
    | Drain
)
