"""The fine print of the labels, where it is a rule: corrections to the model's probabilities.

Each rule is a pattern on the plain text, what it multiplies, and why; all that match apply.
"""

import re
from dataclasses import dataclass

from hotline.domain.codes import Act, Topic


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


def normalise_in_place(distribution: dict[Act, float] | dict[Topic, float]) -> None:
    """Brings a distribution to a sum of one."""
    total = sum(distribution.values()) or 1.0
    shares = {key: value / total for key, value in distribution.items()}
    distribution.update(shares)  # type: ignore[arg-type]  # same keys, same kind
