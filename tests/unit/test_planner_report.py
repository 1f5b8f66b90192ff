"""The report: what it says is what was planned, and it is well-formed and needs nothing else."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from seat_planner import charts
from seat_planner.commands import plan_app
from seat_planner.commands.report import ANHUI_CALLS, ANHUI_PEAK, anhui_year

pytestmark = pytest.mark.unit


class Tags(HTMLParser):
    """Open elements, to see that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        return

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def calls(path: Path, days: int = 8) -> Path:
    rows = [
        f"2026-01-0{day} {half // 2:02}:{half % 2 * 30:02},{2 + half % 17}"
        for day in range(1, days + 1)
        for half in range(48)
    ]
    path.write_text("start,calls\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_report_says_what_was_planned(tmp_path: Path) -> None:
    table, out = calls(tmp_path / "<来电>.csv"), tmp_path / "r.html"
    words = ["report", "--csv", str(table), "--out", str(out), "--hourly", "45", "--json"]
    done = CliRunner().invoke(plan_app, words)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["report"] == str(out)
    page = out.read_text(encoding="utf-8")
    year = CliRunner().invoke(plan_app, ["year", "--csv", str(table), "--json"])
    for line in year.stdout.splitlines():
        assert f"{json.loads(line)['seat_hours']:,.0f}" in page
    assert "第四十四条" in page
    assert "法定节假日加付" in page, "January 1 is among the days"
    assert "&lt;来电&gt;.csv" in page
    assert "<来电>" not in page


def test_the_page_is_whole_and_fetches_nothing(tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    words = ["report", "--csv", str(calls(tmp_path / "c.csv")), "--out", str(out)]
    assert CliRunner().invoke(plan_app, words).exit_code == 0
    page = out.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "<script" not in page
    links = set(re.findall(r"https?://[^\s\"']+", page))
    assert links == {"http://www.w3.org/2000/svg"}
    assert "成本" not in page, "nobody gave wages"
    for svg in re.findall(r"<svg.*?</svg>", page, re.S):
        ElementTree.fromstring(svg)


def test_a_curve_stays_on_its_sheet_and_ticks_are_round() -> None:
    for values in ([0.0, 0.0], [1e-7, 3e6], [5.0], [0.931, 0.957]):
        svg = charts.lines([("来电", charts.BLUE, values)], [""] * len(values), title="图")
        for point in re.findall(r'points="([^"]*)"', svg)[0].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= charts.WIDTH
            assert 0 <= y <= charts.HEIGHT
    svg = charts.lines([("来电", charts.BLUE, [0.0, 2552.0])], ["", ""], title="图", bottom=0.0)
    assert re.findall(r">([\d,]+)</text>", svg) == ["0", "1,000", "2,000", "3,000", "4,000"]


def test_the_demos_year_has_anhuis_calls_and_its_busiest_day() -> None:
    starts, demand = anhui_year(2027)
    by_day: dict[object, float] = {}
    for start, one in zip(starts, demand.calls, strict=True):
        by_day[start.date()] = by_day.get(start.date(), 0.0) + one
    assert len(by_day) == 365
    assert sum(by_day.values()) == pytest.approx(ANHUI_CALLS)
    assert max(by_day.values()) == pytest.approx(ANHUI_PEAK)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "--csv", "nichts.csv"], "读不到文件"),
        (["demo", "--no-open", "--year", "1066"], "year"),
    ],
)
def test_what_cannot_be_made_is_told(words: list[str], told: str) -> None:
    done = CliRunner().invoke(plan_app, words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    words = ["report", "--csv", str(calls(tmp_path / "c.csv", 2)), "--out", str(tmp_path)]
    done = CliRunner().invoke(plan_app, words)
    assert done.exit_code == 1
    assert "写不了" in done.stderr
