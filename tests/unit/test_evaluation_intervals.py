"""Intervals of shares: small samples show as such."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.analysis.evaluation import Share, wilson

pytestmark = pytest.mark.unit
COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_published_values() -> None:
    # Newcombe, Stat Med 1998;17:857-872, table I, method 3 (score without continuity correction)
    for (part, whole), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


@given(COUNTS)
def test_an_interval_holds_the_share_and_stays_within_bounds(counts: tuple[int, int]) -> None:
    part, whole = counts
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert low < high
    turned = wilson(whole - part, whole)
    assert turned == pytest.approx((1 - high, 1 - low))


@given(COUNTS, st.integers(2, 50))
def test_more_of_the_same_narrows_it(counts: tuple[int, int], times: int) -> None:
    part, whole = counts
    low, high = wilson(part, whole)
    low2, high2 = wilson(part * times, whole * times)
    assert high2 - low2 < high - low


def test_nothing_to_divide_by_is_no_rate() -> None:
    empty = Share(0, 0)
    assert (empty.value, empty.interval, empty.small) == (None, None, True)
    assert not Share(10, 30).small
