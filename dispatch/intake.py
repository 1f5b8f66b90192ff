"""Receiving a demand: filed as a new order, or added to the one it repeats, in one transaction."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.contents import fill, new_contact, new_row, told_by, told_in
from dispatch.errors import IdempotencyConflictError, NumbersExhaustedError
from dispatch.hub.outgoing import Outgoing
from dispatch.life.actors import machine_rights, terminal_actor
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.life.steps import OPEN
from dispatch.numbers import MAX_SEQUENCE, china_day, make_order_no
from dispatch.records import order_place, reasons_of, view_of
from dispatch.similar import MERGE_DAYS, Comparison, Told, Verdict, compare
from dispatch.validation import clean_draft, clean_intake
from hotline import metrics
from hotline.db import Database
from hotline.db.digests import order_key
from hotline.db.tables import OrderCounterRow, OrderEventRow, OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.order_codes import Right
from hotline.domain.orders import Intake, OrderView
from hotline.domain.people import Actor
from hotline.privacy import KeyRing

log = structlog.get_logger(__name__)
_COMPARED = (*OPEN, OrderState.RESOLVED)
_MOST_COMPARED = 20
_MOST_RELATED = 5


@dataclass(frozen=True, slots=True)
class Merging:
    """Repeats of the same trouble are added to the order already open."""

    days: int = MERGE_DAYS
    """How long after the first report."""


@dataclass(frozen=True, slots=True)
class _Likely:
    """An order of the same party, and what comparing it gave."""

    row: OrderRow
    found: Comparison


class IntakeDesk:
    """Where every terminal's demands are received."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        terminal: str,
        *,
        on_filed: Callable[[OrderView], None] | None = None,
        desk: OrderDesk | None = None,
        merging: Merging | None = None,
    ) -> None:
        """``terminal``: who we are to the hub. ``on_filed`` is called for every new order
        (wakes the hub pusher, tells the bus); it must not block or raise. ``desk``: takes the
        steps; None: one of our own, joined to the outbox alone. ``merging``: None files every
        repeat anew.
        """
        self._db = db
        self._ring = ring
        self._on_filed = on_filed
        self._merging = merging
        outgoing = Effects(outbox=Outgoing(ring, terminal))
        self._desk = desk or OrderDesk(db, ring, machine_rights, outgoing)

    async def receive(
        self, intake: Intake, now: datetime, *, actor: Actor | None = None
    ) -> OrderView:
        """File the demand, or add it to the open order it repeats (``merged``, with reasons).

        The same terminal and idempotency key give the first result again. ``actor``: who files,
        when it is not the terminal alone; the right to file is checked at the door. A draft with
        the same key becomes the order. Raises IntakeError (field and mend),
        IdempotencyConflictError (the key was used for other content), NumbersExhaustedError, and
        the database's errors (retry with the same key).
        """
        clean = clean_intake(intake)
        files = _files(actor, clean)
        view = await self._db.write(lambda session: self._file(session, clean, files, now))
        if not view.duplicate:
            metrics.ORDERS_FILED.labels(clean.terminal.value).inc()
            log.info("order_filed", order_no=view.order_no, topic=view.topic)
            if self._on_filed is not None:
                self._on_filed(view)
        elif view.merged:
            log.info("order_merged", order_no=view.order_no, topic=view.topic)
        return view

    async def save_draft(
        self, intake: Intake, now: datetime, *, actor: Actor | None = None
    ) -> OrderView:
        """Keep a form as typed; the same terminal and key write the same draft again.

        Nobody is told of a draft. Raises IntakeError, IdempotencyConflictError (received already).
        """
        clean = clean_draft(intake)
        files = _files(actor, clean)

        def work(session: Session) -> OrderView:
            known = self._known(session, clean)
            if known is None:
                row = new_row(self._ring, _next_number(session, now), clean, now)
                self._desk.begin(session, row, "drafted", files, {}, now)
                return view_of(row)
            row = self._desk.lock(session, known.order_no)
            if row.state != OrderState.DRAFT.value:
                raise IdempotencyConflictError(
                    "idempotency_key：此编号的诉求已登记，请换一个编号", field="idempotency_key"
                )
            fill(self._ring, row, clean)
            self._desk.apply(session, row, "drafted", files, {}, now)
            return view_of(row)

        return await self._db.write(work)

    def _file(self, session: Session, intake: Intake, files: Actor, now: datetime) -> OrderView:
        merged = self._merged_before(session, intake)
        if merged is not None:
            return merged
        known = self._known(session, intake)
        if known is not None and known.state != OrderState.DRAFT.value:
            return self._repeat(known, intake)
        likely = self._likely(session, told_by(self._ring, intake, now))
        for candidate in likely:
            if candidate.found.verdict is Verdict.SAME:
                return self._merge(session, candidate, known, intake, files, now)
        row = self._begin(session, known, intake, files, now)
        related = tuple(candidate.row.order_no for candidate in likely[:_MOST_RELATED])
        return dataclasses.replace(view_of(row), related=related)

    def _begin(
        self,
        session: Session,
        draft: OrderRow | None,
        intake: Intake,
        files: Actor,
        now: datetime,
    ) -> OrderRow:
        fields = {"terminal": intake.terminal}
        if draft is None:
            row = new_row(self._ring, _next_number(session, now), intake, now)
            self._desk.begin(session, row, "received", files, fields, now)
            return row
        row = self._desk.lock(session, draft.order_no)
        fill(self._ring, row, intake)
        self._desk.apply(session, row, "received", files, fields, now)
        return row

    def _known(self, session: Session, intake: Intake) -> OrderRow | None:
        return session.scalar(
            select(OrderRow).where(
                col(OrderRow.terminal) == intake.terminal.value,
                col(OrderRow.idempotency_key) == intake.idempotency_key,
            )
        )

    def _repeat(self, row: OrderRow, intake: Intake) -> OrderView:
        """A terminal that had no answer asks again; the same words must not hide another case."""
        if row.row_key is not None:
            key = order_key(self._ring, row)
            told = key.open_text(row.description_enc, order_place("description", row.order_no))
            if told != intake.description or row.topic != intake.topic:
                raise _key_used()
        return view_of(row, duplicate=True)

    def _merged_before(self, session: Session, intake: Intake) -> OrderView | None:
        """The order this very intake was added to when it came before."""
        query = select(OrderEventRow).where(col(OrderEventRow.step_key) == _merge_key(intake))
        event = session.scalars(query).first()
        if event is None:
            return None
        row = session.get_one(OrderRow, event.order_no)
        if row.row_key is not None and event.request != self._request(row, intake):
            raise _key_used()
        reasons = reasons_of(json.dumps(json.loads(event.fields_json).get("reasons", [])))
        return dataclasses.replace(view_of(row, duplicate=True), merged=True, reasons=reasons)

    def _request(self, row: OrderRow, intake: Intake) -> str:
        data = f"{intake.topic}\0{intake.description}".encode()
        return order_key(self._ring, row).digest(data)

    def _likely(self, session: Session, told: Told) -> list[_Likely]:
        """Open orders of the same party, likest first; theirs are locked out until we commit."""
        hashes = sorted(told.phones)
        if self._merging is None or not (hashes or told.id_hash):
            return []
        _lock_party(session, [*hashes, *([told.id_hash] if told.id_hash else [])])
        query = (
            select(OrderRow)
            .where(
                or_(
                    col(OrderRow.phone_hash).in_(hashes),
                    col(OrderRow.caller_hash).in_(hashes),
                    col(OrderRow.id_hash) == (told.id_hash or "-"),
                ),
                col(OrderRow.state).in_([state.value for state in _COMPARED]),
                col(OrderRow.erased_at).is_(None),
                col(OrderRow.created_at) >= told.at - 2 * timedelta(days=self._merging.days),
            )
            .order_by(col(OrderRow.created_at).desc())
            .limit(_MOST_COMPARED)
        )
        found = [self._compared(row, told, self._merging.days) for row in session.scalars(query)]
        theirs = [likely for likely in found if likely.found.verdict is not Verdict.OTHER]
        return sorted(theirs, key=lambda likely: -likely.found.likeness)

    def _compared(self, row: OrderRow, told: Told, days: int) -> _Likely:
        found = compare(told, told_in(self._ring, row), days)
        if found.verdict is Verdict.SAME and row.state == OrderState.RESOLVED.value:
            found = dataclasses.replace(found, verdict=Verdict.RELATED)
        return _Likely(row, found)

    def _merge(
        self,
        session: Session,
        likely: _Likely,
        draft: OrderRow | None,
        intake: Intake,
        files: Actor,
        now: datetime,
    ) -> OrderView:
        """Keep what the repeat tells with the order; an emergency is never merged away."""
        if draft is not None:
            row = self._desk.lock(session, draft.order_no)
            self._desk.apply(session, row, "withdrawn", files, {}, now)
        row = self._desk.lock(session, likely.row.order_no)
        fields: Mapping[str, Any] = {
            "note": intake.description,
            "contact": new_contact(self._ring, row, intake),
            "terminal": intake.terminal,
            "call_id": intake.call_id,
            "confidential": intake.confidential,
            "callback": intake.callback,
            "likeness": round(100 * likely.found.likeness),
            "reasons": likely.found.reasons,
        }
        event = self._desk.apply(session, row, "supplemented", files, fields, now)
        kept = session.scalars(
            select(OrderEventRow).where(
                col(OrderEventRow.order_no) == row.order_no, col(OrderEventRow.seq) == event.seq
            )
        ).one()
        kept.step_key, kept.request = _merge_key(intake), self._request(row, intake)
        urgency, danger = intake.urgency.value, intake.emergency
        self._desk.raise_to(session, row, urgency, danger, files, now)
        view = view_of(row, duplicate=True)
        return dataclasses.replace(view, merged=True, reasons=likely.found.reasons)


