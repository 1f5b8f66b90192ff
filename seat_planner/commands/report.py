"""``hotline plan report`` and ``plan demo``: a year's plan on a page a director can sign."""

import webbrowser
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seat_planner.commands.common import JSON, emit, plain_errors, progress
from seat_planner.commands.cost import statutory
from seat_planner.commands.year import NAMES, Floor, demand_of, plans_of
from seat_planner.errors import PlanInputError

if TYPE_CHECKING:
    from seat_planner.money import Fixed, Wages
    from seat_planner.queues.year import Demand

ANHUI_CALLS, ANHUI_PEAK = 295_200.0, 2_552.0
"""Calls of Anhui's first year, and of its busiest day (see ``forecast.assumed``)."""
LEVEL = (0.8, 15.0)
"""Share and seconds of the floor by service level."""


@plain_errors
def report(
    table: Annotated[Path, typer.Option("--csv", help="各时段来电，列：start,calls")],
    out: Annotated[Path, typer.Option(help="写出的网页")] = Path("report.html"),
    title: Annotated[str, typer.Option(help="标题")] = "12348 热线座席测算报告",
    aht: Annotated[float, typer.Option(help="平均处理时长，含话后（秒）")] = 420.0,
    patience: Annotated[float, typer.Option(help="平均耐心（秒）")] = 120.0,
    answer_rate: Annotated[float, typer.Option(help="接通率目标")] = 0.95,
    least: Annotated[int, typer.Option(help="任何时段至少的座席")] = 0,
    day_cv: Annotated[float, typer.Option(help="每天来电围绕预测的波动（标准差÷均值）")] = 0.0,
    floor: Annotated[Floor, typer.Option(help="采用的下限")] = Floor.ANY_24H,
    hourly: Annotated[
        float | None, typer.Option(help="一小时的人工成本（元）；给出才列成本")
    ] = None,
    night: Annotated[float, typer.Option(help="22点到6点每小时另加（元）")] = 0.0,
    shrinkage: Annotated[float, typer.Option(help="不在席比例：休假、培训、小休")] = 0.0,
    seat: Annotated[float, typer.Option(help="一个座席一年的设备成本（元）")] = 0.0,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """全年座席测算报告（网页，可打印）：来电、接通率走势、各时段座席、各目标的代价、成本。"""
    from seat_planner.money import Fixed, Wages

    starts, demand = demand_of(table, aht, patience, day_cv)
    wages = None if hourly is None else Wages(hourly, night, shrinkage=shrinkage)
    told = [f"来电来自 {table.name}，共 {len(starts)} 个时段", *_told(demand, least)]
    page = _page(title, starts, demand, (answer_rate, least, floor), (wages, Fixed(seat)), told)
    _write(out, page)
    _say(out, as_json=as_json)


@plain_errors
def demo(
    out: Annotated[Path, typer.Option(help="写出的网页")] = Path("plan-demo.html"),
    first: Annotated[int, typer.Option("--year", help="哪一年")] = 2027,
    show: Annotated[bool, typer.Option("--open/--no-open", help="写好后打开")] = True,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """用一个合成的安徽年度（来电29.52万、最忙一天2552）走完全程：来电、座席、成本、报告。"""
    from seat_planner.money import Fixed, Wages

    starts, demand = anhui_year(first)
    told = [
        "合成数据：全年来电 295,200（安徽12348首年），最忙一天 2,552（招标文件），"
        "时段和星期的分布为假设，没有来源",
        *_told(demand, 2),
        "成本为示例：每小时45元、夜班另加5元、不在席30%、每席每年6000元、中继60条每条1200元",
    ]
    money = (Wages(45.0, 5.0, shrinkage=0.3), Fixed(6000.0, 1200.0, 60))
    title = f"12348 热线座席测算报告（示例，{first} 年）"
    _write(out, _page(title, starts, demand, (0.95, 2, Floor.ANY_24H), money, told))
    _say(out, as_json=as_json)
    if show and not as_json:
        webbrowser.open(out.absolute().as_uri())


def anhui_year(year: int) -> tuple[list[datetime], "Demand"]:
    """A year of half-hours with Anhui's calls and its busiest day, in the week of 国家宪法日."""
    from hotline import logs
    from hotline.calendar import Calendar
    from seat_planner.china import ChinaDays
    from seat_planner.forecast.assumed import Assumptions, assumed_forecast
    from seat_planner.queues.year import Demand

    if not 2000 <= year <= 2098:
        raise PlanInputError("year", "须在2000到2098之间")
    logs.set_up("error")
    begin = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - begin).days
    given = Assumptions(calls_per_year=ANHUI_CALLS)
    made = assumed_forecast(given, begin, count, calendar=ChinaDays(Calendar()))
    totals = made.calls.sum(1)
    week = [k for k, day in enumerate(made.days) if day.month == 12 and day.weekday() < 5]
    peak = week[0]
    rest = (ANHUI_CALLS - ANHUI_PEAK) / (totals.sum() - totals[peak])
    calls = made.calls * rest
    calls[peak] = made.calls[peak] * (ANHUI_PEAK / totals[peak])
    starts = [
        datetime.combine(day, datetime.min.time()) + timedelta(minutes=start)
        for day in made.days
        for start in made.starts
    ]
    days = tuple(start.date().toordinal() for start in starts)
    return starts, Demand(tuple(calls.ravel()), days, made.minutes * 60.0, 412.0, 120.0, 0.15)


def _page(
    title: str,
    starts: list[datetime],
    demand: "Demand",
    wanted: tuple[float, int, Floor],
    money: "tuple[Wages | None, Fixed]",
    told: list[str],
) -> str:
    from seat_planner.report import Priced, Report, render

    answer_rate, least, floor = wanted
    with progress("测算"):
        plans = plans_of(demand, answer_rate, LEVEL, least)
    return render(
        Report(
            title,
            starts,
            demand,
            [Priced(NAMES[name], plan) for name, plan in plans.items()],
            list(plans).index(floor),
            answer_rate,
            *money,
            statutory({start.year for start in starts}),
            told,
        )
    )


def _told(demand: "Demand", least: int) -> list[str]:
    return [
        f"平均处理时长 {demand.handling_s:g} 秒（含话后），平均耐心 {demand.patience_s:g} 秒",
        f"每天来电围绕预测的波动 {demand.day_cv:.0%}，任何时段至少 {least} 席",
        "来电人不愿等待即放弃（Erlang A）；不计重拨；座席小时不含休假、培训、小休",
    ]


def _write(out: Path, page: str) -> None:
    try:
        out.write_text(page, encoding="utf-8")
    except OSError:
        raise PlanInputError(str(out), "写不了，请检查目录和权限") from None


def _say(out: Path, *, as_json: bool) -> None:
    if as_json:
        emit({"report": str(out.absolute())})
    else:
        typer.echo(f"报告已写好\t{out.absolute()}")
