"""Rules as values, and the few operations by which they are checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatch.triage.told import Told
from hotline.domain.codes import ServiceType, Urgency
from hotline.domain.handling import OrderFacts
from hotline.domain.order_codes import Complexity
from hotline.domain.regions import covers

GAP = "…"
"""In a rule's word: up to eight characters of the same sentence (``欠…工资``)."""
_GAP_PATTERN = "[^。！？!?;；]{0,8}?"


class Section(StrEnum):
    """What is decided, in this sequence; later sections see what earlier ones decided."""

    SERVICE = "service"
    URGENCY = "urgency"
    COMPLEXITY = "complexity"
    REGION = "region"
    HANDLING = "handling"


SECTION_LABELS: dict[str, str] = {
    Section.SERVICE: "服务类型",
    Section.URGENCY: "紧急程度",
    Section.COMPLEXITY: "复杂程度",
    Section.REGION: "办理地区",
    Section.HANDLING: "处理方式",
    "notes": "提示",
}


class RegionChoice(StrEnum):
    """Where a demand is handled."""

    TOLD = "told"
    """As the document says."""
    HEARD = "heard"
    """As named in the words."""
    CITY = "city"
    """The city of what is told or heard."""
    PROVINCE = "province"


@dataclass(frozen=True, slots=True)
class WordGroup:
    """Words that hint at one thing: 农民工, 期限将满."""

    name: str
    plain: tuple[str, ...]
    gapped: re.Pattern[str] | None
    harmless: re.Pattern[str] | None
    """Phrases that contain a word and do not mean it; they are not read."""

    def in_text(self, text: str) -> bool:
        """Whether one of the words is in a ``plain_text``."""
        if not (any(word in text for word in self.plain) or _found(self.gapped, text)):
            return False
        if self.harmless is None:
            return True
        rest = self.harmless.sub("。", text)
        return any(word in rest for word in self.plain) or _found(self.gapped, rest)


def word_group(name: str, words: tuple[str, ...], harmless: tuple[str, ...] = ()) -> WordGroup:
    """A group of words as written in a rules file (``GAP`` allowed)."""
    return WordGroup(
        name,
        tuple(word for word in words if GAP not in word),
        _pattern(tuple(word for word in words if GAP in word)),
        _pattern(harmless),
    )


def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    if not words:
        return None
    return re.compile("|".join(_GAP_PATTERN.join(map(re.escape, w.split(GAP))) for w in words))


def _found(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


@dataclass(slots=True)
class Case:
    """One order being decided."""

    facts: OrderFacts
    told: Told
    said: frozenset[str]
    """Names of the word groups found in the text."""
    service_type: ServiceType
    urgency: Urgency
    complexity: Complexity
    region: str | None

    @property
    def danger(self) -> bool:
        """Danger to life or freedom, told by the terminal or heard by the bot."""
        return self.facts.emergency is not None or self.told.danger


@dataclass(frozen=True, slots=True)
class Span:
    """A number from … to, both included."""

    at_least: int | None = None
    at_most: int | None = None

    def holds(self, value: int | None) -> bool:
        """False for an unknown number."""
        if value is None:
            return False
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class When:
    """A rule's condition: all of it must hold; an empty one always does."""

    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """One of these codes; the names are ``CODES``."""
    flags: Mapping[str, bool] = field(default_factory=dict)
    """The names are ``FLAGS``."""
    numbers: Mapping[str, Span] = field(default_factory=dict)
    """The names are ``NUMBERS``."""
    regions: frozenset[str] = frozenset()
    """One of these; a city covers its counties."""
    says: frozenset[str] = frozenset()
    """At least one of these word groups."""
    says_all: frozenset[str] = frozenset()
    says_none: frozenset[str] = frozenset()
    any_of: tuple["When", ...] = ()
    """At least one of these."""
    none_of: tuple["When", ...] = ()
    """None of these."""

    def holds(self, case: Case) -> bool:
        """Whether the order fits."""
        return (
            all(_code(case, name) in wanted for name, wanted in self.codes.items())
            and all(_flag(case, name) is wanted for name, wanted in self.flags.items())
            and (not self.says or not self.says.isdisjoint(case.said))
            and self.says_all <= case.said
            and self.says_none.isdisjoint(case.said)
            and all(span.holds(_number(case, name)) for name, span in self.numbers.items())
            and (not self.regions or _in_region(case.region, self.regions))
            and (not self.any_of or any(one.holds(case) for one in self.any_of))
            and not any(one.holds(case) for one in self.none_of)
        )

    @property
    def always(self) -> bool:
        """Whether it asks nothing."""
        return self == When()


CODES = ("service_type", "act", "topic", "urgency", "complexity", "terminal", "asked_urgency")
FLAGS = (
    "danger", "distress", "answered", "callback", "confidential", "region_told", "region_heard",
)  # fmt: skip
NUMBERS = ("people", "amount", "returned", "reopened")


def _code(case: Case, name: str) -> str:
    match name:
        case "service_type":
            return case.service_type
        case "urgency":
            return case.urgency
        case "complexity":
            return case.complexity
        case "asked_urgency":
            return case.facts.urgency
        case "act":
            return case.facts.act
        case "topic":
            return case.facts.topic
    return case.facts.terminal


def _flag(case: Case, name: str) -> bool:
    match name:
        case "danger":
            return case.danger
        case "distress":
            return case.told.distress
        case "answered":
            return case.told.answered
        case "callback":
            return case.facts.callback
        case "confidential":
            return case.facts.confidential
        case "region_told":
            return case.facts.region is not None
    return case.told.region is not None


def _number(case: Case, name: str) -> int | None:
    match name:
        case "people":
            return case.told.people
        case "amount":
            return case.told.amount
        case "returned":
            return case.facts.returned
    return case.facts.reopened


def _in_region(region: str | None, wanted: frozenset[str]) -> bool:
    return region is not None and any(covers(scope, region) for scope in wanted)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it fits, what follows, and why, in words people read."""

    section: str
    """A ``Section``, or ``notes``."""
    name: str
    when: When
    then: str
    """A code of the section's table; ``keep`` (service): as filed; empty for notes."""
    because: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of one file, validated: each section ends with a rule that always fits."""

    sections: Mapping[Section, tuple[Rule, ...]]
    notes: tuple[Rule, ...]
    words: tuple[WordGroup, ...]
    source: str
    """Name of the file."""
