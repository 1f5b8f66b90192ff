"""Learning from what the tables hold, the shadow, taking it into use; and evaluation; over both."""

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from matchkit import AID, DESK, NOW, House, a_house
from sqlalchemy.orm import Session

from dispatch.life.actors import SYSTEM
from dispatch.matching.errors import ModelNotFoundError, ModelStateError, TooFewOutcomesError
from dispatch.matching.models import LEAST_COMPARED, ModelDesk, read_outcomes
from dispatch.matching.scorer import SHADOW
from dispatch.matching.store import read_results
from dispatch.matching.weights import FIRST_MODEL, NAMES, SHIPPED
from hotline.analysis.evaluation import By, Evaluation
from hotline.db import Database
from hotline.db.audit_log import AuditLog
from hotline.db.order_tables import OutcomeRow, RatingRow
from hotline.db.tables import AuditRow, OrderRow
from hotline.privacy import KeyRing
from hotline.settings import Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
START = NOW - timedelta(days=100)


def an_order(number: int, **columns: Any) -> OrderRow:
    plain: dict[str, Any] = {
        "order_no": f"{number:014d}", "state": "closed", "hub_state": "acknowledged",
        "terminal": "web", "idempotency_key": str(number), "service_type": "legal_aid",
        "act": "apply", "topic": "wages", "urgency": "normal", "title": "测试", "region": "340123",
        "created_at": START + timedelta(hours=number), "updated_at": NOW, "closed_at": NOW,
    }  # fmt: skip
    return OrderRow(**{**plain, **columns})


def an_outcome(number: int, at: datetime | None = None, **columns: Any) -> OutcomeRow:
    at = at or START + timedelta(hours=number)
    plain: dict[str, Any] = {
        "order_no": f"{number:014d}", "institution": AID, "person_id": "p1", "mode": "assign",
        "model_id": FIRST_MODEL, "score": 0.5, "terms_json": "{}", "assigned_at": at,
        "accepted_at": at, "accepted_in_time": True, "resolved_at": at, "resolved_in_time": True,
        "reopened": False,
    }  # fmt: skip
    return OutcomeRow(**{**plain, **columns})


def fill(session: Session, count: int) -> None:
    """Orders that end well when skill and past results are good."""
    rng = np.random.default_rng(7)
    for number in range(count):
        terms = dict(zip(NAMES, map(float, rng.random(len(NAMES))), strict=True))
        good = rng.random() < 1 / (1 + np.exp(-8 * (terms["skill"] + terms["resolved"] - 1)))
        session.add(an_order(number))
        session.flush()
        session.add(an_outcome(number, reopened=not good, terms_json=json.dumps(terms)))


@pytest.fixture
async def house(db: Database, ring: KeyRing) -> House:
    return await a_house(db, ring)


@pytest.fixture
def models(house: House, ring: KeyRing) -> ModelDesk:
    return ModelDesk(house.db, ring, house.scorer)


async def test_too_little_is_refused_and_nothing_is_kept(house: House, models: ModelDesk) -> None:
    await house.db.write(lambda session: fill(session, 50))
    with pytest.raises(TooFewOutcomesError, match="共50件"):
        await models.learn(SYSTEM, NOW)
    assert await models.models() == []


async def test_learnt_it_looks_on_then_is_compared_then_taken_into_use(
    house: House, models: ModelDesk, settings: Settings, ring: KeyRing
) -> None:
    await house.db.write(lambda session: fill(session, 600))
    learnt = await models.learn(SYSTEM, NOW)
    (info,) = await models.models()
    assert (info.state, info.model_id) == ("shadow", learnt.weights.model_id)
    assert info.report["auc"]["value"] > info.report["auc_before"]["value"]
    assert info.weights["skill"] + info.weights["resolved"] > 0.6
    await house.matcher.refresh(NOW)
    assert house.scorer.models.active == SHIPPED
    assert house.scorer.models.shadow == learnt.weights
    with pytest.raises(ModelStateError, match="先对照"):
        await models.promote(info.model_id, SYSTEM, NOW)

    order_no = await house.order(description="后天开庭")
    await house.matcher.receive(order_no, NOW)
    (row,) = await house.outcomes(order_no)
    assert json.loads(row.terms_json)[f"{SHADOW}{info.model_id}"] in (0.0, 1.0)

    found = await models.compare(info.model_id, NOW)
    assert found.orders >= LEAST_COMPARED and found.same_choice.whole == found.orders
    assert found.expected_active is not None and found.expected_shadow is not None
    assert found.expected_shadow >= found.expected_active
    await models.promote(info.model_id, SYSTEM, NOW)
    await house.matcher.refresh(NOW)
    assert house.scorer.models.active == learnt.weights
    assert house.scorer.models.shadow is None
    await models.roll_back(SYSTEM, NOW)
    await house.matcher.refresh(NOW)
    assert house.scorer.models.active.values == SHIPPED.values
    states = {one.model_id: one.state for one in await models.models()}
    assert states == {info.model_id: "retired", FIRST_MODEL: "active"}
    actions = await house.db.read(
        lambda s: [r.action for r in s.query(AuditRow).where(AuditRow.action.like("match%"))]  # type: ignore[attr-defined]
    )
    assert actions == ["match_model.learnt", "match_model.promoted", "match_model.promoted"]
    assert (await AuditLog.of(settings, house.db, ring).verify()).ok


