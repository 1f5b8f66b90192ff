"""The one door to an order's state: decides by ``engine``, writes all of a step in one transaction.

Row, event, audit link, clocks, hub message, notices and callbacks of a step are committed together
or not at all; bus events without personal data go out after the commit.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import FieldWrongError, IdempotencyConflictError, OrderNotFoundError
from dispatch.life import rows
from dispatch.life.engine import Allowed, Outcome, Snapshot, decide, find_step
from dispatch.life.ports import Effects, HubEffect, OrderEvent
from dispatch.life.sight import Sight
from dispatch.life.steps import OPEN
from dispatch.numbers import is_order_no
from dispatch.records import member
from hotline.db import Database, audit_log, late
from hotline.db.digests import content_digest, order_key, step_digest, step_subject
from hotline.db.tables import OrderEventRow, OrderRow
from hotline.domain.codes import OrderState, Urgency
from hotline.domain.events import Event
from hotline.domain.orders import OrderDetail, OrderView
from hotline.domain.people import Actor
from hotline.privacy import KeyRing

log = structlog.get_logger(__name__)
_KEY = re.compile(r"[\x21-\x7e]{1,120}")
Publish = Callable[[Event], None]


class OrderDesk:
    """Takes steps."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        allowed: Allowed,
        effects: Effects,
        *,
        publish: Publish | None = None,
    ) -> None:
        """``publish`` gets ``order.<step>`` after every commit, in the database's thread: hand it
        over to the event loop (``loop.call_soon_threadsafe(bus.publish, event)``).
        """
        self._db = db
        self._ring = ring
        self._allowed = allowed
        self._effects = effects
        self._publish = publish
        self._sight = Sight(ring, allowed)

    async def step(
        self,
        order_no: str,
        step: str,
        actor: Actor,
        fields: Mapping[str, Any],
        now: datetime,
        *,
        version: int | None = None,
        key: str | None = None,
    ) -> OrderView:
        """Take a step; the order after it.

        ``version``: the order as the actor saw it; a newer one is refused. ``key``: the same key
        again (with the same request) takes no second step and gives the first one's result.
        Raises OrderNotFoundError, StepError and its kinds, IdempotencyConflictError; then nothing
        has changed.
        """
        if key is not None and not _KEY.fullmatch(key):
            mend = "idempotency_key：须为1到120个可见的英文字符，每次操作一个"
            raise FieldWrongError(mend, field="idempotency_key")

        def work(session: Session) -> OrderView:
            self._lock_merge(session, order_no, step, fields)
            row = self.lock(session, order_no)
            known = self._known(session, row, key, _request(step, actor, fields))
            if known is not None:
                return _as_it_was(self._sight.view(row, actor), known)
            self.apply(session, row, step, actor, fields, now, version=version, key=key)
            return self._sight.view(row, actor)

        return await self._db.write(work)

    async def detail(self, order_no: str, actor: Actor, now: datetime) -> OrderDetail:
        """The order as this actor may see it. Seeing personal data is audited.

        Raises OrderNotFoundError, StepForbiddenError (no right to read it).
        """

        def work(session: Session) -> OrderDetail:
            return self._sight.detail(session, _get(session, order_no), actor, now)

        return await self._db.write(work)

    async def view(self, order_no: str, actor: Actor) -> OrderView:
        """The order without personal data; a confidential one is hidden from those without right.

        Raises OrderNotFoundError.
        """

        return await self._db.read(lambda session: self._sight.view(_get(session, order_no), actor))

    def lock(self, session: Session, order_no: str) -> OrderRow:
        """See ``ports.Steps``. The row shows what is committed, whatever was read before."""
        row = (
            session.get(OrderRow, order_no, with_for_update=True, populate_existing=True)
            if is_order_no(order_no)
            else None
        )
        if row is None:
            raise OrderNotFoundError("没有这个编号的工单，请核对编号")
        return row

    def apply(
        self,
        session: Session,
        order: OrderRow,
        step: str,
        actor: Actor,
        fields: Mapping[str, Any],
        now: datetime,
        *,
        version: int | None = None,
        key: str | None = None,
    ) -> OrderEvent:
        """See ``ports.Steps``."""
        before = rows.snapshot(session, order, now)
        outcome = decide(before, step, actor, fields, now, self._allowed, version=version)
        rows.check_known(session, outcome.fields.public)
        if step == "merged":
            self._join(session, order, outcome, actor, now)
        request = _request(step, actor, fields) if key is not None else None
        return self._write(session, order, before, outcome, actor, now, key=key, request=request)

    def begin(
        self,
        session: Session,
        order: OrderRow,
        step: str,
        actor: Actor,
        fields: Mapping[str, Any],
        now: datetime,
    ) -> OrderEvent:
        """The first step of an order whose row is not in the session yet; adds it."""
        before = rows.snapshot(session, order, now, new=True)
        outcome = decide(before, step, actor, fields, now, self._allowed)
        order.state = outcome.state.value
        session.add(order)
        session.flush()
        return self._write(session, order, before, outcome, actor, now)

    def _write(
        self,
        session: Session,
        row: OrderRow,
        before: Snapshot,
        outcome: Outcome,
        actor: Actor,
        now: datetime,
        *,
        key: str | None = None,
        request: str | None = None,
    ) -> OrderEvent:
        row.state = outcome.state.value
        for column, value in outcome.columns.items():
            setattr(row, column, value)
        row.version, row.updated_at = before.version + 1, now
        event = OrderEvent(
            row.order_no,
            row.version,
            outcome.step.name,
            before.state,
            outcome.state,
            actor.id,
            now,
            outcome.fields.public,
        )
        kept = self._event_row(row, event, outcome, key, request)
        session.add(kept)
        session.flush()
        self._spread(session, row, event, outcome, actor, now)
        session.flush()
        kept.content = content_digest(self._ring, row)
        audit_log.append_late(
            session,
            self._ring,
            actor=actor.id,
            action=f"order.{event.step}",
            subject=step_subject(row.order_no, event.seq),
            digest=step_digest(self._ring, row, kept),
            at=now,
        )
        self._tell(session, row, event)
        return event

    def _event_row(
        self,
        row: OrderRow,
        event: OrderEvent,
        outcome: Outcome,
        key: str | None,
        request: str | None,
    ) -> OrderEventRow:
        note = request_digest = None
        if row.row_key is not None:
            row_key = order_key(self._ring, row)
            note = rows.seal_note(row_key, row.order_no, event.seq, outcome.fields.personal)
            request_digest = row_key.digest(request.encode()) if request is not None else None
        return OrderEventRow(
            order_no=row.order_no,
            seq=event.seq,
            step=event.step,
            from_state=event.from_state.value if event.from_state else None,
            to_state=event.to_state.value,
            actor=event.actor,
            fields_json=rows.fields_json(event.fields),
            note_enc=note,
            step_key=key,
            request=request_digest,
            at=event.at,
        )

    def _spread(
        self,
        session: Session,
        row: OrderRow,
        event: OrderEvent,
        outcome: Outcome,
        actor: Actor,
        now: datetime,
    ) -> None:
        """Everything a step causes, in its own transaction."""
        rooms = self._effects
        rows.keep_offers(session, row.order_no, event.step, event.fields, actor.person_id, now)
        if rooms.clocks and outcome.clocks:
            facts = rooms.clocks.apply(session, row, event, outcome.clocks, now)
            row.due_at, row.card = facts.due_at, facts.card
        if rooms.outbox and outcome.hub:
            rooms.outbox.add(session, row, event, self._messages(row, outcome), now)
        if rooms.notices and outcome.notices:
            rooms.notices.add(session, row, event, outcome.notices, now)
        if rooms.callbacks and outcome.rings:
            rooms.callbacks.add(session, row, event, outcome.rings, now)
        if rooms.outcomes:
            rooms.outcomes.record(session, row, event, now)

    def _messages(self, row: OrderRow, outcome: Outcome) -> tuple[HubEffect, ...]:
        """A new order is told whole; of a step, what it changed and who has the order now."""
        if outcome.step.name == "received":
            return (HubEffect("order.received", rows.order_document(self._ring, row)),)
        has = {"institution": row.institution, "handler": row.handler, "version": row.version}
        return tuple(HubEffect(effect.kind, {**has, **effect.data}) for effect in outcome.hub)

    def _tell(self, session: Session, row: OrderRow, event: OrderEvent) -> None:
        log.info("order_step", order_no=row.order_no, step=event.step, state=row.state)
        publish = self._publish
        if publish is None:
            return
        data: dict[str, str | int | float | bool | None] = {
            "seq": event.seq,
            "from_state": event.from_state.value if event.from_state else None,
            "state": row.state,
            "urgency": row.urgency,
            "region": None if row.confidential else row.region,
            "institution": row.institution,
            "handler": row.handler,
            "card": row.card,
            "confidential": row.confidential,
        }
        told = Event(f"order.{event.step}", event.at, row.order_no, data)
        late.after_commit(session, lambda: publish(told))

    def _join(
        self, session: Session, row: OrderRow, outcome: Outcome, actor: Actor, now: datetime
    ) -> None:
        """What a merged order tells is added to the one it goes into; nothing of it is lost."""
        try:
            target = self.lock(session, outcome.fields.public["into"])
        except OrderNotFoundError:
            raise FieldWrongError("into：没有这个编号的工单，请核对", field="into") from None
        if member(OrderState, target.state) not in (*OPEN, OrderState.RESOLVED):
            raise FieldWrongError("into：该工单已结束，不能并入，请另选工单", field="into")
        fields: dict[str, Any] = {
            "note": rows.order_document(self._ring, row)["description"] or row.title,
            "merged": row.order_no,
            "terminal": row.terminal,
            "confidential": row.confidential,
            "callback": row.callback,
            "reasons": outcome.fields.public.get("reasons", ()),
        }
        self.apply(session, target, "supplemented", actor, fields, now)
        self.raise_to(session, target, row.urgency, row.emergency, actor, now)

    def raise_to(
        self,
        session: Session,
        target: OrderRow,
        urgency: str,
        emergency: str | None,
        actor: Actor,
        now: datetime,
    ) -> OrderEvent | None:
        """Take ``raised`` when what was merged into the order is more urgent.

        An emergency always is, even when the order was one before: somebody must look again.
        """
        grades = [member.value for member in Urgency]
        danger = emergency is not None or urgency == "emergency"
        if not danger and grades.index(urgency) <= grades.index(target.urgency):
            return None
        fields = {"urgency": "emergency" if danger else urgency, "emergency": emergency}
        return self.apply(session, target, "raised", actor, fields, now)

    def _lock_merge(
        self, session: Session, order_no: str, step: str, fields: Mapping[str, Any]
    ) -> None:
        """Two orders are locked in the sequence of their numbers, whichever goes into the other."""
        other = fields.get("into")
        if step == "merged" and isinstance(other, str) and other < order_no and is_order_no(other):
            session.get(OrderRow, other, with_for_update=True)

    def _known(
        self, session: Session, row: OrderRow, key: str | None, request: str
    ) -> OrderEventRow | None:
        """The step this key was used for. Raises IdempotencyConflictError."""
        if key is None:
            return None
        query = select(OrderEventRow).where(
            col(OrderEventRow.order_no) == row.order_no, col(OrderEventRow.step_key) == key
        )
        event = session.scalar(query)
        if event is None:
            return None
        digest = None
        if row.row_key is not None:
            digest = order_key(self._ring, row).digest(request.encode())
        if event.request != digest:
            mend = "idempotency_key：此编号已用于另一次操作，请换一个编号"
            raise IdempotencyConflictError(mend, field="idempotency_key")
        return event


def _get(session: Session, order_no: str) -> OrderRow:
    row = session.get(OrderRow, order_no) if is_order_no(order_no) else None
    if row is None:
        raise OrderNotFoundError("没有这个编号的工单，请核对编号")
    return row


def _request(step: str, actor: Actor, fields: Mapping[str, Any]) -> str:
    """A request in one form, to tell a repeat from another request under the same key."""
    find_step(step)
    return json.dumps(
        [step, actor.id, dict(fields)], sort_keys=True, ensure_ascii=False, default=str
    )


def _as_it_was(view: OrderView, event: OrderEventRow) -> OrderView:
    """The order right after a step taken before."""
    state = member(OrderState, event.to_state)
    return replace(view, state=state, version=event.seq, updated_at=event.at, duplicate=True)
