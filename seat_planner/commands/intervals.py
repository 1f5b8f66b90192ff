"""Rows of intervals (``start``, ``calls``, ``seats`` of a plan), read and checked in one place."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from seat_planner.commands.common import Row, moment, number, read_table
from seat_planner.errors import PlanInputError


def intervals(rows: Sequence[Row]) -> list[tuple[datetime, float]]:
    """``start`` and ``calls`` of each row.

    Raises PlanInputError naming the row: a start that stands twice, or with a zone where others
    have none; calls that are no number.
    """
    found: dict[datetime, float] = {}
    seen: dict[datetime, int] = {}
    for row in rows:
        start = moment(row, "start")
        if found and (start.tzinfo is None) != (next(iter(found)).tzinfo is None):
            raise row.wrong("start", "有的带时区有的不带，请统一")
        if start in found:
            raise row.wrong("start", f"与第{seen[start]}行重复，请删去一行")
        calls = number(row, "calls")
        if calls is None or not 0.0 <= calls < float("inf"):
            raise row.wrong("calls", "须为不小于0的数（夜间无来电填0）")
        found[start], seen[start] = calls, row.line
    return list(found.items())


def read_plan(path: Path) -> tuple[list[datetime], list[float], list[int]]:
    """Starts, calls and seats of a plan. Raises PlanInputError naming row and column."""
    rows = read_table(path, ("start", "calls", "seats"))
    read = intervals(rows)
    return [start for start, _ in read], [calls for _, calls in read], [_seats(row) for row in rows]


def interval_of(starts: Sequence[datetime]) -> float:
    """Seconds of an interval: the commonest step; the rows may have gaps (closed hours)."""
    ordered = sorted(starts)
    steps = Counter((after - before).total_seconds() for before, after in pairwise(ordered))
    if not steps:
        raise PlanInputError("start", "至少需要两个时段，才能知道时段长度")
    shortest = min(steps)
    (common, _), *_ = steps.most_common(1)
    if shortest < common:
        raise PlanInputError("start", f"时段长度不一：有{shortest:g}秒也有{common:g}秒，请统一")
    return common


def _seats(row: Row) -> int:
    seats = number(row, "seats")
    if seats is None or not 0 <= seats < 1e6 or seats != int(seats):
        raise row.wrong("seats", "须为不小于0的整数")
    return int(seats)
