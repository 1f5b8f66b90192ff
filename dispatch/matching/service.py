"""Triage and matching of an order, as steps of its life: triaged, answered, offered, assigned.

What is read of the description is read before the write transaction begins; deciding and all
steps are one transaction. The steps decide whether they may be taken: an order that went on
meanwhile is left alone, so that everything here may be called twice.
"""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import OrderNotFoundError, StepError
from dispatch.life.actors import SYSTEM
from dispatch.life.ports import OrderEvent, Steps
from dispatch.matching.decide import PREFIX
from dispatch.matching.errors import OfferNotFoundError
from dispatch.matching.facts import NOBODY, Barred, barred_of, facts_of
from dispatch.matching.outcomes import MARKS
from dispatch.matching.results import Results
from dispatch.matching.scorer import Matched, Scorer, ask_of, want_of
from dispatch.matching.store import (
    Mark,
    mark,
    read_board,
    read_directory,
    read_models,
    read_results,
)
from dispatch.records import order_place
from dispatch.triage import RuleBook, Told, told, triage
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.order_tables import OfferRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.handling import Match, OrderFacts, Reason
from hotline.domain.order_codes import Clock, Complexity, Handling, MatchMode
from hotline.domain.people import Actor
from hotline.domain.understanding import Understanding
from hotline.privacy import KeyRing

log = structlog.get_logger(__name__)

COUNT_AGAIN = timedelta(minutes=5)
"""How often what everybody has in hand is counted anew from the tables."""
RESULTS_AGAIN = timedelta(hours=1)
SWEEP_AFTER = timedelta(seconds=30)
"""Orders nobody took up so long are taken up by ``sweep``."""
MOST_ROUNDS = 2
"""How often an order is put up for claim before it is assigned."""
MOST_REASONS = 50
_READ = 400
"""Characters of a description the understander reads."""
_ANSWERED = "受理时已当场答复。"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING = (OrderState.TRIAGED.value, OrderState.RETURNED.value)


class Understander(Protocol):
    """``hotline.language``: what a text means."""

    def understand(self, text: str) -> Understanding: ...


