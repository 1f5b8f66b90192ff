"""Everybody who may get an order, laid out in columns so that all are looked at in one go.

Immutable. A row is a person, or an institution that has no people of its own here ("whoever is
there"); a desk without people is no row, it gets what nobody else takes. Made anew when people or
institutions change; what changes by the minute is in ``board``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.opening import Hours
from hotline.domain.codes import Coded, ServiceType, Topic
from hotline.domain.order_codes import InstitutionKind, Language
from hotline.domain.people import Handler, Institution

Bits = NDArray[np.uint64]
NO_LIMIT = 1_000_000
"""Capacity of an institution that is asked as a whole: never full by our count."""


def _bits(table: type[Coded]) -> dict[str, int]:
    return {entry.value: 1 << place for place, entry in enumerate(table)}


SERVICE_BITS = _bits(ServiceType)
TOPIC_BITS = _bits(Topic)
LANGUAGE_BITS = _bits(Language)

NATURAL: Mapping[InstitutionKind, frozenset[ServiceType]] = {
    InstitutionKind.BUREAU: frozenset(
        {ServiceType.RECONSIDERATION, ServiceType.COMPLAINT, ServiceType.SUGGESTION}
    ),
    InstitutionKind.LEGAL_SERVICE_CENTRE: frozenset(
        {ServiceType.CONSULTATION, ServiceType.LOOKUP, ServiceType.PUBLICITY}
    ),
    InstitutionKind.STATION: frozenset({ServiceType.CONSULTATION, ServiceType.PUBLICITY}),
    InstitutionKind.JUSTICE_OFFICE: frozenset(
        {ServiceType.CONSULTATION, ServiceType.MEDIATION, ServiceType.PUBLICITY}
    ),
    InstitutionKind.LEGAL_AID_CENTRE: frozenset({ServiceType.LEGAL_AID, ServiceType.CONSULTATION}),
    InstitutionKind.MEDIATION_COMMITTEE: frozenset({ServiceType.MEDIATION}),
    InstitutionKind.NOTARY_OFFICE: frozenset({ServiceType.NOTARY}),
    InstitutionKind.APPRAISAL_INSTITUTE: frozenset({ServiceType.APPRAISAL}),
    InstitutionKind.ARBITRATION_COMMISSION: frozenset({ServiceType.ARBITRATION}),
    InstitutionKind.LAW_FIRM: frozenset({ServiceType.CONSULTATION, ServiceType.LAWYER}),
    InstitutionKind.HOTLINE: frozenset({ServiceType.CONSULTATION, ServiceType.LOOKUP}),
    InstitutionKind.WEB_PLATFORM: frozenset({ServiceType.CONSULTATION, ServiceType.LOOKUP}),
}
"""Services that are a kind of institution's own business; they fit though nobody wrote a skill."""
SPECIAL = frozenset(
    {
        InstitutionKind.LEGAL_AID_CENTRE,
        InstitutionKind.MEDIATION_COMMITTEE,
        InstitutionKind.NOTARY_OFFICE,
        InstitutionKind.APPRAISAL_INSTITUTE,
        InstitutionKind.ARBITRATION_COMMISSION,
        InstitutionKind.LAW_FIRM,
        InstitutionKind.HOTLINE,
        InstitutionKind.WEB_PLATFORM,
    }
)
"""Where no service is written, these take their own business only; all others take everything."""
_KINDS = {kind: place for place, kind in enumerate(InstitutionKind)}
HOTLINE_KIND = _KINDS[InstitutionKind.HOTLINE]


@dataclass(frozen=True, slots=True)
class Directory:
    """n rows in columns. ``person_ids[i]`` is None for an institution as a whole."""

    person_ids: tuple[str | None, ...]
    institutions: tuple[str, ...]
    institution_of: NDArray[np.int64]
    """Row → place in ``places``."""
    places: tuple[Institution, ...]
    desks: tuple[Institution, ...]
    rows: Mapping[str, int]
    """Person id, or ``@institution``, → row."""
    regions: NDArray[np.int64]
    services: Bits
    """What the person takes; 0: everything."""
    topics: Bits
    place_services: Bits
    place_topics: Bits
    natural: Bits
    languages: Bits
    """Of the person and their institution together."""
    kinds: NDArray[np.int64]
    capacity: NDArray[np.float64]
    hours: tuple[Hours, ...]
    """Different opening hours there are."""
    hours_of: NDArray[np.int64]
    """Row → place in ``hours``."""

    def __len__(self) -> int:
        return len(self.person_ids)


def compile_directory(institutions: Iterable[Institution], people: Iterable[Handler]) -> Directory:
    """Lay out active institutions and their people; who works at no active one is left out."""
    places = tuple(place for place in institutions if place.active)
    where = {place.code: at for at, place in enumerate(places)}
    handlers = [person for person in people if person.institution in where]
    staffed = {person.institution for person in handlers}
    handlers += [_whole(p) for p in places if p.code not in staffed and not p.is_desk]
    at = np.array([where[one.institution] for one in handlers], dtype=np.int64)
    kinds_of_hours = list(dict.fromkeys(place.hours for place in places))
    skills = [_split(one.skills) for one in handlers]
    place_skills = [_place_skills(place) for place in places]
    spoken = [place.languages for place in places]
    return Directory(
        person_ids=tuple(one.person_id or None for one in handlers),
        institutions=tuple(one.institution for one in handlers),
        institution_of=at,
        places=places,
        desks=tuple(place for place in places if place.is_desk),
        rows={one.person_id or f"@{one.institution}": row for row, one in enumerate(handlers)},
        regions=np.array([int(one.region) for one in handlers], dtype=np.int64),
        services=_array(services for services, _ in skills),
        topics=_array(topics for _, topics in skills),
        place_services=_array(services for services, _ in place_skills)[at],
        place_topics=_array(topics for _, topics in place_skills)[at],
        natural=_array(_mask(NATURAL.get(p.kind, ()), SERVICE_BITS) for p in places)[at],
        languages=_array(
            _mask(one.languages | spoken[place], LANGUAGE_BITS)
            for one, place in zip(handlers, at, strict=True)
        ),
        kinds=np.array([_KINDS[place.kind] for place in places], dtype=np.int64)[at],
        capacity=np.array([max(one.capacity, 0) for one in handlers], dtype=np.float64),
        hours=tuple(kinds_of_hours),
        hours_of=np.array([kinds_of_hours.index(p.hours) for p in places], dtype=np.int64)[at],
    )


def _whole(place: Institution) -> Handler:
    return Handler("", place.code, place.region, capacity=NO_LIMIT)


def _place_skills(place: Institution) -> tuple[int, int]:
    services, topics = _split(place.skills)
    if not services and place.kind in SPECIAL:
        services = _mask(NATURAL[place.kind], SERVICE_BITS)
    return services, topics


def _split(skills: Iterable[str]) -> tuple[int, int]:
    """Skills as (services, topics) in bits.

    A code of both tables (notary) is a service; where topics are named beside it, its own topic
    is one of them.
    """
    named = set(skills)
    services = named & SERVICE_BITS.keys()
    topics = named & TOPIC_BITS.keys() if named & TOPIC_BITS.keys() - services else set()
    return _mask(services, SERVICE_BITS), _mask(topics, TOPIC_BITS)


def _mask(codes: Iterable[str], bits: Mapping[str, int]) -> int:
    mask = 0
    for code in codes:
        mask |= bits.get(code, 0)
    return mask


def _array(masks: Iterable[int]) -> Bits:
    return np.fromiter(masks, dtype=np.uint64)
