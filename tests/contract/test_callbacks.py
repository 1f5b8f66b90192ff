"""People to ring: opened by steps, taken by one, results with what follows; both databases."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlmodel import col
from trackkit import (
    ANNA,
    BEN,
    BOSS,
    CARL,
    CLERK,
    DAY,
    HEFEI_CLERK,
    NOW,
    OTHER_CLERK,
    WUHU_CLERK,
    Rooms,
    make_rooms,
)

from dispatch.callbacks.errors import RingInputError, RingNotFoundError, RingTakenError
from dispatch.callbacks.push import RingPusher
from dispatch.callbacks.report import RingReport, Then
from dispatch.callbacks.rows import RingView, ring_policy
from dispatch.tracking.rating import Rating
from hotline.db import Database
from hotline.db.order_tables import CallbackRow
from hotline.db.tables import AuditRow
from hotline.domain.codes import OrderState, Satisfaction, Terminal, Urgency
from hotline.domain.events import Event
from hotline.domain.order_codes import CloseReason, RingKind, RingResult
from hotline.domain.people import Actor
from hotline.errors import SettingsError
from hotline.privacy import KeyRing
from hotline.settings_orders import CallbackSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NEXT_DAY = NOW + DAY
REACHED = RingReport(RingResult.REACHED)
NO_ANSWER = RingReport(RingResult.NO_ANSWER)


@pytest.fixture
def rooms(db: Database, ring: KeyRing) -> Rooms:
    return make_rooms(db, ring)


async def names(rooms: Rooms, actor: Actor, now: datetime = NOW, **more: Any) -> list[str]:
    """Orders on an actor's list."""
    return [view.order_no for view in await rooms.rings.due(actor, now, **more)]


async def the_ring(rooms: Rooms, order_no: str, actor: Actor = CLERK) -> RingView:
    """The order's one open entry."""
    found = await rooms.rings.due(actor, NOW, mine=False, all_open=True)
    [view] = [view for view in found if view.order_no == order_no]
    return view


async def report(
    rooms: Rooms, order_no: str, said: RingReport, actor: Actor = CLERK, now: datetime = NEXT_DAY
) -> RingView:
    """Take the order's entry and say what came of it."""
    ring = await the_ring(rooms, order_no, actor)
    await rooms.rings.take(ring.id, actor, now)
    return await rooms.rings.result(ring.id, actor, said, now)


async def state_of(rooms: Rooms, order_no: str) -> OrderState:
    return (await rooms.desk.view(order_no, BOSS)).state


