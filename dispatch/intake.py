"""Receiving a demand: order, first event, audit link and hub message in one transaction."""

import json
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import IdempotencyConflictError, NumbersExhaustedError
from dispatch.life.actors import machine_rights, terminal_actor
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.numbers import MAX_SEQUENCE, china_day, make_order_no
from dispatch.outgoing import Outgoing
from dispatch.records import order_place, view_of
from dispatch.validation import ID_FIELD, clean_intake
from hotline import metrics
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.tables import OrderCounterRow, OrderRow
from hotline.domain.codes import HubState, OrderState
from hotline.domain.orders import Intake, OrderView
from hotline.privacy import KeyRing

log = structlog.get_logger(__name__)


class IntakeDesk:
    """Where every terminal's demands are received."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        terminal: str,
        *,
        on_filed: Callable[[OrderView], None] | None = None,
        desk: OrderDesk | None = None,
    ) -> None:
        """``terminal``: who we are to the hub. ``on_filed`` is called for every new order
        (wakes the hub pusher, tells the bus); it must not block or raise. ``desk``: takes the
        first step; None: one of our own, joined to the outbox alone.
        """
        self._db = db
        self._ring = ring
        self._on_filed = on_filed
        outgoing = Effects(outbox=Outgoing(ring, terminal))
        self._desk = desk or OrderDesk(db, ring, machine_rights, outgoing)

    async def receive(self, intake: Intake, now: datetime) -> OrderView:
        """File the demand. The same terminal and idempotency key give the first order again.

        Raises IntakeError (field and mend), IdempotencyConflictError (the key was used for other
        content), NumbersExhaustedError, and the database's errors (retry with the same key).
        """
        clean = clean_intake(intake)
        view = await self._db.write(lambda session: self._file(session, clean, now))
        if not view.duplicate:
            metrics.ORDERS_FILED.labels(clean.terminal.value).inc()
            log.info("order_filed", order_no=view.order_no, topic=view.topic)
            if self._on_filed is not None:
                self._on_filed(view)
        return view

    def _file(self, session: Session, intake: Intake, now: datetime) -> OrderView:
        known = session.scalar(
            select(OrderRow).where(
                col(OrderRow.terminal) == intake.terminal.value,
                col(OrderRow.idempotency_key) == intake.idempotency_key,
            )
        )
        if known is not None:
            return self._repeat(known, intake)
        row = self._order_row(make_order_no(*_next_number(session, now)), intake, now)
        actor = terminal_actor(intake.terminal)
        self._desk.begin(session, row, "received", actor, {"terminal": intake.terminal}, now)
        return view_of(row)

    def _repeat(self, row: OrderRow, intake: Intake) -> OrderView:
        """A terminal that had no answer asks again; the same words must not hide another case."""
        if row.row_key is not None:
            key = order_key(self._ring, row)
            told = key.open_text(row.description_enc, order_place("description", row.order_no))
            if told != intake.description or row.topic != intake.topic:
                raise IdempotencyConflictError(
                    "idempotency_key：此编号已用于另一件诉求，请换一个编号",
                    field="idempotency_key",
                )
        return view_of(row, duplicate=True)

    def _order_row(self, order_no: str, intake: Intake, now: datetime) -> OrderRow:
        key = self._ring.new_row_key()

        def seal(column: str, text: str | None) -> bytes | None:
            return key.seal_text(text, order_place(column, order_no))

        def index(kind: str, number: str | None) -> str | None:
            return self._ring.index(kind, number) if number else None

        extra = json.dumps({"since": intake.since, "extra": intake.extra}, ensure_ascii=False)
        return OrderRow(
            order_no=order_no,
            state=OrderState.DRAFT.value,
            hub_state=HubState.PENDING.value,
            terminal=intake.terminal.value,
            idempotency_key=intake.idempotency_key,
            service_type=intake.service_type.value,
            act=intake.act,
            topic=intake.topic,
            urgency=intake.urgency.value,
            title=intake.title,
            region=intake.region,
            call_id=intake.call_id,
            callback=intake.callback,
            confidential=intake.confidential,
            emergency=intake.emergency,
            outside_no=intake.outside_no,
            row_key=self._ring.wrap(key, order_place("row_key", order_no)),
            name_enc=seal("name", intake.contact_name),
            phone_enc=seal("phone", intake.contact_phone),
            phone_hash=index("phone", intake.contact_phone),
            caller_enc=seal("caller", intake.caller_number),
            caller_hash=index("phone", intake.caller_number),
            id_hash=index("id", intake.extra.get(ID_FIELD)),
            description_enc=seal("description", intake.description),
            extra_enc=seal("extra", extra),
            created_at=now,
            updated_at=now,
        )


def _next_number(session: Session, now: datetime) -> tuple[str, int]:
    """The day and its next sequence number; two transactions never get the same."""
    day = china_day(now)
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counter = col(OrderCounterRow.last)
    query = (
        insert(OrderCounterRow)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last": counter + 1})
        .returning(counter)
    )
    number = session.execute(query).scalar_one()
    if number > MAX_SEQUENCE:
        raise NumbersExhaustedError(f"all {MAX_SEQUENCE} order numbers of {day} are used up")
    return day, number
