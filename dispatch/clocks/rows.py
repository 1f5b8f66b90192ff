"""Clocks in the tables: effects of steps, what is due, what is next. Inside others' transactions.

Whoever changes an order's clocks holds the lock of the order's row; the clocks' own rows are never
locked. So a step and the scan cannot wait for each other crosswise.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.clocks.limits import Facts
from dispatch.clocks.policy import Policy, Running
from dispatch.life.ports import ClockDo, ClockEffect, ClockFacts, OrderEvent
from dispatch.records import member
from hotline.calendar import Span
from hotline.db.order_tables import OrderClockRow
from hotline.db.tables import OrderRow
from hotline.domain.order_codes import Clock

Rows = dict[Clock, OrderClockRow]


class ClockRoom:
    """``dispatch.life.ports.Clocks``: carries out what steps do to clocks."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def apply(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[ClockEffect],
        now: datetime,
    ) -> ClockFacts:
        """Carry the effects out in sequence; what the clocks say afterwards."""
        rows = _rows_of(session, order.order_no)
        facts = facts_of(order)
        for effect in effects:
            self._do(session, order.order_no, rows, effect, facts, now)
        session.flush()
        running = [read(row) for row in rows.values()]
        return ClockFacts(due_at=_promised(running), card=worst(running))

    def _do(
        self,
        session: Session,
        order_no: str,
        rows: Rows,
        effect: ClockEffect,
        facts: Facts,
        now: datetime,
    ) -> None:
        row = rows.get(effect.clock)
        if effect.do is ClockDo.START:
            begun = self._policy.start(effect.clock, facts, now, effect.until)
            if row is None:
                row = rows[effect.clock] = new_row(order_no, begun)
                session.add(row)
            self.write(row, begun)
        elif row is None:
            return
        elif effect.do is ClockDo.STOP:
            session.delete(rows.pop(effect.clock))
        else:
            self.write(row, self._changed(read(row), effect, facts, now))

    def _changed(self, clock: Running, effect: ClockEffect, facts: Facts, now: datetime) -> Running:
        match effect.do:
            case ClockDo.PAUSE:
                return self._policy.pause(clock, now)
            case ClockDo.RESUME:
                return self._policy.resume(clock, now)
            case ClockDo.RECKON:
                return self._policy.reckon(clock, facts, now)
            case ClockDo.EXTEND if effect.until is not None:
                return self._policy.extend(clock, effect.until)
        raise ValueError(f"{effect.clock}: {effect.do} needs a new deadline")

    def write(self, row: OrderClockRow, clock: Running) -> None:
        """The clock into its row, and when there is something to do about it next."""
        row.started_at = clock.started_at
        row.due_at = clock.due_at
        row.warn_at = clock.warn_at
        row.span = str(clock.span)
        row.level = clock.level
        row.paused_at = clock.paused_at
        row.left_s = clock.left_s
        row.next_at = self._policy.next_at(clock)


def read(row: OrderClockRow) -> Running:
    """A row's clock."""
    return Running(
        clock=member(Clock, row.clock),
        started_at=row.started_at,
        due_at=row.due_at,
        warn_at=row.warn_at,
        span=Span.parse(row.span),
        level=row.level,
        paused_at=row.paused_at,
        left_s=row.left_s,
    )


def clocks_of(session: Session, order_no: str) -> list[Running]:
    """An order's clocks, the one due first first."""
    rows = _rows_of(session, order_no).values()
    return sorted((read(row) for row in rows), key=lambda clock: clock.due_at)


def worst(clocks: Iterable[Running]) -> int:
    """The worst card of running clocks: 0 none, 1 yellow, 2 red."""
    return max((clock.card for clock in clocks), default=0)


def facts_of(order: OrderRow) -> Facts:
    """What deadlines depend on."""
    return Facts(
        urgency=order.urgency,
        service_type=order.service_type,
        topic=order.topic,
        region=order.region,
        complexity=order.complexity,
        reopened=order.reopened > 0,
    )


def _promised(clocks: Iterable[Running]) -> datetime | None:
    """When the party is to have the result."""
    for clock in clocks:
        if clock.clock is Clock.FEEDBACK and clock.paused_at is None:
            return clock.due_at
    return None


def _rows_of(session: Session, order_no: str) -> Rows:
    query = select(OrderClockRow).where(col(OrderClockRow.order_no) == order_no)
    return {member(Clock, row.clock): row for row in session.scalars(query)}


def new_row(order_no: str, clock: Running) -> OrderClockRow:
    """A row for a clock that begins; ``ClockRoom.write`` fills it."""
    return OrderClockRow(
        order_no=order_no,
        clock=clock.clock.value,
        started_at=clock.started_at,
        due_at=clock.due_at,
    )
