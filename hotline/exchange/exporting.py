"""Files out: page by page, so that memory does not grow with the file; by right, row by row."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.institutions import all_institutions
from hotline.accounts.people import people_of
from hotline.accounts.rights import reach
from hotline.db import Database, audit_log
from hotline.db.order_tables import DutyRow, PersonRow
from hotline.domain.order_codes import Right
from hotline.domain.standard import CodeTable
from hotline.exchange.ask import Ask, Page
from hotline.exchange.fields import DUTIES, INSTITUTIONS, ORDERS, PEOPLE, Record
from hotline.exchange.files import Writer
from hotline.exchange.orders import order_pages
from hotline.privacy import KeyRing
from hotline.roster.store import duty_of

PAGE = 500
Progress = Callable[[str, int, int], None]


def _silent(what: str, done: int, whole: int) -> None:
    """Tells nobody."""


class Exporter:
    """Writes what somebody may see into a file."""

    def __init__(self, db: Database, ring: KeyRing, tables: Mapping[str, CodeTable]) -> None:
        self._db = db
        self._ring = ring
        self._tables = tables

    async def export(
        self, record: Record, path: Path, ask: Ask, progress: Progress = _silent
    ) -> int:
        """Write the file, or leave the old one as it is; returns the number of rows.

        Revealing personal data adds a link to the audit chain. Raises FileError.
        """
        pages = {
            ORDERS.id: order_pages(self._db, self._ring, ask, PAGE),
            INSTITUTIONS.id: self._institutions(ask),
            PEOPLE.id: self._people(ask),
            DUTIES.id: self._duties(ask),
        }[record.id]
        if ask.reveal:
            await self._note(record, ask)
        with Writer(path, record, self._tables) as writer:
            async for page in pages:
                for values in page:
                    writer.add(values)
                progress("导出", writer.rows, 0)
        return writer.rows

    async def _institutions(self, ask: Ask) -> AsyncIterator[Page]:
        found = await self._db.read(lambda session: all_institutions(session))
        yield [_flat(one, INSTITUTIONS) for one in found]

    async def _people(self, ask: Ask) -> AsyncIterator[Page]:
        own = reach(ask.actor, Right.PEOPLE)
        places = {
            one.code: one.region
            for one in await self._db.read(lambda session: all_institutions(session))
        }
        after = ""
        while True:

            def work(session: Session, after: str = after) -> tuple[str | None, Page]:
                key = col(PersonRow.staff_no)
                query = select(PersonRow).where(key > after).order_by(key).limit(PAGE)
                rows = session.scalars(query).all()
                seen = [
                    row
                    for row in rows
                    if own.holds(
                        region=places.get(row.institution or ""), institution=row.institution
                    )
                ]
                people = people_of(session, self._ring, seen, reveal=ask.reveal)
                page: Page = [_flat(person, PEOPLE) for person in people]
                return (rows[-1].staff_no if rows else None), page

            last, page = await self._db.read(work)
            if last is None:
                return
            yield page
            after = last

    async def _duties(self, ask: Ask) -> AsyncIterator[Page]:
        after = 0
        while True:

            def work(session: Session, after: int = after) -> tuple[int | None, Page]:
                query = (
                    select(DutyRow, col(PersonRow.staff_no))
                    .join(PersonRow, col(PersonRow.person_id) == col(DutyRow.person_id))
                    .where(col(DutyRow.id) > after)
                    .order_by(col(DutyRow.id))
                    .limit(PAGE)
                )
                if ask.since is not None:
                    query = query.where(col(DutyRow.starts_at) >= ask.since)
                if ask.until is not None:
                    query = query.where(col(DutyRow.starts_at) < ask.until)
                rows = session.execute(query).all()
                page: Page = [_flat(duty_of(row, no), DUTIES) for row, no in rows]
                return (rows[-1][0].id if rows else None), page

            last, page = await self._db.read(work)
            if last is None:
                return
            yield page
            after = last

    async def _note(self, record: Record, ask: Ask) -> None:
        span = f"{record.id}/{ask.since}/{ask.until}"
        digest = self._ring.audit_mac(span.encode())
        await self._db.write(
            lambda session: audit_log.append(
                session,
                self._ring,
                actor=ask.actor.id,
                action="export.revealed",
                subject=record.id,
                digest=digest,
                at=ask.now,
            )
        )


def _flat(item: Any, record: Record) -> Mapping[str, Any]:
    """The record's fields of one of our dataclasses, as they are."""
    return {field.name: getattr(item, field.name) for field in record.fields}
