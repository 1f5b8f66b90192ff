"""Orders out, each as the actor may see it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.rights import Reach, reach
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.tables import OrderRow
from hotline.domain.order_codes import Right
from hotline.exchange.ask import Ask, Page
from hotline.exchange.fields import ORDERS
from hotline.privacy import KeyRing, hide_text, mask_name, mask_phone, place

_SEALED = {
    "contact_name": ("name", mask_name),
    "contact_phone": ("phone", mask_phone),
    "caller_number": ("caller", mask_phone),
    "description": ("description", hide_text),
}
"""Field → (column without ``_enc``, its mask)."""
_TOLD = {"title", "topic", "act"}
"""What tells what a confidential order is about."""


async def order_pages(db: Database, ring: KeyRing, ask: Ask, size: int) -> AsyncIterator[Page]:
    """Orders the actor may read, by the time they were received; ``size`` at a time."""
    rights = {
        right: reach(ask.actor, right) for right in (Right.READ, Right.REVEAL, Right.CONFIDENTIAL)
    }
    after: tuple[Any, str] | None = None
    while True:

        def work(session: Session, after: tuple[Any, str] | None = after) -> tuple[Any, Page]:
            made, number = col(OrderRow.created_at), col(OrderRow.order_no)
            query = select(OrderRow).order_by(made, number).limit(size)
            if after is not None:
                later = or_(made > after[0], and_(made == after[0], number > after[1]))
                query = query.where(later)
            if ask.since is not None:
                query = query.where(made >= ask.since)
            if ask.until is not None:
                query = query.where(made < ask.until)
            rows = session.scalars(query).all()
            page: Page = [
                _values(ring, row, rights, reveal=ask.reveal)
                for row in rows
                if _holds(rights[Right.READ], row)
            ]
            return ((rows[-1].created_at, rows[-1].order_no) if rows else None), page

        after, page = await db.read(work)
        if after is None:
            return
        yield page


def _values(
    ring: KeyRing, row: OrderRow, rights: Mapping[Right, Reach], *, reveal: bool
) -> Mapping[str, Any]:
    hidden = row.confidential and not _holds(rights[Right.CONFIDENTIAL], row)
    whole = reveal and not hidden and _holds(rights[Right.REVEAL], row)
    values: dict[str, Any] = {}
    for field in ORDERS.fields:
        if field.name in _SEALED:
            values[field.name] = None if hidden else _open(ring, row, field.name, whole=whole)
        elif hidden and field.name in _TOLD:
            values[field.name] = None
        else:
            values[field.name] = getattr(row, field.name)
    for name in ("card", "satisfaction"):  # numbers in the table, codes in the file
        values[name] = None if values[name] is None else str(values[name])
    return values


def _open(ring: KeyRing, row: OrderRow, name: str, *, whole: bool) -> str | None:
    column, mask = _SEALED[name]
    blob: bytes | None = getattr(row, f"{column}_enc")
    if row.row_key is None or blob is None:
        return None
    told = order_key(ring, row).open_text(blob, place("orders", column, row.order_no))
    return told if whole else mask(told)


def _holds(own: Reach, row: OrderRow) -> bool:
    return own.holds(region=row.region, institution=row.institution)
