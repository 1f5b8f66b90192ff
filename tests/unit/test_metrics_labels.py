"""Metrics: closed labels, no personal data, readable page."""

import pytest

from hotline import metrics

pytestmark = pytest.mark.unit
ALLOWED = {"outcome", "speaker", "result", "code", "engine", "kind", "terminal", "clock", "act"}


def test_labels_are_short_closed_lists_of_codes() -> None:
    for metric in vars(metrics).values():
        assert set(getattr(metric, "_labelnames", ())) <= ALLOWED


def test_every_metric_is_on_the_page_under_our_name() -> None:
    metrics.CALLS_ENDED.labels("abandoned").inc(0)
    page = metrics.render().decode()
    names = {line.split()[2] for line in page.splitlines() if line.startswith("# HELP")}
    assert names
    assert all(name.startswith("hotline_") for name in names)
    assert 'hotline_calls_ended_total{outcome="abandoned"}' in page
