"""What a clock does when: pure decisions over moments passed in.

All that will ever happen to a running clock follows from its row: a yellow card at ``warn_at``, a
red one at ``due_at``, escalations at fixed times after ``due_at``. ``level`` says how far it has
come. So a restart, a long sleep or a clock set forward or back can neither lose nor repeat one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from dispatch.clocks.limits import Facts, Limits
from hotline.calendar import Calendar, Span
from hotline.domain.order_codes import Card, Clock, Role
from hotline.settings_orders import DeadlineSettings

YELLOW, RED = 1, 2
"""Levels of a clock: cards given; 3, 4 and 5 are the escalations."""
TOLD = (Role.SUPERVISOR, Role.MANAGER, Role.MANAGER)
"""Who is told at each escalation: of the institution, of the region, of the province."""
SILENT = frozenset({Clock.RETURN})
"""A right that lapses: nobody misses anything, so there is nothing to warn of."""
EXPIRING = frozenset({Clock.CLAIM})
"""An offer that ends: somebody else goes on, no card is given."""


@dataclass(frozen=True, slots=True)
class Running:
    """One clock of an order, as its row keeps it."""

    clock: Clock
    started_at: datetime
    """When it began; pauses move it on, so that what is used up stays true."""
    due_at: datetime
    warn_at: datetime | None
    span: Span
    """How long it was set to run; says how its time is counted, too."""
    level: int = 0
    paused_at: datetime | None = None
    left_s: float | None = None
    """While paused: seconds left, working or elapsed; negative: overdue."""

    @property
    def elapsed(self) -> bool:
        """Counted round the clock; else in working time."""
        return self.span.elapsed

    @property
    def card(self) -> int:
        """The card it stands for while it runs: 0, 1 or 2."""
        quiet = self.paused_at is not None or self.clock in SILENT | EXPIRING
        return 0 if quiet else min(self.level, RED)


@dataclass(frozen=True, slots=True)
class GiveCard:
    """A card is due."""

    clock: Clock
    card: Card


@dataclass(frozen=True, slots=True)
class Escalate:
    """The next level up is to be told; 1 supervisor, 2 the region's manager, 3 the province."""

    clock: Clock
    level: int


@dataclass(frozen=True, slots=True)
class Expire:
    """An offer is over."""

    clock: Clock


