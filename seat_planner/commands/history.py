"""Calls by interval from a CSV, in either of two shapes.

Wide: a column ``date`` and one column for each interval, named by its start (``08:30``). Long:
columns ``start`` and ``calls``. An empty cell, or 缺, is one nothing is known of.
"""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from seat_planner.commands.common import Row, moment, number, read_table
from seat_planner.errors import PlanInputError

if TYPE_CHECKING:
    from seat_planner.forecast.series import Series

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_UNKNOWN = ("缺", "NA", "-")
_DAY_MINUTES = 1440
Cells = dict[tuple[date, int], tuple[float, Row]]


def read_series(path: Path) -> "Series":
    """The table as days by intervals. Raises PlanInputError naming row and column."""
    import numpy as np

    from seat_planner.forecast.series import Series

    rows = read_table(path, ())
    cells = _wide(rows) if "date" in rows[0] else _long(path, rows)
    starts = sorted({start for _, start in cells})
    minutes = _length(starts)
    days = sorted({day for day, _ in cells})
    counts = np.full((len(days), len(starts)), np.nan)
    place = {start: column for column, start in enumerate(starts)}
    at = {day: row for row, day in enumerate(days)}
    for (day, start), (calls, _) in cells.items():
        counts[at[day], place[start]] = calls
    return Series(tuple(days), tuple(starts), minutes, counts)


def _wide(rows: list[Row]) -> Cells:
    columns = {name: _minute(name) for name in rows[0]}
    clocks = {name: start for name, start in columns.items() if start is not None}
    if len(clocks) < 2:
        raise PlanInputError("csv", "没有时段列；请以开始时间为列名，如 08:00、08:30")
    found: Cells = {}
    for row in rows:
        day = moment(row, "date").date()
        for name, start in clocks.items():
            _put(found, (day, start), _calls(row, name), row, name)
    return found


def _long(path: Path, rows: list[Row]) -> Cells:
    missing = [name for name in ("start", "calls") if name not in rows[0]]
    if missing:
        raise PlanInputError(str(path), "须有 date 列和各时段列（如 08:30），或 start、calls 两列")
    found: Cells = {}
    for row in rows:
        start = moment(row, "start")
        key = (start.date(), start.hour * 60 + start.minute)
        _put(found, key, _calls(row, "calls"), row, "start")
    return found


def _put(found: Cells, key: tuple[date, int], calls: float, row: Row, column: str) -> None:
    if key in found:
        raise row.wrong(column, f"与第{found[key][1].line}行重复，请删去一行")
    found[key] = calls, row


def _calls(row: Row, column: str) -> float:
    if row[column] in _UNKNOWN:
        return float("nan")
    calls = number(row, column)
    if calls is None:
        return float("nan")
    if not 0.0 <= calls < float("inf"):
        raise row.wrong(column, "须为不小于0的数（无来电填0，没有记录留空）")
    return calls


def _minute(name: str) -> int | None:
    found = _CLOCK.fullmatch(name)
    return None if found is None else int(found[1]) * 60 + int(found[2])


def _length(starts: list[int]) -> int:
    """Minutes of an interval: the shortest step, of which all others are multiples."""
    steps = [after - before for before, after in pairwise(starts)]
    shortest = min(steps, default=_DAY_MINUTES)
    if any(step % shortest for step in steps) or _DAY_MINUTES % shortest:
        raise PlanInputError("csv", "各时段长度不一，请统一（如都为30分钟）")
    return shortest
