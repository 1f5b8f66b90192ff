"""What triage and matching see of an order, and what they decide."""

from dataclasses import dataclass

from hotline.domain.codes import ServiceType, Urgency
from hotline.domain.order_codes import Complexity, Handling, MatchMode


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order without personal data."""

    order_no: str
    service_type: ServiceType
    act: str
    topic: str
    urgency: Urgency
    region: str | None
    terminal: str
    emergency: str | None = None
    callback: bool = False
    language: str | None = None
    confidential: bool = False
    returned: int = 0
    reopened: int = 0
    last_institution: str | None = None
    """Who had it before it came back; not asked again first."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided so, for people to read."""

    rule: str
    """Name of the rule or of the score's term."""
    text: str
    """Chinese, without personal data."""


@dataclass(frozen=True, slots=True)
class Triage:
    """What triage decides."""

    handling: Handling
    service_type: ServiceType
    urgency: Urgency
    complexity: Complexity
    region: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a matching score: ``weight × value`` counts."""

    name: str
    value: float
    """0..1, 1 is best."""
    weight: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with a score that can be read term by term."""

    person_id: str | None
    """None: the institution's desk, whoever is there."""
    institution: str
    score: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What matching decides."""

    mode: MatchMode
    ranked: tuple[Scored, ...]
    """Best first; for OFFER all who are asked, for ASSIGN and DESK the first is meant."""
    model_id: str
    reasons: tuple[Reason, ...]
