"""The outbox table: taking messages (each by one sender only) and keeping what became of them."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    bindparam,
    exists,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from dispatch.errors import LetterNotFoundError
from dispatch.hub.outbox import Answer, Next
from hotline.db import audit_log
from hotline.db.tables import OrderRow, OutboxRow
from hotline.domain.codes import HubState
from hotline.privacy import KeyRing, place

_LOOK = 256
"""How far from the newest end a message of the fresh lane may be."""
_LETTER = (
    *(col(OutboxRow.id), col(OutboxRow.order_no), col(OutboxRow.seq), col(OutboxRow.kind)),
    *(col(OutboxRow.idempotency_key), col(OutboxRow.body_enc), col(OutboxRow.attempts)),
    col(OutboxRow.created_at),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message taken for sending."""

    id: int
    order_no: str
    seq: int
    kind: str
    key: str
    body: bytes
    attempts: int
    created_at: datetime
    until: datetime
    """Ours so long; afterwards another sender may take it."""


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

    Half of them are the newest, half the oldest, so that whoever calls now is not behind a day's
    backlog and the backlog gets done; a lane with little in it leaves its room to the other.
    Of one order only the first unsent message is ever taken, so the hub sees them in sequence.
    """
    fresh = _lane(session, limit // 2, now, newest=True)
    old = _lane(session, limit - len(fresh), now, newest=False, but=[row.id for row in fresh])
    rows = _interleaved(fresh, old)
    if not rows:
        return []
    until = now + timedelta(seconds=lease_s)
    taken = col(OutboxRow.id).in_([row.id for row in rows])
    session.execute(
        update(OutboxRow)
        .where(taken)
        .values(locked_by=worker, locked_until=until)
        .execution_options(synchronize_session=False)
    )
    return [_letter(ring, row, until) for row in rows]


def _lane(
    session: Session, limit: int, now: datetime, *, newest: bool, but: Sequence[int | None] = ()
) -> list[Row[Any]]:
    """Messages that may go now, from one end of the queue, locked."""
    if limit <= 0:
        return []
    at, number = col(OutboxRow.next_at), col(OutboxRow.id)
    order = (at.desc(), number.desc()) if newest else (at, number)
    query = select(*_LETTER).where(*_free(now), ~_waits())
    if newest:
        # the newest messages of busy orders wait for older ones: do not look through all of them
        top = select(number).where(*_free(now)).order_by(*order).limit(_LOOK)
        query = query.where(number.in_(top.scalar_subquery()))
    if but:
        query = query.where(number.not_in(but))
    query = query.order_by(*order).limit(limit)
    return list(session.execute(query.with_for_update(skip_locked=True, of=OutboxRow)))


def _free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Due, and nobody has it."""
    lock = col(OutboxRow.locked_until)
    return (
        col(OutboxRow.state) == "pending",
        col(OutboxRow.next_at) <= now,
        or_(lock.is_(None), lock <= now),
    )


def _waits() -> ColumnElement[bool]:
    """An earlier message of the same order is not acknowledged yet."""
    earlier = aliased(OutboxRow)
    return exists().where(
        col(earlier.order_no) == col(OutboxRow.order_no),
        col(earlier.seq) < col(OutboxRow.seq),
        col(earlier.state).in_(("pending", "dead")),
    )


def _interleaved(one: Sequence[Row[Any]], two: Sequence[Row[Any]]) -> list[Row[Any]]:
    pairs = zip_longest(one, two)
    return [row for pair in pairs for row in pair if row is not None]


def settle(
    session: Session, worker: str, settled: Sequence[Settled], now: datetime
) -> list[tuple[str, str, str]]:
    """Keep what became of messages. A receipt is kept whoever holds the lease by now.

    Returns (order number, audit action, what is audited) of those that are finished: to be
    chained by ``chain`` at the end of the transaction, since the chain's lock holds up everybody.
    """
    by_id = {item.letter.id: item for item in settled}
    if not by_id:
        return []
    numbers = sorted({item.letter.order_no for item in settled})
    orders = select(col(OrderRow.order_no)).where(col(OrderRow.order_no).in_(numbers))
    # in sequence, and before the messages, as everybody locks them
    session.execute(orders.order_by(col(OrderRow.order_no)).with_for_update()).all()
    held = select(
        col(OutboxRow.id), col(OutboxRow.locked_by), col(OutboxRow.idempotency_key)
    ).where(col(OutboxRow.id).in_(by_id), col(OutboxRow.state) == "pending")
    ends: list[dict[str, Any]] = []
    told: list[tuple[str, str, str]] = []
    for number, holder, key in session.execute(held.with_for_update()):
        assert number is not None
        item = by_id[number]
        if holder != worker and item.next.state != "sent":
            continue
        ends.append(_end(number, item, now))
        if item.next.state != "pending":
            done = item.answer.receipt if item.next.state == "sent" else item.next.error
            action = "hub.acknowledged" if item.next.state == "sent" else "hub.dead"
            text = f"{key}/{item.letter.kind}/{item.next.state}/{done or ''}"
            told.append((item.letter.order_no, action, text))
    _write_ends(session, ends)
    finished = {order_no for order_no, _, _ in told}
    receipts = {
        item.letter.order_no: item.answer.receipt
        for item in settled
        if item.letter.seq == 1 and item.next.state == "sent"
    }
    _tell_orders(session, finished, receipts, now)
    return told


