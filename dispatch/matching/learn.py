"""Weights re-estimated from closed orders: a small logistic model anybody can read. Pure.

An order turned out well or not (``is_good``); the model says how much each term of the score has
to do with that. It is monotone (no weight below 0: a better term never counts against somebody),
pulled towards the weights in use (so that few orders move them little), and held against orders
it has not seen: the last ones in time.

Only orders somebody got can be learnt from; what those not chosen would have made of them is not
known. That is why a learnt model first only looks on (``shadow``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

from dispatch.matching.errors import TooFewOutcomesError
from dispatch.matching.weights import COUNT, NAMES, Weights
from hotline.domain.codes import Satisfaction

Floats = NDArray[np.float64]
LEAST_ROWS = 400
"""Fewer usable orders teach nothing reliable."""
LEAST_OF_EACH = 90
"""Least well-ended and badly ended orders each: ten for each term (Peduzzi et al., J Clin
Epidemiol 1996;49:1373-9, ten events per variable)."""
VALIDATION = 0.25
"""Share of the orders, the latest, that only judge the model; it learns nothing from them."""
PULL = 20.0
"""How strongly weights are held where they are: worth about so many orders."""
RESAMPLES = 100
INTERVAL = (2.5, 97.5)
_BINS = 10
_SATISFIED = int(Satisfaction.FAIR.value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One matching that is over."""

    assigned_at: datetime
    terms: Mapping[str, float]
    good: bool
    kind: str = ""
    """Service type and urgency: harder kinds end badly more often, whoever has them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Orders for which the model expected about the same."""

    expected: float
    happened: float
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """How a model came to be and how good it is."""

    trained_on: int
    validated_on: int
    good_share: float
    since: datetime
    until: datetime
    """Of the orders it was trained on; those it was judged on came later."""
    auc: Interval
    """On the orders it was judged on: how often a well-ended order has the better score than a
    badly ended one; 0.5 is chance."""
    auc_before: Interval
    """The same for the weights in use."""
    brier: float
    """Mean squared error of the expected probability; lower is better."""
    calibration: tuple[Bin, ...]
    weights: Mapping[str, Interval]
    """Term → share of the score."""
    intercept: float
    slope: float
    """Expected probability of a good end: ``1/(1+exp(-(intercept + slope × score)))``."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """New weights and their report."""

    weights: Weights
    report: Report


def is_good(
    *,
    accepted_in_time: bool | None,
    returned: bool,
    resolved: bool,
    resolved_in_time: bool | None,
    reopened: bool | None,
    satisfaction: int | None,
) -> bool | None:
    """Whether a matching turned out well; None: not over, nothing to learn from yet.

    Well: accepted in time, resolved in time and at the first try, and, where the party rated it,
    to their content. What was not measured does not count against anybody.
    """
    if returned:
        return False
    if not resolved:
        return None
    return (
        accepted_in_time is not False
        and resolved_in_time is not False
        and reopened is not True
        and (satisfaction is None or satisfaction >= _SATISFIED)
    )


def learn(
    outcomes: Sequence[Outcome],
    current: Weights,
    model_id: str,
    *,
    resamples: int = RESAMPLES,
    seed: int = 12348,
) -> Learnt:
    """New weights from what became of orders. The same outcomes give the same weights.

    Intervals rest on so many ``resamples``; orders and seed alone decide the figures.

    Raises TooFewOutcomesError.
    """
    ordered = sorted(outcomes, key=lambda one: one.assigned_at)
    _enough(ordered)
    cut = len(ordered) - max(1, round(len(ordered) * VALIDATION))
    train, judge = ordered[:cut], ordered[cut:]
    _enough_left(train, judge)
    kinds = sorted({one.kind for one in train})
    x, controls, y = _columns(train, kinds)
    found = _fit(x, controls, y, current)
    shape = _shape(found, current)
    weights = Weights.of(model_id, dict(zip(NAMES, shape, strict=True)))
    rng = np.random.default_rng(seed)
    shares = _spread(x, controls, y, current, found, resamples, rng)
    report = _report(train, judge, current, weights, shares, rng)
    return Learnt(weights, report)


def expected_good(report: Report, scores: Floats) -> Floats:
    """Probability of a good end the model expects of scores (made with its weights)."""
    return _sigmoid(report.intercept + report.slope * scores)


def auc(y: Floats, scores: Floats, rng: np.random.Generator) -> Interval:
    """Area under the ROC curve with a bootstrap interval. Both kinds of ends must occur."""
    drawn: list[float] = []
    for _ in range(RESAMPLES):
        at = rng.integers(0, len(y), len(y))
        if 0 < y[at].sum() < len(at):
            drawn.append(_area(y[at], scores[at]))
    low, high = np.percentile(drawn, INTERVAL) if drawn else (0.0, 1.0)
    return Interval(_area(y, scores), float(low), float(high))


def _area(y: Floats, scores: Floats) -> float:
    """Mann-Whitney: how often a good end has the better score than a bad one, ties half."""
    good = float(y.sum())
    ranks = float(rankdata(scores)[y == 1].sum())
    return (ranks - good * (good + 1) / 2) / (good * (len(y) - good))


def _enough(outcomes: Sequence[Outcome]) -> None:
    good = sum(one.good for one in outcomes)
    bad = len(outcomes) - good
    if len(outcomes) < LEAST_ROWS or min(good, bad) < LEAST_OF_EACH:
        raise TooFewOutcomesError(
            f"已结束的工单太少，不能重新估计权重：共{len(outcomes)}件（至少{LEAST_ROWS}件），"
            f"其中顺利办结{good}件、未顺利{bad}件（各至少{LEAST_OF_EACH}件）"
        )


def _enough_left(train: Sequence[Outcome], judge: Sequence[Outcome]) -> None:
    for part in (train, judge):
        if len({one.good for one in part}) < 2:
            raise TooFewOutcomesError(
                "按时间划分后，训练或检验的工单里只有一种结果，不能重新估计权重，请积累更多工单后再试"
            )


def _columns(outcomes: Sequence[Outcome], kinds: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    """Terms (n, k), controls (n, kinds) and ends (n,): 1 good."""
    x = np.array([[one.terms.get(name, 0.0) for name in NAMES] for one in outcomes])
    known = {kind: at for at, kind in enumerate(kinds)}
    controls = np.zeros((len(outcomes), len(kinds)))
    for row, one in enumerate(outcomes):
        if one.kind in known:
            controls[row, known[one.kind]] = 1.0
    return x, controls, np.array([float(one.good) for one in outcomes])


def _sigmoid(z: Floats) -> Floats:
    value: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0)))
    return value


def _fit(
    x: Floats, controls: Floats, y: Floats, current: Weights, start: Floats | None = None
) -> Floats:
    """Coefficients of terms, controls and intercept: minimises the log loss plus the pull.

    The pull is towards the direction of the current weights at the scale that fits best, so a
    term that never varies keeps its present share.
    """
    prior = current.array()
    _, slope = _scale(x @ prior, y)
    target = max(slope, 1.0) * prior
    k, m = COUNT, controls.shape[1]
    design = np.hstack([x, controls, np.ones((len(y), 1))])
    if start is None:
        start = np.concatenate([target, np.zeros(m + 1)])

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = design @ theta
        p = _sigmoid(z)
        value = float(np.sum(np.logaddexp(0.0, z) - y * z))
        gradient = design.T @ (p - y)
        away = theta[:k] - target
        value += 0.5 * PULL * float(away @ away) / k + 0.5 * float(theta[k:-1] @ theta[k:-1])
        gradient[:k] += PULL * away / k
        gradient[k:-1] += theta[k:-1]
        return value, gradient

    bounds = [(0.0, None)] * k + [(None, None)] * (m + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    coefficients: Floats = found.x
    return coefficients


def _shape(coefficients: Floats, current: Weights) -> Floats:
    """Weights before they are made to sum to 1; as they are now when nothing is left of them."""
    shape: Floats = np.maximum(coefficients[:COUNT], 0.0)
    return shape if shape.sum() > 0 else current.array()


def _scale(scores: Floats, y: Floats) -> tuple[float, float]:
    """Intercept and slope of the plain logistic of ends on scores; the slope is never below 0."""

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = theta[0] + theta[1] * scores
        p = _sigmoid(z)
        value = float(np.sum(np.logaddexp(0.0, z) - y * z)) + 0.05 * float(theta[1] ** 2)
        return value, np.array([np.sum(p - y), np.sum((p - y) * scores) + 0.1 * theta[1]])

    bounds = [(None, None), (0.0, None)]
    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), float(found.x[1])


def _spread(
    x: Floats,
    controls: Floats,
    y: Floats,
    current: Weights,
    start: Floats,
    resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Shares of the score in resampled orders: (resamples, k)."""
    shares = np.empty((resamples, COUNT))
    for draw in range(resamples):
        at = rng.integers(0, len(y), len(y))
        shape = _shape(_fit(x[at], controls[at], y[at], current, start), current)
        shares[draw] = shape / shape.sum()
    return shares


