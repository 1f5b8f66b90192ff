"""``hotline plan erlang``: the queues' figures for one case, or for a table of them."""

import csv
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from seat_planner.commands.common import JSON, Row, emit, number, plain_errors, read_table
from seat_planner.errors import PlanInputError
from seat_planner.queues.blocking import blocking
from seat_planner.queues.impatient import ImpatientQueue
from seat_planner.queues.patient import PatientQueue

INPUTS = ("n", "a_erlang", "aht_s", "patience_s", "t_s")
FIGURES = (
    "P_block",
    "P_wait",
    "P_abandon",
    "mean_wait_all_s",
    "queue_len",
    "occupancy",
    "SL_offered",
    "SL_answered",
    "SL_virtual",
)
NAMES = {
    "P_block": "呼损率",
    "P_wait": "需要等待的比例",
    "P_abandon": "放弃率",
    "mean_wait_all_s": "平均等待（秒）",
    "queue_len": "平均排队人数",
    "occupancy": "座席利用率",
    "SL_offered": "时限内接通 ÷ 全部来电",
    "SL_answered": "时限内接通 ÷ 已接通",
    "SL_virtual": "不放弃者时限内接通",
    "SL_patient": "时限内接通 ÷（全部来电 − 时限内放弃）",
}
Inputs = dict[str, float | None]
Figures = dict[str, float]


@plain_errors
def erlang(
    model: Annotated[str, typer.Option(help="B（呼损）、C（等待）或 A（等待并可能放弃）")] = "A",
    n: Annotated[float | None, typer.Option(help="座席（中继线）数，可为小数")] = None,
    load: Annotated[float | None, typer.Option("--load", help="话务量（爱尔兰）")] = None,
    aht: Annotated[float | None, typer.Option(help="平均处理时长，含话后（秒）")] = None,
    patience: Annotated[float | None, typer.Option(help="平均耐心（秒）")] = None,
    within: Annotated[float | None, typer.Option(help="接通时限（秒）")] = None,
    table: Annotated[
        Path | None,
        typer.Option("--csv", help="逐行计算一张表，列：model,n,a_erlang,aht_s,patience_s,t_s"),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """爱尔兰公式：呼损、等待、放弃、服务水平，精确到双精度的最后几位。

    例：hotline plan erlang --n 17 --load 12.8 --aht 420 --patience 120 --within 15
    """
    if table is not None:
        _fill_in(table, as_json=as_json)
        return
    given = dict(zip(INPUTS, (n, load, aht, patience, within), strict=True))
    figures = compute(model, given)
    if as_json:
        emit({"model": model.upper(), **given, **_plain(figures)})
        return
    for name, value in figures.items():
        typer.echo(f"{NAMES[name]}\t{value:.6g}")


def compute(model: str, given: Inputs) -> Figures:
    """All figures a case has. Raises PlanInputError naming the column."""
    models: dict[str, Callable[[Inputs], Figures]] = {
        "B": _blocking,
        "C": _patient,
        "A": _impatient,
    }
    chosen = models.get(model.upper().removesuffix("_CONT"))
    if chosen is None:
        raise PlanInputError("model", f"“{model[:20]}”不是已有的模型，请用 A、B 或 C")
    return chosen(given)


def _need(given: Inputs, name: str) -> float:
    value = given.get(name)
    if value is None:
        raise PlanInputError(name, "缺少，请填写")
    return value


def _blocking(given: Inputs) -> Figures:
    return {"P_block": blocking(_need(given, "n"), _need(given, "a_erlang"))}


def _patient(given: Inputs) -> Figures:
    handling = given.get("aht_s")
    queue = PatientQueue(
        _need(given, "n"), _need(given, "a_erlang"), 1.0 if handling is None else handling
    )
    found = {"P_wait": queue.waiting, "queue_len": queue.queue_length, "occupancy": queue.occupancy}
    if handling is not None:
        found["mean_wait_all_s"] = queue.mean_wait_s
    if (within := given.get("t_s")) is not None:
        _need(given, "aht_s")
        found["SL_offered"] = queue.service_level(within)
    return found


def _impatient(given: Inputs) -> Figures:
    queue = ImpatientQueue(
        _need(given, "n"),
        _need(given, "a_erlang"),
        _need(given, "aht_s"),
        _need(given, "patience_s"),
    )
    found = {
        "P_wait": queue.waiting,
        "P_abandon": queue.abandoned,
        "mean_wait_all_s": queue.mean_wait_s,
        "queue_len": queue.queue_length,
        "occupancy": queue.occupancy,
    }
    if (within := given.get("t_s")) is not None:
        found["SL_offered"] = queue.answered_within(within)
        found["SL_answered"] = queue.answered_within_of_answered(within)
        found["SL_virtual"] = queue.waiting_less(within)
        found["SL_patient"] = queue.answered_within_of_patient(within)
    return found


def _fill_in(path: Path, *, as_json: bool) -> None:
    """Every row, or none: a table with a wrong row prints nothing but what is wrong with it."""
    rows = read_table(path, ("model", *INPUTS))
    found: list[tuple[Row, Figures]] = []
    for row in rows:
        given = {name: number(row, name) for name in INPUTS}
        try:
            found.append((row, compute(row["model"], given)))
        except PlanInputError as error:
            message = str(error).removeprefix(f"{error.field}：")
            raise row.wrong(error.field, message) from None
    kept = [name for name in rows[0] if name not in FIGURES]
    if as_json:
        for row, figures in found:
            emit({**{name: row[name] for name in kept}, **_plain(figures)})
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((*kept, *FIGURES))
    for row, figures in found:
        cells = [repr(figures[name]) if name in figures else "" for name in FIGURES]
        writer.writerow((*(row[name] for name in kept), *cells))


def _plain(figures: Figures) -> dict[str, float | None]:
    """JSON has no infinity: an endless wait is null."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
