"""What the records say: KPIs, and later trends, warnings and evaluation."""

from hotline.analysis.stats import Rate, Stats, stats

__all__ = ["Rate", "Stats", "stats"]
