"""Deletes what has been kept long enough (``privacy.keep_*`` in Settings)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db import audit_log
from hotline.db.desk_tables import SeatRow, SessionRow
from hotline.db.engine import Database
from hotline.db.erase_order import delete_orders
from hotline.db.tables import (
    CallRow,
    OrderRow,
    OutboxRow,
    SpokenAnswerRow,
    TurnRow,
    VoicemailRow,
)
from hotline.domain.codes import OrderState
from hotline.privacy import KeyRing
from hotline.privacy.recording import shred
from hotline.settings import Settings

log = structlog.get_logger(__name__)
_BATCH = 500
_OVER = tuple(
    state.value
    for state in (
        *(OrderState.CLOSED, OrderState.ARCHIVED, OrderState.MERGED),
        *(OrderState.WITHDRAWN, OrderState.DRAFT),
    )
)


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What was deleted."""

    calls: int
    orders: int
    recordings: int


async def purge(db: Database, ring: KeyRing, settings: Settings, now: datetime) -> PurgeReport:
    """Delete recordings, then calls, then orders whose time is over. Run it once a day.

    Calls going on, orders still open and orders the hub has not acknowledged are never deleted.
    Sessions of browsers go when they are over.
    """
    keep = settings.privacy
    folder = settings.recordings_dir
    recordings = await _recordings(db, folder, now - timedelta(days=keep.keep_recordings_days))
    calls = orders = 0
    records_before = now - timedelta(days=keep.keep_records_days)
    while gone := await db.write(lambda session: _calls(session, ring, records_before, now)):
        for name in gone:
            if name:
                await asyncio.to_thread(shred, folder / name)
        calls += len(gone)
    orders_before = now - timedelta(days=keep.keep_orders_days)
    while count := await db.write(lambda session: _orders(session, ring, orders_before, now)):
        orders += count
    await db.write(lambda session: forget_sessions(session, now))
    log.info("retention_done", calls=calls, orders=orders, recordings=recordings)
    return PurgeReport(calls, orders, recordings)


async def _recordings(db: Database, folder: Path, before: datetime) -> int:
    def find(session: Session) -> list[str]:
        old = (col(CallRow.recording).is_not(None), col(CallRow.ended_at) < before)
        names = list(session.scalars(select(col(CallRow.recording)).where(*old)))
        left = select(col(VoicemailRow.recording)).where(col(VoicemailRow.left_at) < before)
        return [name for name in (*names, *session.scalars(left)) if name]

    names = await db.read(find)
    for name in names:
        await asyncio.to_thread(shred, folder / name)
    strays = await asyncio.to_thread(_strays, folder, before)
    for path in strays:
        await asyncio.to_thread(shred, path)

    def forget(session: Session) -> None:
        session.execute(
            update(CallRow).where(col(CallRow.recording).in_(names)).values(recording=None)
        )
        session.execute(delete(VoicemailRow).where(col(VoicemailRow.recording).in_(names)))

    await db.write(forget)
    return len(names) + len(strays)


def _strays(folder: Path, before: datetime) -> list[Path]:
    """Files no row leads to any more (a crash between two steps), once they are old enough."""
    if not folder.is_dir():
        return []
    limit = before.timestamp()
    return [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < limit]


def _calls(session: Session, ring: KeyRing, before: datetime, now: datetime) -> list[str | None]:
    """Delete one batch; the names of its recordings (None where there was none)."""
    query = select(CallRow).where(col(CallRow.ended_at) < before).limit(_BATCH)
    rows = list(session.scalars(query))
    ids = [row.call_id for row in rows]
    for table in (TurnRow, SpokenAnswerRow, VoicemailRow, CallRow):
        session.execute(delete(table).where(col(table.call_id).in_(ids)))
    _audit(session, ring, "calls", ids, now)
    return [row.recording for row in rows]


def _orders(session: Session, ring: KeyRing, before: datetime, now: datetime) -> int:
    waiting = exists().where(
        col(OutboxRow.order_no) == col(OrderRow.order_no),
        col(OutboxRow.state).in_(("pending", "dead")),
    )
    over = col(OrderRow.state).in_(_OVER)
    old = select(col(OrderRow.order_no)).where(col(OrderRow.updated_at) < before, over, ~waiting)
    ids = list(session.scalars(old.limit(_BATCH)))
    delete_orders(session, ids)
    _audit(session, ring, "orders", ids, now)
    return len(ids)


def forget_sessions(session: Session, before: datetime | None = None) -> None:
    """Delete sessions of browsers that ended by themselves before a moment; None: all, and with
    them the seats that were signed in."""
    query = delete(SessionRow)
    if before is None:
        session.execute(delete(SeatRow))
    session.execute(query if before is None else query.where(col(SessionRow.expires_at) < before))


def _audit(session: Session, ring: KeyRing, table: str, ids: Sequence[str], now: datetime) -> None:
    if ids:
        audit_log.append(
            session,
            ring,
            actor="retention",
            action="records.purged",
            subject=f"{table}:{len(ids)}",
            digest=ring.audit_mac("\n".join(sorted(ids)).encode()),
            at=now,
        )
