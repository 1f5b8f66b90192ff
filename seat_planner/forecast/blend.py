"""Which candidates to trust, and how much, by their errors so far."""

from collections.abc import Mapping, Sequence

import numpy as np

from seat_planner.forecast.days import Floats
from seat_planner.forecast.models import DAY_LEVEL

USUAL: Mapping[str, float] = {DAY_LEVEL: 0.8, "svd_ar": 0.1, "faded_average": 0.1}
"""Before anything is known."""
LEAST_ORIGINS = 3
"""Forecasts that must have come true before the weights are chosen by them."""
_STEPS = 10
_GAIN = 0.005
"""A step must make the error smaller by this share, or the usual weights stay."""


def weights(
    forecasts: Mapping[str, Sequence[Floats]], actual: Sequence[Floats]
) -> dict[str, float]:
    """Weights (adding up to 1) from forecasts that have come true, each days × intervals.

    From the usual weights on, a tenth at a time goes to the candidate that makes the sum of
    absolute errors smallest, while that helps: few data change little.
    """
    chosen = {name: weight for name, weight in USUAL.items() if name in forecasts}
    if not chosen:
        chosen = {next(iter(forecasts)): 1.0}
    total = sum(chosen.values())
    chosen = {name: weight / total for name, weight in chosen.items()}
    if len(actual) < LEAST_ORIGINS:
        return chosen
    truth = np.concatenate(actual)
    known = ~np.isnan(truth)
    given = {name: np.concatenate(rows)[known] for name, rows in forecasts.items()}
    truth = truth[known]
    blend = np.sum([weight * given[name] for name, weight in chosen.items()], axis=0)
    error = float(np.abs(blend - truth).sum())
    for step in range(_STEPS):
        share = 1 / (step + 2 + _STEPS / 2)
        tried = {
            name: float(np.abs((1 - share) * blend + share * rows - truth).sum())
            for name, rows in given.items()
        }
        best = min(tried, key=tried.__getitem__)
        if tried[best] > error * (1 - _GAIN * share):
            break
        blend = (1 - share) * blend + share * given[best]
        error = tried[best]
        chosen = {name: weight * (1 - share) for name, weight in chosen.items()}
        chosen[best] = chosen.get(best, 0.0) + share
    return chosen


def blended(forecasts: Mapping[str, Floats], chosen: Mapping[str, float]) -> Floats:
    """The weighted mean."""
    found: Floats = np.sum([chosen[name] * forecasts[name] for name in chosen], axis=0)
    return found
