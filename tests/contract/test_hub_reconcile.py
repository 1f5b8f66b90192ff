"""A reconcile finds and mends what differs between us and the real reference hub."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from deskkit import AID
from hubkit import Hub, an_intake
from sqlalchemy import delete, func, select, update
from sqlmodel import col

from dispatch.hub.anchoring import Anchors
from dispatch.hub.client import HubClient
from dispatch.hub.errors import HubAnswerError, HubDownError
from dispatch.hub.outgoing import Outgoing
from dispatch.hub.pusher import HubPusher
from dispatch.hub.receiving import HubInbox
from dispatch.hub.reconcile import Reconciler, Report
from dispatch.intake import IntakeDesk
from dispatch.life.actors import HUB, SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.erase import erase_person
from hotline.db.order_tables import InboxRow
from hotline.db.tables import AuditRow, OrderRow, OutboxRow
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import HubSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg", "hubfix")


class Sides:
    """Our rooms and the hub."""

    def __init__(self, settings: Settings, db: Database, ring: KeyRing, hub: Hub) -> None:
        self.settings, self.db, self.ring, self.hub = settings, db, ring, hub
        self.pusher = HubPusher(db, ring, hub.settings)
        outgoing = Outgoing(ring, "hotline-12348", lambda: self.pusher.wake())
        self.desk = OrderDesk(db, ring, allowed, Effects(outbox=outgoing))
        self.intake = IntakeDesk(db, ring, "hotline-12348", desk=self.desk)
        self.inbox = HubInbox(db, self.desk, hub.settings)

    async def file(self, **changed: Any) -> str:
        return (await self.intake.receive(an_intake(**changed), datetime.now(UTC))).order_no

    async def step(self, number: str, name: str, actor: Any = SYSTEM, **fields: Any) -> None:
        await self.desk.step(number, name, actor, fields, datetime.now(UTC))

    @asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        """Everything is delivered at the end."""
        self.pusher = HubPusher(self.db, self.ring, self.hub.settings)
        task = asyncio.create_task(self.pusher.run())
        yield
        async with asyncio.timeout(60):
            while (await self.pusher.status()).pending:  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(0.05)
        self.pusher.stop()
        await task

    async def reconcile(self, *, mend: bool = True, since: datetime | None = None) -> Report:
        reconciler = Reconciler(self.db, self.ring, self.hub.settings, self.inbox)
        return await reconciler.reconcile(since, mend=mend)

    async def faults(self, **given: Any) -> list[tuple[str, str, bool]]:
        report = await self.reconcile(**given)
        return sorted(
            (found.order_no, found.fault.value, found.mended) for found in report.differences
        )

    def at_hub(self, number: str) -> dict[str, Any]:
        held: dict[str, Any] = self.hub.get(f"/api/v1/orders/{number}")
        return held

    async def alter_hub(self, *statements: str) -> None:
        """Change the hub's file behind its back, as a restore from an old backup would."""

        def work() -> None:
            with closing(sqlite3.connect(self.hub.db, timeout=10)) as raw, raw:
                for statement in statements:
                    raw.execute(statement)

        await asyncio.to_thread(work)


@pytest.fixture
def sides(settings: Settings, db: Database, ring: KeyRing, hub: Hub) -> Sides:
    return Sides(settings, db, ring, hub)


async def test_a_whole_life_is_taken_message_by_message_and_nothing_differs(sides: Sides) -> None:
    number = await sides.file()
    classes = {"service_type": "legal_aid", "urgency": "urgent", "complexity": "simple"}
    soon = datetime.now(UTC) + timedelta(days=9)
    async with sides.pushing():
        await sides.step(number, "triaged", handling="dispatch", **classes)
        await sides.db.write(_institution)
        await sides.step(number, "assigned", institution=AID)
        await sides.step(number, "accepted", HUB)
        await sides.step(number, "extension_asked", HUB, reason="appraisal", until=soon)
        await sides.step(number, "extension_granted", until=soon)
        await sides.step(number, "urged")
        await sides.step(number, "supervised", note="督办")
        await sides.step(number, "supplemented", note="另有证据")
        await sides.step(number, "fed_back", HUB, result="已立案")
        await sides.step(number, "resolved", HUB, result="已支付")
        await sides.step(number, "rated", HUB, level="2")
        await sides.step(number, "reopened", note="还差一个月")
        await sides.step(number, "closed", reason="resolved")
        await sides.step(number, "archived")
        other = await sides.file()
        await sides.step(other, "merged", into=await sides.file())
        await sides.step(await sides.file(), "withdrawn")
    assert (await sides.pusher.dead_letters()) == []
    held = await asyncio.to_thread(sides.at_hub, number)
    assert held["state"] == "archived"
    assert [entry["step"] for entry in held["messages"]][:3] == ["received", "triaged", "assigned"]
    report = await sides.reconcile()
    assert (report.checked, report.differences) == (4, ())


def _institution(session: Any) -> None:
    from deskkit import add_people

    add_people(session)


async def test_what_the_hub_lost_is_sent_again(sides: Sides) -> None:
    async with sides.pushing():
        lost, behind, other, fine = [await sides.file() for _ in range(4)]
        await sides.step(behind, "urged")
    await sides.alter_hub(
        f"DELETE FROM messages WHERE order_no = '{lost}'",
        f"DELETE FROM orders WHERE order_no = '{lost}'",
        f"DELETE FROM messages WHERE order_no = '{behind}' AND seq = 2",
        f"UPDATE orders SET seq = 1 WHERE order_no = '{behind}'",
        f"UPDATE orders SET facts = '{{}}' WHERE order_no = '{other}'",
    )
    expected = [(lost, "lacking"), (behind, "behind"), (other, "different")]
    looked = await sides.faults(mend=False)
    assert looked == sorted((number, fault, False) for number, fault in expected)
    assert await sides.faults() == sorted((number, fault, True) for number, fault in expected)
    async with sides.pushing():
        pass
    assert await sides.faults() == []
    held = await asyncio.to_thread(sides.at_hub, lost)
    assert (held["state"], held["contact_phone"]) == ("received", "139****2345")
    assert (await asyncio.to_thread(sides.at_hub, fine))["seq"] == 1


