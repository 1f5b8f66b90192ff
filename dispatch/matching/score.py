"""Who fits an order, and how well: filters first, then a score that can be read term by term.

Pure. All rows of a directory are looked at at once (numpy); n rows, k terms. Every term is 0..1
and grows with the fit, weights are not negative and sum to 1: the score is 0..1, and a better
term never lowers a rank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.board import Flags, Floats, Situation
from dispatch.matching.directory import (
    HOTLINE_KIND,
    LANGUAGE_BITS,
    NO_LIMIT,
    SERVICE_BITS,
    TOPIC_BITS,
    Bits,
    Directory,
)
from dispatch.matching.weights import TERMS, Weights
from hotline.domain.codes import ServiceType
from hotline.domain.handling import Scored, Term
from hotline.domain.order_codes import Language
from hotline.domain.regions import PROVINCE

ANYWHERE = frozenset(
    {
        ServiceType.CONSULTATION,
        ServiceType.LOOKUP,
        ServiceType.LAWYER,
        ServiceType.APPRAISAL,
        ServiceType.PUBLICITY,
    }
)
"""Services a neighbour may give as well; all others belong to the institution of the place
(e.g. 《法律援助法》第三十八条, 《公证法》第二十五条)."""
_IDLE_HALF_S = 4 * 3600.0
_BASE, _SERVICE, _TOPIC, _PLACE_TOPIC = 0.4, 0.3, 0.3, 0.15
_OPEN, _CLOSED = 0.7, 0.2
_NO_LANGUAGE = 0.2
_UNKNOWN_LOAD = 0.5
"""Of an institution as a whole: how busy its people are is not known here."""
_DIGITS = 9
"""Scores are rounded, so that the same terms give the same score in any company."""


@dataclass(frozen=True, slots=True)
class Want:
    """What an order asks of whoever gets it."""

    service_type: ServiceType
    topic: str
    region: str | None
    language: str | None = None
    now: bool = False
    """Somebody must be there at this moment."""
    hotline: bool = False
    """To be answered by the hotline itself."""
    not_people: frozenset[str] = frozenset()
    """Persons who gave it back, declined it, or must not have it."""
    not_institutions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sifted:
    """Rows that pass all filters, and how many each filter took out (in sequence)."""

    rows: NDArray[np.int64]
    out: Mapping[str, int]
    """Chinese name of the filter → rows it took out."""


def sift(directory: Directory, situation: Situation, want: Want) -> Sifted:
    """The filters."""
    kept = np.ones(len(directory), dtype=np.bool_)
    out: dict[str, int] = {}
    for name, passes in _filters(directory, situation, want):
        before = int(kept.sum())
        kept &= passes
        out[name] = before - int(kept.sum())
    return Sifted(np.flatnonzero(kept), out)


def _filters(directory: Directory, situation: Situation, want: Want) -> Sequence[tuple[str, Flags]]:
    own_line = directory.kinds == HOTLINE_KIND
    passes = [
        ("专业不符", _skilled(directory, want)),
        ("地区不符", _near(directory, want) > 0),
        ("已退回、婉拒或须回避", _free_to_have(directory, want)),
        ("在办件已满", situation.in_hand < directory.capacity),
    ]
    if want.hotline:
        passes.append(("不是热线人员", own_line))
    if want.service_type is ServiceType.COMPLAINT:
        passes.append(("被投诉方须回避", ~own_line))
    if want.now:
        passes.append(("不在岗", situation.on_duty | situation.open_now))
    return passes


def terms_of(
    directory: Directory, situation: Situation, want: Want, rows: NDArray[np.int64]
) -> Floats:
    """Terms of some rows before the weight: shape (rows, terms), each 0..1."""
    duty = np.where(situation.on_duty, 1.0, np.where(situation.open_now, _OPEN, _CLOSED))
    free = 1.0 - situation.in_hand / np.maximum(directory.capacity, 1.0)
    free = np.where(directory.capacity >= NO_LIMIT, _UNKNOWN_LOAD, free)
    with np.errstate(invalid="ignore"):
        idle = situation.idle_s / (situation.idle_s + _IDLE_HALF_S)
    idle = np.where(np.isinf(situation.idle_s), 1.0, idle)
    columns = (
        _skill(directory, want)[rows],
        _near(directory, want)[rows],
        _language(directory, want)[rows],
        duty[rows],
        free[rows],
        *(situation.rates[rows, rate] for rate in range(situation.rates.shape[1])),
        idle[rows],
    )
    terms: Floats = np.clip(np.column_stack(columns), 0.0, 1.0)
    return terms


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first."""

    rows: NDArray[np.int64]
    scores: Floats
    terms: Floats
    """Shape (candidates, terms), before the weight."""
    out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.rows)


