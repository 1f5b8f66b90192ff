"""Seats in the database: who is signed in where, and how long each state lasted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.desk_tables import SeatIntervalRow, SeatRow
from hotline.db.engine import Database
from hotline.domain.seats import BreakReason, SeatCause, SeatInterval, SeatState


@dataclass(frozen=True, slots=True)
class KeptSeat:
    """A seat somebody is signed in to, as a restarted hotline finds it."""

    person_id: str
    line: str
    """Name of its SIP account."""
    state: SeatState
    since: datetime
    reason: BreakReason | None = None
    call_id: str | None = None


class SeatStore:
    """Keeps seats of one node and everybody's intervals."""

    def __init__(self, db: Database, node: str) -> None:
        self._db = db
        self._node = node

    async def keep(self, seat: KeptSeat, ended: SeatInterval | None = None) -> None:
        """A seat is in this state now; the interval before it is over."""

        def work(session: Session) -> None:
            row = session.get(SeatRow, seat.person_id)
            if row is None:
                row = SeatRow(
                    person_id=seat.person_id,
                    line=seat.line,
                    node=self._node,
                    state=seat.state.value,
                    since=seat.since,
                    signed_in_at=seat.since,
                )
                session.add(row)
            row.line, row.node = seat.line, self._node
            row.state, row.since, row.call_id = seat.state.value, seat.since, seat.call_id
            row.reason = seat.reason.value if seat.reason else None
            _add(session, ended)

        await self._db.write(work)

    async def drop(self, person_id: str, ended: SeatInterval | None = None) -> None:
        """Somebody has signed out."""

        def work(session: Session) -> None:
            session.execute(delete(SeatRow).where(col(SeatRow.person_id) == person_id))
            _add(session, ended)

        await self._db.write(work)

    async def kept(self) -> list[KeptSeat]:
        """The seats of this node."""

        def work(session: Session) -> list[KeptSeat]:
            rows = session.scalars(select(SeatRow).where(col(SeatRow.node) == self._node))
            return [
                KeptSeat(
                    row.person_id,
                    row.line,
                    SeatState(row.state),
                    row.since,
                    BreakReason(row.reason) if row.reason else None,
                    row.call_id,
                )
                for row in rows
            ]

        return await self._db.read(work)

    async def intervals(
        self, since: datetime, *, person_id: str | None = None
    ) -> Sequence[SeatInterval]:
        """Intervals that ended at or after ``since``, in the order in which they began."""

        def work(session: Session) -> list[SeatInterval]:
            query = select(SeatIntervalRow).where(col(SeatIntervalRow.ended_at) >= since)
            if person_id is not None:
                query = query.where(col(SeatIntervalRow.person_id) == person_id)
            rows = session.scalars(
                query.order_by(col(SeatIntervalRow.began_at), col(SeatIntervalRow.id))
            )
            return [
                SeatInterval(
                    row.person_id,
                    SeatState(row.state),
                    BreakReason(row.reason) if row.reason else None,
                    row.began_at,
                    row.ended_at,
                    SeatCause(row.cause),
                    row.call_id,
                )
                for row in rows
            ]

        return await self._db.read(work)


def _add(session: Session, ended: SeatInterval | None) -> None:
    if ended is not None:
        session.add(
            SeatIntervalRow(
                person_id=ended.person_id,
                state=ended.state.value,
                reason=ended.reason.value if ended.reason else None,
                began_at=ended.began_at,
                ended_at=ended.ended_at,
                cause=ended.cause.value,
                call_id=ended.call_id,
            )
        )
