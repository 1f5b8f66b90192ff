"""Models of the score: learnt, looked at beside the one in use, taken into use by a person."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.matching.errors import ModelNotFoundError, ModelStateError
from dispatch.matching.facts import facts_of
from dispatch.matching.learn import Learnt, Outcome, is_good, learn
from dispatch.matching.score import order_by, rank
from dispatch.matching.scorer import SHADOW, Scorer, want_of
from dispatch.matching.store import read_models, weights_of
from dispatch.matching.weights import FIRST_MODEL, NAMES, SHIPPED, Weights
from hotline.analysis.evaluation import Share
from hotline.db import Database, audit_log
from hotline.db.order_tables import MatchModelRow, OutcomeRow
from hotline.db.tables import OrderRow
from hotline.domain.people import Actor
from hotline.privacy import KeyRing

log = structlog.get_logger(__name__)
LEAST_COMPARED = 100
"""Orders a shadow must have been compared on before it may be taken into use."""
REPLAYED = 1000


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A stored model."""

    model_id: str
    state: str
    """active, shadow or retired."""
    weights: dict[str, float]
    report: dict[str, Any]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """The model in use and a shadow over the same orders."""

    active: str
    shadow: str
    orders: int
    """Orders matched again with both, among the people there are now."""
    same_choice: Share
    """Both put the same first."""
    expected_active: float | None
    """Mean probability of a good end of the active model's choices, by the shadow's own logistic
    (so it leans to the shadow); None without a report."""
    expected_shadow: float | None
    seen: int
    """Orders given while the shadow looked on, and over by now."""
    good_when_same: Share
    """How those ended where the shadow would have chosen the same,"""
    good_when_different: Share
    """and where it would not. No model is believed in this."""


class ModelDesk:
    """Learns, compares, promotes. Each is somebody's explicit act."""

    def __init__(self, db: Database, ring: KeyRing, scorer: Scorer) -> None:
        self._db = db
        self._ring = ring
        self._scorer = scorer

    async def models(self) -> list[ModelInfo]:
        """All stored models, the newest first."""
        query = select(MatchModelRow).order_by(col(MatchModelRow.made_at).desc())
        return await self._db.read(lambda session: [_info(row) for row in session.scalars(query)])

    async def learn(self, actor: Actor, now: datetime) -> Learnt:
        """Estimate weights from all orders that are over, and keep them as the shadow; an earlier
        shadow is retired. Takes some seconds. Raises TooFewOutcomesError.
        """
        outcomes, current = await self._db.read(
            lambda session: (read_outcomes(session), read_models(session).active)
        )
        learnt = learn(outcomes, current, f"m-{now:%Y%m%d%H%M%S}")

        def work(session: Session) -> None:
            _retire(session, "shadow")
            report = json.dumps(asdict(learnt.report), default=str)
            self._keep(session, learnt.weights, "shadow", report, now)
            self._audit(session, actor, "match_model.learnt", learnt.weights.model_id, now)

        await self._db.write(work)
        log.info("match_model_learnt", model_id=learnt.weights.model_id, rows=len(outcomes))
        return learnt

    async def compare(self, model_id: str, now: datetime, orders: int = REPLAYED) -> Comparison:
        """Let a shadow and the active model match the latest orders; kept with the shadow.

        Raises ModelNotFoundError, ModelStateError (it is no shadow).
        """

        found = await self._db.read(lambda session: self._compare(session, model_id, now, orders))

        def keep(session: Session) -> Comparison:
            row = _find(session, model_id, "shadow")
            report = json.loads(row.report_json)
            row.report_json = json.dumps(report | {"comparison": asdict(found)}, default=str)
            return found

        return await self._db.write(keep)

    async def promote(self, model_id: str, actor: Actor, now: datetime) -> ModelInfo:
        """Take a shadow into use. Raises ModelNotFoundError, ModelStateError (it is no shadow, or
        was not compared on enough orders).
        """

        def work(session: Session) -> ModelInfo:
            row = _find(session, model_id, "shadow")
            compared = json.loads(row.report_json).get("comparison", {}).get("orders", 0)
            if compared < LEAST_COMPARED:
                raise ModelStateError(
                    f"模型 {model_id} 只对照了{compared}件工单"
                    f"（至少{LEAST_COMPARED}件），请先对照再启用"
                )
            self._activate(session, row)
            self._audit(session, actor, "match_model.promoted", model_id, now)
            return _info(row)

        return await self._db.write(work)

    async def roll_back(self, actor: Actor, now: datetime) -> None:
        """Back to the weights that come with the program."""

        def work(session: Session) -> None:
            row = session.get(MatchModelRow, FIRST_MODEL)
            if row is None:
                row = self._keep(session, SHIPPED, "retired", "{}", now)
            self._activate(session, row)
            self._audit(session, actor, "match_model.promoted", FIRST_MODEL, now)

        await self._db.write(work)

    def _activate(self, session: Session, row: MatchModelRow) -> None:
        _retire(session, "active")
        row.state = "active"

    def _keep(
        self, session: Session, weights: Weights, state: str, report: str, now: datetime
    ) -> MatchModelRow:
        row = MatchModelRow(
            model_id=weights.model_id,
            state=state,
            weights_json=json.dumps(weights.by_name()),
            report_json=report,
            made_at=now,
        )
        session.add(row)
        return row

    def _audit(
        self, session: Session, actor: Actor, action: str, model_id: str, now: datetime
    ) -> None:
        audit_log.append(
            session,
            self._ring,
            actor=actor.id,
            action=action,
            subject=model_id,
            digest=self._ring.audit_mac(f"{action}/{model_id}".encode()),
            at=now,
        )

    def _compare(self, session: Session, model_id: str, now: datetime, orders: int) -> Comparison:
        row = _find(session, model_id, "shadow", lock=False)
        active, shadow = read_models(session).active, weights_of(row)
        first: list[tuple[int, int]] = []
        scores: list[tuple[float, float]] = []
        board = self._scorer.board
        situation = board.situation(now, self._scorer.calendar)
        query = select(OrderRow).order_by(col(OrderRow.created_at).desc()).limit(orders)
        for order in session.scalars(query):
            want = want_of(facts_of(session, order))
            one = rank(board.directory, situation, want, active)
            if len(one) < 2:
                continue
            other = order_by(one.rows, one.terms, shadow, {})
            first.append((int(one.rows[0]), int(other.rows[0])))
            by_shadow = float(one.terms[0] @ shadow.array())
            scores.append((by_shadow, float(other.scores[0])))
        seen = _seen(session, shadow.model_id)
        expected = _expected(json.loads(row.report_json), scores)
        return Comparison(
            active=active.model_id,
            shadow=shadow.model_id,
            orders=len(first),
            same_choice=Share(sum(a == b for a, b in first), len(first)),
            expected_active=expected[0],
            expected_shadow=expected[1],
            seen=len(seen),
            good_when_same=_good([good for same, good in seen if same]),
            good_when_different=_good([good for same, good in seen if not same]),
        )


