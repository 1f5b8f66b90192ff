"""What is sent to the hub: one JSON document a message (docs/hub-protocol.md)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hotline.db.tables import OrderRow

VERSION = 1
ERASED = "order.erased"
SNAPSHOT = "order.snapshot"
AHEAD = (ERASED, SNAPSHOT)
"""Kinds a hub takes at any number above its last: they stand for what it lacks."""
FACTS = (
    *("state", "service_type", "act", "topic", "urgency", "region", "title", "confidential"),
    *("callback", "institution", "handler", "close_reason", "satisfaction"),
)
"""Columns of an order both sides hold alike; no personal data."""


def message(
    terminal: str,
    kind: str,
    order_no: str,
    seq: int,
    at: datetime,
    order: Mapping[str, Any] | None = None,
    *,
    facts: Mapping[str, Any] | None = None,
    by: str | None = None,
) -> bytes:
    """The frame all messages share, as the bytes that are signed and sent.

    ``facts``: how the order stands after the step (``facts_of``); ``by``: who took it.
    """
    data = {
        "version": VERSION,
        "message": kind,
        "sender": terminal,
        "order_no": order_no,
        "seq": seq,
        "at": at.isoformat(timespec="milliseconds"),
        "by": by,
        "facts": facts,
        "order": order,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def facts_of(row: OrderRow) -> dict[str, Any]:
    """How an order stands, in codes: the same on both sides, or a reconcile mends it."""
    return {name: getattr(row, name) for name in FACTS}


def facts_digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the facts as JSON: sorted names, no blanks, UTF-8."""
    plain = {name: facts.get(name) for name in FACTS}
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def idempotency_key(order_no: str, seq: int) -> str:
    """Key of an order's ``seq``-th message; the same in every attempt, and for ever."""
    return f"{order_no}-{seq}"
