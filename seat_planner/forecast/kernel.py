"""Covariance of the logarithm of day totals: a sum of what days may have in common.

Twelve parameters, all logarithms: amplitudes (how strong a likeness is) and lengths (how far it
reaches). Each part gives its matrix and its derivative, so the evidence has an exact gradient.
"""

from dataclasses import dataclass

import numpy as np

from seat_planner.forecast.days import MONTH, DayTable, Floats

NAMES = (
    "working", "weekday", "drift", "holiday", "festival", "after", "before", "month", "year",
    "long", "short", "noise", "month_length", "long_days", "short_days",
)  # fmt: skip
USUAL = np.log([0.3, 0.3, 0.05, 0.3, 0.2, 0.1, 0.05, 0.1, 0.1, 0.1, 0.05, 0.08, 0.6, 45.0, 8.0])
"""Where the search begins and is drawn to: strengths usual for call centers."""
LOOSENESS = np.array([1.8] * 12 + [0.7, 1.0, 1.0])
"""Standard deviation of the prior about ``USUAL``."""
NOISE = NAMES.index("noise")
_AMPLITUDES = ("working", "weekday", "drift", "holiday", "festival", "after", "before")
_DRIFT_DAYS = 120.0
_FESTIVAL_DAYS = 2.5
_YEAR = 365.2425
_YEAR_LENGTH = 0.5
"""On a circle of radius 1: about two months."""
_CONSTANT = 1.0
"""Variance of the overall level about the median."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a set of days has in common with another, before parameters: matrices of n × m."""

    apart: Floats
    """Days between."""
    month: Floats
    """Squared chord on the month's circle."""
    fixed: tuple[Floats, ...]
    """Parts that only have an amplitude, in the sequence of ``_AMPLITUDES``."""
    year: Floats

    def matrix(self, theta: Floats) -> Floats:
        """The covariance (without noise)."""
        s = np.exp(2 * theta)
        found = np.full(self.apart.shape, _CONSTANT)
        for strength, part in zip(s, self.fixed, strict=False):
            found += strength * part
        found += s[7] * np.exp(-self.month / (2 * s[12])) + s[8] * self.year
        found += s[9] * np.exp(-(self.apart**2) / (2 * s[13]))
        found += s[10] * np.exp(-self.apart / np.exp(theta[14]))
        return found

    def slopes(self, theta: Floats, weight: Floats) -> Floats:
        """Sum of ``weight`` times the derivative by each parameter (0 for the noise)."""
        s = np.exp(2 * theta)
        found = np.zeros(len(NAMES))
        for at, part in enumerate(self.fixed):
            found[at] = 2 * s[at] * np.vdot(weight, part)
        near = s[7] * np.exp(-self.month / (2 * s[12]))
        found[7] = 2 * np.vdot(weight, near)
        found[12] = np.vdot(weight, near * self.month) / s[12]
        found[8] = 2 * s[8] * np.vdot(weight, self.year)
        near = s[9] * np.exp(-(self.apart**2) / (2 * s[13]))
        found[9] = 2 * np.vdot(weight, near)
        found[13] = np.vdot(weight, near * self.apart**2) / s[13]
        length = np.exp(theta[14])
        near = s[10] * np.exp(-self.apart / length)
        found[10] = 2 * np.vdot(weight, near)
        found[14] = np.vdot(weight, near * self.apart) / length
        return found


def likeness(a: DayTable, b: DayTable, *, yearly: bool) -> Likeness:
    """What days of ``a`` have in common with those of ``b``; ``yearly``: seasons are known."""
    apart = np.abs(a.ordinal[:, None] - b.ordinal[None, :]).astype(float)
    same = (a.label[:, None] == b.label[None, :]).astype(float)
    chord = 4 * np.sin(np.pi * (a.month[:, None] - b.month[None, :]) / MONTH) ** 2
    season = np.exp(-2 * np.sin(np.pi * apart / _YEAR) ** 2 / _YEAR_LENGTH**2)
    named = (a.holiday[:, None] == b.holiday[None, :]) & (a.holiday[:, None] > 0)
    fixed = (
        (a.working[:, None] == b.working[None, :]).astype(float),
        same,
        same * np.exp(-apart / _DRIFT_DAYS),
        named.astype(float),
        _festival(a, b),
        a.after[:, None] * b.after[None, :],
        a.before[:, None] * b.before[None, :],
    )
    return Likeness(apart, chord, fixed, season if yearly else np.zeros_like(apart))


def prior_variance(table: DayTable, theta: Floats, *, yearly: bool) -> Floats:
    """Variance of each day by itself (the diagonal of its matrix), without noise."""
    s = np.exp(2 * theta)
    found = np.full(len(table), _CONSTANT + s[0] + s[1] + s[2] + s[7] + s[9] + s[10])
    found += s[3] * (table.holiday > 0) + s[4] * np.isfinite(table.festival)
    found += s[5] * table.after + s[6] * table.before
    return found + (s[8] if yearly else 0.0)


def _festival(a: DayTable, b: DayTable) -> Floats:
    near = np.exp(-((a.festival[:, None] - b.festival[None, :]) ** 2) / (2 * _FESTIVAL_DAYS**2))
    return np.nan_to_num(near, nan=0.0)
