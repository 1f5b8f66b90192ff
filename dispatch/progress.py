"""Progress of orders, for callers and terminals: by number, or by phone and check digits."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import OrderNotFoundError
from dispatch.numbers import is_order_no
from dispatch.records import view_of
from hotline.db import Database
from hotline.db.tables import OrderRow
from hotline.domain.orders import OrderView
from hotline.privacy import KeyRing, normalise_phone

CHECK_DIGITS = 4


class Progress:
    """Looks orders up. Gives views without personal data."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db = db
        self._ring = ring

    async def by_number(self, order_no: str) -> OrderView:
        """The order with this number (blanks allowed).

        Raises OrderNotFoundError; its message tells a number that cannot be right from an
        unknown one.
        """
        plain = "".join(order_no.split())
        if not is_order_no(plain):
            raise OrderNotFoundError("工单编号不对：应为14位数字，请核对后再报一遍")

        def work(session: Session) -> OrderView | None:
            row = session.get(OrderRow, plain)
            return view_of(row) if row else None

        found = await self._db.read(work)
        if found is None:
            raise OrderNotFoundError("没有这个编号的工单，请核对编号")
        return found

    async def by_phone(self, phone: str, check_digits: str) -> OrderView:
        """The latest order of this phone (caller's or contact's) whose number ends in the digits.

        ``check_digits``: the last 4 of the order number, so that knowing a phone is not enough.
        Raises OrderNotFoundError.
        """
        found = await self._of_phone(phone, check_digits) if _is_tail(check_digits) else []
        if not found:
            raise OrderNotFoundError("这个号码没有尾号相符的工单，请核对后四位")
        return found[0]

    async def latest_of_phone(self, phone: str, count: int = 3) -> list[OrderView]:
        """The latest orders of a phone, newest first. For terminals that know who is asking."""
        return (await self._of_phone(phone, ""))[:count]

    async def _of_phone(self, phone: str, tail: str) -> list[OrderView]:
        number = normalise_phone(phone)
        if number is None:
            return []
        hashed = self._ring.index("phone", number)
        query = (
            select(OrderRow)
            .where(or_(col(OrderRow.caller_hash) == hashed, col(OrderRow.phone_hash) == hashed))
            .order_by(col(OrderRow.created_at).desc(), col(OrderRow.order_no).desc())
        )
        if tail:
            query = query.where(col(OrderRow.order_no).endswith(tail))
        return await self._db.read(lambda session: [view_of(row) for row in session.scalars(query)])


def _is_tail(tail: str) -> bool:
    return len(tail) == CHECK_DIGITS and tail.isascii() and tail.isdigit()
