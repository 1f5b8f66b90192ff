"""How orders were handled: by service item, post, institution or person, from the outcome facts.

Definitions, each a share with its parts and a 95 % Wilson interval, so that a small sample shows
as one (E. B. Wilson, J Am Stat Assoc 1927;22:209-212):

- accepted_in_time (及时签收率): accepted within its deadline ÷ given, where that is known.
- returned (回退率): given back ÷ given.
- on_time (按时办结率): resolved within the deadline ÷ resolved where that is known.
- first_try (一次办结率): resolved and not reopened ÷ finished (resolved or given back).
- reopened (重办率): reopened ÷ resolved.
- satisfaction (满意率): the three upper levels ÷ rated; survey (测评率): rated ÷ resolved. Shown
  together. Ratings count for whoever had the order when it was rated.
- load (在办件): orders in hand now, of those given in the span.

"Given" counts matchings: an order given back and given to somebody else counts for both.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db import Database
from hotline.db.order_tables import GrantRow, InstitutionRow, OutcomeRow, RatingRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import Satisfaction, ServiceType
from hotline.domain.order_codes import Role

Z95 = 1.959963984540054
SMALL = 30
"""Fewer than so many are called a small sample."""
_LOWEST_SATISFIED = int(Satisfaction.FAIR.value)
_IN_HAND = ("assigned", "in_progress", "urged", "supervised", "reopened", "extension")
_POSTS = (Role.HANDLER, Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.REVIEWER)
"""A person with several roles is counted under the first of these."""


class By(StrEnum):
    """What is evaluated."""

    SERVICE = "service"
    """服务事项: service type."""
    POST = "post"
    """岗位: the role of whoever had it."""
    INSTITUTION = "institution"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole and its interval."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """0..1; None when there is nothing to divide by."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval; None when there is nothing to divide by."""
        return wilson(self.part, self.whole) if self.whole else None

    @property
    def small(self) -> bool:
        """Whether it must be read with its interval."""
        return self.whole < SMALL


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One line of an evaluation."""

    key: str
    """Code of the service type, role or institution, or a person's id; empty: none known."""
    name: str
    """Chinese name; of a person their id (names are personal data)."""
    given: int
    accepted_in_time: Share
    returned: Share
    on_time: Share
    first_try: Share
    reopened: Share
    satisfaction: Share
    survey: Share
    load: int


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Interval of a proportion, 0 ≤ part ≤ whole, whole ≥ 1. Good for small samples too."""
    share = part / whole
    scale = 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / scale
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


class Evaluation:
    """Evaluates what is in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def by(
        self,
        what: By,
        since: datetime,
        until: datetime,
        *,
        institutions: Iterable[str] | None = None,
    ) -> list[Evaluated]:
        """Matchings made in [since, until), the most given first.

        ``institutions``: only theirs (whoever asks may not see others); None: all.
        """
        scope = None if institutions is None else tuple(institutions)
        return await self._db.read(lambda session: _evaluate(session, what, since, until, scope))


def _evaluate(
    session: Session,
    what: By,
    since: datetime,
    until: datetime,
    scope: tuple[str, ...] | None,
) -> list[Evaluated]:
    query = _query(what, since, until, scope)
    posts = _posts(session) if what is By.POST else {}
    sums: dict[str, list[int]] = {}
    for key, *numbers in session.execute(query):
        group = posts.get(key or "", "") if what is By.POST else key or ""
        row = sums.setdefault(group, [0] * len(numbers))
        for at, number in enumerate(numbers):
            row[at] += int(number or 0)
    names = _names(session, what)
    lines = [_line(key, names.get(key, key), row) for key, row in sums.items()]
    return sorted(lines, key=lambda line: (-line.given, line.key))


def _query(
    what: By, since: datetime, until: datetime, scope: tuple[str, ...] | None
) -> Select[Any]:
    keys: Mapping[By, Any] = {
        By.SERVICE: col(OrderRow.service_type),
        By.POST: col(OutcomeRow.person_id),
        By.INSTITUTION: col(OutcomeRow.institution),
        By.PERSON: col(OutcomeRow.person_id),
    }
    key = keys[what]
    query = (
        select(key, *_counts())
        .select_from(OutcomeRow)
        .join(OrderRow, col(OrderRow.order_no) == col(OutcomeRow.order_no))
        .where(col(OutcomeRow.assigned_at) >= since, col(OutcomeRow.assigned_at) < until)
        .group_by(key)
    )
    return query if scope is None else query.where(col(OutcomeRow.institution).in_(scope))


def _counts() -> tuple[ColumnElement[int], ...]:
    in_time, on_time = col(OutcomeRow.accepted_in_time), col(OutcomeRow.resolved_in_time)
    resolved = col(OutcomeRow.resolved_at).is_not(None)
    returned = col(OutcomeRow.returned_at).is_not(None)
    reopened = and_(resolved, func.coalesce(col(OutcomeRow.reopened), False).is_(True))
    rating = _rating()
    return (
        func.count(),
        _sum(in_time.is_(True)),
        _sum(in_time.is_not(None)),
        _sum(returned),
        _sum(on_time.is_(True)),
        _sum(on_time.is_not(None)),
        _sum(and_(resolved, ~returned, ~reopened)),
        _sum(or_(resolved, returned)),
        _sum(reopened),
        _sum(resolved),
        _sum(rating >= _LOWEST_SATISFIED),
        _sum(rating.is_not(None)),
        _sum(
            and_(
                col(OrderRow.state).in_(_IN_HAND),
                col(OrderRow.assigned_at) == col(OutcomeRow.assigned_at),
            )
        ),
    )


def _rating() -> ColumnElement[int | None]:
    """The worst rating of the matching; where the facts have none, the order's first one."""
    first = (
        select(col(RatingRow.level))
        .where(
            col(RatingRow.order_no) == col(OutcomeRow.order_no),
            col(RatingRow.round) == 0,
            col(OutcomeRow.resolved_at).is_not(None),
        )
        .scalar_subquery()
    )
    return func.coalesce(col(OutcomeRow.satisfaction), first)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _line(key: str, name: str, numbers: Sequence[int]) -> Evaluated:
    given, a, of_a, back, t, of_t, first, finished, again, resolved, s, rated, load = numbers
    return Evaluated(
        key=key,
        name=name or "未指定",
        given=given,
        accepted_in_time=Share(a, of_a),
        returned=Share(back, given),
        on_time=Share(t, of_t),
        first_try=Share(first, finished),
        reopened=Share(again, resolved),
        satisfaction=Share(s, rated),
        survey=Share(rated, max(resolved, rated)),
        load=load,
    )


def _posts(session: Session) -> dict[str, str]:
    """Person → the role they are counted under."""
    held: dict[str, set[str]] = {}
    for person, role in session.execute(select(col(GrantRow.person_id), col(GrantRow.role))):
        held.setdefault(person, set()).add(role)
    return {
        person: next((role.value for role in _POSTS if role.value in roles), "")
        for person, roles in held.items()
    }


def _names(session: Session, what: By) -> dict[str, str]:
    match what:
        case By.SERVICE:
            return {entry.value: entry.label for entry in ServiceType}
        case By.POST:
            return {entry.value: entry.label for entry in Role}
        case By.INSTITUTION:
            rows = session.execute(select(col(InstitutionRow.code), col(InstitutionRow.name)))
            return {row.code: row.name for row in rows}
        case By.PERSON:
            return {}
