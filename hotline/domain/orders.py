"""The intake document (same for every terminal) and the order as others see it."""

from dataclasses import dataclass, field
from datetime import datetime

from hotline.domain.codes import HubState, OrderState, ServiceType, Terminal, Urgency
from hotline.domain.handling import Reason
from hotline.domain.order_codes import Card


@dataclass(frozen=True, slots=True)
class Intake:
    """What a terminal posts to have a demand received. One document for all terminals."""

    terminal: Terminal
    idempotency_key: str
    """Same key, same order: a repeat returns the first order."""
    service_type: ServiceType
    act: str
    topic: str
    urgency: Urgency
    title: str
    """One line without personal data: 拖欠工资，合肥市肥西县."""
    description: str
    """What happened, in the caller's words (personal data)."""
    contact_name: str | None
    """Personal data."""
    contact_phone: str | None
    """Number to ring back, digits only (personal data)."""
    caller_number: str | None
    """Number the call came from, kept apart from the contact phone (personal data)."""
    region: str | None
    """GB/T 2260 code, None when the caller did not say."""
    since: str | None = None
    call_id: str | None = None
    callback: bool = False
    """The caller waits to be rung back."""
    confidential: bool = False
    emergency: str | None = None
    """EmergencyKind code when the call was one."""
    extra: dict[str, str] = field(default_factory=dict)
    outside_no: str | None = None
    """Number the demand has at the terminal it came from (12345)."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as terminals may see it: no personal data."""

    order_no: str
    """14 digits: yyyymmdd, five of a sequence, one check digit (Luhn)."""
    state: OrderState
    hub_state: HubState
    hub_receipt: str | None
    """The hub's receipt number once acknowledged."""
    topic: str
    urgency: Urgency
    title: str
    created_at: datetime
    updated_at: datetime
    duplicate: bool = False
    """This view answers a repeated intake: nothing new was filed."""
    version: int = 1
    """Number of its latest step; a step may name the version it was decided on."""
    service_type: ServiceType | None = None
    region: str | None = None
    institution: str | None = None
    """Code of the institution that has it."""
    due_at: datetime | None = None
    card: Card = Card.NONE
    confidential: bool = False
    """What it is about is then hidden from those without the right (topic and title empty)."""
    rateable: bool = False
    """Finished, and not rated by its party since."""
    merged: bool = False
    """This view answers an intake that was added to an order already open."""
    reasons: tuple[Reason, ...] = ()
    """Why it was merged."""
    related: tuple[str, ...] = ()
    """Numbers of open orders of the same party that may be about the same trouble."""


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order as those who work with it see it. Personal data, masked unless ``revealed``."""

    view: OrderView
    revealed: bool
    terminal: Terminal
    act: str
    call_id: str | None
    outside_no: str | None
    contact_name: str | None
    contact_phone: str | None
    caller_number: str | None
    description: str | None
    since: str | None
    extra: dict[str, str]
    callback: bool
    emergency: str | None
    handling: str | None
    complexity: str | None
    language: str | None
    mode: str | None
    handler: str | None
    reasons: tuple[Reason, ...]
    """Why it was triaged and matched so."""
    urged: int
    returned: int
    extended: int
    reopened: int
    assigned_at: datetime | None
    accepted_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    satisfaction: int | None
    merged_into: str | None
    erased: bool
    """The party had their data erased."""
    steps: tuple[str, ...]
    """Names of the steps the person looking may take now."""
