"""What the knowledge base holds, as plain values. Imports nothing but the domain's code tables."""

from dataclasses import dataclass
from datetime import date

from hotline.domain.codes import Coded, Topic


class Status(Coded):
    """How far an answer may be relied on today."""

    CURRENT = "current", "现行有效"
    CHANGED = "changed", "法规已修改"
    CONFIRM = "confirm", "待核实"


class OfficeKind(Coded):
    """What an office is there for."""

    LEGAL_AID = "legal_aid", "法律援助中心"
    NOTARY = "notary", "公证处"
    SERVICE = "service", "公共法律服务中心"
    MEDIATION = "mediation", "人民调解委员会"


@dataclass(frozen=True, slots=True)
class ArticleRef:
    """One article of one law, both as the law itself writes them."""

    law: str
    """Short name of the law, ``劳动合同法``; a judicial interpretation by its full name."""
    article: str
    """``第八十五条``, ``第二百七十六条之一``."""

    def __str__(self) -> str:
        return f"《{self.law}》{self.article}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that can be spoken: what the law says, what to do next, what to bring."""

    id: str
    topic: Topic
    question: str
    similar: tuple[str, ...]
    """Other wordings of the question, as callers say it."""
    answer: str
    next_step: str
    prepare: tuple[str, ...]
    articles: tuple[ArticleRef, ...]
    reviewed: date
    """Day on which an editor last read the answer against the law."""
    status: Status
    note: str
    """Editor's note, never spoken."""

    @property
    def needs_person(self) -> bool:
        """The rule has changed or is uncertain: a person must look at it."""
        return self.status is not Status.CURRENT


@dataclass(frozen=True, slots=True)
class Office:
    """An office of the public legal services; what is not confirmed is never spoken."""

    id: str
    kind: OfficeKind
    city: str
    county: str | None
    """``None``: the office of the whole city."""
    name: str
    address: str | None
    telephone: str | None
    hours: str | None
    source: str
    source_date: date
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A city, county or district of Anhui."""

    code: str
    """Six digits of GB/T 2260."""
    name: str
    city: str
    """The city it belongs to; its own name for a city."""

    @property
    def is_city(self) -> bool:
        return self.code.endswith("00")


@dataclass(frozen=True, slots=True)
class ChangedLaw:
    """A law changed after the texts the editors read; answers resting on it lead to a person."""

    law: str
    since: date
    note: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a knowledge file: where it is and what mends it."""

    file: str
    entry: str
    """Id of the entry, or its place (``第3条``) when it has none; empty for the whole file."""
    field: str
    fix: str

    def __str__(self) -> str:
        entry = f"条目 {self.entry}，" if self.entry else ""
        field = f"字段 {self.field}，" if self.field else ""
        return f"{self.file}：{entry}{field}{self.fix}"


@dataclass(frozen=True, slots=True)
class Stock:
    """Everything one knowledge folder holds, validated."""

    answers: tuple[Answer, ...]
    offices: tuple[Office, ...]
    regions: tuple[Region, ...]
    changed_laws: tuple[ChangedLaw, ...]
    synonyms: tuple[tuple[str, ...], ...]
    """Groups of words that mean the same to a caller; the first stands for all of them."""
