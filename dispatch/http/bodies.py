"""What terminals send: documents checked for form here, for meaning by the rooms inside."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from hotline.domain.codes import Satisfaction, ServiceType, Terminal, Urgency
from hotline.domain.order_codes import CloseReason, RingResult
from hotline.domain.orders import Intake

ORDER_NO = r"^[0-9]{14}$"
STEP = r"^[a-z_]{1,40}$"
KEY = r"^[\x21-\x7e]{1,120}$"
Text = Annotated[str, Field(max_length=20_000)]
Short = Annotated[str, Field(max_length=200)]


class Body(BaseModel):
    """A document without unknown fields: a misspelt one is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class IntakeBody(Body):
    """A demand; see ``hotline.domain.orders.Intake``."""

    service_type: ServiceType
    act: Short = "apply"
    topic: Short
    urgency: Urgency = Urgency.NORMAL
    title: Short
    description: Text
    contact_name: Short | None = None
    contact_phone: Short | None = None
    caller_number: Short | None = None
    region: Short | None = None
    since: Short | None = None
    call_id: Annotated[str, Field(max_length=40)] | None = None
    callback: bool = False
    confidential: bool = False
    emergency: Short | None = None
    extra: dict[Short, Text] = Field(default_factory=dict)

    def intake(self, terminal: Terminal, key: str) -> Intake:
        """As the intake desk takes it."""
        return Intake(terminal=terminal, idempotency_key=key, **self.model_dump())


class StepBody(Body):
    """A step: its fields, and the version of the order it was decided on."""

    fields: dict[Annotated[str, Field(max_length=40)], Any] = Field(default_factory=dict)
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class RatingBody(Body):
    """How the party rates the order."""

    level: Satisfaction
    comment: Annotated[str, Field(max_length=1_000)] | None = None
    again: bool = False


class ProgressBody(Body):
    """Progress by number, or by telephone and the number's last four digits. Not in the address:
    addresses are logged."""

    order_no: Annotated[str, Field(max_length=40)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    tail: Annotated[str, Field(max_length=10)] | None = None


class RingBody(Body):
    """What came of ringing somebody."""

    result: RingResult
    note: Text | None = None
    later: datetime | None = None
    level: Satisfaction | None = None
    comment: Annotated[str, Field(max_length=1_000)] | None = None
    then: Annotated[str, Field(pattern="^(leave|close|reopen)$")] = "leave"
    close_reason: CloseReason = CloseReason.RESOLVED


class ReplyBody(Body):
    """What a party answered to a text message."""

    phone: Annotated[str, Field(max_length=40)]
    text: Annotated[str, Field(max_length=500)]
