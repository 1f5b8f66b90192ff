"""Orders reach the real reference hub over HTTP, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hubkit import SECRET, Hub, an_intake

from dispatch.hub import HubPusher
from dispatch.intake import IntakeDesk
from dispatch.outbox import Policy
from dispatch.progress import Progress
from hotline.db import Database
from hotline.domain.codes import HubState
from hotline.domain.events import Event
from hotline.domain.orders import OrderView
from hotline.privacy import KeyRing
from hotline.settings import HubSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg", "hubfix")
QUICK = Policy(max_attempts=4, first_s=0.05, cap_s=0.3, outage_cap_s=0.2)


class Bench:
    """A desk and a pusher joined as the hotline joins them."""

    def __init__(self, db: Database, ring: KeyRing, hub: HubSettings) -> None:
        self.events: list[Event] = []
        self.changed = asyncio.Event()
        self.pusher = HubPusher(db, ring, hub, publish=self._note, policy=QUICK)
        self.desk = IntakeDesk(db, ring, "hotline-12348", on_filed=lambda _: self.pusher.wake())
        self.progress = Progress(db, ring)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self.changed.set()

    async def file(self, **changed: Any) -> OrderView:
        return await self.desk.receive(an_intake(**changed), datetime.now(UTC))

    async def until(self, check: Callable[[], bool], seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not check():
                self.changed.clear()
                await self.changed.wait()

    def count(self, name: str) -> int:
        return sum(event.name == name for event in self.events)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:  # a crash of the pusher ends the test
            tasks.create_task(self.pusher.run())
            try:
                yield
            finally:
                self.pusher.stop()


@pytest.fixture
async def bench(db: Database, ring: KeyRing, hub: Hub) -> Bench:
    return Bench(db, ring, hub.settings)


async def test_an_order_is_acknowledged_with_a_receipt(bench: Bench, hub: Hub) -> None:
    async with bench.running():
        filed = await bench.file()
        assert (filed.hub_state, filed.hub_receipt) == (HubState.PENDING, None)
        await bench.until(lambda: bench.count("order.acknowledged") == 1)
    seen = await bench.progress.by_number(filed.order_no)
    assert seen.hub_state is HubState.ACKNOWLEDGED
    held = await asyncio.to_thread(hub.get, f"/api/v1/orders/{filed.order_no}")
    assert held["receipt"] == seen.hub_receipt
    assert held["contact_phone"] == "139****2345"
    assert held["contact_name"] == "孙*"


@pytest.mark.parametrize(
    "fault", ["error", "error-after", "timeout-after", "reset", "reset-after", "busy", "junk"]
)
async def test_a_failing_hub_gets_the_order_exactly_once(
    bench: Bench, hub: Hub, fault: str
) -> None:
    await asyncio.to_thread(hub.fail, fault, 2, 1.5)
    async with bench.running():
        filed = await bench.file()
        await bench.until(lambda: bench.count("order.acknowledged") == 1)
    held = await asyncio.to_thread(hub.get, f"/api/v1/orders/{filed.order_no}")
    counts = await asyncio.to_thread(hub.get, "/api/v1/summary")
    assert counts["messages"] == counts["orders"] == 1
    assert held["repeats"] == (2 if fault.endswith("after") or fault == "junk" else 0)
    assert (await bench.progress.by_number(filed.order_no)).hub_receipt == held["receipt"]


async def test_a_slow_hub_is_waited_for(bench: Bench, hub: Hub) -> None:
    await asyncio.to_thread(hub.fail, "slow", 1, 0.5)
    async with bench.running():
        await bench.file()
        await bench.until(lambda: bench.count("order.acknowledged") == 1)
    assert (await asyncio.to_thread(hub.get, "/api/v1/summary"))["repeats"] == 0


async def test_a_hub_that_is_away_costs_no_attempts(bench: Bench, hub: Hub) -> None:
    await asyncio.to_thread(hub.kill)
    async with bench.running():
        orders = [await bench.file() for _ in range(5)]
        await bench.until(lambda: bench.count("hub.down") == 1)
        # far more looks than max_attempts allows failures
        while bench.pusher._breaker._failures < 8:
            await asyncio.sleep(0.05)
        await asyncio.to_thread(hub.start)
        await bench.until(lambda: bench.count("order.acknowledged") == 5)
    assert bench.count("hub.up") == 1
    assert await bench.pusher.dead_letters() == []
    held = await asyncio.to_thread(hub.get, "/api/v1/orders")
    assert {order["order_no"] for order in held} == {order.order_no for order in orders}


async def test_what_the_hub_never_takes_waits_for_a_person_and_can_be_sent_again(
    bench: Bench, hub: Hub
) -> None:
    await asyncio.to_thread(hub.fail, "error", QUICK.max_attempts)
    async with bench.running():
        filed = await bench.file()
        await bench.until(lambda: bench.count("hub.dead") == 1)
        [letter] = await bench.pusher.dead_letters()
        assert (letter.order_no, letter.attempts) == (filed.order_no, 4)
        assert letter.error == "fault-injected"
        assert (await bench.progress.by_number(filed.order_no)).hub_state is HubState.DEAD
        await bench.pusher.resend(letter.id, actor="operator")
        await bench.until(lambda: bench.count("order.acknowledged") == 1)
    assert await bench.pusher.dead_letters() == []


async def test_a_wrong_secret_is_tried_again_not_refused_for_ever(
    db: Database, ring: KeyRing, hub: Hub
) -> None:
    wrong = hub.settings.model_copy(update={"secret": SECRET + "x"})
    bench = Bench(db, ring, wrong)
    async with bench.running():
        await bench.file()
        await bench.until(lambda: bench.count("hub.dead") == 1)
    [letter] = await bench.pusher.dead_letters()
    assert (letter.error, letter.attempts) == ("bad-signature", QUICK.max_attempts)
    assert (await asyncio.to_thread(hub.get, "/api/v1/summary"))["messages"] == 0


async def test_two_senders_never_send_the_same_message(
    db: Database, ring: KeyRing, hub: Hub
) -> None:
    one, two = Bench(db, ring, hub.settings), Bench(db, ring, hub.settings)
    for _ in range(60):
        await one.file()
    async with one.running(), two.running():
        both = [one, two]
        async with asyncio.timeout(60):
            while sum(bench.count("order.acknowledged") for bench in both) < 60:
                await asyncio.sleep(0.05)
    counts = await asyncio.to_thread(hub.get, "/api/v1/summary")
    assert counts == {"messages": 60, "orders": 60, "repeats": 0}
    assert min(one.count("order.acknowledged"), two.count("order.acknowledged")) > 0
