"""A supervisor in a talk: hears both sides, whispers to the agent, joins in, or takes over.

Listening is one way by construction: what the supervisor says is led to a copy of the talk that
nobody hears, until whispering or joining in is asked for.
"""

import contextlib
from enum import StrEnum

from ivr.call.handover import Found, Search
from ivr.call.legs import CallLegs, WatchLegs
from ivr.errors import IvrError, SeatStepError

_RING_S = 15.0


class Watch(StrEnum):
    """What a supervisor may do."""

    LISTEN = "listen"
    WHISPER = "whisper"
    """Only the agent hears the supervisor."""
    BARGE = "barge"
    """Everybody hears everybody."""
    TAKE_OVER = "take_over"
    """The agent leaves, the supervisor has the caller."""
    LEAVE = "leave"


class Watcher:
    """One supervisor's part in one call."""

    def __init__(self, legs: CallLegs, person_id: str, endpoint: str, caller_id: str) -> None:
        self._legs = legs
        self.person_id = person_id
        self._endpoint = endpoint
        self._names: WatchLegs = legs.new_watch()
        self.search = Search(
            legs, ring_s=_RING_S, caller_id=caller_id, name=lambda: self._names.channel
        )
        self.mode: Watch | None = None

    @property
    def channel(self) -> str:
        """Id of the supervisor's channel."""
        return self._names.channel

    async def ring(self) -> None:
        """Ring the supervisor's telephone, which answers by itself. Raises SeatStepError."""
        if await self.search.one(self._endpoint, _RING_S) is None:
            raise SeatStepError("话机没有接通，请检查耳麦后重试")

    async def change(self, mode: Watch, agent: str) -> None:
        """Listen, whisper or join in; ``agent``: the agent's channel. Raises IvrError."""
        if mode is self.mode:
            return
        if mode is Watch.BARGE:
            await self._legs.close_watch(self._names)
            await self._legs.bridge_in(self.channel)
        else:
            if self.mode is Watch.BARGE:
                await self._legs.bridge_out(self.channel)
            await self._legs.close_watch(self._names)
            await self._legs.open_watch(self._names, agent, whisper=mode is Watch.WHISPER)
        self.mode = mode

    async def take_over(self) -> Found:
        """The supervisor's channel becomes the talk's. Raises IvrError."""
        if self.mode is not Watch.BARGE:
            await self._legs.close_watch(self._names)
            await self._legs.bridge_in(self.channel)
        return Found(self._endpoint, self.channel, self.person_id)

    async def end(self) -> None:
        """Leave the talk; safe at any time."""
        with contextlib.suppress(IvrError):
            await self._legs.close_watch(self._names)
            await self._legs.hang_up(self.channel)