async def test_what_the_shadow_would_have_done_is_held_against_what_happened(
    house: House, models: ModelDesk
) -> None:
    await house.db.write(lambda session: fill(session, 600))
    model_id = (await models.learn(SYSTEM, NOW)).weights.model_id
    key = f"{SHADOW}{model_id}"

    def see(session: Session) -> None:
        for number, (same, good) in enumerate([(1, 1), (1, 1), (1, 0), (0, 1), (0, 0)], 700):
            session.add(an_order(number))
            session.flush()
            session.add(
                an_outcome(number, reopened=not good, terms_json=json.dumps({key: float(same)}))
            )

    await house.db.write(see)
    found = await models.compare(model_id, NOW)
    assert (found.seen, found.good_when_same.part, found.good_when_same.whole) == (5, 2, 3)
    assert (found.good_when_different.part, found.good_when_different.whole) == (1, 2)


async def test_unknown_models_and_models_in_the_wrong_state(
    house: House, models: ModelDesk
) -> None:
    with pytest.raises(ModelNotFoundError):
        await models.promote("m-none", SYSTEM, NOW)
    await models.roll_back(SYSTEM, NOW)
    with pytest.raises(ModelStateError):
        await models.compare(FIRST_MODEL, NOW)


async def test_only_what_is_over_teaches(house: House) -> None:
    terms = json.dumps(dict.fromkeys(NAMES, 0.5))

    def work(session: Session) -> None:
        for number, columns in enumerate(
            (
                {},
                {"reopened": None, "returned_at": NOW, "resolved_at": None},
                {"reopened": None, "resolved_at": None},
                {"reopened": None},
                {"model_id": "by-hand", "terms_json": "{}"},
                {"reopened": True},
            )
        ):
            session.add(an_order(number))
            session.flush()
            session.add(an_outcome(number, **{"terms_json": terms, **columns}))

    await house.db.write(work)
    found = await house.db.read(read_outcomes)
    assert [one.good for one in found] == [True, False, False]


async def test_results_of_the_last_year_count_for_person_and_institution(house: House) -> None:
    def work(session: Session) -> None:
        for number, columns in enumerate(
            (
                {"satisfaction": 5},
                {"satisfaction": 2, "accepted_in_time": False},
                {"returned_at": NOW, "resolved_at": None, "person_id": "p2"},
                {"reopened": True, "person_id": "p2"},
                {"at": NOW - timedelta(days=400)},
            )
        ):
            session.add(an_order(number))
            session.flush()
            session.add(an_outcome(number, **columns))

    await house.db.write(work)
    results = await house.db.read(lambda session: read_results(session, NOW))
    one, other, all_ = results.people["p1"], results.people["p2"], results.institutions[AID]
    assert (one.accepted, one.resolved, one.satisfaction) == ((1, 2), (2, 2), (1, 2))
    assert (other.accepted, other.resolved, other.satisfaction) == ((2, 2), (0, 2), (0, 0))
    assert (all_.accepted, all_.resolved, all_.satisfaction) == ((3, 4), (2, 4), (1, 2))


async def test_evaluation_by_service_post_institution_and_person(house: House) -> None:
    def work(session: Session) -> None:
        rows: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
            ({}, {"satisfaction": 5}),
            ({}, {"satisfaction": 1, "resolved_in_time": False}),
            ({"service_type": "notary"}, {"reopened": True, "person_id": "p2"}),
            ({}, {"returned_at": NOW, "resolved_at": None, "person_id": "p2", "reopened": None}),
            (
                {"state": "in_progress", "closed_at": None, "assigned_at": NOW},
                {"at": NOW, "resolved_at": None, "reopened": None, "resolved_in_time": None,
                 "institution": DESK, "person_id": None},
            ),
            ({}, {}),
        )  # fmt: skip
        for number, (order, outcome) in enumerate(rows):
            session.add(an_order(number, **order))
            session.flush()
            session.add(an_outcome(number, **outcome))
        session.add(RatingRow(order_no=f"{5:014d}", round=0, level=3, terminal="web", at=NOW))

    await house.db.write(work)
    look = Evaluation(house.db)

    async def lines(what: By, **more: Any) -> dict[str, Any]:
        return {x.key: x for x in await look.by(what, START, NOW + timedelta(days=1), **more)}

    people = await lines(By.PERSON)
    one, other = people["p1"], people["p2"]
    assert (one.given, one.satisfaction.part, one.satisfaction.whole) == (3, 2, 3)
    assert (one.on_time.part, one.on_time.whole, one.survey.value) == (2, 3, 1.0)
    assert (other.given, other.returned.part, other.first_try.part) == (2, 1, 0)
    assert (other.reopened.part, other.reopened.whole, other.satisfaction.value) == (1, 1, None)
    low, high = one.satisfaction.interval or (0, 0)
    assert low < 2 / 3 < high and one.satisfaction.small
    places = await lines(By.INSTITUTION)
    assert (places[DESK].load, places[DESK].given, places[AID].load) == (1, 1, 0)
    services = await lines(By.SERVICE)
    assert services["notary"].name == "公证" and services["legal_aid"].given == 5
    posts = await lines(By.POST)
    assert (posts["handler"].given, posts["handler"].name, posts[""].given) == (5, "办理人员", 1)
    assert set(await lines(By.INSTITUTION, institutions=[DESK])) == {DESK}
    assert await look.by(By.PERSON, NOW + timedelta(days=1), NOW + timedelta(days=2)) == []
