"""The fine print of the labels, where it is a rule: corrections to the model's probabilities.

Each rule is a pattern on the plain text, what it multiplies, and why; all that match apply.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hotline.domain.codes import Act, Topic
from hotline.language.lexicon import Hit


@dataclass(frozen=True, slots=True)
class Rule:
    """Multiplies the probability of an act or a topic where ``pattern`` is found."""

    pattern: re.Pattern[str]
    favour: Act | Topic
    factor: float
    why: str


def _rule(pattern: str, favour: Act | Topic, factor: float, why: str) -> Rule:
    return Rule(re.compile(pattern), favour, factor, why)


RULES: tuple[Rule, ...] = (
    _rule(
        r"^(?:我要|给我|帮我|请)?(?:转|接)?(?:人工|真人)(?:服务|客服|座席|坐席)?$",
        Act.AGENT,
        50,
        "a person is asked for",
    ),
    _rule(
        r"转(?:接)?人工|人工(?:服务|客服|座席|坐席)|(?:不要|不想|不跟|别跟).{0,4}机器",
        Act.AGENT,
        8,
        "a person is asked for",
    ),
    _rule(
        r"(?:接|转)(?:一下|个|给|到)?(?:值班)?律师|律师(?:听|接)电话",
        Act.AGENT,
        6,
        "a lawyer on the line is asked for",
    ),
    _rule(
        r"^(?:我)?(?:想|要)?提(?:个|点|一个|一点)?(?:意见|建议)|建议",
        Act.SUGGESTION,
        4,
        "a suggestion is named",
    ),
    _rule(r"我?(?:要|想)(?:投诉|举报)", Act.COMPLAINT, 4, "a complaint is named"),
    _rule(
        r"(?:怎么|如何|怎样|向谁|去哪|哪里|找谁|能不能|可以).{0,4}(?:投诉|举报)",
        Act.ASK,
        6,
        "how to complain is a question",
    ),
    _rule(r"(?:怎么|如何|怎样|咋)(?:才能)?申请", Act.ASK, 3, "how to apply is a question"),
)


def apply_rules(text: str, acts: dict[Act, float], topics: dict[Topic, float]) -> list[str]:
    """Corrects both distributions in place, again to a sum of one; returns reasons."""
    reasons = []
    for rule in RULES:
        if rule.pattern.search(text):
            if isinstance(rule.favour, Act):
                acts[rule.favour] *= rule.factor
            else:
                topics[rule.favour] *= rule.factor
            reasons.append(f"rule: {rule.why}")
    normalise_in_place(acts)
    normalise_in_place(topics)
    return reasons


PROCEDURES = {
    Topic.LITIGATION: 3.0,
    Topic.ARBITRATION: 3.0,
    Topic.MEDIATION: 3.0,
    Topic.LEGAL_AID: 1.8,
}
"""Procedures and services that yield to a named cause, and how readily."""
_NO_CAUSE = frozenset(
    {*PROCEDURES, Topic.LAWYER, Topic.NOTARY, Topic.APPRAISAL, Topic.SERVICE, Topic.ADMIN}
)


def cause_first(hits: Sequence[Hit], topics: dict[Topic, float]) -> list[str]:
    """A debt and how to sue is a debt: favours causes named in so many words over the procedure."""
    best = max(topics, key=lambda topic: topics[topic])
    if best not in PROCEDURES:
        return []
    places = Counter((hit.start, hit.end) for hit in hits)
    causes = {
        Topic(hit.group): hit.phrase
        for hit in hits
        if places[hit.start, hit.end] == 1 and Topic(hit.group) not in _NO_CAUSE
    }
    for cause, phrase in causes.items():  # a long phrase leaves less doubt than a short one
        topics[cause] *= PROCEDURES[best] ** (len(phrase) - 1)
    normalise_in_place(topics)
    return [f"rule: the cause goes before the procedure: {phrase}" for phrase in causes.values()]


def normalise_in_place(distribution: dict[Act, float] | dict[Topic, float]) -> None:
    """Brings a distribution to a sum of one."""
    total = sum(distribution.values()) or 1.0
    shares = {key: value / total for key, value in distribution.items()}
    distribution.update(shares)  # type: ignore[arg-type]  # same keys, same kind
