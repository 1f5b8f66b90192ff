"""The telephone: a PJSIP leg of Asterisk dials the trunk over loopback, bridged to our sound.

It is a caller like any other to the hotline: SIP, RTP and G.711 are real. It runs as a Stasis
application of its own and shares nothing with the hotline but the Asterisk process.
"""

import asyncio
import base64
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any

from hotline.settings import PbxSettings
from ivr.ari import AriClient, AriEvent
from ivr.ari.protocol import segment
from ivr.errors import AriError, AriUnavailableError, IvrError
from ivr.media.socket import MediaSocket

_ANSWER_S = 30.0
_QUIET = bytes(640 * 4)
_BREATH_S = 0.04


class PhoneCall:
    """One call of the telephone. Times are the event loop's clock."""

    def __init__(self, ari: AriClient, pbx: PbxSettings, name: str, *, silent: bool) -> None:
        self._silent = silent
        self._ari = ari
        self._pbx = pbx
        self._name = name
        self.channel = f"tel-{name}"
        self._media = f"ear-{name}"
        self._bridge = f"line-{name}"
        self._up: dict[str, asyncio.Event] = {
            self.channel: asyncio.Event(),
            self._media: asyncio.Event(),
        }
        self.over = asyncio.Event()
        """Set when the call has ended, from whichever side."""
        self.dialled_at = 0.0
        self.answered_at: float | None = None
        self.on_frame: Callable[[bytes], None] = lambda pcm: None
        """Gets every 20 ms of what the telephone hears (16 kHz s16le)."""
        self.on_sent: Callable[[bytes, float], None] = lambda pcm, at: None
        """Gets what it says, and when that goes out."""
        self._socket: MediaSocket | None = None
        self._said: dict[str, asyncio.Future[float]] = {}
        self._marks = 0
        self._breath: asyncio.Task[None] | None = None

    async def dial(self, caller: str | None) -> None:
        """Place the call and wait until it is answered. Raises AriUnavailableError if it is not."""
        await self._open_media()
        loop = asyncio.get_running_loop()
        self.dialled_at = loop.time()
        await self._ari.post(
            "channels",
            endpoint="PJSIP/phone",
            app=self._ari.app,
            appArgs="tel",
            channelId=self.channel,
            callerId=caller or "anonymous",
            timeout=int(_ANSWER_S),
        )
        await self._wait(self.channel, "nobody answers 12348")
        self.answered_at = loop.time()
        await self._ari.post(
            f"bridges/{segment(self._bridge)}/addChannel", channel=f"{self.channel},{self._media}"
        )

    async def say(self, pcm: bytes) -> float:
        """Speak; returns when the last of it has gone out, with the time at which it did."""
        if self._socket is None:
            raise AriUnavailableError("the telephone has no call")
        self._marks += 1
        name = str(self._marks)
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._said[name] = done
        self._socket.play(pcm)
        self._socket.mark(name)
        over = asyncio.create_task(self.over.wait(), name="phone-over")
        either: tuple[asyncio.Future[Any], ...] = (done, over)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        del self._said[name]
        return done.result() if done.done() else asyncio.get_running_loop().time()

    def send(self, pcm: bytes) -> None:
        """Send sound now, for a caller who paces it alone (``silent=False``)."""
        if self._socket is not None:
            self._socket.play(pcm)

    async def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        await self._ari.post(f"channels/{segment(self.channel)}/dtmf", dtmf=keys, duration=120)

    async def hang_up(self) -> None:
        """End the call from our side."""
        for path in (
            f"channels/{segment(self.channel)}",
            f"channels/{segment(self._media)}",
            f"bridges/{segment(self._bridge)}",
        ):
            with contextlib.suppress(IvrError):
                await self._ari.delete(path)
        if self._breath is not None:
            self._breath.cancel()
        if self._socket is not None:
            await self._socket.close()
        self.over.set()

    def entered(self, channel: str) -> None:
        """StasisStart of one of our channels."""
        if channel in self._up:
            self._up[channel].set()

    def left(self, channel: str) -> None:
        """One of our channels has ended."""
        if channel == self.channel:
            self.over.set()

    async def _open_media(self) -> None:
        answer = await self._ari.post(
            "channels/externalMedia",
            app=self._ari.app,
            channelId=self._media,
            external_host="INCOMING",
            transport="websocket",
            connection_type="server",
            encapsulation="none",
            format="slin16",
            transport_data="f(json)",
        )
        link = answer["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
        token = base64.b64encode(f"{self._pbx.ari_user}:{self._pbx.ari_password}".encode())
        self._socket = MediaSocket(
            f"ws://{self._pbx.http_host}:{self._pbx.http_port}/media/{segment(link)}",
            f"Basic {token.decode()}",
            on_frame=lambda pcm: self.on_frame(pcm),
            on_played=self._played,
            on_sent=lambda pcm, at: self.on_sent(pcm, at),
        )
        await self._socket.open()
        await self._wait(self._media, "the telephone got no sound")
        if self._silent:
            self._breath = asyncio.create_task(self._breathe(self._socket), name="phone-breath")
        await self._ari.post("bridges", type="mixing", bridgeId=self._bridge)

    def _played(self, mark: str, at: float) -> None:
        done = self._said.get(mark)
        if done is not None and not done.done():
            done.set_result(at)

    async def _breathe(self, socket: MediaSocket) -> None:
        """A telephone sends sound all the time, silence too."""
        while True:
            if not socket.speaking:
                socket.play(_QUIET)
            await asyncio.sleep(_BREATH_S)

    async def _wait(self, channel: str, otherwise: str) -> None:
        up = asyncio.create_task(self._up[channel].wait(), name="phone-up")
        over = asyncio.create_task(self.over.wait(), name="phone-over")
        await asyncio.wait([up, over], timeout=_ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        over.cancel()
        if not self._up[channel].is_set():
            raise AriUnavailableError(otherwise)


class Phone:
    """The application that holds the telephone's calls; use it as ``async with``."""

    def __init__(self, pbx: PbxSettings, *, app: str = "telephone") -> None:
        self._pbx = pbx
        self._calls: dict[str, PhoneCall] = {}
        self._ari = AriClient(
            host=pbx.http_host,
            port=pbx.http_port,
            user=pbx.ari_user,
            password=pbx.ari_password,
            app=app,
            on_event=self._event,
            on_ready=self._ready,
        )

    async def __aenter__(self) -> "Phone":
        await self._ari.start()
        await self._ari.wait_ready(10.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for call in list(self._calls.values()):
            await call.hang_up()
        await self._ari.stop()

    async def call(
        self,
        name: str,
        *,
        caller: str | None,
        on_frame: Callable[[bytes], None] = lambda pcm: None,
        on_sent: Callable[[bytes, float], None] = lambda pcm, at: None,
        silent: bool = True,
    ) -> PhoneCall:
        """Dial the hotline; ``name`` is unique among calls, ``caller`` the number shown.

        ``silent``: silence is sent while nothing is said, as a telephone does.

        Raises AriUnavailableError when nobody answers, AriError when Asterisk refuses.
        """
        call = PhoneCall(self._ari, self._pbx, name, silent=silent)
        call.on_frame = on_frame
        call.on_sent = on_sent
        self._calls[name] = call
        try:
            await call.dial(caller)
        except (IvrError, AriError):
            await call.hang_up()
            raise
        return call

    def _event(self, event: AriEvent) -> None:
        channel = event.channel_id or ""
        call = self._calls.get(channel.split("-", 1)[-1])
        if call is None:
            return
        if event.type == "StasisStart":
            call.entered(channel)
        elif event.type in ("StasisEnd", "ChannelDestroyed"):
            call.left(channel)

    async def _ready(self) -> None:
        """Nothing to reconcile: a telephone call whose link broke is over."""
