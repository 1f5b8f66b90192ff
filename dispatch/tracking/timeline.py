"""Every step of an order as a timeline: in plain words for the party, in full for staff. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.life.ports import OrderEvent
from dispatch.life.shapes import FieldSpec, Kind
from dispatch.life.steps import STEPS
from dispatch.numbers import CHINA
from hotline.domain.codes import Coded, OrderState, Satisfaction
from hotline.domain.order_codes import CloseReason

Names = Mapping[str, str]
"""Code of an institution → its name."""


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """A step as the party sees it."""

    seq: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """A step as staff see it."""

    seq: int
    at: datetime
    step: str
    label: str
    actor: str
    from_state: str | None
    to_state: str
    """Codes of the states; ``OrderState(code).label`` is shown."""
    fields: tuple[tuple[str, str], ...]
    """(Chinese label, value in Chinese) of the step's codes, moments and ids."""
    texts: tuple[tuple[str, str], ...] | None
    """(Chinese label, text) of its free texts; None: not for this viewer."""


@dataclass(frozen=True, slots=True)
class Headline:
    """How an order stands, for the party."""

    text: str
    next: str
    """What happens next, or what they can do."""


def for_party(
    events: Sequence[OrderEvent], names: Names, *, confidential: bool
) -> list[PartyEntry]:
    """What the party may know of each step, in sequence; internal steps are left out.

    Of a confidential order not even the institution is named: others may see the page.
    """
    entries = []
    for event in events:
        tell = _PARTY.get(event.step)
        text = tell(event.fields, {} if confidential else names) if callable(tell) else tell
        if text is not None:
            entries.append(PartyEntry(event.seq, event.at, text))
    return entries


def for_staff(
    events: Sequence[OrderEvent], names: Names, texts: Mapping[int, Mapping[str, str]] | None
) -> list[StaffEntry]:
    """Every step. ``texts``: free texts by event number; None when the viewer may not see them."""
    return [
        StaffEntry(
            event.seq,
            event.at,
            event.step,
            STEPS[event.step].label if event.step in STEPS else event.step,
            event.actor,
            event.from_state.value if event.from_state else None,
            event.to_state.value,
            _shown_fields(event, names),
            None if texts is None else _shown_texts(event.step, texts.get(event.seq, {})),
        )
        for event in events
    ]


def headline(state: OrderState) -> Headline:
    """How an order in this state stands."""
    return _HEADLINES[state]


def spoken_day(at: datetime) -> str:
    """``3月12日``: a day as people say it."""
    local = at.astimezone(CHINA)
    return f"{local.month}月{local.day}日"


def _shown_fields(event: OrderEvent, names: Names) -> tuple[tuple[str, str], ...]:
    shown = []
    for name, value in event.fields.items():
        spec = STEPS[event.step].field(name) if event.step in STEPS else None
        if value is None or (spec is not None and spec.personal):
            continue
        shown.append((spec.label if spec else name, _show(spec, value, names)))
    return tuple(shown)


def _shown_texts(step: str, texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    known = STEPS.get(step)
    return tuple(
        (spec.label if known and (spec := known.field(name)) else name, text)
        for name, text in texts.items()
    )


def _show(spec: FieldSpec | None, value: Any, names: Names) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "；".join(_show(spec, item, names) for item in value)
    if isinstance(value, Mapping):  # a reason: rule and text
        return str(value.get("text", ""))
    if isinstance(value, datetime):
        return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"
    text = str(value)
    if spec is None:
        return text
    if spec.codes is not None:
        return label_of(spec.codes, text)
    if spec.kind is Kind.MOMENT:
        moment = _moment(text)
        return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}" if moment else text
    return names.get(text, text) if spec.kind is Kind.INSTITUTION else text


def label_of(codes: type[Coded], code: str) -> str:
    """The Chinese name of a code; the code itself when it is unknown."""
    return next((member.label for member in codes if member.value == code), code)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


