"""Checks that calls and orders still hold what the audit chain saw them hold."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.digests import call_digest, order_digest
from hotline.db.engine import Database
from hotline.db.tables import AuditRow, CallRow, OrderRow, TurnRow
from hotline.privacy import KeyRing

_BATCH = 500


async def changed_records(db: Database, ring: KeyRing) -> list[str]:
    """Ids of ended calls and of orders that differ from their last audited content.

    Erased records are left out: there is nothing to compare any more.
    """
    changed: list[str] = []
    for look in (_calls, _orders):
        after = ""
        while batch := await db.read(partial(look, ring=ring, after=after)):
            after = batch[-1][0]
            changed += [name for name, good in batch if not good]
    return changed


def _calls(session: Session, ring: KeyRing, after: str) -> list[tuple[str, bool]]:
    key = col(CallRow.call_id)
    whole = (col(CallRow.ended_at).is_not(None), col(CallRow.erased_at).is_(None))
    rows = session.scalars(
        select(CallRow).where(key > after, *whole).order_by(key).limit(_BATCH)
    ).all()
    ids = [row.call_id for row in rows]
    turns: dict[str, list[TurnRow]] = {}
    for turn in session.scalars(select(TurnRow).where(col(TurnRow.call_id).in_(ids))):
        turns.setdefault(turn.call_id, []).append(turn)
    audited = _digests(session, ids, "call.%")
    return [
        (
            row.call_id,
            audited.get(row.call_id) == call_digest(ring, row, turns.get(row.call_id, [])),
        )
        for row in rows
    ]


def _orders(session: Session, ring: KeyRing, after: str) -> list[tuple[str, bool]]:
    key = col(OrderRow.order_no)
    whole = col(OrderRow.erased_at).is_(None)
    rows = session.scalars(
        select(OrderRow).where(key > after, whole).order_by(key).limit(_BATCH)
    ).all()
    audited = _digests(session, [row.order_no for row in rows], "order.received")
    return [(row.order_no, audited.get(row.order_no) == order_digest(ring, row)) for row in rows]


def _digests(session: Session, ids: Sequence[str], action: str) -> dict[str, str]:
    """The last audited digest of each subject."""
    last = (
        select(func.max(col(AuditRow.seq)))
        .where(col(AuditRow.subject).in_(ids), col(AuditRow.action).like(action))
        .group_by(col(AuditRow.subject))
    )
    rows = session.scalars(select(AuditRow).where(col(AuditRow.seq).in_(last)))
    return {row.subject: row.digest for row in rows}
