"""Acting as the hub's staff, and letting the hub fail. Off unless asked for."""

from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.hub.models import FROM_HUB
from dispatch.reference_hub.faults import CallbackMode, FaultPlan, Mode
from dispatch.reference_hub.outgoing import Caller, add
from dispatch.reference_hub.store import HubRefusal, HubStore
from hotline.domain.order_codes import CloseReason, ReturnReason


class FaultIn(BaseModel):
    """The fault the next ``count`` messages shall meet."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode | CallbackMode | Literal["mix"]
    count: int = Field(1, ge=0, le=1_000_000)
    seconds: float = Field(1.0, ge=0, le=600)
    share: float = Field(1.0, ge=0, le=1)


class ActIn(BaseModel):
    """What the hub's staff wants with an order."""

    model_config = ConfigDict(extra="forbid")

    order_no: str = Field(max_length=40)
    kind: str
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: bool = False
    """Send the fields as they are, right or wrong."""


def control_router(store: HubStore, plan: FaultPlan, caller: Caller | None) -> APIRouter:
    """``/control/...``."""
    router = APIRouter(prefix="/control", include_in_schema=False)

    async def queue(order_no: str, kind: str, fields: dict[str, Any], *, raw: bool) -> int:
        if not raw:
            fields = _checked(kind, fields)
        seq = await add(store, order_no, kind, fields, datetime.now(UTC))
        if caller:
            caller.wake()
        return seq

    @router.post("/faults")
    async def fail(fault: FaultIn) -> dict[str, str]:
        plan.mode, plan.count, plan.seconds = fault.mode, fault.count, fault.seconds
        plan.share = fault.share
        return {"status": "set"}

    @router.post("/act")
    async def act(data: ActIn) -> dict[str, int]:
        return {"seq": await queue(data.order_no, data.kind, data.fields, raw=data.raw)}

    @router.post("/form")
    async def form(request: Request) -> RedirectResponse:
        given = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        order_no, kind = given.pop("order_no", ""), given.pop("kind", "")
        given.setdefault("note", "平台工作人员操作")
        if kind == "order.close":
            given.setdefault("reason", CloseReason.ANSWERED.value)
        if kind == "order.return":
            given.setdefault("reason", ReturnReason.NOT_OURS.value)
        await queue(order_no, kind, given, raw=False)
        return RedirectResponse(f"/orders/{order_no}", status_code=303)

    return router


def _checked(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    if kind not in FROM_HUB:
        raise HubRefusal(422, "unknown-message", f"known here: {', '.join(FROM_HUB)}")
    try:
        model = FROM_HUB[kind][1].model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise HubRefusal(422, "bad-message", f"{field}: {first['msg']}") from None
    return model.model_dump(mode="json", exclude_none=True, exclude_unset=True)
