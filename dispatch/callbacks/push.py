"""Tells seats whom to ring now: a bus event ``callback.due`` for each entry that has come due."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.notices.desk import is_urgent
from hotline.db import Database
from hotline.db.order_tables import CallbackRow
from hotline.db.tables import OrderRow
from hotline.domain.events import Event
from hotline.domain.order_codes import RingKind
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)
POLL_S = 5.0
_BATCH = 100

OnDuty = Callable[[Session, str | None, str | None, datetime], Sequence[str]]
"""(session, institution, region, now) → ids of the people on duty there; empty: not known."""


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


class RingPusher:
    """Looks for what has come due, and says so once (again after a new wait or a lapsed lease)."""

    def __init__(
        self,
        db: Database,
        publish: Callable[[Event], None],
        *,
        on_duty: OnDuty | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._publish = publish
        self._on_duty = on_duty
        self._clock = clock
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """``run`` returns after its turn."""
        self._stop.set()

    async def run(self) -> None:
        """Push until ``stop``."""
        while not self._stop.is_set():
            try:
                more = await self.turn() == _BATCH
            except HotlineError as error:
                log.error("callbacks_unavailable", code=error.code)
                more = False
            try:
                async with asyncio.timeout(0 if more else POLL_S):
                    await self._stop.wait()
            except TimeoutError:
                pass

    async def turn(self) -> int:
        """Tell of all that is due now (a hundred at most); how many that were."""
        now = self._clock()
        if not await self._db.read(lambda session: _due(session, now, 1, lock=False)):
            return 0
        events = await self._db.write(lambda session: self._mark(session, now))
        for event in events:
            self._publish(event)
        return len(events)

    def _mark(self, session: Session, now: datetime) -> list[Event]:
        events = []
        for row, order in _due(session, now, _BATCH, lock=True):
            row.pushed_at = now
            events.append(self._event(session, row, order, now))
        return events

    def _event(self, session: Session, row: CallbackRow, order: OrderRow, now: datetime) -> Event:
        follow_up = row.kind == RingKind.FOLLOW_UP.value
        institution = row.institution if follow_up else order.institution
        person = row.person_id or (None if follow_up else order.handler)
        on_duty: Sequence[str] = ()
        if person is None and self._on_duty is not None:
            on_duty = self._on_duty(session, institution, order.region, now)
        data: dict[str, str | int | float | bool | None] = {
            "id": row.id,
            "kind": row.kind,
            "reason": row.reason,
            "tries": row.tries,
            "urgent": is_urgent(order),
            "institution": institution,
            "region": None if order.confidential else order.region,
            "person": person,
            "on_duty": ",".join(on_duty),
        }
        return Event("callback.due", now, order.order_no, data)


def _due(
    session: Session, now: datetime, limit: int, *, lock: bool
) -> list[tuple[CallbackRow, OrderRow]]:
    lapsed = and_(
        col(CallbackRow.taken_until) <= now,
        col(CallbackRow.pushed_at) < col(CallbackRow.taken_until),
    )
    free = or_(col(CallbackRow.taken_until).is_(None), col(CallbackRow.taken_until) <= now)
    query = (
        select(CallbackRow, OrderRow)
        .join(OrderRow, col(OrderRow.order_no) == col(CallbackRow.order_no))
        .where(
            col(CallbackRow.state) == "open",
            col(CallbackRow.next_at) <= now,
            free,
            or_(col(CallbackRow.pushed_at).is_(None), lapsed),
        )
        .order_by(col(CallbackRow.due_at), col(CallbackRow.id))
        .limit(limit)
    )
    if lock:
        query = query.with_for_update(skip_locked=True, of=CallbackRow)
    return [(row, order) for row, order in session.execute(query)]
