"""Institutions, people and duties in and out, over both databases."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from exchange_kit import OPERATOR, hidden_files, lines, read_lines, sheet
from python_calamine import CalamineWorkbook

from hotline.accounts.institutions import Institutions
from hotline.accounts.people import People
from hotline.accounts.records import Person
from hotline.db import Database
from hotline.domain.order_codes import InstitutionKind, Right, Role
from hotline.domain.people import Actor, Grant, Institution
from hotline.domain.standard import code_tables
from hotline.errors import HotlineError
from hotline.exchange.ask import Ask
from hotline.exchange.duties import DutiesTarget
from hotline.exchange.errors import FileError, ImportRefusedError
from hotline.exchange.exporting import Exporter
from hotline.exchange.fields import DUTIES, INSTITUTIONS, PEOPLE, Record
from hotline.exchange.importing import ImportReport, import_file
from hotline.exchange.standard import written
from hotline.exchange.targets import Desk, InstitutionsTarget, PeopleTarget
from hotline.knowledge.load import load_region_names
from hotline.privacy import KeyRing
from hotline.roster.store import Roster

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
REGIONS = load_region_names()
TABLES = code_tables(REGIONS)
HEAD = ("机构代码", "机构名称", "类型", "行政区划")
PEOPLE_HEAD = ("工号", "姓名", "电话", "所在机构", "角色")
DUTY_HEAD = ("工号", "机构代码", "开始", "结束")
SCHEMAS = {sheet.path.stem: sheet.text for sheet in written(REGIONS)}


class Bench:
    """Imports and exports against one database."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self.db, self.ring = db, ring
        self.institutions = Institutions(db, ring, REGIONS)
        self.people = People(db, ring, REGIONS)
        self.roster = Roster(db, ring)

    async def bring(self, record: Record, path: Path, actor: Actor = OPERATOR) -> ImportReport:
        made = {"institutions": InstitutionsTarget, "people": PeopleTarget, "duties": DutiesTarget}
        target = made[record.id](Desk(self.db, self.ring, REGIONS, actor, NOW))
        return await import_file(path, target, TABLES)  # type: ignore[type-var]

    async def refused(self, record: Record, path: Path, actor: Actor = OPERATOR) -> list[str]:
        with pytest.raises(ImportRefusedError) as caught:
            await self.bring(record, path, actor)
        return [str(problem) for problem in caught.value.problems]

    async def take(self, record: Record, path: Path, *, reveal: bool = True) -> int:
        ask = Ask(OPERATOR, NOW, reveal=reveal)
        return await Exporter(self.db, self.ring, TABLES).export(record, path, ask)


@pytest.fixture
async def bench(db: Database, ring: KeyRing) -> Bench:
    made = Bench(db, ring)
    kind = InstitutionKind.LEGAL_SERVICE_CENTRE
    for one in (
        Institution("hefei", "合肥中心", kind, "340100", hours=((1, "08:30", "12:00"),)),
        Institution("wuhu", "芜湖中心", kind, "340200", skills=frozenset({"wages", "notary"})),
    ):
        await made.institutions.save(one, actor="operator", now=NOW)
    grants = (Grant(Role.MANAGER, region="340100"), Grant(Role.HANDLER, "hefei"))
    for person in (
        Person("A1", "赵敏华", "055162881234", "hefei", grants=grants, capacity=7),
        Person("B2", "=cmd|' /C calc'!A0", "13955512345", "wuhu"),
    ):
        await made.people.save(person, actor="operator", now=NOW)
    return made


@pytest.mark.parametrize("kind", [".jsonl", ".xlsx"])
async def test_what_goes_out_comes_back_and_changes_nothing(
    bench: Bench, tmp_path: Path, kind: str
) -> None:
    duties = sheet(
        tmp_path / "d.xlsx", DUTY_HEAD, ("A1", "hefei", "2026-3-5 8:30", "2026-3-5 12:00")
    )
    assert (await bench.bring(DUTIES, duties)).created == 1
    for record, count in ((INSTITUTIONS, 2), (PEOPLE, 2), (DUTIES, 1)):
        path = tmp_path / f"{record.id}{kind}"
        assert await bench.take(record, path) == count
        assert path.stat().st_mode & 0o777 == 0o600
        assert await bench.bring(record, path) == ImportReport(count, 0, 0, count)
    assert hidden_files(tmp_path) == []


