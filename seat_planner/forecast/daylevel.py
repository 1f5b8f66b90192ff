"""Day totals as a Gaussian process on their logarithm, robust against days out of the ordinary.

Parts: weekday (and its slow drift), working or not, holiday, days around 春节, the days after and
before closed days, place in the month, season, level (slow and fast). Their strengths are those
under which the user's own data are likeliest. Noise is Student's t by reweighting, plus Poisson.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from seat_planner.forecast.days import DayTable, Floats
from seat_planner.forecast.kernel import (
    LOOSENESS,
    NOISE,
    USUAL,
    Likeness,
    likeness,
    prior_variance,
)

FREEDOM = 4.0
"""Degrees of freedom of the noise: days far off count little."""
TUNING_DAYS = 370
"""Parameters are learned from the last so many days …"""
FITTING_DAYS = 1100
"""… and the level from the last so many: the time grows with their cube."""
SEASON_DAYS = 400
"""Less than this shows no season."""
_ROUNDS = 3
_STEPS = 12
_REWEIGHTINGS = 8


@dataclass(frozen=True, slots=True)
class DayLevel:
    """The fitted process: predicts the logarithm of day totals."""

    theta: Floats
    known: DayTable
    yearly: bool
    centre: float
    weights: Floats
    """What each known day counts, 1 being an ordinary one."""
    factor: Floats
    alpha: Floats

    def predict(self, table: DayTable) -> tuple[Floats, Floats]:
        """Mean and standard deviation of log(total + 1) of each day, its own noise included."""
        cross = likeness(table, self.known, yearly=self.yearly).matrix(self.theta)
        mean = self.centre + cross @ self.alpha
        explained = np.einsum("ij,ji->i", cross, cho_solve((self.factor, True), cross.T))
        own = prior_variance(table, self.theta, yearly=self.yearly)
        spread = np.maximum(own - explained, 0) + np.exp(2 * self.theta[NOISE])
        return mean, np.sqrt(spread + _poisson(mean))


def tune(table: DayTable, totals: Floats, start: Floats | None = None) -> tuple[Floats, float]:
    """Parameters under which the totals are likeliest, from ``start`` on, and how unlikely.

    The second is minus the logarithm of the evidence: of two tables of the same totals the one
    with the smaller value explains them better.
    """
    known = table.take(slice(-TUNING_DAYS, None))
    y, centre = _logs(totals[-TUNING_DAYS:])
    yearly = _seasonal(known)
    alike = likeness(known, known, yearly=yearly)
    theta = (USUAL if start is None else start).copy()
    extra = _poisson(y)
    for _ in range(_ROUNDS):
        weights = _reweighted(alike.matrix(theta), theta, y - centre, extra)
        found = minimize(
            _evidence,
            theta,
            args=(alike, y - centre, weights, extra),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _STEPS},
        )
        theta = np.clip(found.x, USUAL - 6, USUAL + 4)
    weights = _reweighted(alike.matrix(theta), theta, y - centre, extra)
    unlikely, _ = _evidence(theta, alike, y - centre, weights, extra)
    robust = 0.5 * FREEDOM * float((weights - 1 - np.log(weights)).sum())
    return theta, unlikely + robust


def fit(table: DayTable, totals: Floats, theta: Floats) -> DayLevel:
    """The process given these parameters."""
    known = table.take(slice(-FITTING_DAYS, None))
    y, centre = _logs(totals[-FITTING_DAYS:])
    yearly = _seasonal(known)
    matrix = likeness(known, known, yearly=yearly).matrix(theta)
    extra = _poisson(y)
    weights = _reweighted(matrix, theta, y - centre, extra)
    factor = _factor(matrix, theta, weights, extra)
    alpha = cho_solve((factor, True), y - centre)
    return DayLevel(theta, known, yearly, centre, weights, factor, alpha)


def _seasonal(known: DayTable) -> bool:
    return int(known.ordinal[-1] - known.ordinal[0]) >= SEASON_DAYS


def _logs(totals: Floats) -> tuple[Floats, float]:
    y = np.log(totals + 1)
    return y, float(np.median(y))


def _poisson(logs: Floats) -> Floats:
    """Variance of the logarithm of a Poisson count."""
    return np.exp(-np.maximum(logs, 0))


def _factor(matrix: Floats, theta: Floats, weights: Floats, extra: Floats) -> Floats:
    noise = np.exp(2 * theta[NOISE]) / weights + extra + 1e-9
    factor: Floats = cho_factor(matrix + np.diag(noise), lower=True)[0]
    return factor


def _reweighted(matrix: Floats, theta: Floats, y: Floats, extra: Floats) -> Floats:
    """What each day counts, given how far off it lies (iterated)."""
    base = np.exp(2 * theta[NOISE])
    weights = np.ones(len(y))
    for _ in range(_REWEIGHTINGS):
        alpha = cho_solve((_factor(matrix, theta, weights, extra), True), y)
        off = alpha * (base / weights + extra)
        weights = (FREEDOM + 1) / (FREEDOM + off**2 / (base + extra))
    return weights


def _evidence(
    theta: Floats, alike: Likeness, y: Floats, weights: Floats, extra: Floats
) -> tuple[float, Floats]:
    """Minus the logarithm of the evidence with its prior, and its gradient."""
    away = (theta - USUAL) / LOOSENESS
    try:
        factor = _factor(alike.matrix(theta), theta, weights, extra)
    except np.linalg.LinAlgError:
        return 1e9, away
    alpha = cho_solve((factor, True), y)
    inverse = cho_solve((factor, True), np.eye(len(y)))
    value = 0.5 * y @ alpha + np.log(np.diag(factor)).sum() + 0.5 * away @ away
    pull = inverse - np.outer(alpha, alpha)
    slope = 0.5 * alike.slopes(theta, pull) + away / LOOSENESS
    slope[NOISE] += np.exp(2 * theta[NOISE]) * float(np.diag(pull) @ (1 / weights))
    return float(value), slope
