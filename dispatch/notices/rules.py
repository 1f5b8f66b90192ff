"""Whether and when a text message may go: decisions only, no I/O."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dispatch.daytime import DailyWindow

_MOBILE = re.compile(r"1[3-9]\d{9}")
_STOP = frozenset({"TD", "T", "N", "退订", "拒收", "取消", "停止"})
_START = frozenset({"DY", "Y", "订阅", "恢复", "开通"})


class Refusal(StrEnum):
    """Why a message is not sent; kept with it."""

    NO_NUMBER = "no-number"
    NOT_MOBILE = "not-mobile"
    OPTED_OUT = "opted-out"
    UNSAFE = "unsafe"
    """The telephone may be in the hands of whoever the party is afraid of."""
    DAY_FULL = "day-full"
    NO_TEXT = "no-text"
    """No template, or the step lacks what its gaps need."""
    SUPERSEDED = "superseded"
    """A later message about the same order says more."""
    TOO_LATE = "too-late"
    ERASED = "erased"


class Wish(StrEnum):
    """What the reply to a message asks."""

    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """What the operator has set."""

    quiet: DailyWindow | None
    """No messages in these hours, except about emergencies."""
    per_day: int
    """Messages to one telephone in one day (China time) at most."""
    keep: timedelta
    """A message older than this says nothing new and is not sent."""
    silent_topics: frozenset[str] = frozenset()
    silent_emergencies: frozenset[str] = frozenset()
    """Troubles of which no message is sent unasked."""


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a message is for, as far as the rules look."""

    number: str | None
    topic: str
    urgent: bool
    """An emergency."""
    emergency: str | None = None
    opted_out: bool = False


def is_mobile(number: str) -> bool:
    """A mobile number of mainland China in its normal form."""
    return number.isascii() and _MOBILE.fullmatch(number) is not None


def refuse(policy: NoticePolicy, party: Party) -> Refusal | None:
    """Why nothing is sent to this party at all; None: it may be."""
    if party.number is None:
        return Refusal.NO_NUMBER
    if not is_mobile(party.number):
        return Refusal.NOT_MOBILE
    if party.opted_out:
        return Refusal.OPTED_OUT
    if party.topic in policy.silent_topics or party.emergency in policy.silent_emergencies:
        return Refusal.UNSAFE
    return None


def earliest(policy: NoticePolicy, urgent: bool, now: datetime) -> datetime:
    """When a message that is ready now may go."""
    if urgent or policy.quiet is None:
        return now.astimezone(UTC)
    return policy.quiet.first_outside(now)


def is_full(policy: NoticePolicy, planned: int) -> bool:
    """No further message to a telephone that has ``planned`` of that day already."""
    return planned >= policy.per_day


def is_stale(policy: NoticePolicy, created_at: datetime, now: datetime) -> bool:
    """Too old to be sent."""
    return now - created_at > policy.keep


def read_reply(text: str) -> Wish | None:
    """``TD``, ``退订`` …: what the sender of a reply wants; None: something else."""
    plain = "".join(text.split()).strip("。.!！“”\"'").upper().removeprefix("回复")
    if plain in _STOP:
        return Wish.STOP
    return Wish.START if plain in _START else None
