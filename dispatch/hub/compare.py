"""Whether we and the hub hold an order alike, and what mends it: decisions only, no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from dispatch.numbers import CHINA


class Fault(StrEnum):
    """How an order differs."""

    LACKING = "lacking"
    """The hub has never heard of it."""
    BEHIND = "behind"
    """The hub lacks messages it had acknowledged."""
    AHEAD = "ahead"
    """The hub has messages we do not know: our database was set back."""
    DIFFERENT = "different"
    """Same messages, but the order stands otherwise."""
    NOT_ERASED = "not-erased"
    """We erased the party, the hub did not."""
    ERASED_THERE = "erased-there"
    """The hub erased the party, we did not."""
    UNHEARD = "unheard"
    """The hub has messages for us that did not arrive."""
    FORGOTTEN = "forgotten"
    """We took messages the hub does not know of: its database was set back."""
    DEAD = "dead-letter"
    """A message waits for a person."""
    UNKNOWN = "unknown-here"
    """The hub holds an order of ours that we do not have."""


class Mend(StrEnum):
    """What is done about it."""

    SNAPSHOT = "snapshot"
    """Send the order as it is now."""
    ERASE = "erase"
    """Ask for erasure again."""
    FETCH = "fetch"
    """Fetch the hub's messages and apply them."""
    PERSON = "person"
    """Somebody has to look."""


@dataclass(frozen=True, slots=True)
class Ours:
    """How we hold an order."""

    order_no: str
    version: int
    sent_seq: int
    """Of the last message the hub acknowledged; 0: none."""
    last_seq: int
    """Of the last message there is; 0: the hub is not to know it (a draft)."""
    waiting: bool
    """A message is on its way."""
    dead: bool
    erased: bool
    digest: str
    in_seq: int
    """Of the last message of the hub that we took."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """How the hub holds an order."""

    order_no: str
    seq: int
    digest: str | None
    erased: bool
    out_seq: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. No personal data."""

    order_no: str
    fault: Fault
    mend: Mend
    mended: bool = False


def differences(ours: Ours | None, theirs: Theirs | None) -> list[Difference]:
    """What differs, worst first; empty when all is well or still on its way."""
    number = ours.order_no if ours else theirs.order_no if theirs else ""
    return [Difference(number, fault, mend) for fault, mend in _find(ours, theirs)]


def _find(ours: Ours | None, theirs: Theirs | None) -> Iterator[tuple[Fault, Mend]]:
    if ours is None:
        if theirs is not None and not theirs.erased:
            yield Fault.UNKNOWN, Mend.PERSON
        return
    yield from _told(ours, theirs)
    if theirs is None:
        return
    if theirs.out_seq > ours.in_seq and not ours.erased:
        yield Fault.UNHEARD, Mend.FETCH
    elif theirs.out_seq < ours.in_seq:
        yield Fault.FORGOTTEN, Mend.PERSON


def _told(ours: Ours, theirs: Theirs | None) -> Iterator[tuple[Fault, Mend]]:
    """What the hub should know by now."""
    if ours.last_seq == 0:
        return
    if ours.dead:
        yield Fault.DEAD, Mend.PERSON
    elif ours.waiting and (theirs is None or theirs.seq <= ours.last_seq):
        return
    elif theirs is None:
        if not ours.erased:
            yield Fault.LACKING, Mend.SNAPSHOT
    elif ours.erased:
        if not theirs.erased:
            yield Fault.NOT_ERASED, Mend.ERASE
    elif theirs.erased:
        yield Fault.ERASED_THERE, Mend.PERSON
    elif theirs.seq > ours.last_seq:
        yield Fault.AHEAD, Mend.SNAPSHOT
    elif theirs.seq < ours.sent_seq:
        yield Fault.BEHIND, Mend.SNAPSHOT
    elif theirs.digest != ours.digest:
        yield Fault.DIFFERENT, Mend.SNAPSHOT


def next_run(now: datetime, at: time) -> datetime:
    """The next time it is ``at`` in China, after ``now``."""
    here = now.astimezone(CHINA)
    today = here.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
    return today if today > here else today + timedelta(days=1)
