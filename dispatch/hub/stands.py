"""How we hold orders, as a reconcile compares them; and the messages that mend a difference."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.hub.compare import Ours
from dispatch.hub.messages import ERASED, SNAPSHOT, facts_digest, facts_of, message
from dispatch.hub.outgoing import next_seq, outbox_row
from dispatch.life.rows import order_document
from hotline.db.order_tables import InboxRow
from hotline.db.tables import OrderRow, OutboxRow
from hotline.domain.codes import HubState, OrderState
from hotline.privacy import KeyRing

BY = "reconcile"


def ours_of(session: Session, order_nos: Sequence[str]) -> dict[str, Ours]:
    """How we hold these orders; those we do not have are left out."""
    query = select(OrderRow).where(col(OrderRow.order_no).in_(order_nos))
    rows = list(session.scalars(query))
    sent = _by_order(session, _outbox_query(order_nos))
    heard = _by_order(session, _inbox_query(order_nos))
    return {row.order_no: _ours(row, sent.get(row.order_no), heard) for row in rows}


def touched_since(session: Session, since: datetime | None, after: str, limit: int) -> list[str]:
    """Numbers of orders (no drafts) changed since a moment, a page at a time, in sequence."""
    number = col(OrderRow.order_no)
    query = select(number).where(number > after, col(OrderRow.state) != OrderState.DRAFT.value)
    if since is not None:
        query = query.where(col(OrderRow.updated_at) >= since)
    return list(session.scalars(query.order_by(number).limit(limit)))


def send_whole(
    session: Session, ring: KeyRing, terminal: str, order_no: str, above: int, now: datetime
) -> bool:
    """Queue the order as it is now, or its erasure, as a message above number ``above``.

    False when something has been queued meanwhile: that mends it, or the next reconcile does.
    """
    row = session.get(OrderRow, order_no, with_for_update=True, populate_existing=True)
    if row is None or _is_waiting(session, order_no):
        return False
    seq = max(next_seq(session, order_no), above + 1)
    kind, facts, document = ERASED, None, None
    if row.erased_at is None:
        kind, facts, document = SNAPSHOT, facts_of(row), order_document(ring, row)
    body = message(terminal, kind, order_no, seq, now, document, facts=facts, by=BY)
    session.add(outbox_row(ring, order_no, seq, kind, body, now))
    row.hub_state = HubState.PENDING.value
    return True


def _is_waiting(session: Session, order_no: str) -> bool:
    query = select(col(OutboxRow.id)).where(
        col(OutboxRow.order_no) == order_no, col(OutboxRow.state).in_(("pending", "dead"))
    )
    return session.scalars(query.limit(1)).first() is not None


def _outbox_query(order_nos: Sequence[str]) -> Any:
    state, seq = col(OutboxRow.state), col(OutboxRow.seq)

    def count(name: str) -> Any:
        return func.sum(case((state == name, 1), else_=0))

    return (
        select(
            col(OutboxRow.order_no),
            func.max(case((state == "sent", seq), else_=0)),
            func.max(case((state == "cancelled", 0), else_=seq)),
            count("pending"),
            count("dead"),
        )
        .where(col(OutboxRow.order_no).in_(order_nos))
        .group_by(col(OutboxRow.order_no))
    )


def _inbox_query(order_nos: Sequence[str]) -> Any:
    return (
        select(col(InboxRow.order_no), func.max(col(InboxRow.seq)))
        .where(col(InboxRow.order_no).in_(order_nos))
        .group_by(col(InboxRow.order_no))
    )


def _by_order(session: Session, query: Any) -> dict[str, tuple[int, ...]]:
    return {row[0]: tuple(int(value or 0) for value in row[1:]) for row in session.execute(query)}


def _ours(row: OrderRow, sent: tuple[int, ...] | None, heard: dict[str, tuple[int, ...]]) -> Ours:
    sent_seq, last_seq, waiting, dead = sent or (0, 0, 0, 0)
    return Ours(
        row.order_no,
        row.version,
        sent_seq,
        last_seq,
        waiting > 0,
        dead > 0,
        row.erased_at is not None,
        facts_digest(facts_of(row)),
        heard.get(row.order_no, (0,))[0],
    )
