"""Everything the dialogue remembers of a call, as JSON: a restarted hotline goes on from it."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ivr.bot.api import Expect, Patience

VERSION = 1


@dataclass(slots=True)
class Option:
    """One of several readings the caller is asked to choose from."""

    label: str
    act: str = "ask"
    topic: str = "service"
    answer_id: str | None = None
    text: str = ""
    """What the caller had said; the choice decides how it is read."""


@dataclass(slots=True)
class Draft:
    """An order being told, slot by slot, in any order (personal data)."""

    purpose: str = "order"
    """order, or callback: somebody shall ring back."""
    act: str = "apply"
    topic: str = "service"
    service_type: str = "consultation"
    story: list[str] = field(default_factory=list)
    name: str | None = None
    anonymous: bool = False
    phone: str | None = None
    phone_confirmed: bool = False
    region: str | None = None
    elsewhere: str | None = None
    """A place outside Anhui, or one we could not find, in the caller's words."""
    since: str | None = None
    urgent: bool | None = None
    amount: int | None = None
    people: int | None = None
    asked: dict[str, int] = field(default_factory=dict)
    """How often each slot was asked for."""
    skipped: list[str] = field(default_factory=list)
    """Slots the caller will not or cannot fill."""
    asking: str | None = None
    """The slot being asked for; ``confirm`` when everything is read back."""
    recorded: bool = False
    """The story is told to the recording only: recognition is down."""


@dataclass(slots=True)
class State:
    """The whole memory of one call (personal data)."""

    call_id: str
    caller: str | None = None
    speech: bool = True
    at_night: bool = False
    seats: bool = True
    slow: bool = False
    started_at: str | None = None

    flow: str = "open"
    step: str = ""
    waiting: str | None = None
    """file, lookup, rate or transfer while the session works on one."""
    said: list[str] = field(default_factory=list)
    """The bot's last turn, to be repeated."""
    question: list[str] = field(default_factory=list)
    """The standing question, to be asked again."""
    expect: Expect = "open"
    patience: Patience = "normal"
    timeout_s: float = 6.0

    misses: int = 0
    """Sentences in a row that were not understood."""
    off_topic: int = 0
    silences: int = 0
    repeats: int = 0
    warnings: int = 0
    entry: str = ""
    """Digits told or keyed in so far, in pieces."""
    keyed: bool = False
    """The running entry comes from keys, so that 0 is a digit."""
    held: str = ""
    """Beginning of a sentence the caller has not finished."""
    heard: list[str] = field(default_factory=list)
    """The caller's last sentences; an urgent order carries them."""

    act: str = ""
    """What the call is about, for its record..."""
    subject: str = "service"
    """...and the trouble."""
    topic: str | None = None
    """The trouble at hand, which follow-up questions mean."""
    topics: list[str] = field(default_factory=list)
    """The troubles answered so far, the latest last."""
    answer_id: str | None = None
    asked: str = ""
    """The caller's last question."""
    region: str | None = None
    office_kind: str | None = None
    detail: str = ""
    """The question no answer fitted; more was asked for."""
    chosen: str = ""
    """The answer picked out of several; it is read next."""
    options: list[Option] = field(default_factory=list)
    menu: str = ""
    page: int = 0
    draft: Draft | None = None
    orders: int = 0
    """Orders tried so far in this call; part of the idempotency key."""
    filing: str = ""
    """What the order being stored is: order, callback, emergency, supplement or closing."""
    tried: int = 0
    """Attempts to store the order at hand."""
    order_no: str | None = None
    search: list[str] = field(default_factory=list)
    """The look-up at hand: order number, phone, tail; empty string for none."""
    searches: int = 0

    rating_no: str = ""
    """The finished order being rated..."""
    level: int = 0
    """...how, once they have said so (0: not yet)..."""
    remark: str = ""
    """...and what they said about it."""
    again: bool = False
    """It shall be done once more."""
    rated_orders: list[str] = field(default_factory=list)
    """Orders asked about in this call."""

    reason: str = ""
    """Why a person is wanted."""
    emergency: str | None = None
    kinds: list[str] = field(default_factory=list)
    """Kinds of danger heard so far."""
    alarm: list[str] = field(default_factory=list)
    """The sentences that told of the danger."""
    for_other: bool = False
    """The caller rings for somebody else who wants to die."""
    rounds: int = 0
    """Attempts to reach a person in an emergency."""
    calmed: int = 0
    """Calm words said to what a caller in danger told."""
    danger_filed: bool = False
    """The urgent order is stored."""
    where: list[str] = field(default_factory=list)
    """Where the caller in danger is, as told."""
    unsent: bool = False
    """Something new about the danger is not filed yet."""
    supplements: int = 0
    """Orders that add to the urgent one: the place, another danger."""
    danger_over: bool = False
    """The caller says there is no danger (any more)."""
    asked_safe: bool = False
    """The caller was asked whether they are safe."""
    doubted: str = ""
    """The sentence that made us ask..."""
    doubted_in: str = "open"
    """...and the flow it belongs to."""
    distressed: bool = False
    offer: bool = False
    """A person is to be offered after the next answer."""
    human_requested: bool = False
    human_missed: bool = False
    """A person was asked for and nobody came."""
    answered: bool = False
    filed: bool = False
    callback: bool = False
    handed_over: bool = False
    rated: bool = False
    long_told: bool = False
    """The caller was told that the call has become long."""
    over: bool = False

    def to_json(self) -> str:
        """One line of JSON. Holds personal data: keep it encrypted."""
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "State":
        """Read what ``to_json`` wrote; unknown fields of a newer version are left out."""
        data: dict[str, Any] = json.loads(text)
        known = {item.name for item in fields(cls)}
        data = {name: value for name, value in data.items() if name in known}
        data["options"] = [Option(**option) for option in data.get("options", [])]
        draft = data.get("draft")
        data["draft"] = Draft(**draft) if draft else None
        return cls(**data)
