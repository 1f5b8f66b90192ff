"""Orders: number, idempotency, one transaction, progress; over both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hubkit import NOW, an_intake
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dispatch.errors import (
    IdempotencyConflictError,
    IntakeError,
    NumbersExhaustedError,
    OrderNotFoundError,
)
from dispatch.intake import IntakeDesk
from dispatch.numbers import is_order_no
from dispatch.progress import Progress
from hotline.db import Database
from hotline.db.tables import AuditRow, OrderCounterRow, OrderEventRow, OrderRow, OutboxRow
from hotline.domain.codes import HubState, OrderState
from hotline.domain.orders import OrderView
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
TABLES = (OrderRow, OrderEventRow, OutboxRow, AuditRow)


@pytest.fixture
def desk(db: Database, ring: KeyRing) -> IntakeDesk:
    return IntakeDesk(db, ring, "hotline-12348")


@pytest.fixture
def progress(db: Database, ring: KeyRing) -> Progress:
    return Progress(db, ring)


async def counts(db: Database) -> list[int]:
    def work(session: Session) -> list[int]:
        return [session.scalar(select(func.count()).select_from(t)) or 0 for t in TABLES]

    return await db.read(work)


async def test_an_order_its_event_its_message_and_its_audit_come_together(
    db: Database, ring: KeyRing
) -> None:
    told: list[OrderView] = []
    desk = IntakeDesk(db, ring, "hotline-12348", on_filed=told.append)
    order = await desk.receive(an_intake(), NOW)
    assert is_order_no(order.order_no)
    assert order.order_no.startswith("2026030500001")
    assert (order.state, order.hub_state) == (OrderState.RECEIVED, HubState.PENDING)
    assert await counts(db) == [1, 1, 1, 1]
    assert told == [order]


async def test_the_same_key_is_the_same_order(db: Database, desk: IntakeDesk) -> None:
    intake = an_intake()
    first = await desk.receive(intake, NOW)
    again = await desk.receive(intake, NOW + timedelta(days=1))
    assert (again.order_no, again.duplicate, first.duplicate) == (first.order_no, True, False)
    assert await counts(db) == [1, 1, 1, 1]
    with pytest.raises(IdempotencyConflictError):
        await desk.receive(
            an_intake(idempotency_key=intake.idempotency_key, description="另一件事"), NOW
        )


async def test_a_hundred_at_once_have_a_hundred_numbers(db: Database, desk: IntakeDesk) -> None:
    intakes = [an_intake() for _ in range(50)]
    orders = await asyncio.gather(*(desk.receive(intake, NOW) for intake in intakes * 2))
    assert len({order.order_no for order in orders}) == 50
    assert sum(order.duplicate for order in orders) == 50
    assert await counts(db) == [50, 50, 50, 50]


async def test_a_refused_document_leaves_nothing(db: Database, desk: IntakeDesk) -> None:
    with pytest.raises(IntakeError) as caught:
        await desk.receive(an_intake(topic="nonsense"), NOW)
    assert caught.value.field == "topic"
    assert await counts(db) == [0, 0, 0, 0]


async def test_a_failure_half_way_leaves_nothing(
    db: Database, desk: IntakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("power")

    monkeypatch.setattr("hotline.db.audit_log.append", fail)
    with pytest.raises(RuntimeError, match="power"):
        await desk.receive(an_intake(), NOW)
    assert await counts(db) == [0, 0, 0, 0]


async def test_numbers_begin_anew_each_day_in_china_and_end_at_99999(
    db: Database, desk: IntakeDesk
) -> None:
    first = await desk.receive(an_intake(), datetime(2026, 3, 5, 15, 59, tzinfo=UTC))
    second = await desk.receive(an_intake(), datetime(2026, 3, 5, 16, 1, tzinfo=UTC))
    assert [order.order_no[:13] for order in (first, second)] == ["2026030500001", "2026030600001"]

    def fill(session: Session) -> None:
        session.get_one(OrderCounterRow, "20260306").last = 99_999

    await db.write(fill)
    with pytest.raises(NumbersExhaustedError):
        await desk.receive(an_intake(), datetime(2026, 3, 5, 16, 2, tzinfo=UTC))


async def test_nothing_personal_is_readable_in_the_tables(db: Database, desk: IntakeDesk) -> None:
    intake = an_intake(extra={"住址": "合肥市蜀山区长江西路88号"})
    await desk.receive(intake, NOW)

    def dump(session: Session) -> str:
        names = ("orders", "order_events", "outbox", "audit")
        rows = [session.execute(text(f"SELECT * FROM {name}")).all() for name in names]
        return repr(rows)

    shown = await db.read(dump)
    for secret in ("13955512345", "孙大勇", "工钱", "长江西路", "去年十月"):
        assert secret not in shown
        assert repr(secret.encode())[2:-1] not in shown


async def test_progress_by_number_and_by_phone_with_check_digits(
    desk: IntakeDesk, progress: Progress
) -> None:
    order = await desk.receive(an_intake(contact_phone="0551-62881234"), NOW)
    other = await desk.receive(an_intake(), NOW + timedelta(minutes=1))
    spaced = f" {order.order_no[:8]} {order.order_no[8:]} "
    assert await progress.by_number(spaced) == order
    tail = order.order_no[-4:]
    for phone in ("13955512345", "+86 139-5551-2345", "055162881234"):
        assert await progress.by_phone(phone, tail) == order
    assert (await progress.by_phone("13955512345", other.order_no[-4:])) == other
    latest = await progress.latest_of_phone("13955512345")
    assert latest == [other, order]


@pytest.mark.parametrize(
    "number", ["", "123", "20260305000020", "abc", "２０２６０３０５００００２０"]
)
async def test_a_number_that_cannot_be_right_is_told_from_an_unknown_one(
    progress: Progress, number: str
) -> None:
    with pytest.raises(OrderNotFoundError, match="14位"):
        await progress.by_number(number)
    with pytest.raises(OrderNotFoundError, match="没有这个编号"):
        await progress.by_number("20260305000024")


@pytest.mark.parametrize("tail", ["", "%", "____", "12", "12345", "一二三四"])
async def test_check_digits_cannot_be_got_round(
    desk: IntakeDesk, progress: Progress, tail: str
) -> None:
    await desk.receive(an_intake(), NOW)
    with pytest.raises(OrderNotFoundError):
        await progress.by_phone("13955512345", tail)
