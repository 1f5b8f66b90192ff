"""Order events for terminals: by right, resumable, slow readers dropped; over both databases."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hubkit import an_intake
from sqlalchemy import func, select
from sqlmodel import col
from trackkit import ANNA, BOSS, CARL, CLERK, NOW, WUHU_CLERK, Rooms, make_rooms

from dispatch.life.actors import SYSTEM
from dispatch.tracking.stream import OrderFeed
from hotline.accounts.rights import allowed
from hotline.bus import Bus
from hotline.db import Database
from hotline.db.tables import OrderEventRow
from hotline.domain.events import Event
from hotline.domain.people import Actor
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
ROOM = 16
"""Events kept for a slow terminal; more than any test but one leaves lying."""


@pytest.fixture
def rooms(db: Database, ring: KeyRing) -> Rooms:
    return make_rooms(db, ring)


class Line:
    """One terminal: its frames, read one at a time."""

    def __init__(self, feed: OrderFeed, actor: Actor, last: str | None = None) -> None:
        self.frames = feed.stream(actor, last)

    async def hello(self) -> "Line":
        assert (await anext(self.frames)).startswith("retry:")
        return self

    async def next(self) -> str:
        return await asyncio.wait_for(anext(self.frames), 20)

    async def event(self) -> dict[str, Any]:
        frame = await self.next()
        assert frame.split("\n")[1] == "event: order", frame
        data: dict[str, Any] = json.loads(frame.split("data: ")[1])
        data["id"] = frame.split("\n")[0].removeprefix("id: ")
        return data

    async def ends(self) -> None:
        with pytest.raises(StopAsyncIteration):
            await self.next()


@pytest.fixture
async def bus(rooms: Rooms) -> Bus:
    return Bus()


@pytest.fixture
async def feed(rooms: Rooms, bus: Bus) -> AsyncIterator[OrderFeed]:
    feed = OrderFeed(rooms.db, bus, allowed, queue=ROOM)
    running = asyncio.create_task(feed.run())
    await asyncio.sleep(0)  # let it subscribe
    yield feed
    await bus.stop()
    await asyncio.wait_for(running, 20)


def tell(rooms: Rooms, bus: Bus) -> None:
    """What the house does with the desk's events: onto the bus."""
    for event in rooms.heard:
        bus.publish(event)
    rooms.heard.clear()


async def last_id(rooms: Rooms) -> int:
    return await rooms.db.read(
        lambda session: session.scalar(select(func.max(col(OrderEventRow.id)))) or 0
    )


async def test_each_terminal_gets_the_orders_its_person_may_read(
    rooms: Rooms, bus: Bus, feed: OrderFeed
) -> None:
    boss, anna, wuhu = [await Line(feed, actor).hello() for actor in (BOSS, ANNA, WUHU_CLERK)]
    first = await rooms.given()
    second = (await rooms.intake.receive(an_intake(region="340200"), NOW)).order_no
    steps = [event.name for event in rooms.heard if event.key == first]
    tell(rooms, bus)
    seen = [await boss.event() for _ in range(4)]
    assert [f"order.{event['step']}" for event in seen] == steps
    assert [event["seq"] for event in seen] == [1, 2, 3, 4]
    assert set(seen[0]) == {
        *("id", "order_no", "seq", "step", "from", "state", "at", "urgency", "card"),
        *("institution", "handler"),
    }
    assert (await anna.event())["order_no"] == first
    assert (await wuhu.event())["order_no"] == second, "and nothing of Hefei's before it"


async def test_nothing_of_other_places_is_told(rooms: Rooms, bus: Bus, feed: OrderFeed) -> None:
    carl, boss = [await Line(feed, actor).hello() for actor in (CARL, BOSS)]
    order_no = await rooms.an_order()
    await rooms.desk.step(order_no, "assigned", BOSS, {"institution": "aid-340100"}, NOW)
    tell(rooms, bus)
    assert [(await boss.event())["seq"] for _ in range(3)] == [1, 2, 3]
    await rooms.desk.step(
        order_no, "reassigned", BOSS, {"institution": "aid-340200", "note": "属地"}, NOW
    )
    tell(rooms, bus)
    assert (await carl.event())["step"] == "reassigned", "the first he may see"
    assert (await boss.event())["seq"] == 4


