"""What can be said of a roster without asking anybody: overlaps, gaps, who is next."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from hotline.domain.order_codes import DutySource
from hotline.domain.people import Institution
from hotline.roster.errors import DutyInputError

CHINA = ZoneInfo("Asia/Shanghai")
LONGEST = timedelta(hours=36)
"""One duty; longer ones are slips of the pen (a wrong day or month)."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Duty:
    """One person on duty at one institution from a moment up to another."""

    staff_no: str
    institution: str
    starts_at: datetime
    ends_at: datetime
    source: DutySource = DutySource.HAND
    duty_id: int | None = None


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody on duty, as matching and the queue see them: no name."""

    person_id: str
    institution: str
    region: str
    """Of the institution."""
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Time in which an institution is open and nobody is on duty."""

    institution: str
    starts_at: datetime
    ends_at: datetime


class WorkingDays(Protocol):
    """When those work who name no hours of their own (``hotline.calendar.Calendar``)."""

    def windows(self, day: date) -> tuple[Span, ...]:
        """Working times of a day, in sequence."""


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Monday to Friday, the same hours, no holidays."""

    hours: tuple[tuple[time, time], ...]

    def windows(self, day: date) -> tuple[Span, ...]:
        """See ``WorkingDays``."""
        if day.isoweekday() > 5:
            return ()
        return tuple((_moment(day, start), _moment(day, end)) for start, end in self.hours)


def check_duty(duty: Duty) -> Duty:
    """The duty itself. Raises DutyInputError: no time zone, ends before it starts, too long."""
    if duty.starts_at.tzinfo is None or duty.ends_at.tzinfo is None:
        raise DutyInputError("starts_at：时间须带时区", field="starts_at")
    if duty.ends_at <= duty.starts_at:
        raise DutyInputError("ends_at：结束须晚于开始，过夜的班请写次日日期", field="ends_at")
    if duty.ends_at - duty.starts_at > LONGEST:
        hours = int(LONGEST.total_seconds() // 3600)
        raise DutyInputError(f"ends_at：一个班最长{hours}小时，请核对日期", field="ends_at")
    return duty


def overlaps(duties: Iterable[Duty]) -> Iterator[tuple[int, int]]:
    """(earlier, later) places in ``duties`` of two of one person that overlap; the same is none."""
    by_person: dict[str, list[tuple[int, Duty]]] = defaultdict(list)
    for place, duty in enumerate(duties):
        by_person[duty.staff_no].append((place, duty))
    for own in by_person.values():
        own.sort(key=lambda pair: (pair[1].starts_at, pair[1].ends_at))
        longest: tuple[int, Duty] | None = None
        for place, duty in own:
            if longest is not None and duty.starts_at < longest[1].ends_at:
                if _same(longest[1], duty):
                    continue
                yield min(longest[0], place), max(longest[0], place)
            if longest is None or duty.ends_at > longest[1].ends_at:
                longest = place, duty


def open_spans(
    institution: Institution, since: datetime, until: datetime, working: WorkingDays
) -> list[Span]:
    """When the institution is open between two moments, in sequence."""
    found: list[Span] = []
    day = since.astimezone(CHINA).date()
    while _moment(day, time()) < until:
        if institution.hours:
            spans: Sequence[Span] = [
                (_moment(day, _clock(start)), _end(day, end))
                for weekday, start, end in institution.hours
                if weekday == day.isoweekday()
            ]
        else:
            spans = working.windows(day)
        cut = [(max(start, since), min(end, until)) for start, end in spans]
        found += [span for span in cut if span[0] < span[1]]
        day += timedelta(days=1)
    return found


def gaps(institution: str, opened: Iterable[Span], manned: Iterable[Span]) -> list[Gap]:
    """What of ``opened`` nobody of ``manned`` covers."""
    covered = sorted(manned)
    found: list[Gap] = []
    for start, end in sorted(opened):
        at = start
        for begins, ends in covered:
            if ends <= at:
                continue
            if begins >= end:
                break
            if begins > at:
                found.append(Gap(institution, at, begins))
            at = max(at, ends)
        if at < end:
            found.append(Gap(institution, at, end))
    return found


def _same(one: Duty, other: Duty) -> bool:
    return (one.institution, one.starts_at, one.ends_at) == (
        other.institution,
        other.starts_at,
        other.ends_at,
    )


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _end(day: date, text: str) -> datetime:
    if text == "24:00":
        return _moment(day + timedelta(days=1), time())
    return _moment(day, _clock(text))


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, CHINA)
