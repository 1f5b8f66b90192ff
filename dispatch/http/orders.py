"""The API of orders: filing, lists, detail, steps, claims, rating, progress.

Who asks is known by the gate (``hotline.accounts.http``); every right is checked inside, on the
order itself. Errors have one form, installed by the composition root.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from dispatch.errors import (
    IntakeError,
    OrderNotFoundError,
    StepForbiddenError,
    StepUnknownError,
)
from dispatch.http.bodies import (
    KEY,
    ORDER_NO,
    STEP,
    IntakeBody,
    ProgressBody,
    RatingBody,
    StepBody,
)
from dispatch.intake import IntakeDesk
from dispatch.life.desk import OrderDesk
from dispatch.life.steps import STEPS
from dispatch.listing import OrderList, Wanted
from dispatch.matching.service import Matcher
from dispatch.progress import Progress
from dispatch.tracking.desk import TrackingDesk
from dispatch.tracking.rating import Rating, RatingDesk
from hotline.accounts.records import Identity
from hotline.accounts.rights import demand, reach
from hotline.domain.codes import OrderState, Terminal
from hotline.domain.order_codes import Right

Number = Annotated[str, Path(pattern=ORDER_NO)]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern=KEY)]
KeyIfAny = Annotated[str | None, Header(alias="Idempotency-Key", pattern=KEY)]
RATED = "rated"
Who = Callable[[Request], Awaitable[Identity]]


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the API of orders works with."""

    intake: IntakeDesk
    desk: OrderDesk
    lists: OrderList
    matcher: Matcher
    tracking: TrackingDesk
    ratings: RatingDesk
    progress: Progress


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def orders_router(rooms: Rooms, who: Who, *, now: Callable[[], datetime] = utc_now) -> APIRouter:
    """Everything below ``/api/v1/orders`` and ``/api/v1/steps``."""
    router = APIRouter(prefix="/api/v1", tags=["orders"])
    _add_filing(router, rooms, who, now)
    _add_reading(router, rooms, who, now)
    _add_steps(router, rooms, who, now)
    return router


def _add_filing(router: APIRouter, rooms: Rooms, who: Who, now: Callable[[], datetime]) -> None:
    @router.post("/orders", status_code=201)
    async def file(
        body: IntakeBody, key: Key, response: Response, me: Annotated[Identity, Depends(who)]
    ) -> dict[str, Any]:
        """Receive a demand. The same key again gives the same order (200)."""
        demand(me.actor, Right.FILE, region=body.region, institution=me.actor.institution)
        intake = body.intake(_terminal(me), key)
        view = await rooms.intake.receive(intake, now(), actor=me.actor)
        response.status_code = 200 if view.duplicate else 201
        response.headers["Location"] = f"/api/v1/orders/{view.order_no}"
        return asdict(view)

    @router.put("/drafts")
    async def save(
        body: IntakeBody, key: Key, me: Annotated[Identity, Depends(who)]
    ) -> dict[str, Any]:
        """Keep a form as typed; filing it with the same key makes it an order."""
        demand(me.actor, Right.FILE, region=body.region, institution=me.actor.institution)
        return asdict(
            await rooms.intake.save_draft(body.intake(_terminal(me), key), now(), actor=me.actor)
        )


