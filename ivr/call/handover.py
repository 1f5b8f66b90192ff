"""Ringing people for a caller: the configured seats in turn, then the on-call telephones."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from ivr.ari import AriClient
from ivr.ari.protocol import segment
from ivr.call.legs import CallLegs
from ivr.errors import AriUnavailableError, IvrError

log = structlog.get_logger(__name__)


async def on_duty(ari: AriClient, seats: Sequence[str]) -> list[str]:
    """Of the configured endpoints (``PJSIP/seat-1``), those that Asterisk can reach now."""
    reachable: list[str] = []
    for seat in seats:
        if "@" in seat:
            reachable.append(seat)
            continue
        tech, _, name = seat.partition("/")
        with contextlib.suppress(IvrError):
            state = await ari.get(f"endpoints/{segment(tech)}/{segment(name)}")
            if isinstance(state, dict) and state.get("state") == "online":
                reachable.append(seat)
    return reachable


class Ringing:
    """Rings endpoints one after the other until one answers; driven by the call's events."""

    def __init__(self, legs: CallLegs, *, ring_s: float, caller_id: str) -> None:
        self._legs = legs
        self._ring_s = ring_s
        self._caller_id = caller_id
        self._count = 0
        self._channel: str | None = None
        self._answered: asyncio.Event = asyncio.Event()
        self._gone: asyncio.Event = asyncio.Event()

    def answered(self, channel: str) -> None:
        """StasisStart of a rung channel."""
        if channel == self._channel:
            self._answered.set()

    def gone(self, channel: str) -> None:
        """A rung channel has ended: busy, refused, unreachable."""
        if channel == self._channel:
            self._gone.set()

    async def ring(self, endpoints: Sequence[str]) -> tuple[str, str] | None:
        """Return (endpoint, channel) of the one that answered, None when nobody did."""
        for endpoint in endpoints:
            self._count += 1
            self._answered.clear()
            self._gone.clear()
            channel = self._channel = self._legs.seat(self._count)
            try:
                await self._legs.ring(endpoint, channel, self._caller_id)
                if await self._wait():
                    return endpoint, channel
            except AriUnavailableError:
                return None
            except IvrError as error:
                log.warning("seat could not be rung", why=error.code)
            await self._legs.hang_up(channel, "no_answer")
        self._channel = None
        return None

    async def cancel(self) -> None:
        """Stop ringing."""
        if self._channel is not None and not self._answered.is_set():
            await self._legs.hang_up(self._channel, "normal")

    async def _wait(self) -> bool:
        waits = [
            asyncio.create_task(self._answered.wait(), name="seat-answered"),
            asyncio.create_task(self._gone.wait(), name="seat-gone"),
        ]
        try:
            await asyncio.wait(waits, timeout=self._ring_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return self._answered.is_set()
