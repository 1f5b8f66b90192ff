"""When somebody is rung, again, and for the last time: decisions only, no I/O.

All dissatisfied parties are rung (12348 平台 service standard: 对不满意的100%回访), the day after
at the latest (次日回访); of the rest a sample, chosen by the order's number alone.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispatch.daytime import DailyWindow
from hotline.domain.order_codes import RingKind, RingResult

ASKED, EMERGENCY, MORE = "asked", "emergency", "more_information"
RESOLVED, DISSATISFIED = "resolved", "dissatisfied"
_NOT_REACHED = frozenset({RingResult.NO_ANSWER, RingResult.BUSY, RingResult.OFF})
_FURTHEST = timedelta(days=30)
_DAY = timedelta(days=1)

NextWorking = Callable[[datetime], datetime]
"""The moment itself in working time, else when work next begins (``Calendar.next_working``)."""


@dataclass(frozen=True, slots=True)
class RingPolicy:
    """What the operator has set."""

    hours: DailyWindow
    """When people are rung (China time); emergencies are rung at any hour."""
    sample: float
    max_tries: int
    first_wait: timedelta
    factor: float
    longest_wait: timedelta
    asked_within: timedelta
    """Whoever asked to be rung back is rung so soon."""
    next_working: NextWorking | None = None
    """Working time of institutions; None: they ring whenever people may be rung."""


@dataclass(frozen=True, slots=True)
class Due:
    """When somebody should have been rung at the latest, and may be rung first."""

    due_at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """Ring again."""

    at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Over:
    """Do not ring again."""

    state: str
    """done or given_up."""
    tries: int


def wanted(policy: RingPolicy, kind: RingKind, reason: str, order_no: str) -> bool:
    """Whether this person is rung at all."""
    if kind is not RingKind.FOLLOW_UP or reason != RESOLVED:
        return True
    return in_sample(order_no, policy.sample)


def in_sample(order_no: str, share: float) -> bool:
    """The same answer for the same order, about ``share`` of all orders."""
    digest = hashlib.sha256(f"follow-up/{order_no}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def first(policy: RingPolicy, kind: RingKind, reason: str, now: datetime, *, at_work: bool) -> Due:
    """When somebody is rung. ``at_work``: an institution rings, in its working time."""
    if reason == EMERGENCY:
        return Due(now.astimezone(UTC), now.astimezone(UTC))
    if kind is RingKind.FOLLOW_UP and reason == RESOLVED:
        begin = _allowed(policy, now + _DAY, at_work=at_work)  # time to rate by link first
        return Due(_allowed(policy, begin + _DAY, at_work=at_work), begin)
    begin = _allowed(policy, now, at_work=at_work)
    within = policy.asked_within if reason == ASKED else _DAY
    return Due(_allowed(policy, begin + within, at_work=at_work), begin)


def after(
    policy: RingPolicy,
    result: RingResult,
    tries: int,
    now: datetime,
    *,
    urgent: bool,
    at_work: bool,
    later: datetime | None = None,
) -> Again | Over:
    """What follows from ringing somebody; ``tries`` as they were before.

    ``later``: the moment agreed, needed with LATER (see ``check_later``). ``urgent``: emergencies
    are tried again soon and at any hour.
    """
    if result is RingResult.LATER:
        if later is None:
            raise ValueError("LATER needs the moment agreed")
        return Again(later.astimezone(UTC), tries)
    if result in (RingResult.REACHED, RingResult.REFUSED):
        return Over("done", tries + 1)
    if result not in _NOT_REACHED or tries + 1 >= policy.max_tries:
        return Over("given_up", tries + 1)
    at = now + wait(policy, tries + 1, urgent=urgent)
    return Again(at.astimezone(UTC) if urgent else _allowed(policy, at, at_work=at_work), tries + 1)


def wait(policy: RingPolicy, tries: int, *, urgent: bool) -> timedelta:
    """How long after the ``tries``-th try the next one is; grows, up to the longest."""
    if urgent:
        return min(policy.first_wait, timedelta(minutes=5)) * tries
    # growth is capped before it is computed: a large factor must not overflow
    ratio = policy.longest_wait / policy.first_wait
    grown = 1.0
    for _ in range(tries - 1):
        grown = min(grown * policy.factor, max(ratio, 1.0))
    return min(policy.first_wait * grown, max(policy.longest_wait, policy.first_wait))


def check_later(later: datetime | None, now: datetime) -> str | None:
    """What is wrong with a moment agreed with the party, in Chinese; None: nothing."""
    if later is None or later.tzinfo is None:
        return "请填写约定的时间（带时区，如2026-03-05T17:30:00+08:00）"
    if not now < later <= now + _FURTHEST:
        return "约定的时间须晚于现在且在30天之内"
    return None


def _allowed(policy: RingPolicy, at: datetime, *, at_work: bool) -> datetime:
    """The first moment from ``at`` on when people may be rung (and the institution works)."""
    moment = policy.hours.first_inside(at)
    if not at_work or policy.next_working is None:
        return moment
    for _ in range(400):  # working time and ringing hours meet within days, unless set apart
        working = policy.next_working(moment).astimezone(UTC)
        moment = policy.hours.first_inside(working)
        if moment == working:
            return moment
    return policy.hours.first_inside(at)
