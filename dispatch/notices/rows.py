"""The table of text messages: taking what is due (each by one sender), and what became of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.hub.outbox import Answer, Next
from dispatch.notices.desk import is_urgent, notice_place, party_of, reach_of
from dispatch.notices.rules import NoticePolicy, Refusal, earliest, is_stale, refuse
from hotline.db.digests import order_key
from hotline.db.order_tables import NoticeRow
from hotline.db.tables import OrderRow
from hotline.privacy import KeyRing


@dataclass(frozen=True, slots=True)
class Message:
    """A text message taken for sending."""

    id: int
    order_no: str
    template: str
    key: str
    phone: str = field(repr=False)
    text: str = field(repr=False)
    attempts: int
    until: datetime
    """Until then nobody else takes it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, what the gateway said, and what follows."""

    message: Message
    answer: Answer
    next: Next


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A message as staff may see it: no number, no text."""

    id: int
    order_no: str
    template: str
    state: str
    attempts: int
    reason: str | None
    """Why it was not sent, or the last attempt's error."""
    created_at: datetime
    next_at: datetime
    finished_at: datetime | None


def next_due(session: Session) -> datetime | None:
    """When the next message is due; None when none waits."""
    at = col(NoticeRow.next_at)
    query = select(at).where(col(NoticeRow.state) == "pending").order_by(at).limit(1)
    return session.scalars(query).first()


def claim(
    session: Session,
    ring: KeyRing,
    policy: NoticePolicy,
    limit: int,
    now: datetime,
    lease_s: float,
) -> list[Message]:
    """Take up to ``limit`` due messages; nobody else gets them before the lease is over.

    What must not go any more (opted out meanwhile, overtaken, too old) is finished here; what
    would go in quiet hours is put off.
    """
    query = (
        select(NoticeRow)
        .where(col(NoticeRow.state) == "pending", col(NoticeRow.next_at) <= now)
        .order_by(col(NoticeRow.next_at), col(NoticeRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=NoticeRow)
    )
    messages = []
    for row in session.scalars(query).all():
        order = session.get_one(OrderRow, row.order_no)
        refusal = _refusal(session, ring, policy, row, order, now)
        if refusal is not None:
            _finish(row, "suppressed", refusal, now)
            continue
        at = earliest(policy, is_urgent(order), now)
        if at > now:
            row.next_at = at
            continue
        row.next_at = now + timedelta(seconds=lease_s)
        messages.append(_message(ring, row, order))
    return messages


def settle(session: Session, sent: Sequence[Sent], now: datetime) -> None:
    """Keep what became of messages. One that went is kept as sent whoever holds it by now."""
    for item in sent:
        row = session.get(NoticeRow, item.message.id, with_for_update=True, populate_existing=True)
        if row is None or row.state != "pending":
            continue  # another sender was faster, or the person was erased
        if row.next_at != item.message.until and item.next.state != "sent":
            continue
        row.attempts, row.last_error = item.next.attempts, item.next.error
        if item.next.state == "pending":
            row.next_at = item.next.next_at or now
        else:
            row.next_at = now
            _finish(row, item.next.state, item.next.error, now)


def of_order(session: Session, order_no: str) -> list[NoticeView]:
    """An order's messages, oldest first."""
    query = select(NoticeRow).where(col(NoticeRow.order_no) == order_no).order_by(col(NoticeRow.id))
    return [_view(row) for row in session.scalars(query)]


def dead(session: Session) -> list[NoticeView]:
    """Messages the gateway did not take, oldest first."""
    query = select(NoticeRow).where(col(NoticeRow.state) == "dead").order_by(col(NoticeRow.id))
    return [_view(row) for row in session.scalars(query)]


def waiting(session: Session) -> int:
    """How many messages are still to be sent."""
    query = select(func.count()).where(col(NoticeRow.state) == "pending")
    return session.scalar(query) or 0


def _refusal(
    session: Session,
    ring: KeyRing,
    policy: NoticePolicy,
    row: NoticeRow,
    order: OrderRow,
    now: datetime,
) -> Refusal | None:
    if row.body_enc is None or order.row_key is None:
        return Refusal.ERASED
    if is_stale(policy, row.created_at, now):
        return Refusal.TOO_LATE
    later = exists().where(
        col(NoticeRow.order_no) == row.order_no,
        col(NoticeRow.id) > row.id,
        (col(NoticeRow.state) == "sent")
        | ((col(NoticeRow.state) == "pending") & (col(NoticeRow.next_at) <= now)),
    )
    if session.scalar(select(later)):
        return Refusal.SUPERSEDED
    return refuse(policy, party_of(session, order, reach_of(ring, order)))


def _message(ring: KeyRing, row: NoticeRow, order: OrderRow) -> Message:
    body = order_key(ring, order).open_text(row.body_enc, notice_place(row.key))
    data = json.loads(body or "{}")
    return Message(
        row.id or 0,
        row.order_no,
        row.template,
        row.key,
        data["phone"],
        data["text"],
        row.attempts,
        row.next_at,
    )


def _finish(row: NoticeRow, state: str, reason: str | None, now: datetime) -> None:
    row.state, row.last_error, row.finished_at, row.body_enc = state, reason, now, None


def _view(row: NoticeRow) -> NoticeView:
    return NoticeView(
        row.id or 0,
        row.order_no,
        row.template,
        row.state,
        row.attempts,
        row.last_error,
        row.created_at,
        row.next_at,
        row.finished_at,
    )
