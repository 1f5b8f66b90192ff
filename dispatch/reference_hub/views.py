"""Questions to what the reference hub holds. Nothing personal is in any answer but ``order``'s
masked contact.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from dispatch.hub.messages import facts_digest
from dispatch.reference_hub.store import HubStore
from hotline.privacy import hide_text, mask_name, mask_phone

_CODES = ("act", "service_type", "topic", "urgency", "region", "title", "institution")


def orders(store: HubStore, limit: int = 200) -> list[dict[str, Any]]:
    """The latest orders, newest first."""
    rows = store.read(
        "SELECT o.*, (SELECT coalesce(sum(m.repeats), 0) FROM messages m "
        "WHERE m.order_no = o.order_no) AS repeats FROM orders o ORDER BY o.rowid DESC LIMIT ?",
        limit,
    )
    return [_shown(row) for row in rows]


def order(store: HubStore, order_no: str) -> dict[str, Any] | None:
    """One order with its timeline and the hub's own messages; None when it is not here."""
    rows = store.read("SELECT *, 0 AS repeats FROM orders WHERE order_no = ? LIMIT 1", order_no)
    if not rows:
        return None
    messages = store.read("SELECT * FROM messages WHERE order_no = ? ORDER BY seq", order_no)
    outgoing = store.read("SELECT * FROM outgoing WHERE order_no = ? ORDER BY seq", order_no)
    names = ("seq", "kind", "step", "state", "by", "receipt", "received_at", "repeats")
    sent = ("seq", "kind", "state", "attempts", "answer", "made_at")
    shown = _shown(rows[0]) | {"repeats": sum(row["repeats"] for row in messages)}
    return {
        **shown,
        **_contact(store, messages),
        "messages": [{name: row[name] for name in names} for row in messages],
        "outgoing": [{name: row[name] for name in sent} for row in outgoing],
    }


def counts(store: HubStore) -> dict[str, int]:
    """Messages, orders and repeats held."""
    [row] = store.read(
        "SELECT count(*) AS messages, count(DISTINCT order_no) AS orders, "
        "coalesce(sum(repeats), 0) AS repeats FROM messages"
    )
    return dict(row)


def stands(
    store: HubStore, sender: str, since: str | None, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of how a terminal's orders stand, oldest change first, and the next page's cursor."""
    after, _, number = (cursor or "").partition("|")
    rows = store.read(
        "SELECT * FROM orders WHERE sender = ? AND updated_at >= ? "
        "AND (updated_at > ? OR (updated_at = ? AND order_no > ?)) "
        "ORDER BY updated_at, order_no LIMIT ?",
        *(sender, since or "", after, after, number, limit + 1),
    )
    page = [_stand(row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return page, f"{last['updated_at']}|{last['order_no']}" if last else None


def stands_of(store: HubStore, sender: str, order_nos: Sequence[str]) -> list[dict[str, Any]]:
    """How some of a terminal's orders stand; those that are not here are left out."""
    marks = ",".join("?" * len(order_nos))
    query = f"SELECT * FROM orders WHERE sender = ? AND order_no IN ({marks})"
    return [_stand(row) for row in store.read(query, sender, *order_nos)]


def anchors(store: HubStore, sender: str, limit: int) -> list[dict[str, Any]]:
    """Where a terminal's audit chain ended, latest first."""
    rows = store.read(
        "SELECT seq, hash, at FROM anchors WHERE sender = ? ORDER BY seq DESC LIMIT ?",
        *(sender, limit),
    )
    return [dict(row) for row in rows]


def _stand(row: sqlite3.Row) -> dict[str, Any]:
    facts = json.loads(row["facts"]) if row["facts"] else None
    return {
        "order_no": row["order_no"],
        "state": row["state"],
        "seq": row["seq"],
        "digest": facts_digest(facts) if facts else None,
        "erased": bool(row["erased"]),
        "out_seq": row["out_seq"],
        "updated_at": row["updated_at"],
    }


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    facts = json.loads(row["facts"] or "{}")
    return {
        "order_no": row["order_no"],
        "receipt": row["receipt"],
        "sender": row["sender"],
        "state": row["state"],
        "seq": row["seq"],
        "received_at": row["received_at"],
        "updated_at": row["updated_at"],
        "erased": bool(row["erased"]),
        "repeats": row["repeats"],
        **{name: facts.get(name) for name in _CODES},
    }


def _contact(store: HubStore, messages: list[sqlite3.Row]) -> dict[str, Any]:
    """Of the latest whole order, masked; empty when that is gone."""
    for row in reversed(messages):
        document = store.opened(row).get("order") or {}
        if "description" in document:
            contact = document.get("contact") or {}
            return {
                "contact_name": mask_name(contact.get("name")),
                "contact_phone": mask_phone(contact.get("phone")),
                "description": hide_text(document.get("description")),
            }
    return {}
