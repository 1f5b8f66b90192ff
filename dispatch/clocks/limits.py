"""How long each deadline is: the usual ones, and those the settings name.

The most particular rule that fits wins: first what kind of case it is (urgency, handled again,
complexity), then topic, service and region, then the settings before the usual. So a longer
deadline for a region never makes an urgent order slow, unless the rule says ``urgency`` too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hotline.calendar import Span
from hotline.domain.codes import Urgency
from hotline.domain.order_codes import Clock, Complexity
from hotline.settings_orders import DeadlineRule


@dataclass(frozen=True, slots=True)
class Facts:
    """What deadlines depend on: codes of the order."""

    urgency: str
    service_type: str
    topic: str
    region: str | None = None
    complexity: str | None = None
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A deadline for the orders it fits; None fits all."""

    clock: Clock
    limit: Span
    urgency: str | None = None
    complexity: str | None = None
    reopened: bool | None = None
    service_type: str | None = None
    topic: str | None = None
    region: str | None = None
    """Significant digits of the region's code: 3401 for 340100, which covers its counties."""
    by_settings: bool = False

    def fits(self, clock: Clock, facts: Facts) -> bool:
        """Whether it says something about this order."""
        return (
            self.clock is clock
            and self.urgency in (None, facts.urgency)
            and self.complexity in (None, facts.complexity)
            and self.reopened in (None, facts.reopened)
            and self.service_type in (None, facts.service_type)
            and self.topic in (None, facts.topic)
            and (self.region is None or (facts.region or "").startswith(self.region))
        )

    @property
    def weight(self) -> tuple[int, int, int, bool]:
        """The greater, the more particular."""
        kind = (
            4 * (self.urgency is not None)
            + 2 * (self.reopened is not None)
            + (self.complexity is not None)
        )
        matter = 2 * (self.topic is not None) + (self.service_type is not None)
        return kind, matter, len(self.region or ""), self.by_settings


def _usual(clock: Clock, limit: str, **fits: str | bool) -> Rule:
    return Rule(clock, Span.parse(limit), **fits)  # type: ignore[arg-type]


_PRESSING = (Urgency.URGENT.value, Urgency.EMERGENCY.value)

USUAL: tuple[Rule, ...] = (
    # 山东省12348规定（2017）: sent on within 1 working day, result within 5, complex ones within
    # 15, urgent ones within 1 hour; a second report to dissatisfied parties within 1 working day.
    _usual(Clock.DISPATCH, "1wd"),
    _usual(Clock.FEEDBACK, "5wd"),
    _usual(Clock.FEEDBACK, "15wd", complexity=Complexity.COMPLEX.value),
    _usual(Clock.FEEDBACK, "1wd", reopened=True),
    *(_usual(Clock.FEEDBACK, "1h", urgency=urgency) for urgency in _PRESSING),
    # 山东省12345（2020）: given back within 2 working days.
    _usual(Clock.RETURN, "2wd"),
    # Other hotlines ring the party on the next working day after the work is done.
    _usual(Clock.FOLLOW_UP, "1wd"),
    # Ours: no source was found; within what the sourced ones leave.
    _usual(Clock.TRIAGE, "4wh"),
    _usual(Clock.CLAIM, "2wh"),
    _usual(Clock.ACCEPT, "1wd"),
    _usual(Clock.EXTENSION, "1wd"),
    _usual(Clock.ARCHIVE, "5wd"),
    *(_usual(Clock.TRIAGE, "15m", urgency=urgency) for urgency in _PRESSING),
    *(_usual(Clock.DISPATCH, "30m", urgency=urgency) for urgency in _PRESSING),
    *(_usual(Clock.CLAIM, "10m", urgency=urgency) for urgency in _PRESSING),
    *(_usual(Clock.ACCEPT, "30m", urgency=urgency) for urgency in _PRESSING),
)


class Limits:
    """Every deadline, the settings' own before the usual ones."""

    def __init__(self, own: Iterable[DeadlineRule] = ()) -> None:
        """Raises CalendarError for a span that cannot be."""
        rules = [*USUAL, *(_rule(given) for given in own)]
        ranked = sorted(enumerate(rules), key=lambda item: (item[1].weight, item[0]))
        self._rules = [rule for _, rule in reversed(ranked)]  # of two equal ones, the later

    def of(self, clock: Clock, facts: Facts) -> Span:
        """How long this clock runs for such an order."""
        return next(rule.limit for rule in self._rules if rule.fits(clock, facts))


def _rule(given: DeadlineRule) -> Rule:
    return Rule(
        clock=given.clock,
        limit=Span.parse(given.limit),
        urgency=given.urgency and given.urgency.value,
        complexity=given.complexity and given.complexity.value,
        reopened=given.reopened,
        service_type=given.service_type and given.service_type.value,
        topic=given.topic and given.topic.value,
        region=given.region and _significant(given.region),
        by_settings=True,
    )


def _significant(region: str) -> str:
    """``340000`` → ``34``, ``340100`` → ``3401``, ``340104`` → ``340104``."""
    while region.endswith("00"):
        region = region[:-2]
    return region
