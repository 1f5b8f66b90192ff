"""What a plan costs: each line by hand, and what the law asks for at least."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.calendar.years import statutory_holidays
from seat_planner.commands import plan_app
from seat_planner.errors import PlanInputError
from seat_planner.money import Cost, Fixed, Staffing, Wages, cost
from seat_planner.queues import ImpatientQueue

pytestmark = pytest.mark.unit

NEW_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 - tables have local times


def staffing(days: int = 1, seats: int = 3, calls: float = 10.0) -> Staffing:
    starts = [NEW_YEAR + timedelta(minutes=30 * k) for k in range(48 * days)]
    return Staffing(starts, [calls] * len(starts), [seats] * len(starts), 1800, 420, 120)


def priced(plan: Staffing, wages: Wages, fixed: Fixed | None = None) -> Cost:
    return cost(plan, wages, fixed or Fixed(), statutory_holidays(2026))


def test_every_line_by_hand() -> None:
    wages = Wages(40, night=5, shrinkage=0.25)
    found = priced(staffing(2), wages, Fixed(seat=7300, trunk=365, trunks=20, bot=36_500))
    # two days, three seats, a quarter of paid time away: 192 hours, a third of them at night
    assert found.paid_hours == pytest.approx(192)
    assert found.lines == pytest.approx(
        {
            "wages": 192 * 40,
            "night": 64 * 5,
            "holiday": 96 * 40 * 2,  # January 1 is a statutory holiday, January 2 is not
            "overtime": 0,
            "seats": 3 * 7300 * 2 / 365,
            "trunks": 20 * 365 * 2 / 365,
            "bot": 36_500 * 2 / 365,
        }
    )
    assert found.total == pytest.approx(sum(found.lines.values()))


def test_calls_answered_are_those_of_the_queue() -> None:
    found = priced(staffing(), Wages(40))
    rate = ImpatientQueue(3, 10 * 420 / 1800, 420, 120).answer_rate
    assert found.answered == pytest.approx(480 * rate)
    assert found.per_answered == pytest.approx(found.total / found.answered)
    assert priced(staffing(seats=0), Wages(40)).per_answered is None


def test_hours_beyond_the_standard_are_overtime() -> None:
    plan = staffing(31)
    enough = priced(plan, Wages(40, people=20))
    assert (enough.overtime_hours, enough.lines["overtime"]) == (0, 0)
    few = priced(plan, Wages(40, people=6))
    # 31 days of 72 hours, the holiday's apart, less what six people owe in a month
    beyond = 30 * 72 - 6 * 2000 * 31 / 365
    assert few.overtime_hours == pytest.approx(beyond)
    assert few.lines["overtime"] == pytest.approx(beyond * 40 * 0.5)


def test_statutory_holidays_are_the_thirteen_days_and_no_others() -> None:
    assert len(statutory_holidays(2024)) == 11
    for year in (2025, 2026, 2027):
        assert len(statutory_holidays(year)) == 13
    assert date(2026, 2, 16) in statutory_holidays(2026), "除夕, since 2025"
    assert date(2026, 2, 20) not in statutory_holidays(2026), "off in exchange"
    assert statutory_holidays(1900) == frozenset()


@pytest.mark.parametrize(
    ("work", "field"),
    [
        (lambda: Wages(0), "hourly"),
        (lambda: Wages(40, holiday_times=2), "holiday_times"),
        (lambda: Wages(40, overtime_times=1), "overtime_times"),
        (lambda: Wages(40, shrinkage=1), "shrinkage"),
        (lambda: Wages(40, people=0), "people"),
        (lambda: Fixed(seat=-1), "seat"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(work: object, field: str) -> None:
    with pytest.raises(PlanInputError) as caught:
        work()  # type: ignore[operator]
    assert caught.value.field == field


def test_the_command_prices_what_plan_year_wrote(tmp_path: Path) -> None:
    calls, seats = tmp_path / "calls.csv", tmp_path / "seats.csv"
    rows = [f"2026-03-0{1 + k // 48} {k % 48 // 2:02}:{k % 2 * 30:02},8" for k in range(96)]
    calls.write_text("start,calls\n" + "\n".join(rows) + "\n", encoding="utf-8")
    done = CliRunner().invoke(plan_app, ["year", "--csv", str(calls), "--out", str(seats)])
    assert done.exit_code == 0, done.stderr
    words = ["cost", "--csv", str(seats), "--hourly", "45", "--night", "6"]
    found = json.loads(CliRunner().invoke(plan_app, [*words, "--json"]).stdout)
    assert found["answered"] >= 0.95 * 8 * 96
    assert found["total"] == pytest.approx(found["wages"] + found["night"])
    assert "每接通一个电话" in CliRunner().invoke(plan_app, words).stdout
    seats.write_text("start,calls,seats\n2026-03-01 08:00,3,2.5\n", encoding="utf-8")
    done = CliRunner().invoke(plan_app, words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "第2行 seats" in done.stderr
