"""``hotline plan``: tables in and out, and what is wrong with them."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seat_planner.commands import plan_app

pytestmark = pytest.mark.unit

HEAD = "model,n,a_erlang,aht_s,patience_s,t_s"


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(plan_app, list(words))
    return done.exit_code, done.stdout, done.stderr


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> str:
    path = tmp_path / "表.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


def test_a_table_is_filled_in(tmp_path: Path) -> None:
    rows = f"{HEAD}\nA,12,10,412,120,15\nB,15,10,,,\nC,14,10,180,,20\nC_cont,12.5,10,,,\n"
    status, out, _ = run("erlang", "--csv", table(tmp_path, rows))
    assert status == 0
    found = list(csv.DictReader(io.StringIO(out)))
    assert float(found[0]["P_abandon"]) == pytest.approx(0.07856635, rel=1e-6)
    assert float(found[1]["P_block"]) == pytest.approx(0.036496945, rel=1e-6)
    assert found[1]["P_wait"] == ""
    assert float(found[2]["SL_offered"]) == pytest.approx(0.88835002, rel=1e-6)
    assert float(found[3]["P_wait"]) == pytest.approx(0.3597612355437, rel=1e-12)


def test_a_table_already_filled_in_is_computed_anew(tmp_path: Path) -> None:
    rows = f"{HEAD},P_block\nB,15,10,,,,99\n"
    _, out, _ = run("erlang", "--csv", table(tmp_path, rows), "--json")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert row["P_block"] == pytest.approx(0.036496945, rel=1e-6)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("A,12,10,412,120,15\nA,十二,10,412,120,15", "第3行 n"),
        ("A,12,10,0,120,15", "第2行 aht_s"),
        ("A,12,10,412,,15", "第2行 patience_s"),
        ("A,12,-1,412,120,15", "第2行 a_erlang"),
        ("D,12,10,412,120,15", "第2行 model"),
        ("C,12,10,,,15", "第2行 aht_s"),
        ("", "没有数据行"),
    ],
)
def test_a_wrong_table_prints_nothing_but_what_is_wrong(
    tmp_path: Path, rows: str, told: str
) -> None:
    status, out, err = run("erlang", "--csv", table(tmp_path, f"{HEAD}\n{rows}\n"))
    assert (status, out) == (1, "")
    assert told in err


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    status, _, err = run("erlang", "--csv", table(tmp_path, "model,n\nA,1\n"))
    assert status == 1
    assert "a_erlang、aht_s" in err


def test_one_case_in_words_and_in_json() -> None:
    case = ("erlang", "--n", "17", "--load", "12.8", "--aht", "420", "--patience", "120")
    _, out, _ = run(*case, "--within", "15")
    assert "放弃率\t0.0322517" in out
    _, out, _ = run(*case, "--json")
    assert json.loads(out)["P_abandon"] == pytest.approx(0.03225173, rel=1e-6)
    status, _, err = run("erlang", "--n", "3")
    assert status == 1
    assert "a_erlang" in err


def test_an_endless_wait_is_no_number() -> None:
    _, out, _ = run("erlang", "--model", "C", "--n", "5", "--load", "10", "--aht", "60", "--json")
    assert json.loads(out)["mean_wait_all_s"] is None


def test_seats_for_an_interval() -> None:
    _, out, _ = run("seats", "--calls", "55", "--service-level", "0.8", "--shrinkage", "0.3")
    assert "需要在席\t16 席" in out
    assert "应排班\t23 人" in out
    status, _, err = run("seats")
    assert status == 1
    assert "calls" in err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_seats_for_a_table_whatever_it_was_saved_as(tmp_path: Path, encoding: str) -> None:
    rows = "时段,calls\n夜间,0\n上午,55\n"
    status, out, _ = run("seats", "--csv", table(tmp_path, rows, encoding))
    assert status == 0
    found = list(csv.DictReader(io.StringIO(out)))
    assert [(row["时段"], row["seats"]) for row in found] == [("夜间", "0"), ("上午", "16")]


@pytest.mark.parametrize(("cell", "row"), [("很多", 3), ("-4", 3), ("", 3)])
def test_a_wrong_number_of_calls_is_named(tmp_path: Path, cell: str, row: int) -> None:
    rows = f"时段,calls\n夜间,0\n上午,{cell}\n"
    status, out, err = run("seats", "--csv", table(tmp_path, rows))
    assert (status, out) == (1, "")
    assert f"第{row}行 calls" in err


def test_the_planner_is_there_at_once() -> None:
    """Nothing of the hotline, and no numpy, is loaded for one case."""
    script = (
        "import sys, seat_planner.commands; "
        "sys.exit(any(m in sys.modules for m in ('numpy', 'hotline.settings', 'sqlalchemy')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
