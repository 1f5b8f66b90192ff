"""The sound of one call: media socket, echo gate, recognizer stream and recording joined."""

import asyncio
import base64
from collections.abc import Callable

from hotline.settings import PbxSettings
from ivr.call.legs import CallLegs
from ivr.call.ports import Stream
from ivr.call.recorder import Recorder
from ivr.call.speaker import Speaker
from ivr.call.steady import Steady
from ivr.errors import MediaError
from ivr.media import FRAME_BYTES
from ivr.media.echo import EchoGate
from ivr.media.socket import MediaSocket

_SILENCE = bytes(FRAME_BYTES)
_READY_S = 5.0


def media_address(pbx: PbxSettings, path: str) -> tuple[str, str]:
    """Address of a media WebSocket, and the Authorization it wants."""
    token = base64.b64encode(f"{pbx.ari_user}:{pbx.ari_password}".encode()).decode()
    return f"ws://{pbx.http_host}:{pbx.http_port}{path}", f"Basic {token}"


class CallSound:
    """Opens the media channel of a call (again, when it dies) and leads sound where it belongs."""

    def __init__(
        self,
        pbx: PbxSettings,
        legs: CallLegs,
        speaker: Speaker,
        *,
        recorder: Recorder | None,
        on_lost: Callable[[], None],
    ) -> None:
        self._pbx = pbx
        self._legs = legs
        self._speaker = speaker
        self._recorder = recorder
        self._on_lost = on_lost
        self._echo = EchoGate()
        self._stream: Stream | None = None
        self._steady = Steady(self._received)
        self._socket: MediaSocket | None = None
        self._ready: dict[str, asyncio.Event] = {}

    def listen_with(self, stream: Stream | None) -> None:
        """Lead the caller's sound to this recognizer stream (None: nowhere)."""
        self._stream = stream

    def clock(self, stream_time: float) -> float:
        """Event-loop time of a time of the recognizer stream."""
        return self._steady.began + stream_time

    def media_ready(self, channel: str) -> None:
        """The media channel has entered Stasis: it may be bridged now."""
        self._ready.setdefault(channel, asyncio.Event()).set()

    async def open(self, *bridge_too: str) -> None:
        """Open media and bridge it, with the other channels given. Raises MediaError, AriError."""
        path = await self._legs.open_media()
        ready = self._ready.setdefault(self._legs.media, asyncio.Event())
        socket = MediaSocket(
            *media_address(self._pbx, path),
            on_frame=self._steady.receive,
            on_played=lambda mark, at: self._speaker.played(mark),
            on_sent=self._sent,
            on_flushed=self._flushed,
            on_lost=self._on_lost,
        )
        await socket.open()
        try:
            async with asyncio.timeout(_READY_S):
                await ready.wait()
            await self._legs.bridge_in(self._legs.media, *bridge_too)
        except TimeoutError:
            await socket.close()
            raise MediaError("the media channel did not become ready") from None
        except BaseException:
            await socket.close()
            raise
        self._socket = socket
        self._speaker.attach(socket)
        self._steady.start()

    async def close(self) -> None:
        """Close the socket and the recording."""
        self._steady.stop()
        if self._socket is not None:
            await self._socket.close()
        if self._recorder is not None:
            await self._recorder.close()

    def _received(self, frame: bytes, now: float, at: float) -> None:
        if self._recorder is not None:
            self._recorder.received(frame, now)
        if self._stream is not None:
            self._stream.feed(_SILENCE if self._echo.is_echo(frame, at) else frame)

    def _sent(self, pcm: bytes, at: float) -> None:
        self._echo.sent(pcm, at)
        if self._recorder is not None:
            self._recorder.sent(pcm, at)
        self._speaker.sounded(at)

    def _flushed(self, at: float) -> None:
        if self._recorder is not None:
            self._recorder.flushed(at)
