"""The messages of both directions as models: what is checked, and what the OpenAPI pages show.

``TO_HUB`` and ``FROM_HUB`` give the model of each kind's ``order`` object. Unknown fields are
ignored: they may be added within version 1.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(max_length=40)]
Text = Annotated[str, Field(max_length=10_000)]
OrderNo = Annotated[
    str, Field(description="14 digits: yyyymmdd (China), five of a sequence, Luhn check digit")
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Contact(_Part):
    """Whom to ring (personal data)."""

    name: Text | None = None
    phone: Code | None = None


class OrderDocument(_Part):
    """The whole order (personal data)."""

    state: Code
    terminal: Code
    service_type: Code
    act: Code
    topic: Code
    urgency: Code
    emergency: Code | None = None
    region: Annotated[str, Field(max_length=12)] | None = None
    title: Annotated[str, Field(max_length=200, description="no personal data")]
    description: Text | None
    since: Text | None = None
    callback: bool = False
    confidential: bool = False
    contact: Contact = Contact()
    caller_number: Code | None = None
    call_id: Code | None = None
    outside_no: Annotated[str, Field(max_length=60)] | None = None
    extra: dict[str, str] = Field(default_factory=dict)


class StepTold(_Part):
    """A step that was taken: its name and the state after it, and the step's own fields."""

    step: Code
    state: Code


class DispatchTold(StepTold):
    """Given to an institution, or to one of its people."""

    institution: Code
    handler: Code | None = None
    mode: Code | None = None
    note: Text | None = None


class ReturnTold(StepTold):
    """Given back."""

    reason: Code
    note: Text


class ExtendTold(StepTold):
    """More time asked for, granted, refused (``step`` says which)."""

    reason: Code | None = None
    until: datetime | None = None
    note: Text | None = None


class FeedbackTold(StepTold):
    """What has been done so far, or the result (``step`` says which)."""

    result: Text | None = None


class NoteTold(StepTold):
    """A step with a note at most."""

    note: Text | None = None


class CloseTold(StepTold):
    """How it ended."""

    reason: Code | None = None
    note: Text | None = None
    result: Text | None = None


class SupplementTold(StepTold):
    """What the party added."""

    note: Text
    terminal: Code | None = None
    merged: Code | None = None
    confidential: bool | None = None
    callback: bool | None = None
    contact: Text | None = None


class MergedTold(StepTold):
    """It goes on in another order."""

    into: OrderNo
    note: Text | None = None


class RatedTold(StepTold):
    """The party's judgement, 1 to 5."""

    level: Code
    terminal: Code | None = None
    comment: Text | None = None


class UrgeAsked(_Part):
    """Be quick with it."""

    note: Text | None = None


class SuperviseAsked(_Part):
    """It is watched from now on."""

    note: Text


class ReopenAsked(_Part):
    """It has to be done again."""

    note: Text | None = None


class CloseAsked(_Part):
    """End it."""

    reason: Annotated[str, Field(max_length=40, description="a code of CloseReason")]
    note: Text | None = None


class ReturnAsked(_Part):
    """Take it back from whoever has it."""

    reason: Annotated[str, Field(max_length=40, description="a code of ReturnReason")]
    note: Text


class DispatchAsked(_Part):
    """Give it to somebody; ``reassigned`` when somebody has it already."""

    step: Literal["assigned", "reassigned"] = "assigned"
    institution: Code
    handler: Code | None = None
    note: Text | None = None


class AcceptAsked(_Part):
    """An institution behind the hub has taken it on."""

    step: Literal["accepted"] = "accepted"


class ExtendAsked(_Part):
    """More time: asked for by an institution behind the hub, or decided by the hub."""

    step: Literal["extension_asked", "extension_granted", "extension_refused"] = "extension_granted"
    reason: Code | None = None
    until: datetime | None = None
    note: Text | None = None


class FeedbackAsked(_Part):
    """An institution behind the hub tells what it did; ``resolved``: that is the result."""

    step: Literal["fed_back", "resolved"] = "fed_back"
    result: Text


class SupplementAsked(_Part):
    """The party told the hub more."""

    note: Text


class WithdrawAsked(_Part):
    """The party does not want it any more."""

    note: Text | None = None


class MergeAsked(_Part):
    """The same trouble as another order of ours."""

    into: OrderNo
    note: Text | None = None


