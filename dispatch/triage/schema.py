"""Shape of a rules file as a manager writes it (pydantic: the edge).

Codes may be written as codes or by their Chinese names (``wages`` or ``劳动报酬``).
"""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from dispatch.triage.models import GAP, RegionChoice, Section
from hotline.domain.codes import Act, Coded, ServiceType, Terminal, Topic, Urgency
from hotline.domain.order_codes import Complexity, Handling

KEEP = "keep"
REGION_WORDS = {
    "诉求所填地区": RegionChoice.TOLD.value,
    "讲述中的地区": RegionChoice.HEARD.value,
    "所在市": RegionChoice.CITY.value,
    "全省": RegionChoice.PROVINCE.value,
}
KEEP_WORD = "按登记类型"


class Strict(BaseModel):
    """A misspelt field name is an error, not something silently dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _coded(table: type[Coded]) -> Callable[[str], str]:
    names = {entry.label: entry.value for entry in table} | {e.value: e.value for e in table}

    def check(text: str) -> str:
        return _look_up(text, names, (entry.label for entry in table))

    return check


def _look_up(text: str, names: dict[str, str], shown: Iterable[str]) -> str:
    code = names.get(text.strip())
    if code is None:
        raise ValueError(f"没有“{text}”，应为以下之一：{'、'.join(shown)}")
    return code


def _region(text: str) -> str:
    if not re.fullmatch(r"34\d{4}", text):
        raise ValueError("应为安徽的六位区划代码，请写成 '340123' 的样子（加引号）")
    return text


def _word(text: str) -> str:
    plain = re.sub(r"\s+", "", text).lower()
    if not plain or any(not part for part in plain.split(GAP)):
        raise ValueError(f"词语不能为空，“{GAP}”前后都要有字，如 欠{GAP}工资")
    return plain


MAX_LINE = 200
"""Of a name or a reason; the life of an order keeps no longer ones."""
Line = Annotated[
    str,
    AfterValidator(lambda text: re.sub(r"\s+", "", text)),
    Field(min_length=1, max_length=MAX_LINE),
]
Words = Annotated[
    list[Annotated[str, AfterValidator(_word)]], BeforeValidator(_listed), Field(min_length=1)
]
Names = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]


ServiceTypes = Annotated[
    list[Annotated[str, AfterValidator(_coded(ServiceType))]],
    BeforeValidator(_listed),
    Field(min_length=1),
]
Acts = Annotated[
    list[Annotated[str, AfterValidator(_coded(Act))]], BeforeValidator(_listed), Field(min_length=1)
]
Topics = Annotated[
    list[Annotated[str, AfterValidator(_coded(Topic))]],
    BeforeValidator(_listed),
    Field(min_length=1),
]
Urgencies = Annotated[
    list[Annotated[str, AfterValidator(_coded(Urgency))]],
    BeforeValidator(_listed),
    Field(min_length=1),
]
Complexities = Annotated[
    list[Annotated[str, AfterValidator(_coded(Complexity))]],
    BeforeValidator(_listed),
    Field(min_length=1),
]
Terminals = Annotated[
    list[Annotated[str, AfterValidator(_coded(Terminal))]],
    BeforeValidator(_listed),
    Field(min_length=1),
]


class GroupIn(Strict):
    """Words, and phrases that contain one without meaning it."""

    words: Words
    harmless: Words | None = None


class SpanIn(Strict):
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None


class WhenIn(Strict):
    """See ``dispatch.triage.models.When``."""

    service_type: ServiceTypes | None = None
    act: Acts | None = None
    topic: Topics | None = None
    urgency: Urgencies | None = None
    complexity: Complexities | None = None
    terminal: Terminals | None = None
    asked_urgency: Urgencies | None = None
    danger: bool | None = None
    distress: bool | None = None
    answered: bool | None = None
    callback: bool | None = None
    confidential: bool | None = None
    region_told: bool | None = None
    region_heard: bool | None = None
    people: SpanIn | None = None
    amount: SpanIn | None = None
    returned: SpanIn | None = None
    reopened: SpanIn | None = None
    region: (
        Annotated[
            list[Annotated[str, AfterValidator(_region)]],
            BeforeValidator(_listed),
            Field(min_length=1),
        ]
        | None
    ) = None
    says: Names | None = None
    says_all: Names | None = None
    says_none: Names | None = None
    any: Annotated[list["WhenIn"], Field(min_length=1)] | None = None
    none: Annotated[list["WhenIn"], Field(min_length=1)] | None = None


class NoteIn(Strict):
    name: Line
    when: WhenIn
    because: Line


class RuleIn(NoteIn):
    then: Line


def outcome(section: Section, text: str) -> str:
    """The code a rule's ``then`` names in its section. Raises ValueError."""
    if section is Section.REGION:
        names = REGION_WORDS | {code: code for code in REGION_WORDS.values()}
        return _look_up(text, names, REGION_WORDS)
    if section is Section.SERVICE and text in (KEEP, KEEP_WORD):
        return KEEP
    tables: dict[Section, type[Coded]] = {
        Section.SERVICE: ServiceType,
        Section.URGENCY: Urgency,
        Section.COMPLEXITY: Complexity,
        Section.HANDLING: Handling,
    }
    return _coded(tables[section])(text)
