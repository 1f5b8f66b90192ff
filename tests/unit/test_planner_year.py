"""The cheapest seats for a year: against every other plan; what floors and varying days cost."""

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seat_planner.commands import plan_app
from seat_planner.errors import PlanInputError
from seat_planner.queues import ImpatientQueue, Targets
from seat_planner.queues.year import Demand, YearPlan, plan_year

pytestmark = pytest.mark.unit

PROFILE = [0.1] * 14 + [0.6, 1.2, 2.0, 2.3, 2.1, 1.4, 1.5, 2.2, 2.1, 1.8, 1.2, 0.8] + [0.5] * 22


def demand(days: int = 28, calls_a_day: float = 800.0, day_cv: float = 0.0) -> Demand:
    shape = np.array(PROFILE) / sum(PROFILE)
    level = calls_a_day * (1.0 + 0.3 * np.sin(np.arange(days)))
    calls = (level[:, None] * shape[None, :]).ravel()
    places = np.repeat(np.arange(days), len(PROFILE))
    return Demand(tuple(calls), tuple(places), 1800, 420, 120, day_cv)


def rate_of(wanted: Demand, plan: YearPlan) -> float:
    """The year's answer rate, queue by queue."""
    hours = zip(wanted.calls, wanted.loads, plan.seats, strict=True)
    lost = sum(
        calls * ImpatientQueue(seats, float(load), 420, 120).abandoned
        for calls, load, seats in hours
    )
    return 1.0 - lost / sum(wanted.calls)


def test_no_plan_is_cheaper() -> None:
    small = Demand((3.0, 8.0, 15.0, 2.0), (0, 0, 1, 1), 1800, 300, 120)
    total = sum(small.calls)
    cheapest = min(
        sum(seats)
        for seats in itertools.product(range(8), repeat=4)
        if 1.0 - small.lost(np.array(seats)).sum() / total >= 0.95
    )
    assert sum(plan_year(small).seats) == cheapest


def test_the_plan_reaches_what_it_says() -> None:
    wanted = demand()
    plan = plan_year(wanted)
    assert plan.answer_rate >= 0.95
    assert plan.answer_rate == pytest.approx(rate_of(wanted, plan), abs=1e-12)
    assert plan.seat_hours == sum(plan.seats) / 2
    one_less = list(plan.seats)
    one_less[int(np.argmax(one_less))] -= 1
    assert wanted.lost(np.array(one_less)).sum() / sum(wanted.calls) > 0.05, "nothing is spare"


def test_every_floor_holds_and_has_its_price() -> None:
    wanted = demand()
    free = plan_year(wanted)
    daily = plan_year(wanted, every_day=0.95)
    each = plan_year(wanted, every_interval=Targets(answer_rate=0.95))
    manned = plan_year(wanted, least=2)
    assert daily.worst_day >= 0.95 > free.worst_day
    assert each.worst_interval >= 0.95 > daily.worst_interval
    assert min(manned.seats) == 2
    assert free.seat_hours < daily.seat_hours < each.seat_hours


def test_any_24_hours_hold_from_whatever_hour_they_are_counted() -> None:
    wanted = demand()
    daily = plan_year(wanted, every_day=0.95)
    rolling = plan_year(wanted, any_24h=0.95)
    assert daily.worst_24h < 0.95 <= rolling.worst_24h <= rolling.worst_day
    calls, lost = np.array(wanted.calls), wanted.lost(np.array(rolling.seats))
    for first in range(calls.size - 47):
        hours = slice(first, first + 48)
        assert lost[hours].sum() <= 0.05 * calls[hours].sum() + 1e-9
    assert rolling.seat_hours < plan_year(wanted, any_24h=0.95, least=2).seat_hours


def test_24_hours_are_counted_on_the_clock_and_not_on_the_rows() -> None:
    """Closed hours have no rows: Friday's last call and Monday's first share no 24 hours."""
    closed = Demand((5.0, 5.0, 5.0), (0, 0, 3), 3600, 300, 120, places=(0, 1, 70))
    assert [list(hours) for hours in closed.any_24h()] == [[0], [0, 1], [2]]
    shuffled = Demand((5.0, 5.0, 5.0), (0, 3, 0), 3600, 300, 120, places=(1, 70, 0))
    assert [list(hours) for hours in shuffled.any_24h()] == [[2], [2, 0], [1]]


