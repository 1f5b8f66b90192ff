"""Order events for terminals, as server-sent events.

One reader of the bus looks each event up once and hands it to every terminal whose person may see
the order. A terminal that comes back with ``Last-Event-ID`` first gets what it missed from
``order_events``. Delivery is at least once: ``order_no`` and ``seq`` tell a repeat. A terminal that
does not keep up gets ``resync`` and is dropped; it comes back and catches up from the table.
"""

import asyncio
import json
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.life.engine import Allowed
from hotline import metrics
from hotline.bus import Bus
from hotline.db import Database
from hotline.db.tables import OrderEventRow, OrderRow
from hotline.domain.events import Event
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
"""Of the response; its media type is ``text/event-stream``."""
_BUS_QUEUE = 10_000
_REPLAY = 2_000
"""More than this missed: the terminal fetches its lists anew instead."""
_OVERLAP_IDS, _OVERLAP = 200, timedelta(seconds=10)
"""PostgreSQL numbers rows before they are committed: a lower number may appear a little later."""
_REMEMBER = 10_000
_HELLO = "retry: 3000\n: 12348\n\n"
_ALIVE = ": alive\n\n"
_RESYNC = "event: resync\ndata: {}\n\n"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A step, and where its order is now. No personal data."""

    id: int
    order_no: str
    seq: int
    step: str
    from_state: str | None
    state: str
    at: datetime
    urgency: str
    card: int
    region: str | None
    institution: str | None
    handler: str | None
    confidential: bool
    before: tuple[str | None, str | None] | None = None
    """(institution, handler) when last seen, if others: they are to know they have lost it."""


@dataclass(eq=False, slots=True)
class _Reader:
    actor: Actor
    limit: int
    frames: deque[tuple[tuple[str, int], str]] = field(default_factory=deque)
    """(order number and seq, frame) of what this terminal may see; nothing else takes its room."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    lagged: bool = False
    closed: bool = False

    def offer(self, item: FeedItem, frame: str) -> None:
        if len(self.frames) >= self.limit:
            self.lagged = True
        else:
            self.frames.append(((item.order_no, item.seq), frame))
        self.ready.set()