async def test_what_we_lost_is_known_and_overtaken(sides: Sides) -> None:
    async with sides.pushing():
        number = await sides.file()
        await sides.step(number, "urged")
    # our database comes back from a backup made before the second message
    second = (col(OutboxRow.order_no) == number, col(OutboxRow.seq) == 2)
    await sides.db.write(lambda s: s.execute(delete(OutboxRow).where(*second)) and None)
    assert await sides.faults() == [(number, "ahead", True)]
    async with sides.pushing():
        pass
    held = await asyncio.to_thread(sides.at_hub, number)
    assert [entry["seq"] for entry in held["messages"]] == [1, 2, 3]
    assert await sides.faults() == []


async def test_an_erasure_the_hub_missed_is_asked_again(sides: Sides) -> None:
    async with sides.pushing():
        number = await sides.file()
    await erase_person(
        sides.db, sides.ring, sides.settings,
        phone="13955512345", actor="operator", now=datetime.now(UTC),
    )  # fmt: skip
    cancel = update(OutboxRow).where(col(OutboxRow.seq) == 2).values(state="sent")
    await sides.db.write(lambda s: s.execute(cancel) and None)
    assert await sides.faults() == [(number, "not-erased", True)]
    async with sides.pushing():
        pass
    held = await asyncio.to_thread(sides.at_hub, number)
    assert held["erased"]
    assert "contact_phone" not in held
    assert await sides.faults() == []


async def test_the_hubs_messages_that_never_came_are_fetched(sides: Sides) -> None:
    async with sides.pushing():
        number = await sides.file()
    acts = [("order.urge", {}), ("order.reopen", {}), ("order.supervise", {"note": "督办"})]
    for kind, fields in acts:  # this hub has no door to us
        await asyncio.to_thread(sides.hub.act, number, kind, **fields)
    assert await sides.faults(mend=False) == [(number, "unheard", False)]
    assert await sides.faults() == [(number, "unheard", True)]
    view = await sides.db.read(lambda s: s.get_one(OrderRow, number).urged)
    assert view == 1
    results = select(col(InboxRow.result)).order_by(col(InboxRow.seq))
    assert await sides.db.read(lambda s: list(s.scalars(results))) == [
        "applied", "step-not-allowed", "applied",
    ]  # fmt: skip
    async with sides.pushing():
        pass
    assert await sides.faults() == []


async def test_what_a_person_must_see_is_told_and_left(sides: Sides) -> None:
    async with sides.pushing():
        number, gone = await sides.file(), await sides.file()
    dead = update(OutboxRow).where(col(OutboxRow.order_no) == number).values(state="dead")
    await sides.db.write(lambda s: s.execute(dead) and None)
    await sides.alter_hub(f"UPDATE orders SET erased = 1 WHERE order_no = '{gone}'")
    told = sorted([(number, "dead-letter", False), (gone, "erased-there", False)])
    assert await sides.faults() == told
    count = select(func.count()).select_from(OutboxRow)
    assert await sides.db.read(lambda s: s.scalar(count)) == 2, "nothing was sent"


async def test_many_orders_are_compared_page_by_page(sides: Sides) -> None:
    async with sides.pushing():
        numbers = [await sides.file() for _ in range(130)]
    lost = numbers[::13]
    marks = ",".join(f"'{number}'" for number in lost)
    await sides.alter_hub(f"DELETE FROM orders WHERE order_no IN ({marks})")
    report = await sides.reconcile(mend=False)
    assert report.checked == 130
    assert sorted(found.order_no for found in report.differences) == sorted(lost)
    later = datetime.now(UTC) + timedelta(seconds=5)
    assert (await sides.reconcile(mend=False, since=later)).checked == 0


async def test_a_hub_that_is_away_or_forged_mends_nothing(sides: Sides) -> None:
    async with sides.pushing():
        await sides.file()
    other = HubSettings(url=sides.hub.url, secret="another-secret-altogether")
    with pytest.raises(HubAnswerError):
        await Reconciler(sides.db, sides.ring, other, sides.inbox).reconcile()
    await asyncio.to_thread(sides.hub.kill)
    with pytest.raises(HubDownError):
        await sides.reconcile()
    await asyncio.to_thread(sides.hub.start)


async def test_the_hub_keeps_the_audit_chains_end_and_sees_what_we_rewrite(sides: Sides) -> None:
    async with HubClient(sides.hub.settings) as client:
        anchors = Anchors(sides.db, sides.hub.settings, client)
        now = datetime.now(UTC)
        assert not await anchors.send(now), "there is no chain yet"
        await sides.file()
        assert await anchors.send(now)
        assert await anchors.send(now), "the same again is the same"
        last = await sides.db.read(lambda s: s.scalar(select(func.max(col(AuditRow.seq)))))
        await sides.file()
        assert await anchors.send(now)
        report = await anchors.compare()
        assert (report.anchors, report.problems) == (2, ())
        link = update(AuditRow).where(col(AuditRow.seq) == last).values(hash="0" * 64)
        await sides.db.write(lambda s: s.execute(link) and None)
        assert (await anchors.compare()).problems == (
            f"link {last} is not the one the hub was told of",
        )
        await sides.db.write(
            lambda s: s.execute(delete(AuditRow).where(col(AuditRow.seq) >= last)) and None
        )
        assert len((await anchors.compare()).problems) == 2
