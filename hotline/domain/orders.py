"""The intake document (same for every terminal) and the order as others see it."""

from dataclasses import dataclass, field
from datetime import datetime

from hotline.domain.codes import HubState, OrderState, ServiceType, Terminal, Urgency


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
