"""How the party rates what was done: once for each time an order was resolved, at any terminal.

Whatever the terminal (link, bot, seat, API), a rating goes through ``RatingDesk``: the step
``rated`` and the row of ``ratings`` are one transaction, and so is the reopening that may follow.
Following up the dissatisfied is the steps table's own effect.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import OrderNotFoundError
from dispatch.life.actors import SYSTEM, terminal_actor
from dispatch.life.engine import DISSATISFIED
from dispatch.life.fields import check_text
from dispatch.life.ports import Steps
from dispatch.records import may_rate, view_of
from dispatch.tracking.errors import RatingInputError
from hotline import metrics
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.order_tables import RatingRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import Satisfaction, Terminal
from hotline.domain.orders import OrderView
from hotline.domain.people import Actor
from hotline.privacy import KeyRing, normalise_phone, place

MAX_COMMENT = 500
_TAIL = 4
Reopen = Literal["asked", "always", "never"]
_REOPEN_NOTE = "当事人评价为{label}，按其要求重新办理"
_REOPEN_ALWAYS = "当事人评价为{label}，自动重新办理"


@dataclass(frozen=True, slots=True)
class Rating:
    """What the party says."""

    level: Satisfaction
    comment: str | None = None
    """Personal data: sealed."""
    again: bool = False
    """They want it done again (counts when they are not satisfied)."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What came of a rating."""

    order_no: str
    level: Satisfaction
    round: int
    """0 after the first resolving, 1 after the first reopening, …"""
    reopened: bool
    followed_up: bool
    """A person will ring and ask."""


@dataclass(frozen=True, slots=True)
class RatingView:
    """A rating as staff see it."""

    round: int
    level: Satisfaction
    terminal: str
    at: datetime
    comment: str | None
    """None when there is none, or not for this viewer."""


def read_level(value: object) -> Satisfaction:
    """The level of a code (``"5"``, 5). Raises RatingInputError."""
    found = next((level for level in Satisfaction if level.value == str(value)), None)
    if found is None or isinstance(value, bool):
        names = "、".join(f"{level.value}（{level.label}）" for level in Satisfaction)
        raise RatingInputError(f"level：请选择满意度：{names}", field="level")
    return found


