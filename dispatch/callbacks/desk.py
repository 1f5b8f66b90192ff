"""The list of people to ring for those who ring: see, take, say what came of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.callbacks import plan
from dispatch.callbacks.errors import RingNotFoundError, RingTakenError
from dispatch.callbacks.plan import Again, Over, RingPolicy
from dispatch.callbacks.report import RingReport, Then, check_report
from dispatch.callbacks.rows import (
    RingView,
    cancel,
    keep_result,
    rings_at_work,
    view_of_ring,
)
from dispatch.life.actors import SYSTEM
from dispatch.life.engine import Allowed
from dispatch.life.ports import NoticeEffect, Steps
from dispatch.notices.desk import NoticeDesk, is_urgent
from dispatch.records import order_place
from dispatch.tracking.rating import Rating, RatingDesk
from hotline import metrics
from hotline.db import Database, audit_log
from hotline.db.digests import order_key
from hotline.db.order_tables import CallbackRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState, Terminal
from hotline.domain.events import Event
from hotline.domain.order_codes import CloseReason, Right, RingKind, RingResult
from hotline.domain.people import Actor
from hotline.privacy import KeyRing, place

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody taken to be rung. Personal data: for the one who rings."""

    ring: RingView
    phone: str | None = field(repr=False)
    """None: no number, or this actor may not see it."""
    name: str | None = field(repr=False)
    notes: tuple[dict[str, str], ...] = field(repr=False)
    """Earlier tries: at, by, result, note."""