class RateAsked(_Part):
    """The party rated it at a terminal of the hub."""

    level: Literal["1", "2", "3", "4", "5"]
    terminal: Code | None = None
    comment: Text | None = None


TO_HUB: Mapping[str, type[BaseModel] | None] = {
    "order.received": OrderDocument,
    "order.updated": StepTold,
    "order.dispatch": DispatchTold,
    "order.accept": StepTold,
    "order.return": ReturnTold,
    "order.extend": ExtendTold,
    "order.feedback": FeedbackTold,
    "order.urge": NoteTold,
    "order.supervise": NoteTold,
    "order.reopen": NoteTold,
    "order.close": CloseTold,
    "order.supplement": SupplementTold,
    "order.rated": RatedTold,
    "order.merged": MergedTold,
    "order.withdrawn": NoteTold,
    "order.snapshot": OrderDocument,
    "order.erased": None,
}
"""Kind of message to the hub → its ``order`` object; None: null."""

FROM_HUB: Mapping[str, tuple[str, type[BaseModel]]] = {
    "order.urge": ("urged", UrgeAsked),
    "order.supervise": ("supervised", SuperviseAsked),
    "order.reopen": ("reopened", ReopenAsked),
    "order.close": ("closed", CloseAsked),
    "order.return": ("returned", ReturnAsked),
    "order.dispatch": ("assigned", DispatchAsked),
    "order.accept": ("accepted", AcceptAsked),
    "order.extend": ("extension_granted", ExtendAsked),
    "order.feedback": ("fed_back", FeedbackAsked),
    "order.supplement": ("supplemented", SupplementAsked),
    "order.withdrawn": ("withdrawn", WithdrawAsked),
    "order.merged": ("merged", MergeAsked),
    "order.rated": ("rated", RateAsked),
}
"""Kind of message from the hub → the step it asks for (unless it names one) and its fields."""


class Frame(_Part):
    """What every message has."""

    version: Literal[1]
    message: Annotated[str, Field(max_length=40)]
    sender: Annotated[str, Field(min_length=1, max_length=80)]
    order_no: OrderNo
    seq: Annotated[
        int, Field(ge=1, le=1_000_000, description="of this order and direction, without a gap")
    ]
    at: datetime
    by: Annotated[str, Field(max_length=80, description="who took the step")] | None = None
    facts: dict[str, Any] | None = Field(
        None, description="how the order stands after the step, in codes"
    )
    order: dict[str, Any] | None = None


class ReceiptOut(_Part):
    """The message was taken."""

    receipt: Annotated[str, Field(min_length=1, max_length=80)]
    order_no: OrderNo
    seq: int
    duplicate: Annotated[bool, Field(description="it had come before")]


class AppliedOut(_Part):
    """The step was taken."""

    order_no: OrderNo
    seq: int
    state: Annotated[str, Field(description="the order's state now")]
    duplicate: bool


class ErrorText(_Part):
    """Why something was refused."""

    code: Annotated[str, Field(description="stable, kebab-case")]
    message: str
    field: str | None = None


class ErrorOut(_Part):
    """Every answer that is no success."""

    error: ErrorText


class OrderStand(_Part):
    """How the hub holds one order."""

    order_no: OrderNo
    state: Code | None
    seq: Annotated[int, Field(description="of the last message it took from us")]
    digest: Annotated[str, Field(description="of the facts")] | None
    erased: bool
    out_seq: Annotated[int, Field(description="of the last message it made for us; 0: none")]
    updated_at: datetime


class OrdersOut(_Part):
    """A page of orders."""

    orders: list[OrderStand]
    next: Annotated[str, Field(description="cursor of the next page")] | None


class MessagesOut(_Part):
    """The hub's messages about one order, as they were sent."""

    messages: Annotated[list[str], Field(description="each the JSON text that was signed")]


class AnchorIn(_Part):
    """Where the terminal's audit chain ends."""

    version: Literal[1]
    message: Literal["audit.anchor"]
    sender: Annotated[str, Field(min_length=1, max_length=80)]
    seq: Annotated[int, Field(ge=1)]
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    at: datetime


class AnchorOut(_Part):
    """The anchor is kept."""

    seq: int
    duplicate: bool


class AnchorKept(_Part):
    """An anchor the hub keeps."""

    seq: int
    hash: str
    at: datetime


class AnchorsOut(_Part):
    """The terminal's anchors, latest first."""

    anchors: list[AnchorKept]
