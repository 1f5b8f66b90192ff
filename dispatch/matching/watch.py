"""Takes up orders as the bus tells of them, and now and then what the bus did not tell."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from dispatch.matching.service import Matcher
from hotline.bus import Bus
from hotline.domain.events import Event
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)
RECEIVED = "order.received"
RETURNED = "order.returned"
SWEEP_S = 60.0
_QUEUE = 10_000


class MatchWatch:
    """Runs beside the bus until cancelled."""

    def __init__(self, matcher: Matcher, bus: Bus, now: Callable[[], datetime]) -> None:
        self._matcher = matcher
        self._bus = bus
        self._now = now

    async def run(self, sweep_s: float = SWEEP_S) -> None:
        """Take up what comes in; look around every ``sweep_s`` seconds, first at the start."""
        told = self._bus.subscribe("order.*", limit=_QUEUE)
        sweeper = asyncio.create_task(self._look_around(sweep_s), name="match-sweep")
        try:
            async for event in told:
                await _guarded(self._take(event))
        finally:
            sweeper.cancel()
            told.close()

    async def _look_around(self, every_s: float) -> None:
        while True:
            await _guarded(self._matcher.refresh(self._now()))
            await _guarded(self._matcher.sweep(self._now()))
            await asyncio.sleep(every_s)

    async def _take(self, event: Event) -> None:
        if event.name == RECEIVED:
            await self._matcher.receive(event.key, self._now())
        elif event.name == RETURNED:
            await self._matcher.rematch(event.key, self._now())


async def _guarded(work: Awaitable[object]) -> None:
    """A refusal or a database that is down costs one order's turn, which the sweep makes good."""
    try:
        await work
    except HotlineError as error:
        log.warning("match_put_off", code=error.code)
