"""Demands from a file, received like any other (``hotline.exchange.intakes.Receiver``)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import IdempotencyConflictError
from dispatch.intake import IntakeDesk
from dispatch.records import order_place
from dispatch.validation import clean_intake
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.tables import OrderRow
from hotline.domain.orders import Intake, OrderView
from hotline.errors import HotlineError
from hotline.privacy import KeyRing


class FileReceiver:
    """Receives the demands of a file through the intake desk."""

    def __init__(self, desk: IntakeDesk, db: Database, ring: KeyRing) -> None:
        self._desk = desk
        self._db = db
        self._ring = ring

    def clean(self, intake: Intake) -> Intake:
        """See ``Receiver``."""
        return clean_intake(intake)

    async def check(self, intakes: Sequence[Intake]) -> Sequence[HotlineError | None]:
        """See ``Receiver``: a number used for another demand is told before anything is filed."""
        return await self._db.read(lambda session: self._conflicts(session, intakes))

    async def receive(self, intake: Intake, now: datetime) -> OrderView:
        """See ``Receiver``."""
        return await self._desk.receive(intake, now)

    def _conflicts(self, session: Session, intakes: Sequence[Intake]) -> list[HotlineError | None]:
        keys = [(intake.terminal.value, intake.idempotency_key) for intake in intakes]
        named = tuple_(col(OrderRow.terminal), col(OrderRow.idempotency_key))
        query = select(OrderRow).where(named.in_(keys))
        kept = {(row.terminal, row.idempotency_key): row for row in session.scalars(query)}
        found: list[HotlineError | None] = []
        for key, intake in zip(keys, intakes, strict=True):
            row = kept.get(key)
            if row is None or row.row_key is None or self._same(row, intake):
                found.append(None)
            else:
                mend = "idempotency_key：此编号已用于另一件诉求，请换一个编号"
                found.append(IdempotencyConflictError(mend, field="idempotency_key"))
        return found

    def _same(self, row: OrderRow, intake: Intake) -> bool:
        told = order_key(self._ring, row).open_text(
            row.description_enc, order_place("description", row.order_no)
        )
        return told == intake.description and row.topic == intake.topic
