"""Keyed digests of what a record holds, for the audit chain.

They are made over the sealed columns as they are stored, so nothing has to be opened to check
them, and they stay the same when keys are rotated (only the row's key is sealed anew).
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import SQLModel

from hotline.db.order_tables import ApiKeyRow, DutyRow, GrantRow, InstitutionRow, PersonRow
from hotline.db.tables import CallRow, OrderEventRow, OrderRow, TurnRow
from hotline.privacy import KeyRing, RowKey, place

_CALL_LEFT_OUT = {"row_key", "state_enc", "erased_at", "node", "adopted"}
_ORDER_RECEIVED = {
    *("order_no", "terminal", "idempotency_key", "service_type", "act", "topic", "urgency"),
    *("title", "region", "call_id", "callback", "confidential", "emergency", "created_at"),
    *("name_enc", "phone_enc", "phone_hash", "caller_enc", "caller_hash", "id_hash"),
    *("description_enc", "extra_enc"),
}
"""Of orders received before every step had a link of its own."""
_CONTENT_LEFT_OUT = {"row_key", "erased_at", "updated_at", "hub_state", "hub_receipt"}
_EVENT_LEFT_OUT = {"id", "step_key", "request"}
_PERSON_LEFT_OUT = {"name_enc", "phone_enc", "updated_at"}
"""Sealed anew at rotation; and a digest that outlives erasure must not rest on who somebody is."""


def call_key(ring: KeyRing, row: CallRow) -> RowKey:
    """The call's key; a new one, kept in the row, when the old was destroyed meanwhile."""
    if row.row_key is None:
        key = ring.new_row_key()
        row.row_key = ring.wrap(key, place("calls", "row_key", row.call_id))
        return key
    return ring.unwrap(row.row_key, place("calls", "row_key", row.call_id))


def order_key(ring: KeyRing, row: OrderRow) -> RowKey:
    """The order's key. Raises ValueError when it was destroyed."""
    if row.row_key is None:
        raise ValueError("the order was erased")
    return ring.unwrap(row.row_key, place("orders", "row_key", row.order_no))


def call_digest(ring: KeyRing, row: CallRow, turns: Sequence[TurnRow]) -> str:
    """Digest of a call with its turns."""
    parts = [_canonical(row, _CALL_LEFT_OUT)]
    parts += [_canonical(turn, set()) for turn in sorted(turns, key=lambda turn: turn.position)]
    return call_key(ring, row).digest(_bytes(parts))


def order_digest(ring: KeyRing, row: OrderRow) -> str:
    """Digest of what was received with an order (its later states have links of their own)."""
    received = {name: _plain(getattr(row, name)) for name in sorted(_ORDER_RECEIVED)}
    return order_key(ring, row).digest(_bytes([received]))


def content_digest(ring: KeyRing, row: OrderRow) -> str:
    """Digest of all that steps write in an order, as it is now."""
    return _order_digest(ring, row, _bytes([_canonical(row, _CONTENT_LEFT_OUT)]))


def step_digest(ring: KeyRing, row: OrderRow, event: OrderEventRow) -> str:
    """Digest of one event, the order's content after it included."""
    return _order_digest(ring, row, _bytes([_canonical(event, _EVENT_LEFT_OUT)]))


def step_subject(order_no: str, seq: int) -> str:
    """What the audit link of an order's ``seq``-th step is about."""
    return f"{order_no}/{seq}"


def _order_digest(ring: KeyRing, row: OrderRow, data: bytes) -> str:
    """Keyed with the row's key; once that is destroyed nothing personal is left to protect."""
    return order_key(ring, row).digest(data) if row.row_key is not None else ring.audit_mac(data)


def institution_digest(ring: KeyRing, row: InstitutionRow) -> str:
    """Digest of an institution."""
    return ring.audit_mac(_bytes([_canonical(row, {"updated_at"})]))


def person_digest(ring: KeyRing, row: PersonRow, grants: Sequence[GrantRow]) -> str:
    """Digest of what somebody may do and where they work."""
    parts = [_canonical(row, _PERSON_LEFT_OUT)]
    parts += sorted((_canonical(grant, {"id"}) for grant in grants), key=str)
    return ring.audit_mac(_bytes(parts))


def api_key_digest(ring: KeyRing, row: ApiKeyRow) -> str:
    """Digest of a key, its end included."""
    return ring.audit_mac(_bytes([_canonical(row, set())]))


def duty_digest(ring: KeyRing, row: DutyRow) -> str:
    """Digest of a duty."""
    return ring.audit_mac(_bytes([_canonical(row, set())]))


def _canonical(row: SQLModel, left_out: set[str]) -> dict[str, object]:
    return {name: _plain(value) for name, value in sorted(row.model_dump(exclude=left_out).items())}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def _bytes(parts: list[dict[str, object]]) -> bytes:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
