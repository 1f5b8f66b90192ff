"""``hotline plan today`` re-estimates the day; ``plan budget`` tells what may still be lost."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seat_planner.commands.common import JSON, emit, plain_errors, read_table
from seat_planner.commands.intervals import intervals
from seat_planner.errors import PlanInputError

if TYPE_CHECKING:
    from seat_planner.forecast.intraday import LossBudget, Today


@plain_errors
def today(
    forecast: Annotated[
        Path, typer.Option("--forecast", help="plan forecast --out 写出的表：start,calls,…")
    ],
    so_far: Annotated[Path, typer.Option("--csv", help="今天已过时段的来电：start,calls")],
    spread: Annotated[float, typer.Option(help="一天的来电围绕预测的相对标准差")] = 0.12,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """按今天已有的来电重估余下各时段：全天偏高还是偏低、余下多少，附80%区间。"""
    import numpy as np

    from seat_planner.forecast import intraday

    day, calls = _so_far(so_far)
    starts, expected = _expected(forecast, day)
    _same_intervals(starts, list(calls))
    if not 0.0 <= spread < 5.0:
        raise PlanInputError("spread", "须不小于0且小于5，如0.12")
    found = intraday.today(np.array(expected), spread, np.array(list(calls.values())))
    rest = starts[len(calls) :]
    if as_json:
        emit(_told(found, rest))
        return
    typer.echo(f"已来电\t{found.so_far:.0f}（预测 {found.expected_so_far:.0f}）")
    low, high = found.factor_low, found.factor_high
    typer.echo(f"全天水平\t预测的 {found.factor:.0%}（80%：{low:.0%}–{high:.0%}）")
    typer.echo(f"全天合计\t{found.total:.0f}（80%：{found.total_low:.0f}–{found.total_high:.0f}）")
    rows = zip(rest, found.rest, found.rest_low, found.rest_high, strict=True)
    for start, still, least, most in rows:
        typer.echo(f"{start}\t{still:.1f}\t{least:.0f}–{most:.0f}")


@plain_errors
def budget(
    received: Annotated[int, typer.Option(help="今年已来电")],
    lost: Annotated[int, typer.Option(help="其中未接通")],
    expected: Annotated[float, typer.Option(help="今年预计还会来电（可由 plan forecast 相加）")],
    target: Annotated[float, typer.Option(help="全年接通率目标")] = 0.95,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """全年接通率目标下，余下的日子还能未接多少，余下的接通率须达多少。"""
    from seat_planner.forecast.intraday import loss_budget

    found = loss_budget(received, lost, expected, target)
    if as_json:
        emit({name: getattr(found, name) for name in found.__slots__})
        return
    _show_budget(found)


def _show_budget(found: "LossBudget") -> None:
    if found.rate_so_far is not None:
        typer.echo(f"至今接通率\t{found.rate_so_far:.2%}")
    typer.echo(f"全年最多未接\t{found.allowed}")
    if not found.reachable:
        typer.echo(f"已超出\t{-found.left}，全年{found.target:.0%}无法达到")
        return
    typer.echo(f"还可未接\t{found.left}")
    if found.rate_needed is not None:
        typer.echo(f"余下的接通率须达\t{max(0.0, found.rate_needed):.2%}")


def _so_far(path: Path) -> tuple[date, dict[str, float]]:
    """The one day, and its calls by start."""
    rows = read_table(path, ("start", "calls"))
    read = intervals(rows)
    day = read[0][0].date()
    for row, (start, calls) in zip(rows, read, strict=True):
        if start.date() != day:
            raise row.wrong("start", "只能有一天的时段，请分开")
        if calls != int(calls):
            raise row.wrong("calls", "须为整数")
    return day, {f"{start:%H:%M}": calls for start, calls in sorted(read)}


def _expected(path: Path, day: date) -> tuple[list[str], list[float]]:
    read = sorted(intervals(read_table(path, ("start", "calls"))))
    found = {f"{start:%H:%M}": calls for start, calls in read if start.date() == day}
    if not found:
        raise PlanInputError(str(path), f"没有{day}的预测，请重新预测或检查日期")
    return list(found), list(found.values())


def _same_intervals(expected: list[str], seen: list[str]) -> None:
    """The calls so far are the first intervals of the day, without a gap."""
    for start, wanted in zip(seen, expected, strict=False):
        if start != wanted:
            raise PlanInputError("csv", f"缺少或多出时段：应为{wanted}，表中是{start}")
    if len(seen) > len(expected):
        raise PlanInputError("csv", f"{seen[len(expected)]}不在预测的时段里，请检查")


def _told(found: "Today", rest: list[str]) -> dict[str, object]:
    rows = zip(rest, found.rest, found.rest_low, found.rest_high, strict=True)
    return {
        "factor": found.factor,
        "factor_80": [found.factor_low, found.factor_high],
        "so_far": found.so_far,
        "expected_so_far": found.expected_so_far,
        "total": found.total,
        "total_80": [found.total_low, found.total_high],
        "rest": [
            {"start": start, "calls": float(calls), "low_80": float(low), "high_80": float(high)}
            for start, calls, low, high in rows
        ],
    }
