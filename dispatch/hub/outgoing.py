"""Messages to the hub, put into the outbox by the step they tell of (``life.ports.Outbox``)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.hub.messages import facts_of, idempotency_key, message
from dispatch.life.ports import HubEffect, OrderEvent
from hotline.db import late
from hotline.db.tables import OrderRow, OutboxRow
from hotline.domain.codes import HubState
from hotline.privacy import KeyRing, place


class Outgoing:
    """Numbers, seals and queues messages."""

    def __init__(
        self, ring: KeyRing, terminal: str, wake: Callable[[], None] | None = None
    ) -> None:
        """``terminal``: who we are to the hub. ``wake`` is called after every commit that added a
        message, in the database's thread (``HubPusher.wake``).
        """
        self._wake = wake
        self._ring = ring
        self._terminal = terminal

    def add(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[HubEffect],
        now: datetime,
    ) -> None:
        """See ``dispatch.life.ports.Outbox``. The order's lock keeps the numbers without a gap."""
        number, facts = order.order_no, facts_of(order)
        for seq, effect in enumerate(effects, next_seq(session, number)):
            body = message(
                self._terminal,
                effect.kind,
                number,
                seq,
                now,
                effect.data,
                facts=facts,
                by=event.actor,
            )
            session.add(outbox_row(self._ring, number, seq, effect.kind, body, now))
        order.hub_state = HubState.PENDING.value
        if self._wake is not None:
            late.after_commit(session, self._wake)


def next_seq(session: Session, order_no: str) -> int:
    """Number of the order's next message to the hub."""
    last = select(func.max(col(OutboxRow.seq))).where(col(OutboxRow.order_no) == order_no)
    return 1 + (session.scalar(last) or 0)


def outbox_row(
    ring: KeyRing, order_no: str, seq: int, kind: str, body: bytes, now: datetime
) -> OutboxRow:
    """A message to the hub, due at once, its body sealed."""
    key = idempotency_key(order_no, seq)
    return OutboxRow(
        order_no=order_no,
        seq=seq,
        kind=kind,
        idempotency_key=key,
        body_enc=ring.seal(body, place("outbox", "body", key)),
        state="pending",
        next_at=now,
        created_at=now,
    )
