"""The candidates: each makes half-hours of coming days from those of past days.

All take the past (``DayTable`` of n days, counts n × slots without gaps) and the coming days'
table, and give counts h × slots.
"""

from collections.abc import Callable, Mapping

import numpy as np

from seat_planner.forecast.days import DayTable, Floats, Ints
from seat_planner.forecast.profile import average, profile

Model = Callable[[DayTable, Floats, DayTable], Floats]
_RANK = 4
_SVD_HALF_LIFE = 60.0
"""Days after which a day counts half in the autoregression."""


def last_week(past: DayTable, counts: Floats, ahead: DayTable) -> Floats:
    """Each day as the last one like it (the seasonal naive forecast)."""
    return average(past, counts, ahead, most=1)


def mean_of_four(past: DayTable, counts: Floats, ahead: DayTable) -> Floats:
    """The mean of the last four days like it."""
    return average(past, counts, ahead, most=4)


def faded_average(past: DayTable, counts: Floats, ahead: DayTable) -> Floats:
    """The mean of all days like it, half weight after eight weeks."""
    return average(past, counts, ahead, half_life=56.0)


def svd_ar(past: DayTable, counts: Floats, ahead: DayTable) -> Floats:
    """Shen and Huang: square roots of counts in a few profiles; each day's amounts of them follow
    an autoregression of order one with a level for each kind of day.
    """
    roots = np.sqrt(counts + 0.25)
    u, s, v = np.linalg.svd(roots, full_matrices=False)
    rank = min(_RANK, len(s))
    amounts = u[:, :rank] * s[:rank]
    kinds = np.unique(past.label)
    known = (past.label[:, None] == kinds[None, :]).astype(float)
    coming = _kind_rows(past, ahead, kinds)
    age = (past.ordinal[-1] - past.ordinal[1:]).astype(float)
    fade = np.sqrt(0.5 ** (age / _SVD_HALF_LIFE))[:, None]
    found = np.zeros((len(ahead), rank))
    for k in range(rank):
        design = np.hstack([known[1:], amounts[:-1, k : k + 1]])
        target = amounts[1:, k]
        solved = np.linalg.lstsq(design * fade, target * fade[:, 0], rcond=None)[0]
        pull = float(np.clip(solved[-1], -0.95, 0.95))
        last = amounts[-1, k]
        for row in range(len(ahead)):
            last = coming[row] @ solved[:-1] + pull * last
            found[row, k] = last
    wave: Floats = np.maximum(found @ v[:rank], 0) ** 2 - 0.25
    return np.maximum(wave, 0)


AVERAGES: Mapping[str, Model] = {
    "last_week": last_week,
    "mean_of_four": mean_of_four,
    "faded_average": faded_average,
    "svd_ar": svd_ar,
}
DAY_LEVEL = "day_level"
NAMES: Mapping[str, str] = {
    DAY_LEVEL: "日总量模型",
    "svd_ar": "曲线分解",
    "faded_average": "同类日渐忘平均",
    "mean_of_four": "同类日近四次平均",
    "last_week": "上一个同类日",
}
"""What users read."""


def spread_totals(past: DayTable, counts: Floats, ahead: DayTable, totals: Floats) -> Floats:
    """Day totals given out over the half-hours by the profiles of days like them."""
    return profile(past, counts, ahead) * totals[:, None]


def _kind_rows(past: DayTable, ahead: DayTable, kinds: Ints) -> Floats:
    """Which known kind each coming day is; one never seen is the mean of its working class."""
    rows = (ahead.label[:, None] == kinds[None, :]).astype(float)
    for at in np.flatnonzero(rows.sum(1) == 0):
        like = [
            float((past.working[past.label == kind] == ahead.working[at]).any()) for kind in kinds
        ]
        rows[at] = np.array(like) if any(like) else 1.0
        rows[at] /= rows[at].sum()
    return np.asarray(rows)
