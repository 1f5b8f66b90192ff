"""People and keys as others see them. Names and telephones are personal data."""

from dataclasses import dataclass, field
from datetime import datetime

from hotline.domain.codes import Coded
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor, Grant


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works with orders."""

    staff_no: str
    """Number the institution knows them by; stable, unique."""
    name: str
    """Personal data."""
    phone: str | None = None
    """Personal data."""
    institution: str | None = None
    """Code of where they work."""
    skills: frozenset[str] = frozenset()
    """Service types and topics they take; empty: what their institution takes."""
    languages: frozenset[str] = frozenset()
    capacity: int = 20
    """Open orders at most."""
    active: bool = True
    grants: tuple[Grant, ...] = ()
    person_id: str = ""
    """Ours, given when the person is first saved."""


@dataclass(frozen=True, slots=True)
class AtSeat:
    """Somebody who takes a seat."""

    person_id: str
    name: str = field(repr=False)
    """Personal data; colleagues see it."""
    region: str | None
    """Of their institution; None: the whole province."""
    skills: frozenset[str]
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the API, without its secret."""

    key_id: str
    name: str
    """Who uses it, for people: “合肥市中心窗口一体机”."""
    terminal: str
    person_id: str | None
    rights: frozenset[Right]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time its secret is there to be shown."""

    key: ApiKey
    presented: str
    """What the terminal sends: ``Authorization: Bearer <presented>``."""

    def __repr__(self) -> str:
        return f"NewKey({self.key.key_id})"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever sent a request, and how we know."""

    actor: Actor
    terminal: str
    """A code of ``Terminal``."""
    source: str
    """``key:<key_id>``; a signed-in page: ``session:<id>``."""


class Saved(Coded):
    """What saving did."""

    CREATED = "created", "新增"
    CHANGED = "changed", "更新"
    SAME = "same", "未变"