def rank(directory: Directory, situation: Situation, want: Want, weights: Weights) -> Ranking:
    """Everybody who may have the order, best first; equal scores in the directory's sequence."""
    sifted = sift(directory, situation, want)
    terms = terms_of(directory, situation, want, sifted.rows)
    return order_by(sifted.rows, terms, weights, sifted.out)


def order_by(
    rows: NDArray[np.int64], terms: Floats, weights: Weights, out: Mapping[str, int]
) -> Ranking:
    """The same candidates ranked by (other) weights."""
    scores = np.clip(np.round(terms @ weights.array(), _DIGITS), 0.0, 1.0)
    best = np.argsort(-scores, kind="stable")
    return Ranking(rows[best], scores[best], terms[best], out)


def scored(directory: Directory, ranking: Ranking, place: int, weights: Weights) -> Scored:
    """The ``place``-th candidate of a ranking, term by term."""
    row = int(ranking.rows[place])
    values = ranking.terms[place]
    return Scored(
        person_id=directory.person_ids[row],
        institution=directory.institutions[row],
        score=float(ranking.scores[place]),
        terms=tuple(
            Term(term.name, float(value), weight)
            for term, value, weight in zip(TERMS, values, weights.values, strict=True)
        ),
    )


def _skilled(directory: Directory, want: Want) -> Flags:
    service, topic = _bit(SERVICE_BITS, want.service_type), _bit(TOPIC_BITS, want.topic)
    passes = np.ones(len(directory), dtype=np.bool_)
    for taken, wanted in (
        (directory.services, service),
        (directory.place_services, service),
        (directory.topics, topic),
        (directory.place_topics, topic),
    ):
        passes &= (taken == 0) | _has(taken, wanted)
    return passes


def _skill(directory: Directory, want: Want) -> Floats:
    service, topic = _bit(SERVICE_BITS, want.service_type), _bit(TOPIC_BITS, want.topic)
    named = directory.services | directory.place_services | directory.natural
    fit = _BASE + _SERVICE * _has(named, service)
    by_place = _PLACE_TOPIC * _has(directory.place_topics, topic)
    by_topic = np.where(_has(directory.topics, topic), _TOPIC, by_place)
    return np.asarray(fit + by_topic, dtype=np.float64)


def _near(directory: Directory, want: Want) -> Floats:
    """How near each row is, by the tree county, city, province; 0: not theirs."""
    code = int(want.region or PROVINCE)
    codes = directory.regions
    same = codes == code
    province = codes == code // 10_000 * 10_000
    if code % 10_000 == 0:
        of_city, free = np.zeros_like(same), np.where(codes % 100 == 0, 0.4, 0.3)
    else:
        same_city = codes // 100 == code // 100
        of_city = same_city & (codes % 100 == 0)
        free = np.where(same_city, 0.6, 0.2)
    other = free if want.service_type in ANYWHERE else np.zeros(len(directory))
    near: Floats = np.where(same, 1.0, np.where(of_city, 0.8, np.where(province, 0.5, other)))
    return near


def _language(directory: Directory, want: Want) -> Floats:
    if want.language in (None, "", Language.MANDARIN.value):
        return np.ones(len(directory))
    speaks = _has(directory.languages, _bit(LANGUAGE_BITS, want.language or ""))
    fit: Floats = np.where(speaks, 1.0, _NO_LANGUAGE)
    return fit


def _free_to_have(directory: Directory, want: Want) -> Flags:
    passes = np.ones(len(directory), dtype=np.bool_)
    for person in want.not_people:
        if (row := directory.rows.get(person)) is not None:
            passes[row] = False
    if want.not_institutions:
        barred = [place.code in want.not_institutions for place in directory.places]
        passes &= ~np.array(barred, dtype=np.bool_)[directory.institution_of]
    return passes


def _bit(bits: Mapping[str, int], code: str) -> np.uint64:
    return np.uint64(bits.get(code, 0))


def _has(taken: Bits, wanted: np.uint64) -> Flags:
    has: Flags = (taken & wanted) != 0
    return has
