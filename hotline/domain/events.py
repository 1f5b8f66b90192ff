"""Events on the bus. They carry codes, ids and times, never personal data."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``name`` is dotted and stable, e.g. ``call.ended``."""

    name: str
    """call.started, call.answered, call.turn, call.ended, call.adopted, order.filed,
    order.acknowledged, hub.down, asr.shed, ..."""
    at: datetime
    key: str
    """Id of what it is about: a call id, an order number."""
    data: dict[str, str | int | float | bool | None] = field(default_factory=dict)
