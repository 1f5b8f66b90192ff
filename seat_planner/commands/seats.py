"""``hotline plan seats``: the fewest seats that reach the targets, for an interval or a table."""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from seat_planner.commands.common import JSON, emit, number, plain_errors, read_table
from seat_planner.errors import PlanInputError, above, at_least
from seat_planner.queues.mixed import Arrivals, MixedQueue
from seat_planner.queues.seats import Targets, required_seats, rostered_seats


@plain_errors
def seats(
    calls: Annotated[float | None, typer.Option(help="时段内来电数")] = None,
    interval: Annotated[float, typer.Option(help="时段长（秒）")] = 1800.0,
    aht: Annotated[float, typer.Option(help="平均处理时长，含话后（秒）")] = 420.0,
    patience: Annotated[float, typer.Option(help="平均耐心（秒）")] = 120.0,
    answer_rate: Annotated[float, typer.Option(help="接通率目标")] = 0.95,
    service_level: Annotated[float | None, typer.Option(help="时限内接通比例目标")] = None,
    within: Annotated[float, typer.Option(help="接通时限（秒）")] = 15.0,
    occupancy: Annotated[float | None, typer.Option(help="座席利用率上限")] = None,
    redial: Annotated[float, typer.Option(help="放弃后马上重拨的比例")] = 0.0,
    cv: Annotated[float, typer.Option(help="来电围绕预测的波动（标准差÷均值）")] = 0.0,
    shrinkage: Annotated[float, typer.Option(help="不在席比例：休假、培训、小休")] = 0.0,
    table: Annotated[
        Path | None, typer.Option("--csv", help="逐时段计算，须有 calls 列，其他列原样保留")
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """达到目标最少需要多少座席，以及按不在席比例应排多少人。

    例：hotline plan seats --calls 55 --aht 420 --patience 120 --service-level 0.8 --shrinkage 0.3
    """
    above("interval", interval, 0)
    targets = Targets(answer_rate, service_level, within, occupancy=occupancy)
    case = _Case(aht, patience, targets, Arrivals(redial, cv), shrinkage)
    if table is None:
        if calls is None:
            raise PlanInputError("calls", "请给出时段内来电数，或用 --csv 给出一张表")
        at_least("calls", calls, 0)
        _show(calls * aht / interval, case, as_json=as_json)
        return
    _fill_in(table, interval, case, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is the same for every row."""

    aht: float
    patience: float
    targets: Targets
    arrivals: Arrivals
    shrinkage: float


def _show(load: float, case: _Case, *, as_json: bool) -> None:
    targets, shrinkage = case.targets, case.shrinkage
    needed = required_seats(load, case.aht, targets, case.patience, case.arrivals)
    queue = MixedQueue(needed, load, case.aht, case.patience, case.arrivals)
    found = {
        "a_erlang": load,
        "seats": needed,
        "rostered": rostered_seats(needed, shrinkage),
        "answer_rate": queue.answer_rate,
        "callers_answered": queue.callers_answered,
        "service_level": queue.answered_within(targets.within_s),
        "mean_wait_s": queue.mean_wait_s,
        "occupancy": queue.occupancy,
    }
    if as_json:
        emit(found)
        return
    typer.echo(f"话务量\t{load:.4g} 爱尔兰")
    typer.echo(f"需要在席\t{needed} 席")
    typer.echo(f"应排班\t{found['rostered']} 人（不在席 {shrinkage:.0%}）")
    typer.echo(f"接通率\t{queue.answer_rate:.2%}")
    if case.arrivals.redial:
        typer.echo(f"最终接通的来电人\t{queue.callers_answered:.2%}")
    typer.echo(f"{targets.within_s:g} 秒内接通\t{found['service_level']:.2%}")
    typer.echo(f"平均等待\t{queue.mean_wait_s:.1f} 秒")
    typer.echo(f"座席利用率\t{queue.occupancy:.1%}")


def _fill_in(path: Path, interval: float, case: _Case, *, as_json: bool) -> None:
    rows = read_table(path, ("calls",))
    loads = []
    for row in rows:
        calls = number(row, "calls")
        if calls is None or not 0.0 <= calls < float("inf"):
            raise row.wrong("calls", "须为不小于0的数（夜间无来电填0）")
        loads.append(calls * case.aht / interval)
    needed = _needed(loads, case)
    added = [
        {"a_erlang": load, "seats": one, "rostered": rostered_seats(one, case.shrinkage)}
        for load, one in zip(loads, needed, strict=True)
    ]
    if as_json:
        for row, extra in zip(rows, added, strict=True):
            emit({**row, **extra})
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((*rows[0], *added[0]))
    for row, extra in zip(rows, added, strict=True):
        writer.writerow((*row.values(), *extra.values()))


def _needed(loads: list[float], case: _Case) -> list[int]:
    if case.arrivals.plain:
        from seat_planner.queues.many import required_seats_many

        found = required_seats_many(loads, case.aht, case.targets, case.patience)
        return [int(one) for one in found]
    each = {
        load: required_seats(load, case.aht, case.targets, case.patience, case.arrivals)
        for load in set(loads)
    }
    return [each[load] for load in loads]
