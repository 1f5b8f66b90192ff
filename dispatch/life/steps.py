"""The life of an order as data. ONE table: nothing else in the program knows which steps there are,
from which state to which they lead, who may take them, and what they cause.

``docs/order-steps.md`` is made from it (``python -m dispatch.life.page``).

Three decisions:

* An order that is up for claim stays ``triaged``: whoever claims it has accepted it, so a claim
  leads straight to ``in_progress``. Offers are rows of their own; no state is needed for them.
* Urged, supervised and reopened orders are being worked on: everything a handler may do in
  ``in_progress`` may be done there. Urging an order nobody has accepted yet changes no state.
* Waiting for an extension or for the party remembers the state before (``held_state``) and goes
  back to it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from dispatch.life.after import ENDING, WORKING
from dispatch.life.before import BEGINNING, GIVING, TRIAGE
from dispatch.life.parts import ENDED, OPEN, WORK
from dispatch.life.shapes import Step
from hotline.domain.codes import OrderState

__all__ = ["ENDED", "OPEN", "STEPS", "WORK", "Step", "steps_from"]

STEPS: Mapping[str, Step] = MappingProxyType(
    {step.name: step for step in (*BEGINNING, *TRIAGE, *GIVING, *WORKING, *ENDING)}
)
"""Every step by its name, in the sequence of a usual life."""


def steps_from(state: OrderState | None) -> tuple[Step, ...]:
    """Steps that may be taken from a state, whoever takes them."""
    return tuple(step for step in STEPS.values() if state in step.ways)
