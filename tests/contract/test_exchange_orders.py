"""Demands in and orders out, over both databases."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from exchange_kit import OPERATOR, lines, read_lines, sheet
from hubkit import an_intake
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from sqlmodel import col

from dispatch.intake import IntakeDesk
from dispatch.intake_files import FileReceiver
from hotline.db import Database
from hotline.db.tables import AuditRow, OrderRow
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant
from hotline.domain.standard import code_tables
from hotline.exchange.ask import Ask
from hotline.exchange.errors import ImportRefusedError
from hotline.exchange.exporting import Exporter
from hotline.exchange.fields import INTAKES, ORDERS
from hotline.exchange.importing import ImportReport, import_file
from hotline.exchange.intakes import IntakesTarget
from hotline.exchange.standard import written
from hotline.knowledge.load import load_region_names
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
REGIONS = load_region_names()
TABLES = code_tables(REGIONS)
SECRETS = ("孙大勇", "13955512345", "老板姓赵")


@pytest.fixture
def desk(db: Database, ring: KeyRing) -> IntakeDesk:
    return IntakeDesk(db, ring, "hotline-12348")


async def bring(
    desk: IntakeDesk, db: Database, ring: KeyRing, path: Path, actor: Actor = OPERATOR
) -> ImportReport:
    target = IntakesTarget(FileReceiver(desk, db, ring), actor, NOW)
    return await import_file(path, target, TABLES)


def a_row(**changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "idempotency_key": "12345-001",
        "terminal": "other_hotline",
        "service_type": "legal_aid",
        "act": "apply",
        "topic": "wages",
        "title": "拖欠工资，合肥市肥西县",
        "description": "老板姓赵，欠了四个月工钱",
        "contact_name": "孙大勇",
        "contact_phone": "139-5551-2345",
        "region": "340123",
        "extra": {"id_number": "11010519491231002X"},
    }
    return {**row, **changed}


async def filed(db: Database) -> int:
    return await db.read(lambda s: s.scalar(select(func.count()).select_from(OrderRow)) or 0)


async def test_demands_come_in_once(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    path = lines(tmp_path / "i.jsonl", a_row(), a_row(idempotency_key="12345-002", region=None))
    assert await bring(desk, db, ring, path) == ImportReport(2, 2, 0, 0)
    assert await bring(desk, db, ring, path) == ImportReport(2, 0, 0, 2)
    assert await filed(db) == 2
    schema = json.loads(next(s.text for s in written(REGIONS) if s.path.name == "intake.json"))
    for row in read_lines(path):
        jsonschema.validate(row, schema)


async def test_a_sheet_of_demands_comes_in(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    heads = [field.label for field in INTAKES.fields if field.name in a_row()]
    row = [a_row(extra="id_number=11010519491231002X")[field.name] for field in INTAKES.fields
           if field.name in a_row()]  # fmt: skip
    path = sheet(tmp_path / "i.xlsx", heads, row, name="诉求登记")
    assert (await bring(desk, db, ring, path)).created == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"topic": "cooking"}, "事项 topic：“cooking”不是已定义的代码"),
        ({"title": ""}, "标题 title：不能为空"),
        ({"contact_phone": "打我手机"}, "联系电话 contact_phone：不是电话号码"),
        ({"extra": {"id_number": "1"}}, "附加项 extra：extra.id_number"),
        ({"region": "990000"}, "行政区划 region："),
        ({"idempotency_key": "有空格 的"}, "登记编号 idempotency_key："),
    ],
)
async def test_one_wrong_demand_keeps_all_out(
    desk: IntakeDesk,
    db: Database,
    ring: KeyRing,
    tmp_path: Path,
    changed: dict[str, Any],
    told: str,
) -> None:
    path = lines(tmp_path / "i.jsonl", a_row(idempotency_key="ok"), a_row(**changed))
    with pytest.raises(ImportRefusedError) as caught:
        await bring(desk, db, ring, path)
    [problem] = caught.value.problems
    assert problem.row == 2
    assert told.rpartition("：")[2] in problem.mend or told in problem.mend
    assert await filed(db) == 0


async def test_a_number_used_for_another_demand_is_told_before_anything_is_filed(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    await bring(desk, db, ring, lines(tmp_path / "a.jsonl", a_row()))
    other = lines(tmp_path / "b.jsonl", a_row(idempotency_key="new"), a_row(description="另一件事"))
    with pytest.raises(ImportRefusedError) as caught:
        await bring(desk, db, ring, other)
    assert caught.value.problems[0].row == 2
    assert "已用于另一件诉求" in caught.value.problems[0].mend
    assert await filed(db) == 1


async def test_who_may_not_file_imports_nothing(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    agent = Actor("person:a", (Grant(Role.AGENT, region="340200"),))
    with pytest.raises(ImportRefusedError, match="1处错误"):
        await bring(desk, db, ring, lines(tmp_path / "a.jsonl", a_row()), agent)
    assert await filed(db) == 0


async def export(db: Database, ring: KeyRing, path: Path, actor: Actor, **asked: Any) -> int:
    return await Exporter(db, ring, TABLES).export(ORDERS, path, Ask(actor, NOW, **asked))


async def test_orders_go_out_masked_unless_revealed_and_that_is_audited(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    await desk.receive(an_intake(), NOW)
    path = tmp_path / "o.jsonl"
    assert await export(db, ring, path, OPERATOR) == 1
    masked = path.read_text(encoding="utf-8")
    assert not any(secret in masked for secret in SECRETS)
    assert "139****2345" in masked
    schema = json.loads(next(s.text for s in written(REGIONS) if s.path.name == "order-row.json"))
    jsonschema.validate(read_lines(path)[0], schema)
    await export(db, ring, path, OPERATOR, reveal=True)
    whole = path.read_text(encoding="utf-8")
    assert all(secret in whole for secret in SECRETS)
    query = select(col(AuditRow.action)).where(col(AuditRow.action) == "export.revealed")
    assert len(await db.read(lambda s: s.scalars(query).all())) == 1


async def test_rights_decide_row_by_row(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    hefei = await desk.receive(an_intake(region="340123"), NOW)
    wuhu = await desk.receive(an_intake(region="340200"), NOW)
    secret = await desk.receive(an_intake(region="340123", confidential=True), NOW)
    path = tmp_path / "o.jsonl"

    async def seen(actor: Actor) -> dict[str, dict[str, Any]]:
        await export(db, ring, path, actor, reveal=True)
        return {row["order_no"]: row for row in read_lines(path)}

    agent = await seen(Actor("person:a", (Grant(Role.AGENT, region="340100"),)))
    assert set(agent) == {hefei.order_no, secret.order_no}
    assert agent[hefei.order_no]["contact_name"] == "孙大勇"
    hidden = agent[secret.order_no]
    assert {hidden[name] for name in ("title", "topic", "act", "description", "contact_phone")} == {
        None
    }
    reviewer = await seen(Actor("person:r", (Grant(Role.REVIEWER),)))
    assert set(reviewer) == {hefei.order_no, wuhu.order_no, secret.order_no}
    assert reviewer[hefei.order_no]["contact_name"] == "孙*"
    boss = await seen(Actor("person:m", (Grant(Role.MANAGER, region="340100"),)))
    assert boss[secret.order_no]["contact_name"] == "孙大勇"
    assert await seen(Actor("person:k", (Grant(Role.ADMINISTRATOR),))) == {}
    everything = frozenset({Right.READ})
    assert len(await seen(Actor("x", rights=everything))) == 3


async def test_many_orders_go_out_in_pages_and_by_time(
    desk: IntakeDesk, db: Database, ring: KeyRing, tmp_path: Path
) -> None:
    from hotline.exchange import orders

    for number in range(7):
        await desk.receive(an_intake(), NOW + timedelta(minutes=number // 3))
    pages = [page async for page in orders.order_pages(db, ring, Ask(OPERATOR, NOW), 2)]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert len({row["order_no"] for page in pages for row in page}) == 7
    path = tmp_path / "o.xlsx"
    since = NOW + timedelta(minutes=1)
    assert await export(db, ring, path, OPERATOR, since=since) == 4
    assert (
        await export(db, ring, path, OPERATOR, since=since, until=NOW + timedelta(minutes=2)) == 3
    )
    book = CalamineWorkbook.from_path(path)
    header, *rows = book.get_sheet_by_name("工单").to_python()
    assert header[0] == "工单编号 order_no"
    assert len(rows) == 3
    assert all(isinstance(row[0], str) and len(row[0]) == 14 for row in rows)