def test_days_that_vary_cost_seats() -> None:
    """A plan for the mean misses its target when days vary by a fifth."""
    steady, varying = demand(), demand(day_cv=0.2)
    plain = plan_year(steady)
    missed = 1.0 - varying.lost(np.array(plain.seats)).sum() / sum(varying.calls)
    assert 0.93 < missed < 0.945
    safe = plan_year(varying)
    assert safe.answer_rate >= 0.95
    assert 1.03 < safe.seat_hours / plain.seat_hours < 1.08


def test_every_interval_holds_on_days_that_vary() -> None:
    plan = plan_year(demand(day_cv=0.2), every_interval=Targets(answer_rate=0.95))
    assert plan.worst_interval >= 0.95
    steady = plan_year(demand(), every_interval=Targets(answer_rate=0.95))
    assert steady.seat_hours < plan.seat_hours


def test_nights_without_calls_need_nobody() -> None:
    wanted = Demand((0.0, 0.0, 20.0), (0, 0, 0), 1800, 300, 120)
    assert plan_year(wanted).seats[:2] == (0, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"calls": (1.0, -1.0)}, "calls[1]"),
        ({"calls": (1.0, float("nan"))}, "calls[1]"),
        ({"calls": (0.0, 0.0)}, "calls"),
        ({"days": (0,)}, "days"),
        ({"places": (0,)}, "places"),
        ({"handling_s": 0}, "aht_s"),
        ({"patience_s": 0}, "patience_s"),
        ({"day_cv": -1}, "day_cv"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(change: dict[str, object], field: str) -> None:
    given: dict[str, object] = {"calls": (1.0, 2.0), "days": (0, 0), "interval_s": 1800}
    given |= {"handling_s": 300, "patience_s": 120, **change}
    with pytest.raises(PlanInputError) as caught:
        Demand(**given)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_target_of_all_is_refused() -> None:
    with pytest.raises(PlanInputError, match="answer_rate"):
        plan_year(demand(), answer_rate=1.0)


def table(tmp_path: Path, rows: list[str]) -> str:
    path = tmp_path / "calls.csv"
    path.write_text("start,calls\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def halves(days: int = 2) -> list[str]:
    return [
        f"2026-03-0{day + 1} {half // 2:02}:{half % 2 * 30:02},{PROFILE[half] * 20:.2f}"
        for day in range(days)
        for half in range(48)
    ]


def test_the_command_shows_the_price_of_each_floor(tmp_path: Path) -> None:
    out = tmp_path / "seats.csv"
    words = ["year", "--csv", table(tmp_path, halves()), "--json", "--out", str(out)]
    done = CliRunner().invoke(plan_app, words)
    assert done.exit_code == 0, done.stderr
    plans = [json.loads(line) for line in done.stdout.splitlines()]
    assert [plan["floor"] for plan in plans] == ["none", "day", "24h", "interval", "level"]
    assert plans[0]["price"] == 0.0 < plans[3]["price"]
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 96
    assert sum(int(row["seats"]) for row in rows) / 2 == plans[2]["seat_hours"]
    assert plans[2]["worst_24h"] >= 0.95


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2026-03-01 00:00,4", "第98行 start：与第2行重复"),
        ("\n,\n三月一日,4", "第100行 start"),
        ("三月一日,4", "第98行 start"),
        ("2026-03-03 00:00,很多", "第98行 calls"),
        ("2026-03-03 00:00,-2", "第98行 calls"),
        ("2026-03-03T00:00+08:00,2", "第98行 start"),
        ("2026-03-02 23:45,2", "时段长度不一"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, told: str) -> None:
    done = CliRunner().invoke(plan_app, ["year", "--csv", table(tmp_path, [*halves(), row])])
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr
