"""Checks that calls, orders, people and keys still hold what the audit chain saw them hold."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.digests import (
    api_key_digest,
    call_digest,
    content_digest,
    institution_digest,
    order_digest,
    person_digest,
    step_digest,
    step_subject,
)
from hotline.db.engine import Database
from hotline.db.order_tables import ApiKeyRow, GrantRow, InstitutionRow, PersonRow
from hotline.db.tables import AuditRow, CallRow, OrderEventRow, OrderRow, TurnRow
from hotline.privacy import KeyRing

_BATCH = 500


async def changed_records(db: Database, ring: KeyRing) -> list[str]:
    """Ids of ended calls, orders, institutions, people and keys that differ from what was audited.

    Erased records are left out: there is nothing to compare any more.
    """
    changed: list[str] = []
    for look in (_calls, _orders, _institutions, _people, _keys):
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
    ids = [row.order_no for row in rows]
    events: dict[str, list[OrderEventRow]] = {}
    query = select(OrderEventRow).where(col(OrderEventRow.order_no).in_(ids))
    for event in session.scalars(query.order_by(col(OrderEventRow.seq))):
        events.setdefault(event.order_no, []).append(event)
    received = _digests(session, ids, "order.received")
    steps = _step_digests(session, ids, events)
    return [
        (row.order_no, _is_whole(ring, row, events.get(row.order_no, []), received, steps))
        for row in rows
    ]


def _is_whole(
    ring: KeyRing,
    row: OrderRow,
    events: list[OrderEventRow],
    received: dict[str, str],
    steps: dict[str, str],
) -> bool:
    """Every step is there as it was audited, and the row is as the last one left it."""
    if not events or [event.seq for event in events] != list(range(1, len(events) + 1)):
        return False
    old = [event for event in events if event.content is None]  # before steps had links
    if old and received.get(row.order_no) != order_digest(ring, row):
        return False
    if step_subject(row.order_no, len(events) + 1) in steps:
        return False  # its last events were taken away
    new = events[len(old) :]
    if any(
        steps.get(step_subject(row.order_no, event.seq)) != step_digest(ring, row, event)
        for event in new
    ):
        return False
    return not new or new[-1].content == content_digest(ring, row)


def _step_digests(
    session: Session, ids: Sequence[str], events: dict[str, list[OrderEventRow]]
) -> dict[str, str]:
    """Audited digests of these orders' events, and of the one after the last if there is one."""
    subjects = [
        step_subject(order_no, seq)
        for order_no in ids
        for seq in range(1, len(events.get(order_no, [])) + 2)
    ]
    digests: dict[str, str] = {}
    for start in range(0, len(subjects), _BATCH):
        some = col(AuditRow.subject).in_(subjects[start : start + _BATCH])
        digests.update(
            (row.subject, row.digest) for row in session.scalars(select(AuditRow).where(some))
        )
    return digests


def _institutions(session: Session, ring: KeyRing, after: str) -> list[tuple[str, bool]]:
    key = col(InstitutionRow.code)
    query = select(InstitutionRow).where(key > after).order_by(key).limit(_BATCH)
    rows = session.scalars(query).all()
    audited = _digests(session, [row.code for row in rows], "institution.%")
    return [(row.code, audited.get(row.code) == institution_digest(ring, row)) for row in rows]


def _people(session: Session, ring: KeyRing, after: str) -> list[tuple[str, bool]]:
    key = col(PersonRow.person_id)
    query = select(PersonRow).where(key > after).order_by(key).limit(_BATCH)
    rows = session.scalars(query).all()
    ids = [row.person_id for row in rows]
    grants: dict[str, list[GrantRow]] = {}
    for grant in session.scalars(select(GrantRow).where(col(GrantRow.person_id).in_(ids))):
        grants.setdefault(grant.person_id, []).append(grant)
    audited = _digests(session, ids, "person.%")
    return [
        (
            row.person_id,
            audited.get(row.person_id) == person_digest(ring, row, grants.get(row.person_id, [])),
        )
        for row in rows
    ]


def _keys(session: Session, ring: KeyRing, after: str) -> list[tuple[str, bool]]:
    key = col(ApiKeyRow.key_id)
    query = select(ApiKeyRow).where(key > after).order_by(key).limit(_BATCH)
    rows = session.scalars(query).all()
    audited = _digests(session, [row.key_id for row in rows], "key.%")
    return [(row.key_id, audited.get(row.key_id) == api_key_digest(ring, row)) for row in rows]


def _digests(session: Session, ids: Sequence[str], action: str) -> dict[str, str]:
    """The last audited digest of each subject."""
    last = (
        select(func.max(col(AuditRow.seq)))
        .where(col(AuditRow.subject).in_(ids), col(AuditRow.action).like(action))
        .group_by(col(AuditRow.subject))
    )
    rows = session.scalars(select(AuditRow).where(col(AuditRow.seq).in_(last)))
    return {row.subject: row.digest for row in rows}
