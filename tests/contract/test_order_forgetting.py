"""Erasure, retention and rotation reach all that hangs on an order. Over both databases."""

from datetime import timedelta
from typing import Any

import pytest
from deskkit import AID, ANNA, BOSS, NOW, PHONE, TRIAGE, add_people, changed_orders, rows_of
from hubkit import an_intake
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from dispatch.hub.outgoing import Outgoing
from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.life.rows import open_note
from dispatch.records import order_place
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.erase import erase_person
from hotline.db.order_tables import (
    CallbackRow,
    InboxRow,
    NoticeRow,
    OfferRow,
    OptOutRow,
    OrderClockRow,
    OutcomeRow,
    RatingRow,
)
from hotline.db.rekey import finish_rotation, rotate_keys
from hotline.db.retention import purge
from hotline.db.tables import OrderEventRow, OrderRow, OutboxRow
from hotline.privacy import KeyRing
from hotline.settings import Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
HANGING: tuple[Any, ...] = (
    *(OrderEventRow, OutboxRow, OrderClockRow, OfferRow, OutcomeRow, CallbackRow, NoticeRow),
    *(RatingRow, InboxRow),
)
SECRET = "当事人说老赵又躲起来了"


@pytest.fixture
def desk(db: Database, ring: KeyRing) -> OrderDesk:
    db.write_now(lambda session: add_people(session, ring=ring))
    return OrderDesk(db, ring, allowed, Effects(outbox=Outgoing(ring, "hotline-12348")))


async def a_whole_order(db: Database, ring: KeyRing, desk: OrderDesk, **changed: Any) -> str:
    """An order being worked on, with a row in every table that hangs on it."""
    intake = IntakeDesk(db, ring, "hotline-12348", desk=desk)
    number = (await intake.receive(an_intake(**changed), NOW)).order_no
    await desk.step(number, "triaged", SYSTEM, TRIAGE, NOW)
    until = NOW + timedelta(hours=2)
    await desk.step(number, "offered", SYSTEM, {"people": ["anna"], "until": until}, NOW)
    await desk.step(number, "claimed", ANNA, {}, NOW)
    await desk.step(number, "noted", ANNA, {"note": SECRET}, NOW)

    def work(session: Session) -> None:
        key = order_key(ring, session.get_one(OrderRow, number))

        def sealed(name: str) -> bytes | None:
            return key.seal_text(SECRET, order_place(name, number))

        common = {"order_no": number}
        for state in ("open", "done"):
            session.add(
                CallbackRow(
                    **common,
                    kind="callback",
                    reason="asked",
                    due_at=NOW,
                    next_at=NOW,
                    state=state,
                    note_enc=sealed("callback"),
                    created_at=NOW,
                )
            )
        for state in ("pending", "sent"):
            session.add(
                NoticeRow(
                    **common,
                    key=f"{number}-{state}",
                    template="received",
                    body_enc=sealed("notice"),
                    state=state,
                    next_at=NOW,
                    created_at=NOW,
                )
            )
        session.add(
            RatingRow(
                **common, round=0, level=2, terminal="web", comment_enc=sealed("rating"), at=NOW
            )
        )
        session.add(OrderClockRow(**common, clock="feedback", started_at=NOW, due_at=NOW))
        session.add(
            OutcomeRow(
                **common, institution=AID, mode="offer", model_id="m", score=1, assigned_at=NOW
            )
        )
        session.add(
            InboxRow(
                **common, key=number, seq=1, kind="x", body_hash="h", result="applied",
                received_at=NOW,
            )
        )  # fmt: skip
        phone = ring.index("phone", PHONE)
        if session.get(OptOutRow, phone) is None:
            session.add(OptOutRow(phone_hash=phone, at=NOW))

    await db.write(work)
    return number


async def all_of(db: Database, table: Any, order_no: str) -> list[dict[str, Any]]:
    query = select(table).where(col(table.order_no) == order_no)
    return await db.read(lambda session: [row.model_dump() for row in session.scalars(query)])


