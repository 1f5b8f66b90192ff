"""Erases one person: destroys the keys of their rows and recordings; the audit chain still holds.

What stays is what says nothing of a person: times, codes, outcome, the order's number.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db import audit_log
from hotline.db.engine import Database
from hotline.db.erase_order import forget_calls, forget_party, forget_phone
from hotline.db.erase_staff import erase_staff_rows, staff_alive
from hotline.db.erased import LIST_NAME, note_erased
from hotline.db.tables import CallRow, OrderRow, OutboxRow, TurnRow, VoicemailRow
from hotline.domain.codes import HubState
from hotline.errors import InputError
from hotline.privacy import KeyRing, normalise_id_number, normalise_phone, place
from hotline.privacy.recording import shred
from hotline.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What was erased."""

    calls: int
    orders: int
    recordings: int
    hub_told: int
    """Orders the hub was asked to erase too."""
    calls_going_on: int
    """Calls of this person that have not ended; erase again when they have."""


@dataclass(frozen=True, slots=True)
class _Found:
    calls: tuple[str, ...]
    open_calls: int
    orders: tuple[str, ...]
    recordings: tuple[str, ...]


async def erase_person(
    db: Database,
    ring: KeyRing,
    settings: Settings,
    *,
    phone: str | None = None,
    id_number: str | None = None,
    actor: str,
    now: datetime,
) -> ErasureReport:
    """Erase all personal data of the person with this phone or resident ID number.

    Takes in their calls, the orders with that phone (calling or contact) or ID number, and the
    calls those orders came from. The hub is told. Raises InputError (no valid phone or number).
    """
    hashes = _hashes(ring, phone, id_number)
    found = await db.read(lambda session: _find(session, hashes))
    # recordings first: should we die here, the rows still lead to what is left to do
    for name in found.recordings:
        await asyncio.to_thread(shred, settings.recordings_dir / name)
    gone = {"calls": found.calls, "orders": found.orders}
    await asyncio.to_thread(note_erased, settings.data_dir, gone, now)
    terminal = settings.hub.terminal

    def work(session: Session) -> int:
        if "phone" in hashes:
            forget_phone(session, hashes["phone"])
        return _erase(session, ring, terminal, found.calls, found.orders, actor, now)

    told = await db.write(work)
    await asyncio.to_thread(db.scrub)
    log.info("person_erased", calls=len(found.calls), orders=len(found.orders))
    return ErasureReport(
        len(found.calls), len(found.orders), len(found.recordings), told, found.open_calls
    )


def erase_again(db: Database, ring: KeyRing, settings: Settings, now: datetime) -> int:
    """Erase in a restored backup whoever was erased since it was made; returns rows erased."""
    path = settings.data_dir / LIST_NAME
    if not path.exists():
        return 0
    entries = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines() if line]
    listed = {(entry["table"], entry["id"]) for entry in entries}

    def work(session: Session) -> tuple[int, list[str]]:
        calls, orders = _alive_calls(session, listed), _alive_orders(session, listed)
        names = _recordings(session, calls)
        _erase(session, ring, settings.hub.terminal, calls, orders, "restore", now)
        staff = staff_alive(session, [name for table, name in listed if table == "people"])
        erase_staff_rows(session, ring, staff, actor="restore", now=now)
        return len(calls) + len(orders) + len(staff), names

    count, names = db.write_now(work)
    for name in names:
        shred(settings.recordings_dir / name)
    db.scrub()
    return count


def _alive_calls(session: Session, listed: Iterable[tuple[str, str]]) -> list[str]:
    rows = [session.get(CallRow, row_id) for table, row_id in listed if table == "calls"]
    return [row.call_id for row in rows if row is not None and row.erased_at is None]


def _alive_orders(session: Session, listed: Iterable[tuple[str, str]]) -> list[str]:
    rows = [session.get(OrderRow, row_id) for table, row_id in listed if table == "orders"]
    return [row.order_no for row in rows if row is not None and row.erased_at is None]


def _hashes(ring: KeyRing, phone: str | None, id_number: str | None) -> dict[str, str]:
    hashes = {}
    if phone is not None:
        number = normalise_phone(phone)
        if number is None:
            raise InputError("phone: not a telephone number; give its digits", field="phone")
        hashes["phone"] = ring.index("phone", number)
    if id_number is not None:
        plain = normalise_id_number(id_number)
        if plain is None:
            raise InputError("id_number: not a valid resident ID number", field="id_number")
        hashes["id"] = ring.index("id", plain)
    if not hashes:
        raise InputError("give a phone or an ID number", field="phone")
    return hashes


