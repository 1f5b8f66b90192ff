"""Orders, ratings, messages, people to ring: joined as the house joins them, for the tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deskkit import AID, TRIAGE, add_people
from hubkit import an_intake
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.callbacks.desk import RingDesk
from dispatch.callbacks.rows import RingList, ring_policy
from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.notices.desk import NoticeDesk, policy_of
from dispatch.notices.opt_out import OptOuts
from dispatch.notices.templates import Links, Templates
from dispatch.tracking.desk import TrackingDesk
from dispatch.tracking.links import LinkMaker, LinkSigner, Purpose
from dispatch.tracking.rating import RatingDesk, Reopen
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.order_tables import CallbackRow, NoticeRow
from hotline.domain.events import Event
from hotline.domain.order_codes import Role
from hotline.domain.people import Actor, Grant
from hotline.privacy import KeyRing
from hotline.settings_orders import CallbackSettings, NoticeSettings

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)  # 10:00 in China, a Thursday
DAY = timedelta(days=1)


def a_person(name: str, role: Role, institution: str, region: str | None = None) -> Actor:
    """Somebody with one role, at their institution or in a region."""
    grant = Grant(role, None if region else institution, region)
    return Actor(f"person:{name}", (grant,), person_id=name, institution=institution)


ANNA, BEN = (a_person(name, Role.HANDLER, AID) for name in ("anna", "ben"))
CARL = a_person("carl", Role.HANDLER, "aid-340200")
CLERK, OTHER_CLERK = (a_person(name, Role.AGENT, "hotline", "340000") for name in ("clerk", "cora"))
HEFEI_CLERK = a_person("hefei", Role.AGENT, "hotline", "340100")
WUHU_CLERK = a_person("wuhu", Role.AGENT, "hotline", "340200")
BOSS = a_person("boss", Role.SUPERVISOR, "hotline", "340000")


@dataclass
class Rooms:
    """The rooms of one process."""

    db: Database
    ring: KeyRing
    heard: list[Event]
    desk: OrderDesk
    intake: IntakeDesk
    ratings: RatingDesk
    tracking: TrackingDesk
    rings: RingDesk
    outs: OptOuts
    links: LinkMaker

    async def an_order(self, **changed: Any) -> str:
        """A new order, triaged."""
        view = await self.intake.receive(an_intake(**changed), NOW)
        await self.desk.step(view.order_no, "triaged", SYSTEM, TRIAGE, NOW)
        return view.order_no

    async def given(self, **changed: Any) -> str:
        """An order Anna works on."""
        order_no = await self.an_order(**changed)
        fields = {"institution": AID, "handler": "anna"}
        await self.desk.step(order_no, "assigned", BOSS, fields, NOW)
        await self.desk.step(order_no, "accepted", ANNA, {}, NOW)
        return order_no

    async def resolved(self, **changed: Any) -> str:
        """An order Anna has resolved."""
        order_no = await self.given(**changed)
        await self.desk.step(order_no, "resolved", ANNA, {"result": "工资已付清"}, NOW)
        return order_no

    def token(self, order_no: str, purpose: Purpose = Purpose.RATING) -> str:
        """What the party finds in a text message."""
        return self.links.signer.make(order_no, purpose, NOW, 90)

    async def callbacks(self, order_no: str) -> list[tuple[str, str, str]]:
        """(kind, reason, state) of the order's entries, in sequence."""

        def work(session: Session) -> list[tuple[str, str, str]]:
            query = select(CallbackRow).where(col(CallbackRow.order_no) == order_no)
            rows = session.scalars(query.order_by(col(CallbackRow.id)))
            return [(row.kind, row.reason, row.state) for row in rows]

        return await self.db.read(work)

    async def notices(self, order_no: str) -> list[tuple[str, str]]:
        """(template, state) of the order's messages, in sequence."""

        def work(session: Session) -> list[tuple[str, str]]:
            query = select(NoticeRow).where(col(NoticeRow.order_no) == order_no)
            return [(row.template, row.state) for row in session.scalars(query.order_by("id"))]

        return await self.db.read(work)


def make_rooms(
    db: Database,
    ring: KeyRing,
    *,
    reopen: Reopen = "asked",
    callbacks: CallbackSettings | None = None,
) -> Rooms:
    """Everything joined, over an open database. Follows up every resolved order."""
    db.write_now(add_people)
    heard: list[Event] = []
    policy = ring_policy(callbacks or CallbackSettings(sample=1.0))
    links = LinkMaker(LinkSigner.of(ring), "https://ah.gov.cn", 90)

    def both(order_no: str, now: datetime) -> Links:
        return Links(*(links.address(order_no, purpose, now) for purpose in Purpose))

    notices = NoticeDesk(ring, Templates.load(), policy_of(NoticeSettings(per_day=99)), both)
    effects = Effects(notices=notices, callbacks=RingList(policy))
    desk = OrderDesk(db, ring, allowed, effects, publish=heard.append)
    ratings = RatingDesk(db, ring, desk, reopen)
    return Rooms(
        db=db,
        ring=ring,
        heard=heard,
        desk=desk,
        intake=IntakeDesk(db, ring, "hotline-12348", desk=desk),
        ratings=ratings,
        tracking=TrackingDesk(db, ring, ratings, allowed),
        rings=RingDesk(
            db, ring, policy, allowed, desk, ratings, notices=notices, publish=heard.append
        ),
        outs=OptOuts(db, ring),
        links=links,
    )