def _add_reading(router: APIRouter, rooms: Rooms, who: Who, now: Callable[[], datetime]) -> None:
    @router.get("/orders")
    async def listed(
        me: Annotated[Identity, Depends(who)],
        state: Annotated[list[OrderState] | None, Query()] = None,
        institution: Annotated[str | None, Query(max_length=40)] = None,
        region: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
        card: Annotated[int | None, Query(ge=0, le=2)] = None,
        mine: bool = False,
        offered: bool = False,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Orders within reach, latest filed first."""
        wanted = Wanted(tuple(state or ()), institution, region, card, mine, offered, cursor, limit)
        return asdict(await rooms.lists.page(me.actor, wanted, now()))

    @router.get("/orders/{order_no}")
    async def detail(order_no: Number, me: Annotated[Identity, Depends(who)]) -> dict[str, Any]:
        """One order; personal data only with the right, and then audited."""
        return asdict(await rooms.desk.detail(order_no, me.actor, now()))

    @router.get("/orders/{order_no}/timeline")
    async def timeline(order_no: Number, me: Annotated[Identity, Depends(who)]) -> dict[str, Any]:
        """Every step of an order."""
        return asdict(await rooms.tracking.for_staff(order_no, me.actor, now()))

    @router.post("/progress")
    async def progress(body: ProgressBody, me: Annotated[Identity, Depends(who)]) -> dict[str, Any]:
        """How an order stands, for a party at a terminal."""
        _demand_anywhere(me, Right.READ, Right.FILE)
        if body.order_no is not None:
            found = await rooms.progress.by_number(body.order_no)
        elif body.phone is not None and body.tail is not None:
            found = await rooms.progress.by_phone(body.phone, body.tail)
        else:
            raise IntakeError("order_no：请填写单号，或填写电话和单号后四位", field="order_no")
        return asdict(found)

    @router.get("/steps")
    async def steps(me: Annotated[Identity, Depends(who)]) -> list[dict[str, Any]]:
        """The table of steps: what there is, from which states, with which fields."""
        return [
            {
                "name": step.name,
                "label": step.label,
                "from": [state.value if state else None for state in step.ways],
                "fields": [
                    {
                        "name": spec.name,
                        "label": spec.label,
                        "kind": spec.kind.value,
                        "required": spec.required,
                        "codes": {code.value: code.label for code in spec.codes or ()},
                    }
                    for spec in step.fields
                ],
            }
            for step in STEPS.values()
        ]


def _add_steps(router: APIRouter, rooms: Rooms, who: Who, now: Callable[[], datetime]) -> None:
    @router.post("/orders/{order_no}/steps/{step}")
    async def take(
        order_no: Number,
        step: Annotated[str, Path(pattern=STEP)],
        body: StepBody,
        me: Annotated[Identity, Depends(who)],
        key: KeyIfAny = None,
    ) -> dict[str, Any]:
        """Take a step. With ``version``, a newer order is refused; with a key, once only."""
        if step == RATED:  # it has a row of its own and what follows from it
            raise StepUnknownError("评价请提交到 /rating，不能作为普通步骤办理", field="step")
        view = await rooms.desk.step(
            order_no, step, me.actor, body.fields, now(), version=body.version, key=key
        )
        return asdict(view)

    @router.post("/orders/{order_no}/claim")
    async def claim(order_no: Number, me: Annotated[Identity, Depends(who)]) -> dict[str, Any]:
        """Take an order that was put up for claim; exactly one gets it."""
        await rooms.matcher.claim(order_no, me.actor, now())
        return asdict(await rooms.desk.view(order_no, me.actor))

    @router.post("/orders/{order_no}/decline", status_code=204)
    async def decline(order_no: Number, me: Annotated[Identity, Depends(who)]) -> None:
        """Not take an order that was put up for claim."""
        if me.actor.person_id is None:
            raise StepForbiddenError("只有被邀请认领的人员可以谢绝，请用本人的密钥")
        await rooms.matcher.decline(order_no, me.actor.person_id, now())

    @router.post("/orders/{order_no}/rating", status_code=201)
    async def rate(
        order_no: Number, body: RatingBody, me: Annotated[Identity, Depends(who)]
    ) -> dict[str, Any]:
        """Rate an order for its party, who is at this terminal."""
        _demand_anywhere(me, Right.FILE)
        rating = Rating(body.level, body.comment, body.again)
        return asdict(await rooms.ratings.rate(order_no, rating, me.actor, _terminal(me), now()))


def _terminal(me: Identity) -> Terminal:
    """Where the demand was received: the key says it, not the document."""
    return Terminal(me.terminal)


def _demand_anywhere(me: Identity, *rights: Right) -> None:
    """At least one of the rights, wherever: the party proves by number or telephone what is theirs.

    Raises OrderNotFoundError: nothing is told of orders to whom nothing may be told.
    """
    if all(reach(me.actor, right).nowhere for right in rights):
        raise OrderNotFoundError("没有这个编号的工单，请核对编号")
