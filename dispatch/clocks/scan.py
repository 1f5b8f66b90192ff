"""The scan: finds what is due by one index, and handles only that; the shell around ``policy``.

One look reads the numbers of the orders with something due; then they are handled in small
transactions. Any number of processes may scan one database: each passes over orders that somebody
else has locked (PostgreSQL; SQLite has one writer at a time anyhow) and finds those already handled
no longer due.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.clocks.guard import ClockGuard
from dispatch.clocks.policy import Act, Escalate, Expire, GiveCard, Policy
from dispatch.clocks.ports import Expiry
from dispatch.clocks.rows import ClockRoom, read
from dispatch.errors import StepError
from dispatch.life.actors import SYSTEM
from dispatch.life.ports import Steps
from hotline import metrics
from hotline.db import Database
from hotline.db.order_tables import OrderClockRow
from hotline.db.tables import OrderRow
from hotline.errors import HotlineError, UnavailableError

log = structlog.get_logger(__name__)
LOOK = 1000
"""Orders found at once."""
BATCH = 20
"""Orders in one transaction: short enough for a caller's order to get in between."""
LATER = timedelta(minutes=10)
"""When an order that could not be handled is looked at again."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one scan did."""

    orders: int
    acts: int
    next_at: datetime | None
    """When something is due next; None: nothing runs."""


class DeadlineScanner:
    """Gives cards, escalates and ends offers when they are due."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        steps: Steps,
        *,
        expiry: Expiry | None = None,
        clock: Callable[[], datetime],
        running: Callable[[], float] = time.monotonic,
        poll_s: float = 15.0,
        batch: int = BATCH,
    ) -> None:
        """``clock``: the wall clock; ``running``: one that is never set. ``poll_s``: longest wait
        between two looks, for clocks other processes started and for a wall clock that was set.
        """
        self._db = db
        self._policy = policy
        self._room = ClockRoom(policy)
        self._steps = steps
        self._expiry = expiry
        self._clock = clock
        self._running = running
        self._poll_s = poll_s
        self._batch = batch
        self._guard = ClockGuard()
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look at once. From the event loop's thread only."""
        self._wake.set()

    def stop(self) -> None:
        """End after the batch at hand. ``run`` then returns."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Scan until ``stop``. May be cancelled or killed at any time: nothing is lost."""
        while not self._stopping:
            self._wake.clear()
            try:
                async with asyncio.timeout(await self._turn()):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def scan(self, now: datetime) -> Scanned:
        """Everything due at ``now``. Raises the database's errors."""
        orders = acts = 0
        while not self._stopping:
            found = await self._db.read(lambda session: find_due(session, now, LOOK))
            handled = await self._handle_all(found, now)
            orders += handled.orders
            acts += handled.acts
            if not handled.orders:  # nothing is due, or others have locked what is
                break
        return Scanned(orders, acts, await self._db.read(next_at))

    async def _turn(self) -> float:
        """Scan once, if the time can be believed; seconds until the next look."""
        now, running = self._clock(), self._running()
        jumped = self._guard.jump(now, running)
        if jumped:
            log.warning("clock_was_set", seconds=round(jumped))
        if held := self._guard.wait(running):
            return min(held, self._poll_s)
        try:
            scanned = await self.scan(now)
        except HotlineError as error:
            log.error("deadline_scan_failed", code=error.code)
            return self._poll_s
        if scanned.next_at is None:
            return self._poll_s
        wait = (scanned.next_at - self._clock()).total_seconds()
        # what was passed over (locked by others) is due still: come back, but not in a frenzy
        return min(self._poll_s, max(0.5, wait))

    async def _handle_all(self, found: Sequence[str], now: datetime) -> "_Handled":
        handled = _Handled(0, 0)
        for start in range(0, len(found), self._batch):
            if self._stopping:
                break
            handled += await self._take(found[start : start + self._batch], now)
        return handled

    async def _take(self, numbers: Sequence[str], now: datetime) -> "_Handled":
        """One batch; if something in it breaks, its orders one by one, the broken ones later."""

        def work(session: Session) -> _Handled:
            return self._handle(session, _lock(session, numbers), now)

        try:
            return await self._db.write(work)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one broken order must not stop all deadlines
            log.error("deadline_batch_failed", error=type(error).__name__)
        handled = _Handled(0, 0)
        for number in numbers:
            handled += await self._take_one(number, now)
        return handled

    async def _take_one(self, order_no: str, now: datetime) -> "_Handled":
        def work(session: Session) -> _Handled:
            return self._handle(session, _lock(session, [order_no]), now)

        try:
            return await self._db.write(work)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            log.error("deadline_failed", order_no=order_no, error=type(error).__name__)
            metrics.DEADLINE_ERRORS.inc()
            await self._db.write(lambda session: _defer(session, order_no, now))
            return _Handled(1, 0)

    def _handle(self, session: Session, orders: Sequence[OrderRow], now: datetime) -> "_Handled":
        """Whatever is due of these locked orders.

        The clocks are read after the lock: what was due before may have been stopped since.
        """
        by_number = {order.order_no: order for order in orders}
        query = (
            select(OrderClockRow)
            .where(col(OrderClockRow.order_no).in_(by_number), col(OrderClockRow.next_at) <= now)
            .order_by(col(OrderClockRow.order_no), col(OrderClockRow.next_at))
        )
        rows = session.scalars(query).all()
        acts = sum(self._handle_clock(session, by_number[row.order_no], row, now) for row in rows)
        return _Handled(len({row.order_no for row in rows}), acts)

    def _handle_clock(
        self, session: Session, order: OrderRow, row: OrderClockRow, now: datetime
    ) -> int:
        done = 0
        while _is_due(row, now):
            clock = read(row)
            due = self._policy.decide(clock, now)
            if not due:  # the settings have changed since its time was written
                self._room.write(row, clock)
                break
            self._room.write(row, replace(clock, level=due[0].level))  # flushed by the step
            if not self._act(session, order, due[0].act, now):
                self._room.write(row, clock)
                row.next_at = now + LATER
                break
            done += 1
        return done

    def _act(self, session: Session, order: OrderRow, act: Act, now: datetime) -> bool:
        """Take the step; False: it cannot be taken now, and nothing has changed."""
        if isinstance(act, Expire) and self._expiry is None:
            return False
        try:
            if isinstance(act, Expire):
                with session.begin_nested():
                    self._step(session, order, act, now)
            else:
                self._step(session, order, act, now)
        except StepError as error:
            log.warning("deadline_step_refused", order_no=order.order_no, code=error.code)
            return False
        metrics.DEADLINE_ACTS.labels(act.clock.value, _name(act)).inc()
        return True

    def _step(self, session: Session, order: OrderRow, act: Act, now: datetime) -> None:
        match act:
            case GiveCard(clock, card):
                fields = {"clock": clock.value, "card": card.value}
                self._steps.apply(session, order, "carded", SYSTEM, fields, now)
            case Escalate(clock, level):
                told = {"clock": clock.value, "level": level}
                self._steps.apply(session, order, "escalated", SYSTEM, told, now)
            case Expire(clock) if self._expiry is not None:
                self._expiry.expired(session, self._steps, order, clock, now)


