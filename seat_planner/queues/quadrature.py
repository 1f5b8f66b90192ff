"""Integrals of smooth, peaked functions: Gauss and Legendre's rule, panel by panel."""

import math
from collections.abc import Callable
from functools import cache

_POINTS = 24
_NEGLIGIBLE = 1e-19


def integral(
    density: Callable[[float], float], end: float, step: Callable[[float], float]
) -> float:
    """From 0 to ``end``; ``step(x)`` is the width over which one panel is exact.

    Ends early where the rest, which must be falling, adds nothing.
    """
    total, at = 0.0, 0.0
    last = math.inf
    while at < end:
        width = min(step(at), end - at)
        # the function may change faster further on
        width = min(width, max(step(at + width), width / 8.0))
        part = _panel(density, at, width)
        total += part
        at += width
        if part < _NEGLIGIBLE * total and part <= last:
            break
        last = part
    return total


def _panel(density: Callable[[float], float], at: float, width: float) -> float:
    middle, half = at + width / 2.0, width / 2.0
    return half * sum(weight * density(middle + half * node) for node, weight in rule())


@cache
def rule() -> tuple[tuple[float, float], ...]:
    """Nodes and weights on [-1, 1], by Newton's method on the Legendre polynomial."""
    found = []
    for k in range(_POINTS):
        x = math.cos(math.pi * (k + 0.75) / (_POINTS + 0.5))
        for _ in range(8):
            value, slope = _legendre(x)
            x -= value / slope
        _, slope = _legendre(x)
        found.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return tuple(found)


def _legendre(x: float) -> tuple[float, float]:
    """The polynomial's value and slope."""
    before, value = 1.0, x
    for k in range(2, _POINTS + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, _POINTS * (x * value - before) / (x * x - 1.0)
