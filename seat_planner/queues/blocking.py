"""Erlang B: calls that find all servers busy are lost. Also the root of the other two.

1/B(n, A) = 1 + n/A + n(n-1)/A² + ...: a sum of positive terms, exact to the last digits for any
size. With m whole steps it ends in n(n-1)...(n-m+1)/A^m · 1/B(n-m, A), which carries it to a number
of servers that is no integer (Jagerman 1974): 1/B(f, A) = A ∫ e^(-At) (1+t)^f dt from 0 to ∞.
"""

import math

from seat_planner.errors import PlanInputError, above, at_least

_NEGLIGIBLE = 1e-18
MOST_SERVERS = 50_000_000


def inverse_blocking(servers: float, load: float) -> float:
    """1/B; inf where it is too great for a float (B is 0 then). ``load`` > 0 erlangs."""
    total, term, left = 0.0, 1.0, float(servers)
    while left >= 1.0:
        total += term
        term *= left / load
        left -= 1.0
        if left < load and term < total * _NEGLIGIBLE:
            return total
        if total == math.inf:
            return math.inf
    return total + term * (1.0 if left == 0.0 else _below_one(left, load))


def blocking(servers: float, load: float) -> float:
    """Share of calls that find all servers busy. Raises PlanInputError."""
    at_least("n", servers, 0)
    at_least("a_erlang", load, 0)
    if load == 0.0:
        return 1.0 if servers == 0 else 0.0
    return 1.0 / inverse_blocking(servers, load)


def trunks(load: float, most_blocked: float) -> int:
    """Fewest lines on which at most this share of calls is blocked. Raises PlanInputError.

    Lines are held while a caller waits and not while an agent wraps up: count the wait into the
    load, and leave the wrap-up out.
    """
    at_least("a_erlang", load, 0)
    above("blocking", most_blocked, 0)
    if load == 0.0:
        return 0
    inverse, lines = 1.0, 0
    while inverse * most_blocked < 1.0:
        lines += 1
        inverse = 1.0 + inverse * lines / load
        if lines > MOST_SERVERS:
            raise PlanInputError("a_erlang", "过大，无法计算")
    return lines


def _below_one(part: float, load: float) -> float:
    """1/B(part, load) for 0 < part < 1: e^A · A^(-f) · Γ(f+1, A)."""
    return _by_fraction(part, load) if load > part + 2.0 else _by_series(part, load)


def _by_fraction(part: float, load: float) -> float:
    """A times the continued fraction of Γ(s, x) / (e^(-x) x^s), s = f+1 (Lentz's method)."""
    shape, tiny = part + 1.0, 1e-300
    b = load + 1.0 - shape
    c, d = 1.0 / tiny, 1.0 / b
    value = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2.0
        d = 1.0 / (a * d + b or tiny)
        c = b + a / c or tiny
        step = c * d
        value *= step
        if abs(step - 1.0) < 1e-16:
            break
    return load * value


def _by_series(part: float, load: float) -> float:
    """Γ(s) less the lower incomplete gamma function's series: exact for small loads."""
    shape = part + 1.0
    term = total = 1.0 / shape
    k = shape
    while term > total * 1e-17:
        k += 1.0
        term *= load / k
        total += term
    # γ(s, x) = x^s e^(-x) · total
    return math.exp(load) * math.pow(load, -part) * math.gamma(shape) - load * total
