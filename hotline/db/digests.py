"""Keyed digests of what a record holds, for the audit chain.

They are made over the sealed columns as they are stored, so nothing has to be opened to check
them, and they stay the same when keys are rotated (only the row's key is sealed anew).
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import SQLModel

from hotline.db.tables import CallRow, OrderRow, TurnRow
from hotline.privacy import KeyRing, RowKey, place

_CALL_LEFT_OUT = {"row_key", "state_enc", "erased_at", "node", "adopted"}
_ORDER_RECEIVED = {
    *("order_no", "terminal", "idempotency_key", "service_type", "act", "topic", "urgency"),
    *("title", "region", "call_id", "callback", "confidential", "emergency", "created_at"),
    *("name_enc", "phone_enc", "phone_hash", "caller_enc", "caller_hash", "id_hash"),
    *("description_enc", "extra_enc"),
}
"""What a step may never change; what steps change has links of its own."""


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
