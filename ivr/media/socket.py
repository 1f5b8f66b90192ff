"""One call's media socket: the caller's frames in, our paced voice out."""

import asyncio
from collections.abc import Callable

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ivr.errors import MediaError
from ivr.media import FRAME_BYTES
from ivr.media.control import KeyPressed, MediaStart, command, parse_control
from ivr.media.playout import Flush, Output, Played, Playout, Send

log = structlog.get_logger(__name__)

_TICK_S = 0.04
_SEND_LIMIT_S = 1.0
"""A send that takes longer means the peer does not read: the socket is given up, because waiting
would hold the voice back for good."""


class MediaSocket:
    """Both ways of sound of one channel.

    ``on_frame(pcm)`` gets each incoming frame (640 bytes of 16 kHz s16le), ``on_sent(pcm, at)``
    what we send and when it is heard (event-loop clock), ``on_played(mark, at)`` each mark reached,
    ``on_key(digit)`` keys, ``on_lost()`` the end of the socket, once. None of them may block.
    """

    def __init__(
        self,
        url: str,
        auth: str,
        *,
        on_frame: Callable[[bytes], None],
        on_played: Callable[[str, float], None],
        on_key: Callable[[str], None] = lambda digit: None,
        on_sent: Callable[[bytes, float], None] = lambda pcm, at: None,
        on_flushed: Callable[[float], None] = lambda at: None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._auth = auth
        self._on_frame = on_frame
        self._on_played = on_played
        self._on_key = on_key
        self._on_sent = on_sent
        self._on_flushed = on_flushed
        self._on_lost = on_lost
        self._playout = Playout()
        self._out: asyncio.Queue[str | bytes] = asyncio.Queue(maxsize=256)
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: ClientConnection | None = None
        self._lost = False
        self.started = asyncio.Event()
        """Set once Asterisk has said MEDIA_START or sent its first frame."""

    async def open(self, timeout: float = 5.0) -> None:
        """Connect. Raises MediaError when Asterisk does not take the socket."""
        try:
            self._socket = await connect(
                self._url,
                additional_headers={"Authorization": self._auth},
                subprotocols=["media"],  # type: ignore[list-item]  # Subprotocol is a NewType of str
                open_timeout=timeout,
                compression=None,
                ping_interval=None,  # the frames themselves show life, 50 a second
                max_queue=64,
                proxy=None,
            )
        except (OSError, InvalidHandshake, InvalidStatus, TimeoutError) as error:
            raise MediaError(f"no media socket to Asterisk ({type(error).__name__})") from None
        self._tasks = [
            asyncio.create_task(self._read(self._socket), name="media-read"),
            asyncio.create_task(self._write(self._socket), name="media-write"),
            asyncio.create_task(self._pace(), name="media-pace"),
        ]

    async def close(self) -> None:
        """Close without telling ``on_lost``."""
        self._lost = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.transport.abort()

    @property
    def speaking(self) -> bool:
        """Something of ours is queued or still sounding."""
        return not self._playout.idle

    @property
    def paused(self) -> bool:
        """Our voice is held."""
        return self._playout.paused

    def play(self, pcm: bytes) -> None:
        """Queue sound (16 kHz s16le)."""
        self._playout.add(pcm)
        self._tick()

    def mark(self, name: str) -> None:
        """``on_played`` is called with ``name`` once everything queued so far was heard."""
        self._playout.mark(name)
        self._tick()

    def pause(self) -> None:
        """Hold our voice where the caller hears it."""
        self._emit(self._playout.pause(self._now()))

    def resume(self) -> None:
        """Go on speaking."""
        self._playout.resume()
        self._tick()

    def flush(self) -> None:
        """Give up everything not heard yet."""
        self._emit(self._playout.flush(self._now()))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _tick(self) -> None:
        self._emit(self._playout.tick(self._now()))
        self._wake.set()

    def _emit(self, outputs: list[Output]) -> None:
        for out in outputs:
            if isinstance(out, Send):
                self._put(out.pcm)
                self._on_sent(out.pcm, out.at)
            elif isinstance(out, Flush):
                self._put(command("FLUSH_MEDIA"))
                self._on_flushed(self._now())
            elif isinstance(out, Played):
                self._on_played(out.mark, out.at)

    def _put(self, message: str | bytes) -> None:
        try:
            self._out.put_nowait(message)
        except asyncio.QueueFull:
            self._give_up("media socket does not take our voice")

    async def _pace(self) -> None:
        while True:
            if self._playout.idle or self._playout.paused:
                self._wake.clear()
                await self._wake.wait()
            self._emit(self._playout.tick(self._now()))
            await asyncio.sleep(_TICK_S)

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            message = await self._out.get()
            try:
                async with asyncio.timeout(_SEND_LIMIT_S):
                    await socket.send(message)
            except (TimeoutError, ConnectionClosed):
                self._give_up("media socket stalled")
                return

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    self.started.set()
                    for start in range(0, len(message), FRAME_BYTES):
                        self._on_frame(message[start : start + FRAME_BYTES])
                    continue
                control = parse_control(message)
                if isinstance(control, MediaStart):
                    self.started.set()
                elif isinstance(control, KeyPressed):
                    self._on_key(control.digit)
        except ConnectionClosed:
            pass
        self._give_up("media socket closed")

    def _give_up(self, why: str) -> None:
        if self._lost:
            return
        self._lost = True
        log.warning("media socket given up", why=why)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if self._socket is not None:
            self._socket.transport.abort()
        self._on_lost()