async def test_whoever_loses_an_order_hears_of_it(rooms: Rooms, bus: Bus, feed: OrderFeed) -> None:
    anna, boss = [await Line(feed, actor).hello() for actor in (ANNA, BOSS)]
    order_no = await rooms.an_order()
    await rooms.desk.step(order_no, "assigned", BOSS, {"institution": "aid-340100"}, NOW)
    tell(rooms, bus)
    while (await anna.event())["step"] != "assigned":
        pass
    await rooms.desk.step(
        order_no, "reassigned", BOSS, {"institution": "aid-340200", "note": "属地"}, NOW
    )
    tell(rooms, bus)
    lost = await anna.event()
    assert (lost["step"], lost["institution"]) == ("reassigned", "aid-340200")
    await rooms.desk.step(order_no, "urged", SYSTEM, {}, NOW)
    tell(rooms, bus)
    while (await boss.event())["step"] != "urged":
        pass
    back = {"institution": "aid-340100", "note": "还是合肥"}
    await rooms.desk.step(order_no, "reassigned", BOSS, back, NOW)
    tell(rooms, bus)
    assert (await anna.event())["step"] == "reassigned", "of what happened elsewhere she hears not"


async def test_of_a_confidential_order_only_that_it_moves(
    rooms: Rooms, bus: Bus, feed: OrderFeed
) -> None:
    clerk, boss = [await Line(feed, actor).hello() for actor in (CLERK, BOSS)]
    order_no = await rooms.an_order(confidential=True)
    await rooms.desk.step(order_no, "assigned", BOSS, {"institution": "aid-340100"}, NOW)
    tell(rooms, bus)
    for line, institution in ((clerk, None), (boss, "aid-340100")):
        seen = [await line.event() for _ in range(3)]
        assert [event["institution"] for event in seen][-1] == institution


async def test_a_terminal_that_comes_back_gets_what_it_missed_once(
    rooms: Rooms, bus: Bus, feed: OrderFeed
) -> None:
    await rooms.an_order()
    seen = await last_id(rooms)
    rooms.heard.clear()
    order_no = (await rooms.intake.receive(an_intake(), NOW)).order_no
    line = await Line(feed, BOSS, str(seen)).hello()
    missed = await line.event()
    while missed["order_no"] != order_no:  # PostgreSQL: what lies close together comes again
        assert not rooms.db.is_sqlite
        missed = await line.event()
    assert missed["seq"] == 1
    tell(rooms, bus)  # late on the bus what came from the table already
    await rooms.desk.step(order_no, "urged", SYSTEM, {}, NOW)
    tell(rooms, bus)
    assert (await line.event())["step"] == "urged"


@pytest.mark.parametrize("last", ["", "abc", "-1", "999999999", "9" * 30, "１２"])
async def test_an_id_that_is_not_ours_asks_for_fresh_lists(
    rooms: Rooms, feed: OrderFeed, last: str
) -> None:
    line = await Line(feed, BOSS, last).hello()
    assert (await line.next()).startswith("event: resync")


async def test_a_slow_terminal_is_dropped_the_others_are_not(
    rooms: Rooms, bus: Bus, feed: OrderFeed
) -> None:
    slow, quick = [await Line(feed, BOSS).hello() for _ in range(2)]
    waiting = asyncio.create_task(quick.event())
    order_no = await rooms.an_order()
    for _ in range(ROOM):
        await rooms.desk.step(order_no, "urged", SYSTEM, {}, NOW)
    for event in rooms.heard:
        bus.publish(event)
        assert (await waiting)["order_no"] == order_no
        waiting = asyncio.create_task(quick.event())
    got = 0
    while (await slow.next()).startswith("id: "):
        got += 1
    assert got == ROOM, "what it had room for, then resync"
    await slow.ends()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_signs_of_life_and_an_end(rooms: Rooms) -> None:
    bus = Bus()
    feed = OrderFeed(rooms.db, bus, allowed, heartbeat_s=0.01, stream_s=0.1)
    line = await Line(feed, BOSS).hello()
    assert await line.next() == ": alive\n\n"
    frames = 1
    async for _ in line.frames:
        frames += 1
    assert frames < 20, "it ends by itself, and rights are asked anew"


async def test_it_ends_when_the_bus_stops_and_other_events_are_no_steps(
    rooms: Rooms, bus: Bus, feed: OrderFeed
) -> None:
    line = await Line(feed, BOSS).hello()
    bus.publish(Event("order.acknowledged", NOW, "20260305000016", {"receipt": "R1"}))
    order_no = await rooms.an_order()
    tell(rooms, bus)
    assert (await line.event())["order_no"] == order_no
    await line.event()
    await bus.stop()
    await line.ends()
