"""The data standard: every code table under its published name, and the version of the whole.

Documents, JSON Schemas, files and the API take their tables from here. A code once published stays;
adding one raises the second number of the version, changing what a file means the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hotline.domain import codes, order_codes, seats
from hotline.domain.codes import Coded
from hotline.domain.regions import parent_of

VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Entry:
    """One code and its Chinese name."""

    code: str
    name: str
    parent: str | None = None
    """Code of the entry above it, in tables that are trees (regions)."""


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code table as it is published."""

    id: str
    name: str
    entries: tuple[Entry, ...]
    source: str = ""
    """The standard it follows; empty: our own."""

    def name_of(self, code: str) -> str | None:
        """Chinese name of a code; None when there is no such code."""
        return next((entry.name for entry in self.entries if entry.code == code), None)


_ENUMS: Mapping[str, tuple[str, type[Coded]]] = {
    "service_type": ("服务类型", codes.ServiceType),
    "act": ("诉求类别", codes.Act),
    "topic": ("事项", codes.Topic),
    "terminal": ("受理渠道", codes.Terminal),
    "urgency": ("紧急程度", codes.Urgency),
    "emergency_kind": ("紧急情形", codes.EmergencyKind),
    "order_state": ("工单状态", codes.OrderState),
    "hub_state": ("平台推送状态", codes.HubState),
    "handling": ("处理方式", order_codes.Handling),
    "complexity": ("复杂程度", order_codes.Complexity),
    "match_mode": ("派单方式", order_codes.MatchMode),
    "clock": ("时限", order_codes.Clock),
    "card": ("预警", order_codes.Card),
    "return_reason": ("回退原因", order_codes.ReturnReason),
    "extension_reason": ("延期原因", order_codes.ExtensionReason),
    "close_reason": ("办结原因", order_codes.CloseReason),
    "satisfaction": ("满意度", codes.Satisfaction),
    "institution_kind": ("机构和窗口类型", order_codes.InstitutionKind),
    "language": ("语言和方言", order_codes.Language),
    "role": ("角色", order_codes.Role),
    "right": ("权限", order_codes.Right),
    "duty_source": ("值班来源", order_codes.DutySource),
    "ring_kind": ("外呼类型", order_codes.RingKind),
    "ring_result": ("外呼结果", order_codes.RingResult),
    "call_outcome": ("通话结果", codes.CallOutcome),
    "speaker": ("说话人", codes.Speaker),
    "seat_state": ("坐席状态", seats.SeatState),
    "break_reason": ("小休原因", seats.BreakReason),
    "seat_cause": ("坐席状态变化原因", seats.SeatCause),
}
_SOURCES = {
    "satisfaction": "国办发〔2019〕51号（政务服务“好差评”五级）",
}
SKILL = "skill"
"""Table of what somebody may be good at: service types and topics together."""


def code_tables(
    region_names: Mapping[str, str], more: Iterable[CodeTable] = ()
) -> dict[str, CodeTable]:
    """Every table by its id. ``region_names``: all regions by code; ``more``: tables of other rooms
    (the steps of an order's life).
    """
    tables = [
        CodeTable(name, label, _entries(members), _SOURCES.get(name, ""))
        for name, (label, members) in _ENUMS.items()
    ]
    both = (*_entries(codes.ServiceType), *_entries(codes.Topic))
    skills = {entry.code: entry for entry in both}
    tables.append(CodeTable(SKILL, "擅长（服务类型或事项）", tuple(skills.values())))
    tables.append(region_table(region_names))
    return {table.id: table for table in (*tables, *more)}


def region_table(names: Mapping[str, str]) -> CodeTable:
    """The regions as a code table."""
    entries = tuple(Entry(code, name, parent_of(code)) for code, name in names.items())
    return CodeTable("region", "行政区划", entries, "GB/T 2260")


def _entries(members: type[Coded]) -> tuple[Entry, ...]:
    return tuple(Entry(member.value, member.label) for member in members)
