"""One value of a file: from what a person typed (or a program sent) to ours, and back."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hotline.domain.order_codes import Role
from hotline.domain.people import Grant
from hotline.domain.standard import CodeTable
from hotline.exchange.errors import CellError
from hotline.exchange.fields import Field, Form

CHINA = ZoneInfo("Asia/Shanghai")
_WORDS = re.compile(r"[、,，;；\s]+")
_SPAN = re.compile(r"(\d{1,2}:\d\d)-(\d{1,2}:\d\d)")
_DAYS = re.compile(r"([1-7])(?:-([1-7]))?")
_REGION = re.compile(r"\d{6}")
_YES = {"是", "true", "yes", "1", "启用", "在岗"}
_NO = {"否", "false", "no", "0", "停用", "离岗"}
_CODE_LIKE = re.compile(r"[A-Za-z_.]{1,24}|\d{1,6}")
_SHOWN = 8
"""Codes named when one is unknown."""
Tables = Mapping[str, CodeTable]
Hours = tuple[tuple[int, str, str], ...]


def parse(field: Field, value: object, tables: Tables) -> Any:
    """The value of a cell as ours; None when it is empty.

    Raises CellError naming the field and the mend; personal values are not repeated in it.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _PARSERS[field.form](field, value, tables)


def render(field: Field, value: Any) -> str | int | bool | None:
    """Our value as a cell of a sheet: text, but for numbers; codes as codes."""
    if value is None:
        return None
    return _RENDERERS.get(field.form, str)(value)


