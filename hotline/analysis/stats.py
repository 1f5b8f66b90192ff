"""KPIs of a span of time, from the records alone.

Definitions (GB/T 33358 wording, split as design.md §4):

- answer_rate: calls answered ÷ calls received; a call that came in and rang off counts.
- answer_rate_bot: calls the hotline itself answered ÷ received (not: by a seat or voicemail while
  the hotline was away).
- answer_rate_human: calls in which a person answered ÷ calls in which one was asked for.
- service_level: calls answered within 15 s of their arrival ÷ received.
- satisfaction_rate: the three upper levels ÷ rated; survey_rate: rated ÷ answered. Read together.

A rate whose denominator is 0 is None, never 0 or 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db import Database
from hotline.db.tables import CallRow, OrderRow, TurnRow
from hotline.domain.codes import CallOutcome, HubState, Satisfaction, Speaker

SERVICE_LEVEL_S = 15
_AWAY = (CallOutcome.FALLBACK_SEAT.value, CallOutcome.VOICEMAIL.value)
_LOWEST_SATISFIED = int(Satisfaction.FAIR.value)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with what it is made of, so that small samples show as such."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """0..1; None when there is nothing to divide by."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Stats:
    """KPIs of the calls that came in, and the orders that were filed, in [since, until)."""

    since: datetime
    until: datetime
    received: int
    answered: int
    answer_rate: Rate
    answer_rate_bot: Rate
    answer_rate_human: Rate
    service_level: Rate
    satisfaction_rate: Rate
    survey_rate: Rate
    outcomes: dict[str, int]
    """Ended calls by CallOutcome code."""
    going_on: int
    """Calls without an end yet."""
    adopted: int
    """Calls a restarted hotline took over at least once."""
    orders_filed: int
    orders_acknowledged: Rate
    orders_dead: int
    latency_count: int
    """The bot's turns with a measured latency."""
    latency_mean_ms: float | None
    latency_p90_ms: int | None
    """The value at rank ceil(0.9 n)."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; each rate as value, part and whole."""
        plain: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, Rate):
                value = {"value": value.value, "part": value.part, "whole": value.whole}
            elif isinstance(value, datetime):
                value = value.isoformat()
            plain[name] = value
        return plain


async def stats(db: Database, since: datetime, until: datetime) -> Stats:
    """KPIs of [since, until). Raises ValueError when the span is empty or lacks a time zone."""
    if since.tzinfo is None or until.tzinfo is None or since >= until:
        raise ValueError("since must lie before until, both with a time zone")
    return await db.read(lambda session: _stats(session, since, until))


def _stats(session: Session, since: datetime, until: datetime) -> Stats:
    span = (col(CallRow.started_at) >= since, col(CallRow.started_at) < until)
    counts = _calls(session, span)
    outcome = col(CallRow.outcome)
    outcomes = session.execute(
        select(outcome, func.count()).where(*span, outcome.is_not(None)).group_by(outcome)
    )
    orders = _orders(session, since, until)
    latencies = _latencies(session, span)
    received, answered = counts["received"], counts["answered"]
    return Stats(
        since=since,
        until=until,
        received=received,
        answered=answered,
        answer_rate=Rate(answered, received),
        answer_rate_bot=Rate(counts["by_bot"], received),
        answer_rate_human=Rate(counts["human_answered"], counts["human_requested"]),
        service_level=Rate(_in_time(session, span), received),
        satisfaction_rate=Rate(counts["satisfied"], counts["rated"]),
        survey_rate=Rate(counts["rated"], answered),
        outcomes={str(code): int(number) for code, number in outcomes},
        going_on=counts["going_on"],
        adopted=counts["adopted"],
        orders_filed=orders["filed"],
        orders_acknowledged=Rate(orders["acknowledged"], orders["filed"]),
        orders_dead=orders["dead"],
        latency_count=len(latencies),
        latency_mean_ms=sum(latencies) / len(latencies) if latencies else None,
        latency_p90_ms=_percentile(latencies, 0.9),
    )


def _calls(session: Session, span: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    answered = col(CallRow.answered_at).is_not(None)
    outcome = func.coalesce(col(CallRow.outcome), "")
    requested = col(CallRow.human_requested).is_(True)
    rating = col(CallRow.satisfaction)
    wanted = {
        "answered": answered,
        "by_bot": answered & outcome.not_in(_AWAY),
        "human_requested": requested,
        "human_answered": requested & col(CallRow.human_answered).is_(True),
        "rated": answered & rating.is_not(None),
        "satisfied": answered & (rating >= _LOWEST_SATISFIED),
        "going_on": col(CallRow.ended_at).is_(None),
        "adopted": col(CallRow.adopted) > 0,
    }
    sums = [func.sum(case((condition, 1), else_=0)) for condition in wanted.values()]
    row = session.execute(select(func.count(), *sums).where(*span)).one()
    names = ("received", *wanted)
    return {name: int(value or 0) for name, value in zip(names, row, strict=True)}


def _in_time(session: Session, span: Sequence[ColumnElement[bool]]) -> int:
    """Time differences are no common SQL of our two databases, so they are taken here."""
    limit = timedelta(seconds=SERVICE_LEVEL_S)
    times = select(col(CallRow.started_at), col(CallRow.answered_at)).where(
        *span, col(CallRow.answered_at).is_not(None)
    )
    rows = session.execute(times.execution_options(yield_per=5000))
    return sum(answered - started <= limit for started, answered in rows if answered)


def _orders(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    made = col(OrderRow.created_at)
    state = col(OrderRow.hub_state)
    rows = session.execute(
        select(state, func.count()).where(made >= since, made < until).group_by(state)
    )
    counts = {code: int(number) for code, number in rows}
    return {
        "filed": sum(counts.values()),
        "acknowledged": counts.get(HubState.ACKNOWLEDGED.value, 0),
        "dead": counts.get(HubState.DEAD.value, 0),
    }


def _latencies(session: Session, span: Sequence[ColumnElement[bool]]) -> list[int]:
    latency = col(TurnRow.latency_ms)
    query = (
        select(latency)
        .join(CallRow, col(CallRow.call_id) == col(TurnRow.call_id))
        .where(*span, col(TurnRow.speaker) == Speaker.BOT.value, latency.is_not(None))
        .order_by(latency)
    )
    return [value for value in session.scalars(query) if value is not None]


def _percentile(ordered: Sequence[int], share: float) -> int | None:
    if not ordered:
        return None
    rank = -(-len(ordered) * round(share * 100) // 100)
    return ordered[max(0, rank - 1)]
