"""Shapes of the knowledge files as a lawyer writes them (pydantic: the edge)."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hotline.domain.codes import Topic
from hotline.knowledge.models import OfficeKind, Status

ARTICLE = r"第[零〇一二三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?"
"""An article's number as statutes write it."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _whole_day(value: Any) -> Any:
    # YAML reads 2026-11-23 as a date; anything else (a number, a time) is a slip of the pen.
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError("应为日期，请写成 2026-11-23 的样子") from None


Day = Annotated[date, BeforeValidator(_whole_day)]


def _unfold(text: str) -> str:
    # A folded YAML block puts a space at each line break; Chinese has no use for it.
    return re.sub(r"\s+", "", text)


Words = Annotated[Line, AfterValidator(_unfold)]


class Strict(BaseModel):
    """A misspelt field name is an error, not something silently dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArticleIn(Strict):
    law: Line
    article: Annotated[str, StringConstraints(strip_whitespace=True, pattern=rf"^{ARTICLE}$")]


class AnswerIn(Strict):
    id: Line
    question: Words
    similar: Annotated[list[Words], AfterValidator(lambda s: _sized(s, 3, 12))]
    answer: Words
    next_step: Words
    prepare: list[Words]
    articles: list[ArticleIn]
    reviewed: Day
    status: Status
    note: str = ""

    @field_validator("id")
    @classmethod
    def _id_belongs_to_topic(cls, value: str, info: ValidationInfo) -> str:
        topic = (info.context or {}).get("topic", "")
        if not re.fullmatch(rf"{re.escape(topic)}\.[a-z0-9_]+", value):
            raise ValueError(f"应写成 {topic}.小写英文名，如 {topic}.unpaid")
        return value

    @model_validator(mode="after")
    def _says_why_not_current(self) -> "AnswerIn":
        if self.status is not Status.CURRENT and not self.note.strip():
            raise ValueError("note：status 不是 current 时，请在 note 写明哪里变了或要核实什么")
        return self


class OfficeIn(Strict):
    id: Line
    kind: OfficeKind
    city: Line
    county: Line | None = None
    name: Line
    address: Line | None = None
    telephone: Annotated[
        str | None, StringConstraints(strip_whitespace=True, pattern=r"^[0-9-]{3,16}$")
    ] = None
    hours: Line | None = None
    source: Line
    source_date: Day
    confirmed: bool

    @model_validator(mode="after")
    def _confirmed_has_a_source(self) -> "OfficeIn":
        if self.confirmed and "待确认" in self.source:
            raise ValueError("source：已确认的机构请写明资料来源")
        if self.confirmed and not (self.address or self.telephone):
            raise ValueError("confirmed：没有地址也没有电话，不能标为已确认，请改为 false")
        return self


class RegionIn(Strict):
    code: Annotated[str, StringConstraints(pattern=r"^34\d{4}$")]
    name: Line
    city: Line


class ChangedLawIn(Strict):
    law: Line
    since: Day
    note: Line


class SynonymsIn(Strict):
    groups: list[Annotated[list[Words], AfterValidator(lambda s: _sized(s, 2, 40))]]


TOPICS = {topic.value: topic for topic in Topic}
"""Topics by their code, which is also the name of their file."""


def _sized(items: list[str], least: int, most: int) -> list[str]:
    if not least <= len(items) <= most:
        raise ValueError(f"应有 {least} 到 {most} 条，现有 {len(items)} 条")
    if len(set(items)) != len(items):
        raise ValueError("有重复的说法，请删去")
    return items
