"""Shows an order's timeline: to its party behind a signed link, to staff by right."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import OrderNotFoundError
from dispatch.life.engine import Allowed
from dispatch.life.ports import OrderEvent
from dispatch.life.rows import open_note
from dispatch.life.sight import Sight
from dispatch.records import may_rate, member
from dispatch.tracking.errors import LinkError, LinkExpiredError
from dispatch.tracking.links import LinkSigner, Purpose
from dispatch.tracking.rating import Rated, Rating, RatingDesk
from dispatch.tracking.timeline import (
    Headline,
    PartyEntry,
    StaffEntry,
    for_party,
    for_staff,
    headline,
    label_of,
)
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.order_tables import InstitutionRow
from hotline.db.tables import OrderEventRow, OrderRow
from hotline.domain.codes import OrderState, ServiceType, Terminal
from hotline.domain.people import Actor
from hotline.privacy import KeyRing

_ENDED = frozenset(
    {OrderState.RESOLVED, OrderState.CLOSED, OrderState.ARCHIVED, OrderState.MERGED}
    | {OrderState.WITHDRAWN}
)
_GONE = "这件工单的信息已按要求删除，如需帮助请拨打12348"


@dataclass(frozen=True, slots=True)
class PartyView:
    """An order as its party sees it behind a link: nothing personal, nothing of the trouble."""

    order_no: str
    state: OrderState
    headline: Headline
    service: str | None
    """Chinese name of the service; None for a confidential order."""
    filed_at: datetime
    due_at: datetime | None
    """When there should be a result; None when there is one, or no deadline runs."""
    entries: tuple[PartyEntry, ...]
    """Oldest first."""
    can_rate: bool
    """The link is for rating, and there is something to rate."""
    waits_for_rating: bool
    """There is something to rate, by this link or another."""
    rated: int | None
    """Level given since it was last resolved."""


@dataclass(frozen=True, slots=True)
class StaffTimeline:
    """An order's timeline for staff."""

    order_no: str
    entries: tuple[StaffEntry, ...]
    revealed: bool
    """Free texts are shown, and that is audited."""


class TrackingDesk:
    """Timelines and ratings."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        ratings: RatingDesk,
        allowed: Allowed,
        signer: LinkSigner | None = None,
    ) -> None:
        self._db = db
        self._ring = ring
        self._ratings = ratings
        self._sight = Sight(ring, allowed)
        self._signer = signer or LinkSigner.of(ring)

    async def by_link(self, token: str, now: datetime) -> PartyView:
        """The order a link leads to.

        Raises LinkError, LinkExpiredError (also when the party's data were erased).
        """
        link = self._signer.read(token, now)

        def work(session: Session) -> PartyView:
            order = _order_of_link(session, link.order_no)
            events = _events(session, link.order_no)
            names = _names(session, events)
            return _party_view(order, events, names, rating=link.purpose is Purpose.RATING)

        return await self._db.read(work)

    async def rate_by_link(self, token: str, rating: Rating, now: datetime) -> Rated:
        """Rate the order a rating link leads to.

        Raises LinkError (also for a link that only shows progress), LinkExpiredError and what
        ``RatingDesk.rate`` raises.
        """
        link = self._signer.read(token, now)
        if link.purpose is not Purpose.RATING:
            raise LinkError("此链接只能查看进度，请用评价短信中的链接，或拨打12348评价")
        return await self._ratings.by_terminal(link.order_no, rating, Terminal.WEB, now)

    def order_of(self, token: str, now: datetime) -> str:
        """Number of the order a link leads to. Raises LinkError, LinkExpiredError."""
        return self._signer.read(token, now).order_no

    async def for_staff(self, order_no: str, actor: Actor, now: datetime) -> StaffTimeline:
        """Every step, as this actor may see it; that texts were seen is audited.

        Raises OrderNotFoundError, StepForbiddenError (no right to read it).
        """

        def work(session: Session) -> StaffTimeline:
            order = session.get(OrderRow, order_no)
            if order is None:
                raise OrderNotFoundError("没有这个编号的工单，请核对编号")
            detail = self._sight.detail(session, order, actor, now)
            rows = _event_rows(session, order_no)
            events = [event_of(row) for row in rows]
            texts = self._texts(order, rows) if detail.revealed else None
            entries = for_staff(events, _names(session, events), texts)
            if detail.view.confidential and not detail.view.topic:  # hidden from this actor
                entries = [_bare(entry) for entry in entries]
            return StaffTimeline(order_no, tuple(entries), detail.revealed)

        return await self._db.write(work)

    def _texts(self, order: OrderRow, rows: list[OrderEventRow]) -> dict[int, dict[str, str]]:
        if order.row_key is None:
            return {}
        key = order_key(self._ring, order)
        return {row.seq: open_note(key, row) for row in rows}


def event_of(row: OrderEventRow) -> OrderEvent:
    """An event as it was when the step was taken (moments are texts, ISO 8601)."""
    return OrderEvent(
        row.order_no,
        row.seq,
        row.step,
        member(OrderState, row.from_state) if row.from_state else None,
        member(OrderState, row.to_state),
        row.actor,
        row.at,
        json.loads(row.fields_json),
    )


def _party_view(
    order: OrderRow, events: list[OrderEvent], names: dict[str, str], *, rating: bool
) -> PartyView:
    state = member(OrderState, order.state)
    waits = may_rate(order)
    return PartyView(
        order_no=order.order_no,
        state=state,
        headline=headline(state),
        service=None if order.confidential else label_of(ServiceType, order.service_type),
        filed_at=order.created_at,
        due_at=None if state in _ENDED else order.due_at,
        entries=tuple(for_party(events, names, confidential=order.confidential)),
        can_rate=rating and waits,
        waits_for_rating=waits,
        rated=order.satisfaction,
    )


def _order_of_link(session: Session, order_no: str) -> OrderRow:
    order = session.get(OrderRow, order_no)
    if order is None or order.erased_at is not None or order.state == OrderState.DRAFT.value:
        raise LinkExpiredError(_GONE)
    return order


def _event_rows(session: Session, order_no: str) -> list[OrderEventRow]:
    query = select(OrderEventRow).where(col(OrderEventRow.order_no) == order_no)
    return list(session.scalars(query.order_by(col(OrderEventRow.seq))))


def _events(session: Session, order_no: str) -> list[OrderEvent]:
    return [event_of(row) for row in _event_rows(session, order_no)]


def _names(session: Session, events: list[OrderEvent]) -> dict[str, str]:
    codes = {str(event.fields["institution"]) for event in events if "institution" in event.fields}
    query = select(InstitutionRow).where(col(InstitutionRow.code).in_(codes))
    return {row.code: row.name for row in session.scalars(query)}


def _bare(entry: StaffEntry) -> StaffEntry:
    """Of a confidential order: that there was a step, and when."""
    return StaffEntry(
        entry.seq,
        entry.at,
        entry.step,
        entry.label,
        entry.actor,
        entry.from_state,
        entry.to_state,
        (),
        None,
    )