def plain(field: Field, value: Any) -> Any:
    """Our value as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat(timespec="seconds")
    if field.form is Form.CODES and value is not None:
        return sorted(value)
    if field.form is Form.HOURS and value is not None:
        return [list(span) for span in value]
    if field.form is Form.GRANTS and value is not None:
        return [
            {"role": grant.role.value, "institution": grant.institution, "region": grant.region}
            for grant in value
        ]
    return value


def _text(field: Field, value: object, tables: Tables) -> str:
    plain = _as_text(field, value)
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t" for c in plain):
        raise _wrong(field, "含有不可见的控制字符，请删除后重填")
    if field.limit is not None and len(plain) > field.limit:
        raise _wrong(field, f"最长{field.limit}字，现有{len(plain)}字，请删减")
    return plain


def _phone(field: Field, value: object, tables: Tables) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = _as_text(field, value)
        # a sheet that took 055112345678 for a number has lost its zero; a mobile number has none
        if not re.fullmatch(r"1[3-9]\d{9}", number):
            raise _wrong(field, "被当作数字存放，可能丢了开头的0，请把该列设为文本格式后重填")
        return number
    return _text(field, value, tables)


def _code(field: Field, value: object, tables: Tables) -> str:
    return _known(field, _as_text(field, value), _table(field, tables))


def _codes(field: Field, value: object, tables: Tables) -> frozenset[str]:
    table = _table(field, tables)
    words = value if isinstance(value, list) else _WORDS.split(_as_text(field, value))
    return frozenset(_known(field, _as_text(field, word), table) for word in words if word)


def _flag(field: Field, value: object, tables: Tables) -> bool:
    if isinstance(value, bool):
        return value
    word = _as_text(field, value).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise _wrong(field, "只能填 是 或 否")


def _number(field: Field, value: object, tables: Tables) -> int:
    word = _as_text(field, value)
    if not re.fullmatch(r"-?\d{1,9}", word):
        raise _wrong(field, "须为整数")
    return int(word)


def _moment(field: Field, value: object, tables: Tables) -> datetime:
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        raise _wrong(field, "只有日期，请连时间一起写，如 2026-03-05 08:30")
    else:
        word = _as_text(field, value).replace("/", "-").replace("：", ":")
        if not re.match(r"\d{4}-\d{1,2}-\d{1,2}[T ]\d", word):
            raise _wrong(field, "须写成 2026-03-05 08:30 的样子")
        try:
            found = datetime.fromisoformat(_padded(word))
        except ValueError:
            raise _wrong(field, "没有这个时间，须写成 2026-03-05 08:30 的样子") from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def _hours(field: Field, value: object, tables: Tables) -> Hours:
    if isinstance(value, list):
        value = "; ".join(_span_text(field, span) for span in value)
    word = re.sub("(?:周|星期)([一二三四五六日天])", _weekday, _as_text(field, value))
    word = word.replace("至", "-").replace("：", ":").replace("—", "-").replace("–", "-")
    found = []
    for part in re.split(r"[;；\n]+", word):
        if not part.strip():
            continue
        days, spans = _DAYS.match(part.strip()), _SPAN.findall(part)
        rest = _SPAN.sub("", part.strip()[days.end() :] if days else part)
        if days is None or not spans or rest.strip(" ,，、:") != "":
            raise _wrong(field, f"须写成 {field.form.label.partition('如 ')[2]} 的样子")
        first, last = int(days[1]), int(days[2] or days[1])
        found += [
            (day, start.zfill(5), end.zfill(5))
            for day in range(first, last + 1)
            for start, end in spans
        ]
    return tuple(sorted(found))


def _span_text(field: Field, span: object) -> str:
    if not isinstance(span, list | tuple) or len(span) != 3:
        raise _wrong(field, '每项须为 [星期, 开始, 结束]，如 [1, "08:30", "12:00"]')
    return f"{span[0]} {span[1]}-{span[2]}"


def _grants(field: Field, value: object, tables: Tables) -> tuple[Grant, ...]:
    if isinstance(value, list):
        value = ";".join(_grant_text(field, item) for item in value)
    found = []
    for part in re.split(r"[;；、\n]+", _as_text(field, value)):
        if not part.strip():
            continue
        role, at, scope = part.strip().partition("@")
        if not at:
            raise _wrong(field, "须写成 角色@机构或区划代码，到处有效的写 角色@*")
        code = _known(field, role.strip(), _table(field, tables))
        found.append(_grant(Role(code), scope.strip()))
    return tuple(found)


def _grant(role: Role, scope: str) -> Grant:
    if scope in ("*", ""):
        return Grant(role)
    institution, _, region = scope.partition("/")
    if _REGION.fullmatch(institution):
        return Grant(role, region=institution)
    return Grant(role, institution or None, region or None)


def _grant_text(field: Field, item: object) -> str:
    if isinstance(item, str):
        return item
    if not isinstance(item, dict) or not set(item) <= {"role", "institution", "region"}:
        raise _wrong(field, "每项须有 role，可有 institution、region")
    places = [str(item[key]) for key in ("institution", "region") if item.get(key)]
    return f"{item.get('role', '')}@{'/'.join(places) or '*'}"


def _pairs(field: Field, value: object, tables: Tables) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(name): _as_text(field, content) for name, content in value.items()}
    found = {}
    for part in re.split(r"[;；\n]+", _as_text(field, value)):
        if not part.strip():
            continue
        name, equals, content = part.partition("=")
        if not equals or not name.strip():
            raise _wrong(field, "须写成 名称=内容，多项用分号隔开")
        found[name.strip()] = content.strip()
    return found


def _as_text(field: Field, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise _wrong(field, f"须为{field.form.label}")


def _known(field: Field, word: str, table: CodeTable) -> str:
    """The code meant by a code, a Chinese name, or both with a space between."""
    head = word.split()[0] if word.split() else ""
    for entry in table.entries:
        if entry.code in (word, head) or entry.name == word:
            return entry.code
    some = "、".join(f"{entry.code} {entry.name}" for entry in table.entries[:_SHOWN])
    more = f" 等，见代码表 {table.id}" if len(table.entries) > _SHOWN else ""
    # what slipped into the wrong column may be a name or number: only a code's look-alike is told
    told = f"“{word}”" if _CODE_LIKE.fullmatch(word) else "所填内容"
    raise _wrong(field, f"{told}不是已定义的代码，可填：{some}{more}")


def _table(field: Field, tables: Tables) -> CodeTable:
    return tables[field.table or ""]


def _padded(word: str) -> str:
    """``2026-3-5 8:30`` → ``2026-03-05 08:30``."""
    word = re.sub(r"(?<!\d)(\d)(?=[-:T ])", r"0\1", word)
    return re.sub(r"-(\d)(?!\d)", r"-0\1", word, count=1)


def _weekday(match: re.Match[str]) -> str:
    return str("一二三四五六日".index(match[1].replace("天", "日")) + 1)


def _wrong(field: Field, mend: str) -> CellError:
    return CellError(f"{field.label} {field.name}：{mend}", field=field.name)


def _show_moment(value: datetime) -> str:
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


def _by_day(hours: Hours) -> dict[str, list[list[str]]]:
    days: dict[str, list[list[str]]] = {}
    for day, start, end in hours:
        days.setdefault(str(day), []).append([start, end])
    return days


def _show_hours(hours: Hours) -> str:
    shown: list[tuple[int, int, str]] = []
    for day, spans in _by_day(hours).items():
        text = " ".join("-".join(span) for span in spans)
        if shown and shown[-1][1] == int(day) - 1 and shown[-1][2] == text:
            shown[-1] = (shown[-1][0], int(day), text)
        else:
            shown.append((int(day), int(day), text))
    return "; ".join(f"{a}{'' if a == b else f'-{b}'} {text}" for a, b, text in shown)


def _show_grants(grants: tuple[Grant, ...]) -> str:
    places = [
        (grant, "/".join(filter(None, (grant.institution, grant.region)))) for grant in grants
    ]
    return "; ".join(f"{grant.role.value}@{place or '*'}" for grant, place in places)


_PARSERS: Mapping[Form, Callable[[Field, object, Tables], Any]] = {
    Form.TEXT: _text,
    Form.PHONE: _phone,
    Form.CODE: _code,
    Form.CODES: _codes,
    Form.FLAG: _flag,
    Form.NUMBER: _number,
    Form.MOMENT: _moment,
    Form.HOURS: _hours,
    Form.GRANTS: _grants,
    Form.PAIRS: _pairs,
}
_RENDERERS: Mapping[Form, Callable[[Any], str | int | bool]] = {
    Form.CODES: lambda value: "、".join(sorted(value)),
    Form.FLAG: lambda value: "是" if value else "否",
    Form.NUMBER: int,
    Form.MOMENT: _show_moment,
    Form.HOURS: _show_hours,
    Form.GRANTS: _show_grants,
    Form.PAIRS: lambda value: "; ".join(f"{name}={content}" for name, content in value.items()),
}
