"""How soon an order is acknowledged by the hub, and how fast a backlog drains.

    .venv/bin/python -m benchmarks.hub_push [--orders 10000] [--single 200] [--json]

A reference hub in its own process on loopback, SQLite and a private PostgreSQL (both durable).
Latency is from the order's commit to the receipt's arrival, one caller after another and five at
once; the drain is of a backlog that was there before the sender started. Then the hub is away for a
day (orders filed through it), comes back, and new callers file one after another meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import hub_sender
from benchmarks.common import arguments, percentile, show
from benchmarks.hub_bench import Place, an_intake, file_orders, outbox_states, place
from dispatch.hub.pusher import HubPusher
from dispatch.intake import IntakeDesk
from hotline.domain.events import Event

DATABASES = ("sqlite", "postgresql")


class Watch:
    """Counts receipts and tells when each came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._down = asyncio.Event()

    def publish(self, event: Event) -> None:
        if event.name == "order.acknowledged":
            self.came[event.key] = time.perf_counter()
            self._changed.set()
        elif event.name == "hub.down":
            self._down.set()

    async def until_down(self) -> None:
        await self._down.wait()

    async def until(self, check: Callable[[], bool]) -> None:
        while not check():
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def pushing(where: Place, watch: Watch) -> AsyncIterator[HubPusher]:
    """A sender at work."""
    pusher = HubPusher(where.db, where.ring, where.hub.settings, publish=watch.publish)
    task = asyncio.create_task(pusher.run())
    yield pusher
    pusher.stop()
    await task


async def latency(where: Place, count: int, together: int) -> list[float]:
    """Milliseconds from commit to receipt of orders filed ``together`` at a time."""
    watch = Watch()
    waits: list[float] = []
    async with pushing(where, watch) as pusher:
        desk = IntakeDesk(where.db, where.ring, "hotline-12348", on_filed=lambda _: pusher.wake())

        async def one() -> None:
            order = await desk.receive(an_intake(), datetime.now(UTC))
            committed = time.perf_counter()
            await watch.until(lambda: order.order_no in watch.came)
            waits.append(max(0.0, watch.came[order.order_no] - committed) * 1000)

        for _ in range(count // together):
            await asyncio.gather(*(one() for _ in range(together)))
    return waits


async def drain(where: Place, numbers: list[str]) -> float:
    """Seconds until all are acknowledged."""
    watch = Watch()
    began = time.perf_counter()
    async with pushing(where, watch):
        await watch.until(lambda: len(watch.came) >= len(numbers))
        return time.perf_counter() - began


async def after_outage(where: Place, backlog: int) -> tuple[list[float], int, float]:
    """The hub comes back after a day: how long do those wait who call while the backlog drains?

    Returns their waits in ms, how many of the backlog were still unsent when the last of them was
    acknowledged, and the seconds until all was delivered.
    """
    watch = Watch()
    waits: list[float] = []
    left = 0
    where.hub.kill()
    async with pushing(where, watch) as pusher:
        desk = IntakeDesk(where.db, where.ring, "hotline-12348", on_filed=lambda _: pusher.wake())
        await watch.until_down()
        await asyncio.to_thread(where.hub.start)
        await watch.until(lambda: len(watch.came) > 0)
        began = time.perf_counter()
        while len(watch.came) < backlog // 2:
            order = await desk.receive(an_intake(), datetime.now(UTC))
            committed = time.perf_counter()
            await watch.until(lambda number=order.order_no: number in watch.came)  # type: ignore[misc]
            waits.append(max(0.0, watch.came[order.order_no] - committed) * 1000)
            left = backlog + len(waits) - len(watch.came)
        await watch.until(lambda: len(watch.came) >= backlog + len(waits))
        return waits, left, time.perf_counter() - began


def two_senders(where: Place, count: int) -> tuple[float, list[int]]:
    """Orders a second drained by two sender processes, and what each of them delivered."""
    file_orders(where, count)
    senders = [hub_sender.start(where.settings, where.hub.settings) for _ in range(2)]
    while outbox_states(where.db).get("pending", 0) > count * 0.9:
        time.sleep(0.05)  # both have loaded what they need
    began, had = time.perf_counter(), outbox_states(where.db)["pending"]
    while outbox_states(where.db).get("pending"):
        time.sleep(0.1)
    speed = had / (time.perf_counter() - began)
    return speed, [hub_sender.end(sender) for sender in senders]


def measure(database: str, orders: int, single: int) -> list[tuple[str, Any]]:
    """The rows of one database."""
    rows: list[tuple[str, Any]] = []
    with place(database) as where:
        for together in (1, 5):
            waits = asyncio.run(latency(where, single, together))
            rows.append(
                (f"{database}: acknowledged p50 ms, {together} at once", percentile(waits, 50))
            )
            rows.append(
                (f"{database}: acknowledged p95 ms, {together} at once", percentile(waits, 95))
            )
        numbers = file_orders(where, orders)
        ours, theirs = time.process_time(), where.hub.cpu_s()
        seconds = asyncio.run(drain(where, numbers))
        ours, theirs = time.process_time() - ours, where.hub.cpu_s() - theirs
        rows.append((f"{database}: backlog drained, orders/s", round(orders / seconds)))
        rows.append((f"{database}: processor ms an order, sender", round(ours / orders * 1000, 2)))
        rows.append((f"{database}: processor ms an order, hub", round(theirs / orders * 1000, 2)))
        rows += outage_rows(where, database, orders // 2)
        if database == "postgresql":
            speed, shares = two_senders(where, orders // 2)
            rows.append((f"{database}: two senders, orders/s", round(speed)))
            rows.append((f"{database}: two senders, delivered by each", shares))
        summary = where.hub.get("/api/v1/summary")
        states = outbox_states(where.db)
        rows.append((f"{database}: left unsent", sum(states.values()) - states.get("sent", 0)))
        rows.append((f"{database}: sent twice", summary["repeats"]))
    return rows


def outage_rows(where: Place, database: str, backlog: int) -> list[tuple[str, Any]]:
    """A day's backlog, and callers who come when the hub is back."""
    day, parts = datetime.now(UTC) - timedelta(days=1), 24
    for hour in range(parts):
        file_orders(where, backlog // parts, day + timedelta(hours=hour))
    waits, left, seconds = asyncio.run(after_outage(where, backlog // parts * parts))
    return [
        (f"{database}: after a day away, new callers acknowledged p95 ms", percentile(waits, 95)),
        (f"{database}: after a day away, backlog behind the last of them", left),
        (f"{database}: after a day away, all delivered in s", round(seconds, 1)),
    ]


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, orders=10_000, single=200)
    rows: list[tuple[str, Any]] = [("backlog, orders", options.orders)]
    for database in DATABASES:
        rows += measure(database, options.orders, options.single)
    show("pushing to the hub", rows, only_json=options.json)


if __name__ == "__main__":
    main()
