"""Orders reach the real reference hub over HTTP, whatever fails on the way."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hubkit import SECRET, Hub, an_intake

from dispatch.hub.messages import message
from dispatch.hub.outbox import Policy
from dispatch.hub.outgoing import outbox_row
from dispatch.hub.pusher import HubPusher
from dispatch.intake import IntakeDesk
from dispatch.progress import Progress
from hotline.db import Database
from hotline.domain.codes import HubState
from hotline.domain.events import Event
from hotline.domain.orders import OrderView
from hotline.errors import SettingsError
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import HubSettings

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


async def eventually(check: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


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
        await eventually(lambda: bench.pusher._breaker._failures >= 8)
        await asyncio.to_thread(hub.start)
        await bench.until(lambda: bench.count("order.acknowledged") == 5)
    assert bench.count("hub.up") == 1
    assert await bench.pusher.dead_letters() == []
    held = await asyncio.to_thread(hub.get, "/view/orders")
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
        await eventually(lambda: sum(b.count("order.acknowledged") for b in both) == 60)
    counts = await asyncio.to_thread(hub.get, "/api/v1/summary")
    assert counts == {"messages": 60, "orders": 60, "repeats": 0}
    assert min(one.count("order.acknowledged"), two.count("order.acknowledged")) > 0


async def test_messages_of_one_order_keep_their_sequence(
    db: Database, ring: KeyRing, bench: Bench, hub: Hub
) -> None:
    filed = await bench.file()
    now = datetime.now(UTC)
    body = message("hotline-12348", "order.erased", filed.order_no, 2, now)
    second = outbox_row(ring, filed.order_no, 2, "order.erased", body, now)
    await db.write(lambda session: session.add(second))
    await asyncio.to_thread(hub.fail, "error", QUICK.max_attempts)
    async with bench.running():
        await bench.until(lambda: bench.count("hub.dead") == 1)
        [letter] = await bench.pusher.dead_letters()
        assert letter.seq == 1
        assert (await asyncio.to_thread(hub.get, "/api/v1/summary"))["messages"] == 0
        await bench.pusher.resend(letter.id)
        await bench.until(lambda: bench.count("order.acknowledged") == 2)
    held = await asyncio.to_thread(hub.get, f"/api/v1/orders/{filed.order_no}")
    assert [entry["seq"] for entry in held["messages"]] == [1, 2]


_SENDER = """
import asyncio, json, sys
from pathlib import Path
from dispatch.hub.pusher import HubPusher
from hotline.db import Database
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import HubSettings
given = json.load(sys.stdin)
settings = Settings(data_dir=Path(given["data"]), database_url=given["url"])
with Database(settings) as db:
    pusher = HubPusher(db, KeyRing.open(settings), HubSettings(**given["hub"]))
    print("ready", flush=True)
    asyncio.run(pusher.run())
"""


async def test_a_sender_killed_9_in_the_middle_doubles_and_loses_nothing(
    settings: Settings, bench: Bench, hub: Hub
) -> None:
    for _ in range(30):
        await bench.file()
    # every message is taken by the hub, then the answer is held back until the sender is dead
    await asyncio.to_thread(hub.fail, "timeout-after", 1000, 60)
    given = {
        "data": str(settings.data_dir),
        "url": settings.database_url,
        "hub": hub.settings.model_copy(update={"timeout_s": 50.0}).model_dump(mode="json"),
    }
    process = await asyncio.to_thread(
        subprocess.Popen, [sys.executable, "-c", _SENDER], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    async with asyncio.timeout(60):
        while (await asyncio.to_thread(hub.get, "/api/v1/summary"))["messages"] < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    process.kill()
    await asyncio.to_thread(process.wait, 10)
    await asyncio.to_thread(hub.fail, "error", 0)
    async with bench.running():
        await bench.until(lambda: bench.count("order.acknowledged") == 30, 60)
    counts = await asyncio.to_thread(hub.get, "/api/v1/summary")
    assert (counts["messages"], counts["orders"]) == (30, 30)
    assert counts["repeats"] >= 5, "what the dead sender had sent was sent again, and known"


async def test_orders_filed_by_another_process_are_found(
    db: Database, ring: KeyRing, bench: Bench
) -> None:
    elsewhere = IntakeDesk(db, ring, "hotline-12348")
    async with bench.running():
        await elsewhere.receive(an_intake(), datetime.now(UTC))
        await bench.until(lambda: bench.count("order.acknowledged") == 1)


async def test_a_cancelled_pusher_keeps_the_receipts_it_has(bench: Bench) -> None:
    await bench.file()
    task = asyncio.create_task(bench.pusher.run())
    await eventually(lambda: bool(bench.pusher._done) or bench.count("order.acknowledged") == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await bench.pusher.status()).pending == 0


def test_an_empty_secret_is_refused(db: Database, ring: KeyRing) -> None:
    with pytest.raises(SettingsError, match=r"hub\.secret"):
        HubPusher(db, ring, HubSettings())
