"""The API of what is to be done: people to ring, live events, evaluation."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import StreamingResponse

from dispatch.callbacks.desk import RingDesk
from dispatch.callbacks.report import RingReport, Then
from dispatch.http.bodies import ReplyBody, RingBody
from dispatch.http.orders import Who, utc_now
from dispatch.notices.opt_out import OptOuts
from dispatch.tracking.stream import HEADERS, OrderFeed
from hotline.accounts.records import Identity
from hotline.accounts.rights import demand
from hotline.domain.order_codes import Right, RingKind

RingId = Annotated[int, Path(ge=1, le=2**31 - 1)]


def work_router(
    rings: RingDesk,
    feed: OrderFeed,
    opt_outs: OptOuts,
    who: Who,
    *,
    now: Callable[[], datetime] = utc_now,
) -> APIRouter:
    """Everything below ``/api/v1/callbacks``, ``/api/v1/events`` and ``/api/v1/replies``."""
    router = APIRouter(prefix="/api/v1", tags=["work"])

    @router.get("/callbacks")
    async def due(
        me: Annotated[Identity, Depends(who)],
        kind: RingKind | None = None,
        mine: bool = True,
        all_open: bool = False,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> list[dict[str, Any]]:
        """Whom to ring, the longest overdue first."""
        found = await rings.due(
            me.actor, now(), mine=mine, kind=kind, all_open=all_open, limit=limit
        )
        return [asdict(ring) for ring in found]

    @router.post("/callbacks/{ring_id}/take")
    async def take(ring_id: RingId, me: Annotated[Identity, Depends(who)]) -> dict[str, Any]:
        """Take somebody to ring; nobody else can meanwhile."""
        return asdict(await rings.take(ring_id, me.actor, now()))

    @router.post("/callbacks/{ring_id}/release", status_code=204)
    async def release(ring_id: RingId, me: Annotated[Identity, Depends(who)]) -> None:
        """Give somebody back without having rung."""
        await rings.release(ring_id, me.actor, now())

    @router.post("/callbacks/{ring_id}/result")
    async def result(
        ring_id: RingId, body: RingBody, me: Annotated[Identity, Depends(who)]
    ) -> dict[str, Any]:
        """Say what came of it."""
        report = RingReport(
            body.result,
            body.note,
            body.later,
            body.level,
            body.comment,
            Then(body.then),
            body.close_reason,
        )
        return asdict(await rings.result(ring_id, me.actor, report, now()))

    @router.get("/events")
    async def events(
        me: Annotated[Identity, Depends(who)],
        last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
    ) -> StreamingResponse:
        """Order events as they happen (server-sent events)."""
        frames = feed.stream(me.actor, last)
        return StreamingResponse(frames, media_type="text/event-stream", headers=HEADERS)

    @router.post("/replies", status_code=204)
    async def reply(body: ReplyBody, me: Annotated[Identity, Depends(who)]) -> None:
        """A party answered a text message (退订 and the like); the gateway tells us."""
        demand(me.actor, Right.FILE, region=None, institution=None)
        await opt_outs.by_reply(body.phone, body.text, now())

    return router