def _report(
    train: Sequence[Outcome],
    judge: Sequence[Outcome],
    current: Weights,
    weights: Weights,
    shares: Floats,
    rng: np.random.Generator,
) -> Report:
    x, _, y = _columns(train, ())
    later, _, ends = _columns(judge, ())
    intercept, slope = _scale(x @ weights.array(), y)
    expected = _sigmoid(intercept + slope * (later @ weights.array()))
    low, high = np.percentile(shares, INTERVAL, axis=0)
    return Report(
        trained_on=len(train),
        validated_on=len(judge),
        good_share=float(y.mean()),
        since=train[0].assigned_at,
        until=train[-1].assigned_at,
        auc=auc(ends, later @ weights.array(), rng),
        auc_before=auc(ends, later @ current.array(), rng),
        brier=float(np.mean((expected - ends) ** 2)),
        calibration=_calibration(expected, ends),
        weights={
            name: Interval(weights.values[at], float(low[at]), float(high[at]))
            for at, name in enumerate(NAMES)
        },
        intercept=intercept,
        slope=slope,
    )


def _calibration(expected: Floats, ends: Floats) -> tuple[Bin, ...]:
    """Ten bins of as many orders each, from the least to the most promising."""
    order = np.argsort(expected, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    return tuple(
        Bin(float(expected[part].mean()), float(ends[part].mean()), len(part)) for part in parts
    )
