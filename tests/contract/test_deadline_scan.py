"""Clocks and their scan with the real desk, over both databases: each card once, none lost."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from deskkit import AID, ANNA, BOSS, NOW, TRIAGE, add_people, rows_of
from hubkit import an_intake
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.clocks.policy import Policy, Running
from dispatch.clocks.rows import ClockRoom, clocks_of
from dispatch.clocks.scan import LATER, DeadlineScanner
from dispatch.errors import StepError
from dispatch.hub.outgoing import Outgoing
from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects, Steps
from dispatch.numbers import is_order_no
from hotline.accounts.rights import allowed
from hotline.calendar import CHINA, china_calendar
from hotline.db import Database
from hotline.db.audit_content import changed_records
from hotline.db.order_tables import OrderClockRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.events import Event
from hotline.domain.order_codes import Clock
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import DeadlineSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
PLAIN = {**TRIAGE, "urgency": "normal"}
POLICY = Policy(DeadlineSettings(), china_calendar())


def china(text: str) -> datetime:
    """NOW is Thursday 2026-03-05, 10:00 in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def ears(heard: list[Event]) -> list[Callable[[Event], None]]:
    """Who is told of every step, in the database's thread."""
    return [heard.append]


@pytest.fixture
def desk(db: Database, ring: KeyRing, ears: list[Callable[[Event], None]]) -> OrderDesk:
    db.write_now(add_people)
    effects = Effects(clocks=ClockRoom(POLICY), outbox=Outgoing(ring, "hotline-12348"))

    def publish(event: Event) -> None:
        for ear in ears:
            ear(event)

    return OrderDesk(db, ring, allowed, effects, publish=publish)


@pytest.fixture
def intake(db: Database, ring: KeyRing, desk: OrderDesk) -> IntakeDesk:
    return IntakeDesk(db, ring, "hotline-12348", desk=desk)


def scanner(db: Database, desk: OrderDesk, **more: Any) -> DeadlineScanner:
    return DeadlineScanner(db, POLICY, desk, **{"clock": lambda: datetime.now(UTC), **more})


async def an_assigned(desk: OrderDesk, intake: IntakeDesk, **changed: Any) -> str:
    """An order Anna is at work on since Thursday 10:00."""
    view = await intake.receive(an_intake(), NOW)
    for step, actor, fields in (
        ("triaged", SYSTEM, {**PLAIN, **changed}),
        ("assigned", BOSS, {"institution": AID, "handler": "anna"}),
        ("accepted", ANNA, {}),
    ):
        await desk.step(view.order_no, step, actor, fields, NOW)
    return view.order_no


async def clocks(db: Database, order_no: str) -> dict[Clock, Running]:
    found = await db.read(lambda session: clocks_of(session, order_no))
    return {clock.clock: clock for clock in found}


async def order(db: Database, order_no: str) -> OrderRow:
    return await db.read(lambda session: session.get_one(OrderRow, order_no))


async def given(db: Database, order_no: str) -> list[str]:
    """Cards and escalations an order has had, in sequence."""
    events = (await rows_of(db, order_no))["events"]
    return [e["step"] + e["fields_json"] for e in events if e["step"] in ("carded", "escalated")]


async def changed_orders(db: Database, ring: KeyRing) -> list[str]:
    """Orders that differ from what was audited."""
    return [name for name in await changed_records(db, ring) if is_order_no(name)]


