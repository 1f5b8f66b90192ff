"""The reference hub's HTTP side: receives signed messages, gives receipts, shows what it holds."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from dispatch.hub.models import (
    TO_HUB,
    AnchorIn,
    AnchorOut,
    AnchorsOut,
    ErrorOut,
    Frame,
    MessagesOut,
    OrdersOut,
    ReceiptOut,
)
from dispatch.hub.signing import (
    ANSWER,
    IDEMPOTENCY_HEADER,
    SignatureError,
    Signed,
    check_signature,
    signed_headers,
)
from dispatch.numbers import is_order_no
from dispatch.reference_hub import anchors, outgoing, views
from dispatch.reference_hub.control import control_router
from dispatch.reference_hub.faults import FaultPlan
from dispatch.reference_hub.outgoing import Caller, Door
from dispatch.reference_hub.page import render_list, render_order
from dispatch.reference_hub.store import Envelope, HubRefusal, HubStore, use_nonce

M = TypeVar("M", bound=BaseModel)
MAX_BODY = 1 << 20
PAGE = 500
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (400, 401, 404, 409, 413, 422, 429, 503)
}
OrderPath = Annotated[str, Path(max_length=40)]


class Gate:
    """Checks what comes in, signs what goes out."""

    def __init__(self, store: HubStore, keys: Mapping[str, str], key_id: str) -> None:
        self.store = store
        self._keys = keys
        self._key_id = key_id

    def check(self, request: Request, body: bytes, now: datetime) -> Signed:
        """Raises HubRefusal."""
        target = _target(request)
        try:
            return check_signature(self._keys, request.headers, request.method, target, body, now)
        except SignatureError as error:
            raise HubRefusal(401, error.code, str(error)) from None

    async def asked(self, request: Request) -> datetime:
        """A rightly signed question, asked once. Raises HubRefusal."""
        now = datetime.now(UTC)
        nonce = self.check(request, b"", now).nonce
        await asyncio.wrap_future(self.store.write(lambda db: use_nonce(db, nonce, now)))
        return now

    def answer(self, request: Request, model: BaseModel, now: datetime) -> Response:
        """A signed answer."""
        raw = model.model_dump_json().encode()
        secret = self._keys[self._key_id]
        headers = signed_headers(self._key_id, secret, ANSWER, _target(request), raw, now)
        return Response(raw, media_type="application/json", headers=headers)


def create_app(
    store: HubStore,
    keys: Mapping[str, str],
    *,
    faults: bool = False,
    door: Door | None = None,
    key_id: str | None = None,
) -> FastAPI:
    """The hub over a store.

    ``keys``: secrets by key id; ``key_id``: the one answers are signed with (default: the first).
    ``faults``: control endpoints on; the plan they set is ``app.state.faults``.
    ``door``: where the hub's own messages go.
    """
    plan = FaultPlan()
    caller = Caller(store, door, plan) if door else None

    @contextlib.asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(caller.run()) if caller else None
        yield
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    app = FastAPI(
        title="Network hub, as the reference hub serves it",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=living,
    )

    @app.exception_handler(HubRefusal)
    async def refused(request: Request, error: HubRefusal) -> JSONResponse:
        body = {"error": {"code": error.code, "message": str(error)}}
        return JSONResponse(body, status_code=error.status)

    gate = Gate(store, keys, key_id or next(iter(keys)))
    app.include_router(_protocol(gate))
    app.include_router(_pages(store, controls=faults))
    if faults:
        app.include_router(control_router(store, plan, caller))
    app.state.faults = plan
    return app


def _protocol(gate: Gate) -> APIRouter:
    """What terminals use: everything signed (docs/hub-protocol.md)."""
    router = APIRouter(prefix="/api/v1", tags=["protocol"], responses=_ERRORS)
    store = gate.store

    @router.post("/messages", status_code=201, response_model=ReceiptOut)
    async def receive(request: Request) -> JSONResponse:
        """Take a message about an order, once."""
        raw = await read_body(request)
        now = datetime.now(UTC)
        signed = gate.check(request, raw, now)
        envelope = _envelope(raw, request.headers.get(IDEMPOTENCY_HEADER))
        receipt = await asyncio.wrap_future(store.accept(envelope, signed.nonce, now))
        return JSONResponse(
            {
                "receipt": receipt.number,
                "order_no": envelope.order_no,
                "seq": envelope.seq,
                "duplicate": receipt.duplicate,
            },
            status_code=200 if receipt.duplicate else 201,
        )

    @router.get("/orders", response_model=OrdersOut)
    async def orders(
        request: Request,
        sender: Annotated[str, Query(max_length=80)],
        updated_since: Annotated[datetime | None, Query()] = None,
        cursor: Annotated[str | None, Query(max_length=80)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
        order_no: Annotated[
            str | None, Query(max_length=1600, description="these alone, commas between, no pages")
        ] = None,
    ) -> Response:
        """How the hub holds a terminal's orders, a page at a time; the answer is signed."""
        now = await gate.asked(request)
        if order_no is not None:
            found = await asyncio.to_thread(views.stands_of, store, sender, order_no.split(","))
            return gate.answer(
                request, OrdersOut.model_validate({"orders": found, "next": None}), now
            )
        since = _stamp(updated_since)
        page, following = await asyncio.to_thread(views.stands, store, sender, since, cursor, limit)
        answer = OrdersOut.model_validate({"orders": page, "next": following})
        return gate.answer(request, answer, now)

    @router.get("/orders/{order_no}/messages", response_model=MessagesOut)
    async def messages(
        request: Request, order_no: OrderPath, after: Annotated[int, Query(ge=0)] = 0
    ) -> Response:
        """The hub's own messages about an order above a number; the answer is signed."""
        now = await gate.asked(request)
        found = await asyncio.to_thread(outgoing.bodies, store, order_no, after)
        return gate.answer(request, MessagesOut.model_validate({"messages": found}), now)

    @router.post("/anchors", status_code=201, response_model=AnchorOut)
    async def anchor(request: Request) -> JSONResponse:
        """Keep where a terminal's audit chain ends: 409 anchor-conflict when it says otherwise."""
        raw = await read_body(request)
        now = datetime.now(UTC)
        signed = gate.check(request, raw, now)
        data = _valid(AnchorIn, raw)
        known = await asyncio.wrap_future(anchors.keep(store, data, signed.nonce, now))
        return JSONResponse(
            {"seq": data.seq, "duplicate": known}, status_code=200 if known else 201
        )

    @router.get("/anchors", response_model=AnchorsOut)
    async def kept(
        request: Request,
        sender: Annotated[str, Query(max_length=80)],
        limit: Annotated[int, Query(ge=1, le=4000)] = 400,
    ) -> Response:
        """A terminal's anchors, latest first; the answer is signed."""
        now = await gate.asked(request)
        found = await asyncio.to_thread(views.anchors, store, sender, limit)
        return gate.answer(request, AnchorsOut.model_validate({"anchors": found}), now)

    return router