class Matcher:
    """Gives orders to whoever should have them."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        steps: Steps,
        scorer: Scorer,
        rules: RuleBook,
        *,
        understander: Understander | None = None,
    ) -> None:
        """``understander`` reads descriptions for what no terminal told (numbers, danger)."""
        self._db = db
        self._ring = ring
        self._steps = steps
        self._scorer = scorer
        self.rules = rules
        """May be set anew when a manager edited them."""
        self._understander = understander
        self._mark: Mark | None = None
        self._results = Results()
        self._counted = self._resulted = _LONG_AGO

    async def refresh(self, now: datetime, *, force: bool = False) -> bool:
        """Read the directory anew if people, institutions, duties or models changed, or the counts
        are old. Cheap when nothing did; call it often. Whether anything was read.
        """
        return await self._db.read(lambda session: self._refresh(session, now, force))

    def _refresh(self, session: Session, now: datetime, force: bool) -> bool:
        seen = mark(session)
        changed = force or seen != self._mark
        if not changed and now - self._counted < COUNT_AGAIN:
            return False
        if force or now - self._resulted >= RESULTS_AGAIN:
            self._results, self._resulted = read_results(session, now), now
        old = self._scorer.board.directory
        directory = read_directory(session) if changed else old
        board = read_board(session, directory, self._results, now)
        self._scorer.renew(board, read_models(session))
        self._mark, self._counted = seen, now
        if changed:
            log.info("match_directory_read", rows=len(directory), places=len(directory.places))
        return True

    async def receive(self, order_no: str, now: datetime) -> Match | None:
        """Triage a received order and find who should have it. None: nothing was to be done.

        Raises OrderNotFoundError, and StepError where another room refuses.
        """
        text, extra = await self._db.read(lambda session: self._texts(session, order_no))
        heard = None
        if self._understander is not None and text[1]:
            heard = await asyncio.to_thread(self._understander.understand, text[1][:_READ])
        story = told(*text, extra, heard)
        return await self._db.write(lambda session: self.take_up(session, order_no, story, now))

    def take_up(self, session: Session, order_no: str, story: Told, now: datetime) -> Match | None:
        """``receive`` inside a transaction."""
        row = self._steps.lock(session, order_no)
        new = row.state == OrderState.RECEIVED.value
        if new and not self._triaged(session, row, story, now):
            return None
        return self.place(session, row, now, new=new)

    def _triaged(self, session: Session, row: OrderRow, story: Told, now: datetime) -> bool:
        """Take the step; whether somebody must still be found."""
        decision = triage(self.rules, facts_of(session, row), story)
        fields = {
            "handling": decision.handling.value,
            "service_type": decision.service_type.value,
            "urgency": decision.urgency.value,
            "complexity": decision.complexity.value,
            "region": decision.region,
            "reasons": decision.reasons[:MOST_REASONS],
        }
        self._steps.apply(session, row, "triaged", SYSTEM, fields, now)
        if decision.handling is Handling.DISPATCH or not story.answered:
            return True
        result = {"result": _ANSWERED, "reasons": decision.reasons[:MOST_REASONS]}
        self._steps.apply(session, row, "answered", SYSTEM, result, now)
        return False

    def place(
        self,
        session: Session,
        row: OrderRow,
        now: datetime,
        *,
        may_offer: bool = True,
        new: bool = False,
    ) -> Match | None:
        """Offer or assign a locked order that is triaged or returned. None: it is neither, or
        still up for claim. ``new``: it was triaged just now, nobody can have been asked yet.
        """
        if row.state not in _WAITING:
            return None
        if may_offer and not new and _is_offered(session, row, now):
            return None
        barred = NOBODY if new else barred_of(session, row)
        matched = self._match(facts_of(session, row), row, barred, now, may_offer)
        match = matched.match
        if not match.ranked:
            log.warning("order_unmatched", order_no=row.order_no)
            return match
        fields: dict[str, Any] = {"reasons": _reasons(row, match)}
        if match.mode is MatchMode.OFFER:
            until = now + timedelta(minutes=self._scorer.policy.offer_minutes)
            fields |= {"people": [one.person_id for one in match.ranked], "until": until}
            self._steps.apply(session, row, "offered", SYSTEM, fields, now)
            return match
        best = match.ranked[0]
        session.info[MARKS] = matched.marks
        fields |= {"institution": best.institution, "mode": match.mode.value}
        if best.person_id:
            fields["handler"] = best.person_id
        self._steps.apply(session, row, "assigned", SYSTEM, fields, now)
        return match

    def _match(
        self, facts: OrderFacts, row: OrderRow, barred: Barred, now: datetime, may_offer: bool
    ) -> Matched:
        handling = Handling(row.handling or Handling.DISPATCH.value)
        want = want_of(
            facts,
            handling=handling,
            not_people=barred.people,
            not_institutions=barred.institutions,
        )
        complexity = Complexity(row.complexity or Complexity.SIMPLE.value)
        may = may_offer and barred.rounds < MOST_ROUNDS
        ask = ask_of(facts, complexity, may_offer=may)
        matched = self._scorer.match(want, ask, now)
        if want.hotline and matched.match.mode is MatchMode.DESK:
            return self._scorer.match(replace(want, hotline=False), ask, now)
        return matched

    async def rematch(self, order_no: str, now: datetime) -> Match | None:
        """Find somebody else for an order that was given back. None: nothing was to be done."""
        return await self._db.write(
            lambda session: self.place(session, self._steps.lock(session, order_no), now)
        )

    async def claim(self, order_no: str, actor: Actor, now: datetime) -> OrderEvent:
        """Somebody takes an order that was offered to them; the first gets it.

        Raises AlreadyClaimedError (``already-claimed``), NotYourOrderError, OrderNotFoundError.
        """

        def work(session: Session) -> OrderEvent:
            row = self._steps.lock(session, order_no)
            return self._steps.apply(session, row, "claimed", actor, {}, now)

        return await self._db.write(work)

    async def decline(self, order_no: str, person_id: str, now: datetime) -> Match | None:
        """Somebody does not want it. When nobody else is asked any more, the next are.

        Raises OfferNotFoundError, OrderNotFoundError.
        """

        def work(session: Session) -> Match | None:
            row = self._steps.lock(session, order_no)
            offer = next((o for o in _open(session, row, now) if o.person_id == person_id), None)
            if offer is None:
                raise OfferNotFoundError("该工单没有等您认领，可能已被认领或时限已过，请刷新列表")
            offer.answer, offer.answered_at = "declined", now
            session.flush()
            return self.place(session, row, now)

        return await self._db.write(work)

    def expired(
        self, session: Session, steps: Steps, order: OrderRow, clock: Clock, now: datetime
    ) -> None:
        """The CLAIM clock ran out (``dispatch.clocks.ports.Expiry``: in the scan's transaction,
        the order locked): it is assigned to the best who did not decline.
        """
        if clock is Clock.CLAIM and order.state == OrderState.TRIAGED.value:
            self.place(session, order, now, may_offer=False)

    async def sweep(self, now: datetime, page: int = 200) -> int:
        """Take up what nobody did (a restart, an event that was lost). How many orders."""
        after, count = "", 0
        while waiting := await self._db.read(lambda s, a=after: _waiting(s, now, a, page)):  # type: ignore[misc]
            for order_no, state in waiting:
                await self._take_up_again(order_no, state, now)
            after, count = waiting[-1][0], count + len(waiting)
        return count

    async def _take_up_again(self, order_no: str, state: str, now: datetime) -> None:
        try:
            if state == OrderState.RECEIVED.value:
                await self.receive(order_no, now)
            else:
                await self.rematch(order_no, now)
        except (OrderNotFoundError, StepError) as error:
            log.warning("order_not_taken_up", order_no=order_no, code=error.code)

    def _texts(self, session: Session, order_no: str) -> tuple[tuple[str, str], dict[str, str]]:
        row = session.get(OrderRow, order_no)
        if row is None:
            raise OrderNotFoundError("没有这个编号的工单，请核对编号")
        if row.row_key is None:
            return (row.title, ""), {}
        key = order_key(self._ring, row)
        text = key.open_text(row.description_enc, order_place("description", order_no)) or ""
        extra = json.loads(key.open_text(row.extra_enc, order_place("extra", order_no)) or "{}")
        return (row.title, text), dict(extra.get("extra", {}))


def _reasons(row: OrderRow, match: Match) -> tuple[Reason, ...]:
    """Why it was triaged so, and why it is given so; those of an earlier match are dropped."""
    kept = [Reason(**item) for item in json.loads(row.reasons_json)]
    triaged = [reason for reason in kept if not reason.rule.startswith(PREFIX)]
    return (*triaged[: MOST_REASONS - len(match.reasons)], *match.reasons)


def _open(session: Session, row: OrderRow, now: datetime) -> list[OfferRow]:
    query = select(OfferRow).where(
        col(OfferRow.order_no) == row.order_no,
        col(OfferRow.answer).is_(None),
        col(OfferRow.until) >= now,
    )
    return list(session.scalars(query))


def _is_offered(session: Session, row: OrderRow, now: datetime) -> bool:
    return row.state == OrderState.TRIAGED.value and bool(_open(session, row, now))


def _waiting(session: Session, now: datetime, after: str, limit: int) -> list[tuple[str, str]]:
    """Orders nobody has and nobody was asked about, number and state, from a number on."""
    offered = exists().where(
        col(OfferRow.order_no) == col(OrderRow.order_no),
        col(OfferRow.answer).is_(None),
        col(OfferRow.until) >= now,
    )
    state = col(OrderRow.state)
    query = (
        select(col(OrderRow.order_no), state)
        .where(
            or_(
                state.in_((OrderState.RECEIVED.value, OrderState.RETURNED.value)),
                and_(state == OrderState.TRIAGED.value, ~offered),
            ),
            col(OrderRow.updated_at) <= now - SWEEP_AFTER,
            col(OrderRow.order_no) > after,
        )
        .order_by(col(OrderRow.order_no))
        .limit(limit)
    )
    return [(order_no, at) for order_no, at in session.execute(query)]