async def test_steps_start_and_stop_clocks_and_the_order_shows_them(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = (await intake.receive(an_intake(), NOW)).order_no
    assert list(await clocks(db, number)) == [Clock.TRIAGE]
    assert (await order(db, number)).due_at is None
    await desk.step(number, "triaged", SYSTEM, PLAIN, NOW)
    assert (await clocks(db, number))[Clock.DISPATCH].due_at == china("2026-03-06 17:30")
    await desk.step(number, "assigned", BOSS, {"institution": AID}, NOW)
    found = await clocks(db, number)
    assert set(found) == {Clock.ACCEPT, Clock.RETURN, Clock.FEEDBACK}
    assert found[Clock.RETURN].due_at == china("2026-03-09 17:30")
    assert (await order(db, number)).due_at == china("2026-03-12 17:30")
    await desk.step(number, "accepted", ANNA, {}, NOW)
    await desk.step(number, "resolved", ANNA, {"result": "已付清"}, NOW)
    assert set(await clocks(db, number)) == {Clock.FOLLOW_UP}
    assert (await order(db, number)).due_at is None


async def test_cards_and_escalations_come_once_each_whatever_the_clock_does(
    db: Database, desk: OrderDesk, intake: IntakeDesk, ring: KeyRing, heard: list[Event]
) -> None:
    number = await an_assigned(desk, intake)
    looks = [
        ("2026-03-11 17:29", 0, 0),
        ("2026-03-11 17:30", 1, 1),
        ("2026-03-11 17:30", 0, 1),
        ("2026-03-05 09:00", 0, 1),  # set back
        ("2026-03-12 17:30", 1, 2),
        ("2026-03-11 17:30", 0, 2),  # set back, over the yellow card again
        ("2026-03-18 09:00", 2, 2),  # set forward, or a long stop: two escalations caught up
        ("2026-03-12 17:30", 0, 2),
        ("2027-03-12 17:30", 1, 2),
        ("2028-03-12 17:30", 0, 2),
    ]
    for moment, acts, card in looks:
        scanned = await scanner(db, desk).scan(china(moment))  # a new process each time
        assert (scanned.acts, (await order(db, number)).card) == (acts, card), moment
    assert await given(db, number) == [
        'carded{"clock":"feedback","card":"1"}',
        'carded{"clock":"feedback","card":"2"}',
        'escalated{"clock":"feedback","level":1}',
        'escalated{"clock":"feedback","level":2}',
        'escalated{"clock":"feedback","level":3}',
    ]
    assert [e.name for e in heard if e.name == "order.carded"] == ["order.carded"] * 2
    assert await changed_orders(db, ring) == []


async def test_the_scan_tells_when_to_come_back(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    assert (await scanner(db, desk).scan(NOW)).next_at is None
    await an_assigned(desk, intake)
    assert (await scanner(db, desk).scan(NOW)).next_at == china("2026-03-11 17:30")


async def test_waiting_for_the_party_stops_the_clock(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_assigned(desk, intake)
    monday = china("2026-03-09 17:30")
    await desk.step(number, "asked_for_more", ANNA, {"note": "缺合同"}, monday)
    waiting = await clocks(db, number)
    assert waiting[Clock.FEEDBACK].left_s == 3 * 7 * 3600
    assert (await order(db, number)).due_at is None
    assert (await scanner(db, desk).scan(china("2026-06-01 12:00"))).acts == 0
    back = china("2026-03-16 08:30")
    await desk.step(number, "supplemented", SYSTEM, {"note": "合同照片"}, back)
    row = await order(db, number)
    assert (row.state, row.due_at) == (OrderState.IN_PROGRESS, china("2026-03-18 17:30"))
    assert (await scanner(db, desk).scan(china("2026-03-17 17:30"))).acts == 1


async def test_an_extension_takes_the_card_back(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_assigned(desk, intake)
    await scanner(db, desk).scan(china("2026-03-11 18:00"))
    assert (await order(db, number)).card == 1
    asked, until = china("2026-03-12 09:00"), china("2026-03-20 17:30")
    why = {"reason": "waiting_material", "until": until.isoformat()}
    await desk.step(number, "extension_asked", ANNA, why, asked)
    await desk.step(number, "extension_granted", BOSS, {"until": until.isoformat()}, asked)
    row = await order(db, number)
    assert (row.card, row.due_at) == (0, until)
    assert (await scanner(db, desk).scan(china("2026-03-19 17:29"))).acts == 0
    assert (await scanner(db, desk).scan(china("2026-03-19 17:30"))).acts == 1


async def test_an_order_found_urgent_has_an_hour(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_assigned(desk, intake)
    night = china("2026-03-07 23:00")  # Saturday
    await desk.step(number, "raised", BOSS, {"urgency": "urgent"}, night)
    assert (await order(db, number)).due_at == night + timedelta(hours=1)
    assert (await scanner(db, desk).scan(night + timedelta(minutes=61))).acts == 1
    assert (await order(db, number)).card == 2


async def test_one_broken_order_does_not_stop_the_others(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    numbers = [await an_assigned(desk, intake) for _ in range(5)]

    def spoil(session: Session) -> None:
        session.get_one(OrderRow, numbers[2]).state = "nonsense"

    await db.write(spoil)
    late = china("2026-03-11 18:00")
    assert (await scanner(db, desk).scan(late)).acts == 4
    assert [(await order(db, n)).card for n in numbers] == [1, 1, 0, 1, 1]

    def mend(session: Session) -> None:
        session.get_one(OrderRow, numbers[2]).state = OrderState.IN_PROGRESS.value

    await db.write(mend)
    assert (await scanner(db, desk).scan(late)).acts == 0
    assert (await scanner(db, desk).scan(late + LATER)).acts == 1
    assert [(await order(db, n)).card for n in numbers] == [1] * 5


async def test_a_step_the_state_refuses_is_tried_later(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_assigned(desk, intake)

    def set_state(state: OrderState) -> Any:
        return lambda session: session.execute(
            update(OrderRow).where(col(OrderRow.order_no) == number).values(state=state.value)
        )

    await db.write(set_state(OrderState.ARCHIVED))
    late = china("2026-03-12 18:00")
    assert (await scanner(db, desk).scan(late)).acts == 0
    assert (await clocks(db, number))[Clock.FEEDBACK].level == 0
    await db.write(set_state(OrderState.IN_PROGRESS))
    assert (await scanner(db, desk).scan(late + LATER)).acts == 1
    assert (await order(db, number)).card == 2


class Assigning:
    """What matching does when nobody claims; ``refuse`` after the first step."""

    def __init__(self, refuse: bool = False) -> None:
        self.refuse = refuse

    def expired(
        self, session: Session, steps: Steps, order: OrderRow, clock: Clock, now: datetime
    ) -> None:
        steps.apply(session, order, "assigned", SYSTEM, {"institution": AID}, now)
        if self.refuse:
            raise StepError("no")


async def test_an_offer_nobody_claims_goes_on(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = (await intake.receive(an_intake(), NOW)).order_no
    await desk.step(number, "triaged", SYSTEM, PLAIN, NOW)
    until = NOW + timedelta(minutes=30)
    offer = {"people": ["anna", "ben"], "until": until.isoformat()}
    await desk.step(number, "offered", SYSTEM, offer, NOW)
    refused = await scanner(db, desk, expiry=Assigning(refuse=True)).scan(until)
    row = await order(db, number)
    assert (refused.acts, row.state, row.institution) == (0, OrderState.TRIAGED, None)
    assert (await scanner(db, desk).scan(until + LATER)).acts == 0  # nobody there to go on
    later = until + 2 * LATER
    assert (await scanner(db, desk, expiry=Assigning()).scan(later)).acts == 1
    row = await order(db, number)
    assert (row.state, row.institution) == (OrderState.ASSIGNED, AID)
    assert Clock.CLAIM not in await clocks(db, number)


async def test_two_due_clocks_of_an_order_where_one_ends_the_other(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    """The offer's end assigns the order, which stops the dispatch clock that is overdue too."""
    number = (await intake.receive(an_intake(), NOW)).order_no
    await desk.step(number, "triaged", SYSTEM, PLAIN, NOW)
    until = NOW + timedelta(minutes=30)
    offer = {"people": ["anna"], "until": until.isoformat()}
    await desk.step(number, "offered", SYSTEM, offer, NOW)
    scanned = await scanner(db, desk, expiry=Assigning()).scan(china("2026-04-01 09:00"))
    assert Clock.DISPATCH not in await clocks(db, number)
    assert scanned.next_at is not None
    assert (await given(db, number)) == []


async def test_two_processes_share_what_is_due(
    db: Database, desk: OrderDesk, intake: IntakeDesk, ring: KeyRing, settings: Settings
) -> None:
    numbers = [await an_assigned(desk, intake) for _ in range(24)]
    late = china("2026-03-12 18:00")
    with Database(settings) as other:
        effects = Effects(clocks=ClockRoom(POLICY), outbox=Outgoing(ring, "hotline-12348"))
        there = OrderDesk(other, ring, allowed, effects)
        both = [scanner(db, desk, batch=3), scanner(other, there, batch=3)]
        done = await asyncio.gather(*(one.scan(late) for one in both))
    assert sum(scanned.acts for scanned in done) == 24
    cards = Counter([card for number in numbers for card in await given(db, number)])
    assert cards == {'carded{"clock":"feedback","card":"2"}': 24}
    assert await changed_orders(db, ring) == []


async def test_orders_others_have_locked_are_passed_over(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    held, free = [await an_assigned(desk, intake) for _ in range(2)]
    late = china("2026-03-12 18:00")
    with Session(db.engine()) as session:
        session.execute(
            select(OrderRow).where(col(OrderRow.order_no) == held).with_for_update()
        ).all()
        scanned = await asyncio.wait_for(scanner(db, desk).scan(late), 10)
        assert (scanned.acts, (await order(db, free)).card) == (1, 2)
        assert scanned.next_at is not None
        assert scanned.next_at < late
    assert (await scanner(db, desk).scan(late)).acts == 1
    assert (await order(db, held)).card == 2


async def test_a_scan_killed_in_the_middle_goes_on_where_it_was(
    db: Database,
    desk: OrderDesk,
    intake: IntakeDesk,
    heard: list[Event],
    ears: list[Callable[[Event], None]],
) -> None:
    numbers = [await an_assigned(desk, intake) for _ in range(6)]
    loop, third = asyncio.get_running_loop(), asyncio.Event()

    def tell(event: Event) -> None:
        if [e.name for e in heard].count("order.carded") == 3:
            loop.call_soon_threadsafe(third.set)

    ears.append(tell)
    late = china("2026-03-11 18:00")
    task = asyncio.create_task(scanner(db, desk, batch=1).scan(late))
    await third.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await scanner(db, desk).scan(late)
    cards = [await given(db, number) for number in numbers]
    assert cards == [['carded{"clock":"feedback","card":"1"}']] * 6


async def test_the_loop_acts_when_something_is_due_and_ends_when_told(
    db: Database, desk: OrderDesk, intake: IntakeDesk, ears: list[Callable[[Event], None]]
) -> None:
    number = await an_assigned(desk, intake)
    loop, carded = asyncio.get_running_loop(), asyncio.Event()
    cards: list[str] = []

    def tell(event: Event) -> None:
        if event.name == "order.carded":
            cards.append(event.key)
            loop.call_soon_threadsafe(carded.set)

    ears.append(tell)
    soon = datetime.now(UTC) + timedelta(seconds=1)

    def set_due(session: Session) -> None:
        row = session.get_one(OrderClockRow, (number, Clock.FEEDBACK.value))
        row.due_at = row.next_at = soon
        row.warn_at = None

    await db.write(set_due)
    looping = scanner(db, desk, poll_s=60)
    task = asyncio.create_task(looping.run())
    await asyncio.wait_for(carded.wait(), 30)
    assert datetime.now(UTC) >= soon
    looping.stop()
    await asyncio.wait_for(task, 10)
    assert cards == [number]


async def test_a_clock_set_forward_by_mistake_gives_nobody_a_card(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_assigned(desk, intake)
    looked: list[int] = []
    walls: Sequence[tuple[datetime, float]] = [
        (NOW, 0.0),
        (NOW + timedelta(days=365), 10.0),  # set a year forward
        (NOW + timedelta(seconds=30), 30.0),  # put right
    ]

    def wall() -> datetime:
        return walls[min(len(looked), 2)][0]

    def running() -> float:
        looked.append(1)
        if len(looked) == 3:
            looping.stop()
        return walls[min(len(looked) - 1, 2)][1]

    looping = scanner(db, desk, clock=wall, running=running, poll_s=0.01)
    await asyncio.wait_for(looping.run(), 30)
    assert await given(db, number) == []
