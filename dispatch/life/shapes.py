"""What a row of the table of steps is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dispatch.life.ports import ClockEffect, RingEffect
from hotline.domain.codes import Coded, OrderState
from hotline.domain.order_codes import Right


class Kind(Coded):
    """What a field of a step holds."""

    TEXT = "text", "文字（个人信息，密封）"
    CODE = "code", "代码"
    MOMENT = "moment", "时间（晚于现在）"
    PERSON = "person", "人员编号"
    PEOPLE = "people", "人员编号列表"
    INSTITUTION = "institution", "机构编号"
    REGION = "region", "行政区划代码"
    ORDER = "order", "工单编号"
    NUMBER = "number", "非负整数"
    FLAG = "flag", "是/否"
    NAME = "name", "名称或编号（无个人信息）"
    REASONS = "reasons", "依据列表"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field a step takes."""

    name: str
    label: str
    kind: Kind
    required: bool = True
    codes: type[Coded] | None = None
    """The code table of a CODE field."""

    @property
    def personal(self) -> bool:
        """Its value may tell of a person: it is sealed and never shown in events."""
        return self.kind is Kind.TEXT


class Tie(Coded):
    """How an actor must be tied to an order, beyond having the right."""

    PLACE = "place", "权限范围含该工单"
    HOLDER = "holder", "该工单的办理人（未指定人时为承办机构人员）"
    ASKED = "asked", "被邀请认领的人员"
    SYSTEM = "system", "系统"


@dataclass(frozen=True, slots=True)
class By:
    """One way to be allowed a step: the right, and the tie to the order."""

    right: Right
    tie: Tie = Tie.PLACE


class Source(StrEnum):
    """Where the new value of a column comes from."""

    FIELD = "field"
    """The step's field; the column stays as it is when that was not given."""
    NOW = "now"
    ACTOR = "actor"
    """The person who acts."""
    ACTOR_INSTITUTION = "actor_institution"
    STATE = "state"
    """The state the order had before."""
    NUMBER = "number"
    """The step's field, a code that is a number."""
    EITHER = "either"
    """True if the step says so or it was true before."""
    WORST = "worst"
    """The field's number if it is greater than what there is."""
    MORE = "more"
    """One more than before."""
    CONST = "const"


@dataclass(frozen=True, slots=True)
class Put:
    """A column of the order that a step writes."""

    column: str
    source: Source
    field: str = ""
    """Name of the step's field; empty: that of the column."""
    const: str | int | None = None


class Held(StrEnum):
    """A target that is no fixed state."""

    HELD = "held"
    """The state the order had before the extension was asked, or the party asked for more."""


Target = OrderState | Held


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody to ring, and on what condition."""

    effect: RingEffect
    when: str | None = None
    """``dissatisfied``, ``danger``, ``field:<field of the step>`` or a column; None: always."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step in an order's life."""

    name: str
    """Stable code, kept in ``order_events``."""
    label: str
    """What people see."""
    ways: Mapping[OrderState | None, Target]
    """Every state it may be taken from, and the state it leads to; None: no order yet."""
    by: tuple[By, ...]
    """Any one of these is enough."""
    fields: tuple[FieldSpec, ...] = ()
    puts: tuple[Put, ...] = ()
    clocks: tuple[ClockEffect, ...] = ()
    hub: str | None = "order.updated"
    """Kind of the message the hub gets; None: it is not told."""
    notice: str | None = None
    """Template of the text message to the party."""
    rings: tuple[Ring, ...] = ()
    after_erasure: bool = False
    """May still be taken when the party's data are gone."""

    def field(self, name: str) -> FieldSpec | None:
        """The field of this name."""
        return next((spec for spec in self.fields if spec.name == name), None)