async def test_erasure_takes_every_text_and_calls_off_ringing_and_writing(
    db: Database, ring: KeyRing, settings: Settings, desk: OrderDesk
) -> None:
    mine = await a_whole_order(db, ring, desk)
    other = await a_whole_order(
        db, ring, desk, contact_phone="13800001111", caller_number="13800001111"
    )
    kept = {table: await all_of(db, table, other) for table in HANGING}
    report = await erase_person(db, ring, settings, phone=PHONE, actor="dpo", now=NOW)
    assert report.orders == 1
    for table in HANGING:
        for row in await all_of(db, table, mine):
            sealed = {name for name, value in row.items() if name.endswith("_enc") and value}
            assert not sealed, (table, sealed)
        assert await all_of(db, table, other) == kept[table]
    assert {row["state"] for row in await all_of(db, CallbackRow, mine)} == {"cancelled", "done"}
    assert {row["state"] for row in await all_of(db, NoticeRow, mine)} == {"suppressed", "sent"}
    assert [row["level"] for row in await all_of(db, RatingRow, mine)] == [2]
    assert {row["state"] for row in await all_of(db, OutboxRow, mine)} == {"cancelled"}
    assert await db.read(lambda s: s.scalar(select(func.count()).select_from(OptOutRow))) == 0
    assert await changed_orders(db, ring) == []


async def test_no_table_with_sealed_columns_of_an_order_is_forgotten() -> None:
    """A new table that hangs on an order must be taught to ``hotline.db.erase_order``."""
    from hotline.db.tables import Table

    hanging = {
        table.name
        for table in Table.metadata.sorted_tables
        for constraint in table.foreign_keys
        if constraint.column.table.name == "orders"
    }
    known: set[str] = {str(table.__tablename__) for table in HANGING}
    assert hanging <= known
    assert issubclass(OrderRow, SQLModel)


async def test_retention_deletes_an_ended_order_whole_and_no_open_one(
    db: Database, ring: KeyRing, settings: Settings, desk: OrderDesk
) -> None:
    ended = await a_whole_order(db, ring, desk)
    still_open = await a_whole_order(db, ring, desk)
    await desk.step(ended, "resolved", ANNA, {"result": "好了"}, NOW)
    await desk.step(ended, "closed", BOSS, {"reason": "resolved"}, NOW)
    sent = update(OutboxRow).values(state="sent", body_enc=None)
    await db.write(lambda session: session.execute(sent) and None)
    late = NOW + timedelta(days=settings.privacy.keep_orders_days + 1)
    report = await purge(db, ring, settings, late)
    assert report.orders == 1
    for table in (*HANGING, OrderRow):
        assert await all_of(db, table, ended) == []
    assert len((await rows_of(db, still_open))["events"]) == 5


async def test_texts_of_an_order_stay_readable_when_keys_are_rotated(
    db: Database, ring: KeyRing, settings: Settings, desk: OrderDesk
) -> None:
    number = await a_whole_order(db, ring, desk)
    rotate_keys(db, ring, "sm4-gcm")
    settings.recordings_dir.mkdir(parents=True, exist_ok=True)
    await finish_rotation(db, ring, settings.recordings_dir)
    assert set(ring.fingerprints()) == {"d2"}

    def read(session: Session) -> tuple[dict[str, str], list[str | None]]:
        key = order_key(ring, session.get_one(OrderRow, number))
        noted = col(OrderEventRow.step) == "noted"
        event = session.scalars(select(OrderEventRow).where(noted)).one()
        texts = [
            key.open_text(row.note_enc, order_place("callback", number))
            for row in session.scalars(select(CallbackRow))
        ]
        return open_note(key, event), texts

    note, texts = await db.read(read)
    assert note == {"note": SECRET}
    assert texts == [SECRET, SECRET]
    await desk.step(number, "resolved", ANNA, {"result": "付清"}, NOW)
    assert await changed_orders(db, ring) == []


async def test_orders_from_before_steps_had_links_are_still_checked(
    db: Database, ring: KeyRing, desk: OrderDesk
) -> None:
    """As revision 0001 wrote them: one link over what was received, none over the event."""
    from hotline.db.audit_log import append
    from hotline.db.digests import order_digest, step_subject

    intake = IntakeDesk(db, ring, "hotline-12348", desk=desk)
    number = (await intake.receive(an_intake(), NOW)).order_no

    def age(session: Session) -> None:
        session.execute(text("UPDATE order_events SET content = NULL"))
        subject = step_subject(number, 1)
        session.execute(text("DELETE FROM audit WHERE subject = :s"), {"s": subject})
        row = session.get_one(OrderRow, number)
        append(
            session,
            ring,
            actor="terminal:phone_bot",
            action="order.received",
            subject=number,
            digest=order_digest(ring, row),
            at=NOW,
        )

    await db.write(age)
    assert await changed_orders(db, ring) == []
    await desk.step(number, "triaged", SYSTEM, {**TRIAGE, "urgency": "normal"}, NOW)
    assert await changed_orders(db, ring) == []
    change = text("UPDATE orders SET title = 'x'")
    await db.write(lambda session: session.execute(change) and None)
    assert await changed_orders(db, ring) == [number]
