"""The directory, board and models in memory, and the match made with them. No I/O.

Shared by the threads that write steps: what it holds is swapped as a whole (``renew``), and read
without locks.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from dispatch.matching.board import Board
from dispatch.matching.decide import Ask, Policy, decide
from dispatch.matching.directory import compile_directory
from dispatch.matching.opening import WorkCalendar
from dispatch.matching.score import Ranking, Want, order_by, rank, scored, terms_of
from dispatch.matching.weights import SHIPPED, Weights
from hotline.domain.codes import Urgency
from hotline.domain.handling import Match, OrderFacts, Scored, Triage
from hotline.domain.order_codes import Complexity, Handling, MatchMode

SHADOW = "shadow:"
"""Key in ``OutcomeRow.terms_json``: 1 where that shadow model had chosen the same, else 0."""


@dataclass(frozen=True, slots=True)
class Models:
    """Weights in use, and those that only look on."""

    active: Weights = SHIPPED
    shadow: Weights | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A match, and what the shadow model would have done."""

    match: Match
    marks: dict[str, float]
    """``SHADOW`` + model id → 1 or 0; empty without a shadow or a person to choose."""


class Scorer:
    """Makes matches."""

    def __init__(self, calendar: WorkCalendar, policy: Policy | None = None) -> None:
        self.calendar = calendar
        self.policy = policy or Policy()
        self._state = (Board(compile_directory((), ())), Models())

    def renew(self, board: Board, models: Models) -> None:
        """From now on with these."""
        self._state = (board, models)

    @property
    def board(self) -> Board:
        """Everybody's state."""
        return self._state[0]

    @property
    def models(self) -> Models:
        """Models in use."""
        return self._state[1]

    def match(self, want: Want, ask: Ask, now: datetime) -> Matched:
        """Who should have it."""
        board, models = self._state
        directory = board.directory
        situation = board.situation(now, self.calendar)
        ranking = rank(directory, situation, want, models.active)
        there = situation.on_duty | situation.open_now
        match = decide(directory, ranking, there, want, ask, models.active, self.policy)
        return Matched(match, _marks(ranking, match, models))

    def score_one(
        self, want: Want, person_id: str | None, institution: str, now: datetime
    ) -> Scored | None:
        """The score of somebody who has the order already; None: not in the directory."""
        board, models = self._state
        row = board.directory.rows.get(person_id or f"@{institution}")
        if row is None:
            return None
        rows = np.array([row], dtype=np.int64)
        situation = board.situation(now, self.calendar)
        terms = terms_of(board.directory, situation, want, rows)
        return scored(board.directory, order_by(rows, terms, models.active, {}), 0, models.active)


def want_of(
    facts: OrderFacts,
    *,
    handling: Handling = Handling.DISPATCH,
    not_people: frozenset[str] = frozenset(),
    not_institutions: frozenset[str] = frozenset(),
) -> Want:
    """What an order asks of its handler. Who had it last is not asked again."""
    last = {facts.last_institution} if facts.last_institution else set()
    return Want(
        service_type=facts.service_type,
        topic=facts.topic,
        region=facts.region,
        language=facts.language,
        now=facts.urgency is not Urgency.NORMAL,
        hotline=handling is Handling.ANSWER,
        not_people=not_people,
        not_institutions=not_institutions | last,
    )


def ask_of(facts: OrderFacts, complexity: Complexity, *, may_offer: bool = True) -> Ask:
    """The rest the decision needs."""
    return Ask(facts.urgency, complexity, facts.returned, may_offer)


def with_triage(facts: OrderFacts, triage: Triage) -> tuple[Want, Ask]:
    """Want and ask of an order just triaged."""
    after = replace(
        facts,
        service_type=triage.service_type,
        urgency=triage.urgency,
        region=triage.region,
    )
    return want_of(after, handling=triage.handling), ask_of(after, triage.complexity)


def _marks(ranking: Ranking, match: Match, models: Models) -> dict[str, float]:
    if models.shadow is None or match.mode is MatchMode.DESK or len(ranking) < 2:
        return {}
    other = order_by(ranking.rows, ranking.terms, models.shadow, {})
    same = int(other.rows[0]) == int(ranking.rows[0])
    return {f"{SHADOW}{models.shadow.model_id}": float(same)}
