"""A call and what it leaves behind: one CallRecord for every call, whatever its end."""

from dataclasses import dataclass, field
from datetime import datetime

from hotline.domain.codes import CallOutcome, Speaker


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said in a call."""

    index: int
    speaker: Speaker
    text: str
    """What was said or heard (personal data). For keys: ``[按键 1]``."""
    started: float
    """Seconds since the call was answered."""
    ended: float
    confidence: float | None = None
    """The recognizer's, for callers' turns."""
    act: str | None = None
    topic: str | None = None
    latency_ms: int | None = None
    """For the bot's turns: from the end of the caller's speech to our first sound of substance."""
    interrupted: bool = False
    """The caller spoke over it and it was given up."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """The record of one call. Every call has one, also abandoned and failed ones."""

    call_id: str
    """Our own id, 26 characters, sortable by time."""
    channel_id: str
    """Asterisk's unique id of the caller's channel."""
    caller_number: str | None
    """None when the caller withheld it (personal data)."""
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: CallOutcome | None
    """None while the call is going on."""
    hangup_by: str | None = None
    """caller, bot, agent or system."""
    human_requested: bool = False
    human_answered: bool = False
    seat: str | None = None
    act: str | None = None
    topic: str | None = None
    region: str | None = None
    order_no: str | None = None
    """Number of the order the call filed or asked about."""
    answer_ids: tuple[str, ...] = ()
    """Knowledge entries spoken."""
    satisfaction: int | None = None
    recording: str | None = None
    """Name of the encrypted recording, relative to the recordings folder."""
    engine: str | None = None
    """Recognizer engine that heard the call."""
    node: str | None = None
    adopted: int = 0
    """How many times a restarted hotline took the live call over."""
    turns: tuple[Turn, ...] = field(default=())
