"""Steps in the database: all or nothing, once, one winner; over both databases."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deskkit import (
    AID,
    ANNA,
    BEN,
    BOSS,
    CLERK,
    NAME,
    NOW,
    PHONE,
    TRIAGE,
    WUHU,
    add_people,
    an_order,
    changed_orders,
    count,
    rows_of,
)
from hubkit import an_intake
from sqlalchemy import text
from sqlalchemy.orm import Session

from dispatch.errors import (
    AlreadyClaimedError,
    FieldWrongError,
    IdempotencyConflictError,
    OrderChangedError,
    OrderErasedError,
    OrderNotFoundError,
    StepError,
    StepForbiddenError,
)
from dispatch.hub.outgoing import Outgoing
from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.life.rows import open_note
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.audit_log import AuditLog
from hotline.db.digests import order_key
from hotline.db.erase import erase_person
from hotline.db.order_tables import OrderClockRow
from hotline.db.tables import AuditRow, OrderEventRow, OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.events import Event
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant
from hotline.privacy import KeyRing
from hotline.settings import Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def desk(db: Database, ring: KeyRing, heard: list[Event]) -> OrderDesk:
    db.write_now(add_people)
    effects = Effects(outbox=Outgoing(ring, "hotline-12348"))
    return OrderDesk(db, ring, allowed, effects, publish=heard.append)


@pytest.fixture
def intake(db: Database, ring: KeyRing, desk: OrderDesk) -> IntakeDesk:
    return IntakeDesk(db, ring, "hotline-12348", desk=desk)


async def test_a_life_leaves_events_links_and_messages_without_a_gap(
    db: Database, ring: KeyRing, desk: OrderDesk, intake: IntakeDesk, heard: list[Event]
) -> None:
    number = await an_order(db, desk, intake)
    for step, actor, fields in (
        ("assigned", BOSS, {"institution": AID, "handler": "anna", "note": "请今日联系"}),
        ("accepted", ANNA, {}),
        ("noted", ANNA, {"note": "电话没人接"}),
        ("resolved", ANNA, {"result": "工资已付清"}),
    ):
        view = await desk.step(number, step, actor, fields, NOW + timedelta(hours=1))
    assert (view.state, view.version, view.institution) == (OrderState.RESOLVED, 6, AID)
    found = await rows_of(db, number)
    assert [event["seq"] for event in found["events"]] == [1, 2, 3, 4, 5, 6]
    assert [message["seq"] for message in found["outbox"]] == [1, 2, 3, 4, 5]
    assert [message["kind"] for message in found["outbox"]] == [
        *("order.received", "order.updated", "order.dispatch", "order.accept", "order.feedback")
    ]
    assert found["links"] == [f"{number}/{seq}" for seq in range(1, 7)]
    assert await changed_orders(db, ring) == []
    assert [event.name for event in heard] == [
        *("order.received", "order.triaged", "order.assigned", "order.accepted"),
        *("order.noted", "order.resolved"),
    ]
    said = repr(heard) + repr([event["fields_json"] for event in found["events"]])
    for secret in (PHONE, NAME, "工钱", "今日联系", "付清", "没人接"):
        assert secret not in said
        assert secret.encode() not in repr(found).encode()

    def read(session: Session) -> list[dict[str, str]]:
        key = order_key(ring, session.get_one(OrderRow, number))
        events = [session.get_one(OrderEventRow, event["id"]) for event in found["events"]]
        return [open_note(key, event) for event in events]

    notes = await db.read(read)
    assert notes[2] == {"note": "请今日联系"}
    assert notes[5] == {"result": "工资已付清"}


async def test_a_refused_step_changes_nothing(
    db: Database, desk: OrderDesk, intake: IntakeDesk, heard: list[Event]
) -> None:
    number = await an_order(db, desk, intake)
    before, links = await rows_of(db, number), await count(db, AuditRow)
    for step, actor, fields, error in (
        ("assigned", CLERK, {"institution": AID}, StepForbiddenError),
        ("assigned", BOSS, {"institution": "nowhere"}, FieldWrongError),
        ("assigned", BOSS, {"institution": AID, "handler": "nobody"}, FieldWrongError),
        ("assigned", BOSS, {"institution": WUHU, "handler": "anna"}, FieldWrongError),
        ("offered", BOSS, {"people": ["nobody"], "until": NOW + timedelta(days=1)}, StepError),
        ("resolved", BOSS, {"result": "x"}, StepError),
        ("merged", BOSS, {"into": "20260305999990"}, FieldWrongError),
    ):
        with pytest.raises(error):
            await desk.step(number, step, actor, fields, NOW)
    assert await rows_of(db, number) == before
    assert await count(db, AuditRow) == links
    assert len(heard) == 2
    for wrong in ("20260305999990", "x", "'; DROP TABLE orders"):
        with pytest.raises(OrderNotFoundError):
            await desk.step(wrong, "noted", BOSS, {"note": "x"}, NOW)


async def test_a_room_that_fails_takes_the_whole_step_back(
    db: Database, ring: KeyRing, desk: OrderDesk, intake: IntakeDesk, heard: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    number = await an_order(db, desk, intake)
    before = await rows_of(db, number)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("power")

    for target in ("dispatch.hub.outgoing.message", "hotline.db.audit_log.append"):
        with monkeypatch.context() as patch:
            patch.setattr(target, fail)
            with pytest.raises(RuntimeError, match="power"):
                await desk.step(number, "assigned", BOSS, {"institution": AID}, NOW)
    assert await rows_of(db, number) == before
    assert [event.name for event in heard] == ["order.received", "order.triaged"]


async def test_the_same_key_is_the_same_step(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_order(db, desk, intake)
    fields = {"institution": AID}
    first = await desk.step(number, "assigned", BOSS, fields, NOW, key="k-1", version=2)
    await desk.step(number, "accepted", BEN, {}, NOW + timedelta(hours=1))
    again = await desk.step(number, "assigned", BOSS, fields, NOW, key="k-1", version=2)
    assert (again.state, again.version, again.updated_at) == (first.state, 3, first.updated_at)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert len((await rows_of(db, number))["events"]) == 4
    for step, actor, other in (
        ("assigned", BOSS, {"institution": WUHU}),
        ("noted", BOSS, {"note": "x"}),
        ("assigned", CLERK, fields),
    ):
        with pytest.raises(IdempotencyConflictError):
            await desk.step(number, step, actor, other, NOW, key="k-1")
    for key in ("", "with blank", "长", "x" * 121):
        with pytest.raises(FieldWrongError) as caught:
            await desk.step(number, "noted", BOSS, {"note": "x"}, NOW, key=key)
        assert caught.value.field == "idempotency_key"


async def test_two_steps_at_once_on_one_version_one_wins(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_order(db, desk, intake)
    steps = [
        desk.step(number, "assigned", BOSS, {"institution": code}, NOW, version=2)
        for code in (AID, WUHU) * 4
    ]
    results = await asyncio.gather(*steps, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == 7
    assert all(isinstance(error, OrderChangedError) for error in refused)
    assert [event["seq"] for event in (await rows_of(db, number))["events"]] == [1, 2, 3]


async def test_of_a_hundred_claims_one_wins_and_the_rest_know_it(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    names = [f"h{number}" for number in range(3, 103)]
    await db.write(lambda session: session.execute(text("DELETE FROM people")) and None)
    await db.write(lambda session: session.execute(text("DELETE FROM institutions")) and None)
    await db.write(lambda session: add_people(session, 102))
    number = await an_order(db, desk, intake)
    until = NOW + timedelta(hours=2)
    await desk.step(number, "offered", SYSTEM, {"people": names, "until": until}, NOW)
    grant = (Grant(Role.HANDLER, AID),)
    people = [Actor(f"person:{n}", grant, person_id=n, institution=AID) for n in names]
    results = await asyncio.gather(
        *(desk.step(number, "claimed", person, {}, NOW) for person in people),
        return_exceptions=True,
    )
    winners = [n for n, result in zip(names, results, strict=True) if not _failed(result)]
    lost = [result for result in results if _failed(result)]
    assert len(winners) == 1
    assert all(isinstance(result, AlreadyClaimedError) for result in lost)
    found = await rows_of(db, number)
    assert found["order"]["handler"] == winners[0]
    answers = {offer["person_id"]: offer["answer"] for offer in found["offers"]}
    assert answers.pop(winners[0]) == "claimed"
    assert set(answers.values()) == {"lost"}


def _failed(result: object) -> bool:
    return isinstance(result, BaseException)


async def test_an_offer_that_ran_out_cannot_be_claimed(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_order(db, desk, intake)
    fields = {"people": ["anna", "ben"], "until": NOW + timedelta(hours=2)}
    await desk.step(number, "offered", SYSTEM, fields, NOW)
    with pytest.raises(StepError, match="时限已过"):
        await desk.step(number, "claimed", ANNA, {}, NOW + timedelta(hours=3))
    await desk.step(number, "assigned", SYSTEM, {"institution": AID}, NOW + timedelta(hours=3))
    answers = {offer["answer"] for offer in (await rows_of(db, number))["offers"]}
    assert answers == {"expired"}


async def test_an_order_may_be_returned_while_its_clock_runs(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_order(db, desk, intake)
    await desk.step(number, "assigned", BOSS, {"institution": AID}, NOW)
    due = NOW + timedelta(days=2)

    def clock(session: Session) -> None:
        session.add(OrderClockRow(order_no=number, clock="return", started_at=NOW, due_at=due))

    await db.write(clock)
    fields = {"reason": "wrong_region", "note": "当事人住芜湖"}
    with pytest.raises(StepError) as late:
        await desk.step(number, "returned", ANNA, fields, due + timedelta(seconds=1))
    assert late.value.code == "return-too-late"
    view = await desk.step(number, "returned", ANNA, fields, due)
    assert (view.state, view.institution) == (OrderState.RETURNED, None)


async def test_a_merged_order_lives_on_in_the_other(
    db: Database, ring: KeyRing, desk: OrderDesk, intake: IntakeDesk
) -> None:
    first = await an_order(db, desk, intake)
    second = (
        await intake.receive(
            an_intake(
                contact_phone="13800001111",
                caller_number=None,
                description="我们在老赵那干活，四个月没发钱。",
                confidential=True,
                emergency="confinement",
            ),
            NOW,
        )
    ).order_no
    view = await desk.step(second, "merged", BOSS, {"into": first}, NOW)
    assert view.state is OrderState.MERGED
    found = await rows_of(db, first)
    assert [event["step"] for event in found["events"][-2:]] == ["supplemented", "raised"]
    order = found["order"]
    assert (order["confidential"], order["urgency"], order["emergency"]) == (
        *(True, "emergency", "confinement"),
    )

    def read(session: Session) -> dict[str, str]:
        event = session.get_one(OrderEventRow, found["events"][-2]["id"])
        return open_note(order_key(ring, session.get_one(OrderRow, first)), event)

    assert (await db.read(read))["note"] == "我们在老赵那干活，四个月没发钱。"
    with pytest.raises(StepError):
        await desk.step(first, "merged", BOSS, {"into": second}, NOW)
    assert await changed_orders(db, ring) == []


async def test_orders_merged_into_each_other_at_once_do_not_lock_crosswise(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    for _ in range(5):
        one = await an_order(db, desk, intake, contact_phone="13800001111", caller_number=None)
        two = await an_order(db, desk, intake, contact_phone="13800002222", caller_number=None)
        results = await asyncio.gather(
            desk.step(one, "merged", BOSS, {"into": two}, NOW),
            desk.step(two, "merged", BOSS, {"into": one}, NOW),
            return_exceptions=True,
        )
        refused = [result for result in results if _failed(result)]
        assert len(refused) == 1
        assert isinstance(refused[0], StepError)


async def test_who_sees_what(db: Database, desk: OrderDesk, intake: IntakeDesk) -> None:
    number = await an_order(db, desk, intake, extra={"住址": "长江西路88号"})
    await desk.step(number, "assigned", BOSS, {"institution": AID, "handler": "anna"}, NOW)
    links = await count(db, AuditRow)
    seen = await desk.detail(number, ANNA, NOW)
    assert (seen.revealed, seen.contact_name, seen.contact_phone) == (True, NAME, PHONE)
    assert seen.since == "去年十月"
    assert set(seen.steps) >= {"accepted", "returned"}
    assert await count(db, AuditRow) == links + 1, "seeing personal data is audited"
    reader = Actor("terminal:counter", rights=frozenset({Right.READ}))
    seen = await desk.detail(number, reader, NOW)
    assert (seen.revealed, seen.contact_name, seen.contact_phone) == (False, "孙*", "139****2345")
    assert "工钱" not in repr(seen) and "长江西路" not in repr(seen)
    with pytest.raises(StepForbiddenError):
        await desk.detail(number, Actor("person:x", person_id="x"), NOW)


async def test_a_confidential_order_is_hidden_from_those_without_the_right(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    number = await an_order(db, desk, intake, confidential=True, topic="domestic_violence")
    await desk.step(number, "assigned", BOSS, {"institution": AID, "handler": "anna"}, NOW)
    for actor in (CLERK, BEN):
        seen = await desk.detail(number, actor, NOW)
        assert seen.view.title == "保密工单"
        assert (seen.view.topic, seen.contact_phone, seen.description) == ("", None, None)
        assert seen.view.state is OrderState.ASSIGNED
        assert "wages" not in repr(seen) and "肥西" not in repr(seen)
        assert (await desk.view(number, actor)).title == "保密工单"
    for actor in (BOSS, ANNA):
        assert (await desk.detail(number, actor, NOW)).contact_phone == PHONE
        assert (await desk.view(number, actor)).topic == "domestic_violence"


async def test_audit_names_an_order_that_was_changed_behind_its_back(
    db: Database, ring: KeyRing, desk: OrderDesk, intake: IntakeDesk
) -> None:
    numbers = [
        await an_order(db, desk, intake, contact_phone=f"1380000000{i}", caller_number=None)
        for i in range(6)
    ]
    assert await changed_orders(db, ring) == []
    for number, change in zip(
        numbers,
        (
            "UPDATE orders SET state = 'closed' WHERE order_no = '{}'",
            "UPDATE orders SET handler = 'anna' WHERE order_no = '{}'",
            "UPDATE order_events SET actor = 'person:x' WHERE order_no = '{}' AND seq = 1",
            "DELETE FROM order_events WHERE order_no = '{}' AND seq = 2",
            "UPDATE order_events SET fields_json = '{{}}' WHERE order_no = '{}' AND seq = 2",
            "UPDATE order_events SET seq = 3 WHERE order_no = '{}' AND seq = 2",
        ),
        strict=True,
    ):
        statement = text(change.format(number))
        await db.write(lambda session, found=statement: session.execute(found) and None)
    assert await changed_orders(db, ring) == numbers


async def test_an_erased_partys_order_can_be_ended_and_the_chain_holds(
    db: Database, ring: KeyRing, settings: Settings, desk: OrderDesk, intake: IntakeDesk,
    tmp_path: Path,
) -> None:  # fmt: skip
    number = await an_order(db, desk, intake)
    await desk.step(number, "assigned", BOSS, {"institution": AID, "handler": "anna"}, NOW)
    await desk.step(number, "accepted", ANNA, {}, NOW)
    await erase_person(db, ring, settings, phone=PHONE, actor="dpo", now=NOW)
    with pytest.raises(OrderErasedError):
        await desk.step(number, "resolved", ANNA, {"result": "x"}, NOW)
    fields = {"reason": "party_withdrew", "note": "当事人要求删除信息"}
    view = await desk.step(number, "closed", BOSS, fields, NOW)
    assert view.state is OrderState.CLOSED
    found = await rows_of(db, number)
    assert all(event["note_enc"] is None for event in found["events"])
    assert (await AuditLog(db, ring, tmp_path / "anchor").verify()).ok
    detail = await desk.detail(number, BOSS, NOW)
    assert (detail.erased, detail.contact_phone) == (True, None)


async def test_events_of_a_rolled_back_savepoint_are_not_told(
    db: Database, desk: OrderDesk, intake: IntakeDesk, heard: list[Event]
) -> None:
    number = await an_order(db, desk, intake)
    heard.clear()

    def work(session: Session) -> None:
        row = desk.lock(session, number)
        savepoint = session.begin_nested()
        desk.apply(session, row, "urged", SYSTEM, {}, NOW)
        savepoint.rollback()
        session.expire_all()
        with session.begin_nested():
            desk.apply(session, desk.lock(session, number), "noted", SYSTEM, {"note": "x"}, NOW)
        assert heard == []

    await db.write(work)
    assert [event.name for event in heard] == ["order.noted"]
    found = await rows_of(db, number)
    assert found["links"] == [f"{number}/{seq}" for seq in (1, 2, 3)]
    assert TRIAGE["region"] == found["order"]["region"]
