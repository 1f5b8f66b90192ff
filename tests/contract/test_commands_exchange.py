"""The commands of people, institutions, keys, duty, files and the standard, as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from exchange_kit import lines, sheet

pytestmark = [pytest.mark.contract, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work in a folder of their own."""
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)


def hotline(*command: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", "hotline.cli", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == (1 if fails else 0), done.stderr
    assert "Traceback" not in done.stderr
    return done


def rows(*command: str, fails: bool = False) -> list[dict]:
    """The JSON lines of a command."""
    done = hotline(*command, "--json", fails=fails)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_from_nothing_to_a_manned_desk_with_a_key(tmp_path: Path) -> None:
    assert "登记 65 个" in hotline("institutions", "seed").stdout
    assert "已有 65 个" in hotline("institutions", "seed").stdout
    chief = ("people", "add", "A1", "赵敏华", "--phone", "13955512345", "--role")
    hotline(*chief, "administrator@*", "--institution", "hefei.service")
    assert "已登记" in hotline(*chief, "agent@*", fails=True).stderr
    [person] = rows("people", "list")
    assert (person["name"], person["phone"]) == ("赵*", "139****2345")
    hotline("people", "grant", "A1", "handler@hefei.service")
    hotline("people", "grant", "A1", "administrator@*", "--take")
    [person] = rows("people", "list", "--reveal")
    assert person["name"] == "赵敏华"
    assert [grant["role"] for grant in person["grants"]] == ["handler"]
    hotline("duty", "add", "A1", "hefei.service", "2030-03-05 08:30", "2030-03-05 12:00")
    [duty] = rows("duty", "now", "--at", "2030-03-05 09:00", "--region", "340100")
    assert (duty["institution"], duty["person_id"]) == ("hefei.service", person["person_id"])
    [coming] = rows("duty", "next", "--institution", "hefei.service")
    assert coming["starts_at"] == "2030-03-05 08:30"
    assert rows("duty", "gaps", "--institution", "wuhu.service", "--days", "8")
    [made] = rows("keys", "add", "一号窗口", "--terminal", "counter", "--days", "30")
    [newer] = rows("keys", "rotate", made["key_id"])
    hotline("keys", "revoke", newer["key_id"])
    listed = {row["key_id"]: row["state"] for row in rows("keys", "list")}
    assert listed == {made["key_id"]: "有效", newer["key_id"]: "已撤销"}
    assert made["key"] not in hotline("keys", "list").stdout
    hotline("people", "erase", "A1")
    assert "audit" not in hotline("privacy", "audit").stderr


def test_files_go_in_and_out(tmp_path: Path) -> None:
    path = sheet(
        tmp_path / "i.xlsx", ("code", "name", "kind", "region"), ("x", "甲", "window", "340100")
    )
    [report] = rows("import", "institutions", str(path), "--check")
    assert (report["checked_only"], report["rows"], report["created"]) == (True, 1, 0)
    [report] = rows("import", "institutions", str(path))
    assert (report["ok"], report["created"]) == (True, 1)
    [out] = rows("export", "institutions", str(tmp_path / "o.jsonl"))
    assert out["rows"] == 1
    intake = {
        "idempotency_key": "a-1",
        "terminal": "other_hotline",
        "service_type": "legal_aid",
        "act": "apply",
        "topic": "wages",
        "title": "拖欠工资",
        "description": "四个月没发工资",
        "contact_phone": "13955512345",
    }
    assert rows("import", "orders", str(lines(tmp_path / "a.jsonl", intake)))[0]["created"] == 1
    hotline("export", "orders", str(tmp_path / "orders.jsonl"))
    [order] = [json.loads(line) for line in (tmp_path / "orders.jsonl").read_text().splitlines()]
    assert (order["contact_phone"], order["state"]) == ("139****2345", "received")


def test_a_wrong_file_is_told_row_by_row(tmp_path: Path) -> None:
    bad = lines(tmp_path / "i.jsonl", {"code": "x", "name": "甲", "kind": "castle", "region": "1"})
    *problems, report = rows("import", "institutions", str(bad), fails=True)
    assert [(one["row"], one["field"]) for one in problems] == [(1, "kind"), (1, "region")]
    assert (report["ok"], report["problems"]) == (False, 2)
    told = hotline("import", "institutions", str(bad), fails=True).stderr
    assert "第1行 类型 kind：“castle”不是已定义的代码" in told
    for command in (
        ("import", "cats", str(bad)),
        ("import", "people", str(tmp_path / "missing.xlsx")),
        ("export", "people", str(tmp_path / "x.pdf")),
        ("people", "grant", "nobody", "agent@*"),
        ("people", "add", "A1", "甲", "--role", "king@*"),
        ("keys", "add", "x", "--terminal", "castle"),
        ("duty", "add", "nobody", "x", "2030-03-05 08:30", "2030-03-05 12:00"),
        ("duty", "now", "--at", "明天"),
        ("standard", "codes", "colour"),
    ):
        assert "✗" in hotline(*command, fails=True).stderr, command


def test_a_long_file_shows_how_far_it_is(tmp_path: Path) -> None:
    many = [
        {"code": f"x{n}", "name": "甲", "kind": "window", "region": "340100"} for n in range(1500)
    ]
    report = rows("import", "institutions", str(lines(tmp_path / "i.jsonl", *many)))[-1]
    assert report["created"] == 1500


def test_the_standard_is_listed_and_written(tmp_path: Path) -> None:
    tables = {row["id"]: row for row in rows("standard", "codes")}
    assert len(tables["region"]["entries"]) == 121
    assert rows("standard", "codes", "urgency")[0] == {
        "code": "normal",
        "name": "一般",
        "parent": None,
    }
    hotline("standard", "write", str(tmp_path / "docs"))
    assert (tmp_path / "docs" / "schema" / "v1" / "intake.json").is_file()
    assert "最新" in hotline("standard", "write", str(tmp_path / "docs")).stdout


def test_roles_are_explained() -> None:
    found = {row["role"]: row["rights"] for row in rows("people", "roles")}
    assert "order.read" not in found["administrator"]
    assert "order.handle" in found["handler"]
