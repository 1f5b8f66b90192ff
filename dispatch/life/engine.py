"""Decides a step: who, when, with which fields; what changes and what it causes. No I/O.

Only what ``decide`` returns may change an order.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from dispatch.errors import (
    AlreadyClaimedError,
    AlreadyRatedError,
    FieldWrongError,
    NotYourOrderError,
    OrderChangedError,
    OrderErasedError,
    ReturnTooLateError,
    StepError,
    StepForbiddenError,
    StepUnknownError,
)
from dispatch.life.fields import CleanFields, clean_fields
from dispatch.life.ports import ClockDo, ClockEffect, HubEffect, NoticeEffect, RingEffect
from dispatch.life.shapes import By, Held, Put, Ring, Source, Step, Tie
from dispatch.life.steps import STEPS, steps_from
from hotline.domain.codes import Coded, OrderState, Urgency
from hotline.domain.handling import Reason
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor

DISSATISFIED = 2
"""Levels up to this one mean the party is not content (``Satisfaction``)."""


class Allowed(Protocol):
    """Whether an actor has a right for an order's place (``hotline.accounts.rights.allowed``)."""

    def __call__(
        self, actor: Actor, right: Right, *, region: str | None, institution: str | None
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An order as the decision sees it; ``columns`` are its row's, without the sealed ones."""

    order_no: str
    state: OrderState | None
    """None: there is no order yet."""
    version: int
    columns: Mapping[str, Any]
    erased: bool = False
    return_over: bool = False
    """The time in which it may be given back is over (its RETURN clock)."""
    asked: frozenset[str] = frozenset()
    """People with an open offer."""

    def get(self, column: str) -> Any:
        """A column's value; None when there is no order yet."""
        return self.columns.get(column)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that may be taken, and all that follows from it."""

    step: Step
    state: OrderState
    columns: Mapping[str, Any]
    """Column → new value; ``state`` is not among them."""
    fields: CleanFields
    clocks: tuple[ClockEffect, ...]
    hub: tuple[HubEffect, ...]
    notices: tuple[NoticeEffect, ...]
    rings: tuple[RingEffect, ...]


def decide(
    order: Snapshot,
    name: str,
    actor: Actor,
    given: Mapping[str, Any],
    now: datetime,
    allowed: Allowed,
    *,
    version: int | None = None,
) -> Outcome:
    """What the step does to the order. Raises StepError or one of its kinds."""
    step = find_step(name)
    _check_right(order, step, actor, allowed)
    _check_sight(order, step, version)
    state = _check_state(order, step)
    _check_tie(order, step, actor, allowed)
    _check_moment(order, step)
    fields = clean_fields(step, given, now)
    if order.order_no in (fields.public.get("into"), fields.public.get("merged")):
        name = "into" if "into" in fields.public else "merged"
        raise FieldWrongError(f"{name}：工单不能并入自身，请核对编号", field=name)
    columns = _columns(order, step, actor, fields, now)
    quiet = order.state is OrderState.DRAFT and state is not OrderState.RECEIVED
    if quiet or order.erased:  # nobody heard of a draft; of an erased party nothing may be told
        clocks = _clocks(step, fields) if order.erased else ()
        return Outcome(step, state, columns, fields, clocks, (), (), ())
    return Outcome(
        step,
        state,
        columns,
        fields,
        _clocks(step, fields),
        _hub(step, state, fields),
        (NoticeEffect(step.notice, _words(fields)),) if step.notice else (),
        tuple(ring.effect for ring in step.rings if _wanted(ring, order, fields)),
    )


def find_step(name: str) -> Step:
    """The step of this name. Raises StepUnknownError."""
    step = STEPS.get(name)
    if step is None:
        raise StepUnknownError(f"没有这个步骤，可用：{'、'.join(STEPS)}", field="step")
    return step


def possible_steps(order: Snapshot, actor: Actor, allowed: Allowed) -> tuple[Step, ...]:
    """Steps this actor may take now, for buttons; fields are not looked at."""
    return tuple(step for step in steps_from(order.state) if _possible(order, step, actor, allowed))


def _possible(order: Snapshot, step: Step, actor: Actor, allowed: Allowed) -> bool:
    try:
        _check_right(order, step, actor, allowed)
        _check_sight(order, step, None)
        _check_tie(order, step, actor, allowed)
        _check_moment(order, step)
    except StepError:
        return False
    return True


def _check_right(order: Snapshot, step: Step, actor: Actor, allowed: Allowed) -> None:
    if not any(_has_right(order, by, actor, allowed) for by in step.by):
        rights = "或".join(dict.fromkeys(f"“{by.right.label}”" for by in step.by))
        raise StepForbiddenError(f"“{step.label}”需要对该工单有{rights}的权限")


def _has_right(order: Snapshot, by: By, actor: Actor, allowed: Allowed) -> bool:
    if by.tie is Tie.SYSTEM:
        return actor.id == "system"
    institution = order.get("institution")
    if by.tie is Tie.ASKED:  # nobody has the order yet; the right counts where the person works
        institution = actor.institution
    return allowed(actor, by.right, region=order.get("region"), institution=institution)


def _check_sight(order: Snapshot, step: Step, version: int | None) -> None:
    if step.name == "claimed" and _was_given(order):
        raise AlreadyClaimedError("该工单已被他人认领或已派送，请刷新列表")
    if version is not None and version != order.version:
        raise OrderChangedError("工单已有新的进展，请刷新后再操作", field="version")
    if order.erased and not step.after_erasure:
        raise OrderErasedError(f"当事人信息已删除，不能再“{step.label}”，只能办结、撤回或归档")


def _was_given(order: Snapshot) -> bool:
    return order.get("handler") is not None or order.get("institution") is not None


def _check_state(order: Snapshot, step: Step) -> OrderState:
    if order.state not in step.ways:
        label = order.state.label if order.state else "未登记"
        names = "、".join(other.label for other in steps_from(order.state)) or "无"
        raise StepError(f"工单现为“{label}”，不能“{step.label}”；此时可以：{names}", field="step")
    target = step.ways[order.state]
    if isinstance(target, OrderState):
        return target
    held = order.get("held_state")
    return OrderState(held) if held else OrderState.RECEIVED


def _check_tie(order: Snapshot, step: Step, actor: Actor, allowed: Allowed) -> None:
    if any(_has_right(order, by, actor, allowed) and _tied(order, by, actor) for by in step.by):
        return
    if step.name == "claimed":
        raise NotYourOrderError("该工单未向您开放认领，或认领时限已过")
    raise NotYourOrderError(f"只有该工单的办理人可以“{step.label}”")


def _tied(order: Snapshot, by: By, actor: Actor) -> bool:
    if by.tie is Tie.ASKED:
        return actor.person_id in order.asked and actor.institution is not None
    if by.tie is not Tie.HOLDER:
        return True
    if actor.person_id is None:
        return by.right in actor.rights  # the hub, or the hotline itself, acts for the handler
    if order.get("handler") is not None:
        return bool(order.get("handler") == actor.person_id)
    return actor.institution is not None and order.get("institution") == actor.institution


def _check_moment(order: Snapshot, step: Step) -> None:
    if step.name == "returned" and order.return_over:
        raise ReturnTooLateError("已超过派送后两个工作日的回退时限，请申请延期或联系派单人员改派")
    if step.name == "rated" and order.get("satisfaction") is not None:
        raise AlreadyRatedError("此次办理结果已评价过，每次办理只能评价一次")


def _columns(
    order: Snapshot, step: Step, actor: Actor, fields: CleanFields, now: datetime
) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for put in step.puts:
        old = columns.get(put.column, order.get(put.column))
        columns[put.column] = _new_value(put, old, order, actor, fields, now)
    if isinstance(step.ways[order.state], Held):
        columns["held_state"] = None
    return columns


def _new_value(
    put: Put, old: Any, order: Snapshot, actor: Actor, fields: CleanFields, now: datetime
) -> Any:
    given = fields.public.get(put.field or put.column)
    match put.source:
        case Source.FIELD:
            return old if given is None else _stored(given)
        case Source.NUMBER:
            return old if given is None else int(given)
        case Source.EITHER:
            return bool(old) or bool(given)
        case Source.WORST:
            return max(old or 0, int(given or 0))
        case Source.MORE:
            return (old or 0) + 1
        case Source.NOW:
            return now
        case Source.ACTOR:
            return actor.person_id or old
        case Source.ACTOR_INSTITUTION:
            return actor.institution or old
        case Source.STATE:
            return order.state.value if order.state else None
        case Source.CONST:
            return put.const


def _stored(value: Any) -> Any:
    if isinstance(value, Coded):
        return value.value
    if isinstance(value, tuple):
        return json.dumps([plain_value(item) for item in value], ensure_ascii=False)
    return value


def plain_value(value: Any) -> Any:
    """A field's value as JSON has it."""
    if isinstance(value, Coded):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Reason):
        return asdict(value)
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    return value