def _end(number: int, item: Settled, now: datetime) -> dict[str, Any]:
    following = item.next
    return {
        "b_id": number,
        "b_state": following.state,
        "b_attempts": following.attempts,
        "b_error": following.error,
        "b_receipt": item.answer.receipt if following.state == "sent" else None,
        "b_finished": None if following.state == "pending" else now,
        "b_next": following.next_at,
    }


def _write_ends(session: Session, ends: Sequence[dict[str, Any]]) -> None:
    values: dict[str, Any] = {
        "state": bindparam("b_state"),
        "attempts": bindparam("b_attempts"),
        "last_error": bindparam("b_error"),
        "receipt": bindparam("b_receipt"),
        "finished_at": bindparam("b_finished"),
        "locked_by": None,
        "locked_until": None,
    }
    table = cast(Table, inspect(OutboxRow).local_table)
    plans: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
        ([end for end in ends if end["b_state"] == "sent"], {"body_enc": None}),
        ([end for end in ends if end["b_state"] == "dead"], {}),
        ([end for end in ends if end["b_state"] == "pending" and end["b_next"] is None], {}),
        (
            [end for end in ends if end["b_state"] == "pending" and end["b_next"] is not None],
            {"next_at": bindparam("b_next")},
        ),
    ]
    for rows, more in plans:
        if rows:
            statement = table.update().where(table.c.id == bindparam("b_id"))
            kept = [
                {
                    name: value
                    for name, value in row.items()
                    if name != "b_next" or "next_at" in more
                }
                for row in rows
            ]
            session.connection().execute(statement.values({**values, **more}), kept)


def _tell_orders(
    session: Session, finished: Set[str], receipts: Mapping[str, str | None], now: datetime
) -> None:
    """How an order stands with the hub follows from its messages: dead before waiting."""
    if not finished:
        return
    left = select(col(OutboxRow.order_no), col(OutboxRow.state)).where(
        col(OutboxRow.order_no).in_(finished), col(OutboxRow.state).in_(("pending", "dead"))
    )
    stands = dict.fromkeys(finished, HubState.ACKNOWLEDGED)
    for order_no, state in session.execute(left):
        if state == "dead":
            stands[order_no] = HubState.DEAD
        elif stands[order_no] is HubState.ACKNOWLEDGED:
            stands[order_no] = HubState.PENDING
    table = cast(Table, inspect(OrderRow).local_table)
    statement = table.update().where(table.c.order_no == bindparam("b_no"))
    session.connection().execute(
        statement.values(
            hub_state=bindparam("b_state"),
            updated_at=bindparam("b_now"),
            hub_receipt=func.coalesce(bindparam("b_receipt"), table.c.hub_receipt),
        ),
        [
            {
                "b_no": order_no,
                "b_state": stand.value,
                "b_now": now,
                "b_receipt": receipts.get(order_no),
            }
            for order_no, stand in sorted(stands.items())
        ],
    )


def chain(
    session: Session, ring: KeyRing, told: Sequence[tuple[str, str, str]], now: datetime
) -> None:
    """Audit what ``settle`` finished. Receipts and reasons are no personal data: the ring's own
    key serves for the digests.
    """
    entries = [
        audit_log.Entry("hub", action, order_no, ring.audit_mac(text.encode()), now)
        for order_no, action, text in told
    ]
    audit_log.append_many(session, ring, entries)


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
    lock, at = col(OutboxRow.locked_until), col(OutboxRow.next_at)
    free = (col(OutboxRow.state) == "pending", or_(lock.is_(None), lock <= now), ~_waits())
    return session.scalars(select(at).where(*free).order_by(at).limit(1)).first()


def hurry(session: Session, now: datetime) -> None:
    """The hub is back: what waits for its next attempt is due, each in its old place."""
    waiting = (col(OutboxRow.state) == "pending", col(OutboxRow.next_at) > now)
    session.execute(update(OutboxRow).where(*waiting).values(next_at=col(OutboxRow.created_at)))


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
    row = session.get(OutboxRow, letter_id)
    if row is not None:
        session.get(OrderRow, row.order_no, with_for_update=True)  # before the message, like all
        session.refresh(row, with_for_update=True)
    if row is None or row.state != "dead":
        raise LetterNotFoundError(f"there is no dead letter {letter_id}")
    row.state, row.attempts, row.next_at, row.finished_at = "pending", 0, now, None
    order = session.get(OrderRow, row.order_no)
    if order is not None:
        order.hub_state = HubState.PENDING.value
    text = f"{row.idempotency_key}/{row.kind}/pending/{row.last_error or ''}"
    audit_log.append(
        session,
        ring,
        actor=actor,
        action="hub.resent",
        subject=row.order_no,
        digest=ring.audit_mac(text.encode()),
        at=now,
    )
    return row.order_no


def resend_all(session: Session, ring: KeyRing, actor: str, now: datetime) -> int:
    """Make every dead letter due again; how many there were."""
    letters = [letter.id for letter in dead_letters(session)]
    for letter_id in letters:
        resend(session, ring, letter_id, actor, now)
    return len(letters)


def _letter(ring: KeyRing, row: Row[Any], until: datetime) -> Letter:
    body = ring.unseal(row.body_enc or b"", place("outbox", "body", row.idempotency_key))
    return Letter(
        row.id,
        row.order_no,
        row.seq,
        row.kind,
        row.idempotency_key,
        body,
        row.attempts,
        row.created_at,
        until,
    )
