"""The reference hub's own messages to the terminal: kept, signed, sent again until taken."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
from yarl import URL

from dispatch.hub.client import utc_now
from dispatch.hub.messages import message
from dispatch.hub.signing import IDEMPOTENCY_HEADER, Algorithm, signed_headers
from dispatch.reference_hub.faults import FaultPlan
from dispatch.reference_hub.store import HubRefusal, HubStore
from hotline.privacy import place

NAME = "hub"
_TIMEOUT_S = 10.0
_FIRST_S, _MOST_S = 0.2, 15.0
_POLL_S = 0.5
_FINAL = frozenset({400, 403, 404, 409, 410, 413, 422})


@dataclass(frozen=True, slots=True)
class Door:
    """Where the terminal takes messages, and how they are signed."""

    url: str
    key_id: str
    secret: str
    algorithm: Algorithm = "hmac-sha256"


def add(
    store: HubStore, order_no: str, kind: str, fields: Mapping[str, Any], now: datetime
) -> "asyncio.Future[int]":
    """Queue a message about an order; its number. Raises HubRefusal: order-not-found."""

    def work(db: sqlite3.Connection) -> int:
        row = db.execute(
            "UPDATE orders SET out_seq = out_seq + 1, updated_at = ? WHERE order_no = ? "
            "AND erased = 0 RETURNING out_seq",
            (now.isoformat(timespec="milliseconds"), order_no),
        ).fetchone()
        if row is None:
            raise HubRefusal(404, "order-not-found", "this order has not arrived here")
        seq: int = row["out_seq"]
        key = f"{order_no}-{seq}"
        raw = message(NAME, kind, order_no, seq, now, dict(fields), by=NAME)
        db.execute(
            "INSERT INTO outgoing (key, order_no, seq, kind, body, state, next_at, made_at) "
            "VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            (
                *(key, order_no, seq, kind, store.ring.seal(raw, place("hub", "outgoing", key))),
                *(now.timestamp(), now.isoformat(timespec="milliseconds")),
            ),
        )
        return seq

    return asyncio.wrap_future(store.write(work))


def bodies(store: HubStore, order_no: str, after: int) -> list[str]:
    """The hub's messages about an order above a number, as they were sent."""
    rows = store.read(
        "SELECT * FROM outgoing WHERE order_no = ? AND seq > ? AND body IS NOT NULL ORDER BY seq",
        *(order_no, after),
    )
    return [_opened(store, row).decode() for row in rows]


def _opened(store: HubStore, row: sqlite3.Row) -> bytes:
    return store.ring.unseal(row["body"], place("hub", "outgoing", row["key"]))


class Caller:
    """Sends what waits, each order's messages in sequence; runs as long as the hub does."""

    def __init__(self, store: HubStore, door: Door, plan: FaultPlan) -> None:
        self._store = store
        self._door = door
        self._plan = plan
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is a new message."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                self._wake.clear()
                for row in self._due():
                    await self._deliver(session, row)
                try:
                    async with asyncio.timeout(_POLL_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def _due(self) -> list[sqlite3.Row]:
        rows = self._store.read(
            "SELECT * FROM outgoing o WHERE state = 'pending' AND next_at <= ? "
            "AND body IS NOT NULL AND (? OR NOT EXISTS (SELECT 1 FROM outgoing e "
            "WHERE e.order_no = o.order_no AND e.seq < o.seq AND e.state = 'pending')) "
            "ORDER BY next_at, seq LIMIT 100",
            *(time.time(), self._plan.reorders),
        )
        return list(reversed(rows)) if self._plan.take_callback("callback-reorder") else rows

    async def _deliver(self, session: aiohttp.ClientSession, row: sqlite3.Row) -> None:
        raw = _opened(self._store, row)
        status, code = await self._send(session, row["key"], raw)
        if self._plan.take_callback("callback-duplicate"):
            status, code = await self._send(session, row["key"], raw)
        attempts = row["attempts"] + 1
        state = "pending"
        if status in (200, 201):
            state = "applied"
        elif status in _FINAL and code != "sequence-gap":
            state = "refused"
        next_at = time.time() + min(_FIRST_S * 2 ** min(attempts - 1, 20), _MOST_S)
        values = (state, attempts, next_at, code, row["key"])

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE outgoing SET state = ?, attempts = ?, next_at = ?, answer = ? "
                "WHERE key = ? AND state = 'pending'",
                values,
            )

        await asyncio.wrap_future(self._store.write(work))

    async def _send(self, session: aiohttp.ClientSession, key: str, raw: bytes) -> tuple[int, str]:
        door = self._door
        url = URL(door.url, encoded=True)
        signed = signed_headers(
            door.key_id, door.secret, "POST", url.raw_path_qs, raw, utc_now(), door.algorithm
        )
        headers = {"Content-Type": "application/json", IDEMPOTENCY_HEADER: key, **signed}
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                session.post(url, data=raw, headers=headers, allow_redirects=False) as answer,
            ):
                data = json.loads(await answer.read())
                return answer.status, _code(answer.status, data)
        except (TimeoutError, aiohttp.ClientError, ConnectionError):
            return 0, "unreachable"
        except ValueError:
            return 0, "no-answer"


def _code(status: int, data: Any) -> str:
    error = data.get("error") if isinstance(data, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return str(code)[:80] if code else f"http-{status}"
