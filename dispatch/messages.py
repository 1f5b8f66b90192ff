"""What is sent to the hub: one JSON document a message (docs/hub-protocol.md)."""

import json
from datetime import datetime
from typing import Any

from hotline.domain.orders import Intake

VERSION = 1


def received_body(
    terminal: str, order_no: str, seq: int, state: str, intake: Intake, at: datetime
) -> bytes:
    """The message that tells of a new order. Personal data: sealed in the outbox, TLS outside."""
    order: dict[str, Any] = {
        "state": state,
        "terminal": intake.terminal.value,
        "service_type": intake.service_type.value,
        "act": intake.act,
        "topic": intake.topic,
        "urgency": intake.urgency.value,
        "emergency": intake.emergency,
        "region": intake.region,
        "title": intake.title,
        "description": intake.description,
        "since": intake.since,
        "callback": intake.callback,
        "confidential": intake.confidential,
        "contact": {"name": intake.contact_name, "phone": intake.contact_phone},
        "caller_number": intake.caller_number,
        "call_id": intake.call_id,
        "extra": intake.extra,
    }
    return message(terminal, "order.received", order_no, seq, at, order)


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