def _files(actor: Actor | None, intake: Intake) -> Actor:
    """Whoever files; that they may was checked when they came in."""
    if actor is None:
        return terminal_actor(intake.terminal)
    return dataclasses.replace(actor, rights=actor.rights | {Right.FILE})


def _merge_key(intake: Intake) -> str:
    return f"intake:{intake.terminal.value}:{intake.idempotency_key}"


def _key_used() -> IdempotencyConflictError:
    return IdempotencyConflictError(
        "idempotency_key：此编号已用于另一件诉求，请换一个编号", field="idempotency_key"
    )


def _lock_party(session: Session, hashes: list[str]) -> None:
    """One intake of a party at a time (SQLite: the write lock does it)."""
    if session.get_bind().dialect.name == "postgresql":
        for hashed in sorted(set(hashes)):
            session.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:hashed, 12348))"),
                {"hashed": hashed},
            )


def _next_number(session: Session, now: datetime) -> str:
    """The day's next order number; two transactions never get the same."""
    day = china_day(now)
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counter = col(OrderCounterRow.last)
    query = (
        insert(OrderCounterRow)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last": counter + 1})
        .returning(counter)
    )
    number = session.execute(query).scalar_one()
    if number > MAX_SEQUENCE:
        raise NumbersExhaustedError(f"all {MAX_SEQUENCE} order numbers of {day} are used up")
    return make_order_no(day, number)