def _pages(store: HubStore, *, controls: bool) -> APIRouter:
    """For people, the demo and tests: no sign-in, nothing personal but a masked contact."""
    router = APIRouter(include_in_schema=False)

    @router.get("/", response_class=HTMLResponse)
    async def page() -> str:
        found = await asyncio.to_thread(views.orders, store)
        return render_list(found, await asyncio.to_thread(views.counts, store))

    @router.get("/orders/{order_no}", response_class=HTMLResponse)
    async def detail(order_no: OrderPath) -> str:
        return render_order(await _order(store, order_no), controls=controls)

    @router.get("/view/orders")
    async def listed(limit: Annotated[int, Query(ge=1, le=20_000)] = 200) -> list[dict[str, Any]]:
        return await asyncio.to_thread(views.orders, store, limit)

    @router.get("/api/v1/orders/{order_no}")
    async def one(order_no: OrderPath) -> dict[str, Any]:
        return await _order(store, order_no)

    @router.get("/api/v1/summary")
    async def summary() -> dict[str, int]:
        return await asyncio.to_thread(views.counts, store)

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return router


async def _order(store: HubStore, order_no: str) -> dict[str, Any]:
    found = await asyncio.to_thread(views.order, store, order_no)
    if found is None:
        raise HubRefusal(404, "order-not-found", "this order has not arrived here")
    return found


async def read_body(request: Request) -> bytes:
    """The body. Raises HubRefusal when it is too large."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise HubRefusal(413, "too-large", f"a message has at most {MAX_BODY} bytes")
    except ClientDisconnect:
        raise HubRefusal(400, "cut-off", "the sender went away") from None
    return bytes(body)


def _stamp(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else None


def _target(request: Request) -> str:
    """Path with query, as it was sent and signed."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return (path.split(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _valid(model: type[M], raw: bytes | Mapping[str, Any], where: str = "") -> M:
    try:
        data = json.loads(raw) if isinstance(raw, bytes) else raw
    except ValueError:
        raise HubRefusal(400, "not-json", "the body is not JSON") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in (*([where] if where else []), *first["loc"]))
        raise HubRefusal(422, "bad-message", f"{field}: {first['msg']}") from None


def _envelope(raw: bytes, key: str | None) -> Envelope:
    data = _valid(Frame, raw)
    if data.message not in TO_HUB:
        raise HubRefusal(422, "unknown-message", f"known here: {', '.join(TO_HUB)}")
    if not is_order_no(data.order_no):
        raise HubRefusal(422, "bad-message", "order_no: 14 digits with a right check digit")
    model = TO_HUB[data.message]
    if model is not None:
        if data.order is None:
            raise HubRefusal(422, "bad-message", f"order: needed in {data.message}")
        _valid(model, data.order, "order")
    step = (data.order or {}).get("step")
    envelope = Envelope(
        sender=data.sender,
        order_no=data.order_no,
        seq=data.seq,
        kind=data.message,
        at=data.at.isoformat(),
        raw=raw,
        step=step if isinstance(step, str) else data.message.removeprefix("order."),
        by=data.by,
        facts=data.facts,
    )
    if key != envelope.key:
        raise HubRefusal(400, "bad-idempotency-key", "Idempotency-Key is <order_no>-<seq>")
    return envelope
