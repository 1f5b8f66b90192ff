"""``hotline plan year``: the fewest seat-hours for the year's answer rate, and what floors cost."""

import csv
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seat_planner.commands.common import JSON, emit, plain_errors, read_table
from seat_planner.commands.intervals import interval_of, intervals
from seat_planner.errors import PlanInputError

if TYPE_CHECKING:
    from seat_planner.queues.year import Demand, YearPlan


class Floor(StrEnum):
    """What holds besides the year's answer rate."""

    NONE = "none"
    DAY = "day"
    ANY_24H = "24h"
    INTERVAL = "interval"
    LEVEL = "level"


NAMES = {
    Floor.NONE: "全年接通率达标（最低）",
    Floor.DAY: "且每个自然日接通率达标",
    Floor.ANY_24H: "且任何连续24小时接通率达标",
    Floor.INTERVAL: "且每个时段接通率达标",
    Floor.LEVEL: "且每个时段限时接通达标",
}


@plain_errors
def year(
    table: Annotated[Path, typer.Option("--csv", help="各时段来电，列：start,calls")],
    aht: Annotated[float, typer.Option(help="平均处理时长，含话后（秒）")] = 420.0,
    patience: Annotated[float, typer.Option(help="平均耐心（秒）")] = 120.0,
    answer_rate: Annotated[float, typer.Option(help="接通率目标")] = 0.95,
    service_level: Annotated[float, typer.Option(help="限时接通比例（level 下限用）")] = 0.8,
    within: Annotated[float, typer.Option(help="接通时限（秒）")] = 15.0,
    least: Annotated[int, typer.Option(help="任何时段至少的座席")] = 0,
    day_cv: Annotated[float, typer.Option(help="每天来电围绕预测的波动（标准差÷均值）")] = 0.0,
    floor: Annotated[Floor, typer.Option(help="写入 --out 的方案")] = Floor.ANY_24H,
    out: Annotated[Path | None, typer.Option(help="把各时段座席写入此 CSV")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """全年接通率达标最少需要多少座席小时，以及每一种下限要多花多少。

    国家标准 GB/T 33358-2016 要求任何连续24小时接通率不低于95%，对应 24h 下限。

    --day-cv 的波动计入接通率；level 下限的限时接通比例按预测的来电量测算。
    """
    starts, demand = demand_of(table, aht, patience, day_cv)
    plans = plans_of(demand, answer_rate, (service_level, within), least)
    if out is not None:
        _write(out, starts, demand, plans[floor])
    cheapest = plans[Floor.NONE].seat_hours
    for name, plan in plans.items():
        price = plan.seat_hours / cheapest - 1.0 if cheapest else 0.0
        if as_json:
            emit(
                {
                    "floor": name.value,
                    "seat_hours": plan.seat_hours,
                    "price": price,
                    "answer_rate": plan.answer_rate,
                    "worst_day": plan.worst_day,
                    "worst_24h": plan.worst_24h,
                    "worst_interval": plan.worst_interval,
                }
            )
            continue
        typer.echo(
            f"{NAMES[name]}：{plan.seat_hours:,.0f} 座席小时（{price:+.1%}），"
            f"全年接通率 {plan.answer_rate:.2%}，最差一天 {plan.worst_day:.1%}，"
            f"最差24小时 {plan.worst_24h:.1%}，最差时段 {plan.worst_interval:.1%}"
        )


def plans_of(
    demand: "Demand", answer_rate: float, level: tuple[float, float], least: int
) -> dict[Floor, "YearPlan"]:
    """The plan of each floor. ``level``: share and seconds of the floor by service level."""
    from seat_planner.queues import Targets
    from seat_planner.queues.year import plan_year

    share, within_s = level
    each = Targets(answer_rate=answer_rate)
    quick = Targets(service_level=share, within_s=within_s)
    rate = answer_rate
    return {
        Floor.NONE: plan_year(demand, answer_rate=rate, least=least),
        Floor.DAY: plan_year(demand, answer_rate=rate, every_day=rate, least=least),
        Floor.ANY_24H: plan_year(demand, answer_rate=rate, any_24h=rate, least=least),
        Floor.INTERVAL: plan_year(demand, answer_rate=rate, every_interval=each, least=least),
        Floor.LEVEL: plan_year(demand, answer_rate=rate, every_interval=quick, least=least),
    }


def demand_of(
    path: Path, aht: float, patience: float, day_cv: float
) -> tuple[list[datetime], "Demand"]:
    """The table as demand. Raises PlanInputError naming row and column."""
    from seat_planner.queues.year import Demand

    read = intervals(read_table(path, ("start", "calls")))
    starts = [start for start, _ in read]
    interval_s = interval_of(starts)
    first = min(starts)
    places = tuple(round((start - first).total_seconds() / interval_s) for start in starts)
    days = tuple(start.date().toordinal() for start in starts)
    calls = tuple(one for _, one in read)
    return starts, Demand(calls, days, interval_s, aht, patience, day_cv, places)


def _write(out: Path, starts: list[datetime], demand: "Demand", plan: "YearPlan") -> None:
    try:
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("start", "calls", "seats"))
            rows = zip(starts, demand.calls, plan.seats, strict=True)
            writer.writerows((start.isoformat(" "), calls, seats) for start, calls, seats in rows)
    except OSError:
        raise PlanInputError(str(out), "写不了，请检查目录和权限") from None
