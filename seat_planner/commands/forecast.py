"""``hotline plan forecast``: calls by interval of the coming days, and how good that has been."""

import csv
import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seat_planner.commands.common import JSON, emit, plain_errors, progress
from seat_planner.commands.history import read_series
from seat_planner.errors import PlanInputError

if TYPE_CHECKING:
    from seat_planner.forecast.backtest import Backtest
    from seat_planner.forecast.days import DayCalendar, Event
    from seat_planner.forecast.make import Forecast
    from seat_planner.forecast.series import Series

_EVENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?=(\d+(?:\.\d+)?)")


@plain_errors
def forecast(
    table: Annotated[
        Path | None,
        typer.Option("--csv", help="历史来电：date 列加各时段列（08:30…），或 start,calls 两列"),
    ] = None,
    horizon: Annotated[int, typer.Option(help="向后预测的天数（开通服务的日子）")] = 14,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="回测：过去这样预测会差多少")
    ] = False,
    event: Annotated[
        list[str] | None,
        typer.Option(help="已知事件的倍数，可多次：2026-03-15=1.4 或 2026-03-01..2026-03-07=0.8"),
    ] = None,
    calendar: Annotated[bool, typer.Option(help="用中国节假日和调休（历史年份都已知时）")] = True,
    out: Annotated[
        Path | None, typer.Option(help="把各时段预测写入此 CSV（start,calls,…）")
    ] = None,
    population: Annotated[int | None, typer.Option(help="没有历史时：服务人口")] = None,
    calls_per_year: Annotated[float | None, typer.Option(help="没有历史时：每年来电量")] = None,
    first: Annotated[str | None, typer.Option(help="没有历史时：从哪天起，如 2027-01-01")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """预测今后各时段的来电量，附80%和95%区间；没有历史时按人口和公布的数字假设，并注明。

    例：hotline plan forecast --csv calls.csv --horizon 14 --backtest --json
    """
    events = [_event(word) for word in event or ()]
    if table is None:
        if backtest:
            raise PlanInputError("csv", "回测需要历史，请用 --csv 给出")
        made = _assumed(population, calls_per_year, first, horizon, events, calendar=calendar)
        _show(made, out, as_json=as_json)
        return
    series = read_series(table)
    days = _china({day.year for day in series.days}) if calendar else None
    learned = _tested(series, horizon, days, events) if backtest else None
    if learned is not None:
        _show_backtest(learned, as_json=as_json)
        if out is None:
            return
    _show(_made(series, horizon, days, events, learned), out, as_json=as_json)


def _tested(
    series: "Series", horizon: int, days: "DayCalendar | None", events: list["Event"]
) -> "Backtest":
    from seat_planner.forecast.backtest import backtest

    with progress("回测") as on_step:
        return backtest(series, horizon, calendar=days, events=events, on_step=on_step)


def _made(
    series: "Series",
    horizon: int,
    days: "DayCalendar | None",
    events: list["Event"],
    learned: "Backtest | None",
) -> "Forecast":
    from seat_planner.forecast.make import forecast

    with progress("选择模型") as on_step:
        return forecast(
            series, horizon, calendar=days, events=events, learned=learned, on_step=on_step
        )


def _assumed(
    population: int | None,
    calls_per_year: float | None,
    first: str | None,
    horizon: int,
    events: list["Event"],
    *,
    calendar: bool,
) -> "Forecast":
    from seat_planner.forecast.assumed import Assumptions, assumed_forecast

    if population is None and calls_per_year is None:
        mend = "请用 --csv 给出历史；没有历史时用 --population 或 --calls-per-year"
        raise PlanInputError("csv", mend)
    if first is None:
        raise PlanInputError("first", "没有历史时请给出从哪天起，如 --first 2027-01-01")
    start = _date("first", first)
    days = _china({start.year}) if calendar else None
    given = Assumptions(population, calls_per_year)
    return assumed_forecast(given, start, horizon, calendar=days, events=events)


def _china(years: set[int]) -> "DayCalendar | None":
    """China's calendar where it knows all these years from their notices; else weekdays do."""
    from hotline import logs
    from hotline.calendar import Calendar
    from hotline.calendar.years import load_year
    from seat_planner.china import ChinaDays

    if any(load_year(year) is None for year in years):
        return None
    # a coming year without a notice is computed by rule; its warning is not for this output
    logs.set_up("error")
    return ChinaDays(Calendar())


def _show_backtest(found: "Backtest", *, as_json: bool) -> None:
    told = found.as_dict()
    if as_json:
        emit(told)
        return
    half_hour, day = found.wape()
    typer.echo(f"回测 {told['origins']['count']} 次，每次向后 {found.horizon} 天")
    typer.echo(f"时段误差（WAPE）\t{half_hour:.1%}")
    typer.echo(f"日误差（WAPE）\t{day:.1%}")
    typer.echo(f"偏差\t{found.bias():+.1%}")
    for level, share in found.coverage()["interval"].items():
        typer.echo(f"{level} 区间实际包含\t{share:.1%}")
    for name, errors in told["models"].items():
        typer.echo(f"其中 {_model(name)}\t{errors['wape_interval']:.1%}")


def _model(name: str) -> str:
    from seat_planner.forecast.models import NAMES

    return NAMES[name]


def _show(made: "Forecast", out: Path | None, *, as_json: bool) -> None:
    if out is not None:
        _write(out, made.interval_rows())
    if as_json:
        emit(
            {
                "basis": made.basis.value,
                "notes": list(made.notes),
                "days": made.day_rows(),
                "intervals": made.interval_rows(),
            }
        )
        return
    for note in made.notes:
        typer.echo(f"注：{note}")
    typer.echo("日期\t来电\t80%区间\t95%区间")
    for row in made.day_rows():
        typer.echo(
            f"{row['date']}\t{row['calls']:.0f}\t{row['low_80']:.0f}–{row['high_80']:.0f}"
            f"\t{row['low_95']:.0f}–{row['high_95']:.0f}"
        )


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    names = ("calls", "low_80", "high_80", "low_95", "high_95", "basis")
    try:
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("start", *names))
            for row in rows:
                writer.writerow((f"{row['date']} {row['start']}", *(row[n] for n in names)))
    except OSError:
        raise PlanInputError(str(out), "写不了，请检查目录和权限") from None


def _event(word: str) -> "Event":
    from seat_planner.forecast.days import Event

    found = _EVENT.fullmatch(word)
    if found is None:
        raise PlanInputError("event", f"“{word[:30]}”请写成 2026-03-01..2026-03-07=0.8")
    begin = _date("event", found[1])
    return Event(begin, _date("event", found[2]) if found[2] else begin, float(found[3]))


def _date(field: str, word: str) -> date:
    try:
        return datetime.strptime(word, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise PlanInputError(field, f"“{word[:20]}”不是日期，请写成 2027-01-01") from None
