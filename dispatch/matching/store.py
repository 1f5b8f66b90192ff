"""Reads who there is and how they stand; ``Board`` and ``Models`` are made of it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.matching.board import Board, Duty
from dispatch.matching.directory import Directory, compile_directory
from dispatch.matching.results import Results, Tally
from dispatch.matching.scorer import Models
from dispatch.matching.weights import SHIPPED, Weights
from hotline.db.order_tables import (
    DutyRow,
    GrantRow,
    InstitutionRow,
    MatchModelRow,
    OutcomeRow,
    PersonRow,
)
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState, Satisfaction
from hotline.domain.order_codes import InstitutionKind, Role
from hotline.domain.people import Handler, Institution

HELD = tuple(
    state.value
    for state in (
        OrderState.ASSIGNED,
        OrderState.IN_PROGRESS,
        OrderState.URGED,
        OrderState.SUPERVISED,
        OrderState.REOPENED,
        OrderState.EXTENSION,
    )
)
"""States in which somebody has the order in hand."""
RESULTS_OF = timedelta(days=365)
"""How far back results count."""
DUTY_AHEAD = timedelta(days=2)
_SATISFIED = int(Satisfaction.FAIR.value)
_WEEK = range(1, 8)


@dataclass(frozen=True, slots=True)
class Mark:
    """Changes whenever people, institutions, roles, duties or models do."""

    parts: tuple[Any, ...]


def mark(session: Session) -> Mark:
    """A few cheap look-ups that tell whether the directory must be read anew."""
    queries = (
        select(func.count(), func.max(col(InstitutionRow.updated_at))),
        select(func.count(), func.max(col(PersonRow.updated_at))),
        select(func.count(), func.max(col(GrantRow.id))),
        select(func.count(), func.max(col(DutyRow.id))),
    )
    parts = [tuple(session.execute(query).one()) for query in queries]
    model = select(col(MatchModelRow.model_id), col(MatchModelRow.state))
    parts.append(tuple(sorted(tuple(row) for row in session.execute(model))))
    return Mark(tuple(parts))


def read_directory(session: Session) -> Directory:
    """Active institutions and the active people who handle orders there."""
    places = [
        _institution(row)
        for row in session.scalars(
            select(InstitutionRow)
            .where(col(InstitutionRow.active))
            .order_by(col(InstitutionRow.code))
        )
    ]
    region = {place.code: place.region for place in places}
    handles = select(col(GrantRow.person_id)).where(col(GrantRow.role) == Role.HANDLER.value)
    people = session.scalars(
        select(PersonRow)
        .where(col(PersonRow.active), col(PersonRow.institution).is_not(None))
        .where(col(PersonRow.person_id).in_(handles))
        .order_by(col(PersonRow.person_id))
    )
    return compile_directory(
        places,
        [_handler(row, region[row.institution]) for row in people if row.institution in region],
    )


def read_board(session: Session, directory: Directory, results: Results, now: datetime) -> Board:
    """How everybody stands now."""
    return Board(
        directory,
        in_hand=_in_hand(session),
        last_given=_last_given(session, now),
        duties=_duties(session, now),
        results=results,
    )


def read_results(session: Session, now: datetime) -> Results:
    """What became of the orders of the last year."""
    finished = or_(
        col(OutcomeRow.resolved_at).is_not(None), col(OutcomeRow.returned_at).is_not(None)
    )
    first_try = and_(
        col(OutcomeRow.resolved_at).is_not(None),
        col(OutcomeRow.returned_at).is_(None),
        func.coalesce(col(OutcomeRow.reopened), False).is_(False),
    )
    rated = col(OutcomeRow.satisfaction)
    counts = (
        _count(col(OutcomeRow.accepted_in_time).is_(True)),
        _count(col(OutcomeRow.accepted_in_time).is_not(None)),
        _count(first_try),
        _count(finished),
        _count(rated >= _SATISFIED),
        _count(rated.is_not(None)),
    )
    people: dict[str, Tally] = {}
    institutions: dict[str, Tally] = {}
    for who, into in (
        (col(OutcomeRow.person_id), people),
        (col(OutcomeRow.institution), institutions),
    ):
        query = select(who, *counts).where(
            col(OutcomeRow.assigned_at) >= now - RESULTS_OF, who.is_not(None)
        )
        for key, *numbers in session.execute(query.group_by(who)):
            a, of_a, r, of_r, s, of_s = (int(number or 0) for number in numbers)
            into[str(key)] = Tally((a, of_a), (r, of_r), (s, of_s))
    return Results(people, institutions)


def read_models(session: Session) -> Models:
    """The active model (the shipped one where none was ever promoted) and the newest shadow."""
    rows = list(
        session.scalars(
            select(MatchModelRow)
            .where(col(MatchModelRow.state).in_(("active", "shadow")))
            .order_by(col(MatchModelRow.made_at).desc(), col(MatchModelRow.model_id))
        )
    )
    found = {
        state: next((weights_of(row) for row in rows if row.state == state), None)
        for state in ("active", "shadow")
    }
    return Models(found["active"] or SHIPPED, found["shadow"])


def weights_of(row: MatchModelRow) -> Weights:
    """A stored model's weights."""
    return Weights.of(row.model_id, json.loads(row.weights_json))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _institution(row: InstitutionRow) -> Institution:
    hours = json.loads(row.hours_json)
    return Institution(
        code=row.code,
        name=row.name,
        kind=InstitutionKind(row.kind),
        region=row.region,
        parent=row.parent,
        skills=frozenset(json.loads(row.skills_json)),
        languages=frozenset(json.loads(row.languages_json)),
        hours=tuple((day, start, end) for day in _WEEK for start, end in hours.get(str(day), ())),
        is_desk=row.is_desk,
        active=row.active,
    )


def _handler(row: PersonRow, region: str) -> Handler:
    return Handler(
        person_id=row.person_id,
        institution=row.institution or "",
        region=region,
        skills=frozenset(json.loads(row.skills_json)),
        languages=frozenset(json.loads(row.languages_json)),
        capacity=row.capacity,
    )


def _in_hand(session: Session) -> dict[str, int]:
    handler, institution = col(OrderRow.handler), col(OrderRow.institution)
    query = (
        select(handler, institution, func.count())
        .where(col(OrderRow.state).in_(HELD), institution.is_not(None))
        .group_by(handler, institution)
    )
    counts: dict[str, int] = {}
    for person, place, count in session.execute(query):
        key = person or f"@{place}"
        counts[key] = counts.get(key, 0) + count
    return counts


def _last_given(session: Session, now: datetime) -> dict[str, datetime]:
    person, institution = col(OutcomeRow.person_id), col(OutcomeRow.institution)
    latest = func.max(col(OutcomeRow.assigned_at))
    query = (
        select(person, institution, latest)
        .where(col(OutcomeRow.assigned_at) >= now - RESULTS_OF, institution.is_not(None))
        .group_by(person, institution)
    )
    given: dict[str, datetime] = {}
    for who, place, at in session.execute(query):
        key = who or f"@{place}"
        given[key] = max(at, given.get(key, at))
    return given


def _duties(session: Session, now: datetime) -> list[Duty]:
    rows = session.scalars(
        select(DutyRow).where(col(DutyRow.ends_at) > now, col(DutyRow.starts_at) < now + DUTY_AHEAD)
    )
    return [Duty(row.person_id, row.starts_at, row.ends_at) for row in rows]