def read_outcomes(session: Session) -> list[Outcome]:
    """Every matching that is over: given back, or resolved and its order closed or reopened."""
    query = (
        select(OutcomeRow, col(OrderRow.service_type), col(OrderRow.urgency))
        .join(OrderRow, col(OrderRow.order_no) == col(OutcomeRow.order_no))
        .where(or_(col(OutcomeRow.returned_at).is_not(None), col(OutcomeRow.reopened).is_not(None)))
        .order_by(col(OutcomeRow.id))
    )
    found: list[Outcome] = []
    for row, service, urgency in session.execute(query):
        terms = json.loads(row.terms_json)
        good = good_of(row)
        if good is not None and all(name in terms for name in NAMES):
            found.append(Outcome(row.assigned_at, terms, good, f"{service}/{urgency}"))
    return found


def good_of(row: OutcomeRow) -> bool | None:
    """``is_good`` of a stored matching."""
    return is_good(
        accepted_in_time=row.accepted_in_time,
        returned=row.returned_at is not None,
        resolved=row.resolved_at is not None,
        resolved_in_time=row.resolved_in_time,
        reopened=row.reopened,
        satisfaction=row.satisfaction,
    )


def _seen(session: Session, model_id: str) -> list[tuple[bool, bool]]:
    """(the shadow would have chosen the same, it ended well) of orders it looked on at."""
    key = f"{SHADOW}{model_id}"
    rows = session.scalars(
        select(OutcomeRow).where(col(OutcomeRow.terms_json).contains(key, autoescape=True))
    )
    pairs = [(json.loads(row.terms_json).get(key), good_of(row)) for row in rows]
    return [(same == 1, good) for same, good in pairs if same is not None and good is not None]


def _good(ends: Sequence[bool]) -> Share:
    return Share(sum(ends), len(ends))


def _expected(
    report: dict[str, Any], scores: Sequence[tuple[float, float]]
) -> tuple[float | None, float | None]:
    if "slope" not in report or not scores:
        return None, None
    z = report["intercept"] + report["slope"] * np.array(scores)
    mean = (1.0 / (1.0 + np.exp(-z))).mean(axis=0)
    return float(mean[0]), float(mean[1])


def _find(session: Session, model_id: str, state: str, *, lock: bool = True) -> MatchModelRow:
    row = session.get(MatchModelRow, model_id, with_for_update=lock)
    if row is None:
        raise ModelNotFoundError(f"没有模型 {model_id[:40]}，请查看模型列表")
    if row.state != state:
        raise ModelStateError(f"模型 {model_id} 不是待对照的模型，请查看模型列表")
    return row


def _retire(session: Session, state: str) -> None:
    for row in session.scalars(select(MatchModelRow).where(col(MatchModelRow.state) == state)):
        row.state = "retired"


def _info(row: MatchModelRow) -> ModelInfo:
    return ModelInfo(
        row.model_id,
        row.state,
        json.loads(row.weights_json),
        json.loads(row.report_json),
        row.made_at,
    )
