"""When a message to the hub is sent again, and when a person has to look: decisions only, no I/O.

An attempt counts against a message only when the hub was reached with it: a hub that is away for
a day costs no message its attempts, a message the hub cannot digest does not block for ever.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What one attempt came to."""

    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    """The hub was reached but did not take it; try again, and count."""
    BUSY = "busy"
    """The hub, or the gateway before it, asks for patience (429, 502, 503, 504)."""
    UNREACHABLE = "unreachable"
    """Nobody there: no connection."""
    REFUSED = "refused"
    """The hub will never take it; a person has to look."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one attempt."""

    verdict: Verdict
    receipt: str | None = None
    code: str = ""
    """Short stable reason: http-500, timeout, connect, bad-signature."""
    retry_after: float | None = None
    """Seconds the hub asked us to wait."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient we are."""

    max_attempts: int = 12
    first_s: float = 0.5
    factor: float = 3.0
    cap_s: float = 3600.0
    jitter: float = 0.2
    """Share of a delay that is left to chance, so that many senders do not beat in time."""
    outage_cap_s: float = 15.0
    """Longest pause between two looks at a hub that is away."""
    outage_failures: int = 3
    """So many failures in a row, of whatever messages, mean that the hub itself is ill."""
    retry_after_cap_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a message after an attempt."""

    state: str
    """sent, pending or dead."""
    attempts: int
    next_at: datetime | None
    """Pending: when it is due; None: it stays where it is in the queue."""
    error: str | None


def delay(policy: Policy, count: int, cap: float, rand: Callable[[], float]) -> float:
    """Seconds before attempt ``count`` + 1 (count >= 1): exponential, capped, with jitter."""
    plain = min(policy.first_s * policy.factor ** min(count - 1, 30), cap)
    return plain * (1 - policy.jitter + 2 * policy.jitter * rand())


def decide(
    policy: Policy,
    attempts: int,
    answer: Answer,
    now: datetime,
    rand: Callable[[], float] = random.random,
) -> Next:
    """The message's next state; ``attempts`` as they were before this one."""
    if answer.verdict is Verdict.ACKNOWLEDGED:
        return Next("sent", attempts + 1, None, None)
    if answer.verdict is Verdict.REFUSED:
        return Next("dead", attempts + 1, None, answer.code)
    if answer.verdict in (Verdict.UNREACHABLE, Verdict.BUSY):
        # the breaker holds everything back; this message keeps its place in the queue
        return Next("pending", attempts, None, answer.code)
    count = attempts + 1
    if count >= policy.max_attempts:
        return Next("dead", count, None, answer.code)
    wait = max(delay(policy, count, policy.cap_s, rand), answer.retry_after or 0.0)
    return Next("pending", count, now + timedelta(seconds=wait), answer.code)


class Breaker:
    """Holds everything back while the hub is away, and lets one message through to look."""

    def __init__(self, policy: Policy, rand: Callable[[], float] = random.random) -> None:
        self._policy = policy
        self._rand = rand
        self._failures = 0
        self._until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """The hub is thought to be away or busy."""
        return self._until is not None

    def allowance(self, slots: int, now: datetime) -> int:
        """How many messages may be on their way now."""
        if self._until is None:
            return slots
        return 0 if now < self._until else 1

    def wait(self, now: datetime) -> float:
        """Seconds until the next look; 0 when there is no need to wait."""
        return max(0.0, (self._until - now).total_seconds()) if self._until else 0.0

    def note(self, answer: Answer, now: datetime) -> bool:
        """Learn from an attempt; True when it shows that the hub is well again."""
        if answer.verdict in (Verdict.ACKNOWLEDGED, Verdict.REFUSED):
            recovered = self.is_open
            self._failures = 0
            self._until = None
            return recovered
        self._failures += 1
        ill = self._failures >= self._policy.outage_failures or answer.code == "timeout"
        if answer.verdict is not Verdict.FAILED or ill:
            pause = delay(self._policy, self._failures, self._policy.outage_cap_s, self._rand)
            self._until = now + timedelta(seconds=answer.retry_after or pause)
        return False


def read_answer(
    policy: Policy, status: int, data: Any, retry_after: str | None, now: datetime
) -> Answer:
    """What an HTTP response means. ``data``: its JSON, or None when it was none."""
    wait = parse_retry_after(retry_after, now, policy.retry_after_cap_s)
    fields = data if isinstance(data, dict) else {}
    if 200 <= status < 300:
        receipt = fields.get("receipt")
        if isinstance(receipt, str) and 0 < len(receipt) <= 80:
            return Answer(Verdict.ACKNOWLEDGED, receipt=receipt)
        return Answer(Verdict.FAILED, code="no-receipt")
    error = fields.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    code = code[:80] if isinstance(code, str) and code else f"http-{status}"
    if status in (429, 502, 503, 504):
        return Answer(Verdict.BUSY, code=code, retry_after=wait)
    if status in (400, 413, 422) or (status == 409 and code != "sequence-gap"):
        return Answer(Verdict.REFUSED, code=code)
    return Answer(Verdict.FAILED, code=code, retry_after=wait)


def parse_retry_after(text: str | None, now: datetime, cap: float) -> float | None:
    """Seconds of a ``Retry-After`` header (number or HTTP date), at most ``cap``; None if none."""
    if not text:
        return None
    if text.strip().isdigit():
        return min(float(text), cap)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(0.0, (at - now).total_seconds()), cap)