class OrderFeed:
    """Hands order events to terminals. Start ``run`` once; ``stream`` is one terminal."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        allowed: Allowed,
        *,
        queue: int = 256,
        heartbeat_s: float = 15.0,
        stream_s: float = 3600.0,
    ) -> None:
        """``queue``: events kept for a slow terminal. ``stream_s``: a stream ends after this and
        the terminal signs in again, so that rights taken away do not live on.
        """
        self._db = db
        self._bus = bus
        self._allowed = allowed
        self._queue = queue
        self._heartbeat_s = heartbeat_s
        self._stream_s = stream_s
        self._readers: set[_Reader] = set()
        self._places: OrderedDict[str, tuple[str | None, str | None]] = OrderedDict()

    async def run(self) -> None:
        """Follow the bus until it stops (or this is cancelled); then all streams end."""
        subscription = self._bus.subscribe("order.*", _BUS_QUEUE)
        dropped = 0
        try:
            async for event in subscription:
                if subscription.dropped > dropped:
                    dropped = subscription.dropped
                    self._each(_lag)
                await self._take(event)
        finally:
            subscription.close()
            self._each(_close)

    async def stream(self, actor: Actor, last_event_id: str | None = None) -> AsyncIterator[str]:
        """Frames for one terminal, whose right to be here was checked at the door."""
        reader = _Reader(actor, self._queue)
        self._readers.add(reader)  # before the look back, so that nothing falls in between
        metrics.TERMINAL_STREAMS.inc()
        try:
            yield _HELLO
            told: set[tuple[str, int]] = set()
            if last_event_id is not None:
                missed = await self._missed(last_event_id)
                if missed is None:
                    yield _RESYNC
                for item in missed or ():
                    told.add((item.order_no, item.seq))
                    if (frame := self._frame(item, actor)) is not None:
                        yield frame
            async for frame in self._live(reader, told):
                yield frame
        finally:
            self._readers.discard(reader)
            metrics.TERMINAL_STREAMS.dec()

    async def _live(self, reader: _Reader, told: set[tuple[str, int]]) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._stream_s
        while not reader.closed and loop.time() < end:
            while reader.frames:
                key, frame = reader.frames.popleft()
                if key not in told:
                    yield frame
            if reader.lagged:
                yield _RESYNC
                return
            reader.ready.clear()
            if reader.frames or reader.closed:
                continue
            try:
                async with asyncio.timeout(min(self._heartbeat_s, max(0.0, end - loop.time()))):
                    await reader.ready.wait()
            except TimeoutError:
                yield _ALIVE

    async def _take(self, event: Event) -> None:
        seq = event.data.get("seq")
        if not self._readers or not isinstance(seq, int):
            return  # nobody looks, or no step (order.acknowledged …)
        query = _query().where(
            col(OrderEventRow.order_no) == event.key, col(OrderEventRow.seq) == seq
        )
        try:
            items = await self._db.read(lambda session: _items(session, query))
        except HotlineError as error:
            log.error("order_feed_unavailable", code=error.code)
            self._each(_lag)
            return
        for item in items:
            moved = self._moved(item)
            for reader in tuple(self._readers):
                frame = self._frame(moved, reader.actor)
                if frame is not None:
                    reader.offer(moved, frame)

    def _moved(self, item: FeedItem) -> FeedItem:
        """The item, with where the order was before when that was elsewhere."""
        here = (item.institution, item.handler)
        before = self._places.pop(item.order_no, here)
        self._places[item.order_no] = here
        if len(self._places) > _REMEMBER:
            self._places.popitem(last=False)
        return item if before == here else replace(item, before=before)

    def _each(self, tell: Callable[[_Reader], None]) -> None:
        for reader in tuple(self._readers):
            tell(reader)

    async def _missed(self, last_event_id: str) -> list[FeedItem] | None:
        """What came after an event; None: too much, or no id of ours."""
        plain = last_event_id.strip()
        if not (plain.isascii() and plain.isdigit() and len(plain) <= 18):
            return None
        last = int(plain)

        def work(session: Session) -> list[FeedItem] | None:
            at = session.scalar(select(col(OrderEventRow.at)).where(col(OrderEventRow.id) == last))
            newest = session.scalar(select(func.max(col(OrderEventRow.id)))) or 0
            if at is None or newest - last > _REPLAY:
                return None
            number = col(OrderEventRow.id)
            if self._db.is_sqlite:  # one writer: numbers appear in sequence
                return _items(session, _query().where(number > last))
            near = and_(
                number > last - _OVERLAP_IDS,
                number != last,
                col(OrderEventRow.at) >= at - _OVERLAP,
            )
            return _items(session, _query().where(or_(number > last, near)))

        return await self._db.read(work)

    def _frame(self, item: FeedItem, actor: Actor) -> str | None:
        """The event as this actor may see it; None: not at all."""
        if not self._sees(item, actor):
            return None
        hidden = item.confidential and not (
            self._has(item, actor) or self._may(actor, Right.CONFIDENTIAL, item)
        )
        data: dict[str, Any] = {
            "order_no": item.order_no,
            "seq": item.seq,
            "step": item.step,
            "from": item.from_state,
            "state": item.state,
            "at": item.at.isoformat(timespec="milliseconds"),
            "urgency": item.urgency,
            "card": item.card,
            "institution": None if hidden else item.institution,
            "handler": None if hidden else item.handler,
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return f"id: {item.id}\nevent: order\ndata: {text}\n\n"

    def _sees(self, item: FeedItem, actor: Actor) -> bool:
        if self._has(item, actor) or self._may(actor, Right.READ, item):
            return True
        if item.before is None:
            return False
        institution, handler = item.before
        was_mine = handler is not None and handler == actor.person_id
        return was_mine or self._allowed(
            actor, Right.READ, region=item.region, institution=institution
        )

    def _may(self, actor: Actor, right: Right, item: FeedItem) -> bool:
        return self._allowed(actor, right, region=item.region, institution=item.institution)

    @staticmethod
    def _has(item: FeedItem, actor: Actor) -> bool:
        return actor.person_id is not None and actor.person_id == item.handler


def _lag(reader: _Reader) -> None:
    reader.lagged = True
    reader.ready.set()


def _close(reader: _Reader) -> None:
    reader.closed = True
    reader.ready.set()


def _query() -> Select[OrderEventRow, OrderRow]:
    return (
        select(OrderEventRow, OrderRow)
        .join(OrderRow, col(OrderRow.order_no) == col(OrderEventRow.order_no))
        .order_by(col(OrderEventRow.id))
    )


def _items(session: Session, query: Select[OrderEventRow, OrderRow]) -> list[FeedItem]:
    return [
        FeedItem(
            id=event.id or 0,
            order_no=event.order_no,
            seq=event.seq,
            step=event.step,
            from_state=event.from_state,
            state=event.to_state,
            at=event.at,
            urgency=order.urgency,
            card=order.card,
            region=order.region,
            institution=order.institution,
            handler=order.handler,
            confidential=order.confidential,
        )
        for event, order in session.execute(query)
    ]
