"""Between words of the command line and ours: codes, roles, moments, rows."""

from datetime import datetime
from typing import Any, TypeVar

from hotline.domain.codes import Coded
from hotline.domain.people import Grant
from hotline.domain.standard import CodeTable, code_tables
from hotline.errors import InputError
from hotline.exchange.cells import CHINA, parse, plain
from hotline.exchange.fields import DUTIES, PEOPLE, Record
from hotline.knowledge.load import DATA, load_region_names
from hotline.settings import Settings

C = TypeVar("C", bound=Coded)


def region_names(settings: Settings) -> dict[str, str]:
    """Names of all regions by code."""
    return load_region_names(settings.knowledge_dir or DATA)


def tables_of(settings: Settings) -> dict[str, CodeTable]:
    """All code tables."""
    return code_tables(region_names(settings))


def code(option: str, word: str, table: type[C]) -> C:
    """The member of a table. Raises InputError listing the codes."""
    for member in table:
        if word in (member.value, member.label):
            return member
    known = "、".join(f"{member.value} {member.label}" for member in table)
    raise InputError(f"--{option}：没有“{word}”，可填：{known}", field=option)


def grant_of(word: str) -> Grant:
    """``manager@340100`` as a grant. Raises InputError."""
    found: tuple[Grant, ...] = parse(PEOPLE.field("grants"), word, code_tables({})) or ()
    if len(found) != 1:
        raise InputError("role：须写成 角色@机构或区划代码，如 manager@340100", field="role")
    return found[0]


def local_moment(word: str) -> datetime:
    """``2026-03-05 08:30`` in China. Raises InputError."""
    found = parse(DUTIES.field("starts_at"), word if " " in word else f"{word} 00:00", {})
    if not isinstance(found, datetime):
        raise InputError("时间须写成 2026-03-05 08:30 的样子", field="time")
    return found


def shown_moment(moment: datetime | None) -> str | None:
    """``2026-03-05 08:30`` in China."""
    return None if moment is None else moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def as_row(record: Record, item: Any) -> dict[str, Any]:
    """One of our dataclasses as a line of JSON."""
    return {field.name: plain(field, getattr(item, field.name)) for field in record.fields}
