"""Filters and score: who is left out, and why whoever is first is first."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from match_people import CALENDAR, NIGHT, NOON, board, person, place, want

from dispatch.matching.board import Board
from dispatch.matching.results import Results, Tally, expect
from dispatch.matching.score import Want, order_by, rank, scored, sift, terms_of
from dispatch.matching.weights import COUNT, NAMES, SHIPPED, Weights
from hotline.domain.codes import ServiceType, Topic
from hotline.domain.order_codes import InstitutionKind, Language

pytestmark = pytest.mark.unit
REGIONS = ("340000", "340100", "340123", "340124", "340200", "340202")
WEIGHTS = st.lists(st.floats(0, 1), min_size=COUNT, max_size=COUNT).filter(any)


def ids(b: Board, w: Want, now: datetime = NOON) -> list[str | None]:
    ranking = rank(b.directory, b.situation(now, CALENDAR), w, SHIPPED)
    return [b.directory.person_ids[row] for row in ranking.rows]


def value(b: Board, w: Want, who: str, term: str, now: datetime = NOON) -> float:
    rows = np.array([b.directory.rows[who]])
    terms = terms_of(b.directory, b.situation(now, CALENDAR), w, rows)
    return float(terms[0, NAMES.index(term)])


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Board, Want]:
    kinds = draw(st.lists(st.sampled_from(InstitutionKind), min_size=1, max_size=4))
    skills = st.frozensets(
        st.sampled_from(["legal_aid", "notary", "consultation", "wages", "divorce"]), max_size=3
    )
    places = [
        place(f"i{at}", draw(st.sampled_from(REGIONS)), kind, skills=draw(skills))
        for at, kind in enumerate(kinds)
    ]
    people = [
        person(
            f"p{at}",
            draw(st.sampled_from(places)).code,
            draw(st.sampled_from(REGIONS)),
            skills=draw(skills),
            languages=draw(st.frozensets(st.sampled_from(list(Language)), max_size=2)),
            capacity=draw(st.integers(0, 5)),
        )
        for at in range(draw(st.integers(0, 8)))
    ]
    named = st.sampled_from([one.person_id for one in people] or ["nobody"])
    b = board(
        places,
        people,
        on_duty=draw(st.frozensets(named, max_size=4)),
        in_hand=draw(st.dictionaries(named, st.integers(0, 8), max_size=4)),
        last_given={who: NOON - timedelta(hours=h) for who, h in draw(
            st.dictionaries(named, st.integers(0, 400), max_size=4)
        ).items()},
        results=Results({who: Tally(resolved=(n, 9)) for who, n in draw(
            st.dictionaries(named, st.integers(0, 9), max_size=4)
        ).items()}),
    )  # fmt: skip
    w = want(
        service_type=draw(st.sampled_from(ServiceType)),
        topic=draw(st.sampled_from([Topic.WAGES.value, Topic.NOTARY.value, Topic.DEBT.value])),
        region=draw(st.sampled_from([None, *REGIONS])),
        language=draw(st.sampled_from([None, *(one.value for one in Language)])),
        now=draw(st.booleans()),
        not_people=draw(st.frozensets(named, max_size=2)),
        not_institutions=draw(st.frozensets(st.sampled_from(["i0", "i1"]), max_size=1)),
    )
    return b, w


@given(crowds(), WEIGHTS)
def test_scores_and_terms_are_bounded_and_sum_up(
    crowd: tuple[Board, Want], raw: list[float]
) -> None:
    b, w = crowd
    weights = Weights.of("m", dict(zip(NAMES, raw, strict=True)))
    ranking = rank(b.directory, b.situation(NOON, CALENDAR), w, weights)
    assert np.all((ranking.terms >= 0) & (ranking.terms <= 1))
    assert np.all((ranking.scores >= 0) & (ranking.scores <= 1))
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    for at in range(len(ranking)):
        one = scored(b.directory, ranking, at, weights)
        assert one.score == pytest.approx(sum(t.value * t.weight for t in one.terms), abs=1e-9)


@given(crowds(), WEIGHTS, st.data())
def test_a_better_term_never_lowers_a_rank(
    crowd: tuple[Board, Want], raw: list[float], data: st.DataObject
) -> None:
    b, w = crowd
    weights = Weights.of("m", dict(zip(NAMES, raw, strict=True)))
    ranking = rank(b.directory, b.situation(NOON, CALENDAR), w, weights)
    if not len(ranking):
        return
    at = data.draw(st.integers(0, len(ranking) - 1))
    term = data.draw(st.integers(0, COUNT - 1))
    better = ranking.terms.copy()
    better[at, term] = data.draw(st.floats(float(better[at, term]), 1.0))
    after = order_by(ranking.rows, better, weights, {})
    row = ranking.rows[at]
    assert list(after.rows).index(row) <= at


@given(crowds())
def test_filters_only_take_out_and_account_for_everybody(crowd: tuple[Board, Want]) -> None:
    b, w = crowd
    situation = b.situation(NOON, CALENDAR)
    sifted = sift(b.directory, situation, w)
    assert len(sifted.rows) + sum(sifted.out.values()) == len(b.directory)
    for row in sifted.rows:
        assert b.directory.person_ids[row] not in w.not_people
        assert b.directory.institutions[row] not in w.not_institutions
        assert situation.in_hand[row] < b.directory.capacity[row]
        if w.now:
            assert situation.on_duty[row] or situation.open_now[row]
        if w.service_type is ServiceType.COMPLAINT:
            kind = b.directory.places[b.directory.institution_of[row]].kind
            assert kind is not InstitutionKind.HOTLINE


@given(crowds(), st.sampled_from(["p0", "p1", "p2"]))
def test_barring_somebody_changes_nothing_for_the_others(
    crowd: tuple[Board, Want], who: str
) -> None:
    b, w = crowd
    barred = want_barring(w, who)
    assert ids(b, barred) == [one for one in ids(b, w) if one != who]


def want_barring(w: Want, who: str) -> Want:
    return replace(w, not_people=w.not_people | {who})


def test_skills_of_person_and_institution_both_count() -> None:
    b = board(
        [place("a", skills=frozenset({"consultation", "legal_aid"}))],
        [
            person("all"),
            person("aid", skills=frozenset({"legal_aid"})),
            person("wages", skills=frozenset({"wages", "divorce"})),
            person("aid_wages", skills=frozenset({"legal_aid", "wages"})),
            person("notary", skills=frozenset({"notary"})),
        ],
    )
    assert set(ids(b, want())) == {"all", "wages"}
    aid = want(service_type=ServiceType.LEGAL_AID)
    assert set(ids(b, aid)) == {"all", "aid", "wages", "aid_wages"}
    assert ids(b, aid)[0] in ("aid_wages", "wages")
    assert value(b, aid, "aid_wages", "skill") == 1.0
    assert value(b, aid, "all", "skill") < 1.0
    assert ids(b, want(service_type=ServiceType.NOTARY)) == []


def test_an_institutions_own_business_fits_without_written_skills() -> None:
    b = board(
        [place("n", kind=InstitutionKind.NOTARY_OFFICE), place("c")],
        [person("notary", "n"), person("clerk", "c")],
    )
    assert ids(b, want(service_type=ServiceType.NOTARY)) == ["notary", "clerk"]
    assert ids(b, want()) == ["clerk"]


def test_near_before_far_and_only_the_place_itself_for_its_own_services() -> None:
    regions = {"county": "340123", "city": "340100", "province": "340000",
               "neighbour": "340124", "far": "341502"}  # fmt: skip
    b = board(
        [place(name, region) for name, region in regions.items()],
        [person(name, name, region) for name, region in regions.items()],
    )
    near = [value(b, want(), name, "region") for name in regions]
    assert near == [1.0, 0.8, 0.5, 0.6, 0.2]
    aid = want(service_type=ServiceType.LEGAL_AID)
    assert set(ids(b, aid)) == {"county", "city", "province"}
    unknown = want(service_type=ServiceType.LEGAL_AID, region=None)
    assert ids(b, unknown) == ["province"]


def test_language_duty_load_and_idleness() -> None:
    b = board(
        [place("a", languages=frozenset({"huizhou"}))],
        [
            person("free", capacity=4),
            person("busy", capacity=4),
            person("full", capacity=4),
            person("signs", languages=frozenset({"sign"})),
        ],
        on_duty=["busy"],
        in_hand={"busy": 3, "full": 4},
        last_given={"busy": NOON - timedelta(hours=4)},
    )
    assert "full" not in ids(b, want())
    assert value(b, want(), "busy", "load") == 0.25
    assert (value(b, want(), "busy", "duty"), value(b, want(), "free", "duty")) == (1.0, 0.7)
    assert (value(b, want(), "busy", "fairness"), value(b, want(), "free", "fairness")) == (0.5, 1)
    signed = want(language="sign")
    assert (value(b, signed, "signs", "language"), value(b, signed, "free", "language")) == (1, 0.2)
    assert value(b, want(language="huizhou"), "free", "language") == 1.0


def test_urgent_orders_go_only_to_people_who_are_there() -> None:
    b = board([place("a")], [person("p"), person("q")], on_duty=["q"])
    assert set(ids(b, want(now=True))) == {"p", "q"}
    assert ids(b, want(now=True), NIGHT) == ["q"]
    assert set(ids(b, want(), NIGHT)) == {"p", "q"}


def test_an_institution_without_people_is_asked_as_a_whole() -> None:
    b = board([place("a"), place("b")], [person("p", "a")])
    ranking = rank(b.directory, b.situation(NOON, CALENDAR), want(), SHIPPED)
    found = {
        (one.person_id, one.institution)
        for one in (scored(b.directory, ranking, at, SHIPPED) for at in range(len(ranking)))
    }
    assert found == {("p", "a"), (None, "b")}


def test_a_complaint_is_not_for_the_hotline_and_a_plain_question_is() -> None:
    b = board(
        [place("h", kind=InstitutionKind.HOTLINE), place("a")],
        [person("agent", "h"), person("clerk", "a")],
    )
    assert ids(b, want(service_type=ServiceType.COMPLAINT)) == ["clerk"]
    assert ids(b, want(hotline=True)) == ["agent"]


def test_small_samples_do_not_decide() -> None:
    lucky, steady, poor = Tally(resolved=(1, 1)), Tally(resolved=(95, 100)), Tally(resolved=(2, 9))
    everybody = Tally(resolved=(850, 1000))
    rates = expect(Results({"l": lucky, "s": steady, "p": poor}, {"a": everybody}))
    at = {who: rates.of(who, "a")[1] for who in ("l", "s", "p", "new")}
    assert at["s"] > at["l"] > at["new"] > at["p"]
    assert at["new"] == pytest.approx(0.85, abs=0.01)
    assert rates.of("l", "a")[0] == rates.of("new", "a")[0] == pytest.approx(0.8)


def test_counts_change_as_orders_come_and_go() -> None:
    b = board([place("a"), place("b")], [person("p", capacity=2)])
    b.taken("p", "a", given_at=NOON)
    b.taken("p", "a")
    b.taken(None, "b", given_at=NOON)
    b.taken("stranger", "a")
    assert ids(b, want(not_institutions=frozenset({"b"}))) == []
    b.freed("p", "a")
    assert value(b, want(), "p", "load") == 0.5
    b.freed("p", "a")
    b.freed("p", "a")
    assert value(b, want(), "p", "load") == 1.0
    assert value(b, want(), "p", "fairness") == 0.0
