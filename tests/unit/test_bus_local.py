"""The bus within one process."""

import asyncio
from datetime import UTC, datetime

import pytest

from hotline.bus import Bus, NatsBus, make_bus
from hotline.domain.events import Event
from hotline.settings import Settings

pytestmark = pytest.mark.unit


def event(name: str, key: str = "C1") -> Event:
    return Event(name, datetime(2026, 3, 5, tzinfo=UTC), key)


async def test_subscribers_get_what_they_asked_for_in_order() -> None:
    bus = Bus()
    calls, everything = bus.subscribe("call.*"), bus.subscribe()
    for name in ("call.started", "order.filed", "call.ended"):
        bus.publish(event(name))
    await bus.stop()
    assert [heard.name async for heard in calls] == ["call.started", "call.ended"]
    assert len([heard async for heard in everything]) == 3


async def test_a_slow_subscriber_loses_its_oldest_and_holds_up_nobody() -> None:
    bus = Bus()
    slow, quick = bus.subscribe(limit=3), bus.subscribe()
    for number in range(10):
        bus.publish(event("call.turn", str(number)))
    await bus.stop()
    assert [heard.key async for heard in slow] == ["7", "8", "9"]
    assert slow.dropped == 7
    assert quick.dropped == 0


async def test_a_waiting_subscriber_is_woken_and_ended() -> None:
    bus = Bus()
    subscription = bus.subscribe()

    async def listen() -> list[str]:
        return [heard.key async for heard in subscription]

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    bus.publish(event("call.started", "A"))
    await asyncio.sleep(0)
    subscription.close()
    assert await task == ["A"]
    bus.publish(event("call.started", "B"))


def test_settings_choose_the_bus() -> None:
    assert type(make_bus(Settings())) is Bus
    assert type(make_bus(Settings(nats_url="nats://127.0.0.1:4222"))) is NatsBus
