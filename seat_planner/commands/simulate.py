"""``hotline plan simulate``: a plan played through many times, to see what it really reaches."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seat_planner.commands.common import JSON, emit, plain_errors, progress
from seat_planner.commands.intervals import interval_of, read_plan

if TYPE_CHECKING:
    from seat_planner.simulation import Estimate, Grid

RATE = 0.95
"""What a day's answer rate is counted against."""


@plain_errors
def simulate(
    table: Annotated[
        Path, typer.Option("--csv", help="plan year --out 写出的表：start,calls,seats")
    ],
    aht: Annotated[float, typer.Option(help="平均处理时长，含话后（秒）")] = 420.0,
    aht_cv: Annotated[float, typer.Option(help="处理时长的波动；1为指数分布")] = 1.0,
    patience: Annotated[float, typer.Option(help="平均耐心（秒）")] = 120.0,
    unwilling: Annotated[float, typer.Option(help="完全不愿等待的比例")] = 0.0,
    day_cv: Annotated[float, typer.Option(help="每天来电围绕预测的波动（标准差÷均值）")] = 0.0,
    contained: Annotated[float, typer.Option(help="由智能助手办完、不需要人工的比例")] = 0.0,
    within: Annotated[float, typer.Option(help="接通时限（秒）")] = 15.0,
    replications: Annotated[int, typer.Option(help="重复次数；越多越准")] = 20,
    seed: Annotated[int, typer.Option(help="随机数种子；相同则结果相同")] = 1,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """逐个来电模拟一个方案，给出接通率等指标及其95%置信区间。

    与公式不同：座席随时段增减、排队跨时段、每天忙闲不一，都照实计算。
    """
    from seat_planner.simulation import Callers, simulate

    callers = Callers(aht, patience, aht_cv, unwilling, day_cv, contained)
    starts, calls, seats = read_plan(table)
    grid = _grid(starts, calls, seats)
    with progress("模拟") as on_step:
        found = simulate(
            grid, callers, replications=replications, within_s=within, seed=seed, on_step=on_step
        )
    told = {
        "answer_rate": found.answer_rate,
        "service_level": found.service_level,
        "days_reached": found.days_reached(RATE),
        "occupancy": found.occupancy,
        "mean_wait_s": found.mean_wait_s,
    }
    if as_json:
        rows = {name: _row(one) for name, one in told.items()}
        emit({"calls": int(found.calls.sum()), "replications": replications, **rows})
        return
    names = ("接通率", f"{within:g}秒内接通", f"接通率达{RATE:.0%}的日子", "座席利用率")
    for name, one in zip(names, list(told.values())[:4], strict=True):
        typer.echo(f"{name}\t{one.mean:.2%}（±{one.half:.2%}）")
    typer.echo(f"平均等待\t{found.mean_wait_s.mean:.1f} 秒（±{found.mean_wait_s.half:.1f}）")
    typer.echo(f"模拟来电\t{int(found.calls.sum()):,} 个，重复 {replications} 次")


def _row(one: "Estimate") -> dict[str, float | None]:
    """JSON has no infinity: one replication has no interval."""
    known = one.half < float("inf")
    return {
        "mean": one.mean,
        "low": one.low if known else None,
        "high": one.high if known else None,
    }


def _grid(starts: list[datetime], calls: list[float], seats: list[int]) -> "Grid":
    """The rows on the clock from the first day's midnight; where there is none, nobody is there."""
    import numpy as np

    from seat_planner.simulation import Grid

    interval_s = interval_of(starts)
    first = min(starts).replace(hour=0, minute=0, second=0, microsecond=0)
    places = [round((start - first).total_seconds() / interval_s) for start in starts]
    size = max(places) + 1
    all_calls, all_seats = np.zeros(size), np.zeros(size, dtype=np.int64)
    all_calls[places], all_seats[places] = calls, seats
    return Grid(all_calls, all_seats, interval_s)