Tell = Callable[[Mapping[str, Any], Names], str | None]


def _given(fields: Mapping[str, Any], names: Names) -> str:
    name = names.get(str(fields.get("institution")))
    return f"已转交{name}办理" if name else "已转交承办单位办理"


def _given_again(fields: Mapping[str, Any], names: Names) -> str:
    name = names.get(str(fields.get("institution")))
    return f"已改由{name}办理" if name else "已改由其他承办单位办理"


def _extended(fields: Mapping[str, Any], names: Names) -> str:
    until = _moment(fields.get("until"))
    return f"办理期限延长至{spoken_day(until)}" if until else "办理期限已延长"


def _rated(fields: Mapping[str, Any], names: Names) -> str:
    return f"您的评价：{label_of(Satisfaction, str(fields.get('level')))}"


def _closed(fields: Mapping[str, Any], names: Names) -> str:
    reason = fields.get("reason")
    return f"已办结：{label_of(CloseReason, str(reason))}" if reason else "已办结"


def _merged(fields: Mapping[str, Any], names: Names) -> str:
    into = fields.get("into")
    return f"与您的另一件工单合并办理，编号{into}" if into else "与您的另一件工单合并办理"


_PARTY: Mapping[str, str | Tell | None] = {
    "drafted": None,
    "received": "您的诉求已登记",
    "asked_for_more": "需要您补充情况，请留意来电",
    "supplemented": "您补充的情况已收到",
    "raised": "已作为紧急事项优先处理",
    "triaged": "已受理，正在安排承办单位",
    "corrected": None,
    "answered": "已答复",
    "offered": None,
    "claimed": "已有承办人员接手办理",
    "assigned": _given,
    "reassigned": _given_again,
    "accepted": "承办单位已签收，正在办理",
    "returned": "正在重新安排承办单位",
    "fed_back": "承办单位反馈了办理进展",
    "extension_asked": None,
    "extension_granted": _extended,
    "extension_refused": None,
    "urged": "已催促承办单位加快办理",
    "supervised": "已由主管人员督办",
    "carded": None,
    "escalated": None,
    "noted": None,
    "resolved": "已办理完毕，请您评价",
    "rated": _rated,
    "reopened": "已重新办理",
    "closed": _closed,
    "archived": None,
    "merged": _merged,
    "withdrawn": "已撤回",
}
"""What the party reads of each step; None: internal. A test holds it against the table of steps."""

_WAIT = "办理有进展时将短信或电话告知您"
_HEADLINES: Mapping[OrderState, Headline] = {
    OrderState.DRAFT: Headline("尚未提交", "请拨打12348提交诉求"),
    OrderState.RECEIVED: Headline("已登记，等待受理", _WAIT),
    OrderState.INCOMPLETE: Headline("等待您补充情况", "请留意来电，或拨打12348补充"),
    OrderState.TRIAGED: Headline("已受理，正在安排承办单位", _WAIT),
    OrderState.ASSIGNED: Headline("已转交承办单位", _WAIT),
    OrderState.IN_PROGRESS: Headline("正在办理", _WAIT),
    OrderState.RETURNED: Headline("正在重新安排承办单位", _WAIT),
    OrderState.EXTENSION: Headline("正在办理", _WAIT),
    OrderState.URGED: Headline("正在加快办理", _WAIT),
    OrderState.SUPERVISED: Headline("正在督促办理", _WAIT),
    OrderState.RESOLVED: Headline("已办理完毕", "请您评价，我们可能会电话回访"),
    OrderState.REOPENED: Headline("正在重新办理", _WAIT),
    OrderState.CLOSED: Headline("已办结", "如有新的问题，请拨打12348"),
    OrderState.ARCHIVED: Headline("已办结归档", "如有新的问题，请拨打12348"),
    OrderState.MERGED: Headline("已合并到您的另一件工单", "请查询合并后的工单"),
    OrderState.WITHDRAWN: Headline("已撤回", "如非您本人意愿，请拨打12348"),
}