async def test_whoever_asked_is_on_the_hotlines_list_then_on_the_handlers(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    assert await names(rooms, CLERK) == [order_no]
    assert await names(rooms, HEFEI_CLERK) == [order_no]
    assert await names(rooms, WUHU_CLERK) == []
    assert await names(rooms, ANNA) == []
    await rooms.desk.step(order_no, "assigned", BOSS, {"institution": "aid-340100"}, NOW)
    assert await names(rooms, ANNA) == await names(rooms, BEN) == [order_no]
    await rooms.desk.step(order_no, "accepted", ANNA, {}, NOW)
    assert await names(rooms, ANNA) == [order_no]
    assert await names(rooms, BEN) == await names(rooms, CARL) == await names(rooms, CLERK) == []
    assert await names(rooms, BOSS, mine=False) == [order_no], "a supervisor sees them all"


async def test_the_longest_overdue_come_first_and_later_ones_are_not_due(rooms: Rooms) -> None:
    later = await rooms.resolved()
    asked = await rooms.an_order(callback=True)
    urgent = await rooms.an_order(
        callback=True, urgency=Urgency.EMERGENCY, emergency="suicide", confidential=False
    )
    assert await names(rooms, CLERK) == [urgent, asked]
    assert await names(rooms, CLERK, all_open=True) == [urgent, asked, later]
    assert await names(rooms, CLERK, NEXT_DAY) == [urgent, asked, later]
    assert await names(rooms, CLERK, NEXT_DAY, kind=RingKind.FOLLOW_UP) == [later]
    assert await names(rooms, CLERK, NEXT_DAY, limit=1) == [urgent]
    [view, *_] = await rooms.rings.due(CLERK, NEXT_DAY)
    assert (view.overdue, view.urgent, view.reason) == (True, True, "emergency")
    assert await rooms.callbacks(urgent) == [
        ("callback", "asked", "cancelled"),
        ("callback", "emergency", "open"),
    ], "one call serves both"


async def test_a_long_list_is_read_to_its_end(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)

    def fill(session: Session) -> None:
        row = session.scalars(select(CallbackRow)).one()
        data = row.model_dump(exclude={"id"}) | {"kind": "follow_up", "person_id": "somebody"}
        session.add_all([CallbackRow(**{**data, "due_at": NOW - DAY}) for _ in range(450)])

    await rooms.db.write(fill)
    assert await names(rooms, CLERK) == [order_no]
    assert len(await names(rooms, CLERK, mine=False, limit=1000)) == 451


async def test_of_two_who_take_the_same_one_gets_it_until_the_lease_is_over(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    ring = await the_ring(rooms, order_no)
    clerks = [CLERK, OTHER_CLERK] * 4
    results = await asyncio.gather(
        *(rooms.rings.take(ring.id, clerk, NOW) for clerk in clerks), return_exceptions=True
    )
    won = [result for result in results if not isinstance(result, BaseException)]
    assert len(won) == 4, "the winner may ask again"
    assert len({result.ring.taken_by for result in won}) == 1
    assert all(
        isinstance(result, RingTakenError) for result in results if isinstance(result, Exception)
    )
    assert (won[0].phone, won[0].name) == ("13955512345", "孙大勇")
    assert "139" not in repr(won[0])
    assert await names(rooms, CLERK) == []
    loser = OTHER_CLERK if won[0].ring.taken_by == CLERK.id else CLERK
    with pytest.raises(RingTakenError):
        await rooms.rings.result(ring.id, loser, REACHED, NOW)
    lapsed = NOW + timedelta(seconds=901)
    assert (await rooms.rings.take(ring.id, loser, lapsed)).ring.taken_by == loser.id
    await rooms.rings.release(ring.id, loser, lapsed)
    assert await names(rooms, CLERK, lapsed) == [order_no]


async def test_only_those_within_reach_take_and_see_numbers(rooms: Rooms) -> None:
    order_no = await rooms.given(callback=True)
    ring = await the_ring(rooms, order_no, BOSS)
    for actor in (CARL, WUHU_CLERK):
        with pytest.raises(RingNotFoundError):
            await rooms.rings.take(ring.id, actor, NOW)
    with pytest.raises(RingNotFoundError):
        await rooms.rings.take(999_999, BOSS, NOW)
    assert (await rooms.rings.take(ring.id, ANNA, NOW)).phone == "13955512345"

    def actions(session: Session) -> list[str]:
        query = select(col(AuditRow.action)).where(col(AuditRow.action).like("callback.%"))
        return list(session.scalars(query))

    assert await rooms.db.read(actions) == ["callback.taken"]


async def test_a_confidential_order_is_rung_by_its_handler_or_by_right(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True, confidential=True)
    assert await names(rooms, CLERK) == []
    assert await names(rooms, BOSS) == [order_no]
    await rooms.desk.step(
        order_no, "assigned", BOSS, {"institution": "aid-340100", "handler": "anna"}, NOW
    )
    assert await names(rooms, ANNA) == [order_no]
    assert (await the_ring(rooms, order_no, ANNA)).topic == ""


async def test_the_handlers_institution_does_not_follow_up_on_itself(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    assert await names(rooms, CLERK, NEXT_DAY) == [order_no]
    assert await names(rooms, ANNA, NEXT_DAY, mine=False) == []
    assert await names(rooms, BEN, NEXT_DAY, mine=False) == []


async def test_waits_grow_until_the_party_is_given_up_and_told(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    now, waits = NOW, []
    for _ in range(3):
        view = await report(rooms, order_no, NO_ANSWER, now=now)
        waits.append(view.next_at - now)
        assert (view.state, view.result, view.taken_by) == ("open", "no_answer", None)
        now = view.next_at
    until_morning = timedelta(hours=12)  # eight hours end at 20:30, when the hours are over
    assert waits == [timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8) + until_morning]
    view = await report(rooms, order_no, NO_ANSWER, now=now)
    assert (view.state, view.tries) == ("given_up", 4)
    assert rooms.heard[-1].name == "callback.given_up"
    assert (await rooms.notices(order_no))[-1] == ("unreachable", "pending")
    with pytest.raises(RingTakenError, match="已结束"):
        await rooms.rings.take(view.id, CLERK, now)


async def test_a_wrong_number_is_given_up_at_once_and_not_written_to(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    view = await report(rooms, order_no, RingReport(RingResult.WRONG_NUMBER))
    assert (view.state, view.tries) == ("given_up", 1)
    assert "unreachable" not in [template for template, _ in await rooms.notices(order_no)]


async def test_another_time_agreed_is_kept(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    agreed = NEXT_DAY + timedelta(hours=9)
    view = await report(rooms, order_no, RingReport(RingResult.LATER, later=agreed))
    assert (view.state, view.next_at, view.tries) == ("open", agreed, 0)
    assert await names(rooms, CLERK, agreed - timedelta(seconds=1)) == []
    assert await names(rooms, CLERK, agreed) == [order_no]


async def test_notes_are_sealed_kept_and_shown_to_the_next_who_takes_it(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    await report(rooms, order_no, RingReport(RingResult.BUSY, "他老婆接的，说晚上再打"), now=NOW)
    ring = await the_ring(rooms, order_no)
    taken = await rooms.rings.take(ring.id, OTHER_CLERK, NEXT_DAY)
    assert [note["note"] for note in taken.notes] == ["他老婆接的，说晚上再打"]
    await rooms.rings.result(ring.id, OTHER_CLERK, REACHED, NEXT_DAY)

    def dump(session: Session) -> str:
        return repr(session.execute(text("SELECT * FROM callbacks")).all())

    found = await rooms.db.read(dump) + repr(rooms.heard)
    assert "老婆" not in found
    assert repr("老婆".encode())[2:-1] not in found


async def test_a_follow_up_rates_and_closes_in_one(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    said = RingReport(
        RingResult.REACHED,
        level=Satisfaction.SATISFIED,
        comment="谢谢",
        then=Then.CLOSE,
        close_reason=CloseReason.RESOLVED,
    )
    view = await report(rooms, order_no, said)
    assert (view.state, view.result) == ("done", "reached")
    assert await state_of(rooms, order_no) is OrderState.CLOSED
    [rating] = await rooms.ratings.of_order(order_no)
    assert (rating.level, rating.terminal) == (Satisfaction.SATISFIED, "phone_agent")
    assert await rooms.callbacks(order_no) == [("follow_up", "resolved", "done")]


async def test_who_is_dissatisfied_in_the_follow_up_is_not_rung_once_more(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    said = RingReport(
        RingResult.REACHED, "还差两千没给", level=Satisfaction.DISSATISFIED, then=Then.REOPEN
    )
    await report(rooms, order_no, said)
    assert await state_of(rooms, order_no) is OrderState.REOPENED
    assert await rooms.callbacks(order_no) == [
        ("follow_up", "resolved", "done"),
        ("follow_up", "dissatisfied", "cancelled"),
    ]


async def test_the_dissatisfied_take_the_place_of_the_sample(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    bad = Rating(Satisfaction.VERY_DISSATISFIED)
    await rooms.ratings.by_terminal(order_no, bad, Terminal.WEB, NOW)
    assert await rooms.callbacks(order_no) == [
        ("follow_up", "resolved", "cancelled"),
        ("follow_up", "dissatisfied", "open"),
    ]
    with pytest.raises(RingInputError) as caught:
        await report(rooms, order_no, RingReport(RingResult.REACHED, level=Satisfaction.FAIR))
    assert caught.value.field == "level"
    closing = RingReport(RingResult.REACHED, then=Then.CLOSE, close_reason=CloseReason.UNREASONABLE)
    await report(rooms, order_no, closing)
    assert await state_of(rooms, order_no) is OrderState.CLOSED


async def test_a_sampled_party_nobody_reaches_is_closed_a_dissatisfied_one_is_not(
    db: Database, ring: KeyRing
) -> None:
    rooms = make_rooms(db, ring, callbacks=CallbackSettings(sample=1.0, max_tries=1))
    plain, bad = await rooms.resolved(), await rooms.resolved()
    await rooms.ratings.by_terminal(bad, Rating(Satisfaction.DISSATISFIED), Terminal.WEB, NOW)
    for order_no in (plain, bad):
        await report(rooms, order_no, NO_ANSWER)
    assert await state_of(rooms, plain) is OrderState.CLOSED
    detail = await rooms.desk.detail(plain, BOSS, NOW)
    assert detail.close_reason == CloseReason.UNREACHABLE
    assert await state_of(rooms, bad) is OrderState.RESOLVED


async def test_a_result_and_its_steps_are_one(rooms: Rooms) -> None:
    """A step that is refused takes the result with it."""
    order_no = await rooms.resolved()
    ring = await the_ring(rooms, order_no)
    await rooms.rings.take(ring.id, CLERK, NEXT_DAY)
    await rooms.desk.step(order_no, "closed", BOSS, {"reason": "resolved"}, NEXT_DAY)
    await rooms.desk.step(order_no, "archived", BOSS, {}, NEXT_DAY)
    with pytest.raises(Exception, match="不能“重办”"):
        await rooms.rings.result(
            ring.id, CLERK, RingReport(RingResult.REACHED, then=Then.REOPEN), NEXT_DAY
        )
    assert (await rooms.callbacks(order_no))[0][2] == "open"
    assert [event.name for event in rooms.heard if event.name.startswith("callback.")] == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (RingReport(RingResult.LATER), "later"),
        (RingReport(RingResult.LATER, later=NOW), "later"),
        (RingReport(RingResult.REACHED, "长" * 2001), "note"),
        (RingReport(RingResult.REACHED, level=Satisfaction.FAIR), "level"),
        (RingReport(RingResult.REACHED, then=Then.CLOSE), "then"),
    ],
)
async def test_a_wrong_report_changes_nothing(rooms: Rooms, said: RingReport, field: str) -> None:
    order_no = await rooms.an_order(callback=True)
    with pytest.raises(RingInputError) as caught:
        await report(rooms, order_no, said)
    assert caught.value.field == field
    ring = await the_ring(rooms, order_no)
    assert (ring.tries, ring.result) == (0, None)


async def test_a_result_needs_that_one_has_taken_it(rooms: Rooms) -> None:
    ring = await the_ring(rooms, await rooms.an_order(callback=True))
    with pytest.raises(RingTakenError, match="先领取"):
        await rooms.rings.result(ring.id, CLERK, REACHED, NOW)


async def test_steps_take_people_off_the_list(rooms: Rooms) -> None:
    order_no = await rooms.an_order(callback=True)
    await rooms.desk.step(order_no, "asked_for_more", BOSS, {"note": "缺合同"}, NOW)
    await rooms.desk.step(order_no, "supplemented", CLERK, {"note": "有了"}, NOW)
    assert await rooms.callbacks(order_no) == [
        ("callback", "asked", "open"),
        ("callback", "more_information", "cancelled"),
    ]
    await rooms.desk.step(order_no, "withdrawn", CLERK, {}, NOW)
    assert ("callback", "asked", "cancelled") in await rooms.callbacks(order_no)
    assert await names(rooms, CLERK, mine=False) == []


async def test_what_is_due_is_pushed_once_and_again_after_a_wait(rooms: Rooms) -> None:
    asked, mine = await rooms.an_order(callback=True), await rooms.given(callback=True)
    told: list[Event] = []
    now = [NOW]
    pushers = [
        RingPusher(
            rooms.db,
            told.append,
            on_duty=lambda session, institution, region, at: ["clerk", "cora"],
            clock=lambda: now[0],
        )
        for _ in range(2)
    ]
    counts = await asyncio.gather(*(pusher.turn() for pusher in pushers))
    assert sum(counts) == 2
    assert [await pusher.turn() for pusher in pushers] == [0, 0]
    by_order = {event.key: event.data for event in told}
    assert {event.name for event in told} == {"callback.due"}
    assert (by_order[asked]["person"], by_order[asked]["on_duty"]) == (None, "clerk,cora")
    assert (by_order[mine]["person"], by_order[mine]["institution"]) == ("anna", "aid-340100")
    assert "139" not in repr(told)
    told.clear()
    view = await report(rooms, asked, NO_ANSWER, now=NOW)
    assert await pushers[0].turn() == 0
    now[0] = view.next_at
    assert await pushers[0].turn() == 1
    ring = await the_ring(rooms, asked)
    await rooms.rings.take(ring.id, CLERK, now[0])
    now[0] += timedelta(seconds=901)
    assert await pushers[0].turn() == 1, "who took it did nothing: the seats hear of it again"
    assert await pushers[0].turn() == 0


async def test_the_pusher_runs_until_it_is_stopped(rooms: Rooms) -> None:
    await rooms.an_order(callback=True)
    arrived = asyncio.Event()
    pusher = RingPusher(rooms.db, lambda event: arrived.set(), clock=lambda: NOW)
    running = asyncio.create_task(pusher.run())
    await asyncio.wait_for(arrived.wait(), 20)
    pusher.stop()
    await asyncio.wait_for(running, 20)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_hours_written_wrong_are_named(settings: object) -> None:
    with pytest.raises(SettingsError, match=r"callbacks\.hours"):
        ring_policy(CallbackSettings(hours="morning"))
