"""What hangs on an order: emptied when its party is erased, deleted when the order is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.order_tables import (
    CallbackRow,
    InboxRow,
    NoticeRow,
    OfferRow,
    OptOutRow,
    OrderClockRow,
    OutcomeRow,
    RatingRow,
)
from hotline.db.tables import OrderEventRow, OrderRow, OutboxRow

_HANGING = (
    *(OutboxRow, OrderEventRow, OrderClockRow, OfferRow, OutcomeRow, CallbackRow, NoticeRow),
    *(RatingRow, InboxRow),
)


def forget_party(session: Session, order_no: str, now: datetime) -> None:
    """Remove every text about the party; nobody rings or writes to them any more.

    What they are sealed under, the order's row key, is destroyed by the caller. Codes, moments
    and the staff's part stay.
    """
    session.execute(
        update(OrderEventRow).where(col(OrderEventRow.order_no) == order_no).values(note_enc=None)
    )
    session.execute(
        update(RatingRow).where(col(RatingRow.order_no) == order_no).values(comment_enc=None)
    )
    ring = col(CallbackRow.order_no) == order_no
    session.execute(update(CallbackRow).where(ring).values(note_enc=None))
    session.execute(
        update(CallbackRow)
        .where(ring, col(CallbackRow.state) == "open")
        .values(state="cancelled", finished_at=now)
    )
    notice = col(NoticeRow.order_no) == order_no
    session.execute(update(NoticeRow).where(notice).values(body_enc=None))
    session.execute(
        update(NoticeRow)
        .where(notice, col(NoticeRow.state).in_(("pending", "dead")))
        .values(state="suppressed", last_error="erased", finished_at=now)
    )


def forget_calls(session: Session, calls: Sequence[str], now: datetime) -> None:
    """Nobody rings back about these calls."""
    session.execute(
        update(CallbackRow)
        .where(col(CallbackRow.call_id).in_(calls), col(CallbackRow.state) == "open")
        .values(state="cancelled", finished_at=now)
    )


def forget_phone(session: Session, phone_hash: str) -> None:
    """Nothing is left that a message could be sent about, so the wish to get none goes too."""
    session.execute(delete(OptOutRow).where(col(OptOutRow.phone_hash) == phone_hash))


def delete_orders(session: Session, order_nos: Sequence[str]) -> None:
    """Delete orders with all that hangs on them."""
    for table in _HANGING:
        session.execute(delete(table).where(col(table.order_no).in_(order_nos)))
    session.execute(delete(OrderRow).where(col(OrderRow.order_no).in_(order_nos)))