async def test_lines_keep_to_the_published_schemas(bench: Bench, tmp_path: Path) -> None:
    path = sheet(tmp_path / "d.xlsx", DUTY_HEAD, ("A1", "hefei", "2026-3-5 8:30", "2026-3-5 12:00"))
    await bench.bring(DUTIES, path)
    for record, name in ((INSTITUTIONS, "institution"), (PEOPLE, "person"), (DUTIES, "duty")):
        target = tmp_path / f"{record.id}.jsonl"
        await bench.take(record, target)
        schema = json.loads(SCHEMAS[name])
        rows = read_lines(target)
        assert rows
        for row in rows:
            jsonschema.validate(row, schema)


async def test_a_sheet_holds_texts_and_no_formulas(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    await bench.take(PEOPLE, path)
    with zipfile.ZipFile(path) as packed:
        page = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page
    book = CalamineWorkbook.from_path(path)
    header, first, second = book.get_sheet_by_name("人员").to_python()
    assert header[:3] == ["工号 staff_no", "姓名 name", "电话 phone"]
    assert first[2] == "055162881234", "a telephone number is a text and keeps its zero"
    assert second[1] == "=cmd|' /C calc'!A0"
    codes = book.get_sheet_by_name("代码表").to_python()
    assert ["角色", "role", "handler", "办理人员"] in codes


async def test_masked_people_do_not_come_back(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    await bench.take(PEOPLE, path, reveal=False)
    told = await bench.refused(PEOPLE, path)
    assert len(told) == 2
    assert told[0].startswith("工作表“人员” 第2行 姓名 name：是打码的姓名")
    assert (await bench.people.get("A1", reveal=True)).name == "赵敏华"


async def test_every_mistake_is_told_with_its_place_and_nothing_is_written(
    bench: Bench, tmp_path: Path
) -> None:
    path = sheet(
        tmp_path / "i.xlsx",
        HEAD,
        ("bozhou", "亳州中心", "legal_service_centre", 341600),
        ("Bad Code", "甲", "castle", "340199"),
        (),
        ("bozhou", "", "window", "亳州市"),
        name="机构",
    )
    assert await bench.refused(INSTITUTIONS, path) == [
        "工作表“机构” 第3行 类型 kind：“castle”不是已定义的代码，可填：bureau 司法局、"
        "legal_service_centre 公共法律服务中心、station 公共法律服务工作站、justice_office 司法所、"
        "legal_aid_centre 法律援助中心、mediation_committee 人民调解委员会、notary_office 公证处、"
        "appraisal_institute 司法鉴定机构 等，见代码表 institution_kind",
        "工作表“机构” 第3行 行政区划 region：“340199”不是已定义的代码，可填：340000 安徽省、"
        "340100 合肥市、340102 瑶海区、340103 庐阳区、340104 蜀山区、340111 包河区、340121 长丰县、"
        "340122 肥东县 等，见代码表 region",
        "工作表“机构” 第5行 机构名称 name：不能为空，请填写",
    ]
    assert len(await bench.institutions.listed()) == 2


async def test_rows_that_are_the_same_thing_twice_are_told(bench: Bench, tmp_path: Path) -> None:
    row = ("bozhou", "亳州中心", "window", "341600")
    told = await bench.refused(INSTITUTIONS, sheet(tmp_path / "i.xlsx", HEAD, row, row))
    assert told == ["工作表“表” 第3行 与前面的一行是同一条，请删去一行"]


async def test_columns_are_checked_first(bench: Bench, tmp_path: Path) -> None:
    path = sheet(tmp_path / "i.xlsx", ("机构代码", "颜色", "机构代码 code"), ("x", "红", "y"))
    told = await bench.refused(INSTITUTIONS, path)
    assert "没有“颜色”这一列" in told[0]
    assert "“机构代码 code”这一列有两个" in told[1]
    assert [mend for mend in told if "缺少" in mend] == [
        "工作表“表” 缺少“机构名称 name”这一列，请补上",
        "工作表“表” 缺少“类型 kind”这一列，请补上",
        "工作表“表” 缺少“行政区划 region”这一列，请补上",
    ]


async def test_at_most_a_hundred_mistakes_are_listed(bench: Bench, tmp_path: Path) -> None:
    rows = [{"code": f"x{number}", "name": "", "kind": "window"} for number in range(400)]
    with pytest.raises(ImportRefusedError, match="100处以上") as caught:
        await bench.bring(INSTITUTIONS, lines(tmp_path / "i.jsonl", *rows))
    assert (len(caught.value.problems), caught.value.more) == (100, True)


async def test_lines_that_are_no_json_are_told_by_number(bench: Bench, tmp_path: Path) -> None:
    good = {"code": "x", "name": "甲", "kind": "window", "region": "340100"}
    path = lines(
        tmp_path / "i.jsonl",
        good,
        "{",
        "",
        "[1]",
        '{"code": NaN}',
        {**good, "code": "y", "colour": "red"},
        "[" * 100_000,
    )
    told = await bench.refused(INSTITUTIONS, path)
    assert [problem.split(" ")[0] for problem in told] == [f"第{n}行" for n in (2, 4, 5, 6, 7)]
    assert "没有字段“colour”" in told[3]
    too_long = lines(tmp_path / "long.jsonl", good, {**good, "code": "y", "name": "长" * 400_000})
    assert "超过1048576字节" in (await bench.refused(INSTITUTIONS, too_long))[0]
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe{}\n")
    assert "JSON" in (await bench.refused(INSTITUTIONS, tmp_path / "bytes.jsonl"))[0]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("i.xlsx", b"no zip at all", "不是能打开的"),
        ("i.xlsx", b"", "不是能打开的"),
        ("i.pdf", b"", "文件类型"),
        ("i.csv", b"", "文件是空的"),
        ("i.csv", b"\x81\xff\xff", "文字编码"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(
    bench: Bench, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=told):
        await bench.bring(INSTITUTIONS, tmp_path / name)
    with pytest.raises(FileError, match="没有文件"):
        await bench.bring(INSTITUTIONS, tmp_path / "missing.xlsx")
    with pytest.raises(ImportRefusedError):
        await bench.bring(INSTITUTIONS, lines(tmp_path / "empty.jsonl"))


async def test_a_window_may_stand_before_what_it_belongs_to(bench: Bench, tmp_path: Path) -> None:
    head = (*HEAD, "上级机构")
    path = sheet(
        tmp_path / "i.xlsx",
        head,
        ("c.w1", "窗口", "window", "341600", "c"),
        ("c", "中心", "legal_service_centre", "341600"),
    )
    assert (await bench.bring(INSTITUTIONS, path)).created == 2
    assert (await bench.institutions.get("c.w1")).parent == "c"
    ring = sheet(
        tmp_path / "ring.xlsx",
        head,
        ("c", "中心", "legal_service_centre", "341600", "c.w1"),
        ("d", "另", "window", "341600", "nowhere"),
    )
    told = await bench.refused(INSTITUTIONS, ring)
    assert "绕成了圈" in told[0]
    assert "没有这个机构" in told[1]


async def test_columns_left_out_stay_and_empty_ones_are_cleared(
    bench: Bench, tmp_path: Path
) -> None:
    some = sheet(tmp_path / "p.xlsx", ("工号", "姓名"), ("A1", "赵敏"))
    assert (await bench.bring(PEOPLE, some)).changed == 1
    person = await bench.people.get("A1", reveal=True)
    assert (person.name, person.phone, person.capacity) == ("赵敏", "055162881234", 7)
    assert len(person.grants) == 2
    cleared = sheet(tmp_path / "q.xlsx", PEOPLE_HEAD, ("A1", "赵敏", None, "hefei", None))
    assert (await bench.bring(PEOPLE, cleared)).changed == 1
    person = await bench.people.get("A1", reveal=True)
    assert (person.phone, person.grants) == (None, ())


async def test_nobody_imports_rights_they_do_not_have(bench: Bench, tmp_path: Path) -> None:
    manager = Actor("person:m", (Grant(Role.MANAGER, region="340100"),))
    path = sheet(
        tmp_path / "p.xlsx",
        PEOPLE_HEAD,
        ("C3", "钱一", None, "hefei", "handler@340123"),
        ("C4", "钱二", None, "hefei", "administrator@*"),
        ("C5", "钱三", None, "wuhu", ""),
        ("B2", "钱四", None, "hefei", ""),
        ("C6", "钱五", None, "nowhere", ""),
    )
    told = await bench.refused(PEOPLE, path, manager)
    assert [problem.split(" ")[1] for problem in told] == ["第3行", "第4行", "第5行", "第6行"]
    assert "“系统管理员”" in told[0]
    handler = Actor("person:h", (Grant(Role.HANDLER),))
    one = sheet(tmp_path / "i.xlsx", HEAD, ("x", "甲", "window", "340100"))
    assert "没有管理这个机构或区域的权限" in (await bench.refused(INSTITUTIONS, one, handler))[0]
    theirs = sheet(tmp_path / "w.xlsx", HEAD, ("wuhu", "芜湖", "window", "340100"))
    assert await bench.refused(INSTITUTIONS, theirs, manager), "not even by moving it over first"
    duty = sheet(tmp_path / "d.xlsx", DUTY_HEAD, ("A1", "wuhu", "2026-3-5 8:30", "2026-3-5 12:00"))
    assert "权限" in (await bench.refused(DUTIES, duty, manager))[0]


async def test_a_roster_file_is_refused_row_by_row(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(
        (
            "工号,机构代码,开始,结束\r\n"
            "A1,hefei,2026/3/5 8:30,2026/3/5 12:00\r\n"
            "A1,hefei,2026/3/5 11:00,2026/3/5 14:00\r\n"
            "Z9,hefei,2026/3/5 8:30,2026/3/5 12:00\r\n"
            "B2,nowhere,2026/3/5 8:30,2026/3/5 12:00\r\n"
            "B2,wuhu,2026/3/5 12:00,2026/3/5 8:30\r\n"
        ).encode("gb18030")
    )
    told = await bench.refused(DUTIES, tmp_path / "d.csv")
    assert [problem.split(" ")[:2] for problem in told] == [
        ["第3行", "开始"],
        ["第4行", "工号"],
        ["第5行", "机构代码"],
        ["第6行", "结束"],
    ]


async def test_a_roster_file_is_checked_against_what_is_kept(bench: Bench, tmp_path: Path) -> None:
    first = sheet(
        tmp_path / "a.xlsx", DUTY_HEAD, ("A1", "hefei", "2026-3-5 8:30", "2026-3-5 12:00")
    )
    await bench.bring(DUTIES, first)
    clash = sheet(
        tmp_path / "b.xlsx", DUTY_HEAD, ("A1", "hefei", "2026-3-5 9:30", "2026-3-5 10:00")
    )
    assert "已有的班时间重叠" in (await bench.refused(DUTIES, clash))[0]
    moved = sheet(
        tmp_path / "c.xlsx",
        DUTY_HEAD,
        ("A1", "wuhu", "2026-3-5 10:30", "2026-3-5 17:00"),
        ("A1", "hefei", "2026-3-5 8:30", "2026-3-5 10:30"),
    )
    report = await bench.bring(DUTIES, moved)
    assert (report.created, report.changed) == (1, 1), "a duty cut short makes room for the next"
    assert await bench.bring(DUTIES, moved) == ImportReport(2, 0, 0, 2)


async def test_a_dry_run_writes_nothing(bench: Bench, tmp_path: Path) -> None:
    path = sheet(tmp_path / "i.xlsx", HEAD, ("x", "甲", "window", "340100"))
    target = InstitutionsTarget(Desk(bench.db, bench.ring, REGIONS, OPERATOR, NOW))
    report = await import_file(path, target, TABLES, dry_run=True)
    assert report == ImportReport(1, 0, 0, 0)
    assert len(await bench.institutions.listed()) == 2


async def test_an_export_that_fails_leaves_the_old_file(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("before")
    await bench.db.aclose()
    with pytest.raises(HotlineError):
        await bench.take(PEOPLE, path)
    assert path.read_text() == "before"
    assert hidden_files(tmp_path) == []


async def test_people_are_exported_within_reach_only(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    manager = Actor("person:m", (Grant(Role.MANAGER, region="340100"),))
    ask = Ask(manager, NOW, reveal=False)
    await Exporter(bench.db, bench.ring, TABLES).export(PEOPLE, path, ask)
    assert [row["staff_no"] for row in read_lines(path)] == ["A1"]
    nobody = Ask(Actor("terminal:web", rights=frozenset({Right.FILE})), NOW)
    assert await Exporter(bench.db, bench.ring, TABLES).export(PEOPLE, path, nobody) == 0
