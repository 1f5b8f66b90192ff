"""What a sentence means: the answer of ``hotline.language`` to a text."""

from dataclasses import dataclass, field

from hotline.domain.codes import Act, EmergencyKind, Topic


@dataclass(frozen=True, slots=True)
class Reading:
    """One possible reading of a sentence."""

    act: Act
    topic: Topic
    score: float
    """0..1, comparable between readings of the same sentence."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Facts found in a sentence; None where it says nothing of them."""

    name: str | None = None
    """The caller's own name, as given (personal data)."""
    phone: str | None = None
    """A telephone number, digits only (personal data)."""
    region: str | None = None
    """GB/T 2260 code of a city or county of Anhui."""
    since: str | None = None
    """Since when, in the caller's words: 去年十月, 三个月."""
    amount: int | None = None
    """Sum of money in yuan."""
    people: int | None = None
    """How many people share the trouble."""
    order_no: str | None = None
    """Order number or its tail, digits only."""
    digits: str | None = None
    """Any run of spoken digits (check digits, keys said aloud)."""
    satisfaction: int | None = None
    """1..5 when the sentence rates the service."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """A sentence understood: best act and topic, how sure, what else it may mean, what it tells."""

    text: str
    act: Act
    topic: Topic
    confidence: float
    """0..1, calibrated so that 0.5 is right about half the time."""
    readings: tuple[Reading, ...] = ()
    """All plausible readings, best first (the first equals act and topic)."""
    emergency: EmergencyKind | None = None
    worry: float = 0.0
    """How much a sentence that was not taken for an emergency still sounds like one, 0..1: from
    about 0.2 on, and where it was heard badly, it is kind to ask whether the caller is safe."""
    distress: bool = False
    """The caller sounds desperate or helpless without naming a danger."""
    abusive: bool = False
    foreign: bool = False
    """Not Mandarin as far as the text can tell."""
    slower: bool = False
    """The caller asks us to speak slower."""
    slots: Slots = field(default_factory=Slots)
    reasons: tuple[str, ...] = ()
    """What decided it, for people to read."""
