"""What is sent to the hub: one JSON document a message (docs/hub-protocol.md)."""

import json
from datetime import datetime
from typing import Any

VERSION = 1


def message(
    terminal: str,
    kind: str,
    order_no: str,
    seq: int,
    at: datetime,
    order: dict[str, Any] | None = None,
) -> bytes:
    """The frame all messages share, as the bytes that are signed and sent."""
    data = {
        "version": VERSION,
        "message": kind,
        "sender": terminal,
        "order_no": order_no,
        "seq": seq,
        "at": at.isoformat(timespec="milliseconds"),
        "order": order,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def idempotency_key(order_no: str, seq: int) -> str:
    """Key of an order's ``seq``-th message; the same in every attempt, and for ever."""
    return f"{order_no}-{seq}"
