"""Triage and matching as steps of an order's life, over both databases."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from matchkit import (
    AID,
    DESK,
    LINE,
    NOW,
    House,
    a_house,
    add_duty,
    add_person,
    handler,
)
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import AlreadyClaimedError, NotYourOrderError, OrderNotFoundError
from dispatch.matching.errors import OfferNotFoundError
from dispatch.matching.watch import MatchWatch
from dispatch.matching.weights import NAMES
from dispatch.triage import told
from hotline.bus import Bus
from hotline.db import Database
from hotline.db.order_tables import InstitutionRow, PersonRow
from hotline.db.tables import OrderEventRow
from hotline.domain.codes import OrderState, ServiceType
from hotline.domain.order_codes import Clock, MatchMode
from hotline.errors import HotlineError
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
LATER = NOW + timedelta(minutes=31)


@pytest.fixture
async def house(db: Database, ring: KeyRing) -> House:
    return await a_house(db, ring)


async def expire(house: House, order_no: str, now: datetime = LATER) -> None:
    """What the clocks do when nobody claimed it."""

    def work(session: Session) -> None:
        row = house.desk.lock(session, order_no)
        house.matcher.expired(session, house.desk, row, Clock.CLAIM, now)

    await house.db.write(work)


async def steps(house: House, order_no: str) -> list[str]:
    query = (
        select(col(OrderEventRow.step))
        .where(col(OrderEventRow.order_no) == order_no)
        .order_by(col(OrderEventRow.seq))
    )
    return await house.db.read(lambda session: list(session.scalars(query)))


async def test_a_received_order_is_triaged_and_offered_with_reasons(house: House) -> None:
    order_no = await house.order()
    match = await house.matcher.receive(order_no, NOW)
    assert match is not None and match.mode is MatchMode.OFFER
    row = await house.row(order_no)
    assert (row.state, row.mode, row.handling) == (OrderState.TRIAGED, "offer", "dispatch")
    assert set(await house.answers(order_no)) == {"p1", "p2", "p3"}
    rules = [reason["rule"] for reason in json.loads(row.reasons_json)]
    assert "一般事项" in rules and "匹配·公开认领" in rules
    assert "孙大勇" not in row.reasons_json and "老板" not in row.reasons_json
    assert await steps(house, order_no) == ["received", "triaged", "offered"]


async def test_called_twice_it_is_done_once(house: House) -> None:
    order_no = await house.order()
    await asyncio.gather(*(house.matcher.receive(order_no, NOW) for _ in range(4)))
    assert await steps(house, order_no) == ["received", "triaged", "offered"]
    assert await house.matcher.rematch(order_no, NOW) is None


async def test_a_hundred_claims_have_one_winner_and_ninety_nine_clear_answers(
    db: Database, ring: KeyRing
) -> None:
    house = await a_house(db, ring, people=100, offer_to=100)
    order_no = await house.order()
    await house.matcher.receive(order_no, NOW)
    claims = (house.matcher.claim(order_no, handler(f"p{n}"), NOW) for n in range(1, 101))
    answers = await asyncio.gather(*claims, return_exceptions=True)
    lost = [answer for answer in answers if isinstance(answer, AlreadyClaimedError)]
    won = [answer for answer in answers if not isinstance(answer, Exception)]
    assert (len(won), len(lost)) == (1, 99)
    assert {error.code for error in lost} == {"already-claimed"}
    row = await house.row(order_no)
    assert (row.state, row.institution) == (OrderState.IN_PROGRESS, AID)
    assert f"person:{row.handler}" == won[0].actor
    offers = await house.answers(order_no)
    assert offers.pop(row.handler or "") == "claimed"
    assert set(offers.values()) == {"lost"}
    (outcome,) = await house.outcomes(order_no)
    assert (outcome.person_id, outcome.mode) == (row.handler, "offer")
    assert (outcome.accepted_in_time, outcome.accepted_at) == (True, NOW)


async def test_only_those_asked_and_only_in_time_may_claim(db: Database, ring: KeyRing) -> None:
    house = await a_house(db, ring, people=4, offer_to=2)
    order_no = await house.order()
    await house.matcher.receive(order_no, NOW)
    with pytest.raises(NotYourOrderError):
        await house.matcher.claim(order_no, handler("p4"), NOW)
    with pytest.raises(NotYourOrderError):
        await house.matcher.claim(order_no, handler("p1"), LATER)
    await house.matcher.claim(order_no, handler("p2"), NOW + timedelta(minutes=29))
    assert (await house.row(order_no)).handler == "p2"


async def test_unclaimed_it_is_assigned_to_the_best_who_did_not_decline(house: House) -> None:
    order_no = await house.order()
    match = await house.matcher.receive(order_no, NOW)
    assert match is not None
    first, second = match.ranked[0].person_id, match.ranked[1].person_id
    assert await house.matcher.decline(order_no, first or "", NOW) is None
    with pytest.raises(OfferNotFoundError):
        await house.matcher.decline(order_no, first or "", NOW)
    await expire(house, order_no)
    row = await house.row(order_no)
    assert (row.state, row.handler, row.mode) == (OrderState.ASSIGNED, second, "assign")
    assert (await house.answers(order_no))[first or ""] == "declined"
    (outcome,) = await house.outcomes(order_no)
    assert outcome.person_id == second and outcome.accepted_at is None
    assert set(json.loads(outcome.terms_json)) == set(NAMES)
    assert outcome.score > 0.5
    await expire(house, order_no)
    assert len(await house.outcomes(order_no)) == 1


async def test_when_all_decline_the_desk_gets_it(house: House) -> None:
    order_no = await house.order()
    await house.matcher.receive(order_no, NOW)
    for person in ("p1", "p2", "p3"):
        await house.matcher.decline(order_no, person, NOW)
    row = await house.row(order_no)
    assert (row.state, row.institution, row.mode) == (OrderState.ASSIGNED, DESK, "desk")
    assert row.handler is None


async def test_an_urgent_order_is_assigned_at_once(house: House) -> None:
    order_no = await house.order(description="后天开庭，老板不给工资", act="apply")
    await house.matcher.receive(order_no, NOW)
    row = await house.row(order_no)
    assert (row.urgency, row.state, row.institution) == ("urgent", OrderState.ASSIGNED, AID)
    assert row.handler in ("p1", "p2", "p3")


async def test_at_night_an_emergency_goes_to_who_is_on_duty_else_to_the_desk(house: House) -> None:
    night = NOW + timedelta(hours=12)
    alone = await house.order(emergency="violence", topic="domestic_violence")
    await house.matcher.receive(alone, night)
    assert (await house.row(alone)).institution == DESK

    await house.db.write(lambda s: add_duty(s, "p2", night, night + timedelta(hours=8)))
    assert await house.matcher.refresh(night)
    order_no = await house.order(emergency="violence", topic="domestic_violence")
    await house.matcher.receive(order_no, night)
    row = await house.row(order_no)
    assert (row.handler, row.urgency) == ("p2", "emergency")


async def test_given_back_it_goes_to_somebody_else(house: House) -> None:
    order_no = await house.order(description="后天开庭")
    await house.matcher.receive(order_no, NOW)
    first = (await house.row(order_no)).handler or ""
    await house.step(order_no, "returned", handler(first), reason="not_ours", note="不归我们管")
    await house.matcher.rematch(order_no, NOW)
    row = await house.row(order_no)
    assert (row.state, row.institution) == (OrderState.ASSIGNED, DESK)
    mine, theirs = await house.outcomes(order_no)
    assert (mine.person_id, mine.returned_at) == (first, NOW)
    assert (theirs.institution, theirs.returned_at) == (DESK, None)


async def test_a_question_is_for_the_hotline_and_closed_when_answered_already(
    house: House,
) -> None:
    question = {"act": "ask", "service_type": "consultation", "description": "借条怎么写"}
    order_no = await house.order(**_codes(question))
    await house.matcher.receive(order_no, NOW)
    row = await house.row(order_no)
    assert (row.handling, row.institution, row.handler) == ("answer", LINE, "agent")
    done = await house.order(**_codes(question), extra={"answered": "yes"})
    assert await house.matcher.receive(done, NOW) is None
    closed = await house.row(done)
    assert (closed.state, closed.close_reason) == (OrderState.CLOSED, "answered")


def _codes(question: dict[str, str]) -> dict[str, object]:
    return {**question, "service_type": ServiceType(question["service_type"]), "topic": "debt"}


async def test_outcomes_follow_the_life_of_the_order(house: House) -> None:
    order_no = await house.order(description="后天开庭")
    await house.matcher.receive(order_no, NOW)
    person = (await house.row(order_no)).handler or ""
    me = handler(person)
    hand = house.scorer.board.situation(NOW, house.scorer.calendar).in_hand
    assert hand[house.scorer.board.directory.rows[person]] == 1
    await house.step(order_no, "accepted", me)
    await house.step(order_no, "carded", clock="feedback", card="2")
    await house.step(order_no, "resolved", me, result="已办理")
    assert house.scorer.board.situation(NOW, house.scorer.calendar).in_hand.sum() == 0
    await house.step(order_no, "rated", level="2")
    await house.step(order_no, "reopened")
    assert house.scorer.board.situation(NOW, house.scorer.calendar).in_hand.sum() == 1
    await house.step(order_no, "resolved", me, result="再次办理", now=LATER)
    await house.step(order_no, "rated", level="5")
    await house.step(order_no, "closed", reason="resolved")
    (row,) = await house.outcomes(order_no)
    assert (row.accepted_in_time, row.resolved_in_time) == (True, False)
    assert (row.resolved_at, row.reopened, row.satisfaction) == (NOW, True, 2)
    assert house.scorer.board.situation(NOW, house.scorer.calendar).in_hand.sum() == 0


async def test_a_late_acceptance_is_kept_as_late(house: House) -> None:
    order_no = await house.order(description="后天开庭")
    await house.matcher.receive(order_no, NOW)
    person = (await house.row(order_no)).handler or ""
    await house.step(order_no, "carded", clock="accept", card="2")
    await house.step(order_no, "accepted", handler(person), now=LATER)
    (row,) = await house.outcomes(order_no)
    assert (row.accepted_in_time, row.accepted_at) == (False, LATER)


async def test_what_is_taken_back_changes_no_count(house: House) -> None:
    order_no = await house.order(description="后天开庭")

    def work(session: Session) -> None:
        house.matcher.take_up(session, order_no, told("", "后天开庭"), NOW)
        raise RuntimeError("power")

    with pytest.raises(RuntimeError):
        await house.db.write(work)
    assert house.scorer.board.situation(NOW, house.scorer.calendar).in_hand.sum() == 0
    assert (await house.row(order_no)).state == OrderState.RECEIVED


async def test_the_directory_follows_people_and_counts_are_taken_from_the_tables(
    house: House,
) -> None:
    assert not await house.matcher.refresh(NOW)
    await house.db.write(lambda s: add_person(s, "new", AID, capacity=1))
    assert await house.matcher.refresh(NOW)
    assert "new" in house.scorer.board.directory.rows

    def leave(session: Session) -> None:
        row = session.get_one(PersonRow, "p1")
        row.active, row.updated_at = False, LATER

    await house.db.write(leave)
    assert await house.matcher.refresh(NOW)
    assert "p1" not in house.scorer.board.directory.rows
    order_no = await house.order(description="后天开庭")
    await house.matcher.receive(order_no, NOW)
    person = (await house.row(order_no)).handler or ""
    assert await house.matcher.refresh(NOW, force=True)
    situation = house.scorer.board.situation(NOW, house.scorer.calendar)
    row = house.scorer.board.directory.rows[person]
    assert (situation.in_hand[row], situation.idle_s[row]) == (1, 0)


async def test_sweeping_takes_up_what_nobody_did(house: House) -> None:
    received = [await house.order() for _ in range(5)]
    urgent = await house.order(description="后天开庭")
    await house.matcher.receive(urgent, NOW)
    person = (await house.row(urgent)).handler or ""
    await house.step(urgent, "returned", handler(person), reason="not_ours", note="不归我们管")
    assert await house.matcher.sweep(NOW) == 0
    assert await house.matcher.sweep(NOW + timedelta(minutes=1), page=2) == 6
    assert {(await house.row(one)).state for one in received} == {OrderState.TRIAGED}
    assert (await house.row(urgent)).institution == DESK
    assert await house.matcher.sweep(NOW + timedelta(minutes=2)) == 0


async def test_without_people_or_desks_it_waits_and_sweeping_ends(
    db: Database, ring: KeyRing
) -> None:
    house = await a_house(db, ring, people=0)

    def shut(session: Session) -> None:
        for row in session.scalars(select(InstitutionRow)):
            row.active, row.updated_at = False, LATER

    await db.write(shut)
    await house.matcher.refresh(NOW)
    order_no = await house.order()
    match = await house.matcher.receive(order_no, NOW)
    assert match is not None and match.ranked == ()
    assert (await house.row(order_no)).state == OrderState.TRIAGED
    assert await house.matcher.sweep(NOW + timedelta(minutes=1)) == 1


async def test_an_unknown_order_is_named(house: House) -> None:
    for call in (house.matcher.receive, house.matcher.rematch):
        with pytest.raises(OrderNotFoundError):
            await call("20260305999990", NOW)
    with pytest.raises(HotlineError):
        await house.matcher.claim("x", handler("p1"), NOW)


async def test_what_the_bus_tells_is_taken_up_and_what_it_did_not_tell_as_well(
    db: Database, ring: KeyRing
) -> None:
    bus, loop = Bus(), asyncio.get_running_loop()
    house = await a_house(
        db, ring, publish=lambda event: loop.call_soon_threadsafe(bus.publish, event)
    )
    offered = bus.subscribe("order.offered")
    untold = await house.order()
    watch = MatchWatch(house.matcher, bus, lambda: NOW + timedelta(minutes=1))
    running = asyncio.create_task(watch.run())
    try:
        async with asyncio.timeout(30):
            told_of = offered.__aiter__()
            assert (await anext(told_of)).key == untold
            new = await house.order()
            assert (await anext(told_of)).key == new
    finally:
        running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