def _find(session: Session, hashes: dict[str, str]) -> _Found:
    phone, number = hashes.get("phone", "-"), hashes.get("id", "-")
    mine: ColumnElement[bool] = col(CallRow.caller_hash) == phone
    calls = {row.call_id: row.ended_at for row in session.scalars(select(CallRow).where(mine))}
    theirs = or_(
        col(OrderRow.caller_hash) == phone,
        col(OrderRow.phone_hash) == phone,
        col(OrderRow.id_hash) == number,
        col(OrderRow.call_id).in_(list(calls)) & col(OrderRow.erased_at).is_(None),
    )
    orders = list(session.scalars(select(OrderRow).where(theirs)))
    linked = [order.call_id for order in orders if order.call_id]
    query = select(CallRow).where(
        col(CallRow.call_id).in_(linked), col(CallRow.erased_at).is_(None)
    )
    calls |= {row.call_id: row.ended_at for row in session.scalars(query)}
    ended = tuple(sorted(call_id for call_id, end in calls.items() if end is not None))
    return _Found(
        ended,
        len(calls) - len(ended),
        tuple(sorted(order.order_no for order in orders)),
        tuple(_recordings(session, ended)),
    )


def _recordings(session: Session, calls: Sequence[str]) -> list[str]:
    names = list(
        session.scalars(select(col(CallRow.recording)).where(col(CallRow.call_id).in_(calls)))
    )
    names += session.scalars(
        select(col(VoicemailRow.recording)).where(col(VoicemailRow.call_id).in_(calls))
    )
    return sorted({name for name in names if name})


def _erase(
    session: Session,
    ring: KeyRing,
    terminal: str,
    calls: Sequence[str],
    orders: Sequence[str],
    actor: str,
    now: datetime,
) -> int:
    session.execute(
        update(CallRow)
        .where(col(CallRow.call_id).in_(calls))
        .values(
            row_key=None,
            caller_enc=None,
            caller_hash=None,
            state_enc=None,
            recording=None,
            erased_at=now,
        )
    )
    session.execute(update(TurnRow).where(col(TurnRow.call_id).in_(calls)).values(text_enc=None))
    session.execute(delete(VoicemailRow).where(col(VoicemailRow.call_id).in_(calls)))
    forget_calls(session, calls, now)
    told = sum(_erase_order(session, ring, terminal, order_no, now) for order_no in orders)
    for subject in (*calls, *orders):
        audit_log.append(
            session,
            ring,
            actor=actor,
            action="person.erased",
            subject=subject,
            digest=ring.audit_mac(f"erased/{subject}".encode()),
            at=now,
        )
    return told


def _erase_order(
    session: Session, ring: KeyRing, terminal: str, order_no: str, now: datetime
) -> int:
    """Empty the order's row; 1 when the hub may hold the order and is told to erase it."""
    row = session.get(OrderRow, order_no, with_for_update=True)
    if row is None or row.erased_at is not None:
        return 0
    row.row_key = row.name_enc = row.phone_enc = row.caller_enc = None
    row.description_enc = row.extra_enc = None
    row.phone_hash = row.caller_hash = row.id_hash = None
    row.erased_at = row.updated_at = now
    forget_party(session, order_no, now)
    messages = list(
        session.scalars(
            select(OutboxRow).where(col(OutboxRow.order_no) == order_no).with_for_update()
        )
    )
    reached = False
    for message in messages:
        reached = reached or message.state == "sent" or message.attempts > 0
        reached = reached or message.locked_by is not None
        if message.state in ("pending", "dead"):
            message.state, message.body_enc, message.finished_at = "cancelled", None, now
            message.locked_by = message.locked_until = None
    if not reached:
        return 0
    last = session.scalar(
        select(func.max(col(OutboxRow.seq))).where(col(OutboxRow.order_no) == order_no)
    )
    seq = (last or 0) + 1
    key = f"{order_no}-{seq}"
    body = {
        "version": 1,
        "message": "order.erased",
        "sender": terminal,
        "order_no": order_no,
        "seq": seq,
        "at": now.isoformat(timespec="milliseconds"),
        "order": None,
    }
    session.add(
        OutboxRow(
            order_no=order_no,
            seq=seq,
            kind="order.erased",
            idempotency_key=key,
            body_enc=ring.seal(json.dumps(body).encode(), place("outbox", "body", key)),
            state="pending",
            next_at=now,
            created_at=now,
        )
    )
    row.hub_state = HubState.PENDING.value
    return 1
