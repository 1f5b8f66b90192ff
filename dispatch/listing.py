"""Lists of orders as somebody may see them, page by page, latest filed first.

By the time of filing, which never changes: an order that takes a step while somebody turns the
pages would leap over them if the order of the list were that of the latest change.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import ListQueryError
from dispatch.life.engine import Allowed
from dispatch.life.sight import Sight
from hotline.accounts.rights import Reach, reach
from hotline.db import Database
from hotline.db.order_tables import OfferRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.order_codes import Right
from hotline.domain.orders import OrderView
from hotline.domain.people import Actor
from hotline.domain.regions import scope_prefix
from hotline.privacy import KeyRing, normalise_phone

MOST = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders; what is None does not matter."""

    states: tuple[OrderState, ...] = ()
    institution: str | None = None
    region: str | None = None
    card: int | None = None
    """At least this card."""
    mine: bool = False
    """Those the person handles."""
    offered: bool = False
    """Those put up for claim to the person."""
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, and where the next ones begin (None: these were the last)."""

    orders: tuple[OrderView, ...]
    next: str | None


class OrderList:
    """Lists orders within an actor's reach."""

    def __init__(self, db: Database, ring: KeyRing, allowed: Allowed) -> None:
        self._db = db
        self._ring = ring
        self._sight = Sight(ring, allowed)

    async def page(self, actor: Actor, wanted: Wanted, now: datetime) -> Page:
        """One page. Raises ListQueryError (a cursor that is none of ours)."""
        conditions = _conditions(actor, wanted, now)
        limit = max(1, min(wanted.limit, MOST))
        query = (
            select(OrderRow)
            .where(*conditions)
            .order_by(col(OrderRow.created_at).desc(), col(OrderRow.order_no).desc())
            .limit(limit + 1)
        )

        def work(session: Session) -> Page:
            rows = list(session.scalars(query))
            views = tuple(self._sight.view(row, actor) for row in rows[:limit])
            following = _cursor(rows[limit - 1]) if len(rows) > limit else None
            return Page(views, following)

        return await self._db.read(work)

    async def of_phone(self, actor: Actor, phone: str, limit: int) -> tuple[OrderView, ...]:
        """Orders of whoever this telephone belongs to or called from, latest first."""
        number = normalise_phone(phone)
        if number is None:
            return ()
        hashed = self._ring.index("phone", number)
        theirs = or_(col(OrderRow.phone_hash) == hashed, col(OrderRow.caller_hash) == hashed)
        return await self._few(actor, [theirs], limit)

    async def alike(
        self, actor: Actor, topic: str, region: str | None, limit: int
    ) -> tuple[OrderView, ...]:
        """Finished orders about the same trouble, those of the same city first."""
        conditions = [
            col(OrderRow.topic) == topic,
            col(OrderRow.state).in_([OrderState.CLOSED.value, OrderState.ARCHIVED.value]),
        ]
        city = [col(OrderRow.region).startswith(region[:4])] if region else []
        near = await self._few(actor, [*conditions, *city], limit)
        if len(near) == limit or not city:
            return near
        more = await self._few(actor, conditions, limit)
        known = {order.order_no for order in near}
        others = [order for order in more if order.order_no not in known]
        return (*near, *others)[:limit]

    async def _few(
        self, actor: Actor, conditions: list[ColumnElement[bool]], limit: int
    ) -> tuple[OrderView, ...]:
        query = (
            select(OrderRow)
            .where(_within(reach(actor, Right.READ)), *conditions)
            .order_by(col(OrderRow.created_at).desc())
            .limit(limit)
        )
        return await self._db.read(
            lambda session: tuple(self._sight.view(row, actor) for row in session.scalars(query))
        )


def _conditions(actor: Actor, wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    asked = exists().where(
        col(OfferRow.order_no) == col(OrderRow.order_no),
        col(OfferRow.person_id) == (actor.person_id or ""),
        col(OfferRow.answer).is_(None),
        col(OfferRow.until) >= now,
    )
    own = col(OrderRow.handler) == (actor.person_id or "")
    conditions = [or_(_within(reach(actor, Right.READ)), own, asked)]
    if wanted.states:
        conditions.append(col(OrderRow.state).in_([state.value for state in wanted.states]))
    if wanted.institution is not None:
        conditions.append(col(OrderRow.institution) == wanted.institution)
    if wanted.region is not None:
        conditions.append(col(OrderRow.region).startswith(scope_prefix(wanted.region)))
    if wanted.card is not None:
        conditions.append(col(OrderRow.card) >= wanted.card)
    if wanted.mine:
        conditions.append(own)
    if wanted.offered:
        conditions.append(asked)
    if wanted.cursor is not None:
        conditions.append(_after(wanted.cursor))
    return conditions


def _within(where: Reach) -> ColumnElement[bool]:
    """The rows of a reach, as one condition."""
    region, institution = col(OrderRow.region), col(OrderRow.institution)
    if where.everywhere:
        return col(OrderRow.order_no).is_not(None)

    def covered(scopes: Sequence[str]) -> list[ColumnElement[bool]]:
        return [region.startswith(scope_prefix(scope)) for scope in scopes]

    options = covered(sorted(where.regions))
    # nobody has located it: it is the province's
    if any(scope_prefix(scope) == scope_prefix("340000") for scope in where.regions):
        options.append(region.is_(None))
    if where.institutions:
        options.append(institution.in_(sorted(where.institutions)))
    options += [
        and_(institution == owner, region.startswith(scope_prefix(scope)))
        for owner, scope in sorted(where.both)
    ]
    return or_(col(OrderRow.order_no).is_(None), *options)


def _cursor(row: OrderRow) -> str:
    text = json.dumps([row.created_at.astimezone(UTC).isoformat(), row.order_no])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(cursor: str) -> ColumnElement[bool]:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        moment, order_no = json.loads(raw)
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not isinstance(order_no, str):
            raise ValueError
    except (ValueError, TypeError, binascii.Error):
        raise ListQueryError(
            "cursor：请使用上一页返回的 next，不要自行填写", field="cursor"
        ) from None
    when, number = col(OrderRow.created_at), col(OrderRow.order_no)
    return or_(when < at, and_(when == at, number < order_no))
