"""The door of the API: turns a request into whoever sent it.

A router takes ``Depends(gate)`` for the Actor, or ``Depends(gate.identity)`` for terminal and key
as well. The gate asks its sources in turn: keys, then the sessions of signed-in
pages.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from hotline.accounts.errors import AccessError, UnauthenticatedError
from hotline.accounts.keys import ApiKeys
from hotline.accounts.records import Identity
from hotline.domain.people import Actor
from hotline.errors import HotlineError, InputError

log = structlog.get_logger(__name__)
_SCHEME = "bearer"


class Source(Protocol):
    """One way of knowing who sends a request."""

    async def identify(self, request: Request, now: datetime) -> Identity | None:
        """Who it is; None when the request shows nothing of this kind. Raises AccessError."""


class KeySource:
    """``Authorization: Bearer <key>``. Never a key in the address: addresses are logged."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def identify(self, request: Request, now: datetime) -> Identity | None:
        """See ``Source``."""
        header = request.headers.get("authorization")
        if header is None:
            return None
        scheme, _, presented = header.partition(" ")
        if scheme.lower() != _SCHEME:
            raise UnauthenticatedError("请求头 Authorization 须写成 Bearer 加空格加接口密钥")
        return await self._keys.identify(presented.strip(), now)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Gate:
    """Lets nobody in who is not known."""

    def __init__(self, sources: Sequence[Source], now: Callable[[], datetime] = _utc_now) -> None:
        self._sources = tuple(sources)
        self._now = now

    async def __call__(self, request: Request) -> Actor:
        """Who acts. Raises AccessError."""
        return (await self.identity(request)).actor

    async def identity(self, request: Request) -> Identity:
        """Who acts, from which terminal, by which key. Raises AccessError."""
        known = getattr(request.state, "identity", None)
        if isinstance(known, Identity):
            return known
        now = self._now()
        try:
            for source in self._sources:
                found = await source.identify(request, now)
                if found is not None:
                    request.state.identity = found
                    return found
        except AccessError as error:
            log.warning("request_refused", code=error.code, method=request.method)
            raise
        raise UnauthenticatedError(
            "请先登录；程序调用时请求头须有 Authorization: Bearer 加接口密钥"
        )


def error_response(error: HotlineError) -> JSONResponse:
    """An error as the API tells it: ``{"error": {"code", "message", "field"?}}``."""
    told = {"code": error.code, "message": str(error)}
    if isinstance(error, InputError) and error.field is not None:
        told["field"] = error.field
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.retryable:
        headers["Retry-After"] = "1"
    return JSONResponse({"error": told}, status_code=error.status, headers=headers)


def install_errors(app: FastAPI) -> None:
    """Answer our errors in this form, in every router of ``app``."""

    @app.exception_handler(HotlineError)
    async def _told(request: Request, error: HotlineError) -> JSONResponse:
        return error_response(error)
