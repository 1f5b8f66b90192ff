"""The channels and the bridge of one call, as orders to Asterisk."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from ivr.ari import AriClient
from ivr.ari.protocol import segment
from ivr.errors import AriConflictError, AriError, AriNotFoundError, IvrError, MediaError

MEDIA = "media-"
SEAT = "seat-"
TAP = "tap-"
WATCH = "watch-"
BRIDGE = "call-"
_JOIN_TRIES, _JOIN_AGAIN_S = 20, 0.05


@dataclass(frozen=True, slots=True)
class TapLegs:
    """Ids of what it takes to hear one leg beside the talk."""

    snoop: str
    media: str
    bridge: str


@dataclass(frozen=True, slots=True)
class WatchLegs:
    """Ids of a supervisor's part in a call."""

    channel: str
    snoop: str
    bridge: str


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
        self._first = self._attempt = self._seats = self._taps = life * 1000
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
        return await self._external(self.media)

    async def _external(self, channel: str) -> str:
        answer = await self._ari.post(
            "channels/externalMedia",
            app=self._ari.app,
            channelId=channel,
            external_host="INCOMING",
            transport="websocket",
            connection_type="server",
            encapsulation="none",
            format="slin16",
            transport_data="f(json)",
        )
        return f"/media/{segment(await self._connection_id(channel, answer))}"

    async def _connection_id(self, channel: str, answer: Any) -> str:
        name = "MEDIA_WEBSOCKET_CONNECTION_ID"
        if isinstance(answer, dict):
            found = (answer.get("channelvars") or {}).get(name)
            if found:
                return str(found)
        value = await self._ari.get(f"channels/{segment(channel)}/variable", variable=name)
        if isinstance(value, dict) and value.get("value"):
            return str(value["value"])
        raise MediaError("Asterisk gave no media connection")

    async def bridge_in(self, *channels: str) -> None:
        """Put channels into the bridge."""
        await self._ari.post(
            f"bridges/{segment(self.bridge)}/addChannel", channel=",".join(channels)
        )

    async def bridge_out(self, channel: str) -> None:
        """Take a channel out of the bridge; it hears nothing and is not heard."""
        await self._ari.post(f"bridges/{segment(self.bridge)}/removeChannel", channel=channel)

    async def mute(self, channel: str, muted: bool) -> None:
        """Whether a channel is heard by the others."""
        send = self._ari.post if muted else self._ari.delete
        await send(f"channels/{segment(channel)}/mute", direction="in")

    def new_tap(self) -> "TapLegs":
        """Names for hearing one leg beside the talk."""
        self._taps += 1
        name = f"{self._call_id}-{self._taps}"
        return TapLegs(f"{TAP}{name}", f"{MEDIA}{self._call_id}-tap{self._taps}", f"{TAP}{name}")

    async def open_tap(self, channel: str, tap: "TapLegs") -> str:
        """Copy what ``channel`` says to a media channel of its own; returns its WebSocket's path.

        Both new channels may be joined (``join_tap``) after their own StasisStart.
        """
        await self._ari.post(
            f"channels/{segment(channel)}/snoop/{segment(tap.snoop)}", app=self._ari.app, spy="in"
        )
        return await self._external(tap.media)

    async def join_tap(self, tap: "TapLegs") -> None:
        """Lead the copy into the media channel."""
        await self._ari.post("bridges", type="mixing", bridgeId=tap.bridge)
        await self._ari.post(
            f"bridges/{segment(tap.bridge)}/addChannel", channel=f"{tap.snoop},{tap.media}"
        )

    async def close_tap(self, tap: "TapLegs") -> None:
        """Take a tap down; safe at any time."""
        with contextlib.suppress(IvrError):
            await self.hang_up(tap.snoop)
            await self.hang_up(tap.media)
            with contextlib.suppress(AriError):
                await self._ari.delete(f"bridges/{segment(tap.bridge)}")

    def new_watch(self) -> WatchLegs:
        """Names for a supervisor."""
        self._taps += 1
        name = f"{self._call_id}-{self._taps}"
        return WatchLegs(f"{WATCH}{name}", f"{TAP}{name}", f"{TAP}{name}")

    async def open_watch(self, watch: WatchLegs, agent: str, *, whisper: bool) -> None:
        """Let a supervisor's channel hear what ``agent`` says and hears, and speak to them."""
        await self._ari.post(
            f"channels/{segment(agent)}/snoop/{segment(watch.snoop)}",
            app=self._ari.app,
            spy="both",
            whisper="out" if whisper else "none",
        )
        await self._ari.post("bridges", type="mixing", bridgeId=watch.bridge)
        await self._joined(watch)

    async def _joined(self, watch: WatchLegs) -> None:
        """A snoop channel may be named before it is in Stasis: the answer is then a conflict."""
        for attempt in range(_JOIN_TRIES):
            try:
                await self._ari.post(
                    f"bridges/{segment(watch.bridge)}/addChannel",
                    channel=f"{watch.snoop},{watch.channel}",
                )
                return
            except AriConflictError:
                if attempt == _JOIN_TRIES - 1:
                    raise
                await asyncio.sleep(_JOIN_AGAIN_S)

    async def close_watch(self, watch: WatchLegs) -> None:
        """Hear the talk no longer; the supervisor's channel stays. Safe at any time."""
        await self.hang_up(watch.snoop)
        with contextlib.suppress(AriError):
            await self._ari.delete(f"bridges/{segment(watch.bridge)}")

    def new_seat(self) -> str:
        """Id of the channel of the next seat or telephone to be rung."""
        self._seats += 1
        return f"{SEAT}{self._call_id}-{self._seats}"

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
