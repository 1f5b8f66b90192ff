"""The hub's way in: ``POST /api/v1/hub/messages`` (docs/hub-protocol.md)."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from dispatch.hub.errors import RefusedError
from dispatch.hub.inbox import MAX_BODY
from dispatch.hub.models import AppliedOut, ErrorOut
from dispatch.hub.receiving import HubInbox
from dispatch.hub.signing import IDEMPOTENCY_HEADER
from hotline.errors import UnavailableError

PATH = "/api/v1/hub/messages"
_BUSY_S = 2
"""Seconds the hub is asked to wait when we have too much to do."""
_STATUSES = (400, 401, 403, 404, 409, 410, 413, 422, 503)
_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorOut} for status in _STATUSES}


def hub_router(inbox: HubInbox, slots: int = 32) -> APIRouter:
    """``slots``: messages worked on at once; more are answered 503 with Retry-After."""
    router = APIRouter(tags=["hub"], responses=_ERRORS)
    working = 0

    @router.post(PATH, status_code=201, response_model=AppliedOut)
    async def receive(request: Request) -> JSONResponse:
        """Take a step the hub asks for: once, in sequence, if the order's state allows it."""
        nonlocal working
        if working >= slots:
            return _busy()
        working += 1
        try:
            raw = await _body(request)
            taken = await inbox.receive(
                request.headers, _target(request), raw, request.headers.get(IDEMPOTENCY_HEADER)
            )
        except RefusedError as error:
            return _error(error.http, error.reason, str(error), error.field)
        except UnavailableError:
            return _busy()
        finally:
            working -= 1
        body = {
            "order_no": taken.order_no,
            "seq": taken.seq,
            "state": taken.state,
            "duplicate": taken.duplicate,
        }
        return JSONResponse(body, status_code=200 if taken.duplicate else 201)

    return router


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise RefusedError(413, "too-large", f"a message has at most {MAX_BODY} bytes")
    except ClientDisconnect:
        raise RefusedError(400, "cut-off", "the sender went away") from None
    return bytes(body)


def _target(request: Request) -> str:
    """Path with query, as it was sent and signed."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return (path.split(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _busy() -> JSONResponse:
    answer = _error(503, "busy", "too much to do now: come again", None)
    answer.headers["Retry-After"] = str(_BUSY_S)
    return answer


def _error(status: int, code: str, message: str, field: str | None) -> JSONResponse:
    error = {"code": code, "message": message, **({"field": field} if field else {})}
    return JSONResponse({"error": error}, status_code=status)
