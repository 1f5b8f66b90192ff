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

    def __init__(self, ari: AriClient, call_id: str, caller: str) -> None:
        self._ari = ari
        self._call_id = call_id
        self._caller = caller
        self._attempt = 0
        self.bridge = f"{BRIDGE}{call_id}"
        self.media = f"{MEDIA}{call_id}-0"

    async def answer(self) -> None:
        """Answer the caller and make the bridge."""
        await asyncio.gather(
            self._ari.post(f"channels/{segment(self._caller)}/answer"),
            self._ari.post("bridges", type="mixing,dtmf_events", bridgeId=self.bridge),
        )

    async def make_bridge(self) -> None:
        """Make the bridge anew, for an adopted call."""
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

    async def ring(self, endpoint: str, number: int, caller_id: str) -> str:
        """Ring a seat or telephone; return its channel's id."""
        channel = f"{SEAT}{self._call_id}-{number}"
        await self._ari.post(
            "channels",
            body={"variables": {"CALLERID(name)": "12348"}},
            endpoint=endpoint,
            app=self._ari.app,
            appArgs="seat",
            channelId=channel,
            callerId=caller_id,
            timeout=-1,
            formats="alaw,ulaw,opus,g722",
        )
        return channel

    async def hang_up(self, channel: str, reason: str = "normal") -> None:
        """Hang up a channel; one that is gone already is fine."""
        with contextlib.suppress(AriError):
            await self._ari.delete(f"channels/{segment(channel)}", reason=reason)

    async def fall_back(self) -> None:
        """Give the caller to the dialplan's fallback (seats, voicemail)."""
        await self._ari.post(
            f"channels/{segment(self._caller)}/continue",
            context="fallback",
            extension="s",
            priority=1,
        )

    async def clear(self, *, caller: bool) -> None:
        """Take everything of this call down; safe at any time."""
        with contextlib.suppress(IvrError):
            if caller:
                await self.hang_up(self._caller)
            await self.hang_up(self.media)
            with contextlib.suppress(AriError):
                await self._ari.delete(f"bridges/{segment(self.bridge)}")
