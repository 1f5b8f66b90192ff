"""A repeat of the same trouble is added to the open order, whole; nothing else is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from deskkit import AID, ANNA, BOSS, NOW, TRIAGE, add_people, changed_orders, count, rows_of
from hubkit import an_intake
from sqlalchemy.orm import Session

from dispatch.errors import IdempotencyConflictError, IntakeError
from dispatch.hub.outgoing import Outgoing
from dispatch.intake import IntakeDesk, Merging
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.life.rows import open_note
from dispatch.progress import Progress
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.tables import OrderEventRow, OrderRow, OutboxRow
from hotline.domain.codes import OrderState, ServiceType, Terminal, Urgency
from hotline.domain.orders import Intake, OrderView
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
FIRST = "老板姓赵，欠了我们七个人四个月的工钱，一直不给。"
AGAIN = "赵老板还是没给我们工钱，七个人四个月了，家里等着用钱。"


@pytest.fixture
def desk(db: Database, ring: KeyRing) -> OrderDesk:
    db.write_now(add_people)
    return OrderDesk(db, ring, allowed, Effects(outbox=Outgoing(ring, "hotline-12348")))


@pytest.fixture
def filed() -> list[OrderView]:
    return []


@pytest.fixture
def intake(db: Database, ring: KeyRing, desk: OrderDesk, filed: list[OrderView]) -> IntakeDesk:
    return IntakeDesk(
        db, ring, "hotline-12348", desk=desk, merging=Merging(), on_filed=filed.append
    )


def again(**changed: Any) -> Intake:
    return an_intake(**{"terminal": Terminal.WEB, "description": AGAIN, **changed})


async def test_a_repeat_is_added_and_says_why(
    db: Database, ring: KeyRing, intake: IntakeDesk, filed: list[OrderView]
) -> None:
    first = await intake.receive(an_intake(description=FIRST), NOW)
    later = NOW + timedelta(days=3)
    repeat = again(contact_phone="13866667777", extra={"同伴": "七个工友"}, call_id="CALL7")
    view = await intake.receive(repeat, later)
    assert (view.order_no, view.merged, view.duplicate) == (first.order_no, True, True)
    rules = {reason.rule for reason in view.reasons}
    assert rules == {"party", "days", "likeness"}
    assert filed == [first]
    found = await rows_of(db, first.order_no)
    assert [event["step"] for event in found["events"]] == ["received", "supplemented"]
    assert [message["kind"] for message in found["outbox"]] == [
        *("order.received", "order.supplement")
    ]

    def read(session: Session) -> dict[str, str]:
        event = session.get_one(OrderEventRow, found["events"][1]["id"])
        return open_note(order_key(ring, session.get_one(OrderRow, first.order_no)), event)

    kept = await db.read(read)
    assert kept["note"] == AGAIN
    assert kept["contact"] == "联系电话：13866667777\n同伴：七个工友"
    shown = repr(found)
    assert "家里等着" not in shown and "13866667777" not in shown and "工友" not in shown
    assert '"call_id":"CALL7"' in found["events"][1]["fields_json"]
    assert await changed_orders(db, ring) == []


async def test_the_same_repeat_again_is_merged_once(db: Database, intake: IntakeDesk) -> None:
    first = await intake.receive(an_intake(description=FIRST), NOW)
    repeat = again()
    for _ in range(3):
        view = await intake.receive(repeat, NOW)
        assert (view.order_no, view.merged) == (first.order_no, True)
        assert [reason.rule for reason in view.reasons] == ["party", "days", "likeness"]
    assert await count(db, OrderEventRow) == 2
    with pytest.raises(IdempotencyConflictError):
        await intake.receive(
            an_intake(
                terminal=Terminal.WEB, description="别的", idempotency_key=repeat.idempotency_key
            ),
            NOW,
        )


@pytest.mark.parametrize(
    ("changed", "related"),
    [
        ({"topic": "debt"}, True),
        ({"region": "340207"}, True),
        ({"description": "我女儿在幼儿园被别的小朋友抓伤了脸，幼儿园不管。"}, True),
        ({"service_type": ServiceType.COMPLAINT}, True),
        ({"contact_name": "李秀英"}, False),
        ({"contact_phone": "13800001111", "caller_number": None}, False),
        ({"contact_phone": None, "caller_number": None}, False),
    ],
)
async def test_what_is_not_the_same_is_filed_anew(
    db: Database, intake: IntakeDesk, changed: dict[str, Any], related: bool
) -> None:
    first = await intake.receive(an_intake(description=FIRST), NOW)
    view = await intake.receive(again(**changed), NOW + timedelta(days=1))
    assert view.order_no != first.order_no
    assert not view.merged
    assert view.related == ((first.order_no,) if related else ())
    assert await count(db, OrderRow) == 2


async def test_only_an_open_order_takes_a_repeat(
    db: Database, desk: OrderDesk, intake: IntakeDesk
) -> None:
    first = await intake.receive(an_intake(description=FIRST), NOW)
    number = first.order_no
    await desk.step(number, "triaged", SYSTEM, TRIAGE, NOW)
    await desk.step(number, "assigned", BOSS, {"institution": AID, "handler": "anna"}, NOW)
    await desk.step(number, "accepted", ANNA, {}, NOW)
    assert (await intake.receive(again(), NOW)).merged
    await desk.step(number, "resolved", ANNA, {"result": "已付清"}, NOW)
    second = await intake.receive(again(), NOW)
    assert not second.merged
    assert second.related == (number,)
    late = await intake.receive(again(), NOW + timedelta(days=45))
    assert not late.merged


async def test_an_emergency_is_never_merged_away(db: Database, intake: IntakeDesk) -> None:
    first = await intake.receive(an_intake(description=FIRST), NOW)
    for _ in range(2):
        view = await intake.receive(
            again(urgency=Urgency.EMERGENCY, emergency="confinement", confidential=True), NOW
        )
        assert (view.merged, view.urgency) == (True, Urgency.EMERGENCY)
    found = await rows_of(db, first.order_no)
    steps = [event["step"] for event in found["events"]]
    assert steps == ["received", *("supplemented", "raised") * 2]
    order = found["order"]
    assert (order["urgency"], order["emergency"], order["confidential"]) == (
        *("emergency", "confinement", True),
    )
    calm = await intake.receive(again(), NOW)
    assert calm.merged
    order = (await rows_of(db, first.order_no))["order"]
    assert (order["urgency"], order["confidential"]) == ("emergency", True)


async def test_two_repeats_at_once_are_one_order(db: Database, intake: IntakeDesk) -> None:
    intakes = [again() if number % 2 else an_intake(description=FIRST) for number in range(12)]
    views = await asyncio.gather(*(intake.receive(one, NOW) for one in intakes))
    assert len({view.order_no for view in views}) == 1
    assert sum(view.merged for view in views) == 11
    events = (await rows_of(db, views[0].order_no))["events"]
    assert [event["seq"] for event in events] == list(range(1, 13))


async def test_without_merging_every_demand_is_filed(
    db: Database, ring: KeyRing, desk: OrderDesk
) -> None:
    plain = IntakeDesk(db, ring, "hotline-12348", desk=desk)
    assert (await plain.receive(an_intake(), NOW)) != (await plain.receive(an_intake(), NOW))
    assert await count(db, OrderRow) == 2


async def test_a_draft_is_kept_as_typed_and_becomes_the_order(
    db: Database, ring: KeyRing, intake: IntakeDesk, desk: OrderDesk
) -> None:
    typed = an_intake(
        terminal=Terminal.PHONE_AGENT, title="", description="", topic="", contact_phone="139555"
    )
    draft = await intake.save_draft(typed, NOW)
    assert draft.state is OrderState.DRAFT
    assert await count(db, OutboxRow) == 0
    key = {"terminal": Terminal.PHONE_AGENT, "idempotency_key": typed.idempotency_key}
    more = await intake.save_draft(an_intake(**key, description="欠薪"), NOW)
    assert (more.order_no, more.version) == (draft.order_no, 2)
    detail = await desk.detail(draft.order_no, BOSS, NOW)
    assert (detail.description, detail.contact_phone) == ("欠薪", "13955512345")
    with pytest.raises(IntakeError):
        await intake.receive(an_intake(**key, description=""), NOW)
    view = await intake.receive(an_intake(**key, description=FIRST), NOW)
    assert (view.order_no, view.state) == (draft.order_no, OrderState.RECEIVED)
    again_view = await intake.receive(an_intake(**key, description=FIRST), NOW)
    assert again_view.duplicate
    with pytest.raises(IdempotencyConflictError):
        await intake.save_draft(typed, NOW)
    found = await rows_of(db, draft.order_no)
    assert [event["step"] for event in found["events"]] == ["drafted", "drafted", "received"]
    assert [message["seq"] for message in found["outbox"]] == [1]
    assert await changed_orders(db, ring) == []
    assert (await Progress(db, ring).latest_of_phone("13955512345"))[0].order_no == view.order_no


async def test_a_draft_that_repeats_an_order_is_withdrawn(
    db: Database, ring: KeyRing, intake: IntakeDesk
) -> None:
    first = await intake.receive(an_intake(description=FIRST), NOW)
    typed = again()
    draft = await intake.save_draft(typed, NOW)
    for _ in range(2):
        view = await intake.receive(typed, NOW)
        assert (view.order_no, view.merged) == (first.order_no, True)
    assert (await rows_of(db, draft.order_no))["order"]["state"] == "withdrawn"
    assert await changed_orders(db, ring) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("idempotency_key", ""),
        ("description", "坏字符\x00"),
        ("title", "长" * 121),
        ("topic", "x" * 41),
        ("contact_phone", "1" * 61),
        ("extra", {"a": "x" * 5_000, "b": "x" * 5_000}),
    ],
)
async def test_what_no_draft_can_hold_is_refused(
    intake: IntakeDesk, field: str, value: Any
) -> None:
    with pytest.raises(IntakeError) as caught:
        await intake.save_draft(an_intake(**{field: value}), NOW)
    assert caught.value.field == field
