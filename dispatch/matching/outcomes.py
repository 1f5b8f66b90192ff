"""Facts for evaluation and learning, kept step by step: what became of each matching.

Called by the life of orders for every step, inside its transaction (``dispatch.life.ports``).
Whoever takes a step (matching, a person, the hub), the facts come out the same.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.life.ports import OrderEvent
from dispatch.matching.facts import facts_of
from dispatch.matching.scorer import Scorer, want_of
from dispatch.matching.store import HELD
from hotline.db.late import after_commit
from hotline.db.order_tables import OutcomeRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.handling import Scored
from hotline.domain.order_codes import Card, Clock, MatchMode

MARKS = "hotline.match.marks"
"""In ``session.info``: what the shadow model said of the match being written."""
BY_HAND = "by-hand"
"""Model of an order a person gave to somebody the directory does not know."""
_GIVING = frozenset({"claimed", "assigned", "reassigned"})
Who = tuple[str | None, str]
"""Person (None: the institution as a whole) and institution."""


class Recorder:
    """Keeps the facts (``dispatch.life.ports.Outcomes``)."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def record(self, session: Session, order: OrderRow, event: OrderEvent, now: datetime) -> None:
        """Keep what the step says about the latest matching."""
        given = event.step in _GIVING
        keep = _FACTS.get(event.step)
        was, held = _is_held(event.from_state), _is_held(event.to_state)
        if not (given or keep or was != held):
            return
        latest = latest_outcome(session, order.order_no)
        had = (latest.person_id, latest.institution or "") if latest else None
        if keep and latest:
            keep(latest, order, event, now)
        if given:
            latest = self._new(session, order, now, claimed=event.step == "claimed")
        has = (latest.person_id, latest.institution or "") if latest else None
        self._count(session, had if was else None, has if held else None, given, now)

    def _new(
        self, session: Session, order: OrderRow, now: datetime, *, claimed: bool
    ) -> OutcomeRow:
        institution = order.institution or ""
        want = want_of(facts_of(session, order))
        found = self._scorer.score_one(want, order.handler, institution, now)
        row = OutcomeRow(
            order_no=order.order_no,
            institution=order.institution,
            person_id=order.handler,
            mode=order.mode or MatchMode.ASSIGN.value,
            model_id=self._scorer.models.active.model_id if found else BY_HAND,
            score=found.score if found else 0.0,
            terms_json=_terms(found, session.info.pop(MARKS, {})),
            assigned_at=now,
            accepted_at=now if claimed else None,
            accepted_in_time=True if claimed else None,
        )
        session.add(row)
        return row

    def _count(
        self, session: Session, had: Who | None, has: Who | None, given: bool, now: datetime
    ) -> None:
        """Who has one order less in hand, who one more; once the step is committed."""
        board = self._scorer.board
        if had == has and not given:
            return
        if had:
            after_commit(session, lambda: board.freed(*had))
        if has:
            after_commit(session, lambda: board.taken(*has, given_at=now if given else None))


def latest_outcome(session: Session, order_no: str) -> OutcomeRow | None:
    """The order's latest matching."""
    return session.scalar(
        select(OutcomeRow)
        .where(col(OutcomeRow.order_no) == order_no)
        .order_by(col(OutcomeRow.id).desc())
        .limit(1)
    )


def _is_held(state: OrderState | None) -> bool:
    return state is not None and state.value in HELD


def _terms(found: Scored | None, marks: Mapping[str, float]) -> str:
    terms = {term.name: round(term.value, 4) for term in found.terms} if found else {}
    return json.dumps(terms | dict(marks))


def _accepted(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    row.accepted_at = now
    row.accepted_in_time = row.accepted_in_time is not False
    row.person_id = row.person_id or order.handler


def _carded(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    """A red card is given when a deadline has passed, whether or not anybody goes on later."""
    if event.fields.get("card") != Card.RED or row.resolved_at is not None:
        return
    match event.fields.get("clock"):
        case Clock.ACCEPT:
            row.accepted_in_time = False
        case Clock.FEEDBACK:
            row.resolved_in_time = False


def _extended(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    if row.resolved_at is None:
        row.resolved_in_time = None


def _returned(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    row.returned_at = now


def _resolved(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    if row.resolved_at is not None:
        return  # a reopened order: what counts is the first try
    row.resolved_at = now
    row.resolved_in_time = row.resolved_in_time is not False


def _reopened(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    row.reopened = True


def _rated(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    level = order.satisfaction
    if level is not None:
        # the worst of an order's ratings: a reopened order does not become a good first try
        row.satisfaction = min(level, row.satisfaction or level)


def _closed(row: OutcomeRow, order: OrderRow, event: OrderEvent, now: datetime) -> None:
    if row.resolved_at is not None and row.reopened is None:
        row.reopened = False


_FACTS: Mapping[str, Callable[[OutcomeRow, OrderRow, OrderEvent, datetime], None]] = {
    "accepted": _accepted,
    "carded": _carded,
    "extension_granted": _extended,
    "returned": _returned,
    "resolved": _resolved,
    "reopened": _reopened,
    "rated": _rated,
    "closed": _closed,
}
