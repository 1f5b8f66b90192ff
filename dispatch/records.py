"""Between an order's row and what others may see of it."""

import dataclasses
import json
from typing import TypeVar

from hotline.db.digests import order_key
from hotline.db.tables import OrderRow
from hotline.domain.codes import Coded, HubState, OrderState, ServiceType, Terminal, Urgency
from hotline.domain.handling import Reason
from hotline.domain.order_codes import Card
from hotline.domain.orders import OrderDetail, OrderView
from hotline.privacy import KeyRing, hide_text, mask_name, mask_phone, place

C = TypeVar("C", bound=Coded)
HIDDEN_TITLE = "保密工单"
_RATEABLE = ("resolved", "closed")


def order_place(column: str, order_no: str) -> bytes:
    """Name of a sealed field of an order."""
    return place("orders", column, order_no)


def view_of(row: OrderRow, *, duplicate: bool = False) -> OrderView:
    """The order without personal data."""
    return OrderView(
        order_no=row.order_no,
        state=member(OrderState, row.state),
        hub_state=member(HubState, row.hub_state),
        hub_receipt=row.hub_receipt,
        topic=row.topic,
        urgency=member(Urgency, row.urgency),
        title=row.title,
        created_at=row.created_at,
        updated_at=row.updated_at,
        duplicate=duplicate,
        version=row.version,
        service_type=member(ServiceType, row.service_type) if row.service_type else None,
        region=row.region,
        institution=row.institution,
        due_at=row.due_at,
        card=member(Card, str(row.card)),
        confidential=row.confidential,
        rateable=may_rate(row),
    )


def may_rate(row: OrderRow) -> bool:
    """Resolved or closed, and not rated since."""
    return row.state in _RATEABLE and row.satisfaction is None and row.erased_at is None


def hidden(view: OrderView) -> OrderView:
    """What those without the right see of a confidential order: that it exists, and its state."""
    return dataclasses.replace(
        view, topic="", title=HIDDEN_TITLE, service_type=None, region=None, institution=None
    )


def detail_of(
    ring: KeyRing, row: OrderRow, *, reveal: bool, hide: bool, steps: tuple[str, ...]
) -> OrderDetail:
    """The order with what belongs to the party: open, masked, or (``hide``) not there at all."""
    private = _Private(ring, row, reveal=reveal, hide=hide)
    view = view_of(row)
    return OrderDetail(
        view=hidden(view) if hide else view,
        revealed=reveal and not hide,
        terminal=member(Terminal, row.terminal),
        act="" if hide else row.act,
        call_id=None if hide else row.call_id,
        outside_no=None if hide else row.outside_no,
        contact_name=private.name,
        contact_phone=private.phone,
        caller_number=private.caller,
        description=private.description,
        since=private.since,
        extra=private.extra,
        emergency=None if hide else row.emergency,
        reasons=() if hide else reasons_of(row.reasons_json),
        erased=row.erased_at is not None,
        steps=steps,
        **{name: getattr(row, name) for name in _SHOWN},
    )


_SHOWN = (
    *("callback", "handling", "complexity", "language", "mode", "handler"),
    *("urged", "returned", "extended", "reopened", "satisfaction"),
    *("assigned_at", "accepted_at", "resolved_at", "closed_at", "close_reason", "merged_into"),
)


class _Private:
    """The sealed part of an order, as somebody may see it."""

    def __init__(self, ring: KeyRing, row: OrderRow, *, reveal: bool, hide: bool) -> None:
        self.name: str | None = None
        self.phone: str | None = None
        self.caller: str | None = None
        self.description: str | None = None
        self.since: str | None = None
        self.extra: dict[str, str] = {}
        if hide or row.row_key is None:
            return
        key = order_key(ring, row)

        def opened(column: str) -> str | None:
            return key.open_text(getattr(row, f"{column}_enc"), order_place(column, row.order_no))

        name, phone, caller = opened("name"), opened("phone"), opened("caller")
        description, more = opened("description"), json.loads(opened("extra") or "{}")
        extra = dict(more.get("extra", {}))
        self.name = name if reveal else mask_name(name)
        self.phone = phone if reveal else mask_phone(phone)
        self.caller = caller if reveal else mask_phone(caller)
        self.description = description if reveal else hide_text(description)
        self.since = more.get("since") if reveal else hide_text(more.get("since"))
        self.extra = (
            extra if reveal else {name: hide_text(value) or "" for name, value in extra.items()}
        )


def reasons_of(text: str) -> tuple[Reason, ...]:
    """Reasons from their JSON column."""
    return tuple(Reason(entry["rule"], entry["text"]) for entry in json.loads(text))


def member(codes: type[C], code: str) -> C:
    """The member of a code table with this code. Raises ValueError."""
    for entry in codes:
        if entry.value == code:
            return entry
    raise ValueError(f"{code} is no {codes.__name__}")
