"""What reaches a call session's inbox. One consumer takes them in order."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from hotline.domain.codes import Speaker
from hotline.domain.speech import SpeechEvent
from ivr.bot.api import Input
from ivr.call.handover import Found
from ivr.call.watch import Watch


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
    lost: bool = False
    """Its sound stopped coming: the agent has not hung up, the line has gone."""


@dataclass(frozen=True, slots=True)
class Rung:
    """The search for a person has ended; None when nobody answered."""

    answered: Found | None
    run: int


class Control(StrEnum):
    """What an agent may do with a call."""

    HOLD = "hold"
    RESUME = "resume"
    MUTE = "mute"
    UNMUTE = "unmute"
    HANG_UP = "hang_up"
    TO_BOT = "to_bot"
    TRANSFER = "transfer"
    REJOIN = "rejoin"
    """The page was reloaded: its telephone takes the old one's place in the talk."""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants something done; ``done`` ends once Asterisk has done it."""

    done: asyncio.Future[None]

    def succeed(self) -> None:
        """It is done; saying so twice is fine."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """It is not done, for this reason."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class Asked(Request):
    """The agent wants something done."""

    control: Control
    person_id: str
    """Who asks: only whoever has the call may."""
    to: str | None
    """For a transfer: the person to ring."""


@dataclass(frozen=True, slots=True)
class Watched(Request):
    """A supervisor wants to listen, whisper, join in, take over or leave."""

    mode: Watch
    person_id: str


@dataclass(frozen=True, slots=True)
class Overheard:
    """Something was said between caller and agent."""

    speaker: Speaker
    event: SpeechEvent
    at: float
    """Event-loop time of the beginning of the stream the event's times count from."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of something the dialogue asked for."""

    input: Input


@dataclass(frozen=True, slots=True)
class EarsLost:
    """Recognition went down."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """Look whether the call is over."""


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
    | Asked
    | Watched
    | Overheard
    | Result
    | EarsLost
    | Nudge
    | Drain
)
