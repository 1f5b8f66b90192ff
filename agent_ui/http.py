"""The seat's API (``/api/v1/seat``) and the pages' live WebSocket (``/api/v1/live``)."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field

from agent_ui.errors import NoSuchCallError
from agent_ui.room import PageRoom
from hotline.accounts.errors import AccessError, NotAllowedError
from hotline.accounts.records import Identity
from hotline.accounts.rights import reach
from hotline.accounts.sessions import Sessions, check_page, token_in
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor
from hotline.domain.seats import BreakReason
from hotline.errors import HotlineError, InputError
from hotline.settings import Settings
from ivr.call.messages import Control
from ivr.call.watch import Watch
from ivr.errors import SeatStepError

CHECK_S = 30.0
"""How often an open page's session and rights are looked at again."""
_SEND_S = 10.0
"""A page that takes nothing for so long has gone."""
_OVER = 4401
_FOREIGN = 4403


class WatchedCall(Protocol):
    """A running call (``ivr.call.session.CallSession``)."""

    async def watch(self, mode: Watch, person_id: str) -> None: ...


Who = Callable[[Request], Awaitable[Identity]]


class StateBody(BaseModel):
    """What the seat is to do now, or after its call."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[str, Field(pattern="^(ready|break)$")]
    reason: BreakReason | None = None
    minutes: Annotated[int, Field(ge=1, le=240)] | None = None


class ControlBody(BaseModel):
    """What is to be done with the call."""

    model_config = ConfigDict(extra="forbid")

    call_id: Annotated[str, Field(max_length=40)]
    control: Control
    to: Annotated[str, Field(max_length=40)] | None = None


def seat_router(
    room: PageRoom,
    settings: Settings,
    ask: Callable[[str, Control, str, str | None], Awaitable[None]],
    who: Who,
) -> APIRouter:
    """Everything below ``/api/v1/seat``; ``ask(call, control, person, to)`` does it."""
    router = APIRouter(prefix="/api/v1/seat", tags=["seat"])

    async def agent(me: Annotated[Identity, Depends(who)]) -> str:
        if me.actor.person_id is None or reach(me.actor, Right.SEAT).nowhere:
            raise NotAllowedError(f"没有“{Right.SEAT.label}”的权限，请联系本单位管理人员")
        return me.actor.person_id

    Agent = Annotated[str, Depends(agent)]

    @router.post("")
    async def sign_in(person: Agent, request: Request) -> dict[str, Any]:
        """Take a seat; the answer has what the browser's telephone registers with."""
        made = await room.desk.sign_in(person)
        return {
            "line": made.line,
            "password": made.password,
            "url": sip_url(settings, request),
            "domain": "hotline",
        }

    @router.delete("", status_code=204)
    async def sign_out(person: Agent) -> None:
        """Leave the seat; in a call, after it."""
        room.desk.sign_out(person)

    @router.put("/state", status_code=204)
    async def state(body: StateBody, person: Agent) -> None:
        """Take calls, or a break."""
        if body.state == "ready":
            room.desk.ready(person)
            return
        if body.reason is None or not body.reason.chosen:
            raise InputError("请选择小休原因", field="reason")
        limit = timedelta(minutes=body.minutes) if body.minutes else None
        room.desk.take_break(person, body.reason, limit)

    @router.post("/call", status_code=204)
    async def control(body: ControlBody, person: Agent) -> None:
        """Do something with one's call; answered once Asterisk has done it."""
        room.own_call(person, body.call_id)
        await ask(body.call_id, body.control, person, body.to)

    return router


class WatchBody(BaseModel):
    """What a supervisor wants with a call."""

    model_config = ConfigDict(extra="forbid")

    call_id: Annotated[str, Field(max_length=40)]
    mode: Watch


def watch_router(
    session: Callable[[str], WatchedCall | None],
    audit: Callable[[str, str, str], Awaitable[None]],
    who: Who,
) -> APIRouter:
    """``POST /api/v1/seats/watch``: listen, whisper, join in, take over, leave.

    ``audit(actor, call, mode)`` keeps who listened to whom before anybody is heard.
    """
    router = APIRouter(prefix="/api/v1/seats", tags=["seat"])

    @router.post("/watch", status_code=204)
    async def watch(body: WatchBody, me: Annotated[Identity, Depends(who)]) -> None:
        """Let a supervisor into a talk; answered once Asterisk has done it."""
        if me.actor.person_id is None or reach(me.actor, Right.MONITOR).nowhere:
            raise NotAllowedError(f"没有“{Right.MONITOR.label}”的权限，请联系本单位管理人员")
        call = session(body.call_id)
        if call is None:
            raise NoSuchCallError("这通电话已经结束")
        await audit(me.actor.id, body.call_id, body.mode.value)
        await call.watch(body.mode, me.actor.person_id)

    return router


