"""The outbox table: taking messages (each by one sender only) and keeping what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from dispatch.errors import LetterNotFoundError
from dispatch.hub.outbox import Answer, Next
from hotline.db import audit_log
from hotline.db.tables import OrderRow, OutboxRow
from hotline.domain.codes import HubState
from hotline.privacy import KeyRing, place


@dataclass(frozen=True, slots=True)
class Letter:
    """A message taken for sending."""

    id: int
    order_no: str
    kind: str
    key: str
    body: bytes
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that waits for a person. No personal data."""

    id: int
    order_no: str
    seq: int
    kind: str
    attempts: int
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A sent message, what the hub said, and what follows from it."""

    letter: Letter
    answer: Answer
    next: Next


@dataclass(frozen=True, slots=True)
class Counts:
    """How the outbox stands."""

    pending: int
    dead: int


def claim(
    session: Session, ring: KeyRing, worker: str, limit: int, now: datetime, lease_s: float
) -> list[Letter]:
    """Take up to ``limit`` due messages. Nobody else gets them before the lease is over.

    Of one order only the first unsent message is ever taken, so the hub sees them in sequence.
    """
    earlier = aliased(OutboxRow)
    waiting = exists().where(
        col(earlier.order_no) == col(OutboxRow.order_no),
        col(earlier.seq) < col(OutboxRow.seq),
        col(earlier.state).in_(("pending", "dead")),
    )
    query = (
        select(OutboxRow)
        .where(
            col(OutboxRow.state) == "pending",
            col(OutboxRow.next_at) <= now,
            or_(col(OutboxRow.locked_until).is_(None), col(OutboxRow.locked_until) <= now),
            ~waiting,
        )
        .order_by(col(OutboxRow.next_at), col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxRow)
    )
    letters = []
    for row in session.scalars(query):
        row.locked_by = worker
        row.locked_until = now + timedelta(seconds=lease_s)
        letters.append(_letter(ring, row))
    return letters


def settle(
    session: Session, ring: KeyRing, worker: str, settled: Sequence[Settled], now: datetime
) -> None:
    """Keep what became of messages. A receipt is kept whoever holds the lease by now."""
    for item in settled:
        row = session.get(OutboxRow, item.letter.id, with_for_update=True, populate_existing=True)
        if row is None or row.state != "pending":
            continue  # another sender was faster, or the person was erased
        if row.locked_by != worker and item.next.state != "sent":
            continue
        row.locked_by = row.locked_until = None
        row.state, row.attempts = item.next.state, item.next.attempts
        row.last_error = item.next.error
        if item.next.next_at is not None:
            row.next_at = item.next.next_at
        if row.state == "sent":
            row.receipt = item.answer.receipt
            row.body_enc = None
        if row.state != "pending":
            row.finished_at = now
            _tell_order(session, ring, row, now)


def release(session: Session, workers: Sequence[str]) -> None:
    """Give back at once what senders known to be gone had taken."""
    gone = col(OutboxRow.locked_by).in_(workers)
    session.execute(update(OutboxRow).where(gone).values(locked_by=None, locked_until=None))


def holders(session: Session) -> list[str]:
    """Senders that hold messages."""
    held = col(OutboxRow.locked_by)
    names = session.scalars(select(held).where(held.is_not(None)).distinct())
    return [name for name in names if name is not None]


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the next message that nobody holds is due; None when none waits."""
    free = or_(col(OutboxRow.locked_until).is_(None), col(OutboxRow.locked_until) <= now)
    at = col(OutboxRow.next_at)
    query = select(at).where(col(OutboxRow.state) == "pending", free).order_by(at).limit(1)
    return session.scalars(query).first()


def hurry(session: Session, now: datetime) -> None:
    """The hub is back: what waits for its next attempt is due now."""
    waiting = (col(OutboxRow.state) == "pending", col(OutboxRow.next_at) > now)
    session.execute(update(OutboxRow).where(*waiting).values(next_at=now))


def count(session: Session) -> Counts:
    """How many messages wait, how many are dead."""
    state = col(OutboxRow.state)
    query = select(state, func.count()).where(state.in_(("pending", "dead"))).group_by(state)
    counts = {name: int(number) for name, number in session.execute(query)}
    return Counts(counts.get("pending", 0), counts.get("dead", 0))


def dead_letters(session: Session) -> list[DeadLetter]:
    """Messages that wait for a person, oldest first."""
    query = select(OutboxRow).where(col(OutboxRow.state) == "dead").order_by(col(OutboxRow.id))
    return [
        DeadLetter(
            row.id or 0,
            row.order_no,
            row.seq,
            row.kind,
            row.attempts,
            row.last_error,
            row.created_at,
            row.finished_at,
        )
        for row in session.scalars(query)
    ]


def resend(session: Session, ring: KeyRing, letter_id: int, actor: str, now: datetime) -> str:
    """Make a dead letter due again with fresh attempts; returns its order number."""
    row = session.get(OutboxRow, letter_id, with_for_update=True)
    if row is None or row.state != "dead":
        raise LetterNotFoundError(f"there is no dead letter {letter_id}")
    row.state, row.attempts, row.next_at, row.finished_at = "pending", 0, now, None
    order = session.get(OrderRow, row.order_no)
    if order is not None:
        order.hub_state = HubState.PENDING.value
    _audit(session, ring, row, "hub.resent", actor, now)
    return row.order_no


def _letter(ring: KeyRing, row: OutboxRow) -> Letter:
    body = ring.unseal(row.body_enc or b"", place("outbox", "body", row.idempotency_key))
    return Letter(
        row.id or 0,
        row.order_no,
        row.kind,
        row.idempotency_key,
        body,
        row.attempts,
        row.created_at,
    )


def _tell_order(session: Session, ring: KeyRing, row: OutboxRow, now: datetime) -> None:
    order = session.get(OrderRow, row.order_no, with_for_update=True)
    if order is None:
        return
    if row.state == "sent":
        order.hub_state = HubState.ACKNOWLEDGED.value
        order.hub_receipt = row.receipt
        _audit(session, ring, row, "hub.acknowledged", "hub", now)
    else:
        order.hub_state = HubState.DEAD.value
        _audit(session, ring, row, "hub.dead", "hub", now)
    order.updated_at = now


def _audit(
    session: Session, ring: KeyRing, row: OutboxRow, action: str, actor: str, now: datetime
) -> None:
    """Receipts and reasons are no personal data: the ring's own key serves for the digest."""
    text = f"{row.idempotency_key}/{row.kind}/{row.state}/{row.receipt or row.last_error or ''}"
    audit_log.append(
        session,
        ring,
        actor=actor,
        action=action,
        subject=row.order_no,
        digest=ring.audit_mac(text.encode()),
        at=now,
    )
