"""The life of an order as data: which step leads from which state to which.

The first cut only receives. The rows for triage, assignment and the rest are added here; nothing
else in the program knows which steps are allowed.
"""

from dataclasses import dataclass

from dispatch.errors import StepError
from hotline.domain.codes import OrderState


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed step."""

    name: str
    """Stable code, kept in ``order_events`` and sent to the hub as ``order.<name>``."""
    sources: frozenset[OrderState | None]
    """States it may be taken from; None: the order does not exist yet."""
    target: OrderState


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("received", frozenset({None, OrderState.DRAFT}), OrderState.RECEIVED),
        Step(
            "withdrawn",
            frozenset({OrderState.DRAFT, OrderState.RECEIVED, OrderState.INCOMPLETE}),
            OrderState.WITHDRAWN,
        ),
    )
}


def take(step: str, state: OrderState | None) -> OrderState:
    """The state after ``step``. Raises StepError when it is not allowed from ``state``."""
    row = STEPS.get(step)
    if row is None or state not in row.sources:
        raise StepError(f"step {step} is not allowed from state {state or 'none'}")
    return row.target