def sip_url(settings: Settings, request: Request) -> str:
    """Where the browser's telephone finds Asterisk: as set, else on the page's own host."""
    if settings.queue.sip_url is not None:
        return settings.queue.sip_url
    host = request.url.hostname or settings.pbx.http_host
    if request.url.scheme == "https":
        return f"wss://{host}:{settings.pbx.https_port}/ws"
    return f"ws://{host}:{settings.pbx.http_port}/ws"


def live_router(
    room: PageRoom,
    sessions: Sessions,
    now: Callable[[], datetime],
    *,
    check_s: float = CHECK_S,
) -> APIRouter:
    """The live WebSocket: the documents somebody may see, whole and then as changes."""
    router = APIRouter()

    @router.websocket("/api/v1/live")
    async def live(socket: WebSocket) -> None:
        try:
            check_page(socket.headers)
            token = token_in(socket.cookies) or ""
            known = await sessions.identify(token, now(), socket.url.path)
        except AccessError as error:
            await socket.accept()
            await socket.close(_FOREIGN if error.status == 403 else _OVER, str(error)[:40])
            return
        await socket.accept()
        await _Page(room, socket, known.actor, token, sessions, now, check_s).serve()

    return router


class _Page:
    """One open page."""

    def __init__(
        self,
        room: PageRoom,
        socket: WebSocket,
        actor: Actor,
        token: str,
        sessions: Sessions,
        now: Callable[[], datetime],
        check_s: float,
    ) -> None:
        self._check_s = check_s
        self._room = room
        self._socket = socket
        self._actor = actor
        self._token = token
        self._sessions = sessions
        self._now = now
        self._wake = asyncio.Event()
        self._feed = room.board.open(self._wake.set)
        self._over = False

    async def serve(self) -> None:
        person = self._actor.person_id or ""
        watchers = self._room.watchers.setdefault(person, set())
        watchers.add(self._refollow)
        tasks = [
            asyncio.create_task(self._send(), name="page-send"),
            asyncio.create_task(self._read(), name="page-read"),
            asyncio.create_task(self._check(), name="page-check"),
        ]
        try:
            self._room.seat_changed(person)
            self._refollow()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._over = True
            self._feed.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # most often the page has closed it already
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close()
            watchers.discard(self._refollow)
            if not watchers:
                self._room.watchers.pop(person, None)

    def _refollow(self) -> None:
        if not self._over:
            self._feed.follow(self._room.followed(self._actor))

    async def _send(self) -> None:
        hello = {"hello": {"person": self._actor.person_id, "now": self._now().isoformat()}}
        await self._socket.send_text(json.dumps(hello))
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (text := self._feed.take()) is not None:
                async with asyncio.timeout(_SEND_S):
                    await self._socket.send_text(text)

    async def _read(self) -> None:
        """Pages ask for nothing here but signs of life; whatever else they say is ignored."""
        try:
            while True:
                text = await self._socket.receive_text()
                if text == "ping":
                    await self._socket.send_text('{"pong":1}')
        except (WebSocketDisconnect, KeyError, RuntimeError):
            return

    async def _check(self) -> None:
        """A session that has ended, or a right taken away, ends here as well."""
        while True:
            await asyncio.sleep(self._check_s)
            try:
                known = await self._sessions.identify(self._token, self._now(), "/api/v1/live")
            except AccessError as error:
                self._leave_seat()
                await self._socket.close(_OVER, str(error)[:40])
                return
            except HotlineError:
                continue
            self._actor = known.actor
            if reach(known.actor, Right.SEAT).nowhere:
                self._leave_seat()
            self._refollow()

    def _leave_seat(self) -> None:
        """Who may not (any more) take calls is given none; a call at hand is finished."""
        with contextlib.suppress(SeatStepError):
            self._room.desk.sign_out(self._actor.person_id or "")


def ask_of(
    session: Callable[[str], Any],
) -> Callable[[str, Control, str, str | None], Awaitable[None]]:
    """How the router reaches a running call."""

    async def ask(call_id: str, control: Control, person: str, to: str | None) -> None:
        call = session(call_id)
        if call is None:
            raise NoSuchCallError("这通电话已经结束")
        await call.ask(control, person, to)

    return ask
