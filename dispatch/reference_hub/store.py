"""What the reference hub holds: its own SQLite file, message bodies sealed under its own keys."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from dispatch.hub.messages import AHEAD, ERASED
from dispatch.hub.signing import NONCE_S
from dispatch.numbers import china_day
from dispatch.reference_hub.schema import prepare
from dispatch.reference_hub.writer import GroupWriter
from hotline.privacy import KeyRing, place

T = TypeVar("T")


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
    step: str | None = None
    by: str | None = None
    facts: dict[str, Any] | None = field(default=None)

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
    """The file, read by anybody, written by one thread (``write``)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = path.with_name(f"{path.stem}-keys.json")
        self.ring = KeyRing(keys) if keys.exists() else KeyRing.create(keys)
        lock = threading.Lock()
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON")
        prepare(db)
        db.row_factory = sqlite3.Row
        self._db = db
        self._reader = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._reader.row_factory = sqlite3.Row
        self._read_lock = threading.Lock()
        self._writer = GroupWriter(db, lock)

    def close(self) -> None:
        """Finish writing, close the file."""
        self._writer.close()
        self._reader.close()
        self._db.close()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        """Do the work in a transaction; durable when the future is done."""
        return self._writer.submit(work)

    def read(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Rows of a question."""
        with self._read_lock:
            return self._reader.execute(sql, values).fetchall()

    def accept(self, envelope: Envelope, nonce: str, now: datetime) -> "Future[Receipt]":
        """Take a rightly signed message, once.

        The future raises HubRefusal: replayed-nonce, idempotency-conflict, sequence-gap.
        """
        digest = hashlib.sha256(envelope.raw).hexdigest()
        body = self.ring.seal(envelope.raw, place("hub", "body", envelope.key))

        def work(db: sqlite3.Connection) -> Receipt:
            use_nonce(db, nonce, now)
            return _repeat(db, envelope, digest) or _take(db, envelope, digest, body, now)

        return self.write(work)

    def opened(self, row: sqlite3.Row) -> dict[str, Any]:
        """A message's body; empty when it was erased."""
        if row["body"] is None:
            return {}
        plain = self.ring.unseal(row["body"], place("hub", "body", row["key"]))
        return dict(json.loads(plain))


def use_nonce(db: sqlite3.Connection, nonce: str, now: datetime) -> None:
    """Raises HubRefusal when the nonce was used before."""
    at = now.timestamp()
    db.execute("DELETE FROM nonces WHERE at < ?", (at - NONCE_S,))
    try:
        db.execute("INSERT INTO nonces VALUES (?, ?)", (nonce, at))
    except sqlite3.IntegrityError:
        raise HubRefusal(401, "replayed-nonce", "this nonce was used before") from None


def next_number(db: sqlite3.Connection, name: str) -> int:
    """1, 2, 3 … of a counter."""
    query = (
        "INSERT INTO counters VALUES (?, 1) "
        "ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last"
    )
    number: int = db.execute(query, (name,)).fetchone()[0]
    return number


def _repeat(db: sqlite3.Connection, envelope: Envelope, digest: str) -> Receipt | None:
    row = db.execute(
        "SELECT receipt, body_hash, sender FROM messages WHERE key = ?", (envelope.key,)
    ).fetchone()
    if row is None:
        return None
    if row["body_hash"] != digest or row["sender"] != envelope.sender:
        raise HubRefusal(
            409, "idempotency-conflict", "this order and seq came before with other content"
        )
    db.execute("UPDATE messages SET repeats = repeats + 1 WHERE key = ?", (envelope.key,))
    return Receipt(row["receipt"], True)


def _take(
    db: sqlite3.Connection, envelope: Envelope, digest: str, body: bytes, now: datetime
) -> Receipt:
    order = db.execute(
        "SELECT seq, sender FROM orders WHERE order_no = ?", (envelope.order_no,)
    ).fetchone()
    last = order["seq"] if order else 0
    if order and order["sender"] != envelope.sender:
        raise HubRefusal(409, "idempotency-conflict", "this order belongs to another terminal")
    # a wish to erase, and a whole order, are taken even where something before never arrived
    ahead = envelope.kind in AHEAD and envelope.seq > last
    if envelope.seq != last + 1 and not ahead:
        raise HubRefusal(409, "sequence-gap", f"seq {last + 1} of this order is missing")
    day = china_day(now)
    receipt = f"AH{day}{next_number(db, day):06d}"
    stamp = now.isoformat(timespec="milliseconds")
    state = (envelope.facts or {}).get("state")
    columns = (
        *(envelope.key, envelope.sender, envelope.order_no, envelope.seq, envelope.kind),
        *(receipt, digest, body, stamp, envelope.step, state, envelope.by),
    )
    db.execute(
        "INSERT INTO messages (key, sender, order_no, seq, kind, receipt, body_hash, body, "
        "received_at, step, state, by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        columns,
    )
    _keep_order(db, envelope, receipt, stamp)
    return Receipt(receipt, False)


def _keep_order(db: sqlite3.Connection, envelope: Envelope, receipt: str, stamp: str) -> None:
    erased = envelope.kind == ERASED
    facts = json.dumps(envelope.facts, ensure_ascii=False) if envelope.facts else None
    state = (envelope.facts or {}).get("state")
    db.execute(
        "INSERT INTO orders (order_no, sender, seq, state, facts, receipt, erased, received_at, "
        "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_no) DO UPDATE SET "
        "seq = excluded.seq, state = coalesce(excluded.state, state), "
        "facts = coalesce(excluded.facts, facts), erased = max(erased, excluded.erased), "
        "updated_at = excluded.updated_at",
        (
            *(envelope.order_no, envelope.sender, envelope.seq, state, facts, receipt),
            *(int(erased), stamp, stamp),
        ),
    )
    if erased:
        number = envelope.order_no
        db.execute("UPDATE messages SET body = NULL WHERE order_no = ?", (number,))
        db.execute("UPDATE outgoing SET body = NULL WHERE order_no = ?", (number,))