Act = GiveCard | Escalate | Expire


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be done now, and the level the clock has reached once it is done."""

    act: Act
    level: int


class Policy:
    """Deadlines of orders over one calendar and one set of settings."""

    def __init__(self, settings: DeadlineSettings, calendar: Calendar) -> None:
        """Raises CalendarError for spans that cannot be."""
        self.calendar = calendar
        self._limits = Limits(settings.rules)
        self._warn_before = Span.parse(settings.warn_before)
        self._warn_share = settings.warn_share
        self._after = tuple(map(Span.parse, settings.escalate_after))
        self._urgent_after = tuple(map(Span.parse, settings.escalate_urgent_after))
        self._escalated = frozenset(settings.escalate)

    def limit(self, clock: Clock, facts: Facts) -> Span:
        """How long this clock runs for such an order."""
        return self._limits.of(clock, facts)

    def start(
        self, clock: Clock, facts: Facts, now: datetime, until: datetime | None = None
    ) -> Running:
        """A clock that begins now, with its usual deadline or one the step names."""
        limit = self.limit(clock, facts)
        due = until or self.calendar.add(now, limit)
        return self._timed(Running(clock, now, due, None, limit))

    def pause(self, clock: Running, now: datetime) -> Running:
        """Stand still; a second pause changes nothing."""
        if clock.paused_at is not None:
            return clock
        return replace(clock, paused_at=now, left_s=self._count(clock, now, clock.due_at))

    def resume(self, clock: Running, now: datetime) -> Running:
        """Go on with what was left. Cards given stay given."""
        if clock.paused_at is None or clock.left_s is None:
            return clock
        used = self._count(clock, clock.started_at, clock.paused_at)
        going = replace(
            clock,
            started_at=self._move(clock, now, -used),
            due_at=self._move(clock, now, clock.left_s),
            paused_at=None,
            left_s=None,
        )
        return self._timed(going)

    def extend(self, clock: Running, until: datetime) -> Running:
        """A new deadline; cards given for the old one are taken back."""
        return self._due(clock, until)

    def reckon(self, clock: Running, facts: Facts, now: datetime) -> Running:
        """The deadline anew for an order whose urgency or kind has changed; unchanged if that
        makes no difference to this clock (a deadline extended stays extended).

        Counted from when the clock began; where that is over already, from now, but never later
        than it was. (Who learns on the third day that a case is urgent has an hour from then.)
        """
        limit = self.limit(clock.clock, facts)
        if limit == clock.span:
            return clock
        at = clock.paused_at or now
        old = clock.due_at
        due = self.calendar.add(clock.started_at, limit)
        if due <= at:
            due = min(max(old, due), self.calendar.add(at, limit))
        return self._due(replace(clock, span=limit), due)

    def next_at(self, clock: Running) -> datetime | None:
        """When there is something to do about it; None: never, as it stands."""
        return next((at for level, at in self._plan(clock) if level > clock.level), None)

    def decide(self, clock: Running, now: datetime) -> tuple[Due, ...]:
        """What is due, in sequence. Nothing when looked at too early (or the clock was set back).

        A yellow card that the deadline has overtaken is left out: red says it all.
        """
        passed = takewhile(lambda step: step[1] <= now, self._plan(clock))
        due = [level for level, _ in passed if level > clock.level]
        return tuple(
            Due(self._act(clock, level), level)
            for level in due
            if level != YELLOW or RED not in due
        )

    def _plan(self, clock: Running) -> Iterator[tuple[int, datetime]]:
        """(level, moment) of everything that happens to it, in sequence, worked out as needed."""
        if clock.paused_at is not None or clock.clock in SILENT:
            return
        if clock.warn_at is not None:
            yield YELLOW, clock.warn_at
        yield RED, clock.due_at
        if clock.clock in self._escalated:
            at = clock.due_at
            for level, span in enumerate(self._urgent_after if clock.elapsed else self._after):
                at = max(at, self.calendar.add(clock.due_at, span))
                yield RED + 1 + level, at

    def _act(self, clock: Running, level: int) -> Act:
        if clock.clock in EXPIRING:
            return Expire(clock.clock)
        if level > RED:
            return Escalate(clock.clock, level - RED)
        return GiveCard(clock.clock, Card.RED if level == RED else Card.YELLOW)

    def _due(self, clock: Running, due: datetime) -> Running:
        clock = replace(clock, due_at=due, level=0)
        if clock.paused_at is not None:
            clock = replace(clock, left_s=self._count(clock, clock.paused_at, due))
        return self._timed(clock)

    def _timed(self, clock: Running) -> Running:
        return replace(clock, warn_at=self._warn_at(clock))

    def _warn_at(self, clock: Running) -> datetime | None:
        """One working day (as set) before; of short deadlines, when most of the time is gone."""
        total = self._count(clock, clock.started_at, clock.due_at)
        if clock.clock in SILENT | EXPIRING or total <= 0:
            return None
        if not clock.elapsed:
            at = self.calendar.before(clock.due_at, self._warn_before)
            if self._count(clock, clock.started_at, at) >= total / 2:
                return at
        return self._move(clock, clock.started_at, total * self._warn_share)

    def _count(self, clock: Running, start: datetime, end: datetime) -> float:
        if clock.elapsed:
            return (end - start).total_seconds()
        return self.calendar.between(start, end)

    def _move(self, clock: Running, at: datetime, seconds: float) -> datetime:
        if clock.elapsed:
            return at + timedelta(seconds=seconds)
        return self.calendar.add_working(at, seconds)
