"""Lets the reference hub fail on command, to prove that senders survive it. Off unless asked for.

Pure ASGI: it works on the connection itself, below what a web framework shows.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Mode = Literal[
    "error",  # 500 without taking the message
    "error-after",  # take it, then 500
    "timeout-after",  # take it, then no answer for `seconds`
    "reset",  # cut the connection without taking it
    "reset-after",  # take it, then cut the connection
    "slow",  # take it and answer after `seconds`
    "busy",  # 503 with Retry-After: `seconds`
    "junk",  # take it, answer 200 with something that is no receipt
]
CallbackMode = Literal[
    "callback-duplicate",  # send each of our own messages twice
    "callback-reorder",  # send our own messages last first
]
MODES: tuple[Mode, ...] = get_args(Mode)
GUARDED = "/api/v1/messages"


@dataclass(slots=True)
class FaultPlan:
    """The next ``count`` messages meet ``mode``; of a mix, a ``share`` of them meets any."""

    mode: Mode | CallbackMode | Literal["mix"] | None = None
    count: int = 0
    seconds: float = 0.0
    share: float = 1.0
    chance: random.Random = field(default_factory=random.Random)

    def take(self) -> Mode | None:
        """The fault of the next message."""
        if self.mode is None or self.mode in get_args(CallbackMode) or self.count <= 0:
            return None
        self.count -= 1
        if self.mode == "mix":
            return self.chance.choice(MODES) if self.chance.random() < self.share else None
        return next((mode for mode in MODES if mode == self.mode), None)

    @property
    def reorders(self) -> bool:
        """Our own messages need not wait for the ones before."""
        return self.mode == "callback-reorder" and self.count > 0

    def take_callback(self, mode: CallbackMode) -> bool:
        """Whether the next of our own messages meets this fault."""
        if self.mode != mode or self.count <= 0:
            return False
        self.count -= 1
        return True


class FaultMiddleware:
    """Applies the plan to messages; everything else passes."""

    def __init__(self, app: ASGIApp, plan: FaultPlan) -> None:
        self._app = app
        self._plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mode = None
        if scope["type"] == "http" and scope["path"] == GUARDED:
            mode = self._plan.take()
        seconds = self._plan.seconds
        if mode is None:
            await self._app(scope, receive, send)
        elif mode in ("error", "busy", "reset"):
            await _drain(receive)
            await _refuse(mode, seconds, send)
        elif mode == "slow":
            await asyncio.sleep(seconds)
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _swallow)
            await _refuse(mode, seconds, send)


async def _refuse(mode: Mode, seconds: float, send: Send) -> None:
    if mode in ("reset", "reset-after"):
        _abort(send)
        return
    if mode == "timeout-after":
        await asyncio.sleep(seconds)
    if mode == "busy":
        await _answer(send, 503, {"error": {"code": "busy"}}, str(max(1, round(seconds))))
    elif mode == "junk":
        await _answer(send, 200, {"ok": True})
    else:
        await _answer(send, 500, {"error": {"code": "fault-injected"}})


async def _answer(send: Send, status: int, data: Any, retry_after: str | None = None) -> None:
    body = json.dumps(data).encode()
    headers = [(b"content-type", b"application/json")]
    if retry_after:
        headers.append((b"retry-after", retry_after.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _drain(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _swallow(message: Message) -> None:
    """The true answer, which the sender never sees."""


def _abort(send: Send) -> None:
    """uvicorn's ``send`` is a method of its request cycle, which holds the transport."""
    cycle: Any = getattr(send, "__self__", None)
    abort: Callable[[], None] = cycle.transport.abort
    abort()
