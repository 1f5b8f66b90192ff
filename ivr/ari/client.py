"""The ARI link: one WebSocket for events and requests, kept alive and reconciled."""

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ivr.ari.backoff import Backoff
from ivr.ari.protocol import Answered, AriEvent, AriProtocol, Failed, Junk, Params
from ivr.errors import AriLoginError, AriUnavailableError

log = structlog.get_logger(__name__)


class LinkState(Enum):
    """Where the link stands; only ``READY`` means our application is registered in Asterisk."""

    DOWN = "down"
    CONNECTED = "connected"
    READY = "ready"
    REFUSED = "refused"


class AriClient:
    """Keeps the link to one Asterisk for one Stasis application.

    ``on_event`` is called for every event, in the order Asterisk sent them, and must not block.
    ``on_ready`` is awaited after every (re)connect, when the application is registered: the place
    to reconcile with what Asterisk says is there. ``on_lost`` is called when the link goes down.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        app: str,
        on_event: Callable[[AriEvent], None],
        on_ready: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None] = lambda: None,
        timeout: float = 5.0,
    ) -> None:
        self._url = f"ws://{host}:{port}/ari/events?app={app}&subscribeAll=false"
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}
        self.app = app
        self._on_event = on_event
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._timeout = timeout
        self._state = LinkState.DOWN
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._protocol = AriProtocol()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self.junk = 0
        """Messages that were not ARI, since start."""
        self.connects = 0
        """How often the link became ready, since start."""

    @property
    def state(self) -> LinkState:
        """Where the link stands now."""
        return self._state

    async def start(self) -> None:
        """Begin to connect, in the background."""
        self._task = asyncio.create_task(self._run(), name="ari-link")

    async def stop(self) -> None:
        """Close the link for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._set(LinkState.DOWN)

    async def wait_ready(self, timeout: float) -> None:
        """Wait until the application is registered.

        Raises AriLoginError when Asterisk refuses the password, AriUnavailableError in time-out.
        """
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(
                    lambda: self._state in (LinkState.READY, LinkState.REFUSED)
                )
        except TimeoutError:
            raise AriUnavailableError(f"Asterisk is not there after {timeout:g} s") from None
        if self._state is LinkState.REFUSED:
            raise AriLoginError("Asterisk refuses the ARI password; run: hotline setup --only pbx")

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        timeout: float | None = None,
    ) -> Any:
        """Send one REST request over the link and return the answer's JSON body.

        Raises AriError (its subclass by status) or AriUnavailableError.
        """
        socket = self._socket
        if socket is None:
            raise AriUnavailableError("the link to Asterisk is down")
        loop = asyncio.get_running_loop()
        limit = timeout or self._timeout
        request_id, text = self._protocol.request(
            method, path, params=params, body=body, now=loop.time(), timeout=limit
        )
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting[request_id] = future
        timer = loop.call_later(limit + 0.01, self._expire)
        try:
            await socket.send(text)
            return await future
        except ConnectionClosed:
            raise AriUnavailableError("the link to Asterisk broke") from None
        finally:
            timer.cancel()
            self._waiting.pop(request_id, None)
            self._protocol.forget(request_id)

    async def get(self, path: str, **params: Any) -> Any:
        """GET with query parameters."""
        return await self.request("GET", path, params=params)

    async def post(self, path: str, *, body: Any = None, **params: Any) -> Any:
        """POST with query parameters and an optional JSON body."""
        return await self.request("POST", path, params=params, body=body)

    async def delete(self, path: str, **params: Any) -> Any:
        """DELETE with query parameters."""
        return await self.request("DELETE", path, params=params)

    async def put(self, path: str, *, body: Any = None, **params: Any) -> Any:
        """PUT with query parameters and an optional JSON body."""
        return await self.request("PUT", path, params=params, body=body)

    def _expire(self) -> None:
        for failed in self._protocol.expire(asyncio.get_running_loop().time()):
            self._settle(failed)

    async def _run(self) -> None:
        backoff = Backoff(random.random)
        while True:
            lasted = 0.0
            try:
                lasted = await self._once()
            except InvalidStatus as error:
                if error.response.status_code in (401, 403):
                    log.error("ari refused our password; not trying again")
                    await self._set(LinkState.REFUSED)
                    return
            except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed):
                pass
            await asyncio.sleep(backoff.after(lasted))

    async def _once(self) -> float:
        """Hold one connection; return how many seconds it lasted."""
        loop = asyncio.get_running_loop()
        async with connect(
            self._url,
            additional_headers=self._headers,
            open_timeout=5,
            ping_interval=10,
            ping_timeout=10,
            max_size=2**22,
            compression=None,
            proxy=None,
        ) as socket:
            began = loop.time()
            self._protocol = AriProtocol()
            self._socket = socket
            await self._set(LinkState.CONNECTED)
            ready = asyncio.create_task(self._become_ready(), name="ari-ready")
            try:
                await self._read(socket)
            finally:
                self._socket = None
                ready.cancel()
                await asyncio.gather(ready, return_exceptions=True)
                for failed in self._protocol.lost():
                    self._settle(failed)
                await self._set(LinkState.DOWN)
                self._on_lost()
                log.warning("ari link lost")
        return loop.time() - began

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                out = self._protocol.receive(text)
                if isinstance(out, AriEvent):
                    self._deliver(out)
                elif isinstance(out, Junk):
                    self.junk += 1
                    log.warning("ari sent something else", why=out.why)
                else:
                    self._settle(out)
        except ConnectionClosed:
            return

    def _deliver(self, event: AriEvent) -> None:
        try:
            self._on_event(event)
        except Exception:
            # One bad event or handler fault must not cost the other calls their link.
            self.junk += 1
            log.exception("ari event could not be handled", type=event.type)

    async def _become_ready(self) -> None:
        """Registered means: Asterisk lists our application, not merely that the socket is open."""
        try:
            await self.get(f"applications/{self.app}")
            self.connects += 1
            await self._on_ready()
            await self._set(LinkState.READY)
            log.info("ari link ready", connects=self.connects)
        except AriUnavailableError:
            await self._drop()
        except Exception:
            log.exception("ari link could not be made ready")
            await self._drop()

    async def _drop(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    def _settle(self, out: Answered | Failed) -> None:
        future = self._waiting.get(out.request_id)
        if future is None or future.done():
            return
        if isinstance(out, Answered):
            future.set_result(out.body)
        else:
            future.set_exception(out.error)

    async def _set(self, state: LinkState) -> None:
        async with self._changed:
            self._state = state
            self._changed.notify_all()