class RingDesk:
    """Works the list."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        policy: RingPolicy,
        allowed: Allowed,
        steps: Steps,
        ratings: RatingDesk,
        *,
        notices: NoticeDesk | None = None,
        lease_s: float = 900.0,
        publish: Callable[[Event], None] | None = None,
    ) -> None:
        """``publish`` gets ``callback.finished`` and ``callback.given_up`` after the commit."""
        self._db = db
        self._ring = ring
        self._policy = policy
        self._allowed = allowed
        self._steps = steps
        self._ratings = ratings
        self._notices = notices
        self._lease = timedelta(seconds=lease_s)
        self._publish = publish or (lambda event: None)

    async def due(
        self,
        actor: Actor,
        now: datetime,
        *,
        mine: bool = True,
        kind: RingKind | None = None,
        all_open: bool = False,
        limit: int = 100,
    ) -> list[RingView]:
        """Whom this actor should ring now, the longest overdue first.

        ``mine``: False for all within the actor's reach (a supervisor's list). ``all_open``: also
        those not due yet.
        """

        def work(session: Session) -> list[RingView]:
            found: list[RingView] = []
            offset = 0
            query = _open_query(now, kind, all_open=all_open)
            while len(found) < limit:
                batch = session.execute(query.offset(offset).limit(_BATCH)).all()
                for row, order in batch:
                    if self._may(actor, row, order) and (not mine or _is_for(actor, row, order)):
                        found.append(view_of_ring(row, order, now))
                offset += _BATCH
                if len(batch) < _BATCH:
                    break
            return found[:limit]

        return await self._db.read(work)

    async def take(self, ring_id: int, actor: Actor, now: datetime) -> Taken:
        """Take somebody to ring; nobody else can until the lease is over. Audited.

        Raises RingNotFoundError, RingTakenError.
        """

        def work(session: Session) -> Taken:
            order, row = self._lock(session, ring_id, actor)
            held = row.taken_until is not None and row.taken_until > now
            if held and row.taken_by != actor.id:
                raise RingTakenError("此人正由他人联系，请选择其他任务")
            row.taken_by, row.taken_until = actor.id, now + self._lease
            reveal = self._allowed(
                actor, Right.REVEAL, region=order.region, institution=order.institution
            )
            self._audit(session, order, row, "callback.taken", actor, now)
            return self._taken(order, row, now, reveal=reveal)

        return await self._db.write(work)

    async def release(self, ring_id: int, actor: Actor, now: datetime) -> None:
        """Give somebody back without having rung. Raises RingNotFoundError, RingTakenError."""

        def work(session: Session) -> None:
            _, row = self._lock(session, ring_id, actor)
            _check_held(row, actor)
            row.taken_by = row.taken_until = row.pushed_at = None

        await self._db.write(work)

    async def result(
        self, ring_id: int, actor: Actor, report: RingReport, now: datetime
    ) -> RingView:
        """Say what came of it; the order's steps that follow are in the same transaction.

        Raises RingNotFoundError, RingTakenError (not taken by this actor), RingInputError,
        StepError and its kinds.
        """
        told: list[Event] = []

        def work(session: Session) -> RingView:
            told.clear()  # the transaction may be run twice
            order, row = self._lock(session, ring_id, actor)
            _check_held(row, actor)
            rated = order.satisfaction is not None
            check_report(report, RingKind(row.kind), rated=rated, now=now)
            then = plan.after(
                self._policy,
                report.result,
                row.tries,
                now,
                urgent=is_urgent(order),
                at_work=rings_at_work(RingKind(row.kind), order),
                later=report.later,
            )
            self._note(order, row, actor, report, now)
            keep_result(row, report.result, then, now)
            self._follow(session, order, row, actor, report, then, now)
            self._audit(session, order, row, "callback.result", actor, now)
            if isinstance(then, Over):
                name = "callback.finished" if then.state == "done" else "callback.given_up"
                told.append(_event(name, row, order, now))
            return view_of_ring(row, order, now)

        view = await self._db.write(work)
        metrics.RINGS.labels(report.result.value).inc()
        for event in told:
            self._publish(event)
        return view

    def _follow(
        self,
        session: Session,
        order: OrderRow,
        row: CallbackRow,
        actor: Actor,
        report: RingReport,
        then: Again | Over,
        now: datetime,
    ) -> None:
        """The order's own steps after a try."""
        gave_up = isinstance(then, Over) and then.state == "given_up"
        if row.kind == RingKind.FOLLOW_UP.value:
            if report.level is not None:
                said = Rating(report.level, report.comment)
                terminal = Terminal.PHONE_AGENT
                self._ratings.rate_in(session, order, said, actor, terminal, now, reopen=False)
                cancel(session, order.order_no, RingKind.FOLLOW_UP, plan.DISSATISFIED, now)
            self._decide(session, order, actor, report, now)
            if gave_up and row.reason == plan.RESOLVED and _is(order, OrderState.RESOLVED):
                fields = {"reason": CloseReason.UNREACHABLE.value}
                self._steps.apply(session, order, "closed", SYSTEM, fields, now)
                return  # the party is told that it is closed
        if gave_up and self._notices is not None and report.result is not RingResult.WRONG_NUMBER:
            key = f"{order.order_no}-r{row.id}-unreachable"
            self._notices.add_one(session, order, NoticeEffect("unreachable"), key, now)

    def _decide(
        self,
        session: Session,
        order: OrderRow,
        actor: Actor,
        report: RingReport,
        now: datetime,
    ) -> None:
        fields = {"note": report.note} if report.note else {}
        if report.then is Then.REOPEN:
            self._steps.apply(session, order, "reopened", actor, fields, now)
        elif report.then is Then.CLOSE and _is(order, OrderState.RESOLVED):
            reason = {"reason": report.close_reason.value}
            self._steps.apply(session, order, "closed", actor, {**fields, **reason}, now)

    def _lock(self, session: Session, ring_id: int, actor: Actor) -> tuple[OrderRow, CallbackRow]:
        """Order before entry, as steps lock them. Raises RingNotFoundError, RingTakenError."""
        query = select(col(CallbackRow.order_no)).where(col(CallbackRow.id) == ring_id)
        order_no = session.scalar(query)
        if order_no is None:
            raise RingNotFoundError("没有这项回拨或回访任务，请刷新列表")
        order = self._steps.lock(session, order_no)
        row = session.get(CallbackRow, ring_id, with_for_update=True, populate_existing=True)
        if row is None or not self._may(actor, row, order):
            raise RingNotFoundError("没有这项回拨或回访任务，请刷新列表")
        if row.state != "open":
            raise RingTakenError("此项任务已结束，请刷新列表")
        return order, row

    def _may(self, actor: Actor, row: CallbackRow, order: OrderRow) -> bool:
        """A follow-up asks about the handler's work, so their institution does not make it."""
        has = actor.person_id is not None and actor.person_id == order.handler
        follow_up = row.kind == RingKind.FOLLOW_UP.value
        institution = row.institution if follow_up else order.institution
        place_of = {"region": order.region, "institution": institution}
        if follow_up and has:
            return False
        if has:
            return True
        secret = order.confidential and not self._allowed(actor, Right.CONFIDENTIAL, **place_of)
        return not secret and self._allowed(actor, Right.CALLBACK, **place_of)

    def _note(
        self, order: OrderRow, row: CallbackRow, actor: Actor, report: RingReport, now: datetime
    ) -> None:
        if order.row_key is None:
            return
        entry = {
            "at": now.isoformat(timespec="seconds"),
            "by": actor.id,
            "result": report.result.value,
            "note": report.note or "",
        }
        text = json.dumps([*self._notes(order, row), entry], ensure_ascii=False)
        row.note_enc = order_key(self._ring, order).seal_text(text, _note_place(row))

    def _notes(self, order: OrderRow, row: CallbackRow) -> list[dict[str, str]]:
        if order.row_key is None or row.note_enc is None:
            return []
        text = order_key(self._ring, order).open_text(row.note_enc, _note_place(row))
        return list(json.loads(text or "[]"))

    def _taken(self, order: OrderRow, row: CallbackRow, now: datetime, *, reveal: bool) -> Taken:
        phone = name = None
        notes: tuple[dict[str, str], ...] = ()
        if reveal and order.row_key is not None:
            key = order_key(self._ring, order)

            def opened(column: str) -> str | None:
                sealed = getattr(order, f"{column}_enc")
                return key.open_text(sealed, order_place(column, order.order_no))

            phone, name = opened("phone") or opened("caller"), opened("name")
            notes = tuple(self._notes(order, row))
        return Taken(view_of_ring(row, order, now), phone, name, notes)

    def _audit(
        self,
        session: Session,
        order: OrderRow,
        row: CallbackRow,
        action: str,
        actor: Actor,
        now: datetime,
    ) -> None:
        text = f"{action}/{row.id}/{row.state}/{row.result or ''}/{row.tries}"
        audit_log.append_late(
            session,
            self._ring,
            actor=actor.id,
            action=action,
            subject=order.order_no,
            digest=self._ring.audit_mac(text.encode()),
            at=now,
        )


