"""A hotline's people in a real database, and a matcher over it, for the tests of matching."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hubkit import an_intake
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.matching.decide import Policy
from dispatch.matching.outcomes import Recorder
from dispatch.matching.scorer import Scorer
from dispatch.matching.service import Matcher
from dispatch.triage import load_rules
from hotline.calendar import china_calendar
from hotline.db import Database
from hotline.db.order_tables import (
    DutyRow,
    GrantRow,
    InstitutionRow,
    OfferRow,
    OutcomeRow,
    PersonRow,
)
from hotline.db.tables import OrderRow
from hotline.domain.events import Event
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant
from hotline.privacy import KeyRing

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
"""A Thursday, 10:00 in China."""
AID, DESK, CITY_DESK, LINE = "aid-feixi", "desk-feixi", "desk-hefei", "line"
_RIGHTS = {Role.HANDLER: {Right.READ, Right.HANDLE}}


def allowed(actor: Actor, right: Right, *, region: str | None, institution: str | None) -> bool:
    """Rights held everywhere, or by a role in the institution."""
    return right in actor.rights or any(
        right in _RIGHTS.get(grant.role, set()) and grant.institution == institution
        for grant in actor.grants
    )


def handler(person_id: str, institution: str = AID) -> Actor:
    """Somebody who handles orders there."""
    grants = (Grant(Role.HANDLER, institution),)
    return Actor(f"person:{person_id}", grants, person_id=person_id, institution=institution)


@dataclass
class House:
    """Intake, steps and matching over one database."""

    db: Database
    desk: OrderDesk
    intake: IntakeDesk
    scorer: Scorer
    matcher: Matcher

    async def order(self, **changed: Any) -> str:
        """A new order, received and nothing more."""
        changed.setdefault("description", "老板欠工资四个月，一直不给。")
        view = await self.intake.receive(an_intake(**changed), NOW)
        return view.order_no

    async def step(self, order_no: str, step: str, actor: Actor = SYSTEM, **fields: Any) -> None:
        await self.desk.step(order_no, step, actor, fields, fields.pop("now", NOW))

    async def row(self, order_no: str) -> OrderRow:
        return await self.db.read(lambda session: session.get_one(OrderRow, order_no))

    async def all(self, table: type[Any], order_no: str) -> list[Any]:
        query = select(table).where(table.order_no == order_no).order_by(table.id)
        return await self.db.read(lambda session: list(session.scalars(query)))

    async def outcomes(self, order_no: str) -> list[OutcomeRow]:
        return await self.all(OutcomeRow, order_no)

    async def answers(self, order_no: str) -> dict[str, str | None]:
        """Person → what became of the latest offer to them."""
        return {row.person_id: row.answer for row in await self.all(OfferRow, order_no)}


async def a_house(
    db: Database,
    ring: KeyRing,
    people: int = 3,
    *,
    publish: Callable[[Event], object] | None = None,
    **policy: Any,
) -> House:
    """An aid centre with people ``p1`` …, desks of county and city, the hotline with ``agent``."""
    await db.write(lambda session: add_people(session, people))
    scorer = Scorer(china_calendar(), Policy(**policy))
    desk = OrderDesk(db, ring, allowed, Effects(outcomes=Recorder(scorer)), publish=publish)
    intake = IntakeDesk(db, ring, "hotline-12348", desk=desk)
    matcher = Matcher(db, ring, desk, scorer, load_rules())
    await matcher.refresh(NOW)
    return House(db, desk, intake, scorer, matcher)


def add_people(session: Session, people: int) -> None:
    for code, kind, region, desk in (
        (AID, "legal_aid_centre", "340123", False),
        (DESK, "bureau", "340123", True),
        (CITY_DESK, "bureau", "340100", True),
        (LINE, "hotline", "340000", False),
    ):
        session.add(
            InstitutionRow(
                code=code, name=code, kind=kind, region=region, is_desk=desk, updated_at=NOW,
                skills_json=json.dumps(["legal_aid", "consultation"] if code == AID else []),
            )
        )  # fmt: skip
    session.flush()
    for number in range(1, people + 1):
        add_person(session, f"p{number}", AID)
    add_person(session, "agent", LINE)


def add_person(session: Session, name: str, institution: str, **more: Any) -> None:
    session.add(
        PersonRow(
            person_id=name, staff_no=name, name_enc=b"sealed", institution=institution,
            updated_at=NOW, **more,
        )
    )  # fmt: skip
    session.flush()
    session.add(GrantRow(person_id=name, role=Role.HANDLER.value, institution=institution))


def add_duty(session: Session, person: str, start: datetime, end: datetime) -> None:
    place = session.scalar(
        select(col(PersonRow.institution)).where(col(PersonRow.person_id) == person)
    )
    session.add(
        DutyRow(
            institution=place or "", person_id=person, starts_at=start, ends_at=end, source="hand"
        )
    )
