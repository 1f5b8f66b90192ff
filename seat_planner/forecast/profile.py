"""How a day's calls lie over its half-hours, and averages of days like another."""

import numpy as np

from seat_planner.forecast.days import DayTable, Floats

_HALF_LIFE = 56.0
"""Days."""
_OTHERS = 0.02
"""What a day of another kind counts beside one of the same …"""
_SAME_CLASS = 0.05
"""… and one of another kind that is also worked (or also off)."""
_LEAST = 3
"""A kind with fewer days than this borrows from its class at full weight."""


def profile(past: DayTable, counts: Floats, ahead: DayTable) -> Floats:
    """Shares of each coming day's half-hours (h × slots), rows adding up to 1.

    Averaged on square roots of shares, which tames noise of small counts.
    """
    totals = counts.sum(1)
    shares = np.sqrt(counts / np.maximum(totals, 1e-9)[:, None])
    weights = _weights(past, ahead) * np.sqrt(totals)[None, :]
    sums = weights.sum(1, keepdims=True)
    if not (sums > 0).all():
        return np.full((len(ahead), counts.shape[1]), 1 / counts.shape[1])
    mean: Floats = (weights @ shares / sums) ** 2
    return np.asarray(mean / mean.sum(1, keepdims=True))


def average(
    past: DayTable,
    counts: Floats,
    ahead: DayTable,
    *,
    most: int | None = None,
    half_life: float | None = None,
) -> Floats:
    """Mean of past days of each coming day's kind: the last ``most``, or fading with age."""
    found = np.empty((len(ahead), counts.shape[1]))
    for row in range(len(ahead)):
        like = _like(past, int(ahead.label[row]), int(ahead.working[row]))
        if most is not None:
            like = like[-most:]
        weight = np.ones(len(like))
        if half_life is not None:
            weight = 0.5 ** ((past.ordinal[-1] - past.ordinal[like]) / half_life)
        found[row] = weight @ counts[like] / weight.sum()
    return found


def filled(table: DayTable, counts: Floats) -> Floats:
    """The counts with gaps (nan) put in: the day's kind's mean, scaled to the rest of the day."""
    gaps = np.isnan(counts)
    if not gaps.any():
        return counts
    found = counts.copy()
    for row in np.flatnonzero(gaps.any(1)):
        like = _like(table, int(table.label[row]), int(table.working[row]))
        like = like[~gaps[like].any(1)]
        whole = counts[like] if len(like) else counts[~gaps.any(1)]
        usual = whole.mean(0) if len(whole) else np.nan_to_num(counts).mean(0)
        seen = ~gaps[row]
        scale = counts[row, seen].sum() / max(usual[seen].sum(), 1e-9) if seen.any() else 1.0
        found[row, ~seen] = usual[~seen] * scale
    return found


def _like(table: DayTable, label: int, working: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows of days of this label; without one those of its working class; without those all."""
    for alike in (table.label == label, table.working == working):
        if alike.any():
            return np.flatnonzero(alike)
    return np.arange(len(table))


def _weights(past: DayTable, ahead: DayTable) -> Floats:
    age = (past.ordinal[-1] - past.ordinal) / _HALF_LIFE
    same = ahead.label[:, None] == past.label[None, :]
    akin = ahead.working[:, None] == past.working[None, :]
    few = same.sum(1) < _LEAST
    other = np.where(akin, np.where(few[:, None], 1.0, _SAME_CLASS), _OTHERS)
    found: Floats = np.where(same, 1.0, other) * 0.5 ** age[None, :]
    return found
