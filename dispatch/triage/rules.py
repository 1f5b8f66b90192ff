"""Decides kind, urgency, complexity, region and handling of a demand by a rule book. No I/O.

In each section the first rule from the top that fits decides; of the notes all that fit are
given. One rule does not stand in the file: danger to life or freedom is always an emergency and
always dispatched, whatever a manager writes.
"""

from dataclasses import dataclass

from dispatch.triage.models import SECTION_LABELS, Case, RegionChoice, Rule, RuleBook, Section
from dispatch.triage.told import Told
from hotline.domain.codes import Coded, ServiceType, Urgency
from hotline.domain.handling import OrderFacts, Reason, Triage
from hotline.domain.order_codes import Complexity, Handling
from hotline.domain.regions import PROVINCE, city_of

KEEP = "keep"
FLOOR = Reason("安全底线", "有生命或人身自由危险，一律按特急派单（系统固定规则，不能修改）。")
NO_TEXT = Told()


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule in a dry run: whether it fits this order, and whether it decided."""

    rule: Rule
    decided: bool
    """False: it fits too, but a rule above it was first."""
    outcome: str
    """What it decides, in Chinese; empty for notes."""

    def __str__(self) -> str:
        label = SECTION_LABELS[self.rule.section]
        mark = "→" if self.decided else "（前面已有规则生效）"
        return f"【{label}】{self.rule.name} {mark} {self.outcome}：{self.rule.because}"


def triage(book: RuleBook, facts: OrderFacts, told: Told = NO_TEXT) -> Triage:
    """What becomes of a demand, with the reason of every decision.

    ``told`` is read and forgotten: no reason holds anything of it.
    """
    case = _open(book, facts, told)
    handling = Handling.DISPATCH
    reasons: list[Reason] = []
    for section in Section:
        rule = next(rule for rule in book.sections[section] if rule.when.holds(case))
        reasons.append(Reason(rule.name, rule.because))
        if section is Section.HANDLING:
            handling = Handling(rule.then)
        else:
            _decide(case, section, rule)
    if case.danger and (case.urgency is not Urgency.EMERGENCY or handling is Handling.ANSWER):
        case.urgency, handling = Urgency.EMERGENCY, Handling.DISPATCH
        reasons.insert(0, FLOOR)
    reasons += [Reason(n.name, n.because) for n in book.notes if n.when.holds(case)]
    return Triage(
        handling=handling,
        service_type=case.service_type,
        urgency=case.urgency,
        complexity=case.complexity,
        region=case.region,
        reasons=tuple(reasons),
    )


def dry_run(book: RuleBook, facts: OrderFacts, told: Told = NO_TEXT) -> tuple[Fired, ...]:
    """Every rule that fits, in the file's sequence, deciding or not. For people who edit rules."""
    case = _open(book, facts, told)
    fired: list[Fired] = []
    for section in Section:
        fitting = [rule for rule in book.sections[section] if rule.when.holds(case)]
        outcomes = [_outcome(case, section, rule) for rule in fitting]
        pairs = zip(fitting, outcomes, strict=True)
        fired += [Fired(rule, rule is fitting[0], text) for rule, text in pairs]
        if section is not Section.HANDLING:
            _decide(case, section, fitting[0])
    fired += [Fired(note, True, "") for note in book.notes if note.when.holds(case)]
    return tuple(fired)


def _open(book: RuleBook, facts: OrderFacts, told: Told) -> Case:
    said = frozenset(group.name for group in book.words if group.in_text(told.text))
    return Case(
        facts, told, said, facts.service_type, facts.urgency, Complexity.SIMPLE, facts.region
    )


def _decide(case: Case, section: Section, rule: Rule) -> None:
    match section:
        case Section.SERVICE if rule.then != KEEP:
            case.service_type = ServiceType(rule.then)
        case Section.URGENCY:
            case.urgency = Urgency(rule.then)
        case Section.COMPLEXITY:
            case.complexity = Complexity(rule.then)
        case Section.REGION:
            case.region = _region(case, RegionChoice(rule.then))


def _region(case: Case, choice: RegionChoice) -> str:
    """What cannot be had (nothing told, nothing heard) is the province."""
    known = case.facts.region or case.told.region
    match choice:
        case RegionChoice.TOLD:
            return case.facts.region or PROVINCE
        case RegionChoice.HEARD:
            return case.told.region or PROVINCE
        case RegionChoice.CITY:
            return (city_of(known) if known else None) or PROVINCE
    return PROVINCE


def _outcome(case: Case, section: Section, rule: Rule) -> str:
    tables: dict[Section, type[Coded]] = {
        Section.SERVICE: ServiceType,
        Section.URGENCY: Urgency,
        Section.COMPLEXITY: Complexity,
        Section.HANDLING: Handling,
    }
    if section is Section.REGION:
        return _region(case, RegionChoice(rule.then))
    if rule.then == KEEP:
        return case.service_type.label
    return tables[section](rule.then).label
