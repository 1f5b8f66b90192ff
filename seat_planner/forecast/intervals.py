"""Intervals around a forecast, on square roots, stretched to what past errors were.

A count's square root spreads by ¼ (Poisson) plus ¼·mean·s², s being the relative spread of the
day's level. How many of these spreads hold 80 or 95 % is read from forecasts that came true.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from seat_planner.forecast.days import Floats

LEVELS = (0.80, 0.95)
NORMAL = {0.80: 1.2816, 0.95: 1.9600}
_LEAST = 100
"""Errors needed before they are trusted."""
_SHIFT = 0.375
"""Anscombe's, which makes the spread of small counts even."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Spreads that hold each level, for single intervals and for whole days."""

    interval: Mapping[float, float] = field(default_factory=lambda: dict(NORMAL))
    day: Mapping[float, float] = field(default_factory=lambda: dict(NORMAL))


def stretch(misses: Floats, day_misses: Floats) -> Stretch:
    """From past errors in spreads (see ``missed``); nan are left out."""
    return Stretch(_quantiles(misses, _LEAST), _quantiles(day_misses, _LEAST // 4))


def missed(actual: Floats, forecast: Floats, spread: Floats) -> Floats:
    """How many spreads the truth lay away."""
    away = np.sqrt(actual + _SHIFT) - np.sqrt(np.maximum(forecast, 0) + _SHIFT)
    found: Floats = np.abs(away) / _spread(forecast, spread)
    return found


def bounds(forecast: Floats, spread: Floats, times: float) -> tuple[Floats, Floats]:
    """Lower and upper bound; ``spread``: relative spread of the level, broadcast to forecast."""
    middle = np.sqrt(np.maximum(forecast, 0) + _SHIFT)
    away = times * _spread(forecast, spread)
    low = np.maximum(middle - away, 0) ** 2 - _SHIFT
    return np.maximum(low, 0), (middle + away) ** 2 - _SHIFT


def _spread(forecast: Floats, spread: Floats) -> Floats:
    found: Floats = 0.5 * np.sqrt(1 + np.maximum(forecast, 0) * spread**2)
    return found


def _quantiles(misses: Floats, least: int) -> dict[float, float]:
    known = misses[~np.isnan(misses)]
    if len(known) < least:
        return dict(NORMAL)
    return {level: float(np.quantile(known, level)) for level in LEVELS}
