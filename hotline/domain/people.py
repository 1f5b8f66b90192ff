"""Who acts, and where: people, institutions, roles and their scope."""

from dataclasses import dataclass

from hotline.domain.order_codes import InstitutionKind, Right, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and where it holds: in one institution, in one region, or (both None) everywhere."""

    role: Role
    institution: str | None = None
    region: str | None = None
    """GB/T 2260 code; a city's code covers its counties, 340000 the province."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever takes a step: a person, a terminal, the hub, or the hotline itself."""

    id: str
    """As kept in events and audit: ``person:<id>``, ``terminal:<code>``, ``hub``, ``system``."""
    grants: tuple[Grant, ...] = ()
    rights: frozenset[Right] = frozenset()
    """Rights held everywhere, whatever the grants (a terminal's key, the system)."""
    person_id: str | None = None
    institution: str | None = None
    """Where the person works."""


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution or window that handles orders."""

    code: str
    name: str
    kind: InstitutionKind
    region: str
    parent: str | None = None
    skills: frozenset[str] = frozenset()
    """Service types and topics it takes; empty: all."""
    languages: frozenset[str] = frozenset()
    hours: tuple[tuple[int, str, str], ...] = ()
    """(weekday, from, to), Monday 1, ``HH:MM``; empty: the working hours of the calendar."""
    is_desk: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Handler:
    """A person as matching sees them: no name, no number."""

    person_id: str
    institution: str
    region: str
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    capacity: int = 20
