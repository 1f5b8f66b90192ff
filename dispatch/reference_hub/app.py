"""The reference hub's HTTP side: receives signed messages, gives receipts, shows what it holds."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.hub.signing import IDEMPOTENCY_HEADER, SignatureError, check_signature
from dispatch.numbers import is_order_no
from dispatch.reference_hub.faults import FaultMiddleware, FaultPlan, Mode
from dispatch.reference_hub.page import render
from dispatch.reference_hub.store import Envelope, HubRefusal, HubStore

MAX_BODY = 1 << 20
KINDS = ("order.received", "order.erased")


class MessageIn(BaseModel):
    """The frame of every message (docs/hub-protocol.md)."""

    model_config = ConfigDict(extra="ignore")

    version: int = Field(ge=1, le=1)
    message: str
    sender: str = Field(min_length=1, max_length=80)
    order_no: str
    seq: int = Field(ge=1, le=1_000_000)
    at: datetime
    order: dict[str, Any] | None = None


class FaultIn(BaseModel):
    """The fault the next ``count`` messages shall meet."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    count: int = Field(1, ge=0, le=1_000_000)
    seconds: float = Field(1.0, ge=0, le=600)


def create_app(store: HubStore, keys: Mapping[str, str], *, faults: bool = False) -> FastAPI:
    """The hub over a store. ``keys``: secrets by key id. ``faults``: control endpoint on."""
    app = FastAPI(title="Reference hub", docs_url=None, redoc_url=None)
    plan = FaultPlan()

    @app.exception_handler(HubRefusal)
    async def refused(request: Request, error: HubRefusal) -> JSONResponse:
        return _error(error.status, error.code, str(error))

    @app.post("/api/v1/messages", status_code=201)
    async def receive(request: Request) -> JSONResponse:
        raw = await _body(request)
        now = datetime.now(UTC)
        try:
            signed = check_signature(keys, request.headers, "POST", request.url.path, raw, now)
        except SignatureError as error:
            raise HubRefusal(401, error.code, str(error)) from None
        envelope = _envelope(raw, request.headers.get(IDEMPOTENCY_HEADER))
        receipt = await asyncio.to_thread(store.accept, envelope, signed.nonce, now)
        return JSONResponse(
            {
                "receipt": receipt.number,
                "order_no": envelope.order_no,
                "seq": envelope.seq,
                "duplicate": receipt.duplicate,
            },
            status_code=200 if receipt.duplicate else 201,
        )

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        orders = await asyncio.to_thread(store.orders)
        return render(orders, await asyncio.to_thread(store.counts))

    @app.get("/api/v1/orders")
    async def orders(limit: Annotated[int, Query(ge=1, le=20_000)] = 200) -> list[dict[str, Any]]:
        return await asyncio.to_thread(store.orders, limit)

    @app.get("/api/v1/orders/{order_no}")
    async def order(order_no: Annotated[str, Path(max_length=40)]) -> dict[str, Any]:
        found = await asyncio.to_thread(store.order, order_no)
        if found is None:
            raise HubRefusal(404, "order-not-found", "this order has not arrived here")
        return found

    @app.get("/api/v1/summary")
    async def summary() -> dict[str, int]:
        return await asyncio.to_thread(store.counts)

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/control/faults")
    async def fail(fault: FaultIn) -> dict[str, str]:
        if not faults:
            raise HTTPException(404)
        plan.mode, plan.count, plan.seconds = fault.mode, fault.count, fault.seconds
        return {"status": "set"}

    if faults:
        app.add_middleware(FaultMiddleware, plan=plan)
    return app


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise HubRefusal(413, "too-large", f"a message has at most {MAX_BODY} bytes")
    return bytes(body)


def _envelope(raw: bytes, key: str | None) -> Envelope:
    try:
        data = MessageIn.model_validate(json.loads(raw))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise HubRefusal(422, "bad-message", f"{field}: {first['msg']}") from None
    except ValueError:
        raise HubRefusal(400, "not-json", "the body is not JSON") from None
    if data.message not in KINDS:
        raise HubRefusal(422, "unknown-message", f"known here: {', '.join(KINDS)}")
    if not is_order_no(data.order_no):
        raise HubRefusal(422, "bad-message", "order_no: 14 digits with a right check digit")
    if data.message == "order.received" and data.order is None:
        raise HubRefusal(422, "bad-message", "order: needed in order.received")
    envelope = Envelope(
        data.sender, data.order_no, data.seq, data.message, data.at.isoformat(), raw
    )
    if key != envelope.key:
        raise HubRefusal(400, "bad-idempotency-key", "Idempotency-Key is <order_no>-<seq>")
    return envelope


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
