"""Finding a person for a caller: seats of the queue, configured seats, on-call telephones."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from ivr.ari import AriClient
from ivr.ari.protocol import segment
from ivr.call.legs import CallLegs
from ivr.desk.desk import SeatDesk
from ivr.errors import AriUnavailableError, IvrError, SeatStepError
from ivr.queue.parts import Wanted

log = structlog.get_logger(__name__)
_BACKSTOP_S = 120.0
"""The queue says when a seat is rung no longer; this is for a queue that says nothing."""


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


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody has picked up."""

    endpoint: str
    channel: str
    person_id: str | None = None
    """Whose seat it is; None for a configured telephone."""


class Search:
    """Rings one after the other until somebody answers; driven by the call's events."""

    def __init__(
        self,
        legs: CallLegs,
        *,
        ring_s: float,
        caller_id: str,
        name: Callable[[], str] | None = None,
    ) -> None:
        """``name``: id of the next channel; None: a seat's."""
        self._legs = legs
        self._name = name or legs.new_seat
        self._ring_s = ring_s
        self._caller_id = caller_id
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

    async def in_queue(self, desk: SeatDesk, wanted: Wanted) -> Found | None:
        """Wait in the queue; None when the wait was too long."""
        ticket = desk.join(wanted)
        try:
            while (person := await ticket.next()) is not None:
                endpoint = desk.endpoint(person)
                channel = await self._ring(endpoint, _BACKSTOP_S, ticket.stopped)
                if channel is None:
                    desk.missed(wanted.call_id, person)
                    continue
                try:
                    desk.answered(wanted.call_id, person)
                except SeatStepError:
                    await self._legs.hang_up(channel)
                    continue
                return Found(endpoint, channel, person)
        except AriUnavailableError:
            return None
        finally:
            desk.leave(wanted.call_id)
        return None

    async def in_turn(self, endpoints: Sequence[str]) -> Found | None:
        """Ring these, each once; None when nobody answered."""
        never = asyncio.Event()
        try:
            for endpoint in endpoints:
                channel = await self._ring(endpoint, self._ring_s, never)
                if channel is not None:
                    return Found(endpoint, channel)
        except AriUnavailableError:
            return None
        return None

    async def one(self, endpoint: str, seconds: float) -> str | None:
        """Ring one telephone; the channel that answered. Raises AriUnavailableError."""
        return await self._ring(endpoint, seconds, asyncio.Event())

    async def cancel(self) -> None:
        """Stop ringing."""
        if self._channel is not None and not self._answered.is_set():
            await self._legs.hang_up(self._channel, "normal")

    async def _ring(self, endpoint: str, seconds: float, stop: asyncio.Event) -> str | None:
        """The channel that answered; None when it did not. Raises AriUnavailableError."""
        self._answered.clear()
        self._gone.clear()
        channel = self._channel = self._name()
        try:
            await self._legs.ring(endpoint, channel, self._caller_id)
            if await self._wait(seconds, stop):
                return channel
        except AriUnavailableError:
            raise
        except IvrError as error:
            log.warning("seat could not be rung", why=error.code)
        except asyncio.CancelledError:
            # the caller has gone: nobody is left to answer for
            await self._legs.hang_up(channel)
            raise
        await self._legs.hang_up(channel, "no_answer")
        self._channel = None
        return None

    async def _wait(self, seconds: float, stop: asyncio.Event) -> bool:
        events = (self._answered, self._gone, stop)
        waits = [asyncio.create_task(one.wait(), name="seat-rings") for one in events]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return self._answered.is_set()
