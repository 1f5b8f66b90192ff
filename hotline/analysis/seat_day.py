"""What somebody's seat did in a stretch of time: pure, intervals in and sums out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hotline.domain.seats import SeatCause, SeatInterval, SeatState


@dataclass(frozen=True, slots=True)
class SeatDay:
    """Sums of one person; spans are cut at the ends of the stretch."""

    person_id: str
    answered: int = 0
    """Calls picked up."""
    missed: int = 0
    """Calls that rang and were not picked up, or were refused."""
    signed_in: timedelta = timedelta(0)
    by_state: dict[SeatState, timedelta] = field(default_factory=dict)
    by_reason: dict[str, timedelta] = field(default_factory=dict)
    """Of the breaks: by the name of their reason."""

    @property
    def talking(self) -> timedelta:
        """With a caller, on hold included."""
        return sum((span for state, span in self.by_state.items() if state.in_call), timedelta(0))

    @property
    def handling(self) -> timedelta | None:
        """Mean of a call with its wrap-up; None without calls."""
        if not self.answered:
            return None
        wrap_up = self.by_state.get(SeatState.WRAP_UP, timedelta(0))
        return (self.talking + wrap_up) / self.answered


def seat_days(intervals: Iterable[SeatInterval], since: datetime, until: datetime) -> list[SeatDay]:
    """One sum a person, by person's id. What ends at or before ``since`` does not count."""
    days: dict[str, SeatDay] = {}
    for one in intervals:
        begin, end = max(one.began_at, since), min(one.ended_at, until)
        if one.ended_at <= since or one.began_at >= until or end < begin:
            continue
        day = days.get(one.person_id, SeatDay(one.person_id))
        days[one.person_id] = _with(day, one, end - begin)
    return [days[person_id] for person_id in sorted(days)]


def _with(day: SeatDay, one: SeatInterval, span: timedelta) -> SeatDay:
    rang = one.state is SeatState.RINGING
    by_state, by_reason = dict(day.by_state), dict(day.by_reason)
    by_state[one.state] = by_state.get(one.state, timedelta(0)) + span
    if one.reason is not None:
        by_reason[one.reason.label] = by_reason.get(one.reason.label, timedelta(0)) + span
    return SeatDay(
        day.person_id,
        day.answered + (rang and one.cause is SeatCause.ANSWER),
        day.missed + (rang and one.cause is SeatCause.MISS),
        day.signed_in + span,
        by_state,
        by_reason,
    )
