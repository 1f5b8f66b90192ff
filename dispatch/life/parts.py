"""Building blocks of the table of steps: groups of states, of fields, of actors."""

from collections.abc import Iterable

from dispatch.life.ports import ClockDo, ClockEffect, RingDo, RingEffect
from dispatch.life.shapes import By, FieldSpec, Kind, Put, Ring, Source, Target, Tie
from hotline.domain.codes import Coded, OrderState
from hotline.domain.order_codes import Clock, Right, RingKind

S = OrderState
UNHELD = (S.RECEIVED, S.TRIAGED, S.RETURNED)
"""Received, and nobody has it."""
WORK = (S.IN_PROGRESS, S.URGED, S.SUPERVISED, S.REOPENED)
"""A handler is at work."""
OPEN = (*UNHELD, S.INCOMPLETE, S.ASSIGNED, *WORK, S.EXTENSION)
"""Not yet resolved: a repeat of the same trouble belongs to it."""
ENDED = (S.CLOSED, S.ARCHIVED, S.MERGED, S.WITHDRAWN)

WAITING = (
    *(Clock.TRIAGE, Clock.DISPATCH, Clock.CLAIM),
    *(Clock.ACCEPT, Clock.RETURN, Clock.FEEDBACK),
)
"""Clocks that stand still while we wait for the party."""
AT_WORK = (Clock.ACCEPT, Clock.RETURN, Clock.FEEDBACK, Clock.EXTENSION)


def to(target: Target, *sources: OrderState | None) -> dict[OrderState | None, Target]:
    return dict.fromkeys(sources, target)


def stay(*states: OrderState) -> dict[OrderState | None, Target]:
    return {state: state for state in states}


def start(*clocks: Clock) -> tuple[ClockEffect, ...]:
    return tuple(ClockEffect(clock, ClockDo.START) for clock in clocks)


def stop(clocks: Iterable[Clock]) -> tuple[ClockEffect, ...]:
    return tuple(ClockEffect(clock, ClockDo.STOP) for clock in clocks)


def each(do: ClockDo, clocks: Iterable[Clock]) -> tuple[ClockEffect, ...]:
    return tuple(ClockEffect(clock, do) for clock in clocks)


def field(column: str, name: str | None = None) -> Put:
    return Put(column, Source.FIELD, name or column)


def now(column: str) -> Put:
    return Put(column, Source.NOW)


def more(column: str) -> Put:
    return Put(column, Source.MORE)


def const(column: str, value: str | int | None = None) -> Put:
    return Put(column, Source.CONST, const=value)


def code(name: str, label: str, codes: type[Coded], *, required: bool = True) -> FieldSpec:
    return FieldSpec(name, label, Kind.CODE, required, codes)


def open_ring(kind: RingKind, reason: str, when: str | None = None) -> Ring:
    return Ring(RingEffect(kind, RingDo.OPEN, reason), when)


def cancel_ring(kind: RingKind, reason: str = "") -> Ring:
    return Ring(RingEffect(kind, RingDo.CANCEL, reason))


HOLD = Put("held_state", Source.STATE)
UNHOLD = const("held_state")
NOTE = FieldSpec("note", "说明", Kind.TEXT)
NOTE_IF_ANY = FieldSpec("note", "说明", Kind.TEXT, required=False)
RESULT = FieldSpec("result", "办理情况", Kind.TEXT)
REASONS = FieldSpec("reasons", "依据", Kind.REASONS, required=False)
NOBODY = tuple(
    const(column)
    for column in ("institution", "handler", "mode", "assigned_at", "accepted_at", "due_at")
)
FRESH = (const("accepted_at"), const("resolved_at"), const("card", 0), UNHOLD)
DISPATCHERS = (By(Right.DISPATCH),)
HOLDERS = (By(Right.HANDLE, Tie.HOLDER),)
APPROVERS = (By(Right.SUPERVISE),)