def _clocks(step: Step, fields: CleanFields) -> tuple[ClockEffect, ...]:
    """The step's own ``until`` is the deadline it extends to, or an offer's end."""
    until = fields.public.get("until")
    named = {"extension_granted": ClockDo.EXTEND, "offered": ClockDo.START}.get(step.name)
    return tuple(
        ClockEffect(effect.clock, effect.do, until) if effect.do is named else effect
        for effect in step.clocks
    )


def _hub(step: Step, state: OrderState, fields: CleanFields) -> tuple[HubEffect, ...]:
    if step.hub is None:
        return ()
    public = {name: plain_value(value) for name, value in fields.public.items()}
    return (
        HubEffect(step.hub, {"step": step.name, "state": state.value, **public, **fields.personal}),
    )


def _words(fields: CleanFields) -> dict[str, str]:
    return {
        name: str(plain_value(value))
        for name, value in fields.public.items()
        if isinstance(value, str | int | datetime)
    }


def _wanted(ring: Ring, order: Snapshot, fields: CleanFields) -> bool:
    if ring.when is None:
        return True
    if ring.when == "dissatisfied":
        return int(fields.public["level"]) <= DISSATISFIED
    if ring.when == "danger":
        urgency = fields.public.get("urgency") or order.get("urgency")
        danger = fields.public.get("emergency") or order.get("emergency")
        return danger is not None or urgency == Urgency.EMERGENCY.value
    if ring.when.startswith("field:"):
        return bool(fields.public.get(ring.when.removeprefix("field:")))
    return bool(order.get(ring.when))
