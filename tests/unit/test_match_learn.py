"""Learning weights: what made orders end well is found; nothing is negative; little is refused."""

from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.matching.errors import TooFewOutcomesError
from dispatch.matching.learn import (
    LEAST_OF_EACH,
    LEAST_ROWS,
    Outcome,
    auc,
    expected_good,
    is_good,
)
from dispatch.matching.learn import (
    learn as learn_all,
)
from dispatch.matching.weights import COUNT, NAMES, SHIPPED, Weights

pytestmark = pytest.mark.unit
learn = partial(learn_all, resamples=20)
START = datetime(2026, 1, 1, tzinfo=UTC)
TRUTH = Weights.of("truth", {"skill": 0.5, "resolved": 0.3, "load": 0.2})


def outcomes(
    count: int, truth: Weights = TRUTH, *, slope: float = 9.0, seed: int = 1
) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    terms = rng.random((count, COUNT))
    p = 1 / (1 + np.exp(-slope * (terms @ truth.array() - 0.45)))
    return [
        Outcome(
            START + timedelta(hours=at),
            dict(zip(NAMES, map(float, row), strict=True)),
            bool(rng.random() < chance),
            ("consultation/normal", "legal_aid/urgent")[at % 2],
        )
        for at, (row, chance) in enumerate(zip(terms, p, strict=True))
    ]


def test_what_made_orders_end_well_is_found_and_nothing_is_negative() -> None:
    learnt = learn(outcomes(3000), SHIPPED, "m-2")
    found = learnt.weights.by_name()
    assert sum(found.values()) == pytest.approx(1.0)
    assert min(found.values()) >= 0
    for name, share in TRUTH.by_name().items():
        assert found[name] == pytest.approx(share, abs=0.1)
    report = learnt.report
    assert report.auc.value > report.auc_before.value
    assert report.auc.low <= report.auc.value <= report.auc.high
    for name in NAMES:
        one = report.weights[name]
        assert one.low - 0.02 <= one.value <= one.high + 0.02
    assert report.weights["skill"].low > report.weights["language"].high


def test_it_learns_from_the_past_and_is_judged_on_what_came_later() -> None:
    mixed = list(reversed(outcomes(800)))
    report = learn(mixed, SHIPPED, "m-2").report
    assert (report.trained_on, report.validated_on) == (600, 200)
    assert (report.since, report.until) == (START, START + timedelta(hours=599))


def test_expected_ends_are_about_what_happens() -> None:
    report = learn(outcomes(4000), SHIPPED, "m-2").report
    assert sum(one.count for one in report.calibration) == report.validated_on
    assert [one.expected for one in report.calibration] == sorted(
        one.expected for one in report.calibration
    )
    assert all(abs(one.expected - one.happened) < 0.12 for one in report.calibration)
    assert report.brier < report.good_share * (1 - report.good_share)
    low, high = expected_good(report, np.array([0.1, 0.9]))
    assert 0 < low < high < 1


def test_the_same_orders_give_the_same_model() -> None:
    assert learn(outcomes(800), SHIPPED, "m") == learn(outcomes(800), SHIPPED, "m")


def test_a_term_that_counts_against_people_gets_no_weight_below_nothing() -> None:
    upside_down = [
        Outcome(one.assigned_at, one.terms | {"duty": 1 - one.terms["skill"]}, one.good, one.kind)
        for one in outcomes(1500)
    ]
    found = learn(upside_down, SHIPPED, "m").weights.by_name()
    assert found["duty"] == pytest.approx(0.0, abs=0.02)


def test_a_term_that_never_varies_keeps_about_its_share_of_the_rest() -> None:
    flat = [
        Outcome(one.assigned_at, one.terms | {"language": 1.0}, one.good, one.kind)
        for one in outcomes(1500)
    ]
    assert 0.005 < learn(flat, SHIPPED, "m").weights.by_name()["language"] < 0.12


@pytest.mark.parametrize("count", [0, 1, LEAST_ROWS - 1])
def test_too_few_orders_teach_nothing(count: int) -> None:
    with pytest.raises(TooFewOutcomesError, match=f"共{count}件"):
        learn(outcomes(count), SHIPPED, "m")


def test_too_few_bad_ends_teach_nothing() -> None:
    ends = outcomes(600)
    good = [Outcome(one.assigned_at, one.terms, True, one.kind) for one in ends]
    some = [Outcome(o.assigned_at, o.terms, False, o.kind) for o in ends[: LEAST_OF_EACH - 1]]
    with pytest.raises(TooFewOutcomesError):
        learn(good + some, SHIPPED, "m")
    later = [Outcome(o.assigned_at, o.terms, False, o.kind) for o in ends[:200]]
    with pytest.raises(TooFewOutcomesError, match="时间"):
        learn(later + good[200:], SHIPPED, "m")


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=4, max_size=60).filter(lambda y: 0 < sum(y) < len(y)))
def test_auc_is_bounded_and_turns_over(ends: list[bool]) -> None:
    y = np.array(ends, dtype=float)
    scores = np.linspace(0, 1, len(y))
    one = auc(y, scores, np.random.default_rng(1))
    assert 0 <= one.low <= one.high <= 1
    assert one.value == pytest.approx(1 - auc(y, -scores, np.random.default_rng(1)).value)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"accepted_in_time": None, "resolved_in_time": None, "satisfaction": None}, True),
        ({"satisfaction": 3}, True),
        ({"satisfaction": 2}, False),
        ({"reopened": True}, False),
        ({"resolved_in_time": False}, False),
        ({"accepted_in_time": False}, False),
        ({"returned": True, "resolved": False}, False),
        ({"resolved": False}, None),
    ],
)
def test_what_counts_as_a_good_end(changes: dict[str, object], good: bool | None) -> None:
    plain: dict[str, object] = {
        "accepted_in_time": True, "returned": False, "resolved": True,
        "resolved_in_time": True, "reopened": False, "satisfaction": 5,
    }  # fmt: skip
    assert is_good(**{**plain, **changes}) is good  # type: ignore[arg-type]
