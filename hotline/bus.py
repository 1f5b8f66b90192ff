"""Events between the rooms of one process, and over NATS between processes and nodes.

Publishing never waits: every subscriber has a queue of its own, and one that does not keep up
loses its oldest events (counted, so that it can fetch a fresh snapshot), never holds up others.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

import structlog
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import DeliverPolicy, DiscardPolicy, StreamConfig
from nats.js.client import JetStreamContext

from hotline import metrics
from hotline.domain.events import Event
from hotline.errors import UnavailableError
from hotline.settings import Settings

log = structlog.get_logger(__name__)

STREAM = "HOTLINE"
SUBJECT = "hotline.events"
_KEEP_S = 24 * 3600.0
_QUEUE = 256
_OUT_QUEUE = 10_000
_CONNECT_S = 5.0


class BusUnavailableError(UnavailableError):
    """NATS cannot be reached."""

    code = "bus-unavailable"


class Subscription:
    """One subscriber's events, in the order they were published. Iterate over it."""

    def __init__(self, bus: "Bus", pattern: str, limit: int) -> None:
        self._bus = bus
        self._pattern = pattern
        self._limit = limit
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self.dropped = 0
        """Events lost because they were not fetched in time."""

    def offer(self, event: Event) -> None:
        """Called by the bus for every event."""
        if not fnmatchcase(event.name, self._pattern):
            return
        if len(self._events) >= self._limit:
            self._events.popleft()
            self.dropped += 1
            metrics.BUS_DROPPED.inc()
        self._events.append(event)
        self._ready.set()

    def close(self) -> None:
        """Stop; whoever iterates gets what is left and then the end."""
        self._closed = True
        self._bus.forget(self)
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._ready.clear()
            await self._ready.wait()


class Bus:
    """Events within one process. Use it from the event loop's thread."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """End all subscriptions."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def subscribe(self, pattern: str = "*", limit: int = _QUEUE) -> Subscription:
        """Events whose name fits the pattern (``call.*``); at most ``limit`` are kept waiting."""
        subscription = Subscription(self, pattern, limit)
        self._subscriptions.add(subscription)
        return subscription

    def publish(self, event: Event) -> None:
        """Tell everybody who listens; never waits, never raises."""
        metrics.BUS_EVENTS.inc()
        self._spread(event)

    def forget(self, subscription: Subscription) -> None:
        """Called by a subscription that closes."""
        self._subscriptions.discard(subscription)

    def _spread(self, event: Event) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(event)


class NatsBus(Bus):
    """The same over NATS JetStream: events of all nodes reach all nodes.

    Without NATS events still reach this process; those for others wait (up to 10,000) until it
    is back. A node gets its own events once, directly.
    """

    def __init__(self, url: str, node: str) -> None:
        super().__init__()
        self._url = url
        self._origin = f"{node}/{uuid4().hex[:8]}"
        self._out: deque[tuple[str, Event]] = deque(maxlen=_OUT_QUEUE)
        self._stopping = False
        self._waiting = asyncio.Event()
        self._client: NatsClient | None = None
        self._sender: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, make the stream, listen. Raises BusUnavailableError."""
        self._client = NatsClient()
        try:
            async with asyncio.timeout(_CONNECT_S):
                stream = await self._connect(self._client)
        except (NatsError, OSError, TimeoutError) as error:
            await self._client.close()
            raise BusUnavailableError(
                f"NATS at the configured address cannot be used ({type(error).__name__})"
            ) from None
        self._sender = asyncio.create_task(self._send_all(stream), name="bus-sender")

    async def _connect(self, client: NatsClient) -> JetStreamContext:
        await client.connect(
            self._url,
            connect_timeout=2,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            error_cb=_ignore,
            disconnected_cb=_say_lost,
            reconnected_cb=_say_back,
        )
        stream = client.jetstream(timeout=2)
        await _make_stream(stream)
        await stream.subscribe(
            f"{SUBJECT}.>",
            cb=self._received,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.NEW,
        )
        return stream

    async def stop(self) -> None:
        """Send what waits (for at most 2 s), disconnect, end all subscriptions."""
        self._stopping = True
        self._waiting.set()
        if self._sender is not None:
            try:
                await asyncio.wait_for(self._sender, 2)
            except TimeoutError:
                log.warning("bus_events_unsent", count=len(self._out))
        if self._client is not None:
            await self._client.close()
        await super().stop()

    def publish(self, event: Event) -> None:
        """Tell this process now, the others as soon as NATS takes it."""
        super().publish(event)
        if len(self._out) == _OUT_QUEUE:
            metrics.BUS_DROPPED.inc()
        self._out.append((uuid4().hex, event))
        self._waiting.set()

    async def _send_all(self, stream: JetStreamContext) -> None:
        while not self._stopping or self._out:
            self._waiting.clear()
            while self._out:
                entry = self._out[0]
                if not await self._send(stream, *entry):
                    await asyncio.sleep(1)
                elif self._out and self._out[0] is entry:
                    self._out.popleft()
            if not self._stopping:
                await self._waiting.wait()

    async def _send(self, stream: JetStreamContext, message_id: str, event: Event) -> bool:
        headers = {"Nats-Msg-Id": message_id}  # JetStream drops what a lost answer makes us repeat
        try:
            await stream.publish(f"{SUBJECT}.{event.name}", self._encode(event), headers=headers)
        except (NatsError, OSError, TimeoutError):
            return False
        return True

    async def _received(self, message: Msg) -> None:
        try:
            data: dict[str, Any] = json.loads(message.data)
            if data["origin"] == self._origin:
                return
            at = datetime.fromisoformat(data["at"])
            event = Event(data["name"], at, data["key"], data["data"])
        except (ValueError, KeyError, TypeError):
            log.warning("bus_junk")
            return
        self._spread(event)

    def _encode(self, event: Event) -> bytes:
        data = {
            "origin": self._origin,
            "name": event.name,
            "at": event.at.isoformat(),
            "key": event.key,
            "data": event.data,
        }
        return json.dumps(data).encode()


def make_bus(settings: Settings) -> Bus:
    """The bus these settings ask for; ``start`` it, ``stop`` it at the end."""
    return NatsBus(settings.nats_url, settings.node) if settings.nats_url else Bus()


async def _make_stream(stream: JetStreamContext) -> None:
    await stream.add_stream(
        StreamConfig(
            name=STREAM,
            subjects=[f"{SUBJECT}.>"],
            max_age=_KEEP_S,
            max_msgs=1_000_000,
            discard=DiscardPolicy.OLD,
        )
    )


async def _ignore(error: Exception) -> None:
    """One call for every attempt to reconnect; the loss itself is logged once."""


async def _say_lost() -> None:
    log.warning("bus_lost")


async def _say_back() -> None:
    log.info("bus_back")
