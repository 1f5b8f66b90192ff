"""What became of earlier orders, as three rates each 0..1, so that small samples do not decide.

A rate is shrunk twice: a person's towards that of their institution, an institution's towards
that of all (Beta-binomial with a fixed strength). Somebody without history gets what is usual.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

RATES = ("accepted", "resolved", "satisfaction")
PERSON_STRENGTH = 10.0
"""A person's rate counts half after so many orders."""
INSTITUTION_STRENGTH = 20.0
USUAL = 0.8
"""Assumed of all, with the weight of as many orders, before anything is known."""

Counts = tuple[int, int]
"""(successes, of how many)."""
NOTHING: Counts = (0, 0)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one person or institution, one for each of ``RATES``."""

    accepted: Counts = NOTHING
    """In time, of those given."""
    resolved: Counts = NOTHING
    """At the first try, of those finished."""
    satisfaction: Counts = NOTHING
    """The three upper levels, of those rated."""


@dataclass(frozen=True, slots=True)
class Results:
    """Counts of everybody."""

    people: Mapping[str, Tally] = field(default_factory=dict)
    institutions: Mapping[str, Tally] = field(default_factory=dict)


def shrink(counts: Counts, prior: float, strength: float) -> float:
    """The rate to be expected: prior without data, the plain rate with a lot of it."""
    part, whole = counts
    return (part + strength * prior) / (whole + strength)


@dataclass(frozen=True, slots=True)
class Expected:
    """Shrunk rates of everybody, looked up by person and institution."""

    overall: tuple[float, ...]
    institutions: Mapping[str, tuple[float, ...]]
    people: Mapping[str, Tally]

    def of(self, person_id: str | None, institution: str) -> tuple[float, ...]:
        """One rate for each of ``RATES``."""
        priors = self.institutions.get(institution, self.overall)
        tally = self.people.get(person_id) if person_id else None
        if tally is None:
            return priors
        return tuple(
            shrink(getattr(tally, name), prior, PERSON_STRENGTH)
            for name, prior in zip(RATES, priors, strict=True)
        )


def expect(results: Results) -> Expected:
    """What is to be expected of everybody after these results."""
    overall = tuple(_overall(results, name) for name in RATES)
    institutions = {
        code: tuple(
            shrink(getattr(tally, name), prior, INSTITUTION_STRENGTH)
            for name, prior in zip(RATES, overall, strict=True)
        )
        for code, tally in results.institutions.items()
    }
    return Expected(overall, institutions, results.people)


def _overall(results: Results, name: str) -> float:
    tallies = [getattr(tally, name) for tally in results.institutions.values()]
    whole = (sum(part for part, _ in tallies), sum(of for _, of in tallies))
    return shrink(whole, USUAL, INSTITUTION_STRENGTH)