class RatingDesk:
    """Takes ratings."""

    def __init__(self, db: Database, ring: KeyRing, steps: Steps, reopen: Reopen = "asked") -> None:
        """``reopen``: what a level of 1 or 2 leads to (``tracking.reopen``)."""
        self._db = db
        self._ring = ring
        self._steps = steps
        self._reopen = reopen

    async def rate(
        self, order_no: str, rating: Rating, actor: Actor, terminal: Terminal, now: datetime
    ) -> Rated:
        """Rate an order for its party; who asks was checked at the door (API key, signed link).

        Raises OrderNotFoundError, RatingInputError, AlreadyRatedError, StepError and its kinds.
        """

        def work(session: Session) -> Rated:
            order = self._steps.lock(session, order_no)
            return self.rate_in(session, order, rating, actor, terminal, now)

        return self._count(await self._db.write(work), terminal)

    async def by_terminal(
        self, order_no: str, rating: Rating, terminal: Terminal, now: datetime
    ) -> Rated:
        """``rate`` for a terminal that knows its party (signed link, web, counter)."""
        return await self.rate(order_no, rating, terminal_actor(terminal), terminal, now)

    async def rateable(self, phone: str) -> tuple[OrderView, ...]:
        """Orders of this telephone that wait for a rating, latest first: the bot asks for one."""
        hashed = self._hash(phone)
        if hashed is None:
            return ()

        def work(session: Session) -> tuple[OrderView, ...]:
            return tuple(view_of(row) for row in _of_phone(session, hashed) if may_rate(row))

        return await self._db.read(work)

    async def by_phone(
        self,
        phone: str,
        tail: str,
        rating: Rating,
        now: datetime,
        terminal: Terminal = Terminal.PHONE_BOT,
    ) -> Rated:
        """Rate the latest order of this telephone whose number ends in the 4 digits ``tail``.

        A telephone alone is not enough, as with progress. Raises OrderNotFoundError and what
        ``rate`` raises.
        """
        hashed = self._hash(phone)

        def work(session: Session) -> Rated:
            rows = _of_phone(session, hashed) if hashed and _is_tail(tail) else []
            mine = [row for row in rows if row.order_no.endswith(tail)]
            if not mine:
                raise OrderNotFoundError("这个号码没有尾号相符的工单，请核对后四位")
            chosen = next((row for row in mine if may_rate(row)), mine[0])
            order = self._steps.lock(session, chosen.order_no)
            return self.rate_in(session, order, rating, terminal_actor(terminal), terminal, now)

        return self._count(await self._db.write(work), terminal)

    def rate_in(
        self,
        session: Session,
        order: OrderRow,
        rating: Rating,
        actor: Actor,
        terminal: Terminal,
        now: datetime,
        *,
        reopen: bool = True,
    ) -> Rated:
        """``rate`` inside somebody's transaction, on a locked row.

        ``reopen``: False when a person decides about it in the same transaction.
        """
        rating = _clean(rating)
        fields = {"level": rating.level.value, "terminal": terminal.value}
        if rating.comment:
            fields["comment"] = rating.comment
        round_ = order.reopened
        self._steps.apply(session, order, "rated", actor, fields, now)
        session.add(self._row(order, round_, rating, terminal, now))
        session.flush()
        unhappy = int(rating.level.value) <= DISSATISFIED
        again = reopen and unhappy and self._wants_again(rating)
        if again:
            text = _REOPEN_NOTE if rating.again else _REOPEN_ALWAYS
            note = {"note": text.format(label=rating.level.label)}
            self._steps.apply(session, order, "reopened", SYSTEM, note, now)
        return Rated(order.order_no, rating.level, round_, again, unhappy)

    async def of_order(self, order_no: str, *, reveal: bool = False) -> list[RatingView]:
        """All ratings of an order, oldest first; comments only with ``reveal``."""

        def work(session: Session) -> list[RatingView]:
            order = session.get(OrderRow, order_no)
            query = select(RatingRow).where(col(RatingRow.order_no) == order_no)
            rows = session.scalars(query.order_by(col(RatingRow.round)))
            return [self._view(order if reveal else None, row) for row in rows]

        return await self._db.read(work)

    def _wants_again(self, rating: Rating) -> bool:
        return self._reopen == "always" or (self._reopen == "asked" and rating.again)

    def _row(
        self, order: OrderRow, round_: int, rating: Rating, terminal: Terminal, now: datetime
    ) -> RatingRow:
        sealed = None
        if rating.comment:
            where = _comment_place(order.order_no, round_)
            sealed = order_key(self._ring, order).seal_text(rating.comment, where)
        return RatingRow(
            order_no=order.order_no,
            round=round_,
            level=int(rating.level.value),
            terminal=terminal.value,
            comment_enc=sealed,
            at=now,
        )

    def _view(self, order: OrderRow | None, row: RatingRow) -> RatingView:
        comment = None
        if order is not None and order.row_key is not None:
            where = _comment_place(row.order_no, row.round)
            comment = order_key(self._ring, order).open_text(row.comment_enc, where)
        return RatingView(row.round, read_level(row.level), row.terminal, row.at, comment)

    def _hash(self, phone: str) -> str | None:
        number = normalise_phone(phone)
        return None if number is None else self._ring.index("phone", number)

    def _count(self, rated: Rated, terminal: Terminal) -> Rated:
        metrics.RATINGS.labels(terminal.value).inc()
        return rated


def _clean(rating: Rating) -> Rating:
    comment = (rating.comment or "").strip() or None
    problem = check_text(comment, MAX_COMMENT) if comment else None
    if problem:
        raise RatingInputError(f"comment：意见{problem}", field="comment")
    return replace(rating, comment=comment)


def _comment_place(order_no: str, round_: int) -> bytes:
    return place("ratings", "comment", f"{order_no}/{round_}")


def _of_phone(session: Session, hashed: str) -> list[OrderRow]:
    mine = or_(col(OrderRow.caller_hash) == hashed, col(OrderRow.phone_hash) == hashed)
    query = select(OrderRow).where(mine)
    latest = query.order_by(col(OrderRow.created_at).desc(), col(OrderRow.order_no).desc())
    return list(session.scalars(latest))


def _is_tail(tail: str) -> bool:
    return len(tail) == _TAIL and tail.isascii() and tail.isdigit()