def _open_query(
    now: datetime, kind: RingKind | None, *, all_open: bool
) -> Select[CallbackRow, OrderRow]:
    query = (
        select(CallbackRow, OrderRow)
        .join(OrderRow, col(OrderRow.order_no) == col(CallbackRow.order_no))
        .where(col(CallbackRow.state) == "open")
        .order_by(col(CallbackRow.due_at), col(CallbackRow.id))
    )
    if kind is not None:
        query = query.where(col(CallbackRow.kind) == kind.value)
    if not all_open:
        free = or_(col(CallbackRow.taken_until).is_(None), col(CallbackRow.taken_until) <= now)
        query = query.where(col(CallbackRow.next_at) <= now, free)
    return query


def _is_for(actor: Actor, row: CallbackRow, order: OrderRow) -> bool:
    """This actor, rather than somebody else within reach, should ring."""
    if row.person_id is not None:
        return row.person_id == actor.person_id
    if row.kind == RingKind.FOLLOW_UP.value or order.institution is None:
        return True
    if order.handler is not None:
        return order.handler == actor.person_id
    return order.institution == actor.institution


def _check_held(row: CallbackRow, actor: Actor) -> None:
    if row.taken_by != actor.id:
        raise RingTakenError("请先领取此项任务，再填写结果")


def _is(order: OrderRow, state: OrderState) -> bool:
    return order.state == state.value


def _note_place(row: CallbackRow) -> bytes:
    return place("callbacks", "note", str(row.id))


def _event(name: str, row: CallbackRow, order: OrderRow, now: datetime) -> Event:
    data: dict[str, str | int | float | bool | None] = {
        "id": row.id,
        "kind": row.kind,
        "reason": row.reason,
        "result": row.result,
        "tries": row.tries,
        "institution": order.institution,
        "handler": order.handler,
    }
    return Event(name, now, order.order_no, data)
