"""Checks the fields of a step. What comes out is trusted inside."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.errors import FieldMissingError, FieldWrongError
from dispatch.life.shapes import FieldSpec, Kind, Step
from dispatch.numbers import is_order_no
from hotline.domain.codes import Coded
from hotline.domain.handling import Reason

MAX_TEXT = 10_000
MAX_PEOPLE = 200
MAX_REASONS = 50
_MAX_REASON = 200
_FURTHEST = timedelta(days=366)
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_REGION = re.compile(r"\d{6}")


@dataclass(frozen=True, slots=True)
class CleanFields:
    """A step's fields, checked."""

    public: Mapping[str, Any]
    """Codes, moments, ids, numbers."""
    personal: Mapping[str, str]
    """Texts: to be sealed."""


def clean_fields(step: Step, given: Mapping[str, Any], now: datetime) -> CleanFields:
    """The fields of ``step`` in their proper types; empty ones count as not given.

    Raises FieldMissingError and FieldWrongError (they name the field and the mend, and never
    repeat the value).
    """
    for name in given:
        if step.field(str(name)) is None:
            known = "、".join(spec.name for spec in step.fields) or "无"
            raise FieldWrongError(f"“{step.label}”没有这个字段，可填：{known}", field=_safe(name))
    public: dict[str, Any] = {}
    personal: dict[str, str] = {}
    for spec in step.fields:
        value = given.get(spec.name)
        if isinstance(value, str):
            value = value.strip()
        if value is None or (isinstance(value, str | Sequence) and not value):
            if spec.required:
                raise FieldMissingError(f"{spec.name}：请填写{spec.label}", field=spec.name)
            continue
        checked = _CHECKS[spec.kind](spec, value, now)
        if spec.personal:
            personal[spec.name] = checked
        else:
            public[spec.name] = checked
    return CleanFields(public, personal)


def check_text(text: str, limit: int) -> str | None:
    """What is wrong with a text, as a mend in Chinese; None: nothing."""
    if len(text) > limit:
        return f"最长{limit}字，现有{len(text)}字，请删减"
    # Cc: control characters, Cs: half a surrogate pair
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t" for c in text):
        return "含有不可见的控制字符，请删除后重填"
    return None


def _wrong(spec: FieldSpec, mend: str) -> FieldWrongError:
    return FieldWrongError(f"{spec.name}：{spec.label}{mend}", field=spec.name)


def _safe(name: object) -> str:
    """An unknown field's name may be anything, also somebody's number."""
    text = str(name)
    return text if re.fullmatch(r"[a-z_]{1,40}", text) else "?"


def _text(spec: FieldSpec, value: Any, now: datetime) -> str:
    if not isinstance(value, str):
        raise _wrong(spec, "须为文字")
    problem = check_text(value, MAX_TEXT)
    if problem:
        raise _wrong(spec, problem)
    return value


def _name(spec: FieldSpec, value: Any, now: datetime) -> str:
    text = _text(spec, value, now)
    if len(text) > 80:
        raise _wrong(spec, "最长80字，请删减")
    return text


def _code(spec: FieldSpec, value: Any, now: datetime) -> Coded:
    assert spec.codes is not None
    for member in spec.codes:
        if isinstance(value, str) and member.value == value:
            return member
    known = "、".join(f"{member.value}（{member.label}）" for member in spec.codes)
    raise _wrong(spec, f"不是已定义的代码，可用：{known}")


def _moment(spec: FieldSpec, value: Any, now: datetime) -> datetime:
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise _wrong(spec, "须为带时区的时间，如2026-03-05T17:30:00+08:00")
    if not now < moment <= now + _FURTHEST:
        raise _wrong(spec, "须晚于现在且在一年之内")
    return moment


def _id(spec: FieldSpec, value: Any, now: datetime) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _wrong(spec, "须为编号（字母、数字、横线、点，最长40个）")
    return value


def _people(spec: FieldSpec, value: Any, now: datetime) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > MAX_PEOPLE:
        raise _wrong(spec, f"须为编号列表，最多{MAX_PEOPLE}个")
    return tuple(dict.fromkeys(_id(spec, item, now) for item in value))


def _region(spec: FieldSpec, value: Any, now: datetime) -> str:
    if not isinstance(value, str) or not _REGION.fullmatch(value) or not value.isascii():
        raise _wrong(spec, "须为六位行政区划代码，不清楚时留空")
    return value


def _order(spec: FieldSpec, value: Any, now: datetime) -> str:
    if not isinstance(value, str) or not is_order_no(value):
        raise _wrong(spec, "须为14位工单编号，请核对")
    return value


def _number(spec: FieldSpec, value: Any, now: datetime) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise _wrong(spec, "须为非负整数")
    return value


def _flag(spec: FieldSpec, value: Any, now: datetime) -> bool:
    if not isinstance(value, bool):
        raise _wrong(spec, "须为true或false")
    return value


def _reasons(spec: FieldSpec, value: Any, now: datetime) -> tuple[Reason, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > MAX_REASONS:
        raise _wrong(spec, f"须为依据列表，最多{MAX_REASONS}条")
    return tuple(_reason(spec, item) for item in value)


def _reason(spec: FieldSpec, item: Any) -> Reason:
    if isinstance(item, Mapping):
        item = Reason(item.get("rule", ""), item.get("text", ""))
    if not isinstance(item, Reason):
        raise _wrong(spec, "每条须有rule和text")
    for part in (item.rule, item.text):
        if not isinstance(part, str) or not part or check_text(part, _MAX_REASON):
            raise _wrong(spec, f"每条的rule和text须为1到{_MAX_REASON}字的文字")
    return item


_CHECKS: Mapping[Kind, Callable[[FieldSpec, Any, datetime], Any]] = {
    Kind.TEXT: _text,
    Kind.NAME: _name,
    Kind.CODE: _code,
    Kind.MOMENT: _moment,
    Kind.PERSON: _id,
    Kind.PEOPLE: _people,
    Kind.INSTITUTION: _id,
    Kind.REGION: _region,
    Kind.ORDER: _order,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.REASONS: _reasons,
}
