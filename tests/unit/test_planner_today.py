"""The rest of today from the calls so far, and what may still be lost this year."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from seat_planner.commands import plan_app
from seat_planner.forecast.errors import ForecastError
from seat_planner.forecast.intraday import loss_budget, today

pytestmark = pytest.mark.unit
EXPECTED = np.array([10.0, 30.0, 50.0, 40.0, 20.0])


def test_a_quiet_morning_lowers_the_day_and_a_known_level_does_not() -> None:
    seen = np.array([4.0, 15.0])
    loose = today(EXPECTED, 0.5, seen)
    tight = today(EXPECTED, 0.01, seen)
    assert 19 / 40 < loose.factor < 0.7
    assert tight.factor == pytest.approx(1.0, abs=0.01)
    assert loose.rest == pytest.approx(EXPECTED[2:] * loose.factor)
    assert loose.total == pytest.approx(19 + loose.rest.sum())
    assert loose.total_low < loose.total < loose.total_high


def test_before_the_first_call_the_day_is_its_forecast() -> None:
    found = today(EXPECTED, 0.2, np.array([]))
    assert (found.factor, found.total, found.so_far) == (1.0, 150.0, 0.0)


def test_a_running_interval_counts_for_its_share() -> None:
    found = today(EXPECTED, 0.3, np.array([10.0, 15.0]), part=0.5)
    assert found.factor == pytest.approx(1.0)
    assert found.rest == pytest.approx([15, 50, 40, 20])


def test_bounds_hold_what_they_promise() -> None:
    """Days drawn as they are assumed to be: 80 % of the intervals lie within, or a little more."""
    chance = np.random.default_rng(4)
    spread, inside = 0.3, []
    for _ in range(400):
        calls = chance.poisson(EXPECTED * chance.gamma(spread**-2, spread**2))
        found = today(EXPECTED, spread, calls[:2].astype(float))
        inside.append((found.rest_low <= calls[2:]) & (calls[2:] <= found.rest_high))
    assert 0.78 < np.mean(inside) < 0.90


@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1e6))
def test_the_budget_is_kept_exactly(received: int, share: float, expected: float) -> None:
    lost = int(received * share)
    found = loss_budget(received, lost, expected)
    assert found.left == found.allowed - lost
    assert found.reachable == (found.left >= 0)
    total = received + expected
    assert found.allowed <= 0.05 * total + 1e-6 < found.allowed + 1 + 1e-5
    if found.rate_needed is not None and found.reachable and expected >= 1:
        answered = received - lost + found.rate_needed * expected
        assert answered >= 0.95 * total - 1e-6 * total


def test_a_budget_in_plain_numbers() -> None:
    found = loss_budget(200_000, 12_000, 95_200)
    assert (found.allowed, found.left) == (14_760, 2_760)
    assert found.rate_needed == pytest.approx(1 - 2_760 / 95_200)
    assert not loss_budget(100, 100, 100).reachable
    for words in ((5, 6, 1.0), (-1, 0, 1.0), (5, 1, -1.0), (5, 1, float("nan"))):
        with pytest.raises(ForecastError):
            loss_budget(*words)
    with pytest.raises(ForecastError):
        loss_budget(5, 1, 1.0, target=1.0)


def tables(folder: Path, seen: str) -> list[str]:
    forecast, so_far = folder / "f.csv", folder / "s.csv"
    rows = [
        f"2026-03-0{day} {8 + k}:00,{calls}" for day in (2, 3) for k, calls in enumerate(EXPECTED)
    ]
    forecast.write_text("start,calls\n" + "\n".join(rows) + "\n", encoding="utf-8")
    so_far.write_text("start,calls\n" + seen, encoding="utf-8")
    return ["today", "--forecast", str(forecast), "--csv", str(so_far)]


def test_the_command_goes_on_from_the_mornings_calls(tmp_path: Path) -> None:
    words = tables(tmp_path, "2026-03-03 09:00,15\n2026-03-03 08:00,4\n")
    done = CliRunner().invoke(plan_app, [*words, "--spread", "0.3", "--json"])
    found = json.loads(done.stdout)
    assert found["so_far"] == 19
    assert [row["start"] for row in found["rest"]] == ["10:00", "11:00", "12:00"]
    assert found["factor_80"][0] < found["factor"] < 0.8
    done = CliRunner().invoke(plan_app, words)
    assert "已来电\t19（预测 40）" in done.stdout


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("2026-03-03 08:00,4\n2026-03-03 10:00,5\n", "应为09:00"),
        ("2026-03-03 08:00,4\n2026-03-02 09:00,5\n", "第3行 start"),
        ("2026-03-04 08:00,4\n", "没有2026-03-04的预测"),
        ("2026-03-03 08:00,4.5\n", "第2行 calls"),
        ("2026-03-03 08:00,4\n2026-03-03 08:00,5\n", "第3行 start：与第2行重复"),
        ("2026-03-03 08:00,4\n2026-03-03T09:00+08:00,5\n", "有的带时区"),
        ("".join(f"2026-03-03 {h}:00,4\n" for h in range(8, 14)), "13:00不在预测的时段里"),
    ],
)
def test_a_wrong_morning_is_told(tmp_path: Path, seen: str, told: str) -> None:
    done = CliRunner().invoke(plan_app, tables(tmp_path, seen))
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


def test_the_budgets_command() -> None:
    words = ["budget", "--received", "200000", "--lost", "12000", "--expected", "95200"]
    out = CliRunner().invoke(plan_app, words).stdout
    assert "还可未接\t2760" in out
    assert "97.10%" in out
    words[4] = "20000"
    assert "无法达到" in CliRunner().invoke(plan_app, words).stdout
    found = json.loads(CliRunner().invoke(plan_app, [*words, "--json"]).stdout)
    assert found["reachable"] is False