@dataclass(frozen=True, slots=True)
class _Handled:
    orders: int
    acts: int

    def __add__(self, other: "_Handled") -> "_Handled":
        return _Handled(self.orders + other.orders, self.acts + other.acts)


def find_due(session: Session, now: datetime, limit: int) -> list[str]:
    """Numbers of orders with something due, the longest due first. Reads the index of what is due
    alone, so it costs the same whatever is open.
    """
    query = (
        select(col(OrderClockRow.order_no))
        .where(col(OrderClockRow.next_at) <= now)
        .order_by(col(OrderClockRow.next_at))
        .limit(limit)
    )
    return list(dict.fromkeys(session.scalars(query)))


def _lock(session: Session, numbers: Sequence[str]) -> Sequence[OrderRow]:
    """These orders, locked; without those others have locked: nobody waits for the other."""
    query = (
        select(OrderRow)
        .where(col(OrderRow.order_no).in_(numbers))
        .order_by(col(OrderRow.order_no))
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def next_at(session: Session) -> datetime | None:
    """When something is due next; None: nothing runs. Reads one entry of the same index."""
    return session.scalar(select(func.min(col(OrderClockRow.next_at))))


def _is_due(row: OrderClockRow, now: datetime) -> bool:
    """Still: a step taken for another clock may have stopped, paused or moved this one."""
    gone = not inspect(row).persistent
    return not gone and row.next_at is not None and row.next_at <= now


def _defer(session: Session, order_no: str, now: datetime) -> None:
    session.execute(
        update(OrderClockRow)
        .where(col(OrderClockRow.order_no) == order_no, col(OrderClockRow.next_at) <= now)
        .values(next_at=now + LATER)
    )


def _name(act: Act) -> str:
    match act:
        case GiveCard(_, card):
            return card.name.lower()
        case Escalate():
            return "escalated"
        case Expire():
            return "expired"
