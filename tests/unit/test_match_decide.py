"""How an order comes to its handler."""

from datetime import datetime

import pytest
from match_people import CALENDAR, NIGHT, NOON, board, person, place, want

from dispatch.matching.board import Board
from dispatch.matching.decide import PREFIX, Ask, Policy, find_desk
from dispatch.matching.errors import BadWeightsError
from dispatch.matching.opening import is_open
from dispatch.matching.scorer import SHADOW, Models, Scorer
from dispatch.matching.weights import NAMES, SHIPPED, Weights
from hotline.domain.codes import Urgency
from hotline.domain.handling import Match
from hotline.domain.order_codes import MatchMode
from hotline.settings_orders import MatchSettings

pytestmark = pytest.mark.unit
DESKS = [
    place("county-desk", "340123", is_desk=True),
    place("city-desk", "340100", is_desk=True),
    place("province-desk", "340000", is_desk=True),
]


def scorer(b: Board, shadow: Weights | None = None, **policy: object) -> Scorer:
    one = Scorer(CALENDAR, Policy(**policy))  # type: ignore[arg-type]
    one.renew(b, Models(SHIPPED, shadow))
    return one


def equals(count: int) -> Board:
    return board([place("a"), *DESKS], [person(f"p{at}") for at in range(count)])


def matched(
    b: Board, ask: Ask = Ask(Urgency.NORMAL), at: datetime = NOON, **changes: object
) -> Match:
    return scorer(b).match(want(**changes), ask, at).match


def why(match: Match) -> str:
    return match.reasons[0].text


def test_people_alike_are_asked_and_the_first_few_only() -> None:
    match = matched(equals(9))
    assert match.mode is MatchMode.OFFER
    assert [one.person_id for one in match.ranked] == ["p0", "p1", "p2", "p3", "p4"]
    assert all(reason.rule.startswith(PREFIX) for reason in match.reasons)
    assert all(len(reason.text) <= 200 for reason in match.reasons)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (Ask(Urgency.URGENT), "紧急事项"),
        (Ask(Urgency.EMERGENCY), "特急事项"),
        (Ask(Urgency.NORMAL, may_offer=False), "无人认领"),
    ],
)
def test_what_cannot_wait_is_assigned(ask: Ask, words: str) -> None:
    match = matched(equals(9), ask)
    assert (match.mode, match.ranked[0].person_id) == (MatchMode.ASSIGN, "p0")
    assert words in why(match)


def test_a_clear_best_is_not_asked() -> None:
    b = board(
        [place("a"), *DESKS],
        [person("p"), person("q", skills=frozenset({"consultation", "wages"}))],
        on_duty=["q"],
    )
    match = matched(b)
    assert (match.mode, match.ranked[0].person_id) == (MatchMode.ASSIGN, "q")
    assert "明显领先" in why(match)
    terms = {term.name: term.value for term in match.ranked[0].terms}
    assert set(terms) == set(NAMES) and terms["skill"] == 1.0


def test_at_night_nobody_is_asked_but_somebody_gets_it_for_the_morning() -> None:
    assert matched(equals(4), at=NIGHT).mode is MatchMode.ASSIGN
    match = matched(equals(4), Ask(Urgency.URGENT), NIGHT, now=True)
    assert (match.mode, match.ranked[0].institution) == (MatchMode.DESK, "county-desk")


def test_nobody_fits_so_the_desk_of_the_region_gets_it() -> None:
    busy = board([place("a"), *DESKS], [person("p", capacity=0)])
    match = matched(busy)
    assert (match.mode, match.ranked[0].institution) == (MatchMode.DESK, "county-desk")
    assert "在办件已满1人" in match.reasons[-1].text
    notary = board([place("a", skills=frozenset({"notary"})), *DESKS], [person("p")])
    back = matched(notary, not_institutions=frozenset({"county-desk"}))
    assert (back.mode, back.ranked[0].institution) == (MatchMode.DESK, "city-desk")


def test_given_back_too_often_it_goes_to_the_desk() -> None:
    match = matched(equals(9), Ask(Urgency.NORMAL, returned=3))
    assert (match.mode, match.ranked[0].institution) == (MatchMode.DESK, "county-desk")


@pytest.mark.parametrize(
    ("region", "barred", "found"),
    [
        ("340123", (), "county-desk"),
        ("340124", (), "city-desk"),
        ("340200", (), "province-desk"),
        (None, (), "province-desk"),
        ("340123", ("county-desk",), "city-desk"),
        ("340123", ("county-desk", "city-desk", "province-desk"), "county-desk"),
    ],
)
def test_desks_from_the_county_up(region: str | None, barred: tuple[str, ...], found: str) -> None:
    desk = find_desk(DESKS, want(region=region, not_institutions=frozenset(barred)))
    assert desk is not None and desk.code == found


def test_without_any_desk_it_is_said_what_to_set_up() -> None:
    match = matched(board([], []))
    assert (match.mode, match.ranked) == (MatchMode.DESK, ())
    assert "兜底单位" in why(match)


def test_a_shadow_looks_on_and_changes_nothing() -> None:
    b = board([place("a")], [person("p"), person("q")], on_duty=["q"], in_hand={"q": 10})
    only_load = Weights.of("m-2", {"load": 1.0})
    with_shadow = scorer(b, only_load).match(want(), Ask(Urgency.URGENT), NOON)
    assert with_shadow.match == scorer(b).match(want(), Ask(Urgency.URGENT), NOON).match
    first = with_shadow.match.ranked[0].person_id
    assert with_shadow.marks == {f"{SHADOW}m-2": float(first == "p")}
    assert scorer(b).match(want(), Ask(Urgency.URGENT), NOON).marks == {}


def test_somebody_who_has_the_order_is_scored_like_a_candidate() -> None:
    one = scorer(equals(3))
    ranked = one.match(want(), Ask(Urgency.URGENT), NOON).match.ranked[0]
    assert one.score_one(want(), "p0", "a", NOON) == ranked
    assert one.score_one(want(), "stranger", "a", NOON) is None


@pytest.mark.parametrize(
    "weights", [{}, {"skill": 0.0}, {"skill": -1.0}, {"skill": float("nan")}, {"charm": 1.0}]
)
def test_wrong_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(BadWeightsError):
        Weights.of("m", weights)


def test_weights_are_made_to_sum_to_one() -> None:
    assert sum(SHIPPED.values) == pytest.approx(1.0)
    assert Weights.of("m", {"skill": 3, "load": 1}).by_name()["skill"] == 0.75


def test_opening_hours_of_their_own_and_holidays() -> None:
    hours = ((4, "08:30", "12:00"), (6, "09:00", "17:00"))
    assert is_open(hours, NOON, CALENDAR) and not is_open(hours, NIGHT, CALENDAR)
    assert is_open((), NOON, CALENDAR) and not is_open((), NIGHT, CALENDAR)
    saturday = NOON.replace(day=7)
    assert is_open(hours, saturday, CALENDAR) and not is_open((), saturday, CALENDAR)

    class Holiday:
        def is_working(self, at: object) -> bool:
            return False

        def is_workday(self, day: object) -> bool:
            return False

    assert not is_open(hours, NOON, Holiday()) and is_open(hours, saturday, Holiday())


def test_the_usual_settings_are_the_usual_policy() -> None:
    assert Policy.of(MatchSettings()) == Policy()
    assert Policy.of(MatchSettings(offer_to=2, offer_minutes=10)).offer_to == 2
