"""How the rooms around an order's life plug in.

A step is decided (``engine``), written (``desk``), and has effects: clocks, a message to the hub,
text messages to the party, people to ring, facts for evaluation. Each of those rooms implements
one protocol here and is joined to the desk at composition (``Effects``). All of them are called

* inside the step's own transaction, with the order's row locked and already showing the new state,
* after the event's row is flushed,
* with a list of effects that may be empty (then they are not called at all, except ``Outcomes``),

and may raise: then nothing of the step happened. None may change the order's row (the hub its own
columns ``hub_state`` and ``hub_receipt`` excepted), commit, wait, or do anything outside the
database; the desk writes back what ``Clocks`` returns.

Bus events need no room: the desk publishes ``order.<step>`` after the commit, with codes only.
Audit links are appended just before the commit (``hotline.db.late``), so that a transaction may
take steps on several orders (lock them in the sequence of their numbers) without locking crosswise.
Offers: the step ``offered`` writes the ``offers`` rows of the people it names who have no open
offer, and ``claimed``, ``assigned`` and whatever ends the order answer the open ones.

The other way round, rooms that take steps inside their own transactions (hub inbox, clock scan,
matching, callbacks, rating) call ``Steps.apply``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy.orm import Session

from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.order_codes import Clock, RingKind
from hotline.domain.people import Actor


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """A step that was taken, as kept in ``order_events``. No personal data."""

    order_no: str
    seq: int
    """1, 2, 3 … of this order, without a gap; the order's version after the step."""
    step: str
    """Name of the step in ``dispatch.life.steps``."""
    from_state: OrderState | None
    to_state: OrderState
    actor: str
    at: datetime
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The step's fields that are no personal data (codes, moments, who), cleaned."""


class ClockDo(StrEnum):
    """What a step does to a clock."""

    START = "start"
    """Begin anew from ``now``, whatever it was before."""
    STOP = "stop"
    """It is over; nothing if it does not run."""
    PAUSE = "pause"
    """Stand still (waiting for the party); nothing if it does not run."""
    RESUME = "resume"
    """Go on with what was left; nothing if it is not paused."""
    EXTEND = "extend"
    """Its deadline becomes ``until``; cards given for the old deadline are taken back."""
    RECKON = "reckon"
    """Urgency or complexity changed: work out its deadline anew, counted from when it began;
    nothing if it does not run."""


@dataclass(frozen=True, slots=True)
class ClockEffect:
    """One clock, and what is done to it. How long it runs is the clocks' own policy."""

    clock: Clock
    do: ClockDo
    until: datetime | None = None
    """With EXTEND: the new deadline. With START: a deadline the step itself names (an offer's)."""


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What the clocks say of an order after their effects."""

    due_at: datetime | None
    """Deadline of its FEEDBACK clock; None when that does not run or is paused."""
    card: int
    """The worst card of its running clocks: 0 none, 1 yellow, 2 red."""


@dataclass(frozen=True, slots=True)
class HubEffect:
    """One message to the hub."""

    kind: str
    """``order.<message>``: the names in docs/hub-protocol.md."""
    data: Mapping[str, Any]
    """The message's ``order`` object, ready for JSON. Personal data: seal it."""


@dataclass(frozen=True, slots=True)
class NoticeEffect:
    """One text message to the party, if they want any."""

    template: str
    data: Mapping[str, str] = field(default_factory=dict)
    """Codes and moments for the template's gaps. No personal data."""


class RingDo(StrEnum):
    """What a step does to the list of people to ring."""

    OPEN = "open"
    CANCEL = "cancel"
    """Whoever was to be rung for this kind (and reason, if one is named) need not be any more."""


@dataclass(frozen=True, slots=True)
class RingEffect:
    """Somebody is to be rung about the order, or need not be any more."""

    kind: RingKind
    do: RingDo
    reason: str = ""
    """Opening: asked, emergency, more_information, resolved (a sample is rung), dissatisfied (all
    are rung). Whether and when is the callbacks' own policy."""


class Clocks(Protocol):
    """Deadlines (``dispatch.clocks``)."""

    def apply(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[ClockEffect],
        now: datetime,
    ) -> ClockFacts:
        """Carry the effects out in sequence; what the clocks say afterwards."""


class Outbox(Protocol):
    """Messages to the hub (``dispatch.hub``)."""

    def add(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[HubEffect],
        now: datetime,
    ) -> None:
        """Add a message for each effect, numbered 1, 2, 3 … per order without a gap."""


class Notices(Protocol):
    """Text messages to the party (``dispatch.notices``)."""

    def add(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[NoticeEffect],
        now: datetime,
    ) -> None:
        """Add a message for each effect unless the party opted out or left no mobile number."""


class Callbacks(Protocol):
    """People to ring (``dispatch.callbacks``)."""

    def add(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[RingEffect],
        now: datetime,
    ) -> None:
        """Put on, or take off, the list."""


class Outcomes(Protocol):
    """Facts for evaluation and learning (``dispatch.matching``): called for every step."""

    def record(self, session: Session, order: OrderRow, event: OrderEvent, now: datetime) -> None:
        """Keep what the step says about the latest matching (accepted, returned, in time…)."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The rooms joined to a desk. None: this process does without (a tool, a test)."""

    clocks: Clocks | None = None
    outbox: Outbox | None = None
    notices: Notices | None = None
    callbacks: Callbacks | None = None
    outcomes: Outcomes | None = None


class Steps(Protocol):
    """The one door to an order's state, for use inside a transaction (``desk.OrderDesk``)."""

    def lock(self, session: Session, order_no: str) -> OrderRow:
        """The order's row, locked until the transaction ends. Raises OrderNotFoundError."""

    def apply(
        self,
        session: Session,
        order: OrderRow,
        step: str,
        actor: Actor,
        fields: Mapping[str, Any],
        now: datetime,
    ) -> OrderEvent:
        """Take a step on a locked row. Raises StepError and its kinds; then nothing has changed.

        Bus events go out by themselves after the commit.
        """
