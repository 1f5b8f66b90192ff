"""What a message from the hub means: decisions only, no I/O."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dispatch.hub.errors import RefusedError
from dispatch.hub.messages import idempotency_key
from dispatch.hub.models import FROM_HUB, Frame
from dispatch.numbers import is_order_no

M = TypeVar("M", bound=BaseModel)
MAX_BODY = 1 << 18
"""Bytes; the longest text has 10,000 characters."""
APPLIED = "applied"
"""``InboxRow.result`` of a message whose step was taken; otherwise the code that refused it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A step the hub asks for."""

    order_no: str
    seq: int
    kind: str
    step: str
    fields: Mapping[str, Any]
    digest: str
    """SHA-256 of the body: a repeat is the same to the byte."""

    @property
    def key(self) -> str:
        """Idempotency key."""
        return idempotency_key(self.order_no, self.seq)


@dataclass(frozen=True, slots=True)
class Known:
    """What the inbox holds of a message with the same number."""

    digest: str
    result: str


def read_wish(raw: bytes) -> Wish:
    """The step a body asks for. Raises RefusedError: not-json, bad-message, unknown-message."""
    try:
        data = json.loads(raw)
    except ValueError:
        raise RefusedError(400, "not-json", "the body is not JSON") from None
    frame = _valid(Frame, data, "")
    if frame.message not in FROM_HUB:
        known = ", ".join(FROM_HUB)
        raise RefusedError(422, "unknown-message", f"message: known here: {known}", "message")
    if not is_order_no(frame.order_no):
        mend = "order_no: 14 digits with a right check digit"
        raise RefusedError(422, "bad-message", mend, "order_no")
    step, model = FROM_HUB[frame.message]
    asked = _valid(model, frame.order or {}, "order")
    fields = asked.model_dump(mode="json", exclude_none=True)
    step = fields.pop("step", step)
    digest = hashlib.sha256(raw).hexdigest()
    return Wish(frame.order_no, frame.seq, frame.message, step, fields, digest)


def judge(wish: Wish, known: Known | None, last: int) -> bool:
    """Whether it is to be applied; False: it was before. ``last``: the order's latest number.

    Raises RefusedError: idempotency-conflict, sequence-gap, or what refused it the first time.
    """
    if known is not None:
        if known.digest != wish.digest:
            mend = "this order and seq came before with other content"
            raise RefusedError(409, "idempotency-conflict", mend, "seq")
        if known.result != APPLIED:
            raise RefusedError(409, known.result, "refused before; send the next one", "seq")
        return False
    if wish.seq != last + 1:
        raise RefusedError(409, "sequence-gap", f"seq {last + 1} of this order is missing", "seq")
    return True


def _valid(model: type[M], data: Any, where: str) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        parts = [str(part) for part in first["loc"]]
        field = ".".join([where, *parts] if where else parts)
        raise RefusedError(422, "bad-message", f"{field}: {first['msg']}", field) from None
