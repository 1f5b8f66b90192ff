"""What the queue is told, and what it answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.domain.seats import BreakReason, SeatInterval, SeatState


@dataclass(frozen=True, slots=True)
class Agent:
    """A person at a seat, as the queue sees them: no name, no number."""

    person_id: str
    region: str | None = None
    """GB/T 2260 code of where they work; None: the whole province."""
    skills: frozenset[str] = frozenset()
    """Topics they take; empty: all."""
    languages: frozenset[str] = frozenset()
    """Codes of ``hotline.domain.order_codes.Language`` besides Mandarin."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A caller who needs a person."""

    call_id: str
    since: datetime
    topic: str | None = None
    region: str | None = None
    language: str | None = None
    emergency: bool = False
    elderly: bool = False
    repeat: bool = False
    """Has called before within a few days: the trouble is not over."""
    last_agent: str | None = None
    """Person who spoke with this caller last."""
    only: str | None = None
    """Person the call is transferred to; nobody else is rung until ``only_s`` have passed."""

    @property
    def rank(self) -> tuple[int, datetime]:
        """Smaller is sooner: emergencies, then old and repeated callers, then who waits longest."""
        if self.emergency:
            return 0, self.since
        return (1 if self.elderly or self.repeat else 2), self.since


@dataclass(frozen=True, slots=True)
class Policy:
    """Times and limits; spans of time unless said otherwise."""

    ring: timedelta = timedelta(seconds=20)
    """A seat is rung so long."""
    misses: int = 2
    """Calls missed in a row after which a seat is put on a break."""
    wrap_up: timedelta = timedelta(seconds=30)
    """After a call, before the next one."""
    forced_disposition: bool = False
    """A seat stays in wrap-up until the call's result is stored, however long."""
    own_region: timedelta = timedelta(seconds=10)
    """A caller waits so long for a seat of their own region before others are rung."""
    own_skill: timedelta = timedelta(seconds=10)
    """The same for the topic."""
    only: timedelta = timedelta(seconds=30)
    """A transferred call waits so long for the person it is meant for."""
    max_wait: timedelta = timedelta(minutes=5)
    """A caller who has waited so long is offered a callback instead."""
    unstaffed: timedelta = timedelta(seconds=20)
    """The same, when nobody has been there to take calls for so long."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring this agent for this caller."""

    call_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class StopRing:
    """Ring no longer: the agent is not there, or the caller has gone."""

    call_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class WaitedOut:
    """The caller has waited as long as anybody should."""

    call_id: str


@dataclass(frozen=True, slots=True)
class SeatChanged:
    """A seat is in a new state; ``ended`` is the interval before it."""

    person_id: str
    ended: SeatInterval | None


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Somebody joined or left the queue."""

    call_id: str


Output = Ring | StopRing | WaitedOut | SeatChanged | QueueChanged


@dataclass(frozen=True, slots=True)
class Next:
    """What a seat is to do after its call: asked for while it still talks."""

    state: SeatState = SeatState.READY
    reason: BreakReason | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting caller stands."""

    position: int
    """1: the next."""
    wait: timedelta | None
    """How long it may still take; None when nothing honest can be said."""
    seats: int
    """Seats that take calls at all (ready, or busy and coming back)."""


@dataclass(slots=True)
class Seat:
    """One signed-in agent."""

    agent: Agent
    state: SeatState
    since: datetime
    reason: BreakReason | None = None
    limit: timedelta | None = None
    """How long the break may last; None: no limit."""
    call_id: str | None = None
    idle_since: datetime | None = None
    """When the last call ended; the longest idle is rung first."""
    misses: int = 0
    linked: bool = False
    """The telephone in the browser is registered."""
    next: Next = Next()
    disposed: bool = False
    """The result of the call just ended is stored."""

    @property
    def rings_at_all(self) -> bool:
        """Counts as a seat that takes calls."""
        return self.state not in (SeatState.OFFLINE, SeatState.SIGNED_IN, SeatState.BREAK)
