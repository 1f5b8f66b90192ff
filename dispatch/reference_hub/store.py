"""What the reference hub holds: its own SQLite file, message bodies sealed under its own keys."""

import hashlib
import json
import sqlite3
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dispatch.hub.signing import WINDOW_S
from dispatch.numbers import china_day
from hotline.privacy import KeyRing, hide_text, mask_name, mask_phone, place

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  key TEXT PRIMARY KEY, sender TEXT NOT NULL, order_no TEXT NOT NULL, seq INTEGER NOT NULL,
  kind TEXT NOT NULL, receipt TEXT NOT NULL UNIQUE, body_hash TEXT NOT NULL, body BLOB,
  received_at TEXT NOT NULL, repeats INTEGER NOT NULL DEFAULT 0, UNIQUE (sender, order_no, seq));
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS ix_nonces_at ON nonces (at);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""


class HubRefusal(Exception):
    """A message the hub does not take: HTTP status, stable code, plain message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message, checked for form."""

    sender: str
    order_no: str
    seq: int
    kind: str
    at: str
    raw: bytes

    @property
    def key(self) -> str:
        """Idempotency key: follows from the signed body, so nobody on the way can change it."""
        return f"{self.order_no}-{self.seq}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The hub's answer to a message."""

    number: str
    duplicate: bool


class HubStore:
    """Messages with their receipts. Thread-safe; one connection, one writer."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = path.with_name(f"{path.stem}-keys.json")
        self._ring = KeyRing(keys) if keys.exists() else KeyRing.create(keys)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def accept(self, envelope: Envelope, nonce: str, now: datetime) -> Receipt:
        """Take a rightly signed message, once. Durable when it returns.

        Raises HubRefusal: replayed-nonce, idempotency-conflict, sequence-gap.
        """
        digest = hashlib.sha256(envelope.raw).hexdigest()
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._use_nonce(nonce, now)
                receipt = self._repeat(envelope, digest) or self._take(envelope, digest, now)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        return receipt

    def _use_nonce(self, nonce: str, now: datetime) -> None:
        at = now.timestamp()
        self._db.execute("DELETE FROM nonces WHERE at < ?", (at - 2 * WINDOW_S,))
        try:
            self._db.execute("INSERT INTO nonces VALUES (?, ?)", (nonce, at))
        except sqlite3.IntegrityError:
            raise HubRefusal(401, "replayed-nonce", "this nonce was used before") from None

    def _repeat(self, envelope: Envelope, digest: str) -> Receipt | None:
        row = self._db.execute(
            "SELECT receipt, body_hash, sender FROM messages WHERE key = ?", (envelope.key,)
        ).fetchone()
        if row is None:
            return None
        if row["body_hash"] != digest or row["sender"] != envelope.sender:
            raise HubRefusal(
                409, "idempotency-conflict", "this order and seq came before with other content"
            )
        self._db.execute("UPDATE messages SET repeats = repeats + 1 WHERE key = ?", (envelope.key,))
        return Receipt(row["receipt"], True)

    def _take(self, envelope: Envelope, digest: str, now: datetime) -> Receipt:
        last = self._db.execute(
            "SELECT coalesce(max(seq), 0) FROM messages WHERE order_no = ?", (envelope.order_no,)
        ).fetchone()[0]
        # a wish to erase is heard even where the order itself never arrived
        ahead = envelope.kind == "order.erased" and envelope.seq > last
        if envelope.seq != last + 1 and not ahead:
            raise HubRefusal(409, "sequence-gap", f"seq {last + 1} of this order is missing")
        day = china_day(now)
        number = self._db.execute(
            "INSERT INTO counters VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
            (day,),
        ).fetchone()[0]
        receipt = f"AH{day}{number:06d}"
        body = self._ring.seal(envelope.raw, place("hub", "body", envelope.key))
        self._db.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                envelope.key,
                envelope.sender,
                envelope.order_no,
                envelope.seq,
                envelope.kind,
                receipt,
                digest,
                body,
                now.isoformat(timespec="milliseconds"),
            ),
        )
        if envelope.kind == "order.erased":
            self._db.execute(
                "UPDATE messages SET body = NULL WHERE order_no = ? AND seq < ?",
                (envelope.order_no, envelope.seq),
            )
        return Receipt(receipt, False)

    def orders(self, limit: int = 200) -> list[dict[str, Any]]:
        """The latest orders, newest first, personal data masked."""
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM messages WHERE seq = 1 ORDER BY rowid DESC LIMIT ?", (limit,)
            ).fetchall()
        return [self._masked(row) for row in rows]

    def order(self, order_no: str) -> dict[str, Any] | None:
        """One order with the list of its messages; None when it is not here."""
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM messages WHERE order_no = ? ORDER BY seq", (order_no,)
            ).fetchall()
        if not rows:
            return None
        names = ("seq", "kind", "receipt", "received_at", "repeats")
        return {
            **self._masked(rows[0]),
            "messages": [{name: row[name] for name in names} for row in rows],
        }

    def counts(self) -> dict[str, int]:
        """Messages, orders and repeats held."""
        with self._lock:
            row = self._db.execute(
                "SELECT count(*) AS messages, count(DISTINCT order_no) AS orders, "
                "coalesce(sum(repeats), 0) AS repeats FROM messages"
            ).fetchone()
        return dict(row)

    def _masked(self, row: sqlite3.Row) -> dict[str, Any]:
        shown = {
            "order_no": row["order_no"],
            "receipt": row["receipt"],
            "sender": row["sender"],
            "received_at": row["received_at"],
            "repeats": row["repeats"],
            "erased": row["body"] is None,
        }
        if row["body"] is None:
            return shown
        plain = self._ring.unseal(row["body"], place("hub", "body", row["key"]))
        order = json.loads(plain).get("order") or {}
        contact = order.get("contact") or {}
        for name in ("state", "service_type", "act", "topic", "urgency", "region", "title"):
            shown[name] = order.get(name)
        shown["contact_name"] = mask_name(contact.get("name"))
        shown["contact_phone"] = mask_phone(contact.get("phone"))
        shown["description"] = hide_text(order.get("description"))
        return shown
