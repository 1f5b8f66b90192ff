"""The table of people to ring, and what steps do to it (``dispatch.life.ports.Callbacks``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.callbacks import plan
from dispatch.callbacks.plan import Again, NextWorking, Over, RingPolicy
from dispatch.daytime import DailyWindow
from dispatch.life.ports import OrderEvent, RingDo, RingEffect
from dispatch.notices.desk import is_urgent
from hotline.db.order_tables import CallbackRow
from hotline.db.tables import OrderRow
from hotline.domain.order_codes import RingKind, RingResult
from hotline.errors import SettingsError
from hotline.settings_orders import CallbackSettings


def ring_policy(settings: CallbackSettings, next_working: NextWorking | None = None) -> RingPolicy:
    """The plan these settings ask for. Raises SettingsError.

    ``next_working``: ``hotline.calendar``'s, for what institutions ring themselves.
    """
    try:
        hours = DailyWindow.parse(settings.hours)
    except ValueError as error:
        raise SettingsError(f"callbacks.hours: {error}") from None
    return RingPolicy(
        hours=hours,
        sample=settings.sample,
        max_tries=settings.max_tries,
        first_wait=timedelta(minutes=settings.first_wait_m),
        factor=settings.wait_factor,
        longest_wait=timedelta(hours=settings.longest_wait_h),
        asked_within=timedelta(minutes=settings.asked_m),
        next_working=next_working,
    )


@dataclass(frozen=True, slots=True)
class RingView:
    """Somebody to ring, as those who ring see the list. No personal data."""

    id: int
    kind: RingKind
    reason: str
    order_no: str
    order_state: str
    topic: str
    """Empty for a confidential order."""
    urgent: bool
    institution: str | None
    """Who has the order; None: nobody yet, the hotline rings."""
    handler: str | None
    due_at: datetime
    next_at: datetime
    overdue: bool
    tries: int
    state: str
    result: str | None
    """Code of the last result."""
    taken_by: str | None
    taken_until: datetime | None


def rings_at_work(kind: RingKind, order: OrderRow) -> bool:
    """An institution rings, in its working time; the hotline rings every day."""
    return kind is RingKind.CALLBACK and order.institution is not None


class RingList:
    """Puts people on the list, and takes them off, inside a step's transaction."""

    def __init__(self, policy: RingPolicy) -> None:
        self._policy = policy

    def add(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[RingEffect],
        now: datetime,
    ) -> None:
        """See ``dispatch.life.ports.Callbacks``."""
        for effect in effects:
            if effect.do is RingDo.CANCEL:
                cancel(session, order.order_no, effect.kind, effect.reason, now)
            else:
                self._open(session, order, effect, now)

    def _open(self, session: Session, order: OrderRow, effect: RingEffect, now: datetime) -> None:
        if not plan.wanted(self._policy, effect.kind, effect.reason, order.order_no):
            return
        rows = open_rows(session, order.order_no, effect.kind)
        reasons = {row.reason for row in rows}
        if effect.reason in reasons or plan.DISSATISFIED in reasons:
            return  # one call serves both
        weaker = _WEAKER.get(effect.reason)
        if weaker in reasons:
            cancel(session, order.order_no, effect.kind, weaker, now)
        at_work = rings_at_work(effect.kind, order)
        due = plan.first(self._policy, effect.kind, effect.reason, now, at_work=at_work)
        session.add(
            CallbackRow(
                kind=effect.kind.value,
                order_no=order.order_no,
                call_id=order.call_id,
                reason=effect.reason,
                due_at=due.due_at,
                next_at=due.next_at,
                state="open",
                created_at=now,
            )
        )


_WEAKER = {plan.DISSATISFIED: plan.RESOLVED, plan.EMERGENCY: plan.ASKED}
"""A reason, and the one that needs no call of its own then."""


def open_rows(session: Session, order_no: str, kind: RingKind) -> list[CallbackRow]:
    """Open entries of an order, locked."""
    session.flush()
    query = select(CallbackRow).where(
        col(CallbackRow.order_no) == order_no,
        col(CallbackRow.kind) == kind.value,
        col(CallbackRow.state) == "open",
    )
    return list(session.scalars(query.order_by(col(CallbackRow.id)).with_for_update()))


def cancel(
    session: Session, order_no: str, kind: RingKind, reason: str | None, now: datetime
) -> None:
    """Whoever was to be rung for this kind (and reason) need not be any more."""
    session.flush()
    mine = [
        col(CallbackRow.order_no) == order_no,
        col(CallbackRow.kind) == kind.value,
        col(CallbackRow.state) == "open",
    ]
    if reason:
        mine.append(col(CallbackRow.reason) == reason)
    session.execute(
        update(CallbackRow)
        .where(*mine)
        .values(state="cancelled", finished_at=now, taken_by=None, taken_until=None)
        .execution_options(synchronize_session="fetch")
    )


def keep_result(row: CallbackRow, result: RingResult, then: Again | Over, now: datetime) -> None:
    """Write down what came of a try."""
    row.result, row.tries = result.value, then.tries
    row.taken_by = row.taken_until = row.pushed_at = None
    if isinstance(then, Again):
        row.next_at = then.at
    else:
        row.state, row.finished_at = then.state, now


def view_of_ring(row: CallbackRow, order: OrderRow, now: datetime) -> RingView:
    """A row as those who ring see it."""
    taken = row.taken_until is not None and row.taken_until > now
    return RingView(
        id=row.id or 0,
        kind=RingKind(row.kind),
        reason=row.reason,
        order_no=order.order_no,
        order_state=order.state,
        topic="" if order.confidential else order.topic,
        urgent=is_urgent(order),
        institution=order.institution,
        handler=order.handler,
        due_at=row.due_at,
        next_at=row.next_at,
        overdue=row.state == "open" and row.due_at < now,
        tries=row.tries,
        state=row.state,
        result=row.result,
        taken_by=row.taken_by if taken else None,
        taken_until=row.taken_until if taken else None,
    )
