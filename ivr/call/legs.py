"""The channels and the bridge of one call, as orders to Asterisk."""

import asyncio
import contextlib
from typing import Any

from ivr.ari import AriClient
from ivr.ari.protocol import segment
from ivr.errors import AriError, AriNotFoundError, IvrError, MediaError

MEDIA = "media-"
SEAT = "seat-"
BRIDGE = "call-"


class CallLegs:
    """Names and handles the legs of one call.

    Ids are ours, chosen before Asterisk knows them, so that an event that overtakes the answer to
    its request still finds its call.
    """

    def __init__(self, ari: AriClient, call_id: str, caller: str, *, life: int = 0) -> None:
        self._ari = ari
        self._call_id = call_id
        self._caller = caller
        # Legs of a killed hotline may still stand under their names: each life counts from its own.
        self._first = self._attempt = life * 1000
        self.bridge = f"{BRIDGE}{call_id}"
        self.media = f"{MEDIA}{call_id}-{self._first}"

    async def answer(self) -> None:
        """Answer the caller and make the bridge, anew where a killed hotline left one."""
        await asyncio.gather(
            self._ari.post(f"channels/{segment(self._caller)}/answer"), self._make_bridge()
        )

    async def _make_bridge(self) -> None:
        if self._first:
            with contextlib.suppress(AriNotFoundError):
                await self._ari.delete(f"bridges/{segment(self.bridge)}")
        await self._ari.post("bridges", type="mixing,dtmf_events", bridgeId=self.bridge)

    async def open_media(self) -> str:
        """Make a new media channel; return the path of its WebSocket.

        The channel may be bridged only after its own StasisStart.
        """
        self._attempt += 1
        self.media = f"{MEDIA}{self._call_id}-{self._attempt}"
        answer = await self._ari.post(
            "channels/externalMedia",
            app=self._ari.app,
            channelId=self.media,
            external_host="INCOMING",
            transport="websocket",
            connection_type="server",
            encapsulation="none",
            format="slin16",
            transport_data="f(json)",
        )
        return f"/media/{segment(await self._connection_id(answer))}"

    async def _connection_id(self, answer: Any) -> str:
        name = "MEDIA_WEBSOCKET_CONNECTION_ID"
        if isinstance(answer, dict):
            found = (answer.get("channelvars") or {}).get(name)
            if found:
                return str(found)
        value = await self._ari.get(f"channels/{segment(self.media)}/variable", variable=name)
        if isinstance(value, dict) and value.get("value"):
            return str(value["value"])
        raise MediaError("Asterisk gave no media connection")

    async def bridge_in(self, *channels: str) -> None:
        """Put channels into the bridge."""
        await self._ari.post(
            f"bridges/{segment(self.bridge)}/addChannel", channel=",".join(channels)
        )

    def seat(self, number: int) -> str:
        """Id of the channel of the n-th rung seat or telephone."""
        return f"{SEAT}{self._call_id}-{self._first + number}"

    async def ring(self, endpoint: str, channel: str, caller_id: str) -> None:
        """Ring a seat or telephone on a channel of the given id."""
        await self._ari.post(
            "channels",
            endpoint=endpoint,
            app=self._ari.app,
            appArgs="seat",
            channelId=channel,
            callerId=caller_id,
            timeout=-1,
        )

    async def hang_up(self, channel: str, reason: str = "normal") -> None:
        """Hang up a channel; one that is gone already is fine."""
        with contextlib.suppress(AriError):
            await self._ari.delete(f"channels/{segment(channel)}", reason=reason)

    async def fall_back(self) -> None:
        """Give the caller to the people of the dialplan's fallback (seats, then voicemail)."""
        await self._ari.post(
            f"channels/{segment(self._caller)}/continue",
            context="fallback",
            extension="start",
            label="people",
        )

    async def clear(self, *, caller: bool) -> None:
        """Take everything of this call down; safe at any time."""
        with contextlib.suppress(IvrError):
            if caller:
                await self.hang_up(self._caller)
            await self.hang_up(self.media)
            with contextlib.suppress(AriError):
                await self._ari.delete(f"bridges/{segment(self.bridge)}")
