"""Institutions, people and orders in a real database, for the tests of the desk."""

from datetime import UTC, datetime
from typing import Any

from hubkit import an_intake
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from hotline.db import Database
from hotline.db.audit_content import changed_records
from hotline.db.order_tables import InstitutionRow, OfferRow, PersonRow
from hotline.db.tables import AuditRow, OrderEventRow, OrderRow, OutboxRow
from hotline.domain.order_codes import Role
from hotline.domain.people import Actor, Grant
from hotline.privacy import KeyRing, place

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
AID, WUHU = "aid-340100", "aid-340200"
PHONE, NAME = "13955512345", "孙大勇"
BOSS = Actor("person:boss", (Grant(Role.SUPERVISOR, region="340000"),), person_id="boss")
CLERK = Actor("person:clerk", (Grant(Role.AGENT, region="340000"),), person_id="clerk")
ANNA, BEN = (
    Actor(f"person:{name}", (Grant(Role.HANDLER, AID),), person_id=name, institution=AID)
    for name in ("anna", "ben")
)
TRIAGE = {
    "handling": "dispatch",
    "service_type": "legal_aid",
    "urgency": "urgent",
    "complexity": "simple",
    "region": "340123",
}


def add_people(session: Session, count: int = 2, ring: KeyRing | None = None) -> None:
    """Two institutions; Anna, Ben and further handlers ``h3`` … in the first, Carl in the other.

    Their names can be read only when ``ring`` is given.
    """
    for code in (AID, WUHU):
        session.add(
            InstitutionRow(
                code=code, name=code, kind="legal_aid_centre", region=code[4:], updated_at=NOW
            )
        )
    session.flush()
    names = [*("anna", "ben"), *(f"h{number}" for number in range(3, count + 1))]
    for name, institution in [*((name, AID) for name in names), ("carl", WUHU)]:
        session.add(
            PersonRow(
                person_id=name,
                staff_no=name,
                name_enc=ring.seal(b"x", place("people", "name", name)) if ring else b"sealed",
                institution=institution,
                updated_at=NOW,
            )
        )


async def an_order(db: Database, desk: OrderDesk, intake: IntakeDesk, **changed: Any) -> str:
    """A new order, triaged."""
    view = await intake.receive(an_intake(**changed), NOW)
    await desk.step(view.order_no, "triaged", SYSTEM, TRIAGE, NOW)
    return view.order_no


async def rows_of(db: Database, order_no: str) -> dict[str, Any]:
    """Everything the tables hold of an order, as plain data."""

    def work(session: Session) -> dict[str, Any]:
        def all_of(table: Any) -> list[dict[str, Any]]:
            query = select(table).where(table.order_no == order_no).order_by(table.id)
            return [row.model_dump() for row in session.scalars(query)]

        links = session.scalars(
            select(AuditRow).where(AuditRow.subject.startswith(f"{order_no}/"))  # type: ignore[attr-defined]
        )
        return {
            "order": session.get_one(OrderRow, order_no).model_dump(),
            "events": all_of(OrderEventRow),
            "outbox": all_of(OutboxRow),
            "offers": all_of(OfferRow),
            "links": sorted(link.subject for link in links),
        }

    return await db.read(work)


async def changed_orders(db: Database, ring: KeyRing) -> list[str]:
    """Numbers of orders that are not as audited (the people of these tests are not audited)."""
    return [name for name in await changed_records(db, ring) if name.isdigit()]


async def count(db: Database, table: Any) -> int:
    """Rows in a table."""
    return await db.read(
        lambda session: session.scalar(select(func.count()).select_from(table)) or 0
    )
