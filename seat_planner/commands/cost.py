"""``hotline plan cost``: what the seats of a plan cost, and a call that was answered."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from seat_planner.commands.common import JSON, emit, plain_errors
from seat_planner.commands.intervals import interval_of, read_plan


@plain_errors
def cost(
    table: Annotated[
        Path, typer.Option("--csv", help="plan year --out 写出的表：start,calls,seats")
    ],
    hourly: Annotated[float, typer.Option(help="一小时的人工成本（元，含单位缴费）")],
    night: Annotated[float, typer.Option(help="22点到6点每小时另加（元）")] = 0.0,
    holiday_times: Annotated[float, typer.Option(help="法定休假日工资倍数，不低于3")] = 3.0,
    overtime_times: Annotated[float, typer.Option(help="延长工作时间工资倍数，不低于1.5")] = 1.5,
    shrinkage: Annotated[float, typer.Option(help="不在席比例：休假、培训、小休")] = 0.0,
    people: Annotated[int | None, typer.Option(help="在编人数；给出才计算加班")] = None,
    standard_hours: Annotated[float, typer.Option(help="一人一年的标准工时")] = 2000.0,
    seat: Annotated[float, typer.Option(help="一个座席一年的设备成本（元）")] = 0.0,
    trunks: Annotated[int, typer.Option(help="中继线数")] = 0,
    trunk: Annotated[float, typer.Option(help="一条中继线一年（元）")] = 0.0,
    bot: Annotated[float, typer.Option(help="智能助手一年（元）")] = 0.0,
    aht: Annotated[float, typer.Option(help="平均处理时长，含话后（秒）")] = 420.0,
    patience: Annotated[float, typer.Option(help="平均耐心（秒）")] = 120.0,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """方案的成本逐项列出，以及每接通一个电话的成本。

    法定休假日不低于工资的300%、延长工作时间不低于150%：劳动法第四十四条。
    实行综合计算工时的，休息日排班不另加付，超出标准工时的部分按延长工作时间计。
    """
    from seat_planner.money import LINE_NAMES, Fixed, Staffing, Wages, cost

    wages = Wages(hourly, night, holiday_times, overtime_times, shrinkage, people, standard_hours)
    fixed = Fixed(seat, trunk, trunks, bot)
    starts, calls, seats = read_plan(table)
    plan = Staffing(starts, calls, seats, interval_of(starts), aht, patience)
    found = cost(plan, wages, fixed, statutory({start.year for start in starts}))
    if as_json:
        emit(
            {
                **found.lines,
                "total": found.total,
                "per_answered": found.per_answered,
                "paid_hours": found.paid_hours,
                "overtime_hours": found.overtime_hours,
                "answered": found.answered,
            }
        )
        return
    for name, amount in found.lines.items():
        typer.echo(f"{LINE_NAMES[name]}\t{amount:,.0f} 元")
    typer.echo(f"合计\t{found.total:,.0f} 元（付薪 {found.paid_hours:,.0f} 小时）")
    if found.per_answered is not None:
        typer.echo(f"每接通一个电话\t{found.per_answered:.2f} 元（接通 {found.answered:,.0f} 个）")


def statutory(years: set[int]) -> frozenset[date]:
    """法定休假日: the days 全国年节及纪念日放假办法 第二条 names, not those given in exchange."""
    from hotline.calendar.years import statutory_holidays

    return frozenset(day for year in years for day in statutory_holidays(year))
