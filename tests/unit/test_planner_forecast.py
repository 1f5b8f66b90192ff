"""Forecasts: what is read, what is learned, what is promised, and nothing known too early."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import holidays
import numpy as np
import pytest
from typer.testing import CliRunner

from hotline.calendar import Calendar
from seat_planner.china import ChinaDays, spring_festival
from seat_planner.commands import plan_app
from seat_planner.commands.history import read_series
from seat_planner.errors import PlanInputError
from seat_planner.forecast.assumed import Assumptions, assumed_forecast
from seat_planner.forecast.backtest import Backtest, backtest
from seat_planner.forecast.blend import weights
from seat_planner.forecast.days import DayKind, Event, next_open_days
from seat_planner.forecast.errors import ForecastError
from seat_planner.forecast.make import forecast
from seat_planner.forecast.series import Series

pytestmark = pytest.mark.unit

TECHNION = Path(__file__).parents[3] / "shared" / "calls" / "technion-bank-1999.csv"
SHAPE = np.array([2, 5, 9, 12, 10, 6, 8, 11, 9, 5, 3, 1]) / 81
WEEKDAYS = np.array([1.3, 1.15, 1.1, 1.05, 1.0, 0.4, 0.3])
MONDAY = date(2025, 3, 3)


def series(days: int = 98, calls: float = 600.0, seed: int = 3, spread: float = 0.08) -> Series:
    """Weekdays, a slow wave, days that differ, Poisson calls."""
    chance = np.random.default_rng(seed)
    dates = tuple(MONDAY + timedelta(days=k) for k in range(days))
    level = np.array([WEEKDAYS[day.weekday()] for day in dates])
    level = (
        level * (1 + 0.1 * np.sin(np.arange(days) / 20)) * chance.gamma(spread**-2, spread**2, days)
    )
    counts = chance.poisson(calls * level[:, None] * SHAPE[None, :]).astype(float)
    return Series(dates, tuple(range(480, 480 + 60 * 12, 60)), 60, counts)


@pytest.fixture(scope="module")
def tested() -> Backtest:
    return backtest(series(), 7)


def test_better_than_copying_last_week_and_near_the_noise(tested: Backtest) -> None:
    blend, _ = tested.wape()
    naive, _ = tested.wape("last_week")
    assert blend < 0.85 * naive
    # 8 % a day and Poisson calls cannot be foreseen: about 13 % of an hour's calls
    assert 0.08 < blend < 0.20
    assert abs(tested.bias()) < 0.06


def test_intervals_hold_what_they_promise(tested: Backtest) -> None:
    found = tested.coverage()
    assert 0.70 < found["interval"]["80%"] < 0.90
    assert 0.88 < found["interval"]["95%"] <= 1.0


def test_nothing_is_known_before_it_happens() -> None:
    """What comes after an origin changes nothing of what was forecast there."""
    known = series(70)
    changed = Series(known.days, known.starts, known.minutes, known.counts.copy())
    changed.counts[56:] *= 5.0
    before = backtest(known, 7, first=42, step=7)
    after = backtest(changed, 7, first=42, step=7)
    for one, other in zip(before.origins[:3], after.origins[:3], strict=True):
        assert np.array_equal(one.forecast, other.forecast)
        assert one.stretch == other.stretch
    assert not np.array_equal(before.origins[-1].forecast, after.origins[-1].forecast)


def test_a_forecast_goes_on_where_the_series_ends() -> None:
    known = series()
    found = forecast(known, 7)
    assert found.days == tuple(known.days[-1] + timedelta(days=k) for k in range(1, 8))
    assert (found.calls >= 0).all()
    low, high = found.interval_bounds(0.80)
    wide_low, wide_high = found.interval_bounds(0.95)
    assert (wide_low <= low).all()
    assert (low <= found.calls).all()
    assert (found.calls <= high).all()
    assert (high <= wide_high).all()
    totals = found.calls.sum(1)
    by_weekday = {day.weekday(): total for day, total in zip(found.days, totals, strict=True)}
    assert by_weekday[0] > 2 * by_weekday[5]


def test_what_the_user_knows_multiplies() -> None:
    known = series()
    day = known.days[-1] + timedelta(days=2)
    plain, told = forecast(known, 5), forecast(known, 5, events=[Event(day, day, 1.5)])
    ratio = told.calls.sum(1) / plain.calls.sum(1)
    assert ratio == pytest.approx([1, 1.5, 1, 1, 1])


def test_an_event_of_the_past_is_taken_out_of_what_is_learned() -> None:
    known = series()
    flooded = Series(known.days, known.starts, known.minutes, known.counts.copy())
    flooded.counts[-7:] *= 3.0
    told = [Event(known.days[-7], known.days[-1], 3.0)]
    clean = forecast(known, 7).calls.sum()
    assert forecast(flooded, 7, events=told).calls.sum() == pytest.approx(clean, rel=0.02)
    assert forecast(flooded, 7).calls.sum() > 1.2 * clean


def test_gaps_are_no_zeros() -> None:
    known = series()
    holes = Series(known.days, known.starts, known.minutes, known.counts.copy())
    holes.counts[10, 3:8] = np.nan
    holes.counts[50] = np.nan
    assert forecast(holes, 7).calls.sum() == pytest.approx(forecast(known, 7).calls.sum(), rel=0.05)


def test_days_on_which_the_line_is_closed_are_not_forecast() -> None:
    week = [MONDAY + timedelta(days=k) for k in range(28) if k % 7 < 5]
    assert [day.weekday() for day in next_open_days(week, 6)] == [0, 1, 2, 3, 4, 0]
    shut = week[-1] + timedelta(days=3)
    assert shut not in next_open_days(week, 6, frozenset({shut}))


def test_few_data_change_little_and_many_choose() -> None:
    truth = [np.full((7, 4), 100.0)] * 6
    said = {
        "day_level": [rows * 1.3 for rows in truth],
        "svd_ar": [rows * 1.0 for rows in truth],
        "faded_average": [rows * 1.2 for rows in truth],
    }
    assert weights({name: rows[:2] for name, rows in said.items()}, truth[:2])["day_level"] == 0.8
    chosen = weights(said, truth)
    assert sum(chosen.values()) == pytest.approx(1.0)
    assert max(chosen, key=chosen.__getitem__) == "svd_ar"


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda: forecast(series(10), 7), "历史只有 10 天"),
        (lambda: forecast(series(30), 0), "预测天数"),
        (lambda: forecast(series(30), 401), "预测天数"),
        (lambda: backtest(series(30), 14), "回测需要更多历史"),
        (lambda: forecast(series(30), 3, events=[Event(MONDAY, MONDAY, 0)]), "倍数"),
        (lambda: Series((MONDAY, MONDAY), (0,), 60, np.zeros((2, 1))), "从早到晚"),
        (lambda: Series((MONDAY,), (0,), 60, np.full((1, 1), -1.0)), "负数"),
    ],
)
def test_what_makes_no_forecast_is_told(work: object, told: str) -> None:
    with pytest.raises(ForecastError, match=told):
        work()  # type: ignore[operator]


# ---- the calendar ------------------------------------------------------------------------------


def test_the_lunar_year_is_where_others_have_it() -> None:
    for year in range(1969, 2100):
        named = holidays.country_holidays("SG", years=year, language="en_SG", observed=False)
        days = [day for day, name in named.items() if name.startswith("Chinese New Year")]
        first = spring_festival(year)
        assert first is not None
        # of a first day on a Sunday only the days after are listed in some years
        assert first == min(days) or (first.weekday() == 6 and first < min(days)), year
    assert spring_festival(2026) == date(2026, 2, 17)
    assert spring_festival(2100) is None


def test_days_off_and_days_worked_in_exchange() -> None:
    days = ChinaDays(Calendar())
    assert days.kind(date(2026, 2, 14)) is DayKind.MAKE_UP
    assert days.kind(date(2026, 2, 18)) is DayKind.HOLIDAY
    assert days.kind(date(2026, 3, 2)) is DayKind.PLAIN
    assert days.holiday(date(2026, 2, 18)) == "spring_festival"
    assert days.holiday(date(2026, 10, 3)) == "national"
    assert days.holiday(date(2026, 3, 2)) is None
    assert (days.festival_offset(date(2026, 2, 16)), days.festival_offset(date(2026, 6, 1))) == (
        -1,
        None,
    )


# ---- without history ---------------------------------------------------------------------------


def test_assumptions_make_a_year_and_say_so() -> None:
    given = Assumptions(population=61_130_000)
    found = assumed_forecast(given, date(2027, 1, 1), 365, calendar=ChinaDays(Calendar()))
    assert found.calls.sum() == pytest.approx(295_200, rel=1e-6)
    assert {row["basis"] for row in found.day_rows()} == {"assumed"}
    assert any("第七次人口普查" in note for note in found.notes)
    totals = dict(zip(found.days, found.calls.sum(1), strict=True))
    assert totals[date(2027, 2, 6)] < 0.4 * totals[date(2027, 3, 1)], "春节"
    for wrong in (Assumptions(), Assumptions(population=0), Assumptions(calls_per_year=-1)):
        with pytest.raises(ForecastError):
            assumed_forecast(wrong, MONDAY, 7)


# ---- files and the command ---------------------------------------------------------------------


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def wide(path: Path, known: Series) -> Path:
    rows = ["date," + ",".join(known.labels())]
    for day, counts in zip(known.days, known.counts, strict=True):
        rows.append(f"{day}," + ",".join(f"{one:.0f}" for one in counts))
    return write(path, "\n".join(rows) + "\n")


def test_both_shapes_of_a_table_are_the_same_series(tmp_path: Path) -> None:
    a = read_series(write(tmp_path / "a.csv", "date,08:00,08:30\n2026-03-02,3,缺\n2026/3/3,,5\n"))
    long = "start,calls\n2026/3/2 8:00,3\n2026-03-03T08:30,5\n"
    b = read_series(write(tmp_path / "b.csv", long))
    assert a.days == b.days == (date(2026, 3, 2), date(2026, 3, 3))
    assert (a.starts, a.minutes) == (b.starts, b.minutes) == ((480, 510), 30)
    assert np.array_equal(a.counts, b.counts, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("date,08:00,08:30\n2026-03-02,3,x\n", "第2行 08:30"),
        ("date,08:00,08:30\n\n2026-03-02,3,-4\n", "第3行 08:30"),
        ("date,08:00,08:30\n三月,3,4\n", "第2行 date"),
        ("date,08:00,08:30\n2026-03-02,3,4\n2026-03-02,3,4\n", "第3行 08:00：与第2行重复"),
        ("date,08:00,08:30,08:45\n2026-03-02,3,4,5\n", ""),
        ("date,08:00,08:25,09:00\n2026-03-02,3,4,5\n", "长度不一"),
        ("date,calls\n2026-03-02,3\n", "没有时段列"),
        ("when,calls\n2026-03-02,3\n", "须有 date 列"),
        ("start,calls\n八点,3\n", "第2行 start"),
    ],
)
def test_a_wrong_table_is_named_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path / "t.csv", text)
    if not told:
        assert read_series(path).minutes == 15
        return
    with pytest.raises(PlanInputError, match=told):
        read_series(path)


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(plan_app, ["forecast", *words])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_tests_itself_and_forecasts(tmp_path: Path) -> None:
    path = str(wide(tmp_path / "calls.csv", series(84)))
    status, out, err = run("--csv", path, "--horizon", "7", "--backtest", "--json")
    assert status == 0, err
    (told,) = [json.loads(line) for line in out.splitlines()]
    assert 0 < told["wape_interval"] < 0.25
    assert 0 < told["wape_day"] < told["wape_interval"]
    target = tmp_path / "next.csv"
    status, out, _ = run("--csv", path, "--horizon", "3", "--out", str(target))
    assert (status, len(out.splitlines())) == (0, 4)
    with target.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36
    assert rows[0]["start"] == "2025-05-26 08:00"
    # what one command writes the next one reads
    done = CliRunner().invoke(plan_app, ["year", "--csv", str(target)])
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--population"),
        (("--backtest",), "回测需要历史"),
        (("--population", "1000"), "--first"),
        (("--population", "1000", "--first", "明天"), "不是日期"),
        (("--population", "1000", "--first", "2027-01-01", "--event", "x"), "请写成"),
        (("--csv", "nichts.csv"), "读不到文件"),
    ],
)
def test_what_is_missing_is_asked_for(words: tuple[str, ...], told: str) -> None:
    status, out, err = run(*words)
    assert (status, out) == (1, "")
    assert told in err


@pytest.mark.skipif(not TECHNION.exists(), reason="../shared/calls is not here")
def test_a_real_bank_is_forecast_better_than_by_copying() -> None:
    found = backtest(read_series(TECHNION), 14, most=4)
    blend, _ = found.wape()
    assert blend < 0.85 * found.wape("last_week")[0]
