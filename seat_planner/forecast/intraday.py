"""Today's forecast from the calls so far, and how many calls may still be lost this year.

The day's factor (true level over forecast) is gamma distributed with mean 1 and the forecast's
spread; calls given the factor are Poisson. So the factor after the calls so far is gamma again,
and every remaining interval is negative binomial: exact shrinkage, no tuning.
"""

from dataclasses import dataclass
from math import floor

import numpy as np
from scipy.special import betainc, gammaincinv

from seat_planner.forecast.days import Floats
from seat_planner.forecast.errors import ForecastError

_LEAST_SPREAD = 0.01


@dataclass(frozen=True, slots=True)
class Today:
    """The day as it looks now."""

    factor: float
    """Level of the day over its forecast, given the calls so far."""
    factor_low: float
    factor_high: float
    """80 % of it lies between."""
    so_far: float
    expected_so_far: float
    rest: Floats
    """Calls of each remaining interval."""
    rest_low: Floats
    rest_high: Floats
    """80 % bounds of each."""
    total: float
    total_low: float
    total_high: float
    """Of the whole day, calls so far included; 80 %."""


def today(
    expected: Floats, spread: float, calls: Floats, *, part: float = 0.0, level: float = 0.80
) -> Today:
    """Re-estimate.

    ``expected``: the day's forecast by interval; ``spread``: its relative standard deviation;
    ``calls``: of the intervals that are over (and of the running one, if ``part`` > 0, the share
    of it that has passed). Raises ForecastError.
    """
    _check(expected, calls, part)
    done = len(calls)
    seen = expected[:done].copy()
    if part and done:
        seen[-1] *= part
    shape = 1 / max(spread, _LEAST_SPREAD) ** 2
    a, b = shape + float(calls.sum()), shape + float(seen.sum())
    rest = expected[done:]
    if part and done:
        rest = np.concatenate([[expected[done - 1] * (1 - part)], rest])
    low, high = _bounds(rest, a, b, level)
    left = np.array([rest.sum()])
    left_low, left_high = _bounds(left, a, b, level)
    so_far = float(calls.sum())
    wide_low, wide_high = _factor_bounds(a, b, level)
    return Today(
        factor=a / b,
        factor_low=wide_low,
        factor_high=wide_high,
        so_far=so_far,
        expected_so_far=float(seen.sum()),
        rest=rest * (a / b),
        rest_low=low,
        rest_high=high,
        total=so_far + float(left[0]) * a / b,
        total_low=so_far + float(left_low[0]),
        total_high=so_far + float(left_high[0]),
    )


@dataclass(frozen=True, slots=True)
class LossBudget:
    """Calls that may still be lost this year at the target."""

    target: float
    received: int
    lost: int
    expected: float
    """Calls still to come this year."""
    allowed: int
    """Of the whole year, at the calls expected."""
    left: int
    """Of the calls still to come; negative: the year's target is already missed by so many."""
    rate_so_far: float | None
    rate_needed: float | None
    """Answer rate the rest of the year must reach; above 1: out of reach."""
    reachable: bool


def loss_budget(received: int, lost: int, expected: float, target: float = 0.95) -> LossBudget:
    """From the year's calls so far and those still expected. Raises ForecastError."""
    if not 0 < target < 1:
        raise ForecastError("目标接通率须大于 0 且小于 100%", field="target")
    if received < 0 or lost < 0 or lost > received:
        raise ForecastError("未接通数须在 0 和来电数之间", field="lost")
    if not expected >= 0 or np.isinf(expected):
        raise ForecastError("预计来电数不能为负", field="expected")
    # 1 - 0.95 is 0.05000000000000004: round before cutting
    allowed = floor(round((1 - target) * (received + expected), 6))
    needed = None if not expected else 1 - (allowed - lost) / expected
    return LossBudget(
        target=target,
        received=received,
        lost=lost,
        expected=expected,
        allowed=allowed,
        left=allowed - lost,
        rate_so_far=1 - lost / received if received else None,
        rate_needed=needed,
        reachable=allowed >= lost,
    )


def _bounds(mean: Floats, a: float, b: float, level: float) -> tuple[Floats, Floats]:
    """Quantiles of counts whose Poisson mean is ``mean`` times a gamma(a, rate b) factor."""
    chance = b / (b + np.maximum(mean, 1e-12))
    tail = (1 - level) / 2
    return _quantile(tail, a, chance), _quantile(1 - tail, a, chance)


def _quantile(level: float, shape: float, chance: Floats) -> Floats:
    """Smallest counts whose negative binomial distribution function reaches ``level``."""
    low = np.full(chance.shape, -1.0)
    high = np.ceil(shape * (1 - chance) / chance * 2 + 100)
    while (short := betainc(shape, high + 1, chance) < level).any():
        high = np.where(short, 2 * high, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        reached = betainc(shape, middle + 1, chance) >= level
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return high


def _factor_bounds(a: float, b: float, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    return float(gammaincinv(a, tail) / b), float(gammaincinv(a, 1 - tail) / b)


def _check(expected: Floats, calls: Floats, part: float) -> None:
    if len(calls) > len(expected):
        raise ForecastError("已过的时段比一天的时段还多", field="calls")
    for name, values in (("expected", expected), ("calls", calls)):
        if not np.isfinite(values).all() or (values < 0).any():
            raise ForecastError("来电数须为不小于 0 的数", field=name)
    if not 0 <= part < 1 or (part and not len(calls)):
        raise ForecastError("当前时段已过的比例须在 0 和 1 之间", field="part")
