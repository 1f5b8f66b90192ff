"""What an intake document tells, in an order's row: sealed, indexed, compared."""

import json
from datetime import datetime
from typing import Any

from dispatch.records import member, order_place
from dispatch.similar import Told
from dispatch.validation import ID_FIELD
from hotline.db.digests import order_key
from hotline.db.tables import OrderRow
from hotline.domain.codes import HubState, OrderState, ServiceType
from hotline.domain.orders import Intake
from hotline.privacy import KeyRing, RowKey, normalise_id_number, normalise_phone


def new_row(ring: KeyRing, order_no: str, intake: Intake, now: datetime) -> OrderRow:
    """A row under a key of its own; its first step decides its state."""
    key = ring.new_row_key()
    row = OrderRow(
        order_no=order_no,
        state=OrderState.DRAFT.value,
        hub_state=HubState.PENDING.value,
        terminal=intake.terminal.value,
        idempotency_key=intake.idempotency_key,
        row_key=ring.wrap(key, order_place("row_key", order_no)),
        created_at=now,
        updated_at=now,
        **_plain(intake),
    )
    _seal(ring, row, key, intake)
    return row


def fill(ring: KeyRing, row: OrderRow, intake: Intake) -> None:
    """Write a draft's row anew."""
    for column, value in _plain(intake).items():
        setattr(row, column, value)
    _seal(ring, row, order_key(ring, row), intake)


def _plain(intake: Intake) -> dict[str, Any]:
    return {
        "service_type": intake.service_type.value,
        "act": intake.act,
        "topic": intake.topic,
        "urgency": intake.urgency.value,
        "title": intake.title,
        "region": intake.region,
        "call_id": intake.call_id,
        "callback": intake.callback,
        "confidential": intake.confidential,
        "emergency": intake.emergency,
        "outside_no": intake.outside_no,
    }


def _seal(ring: KeyRing, row: OrderRow, key: RowKey, intake: Intake) -> None:
    def seal(column: str, text: str | None) -> bytes | None:
        return key.seal_text(text, order_place(column, row.order_no))

    extra = json.dumps({"since": intake.since, "extra": intake.extra}, ensure_ascii=False)
    row.name_enc = seal("name", intake.contact_name)
    row.phone_enc = seal("phone", intake.contact_phone)
    row.phone_hash = phone_hash(ring, intake.contact_phone)
    row.caller_enc = seal("caller", intake.caller_number)
    row.caller_hash = phone_hash(ring, intake.caller_number)
    row.id_hash = _id_hash(ring, intake)
    row.description_enc = seal("description", intake.description)
    row.extra_enc = seal("extra", extra)


def phone_hash(ring: KeyRing, number: str | None) -> str | None:
    """By which a number is found; None when there is none (a draft's may be half typed)."""
    plain = normalise_phone(number) if number else None
    return ring.index("phone", plain) if plain else None


def _id_hash(ring: KeyRing, intake: Intake) -> str | None:
    number = normalise_id_number(intake.extra.get(ID_FIELD, ""))
    return ring.index("id", number) if number else None


def told_by(ring: KeyRing, intake: Intake, now: datetime) -> Told:
    """A new demand, to be compared."""
    hashes = (phone_hash(ring, intake.contact_phone), phone_hash(ring, intake.caller_number))
    return Told(
        intake.topic,
        intake.service_type,
        intake.region,
        intake.description,
        intake.contact_name,
        _id_hash(ring, intake),
        frozenset(hashed for hashed in hashes if hashed),
        now,
    )


def told_in(ring: KeyRing, row: OrderRow) -> Told:
    """The demand in an order's row, to be compared."""
    key = order_key(ring, row)
    return Told(
        row.topic,
        member(ServiceType, row.service_type),
        row.region,
        key.open_text(row.description_enc, order_place("description", row.order_no)) or "",
        key.open_text(row.name_enc, order_place("name", row.order_no)),
        row.id_hash,
        frozenset(hashed for hashed in (row.phone_hash, row.caller_hash) if hashed),
        row.created_at,
    )


def new_contact(ring: KeyRing, row: OrderRow, intake: Intake) -> str | None:
    """Names, numbers and facts of a repeated demand the order does not have yet (personal)."""
    key = order_key(ring, row)

    def known(column: str) -> str | None:
        return key.open_text(getattr(row, f"{column}_enc"), order_place(column, row.order_no))

    numbers = {known("phone"), known("caller")}
    extra = json.loads(known("extra") or "{}")
    more = extra.get("extra", {})
    lines = [
        ("姓名", intake.contact_name, {known("name")}),
        ("联系电话", intake.contact_phone, numbers),
        ("来电号码", intake.caller_number, numbers),
        ("起始时间", intake.since, {extra.get("since")}),
        *((name, value, {more.get(name)}) for name, value in intake.extra.items()),
    ]
    new = [f"{name}：{text}" for name, text, old in lines if text and text not in old]
    return "\n".join(new) or None
