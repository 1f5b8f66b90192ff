"""Random steps by random actors over a real database: nothing impossible ever happens."""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deskkit import AID, ANNA, BEN, BOSS, CLERK, PHONE, TRIAGE, WUHU, add_people, changed_orders
from hubkit import an_intake
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import StepError, StepForbiddenError
from dispatch.hub.outgoing import Outgoing
from dispatch.intake import IntakeDesk, Merging
from dispatch.life.actors import HUB, SYSTEM, terminal_actor
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.life.shapes import Held
from dispatch.life.steps import ENDED, STEPS
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.audit_log import AuditLog
from hotline.db.digests import step_subject
from hotline.db.tables import AuditRow, OrderEventRow, OrderRow, OutboxRow
from hotline.domain.codes import OrderState, Terminal, Urgency
from hotline.domain.people import Actor
from hotline.privacy import KeyRing
from hotline.settings import Settings

pytestmark = [pytest.mark.contract, pytest.mark.timeout(280)]
START = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
ACTORS = (SYSTEM, HUB, terminal_actor(Terminal.WEB), ANNA, BEN, BOSS, CLERK, Actor("person:x"))
_SIDEWAYS = ("merged", "noted", "carded", "escalated", "raised", "corrected", "urged")
TEXTS = st.sampled_from(["说明", "", " ", "坏\x00字", "很" * 10_001, 7, None])
FIELDS: dict[str, Any] = {
    "note": TEXTS | st.just("电话联系过"),
    "result": TEXTS | st.just("已办理"),
    "reason": st.sampled_from(
        ["not_ours", "resolved", "answered", "complex_case", "nonsense", None]
    ),
    "level": st.sampled_from(["1", "2", "5", "6", 3]),
    "institution": st.sampled_from([AID, WUHU, "nowhere", None]),
    "handler": st.sampled_from(["anna", "ben", "carl", "nobody", None]),
    "people": st.sampled_from([["anna", "ben"], ["nobody"], [], None]),
    "urgency": st.sampled_from(["normal", "emergency", "urgent", "now"]),
    "emergency": st.sampled_from(["violence", None]),
    "card": st.sampled_from(["0", "1", "2", "3"]),
    "clock": st.sampled_from(["feedback", "accept", "x"]),
    "confidential": st.sampled_from([True, False, None, "yes"]),
    "mode": st.sampled_from(["assign", "desk", None]),
}


def good_fields(step: str) -> dict[str, Any]:
    """Enough to take the step when everything else is right."""
    later = START + timedelta(days=300)
    values: dict[str, Any] = {
        **TRIAGE,
        **{"note": "说明", "result": "结果", "institution": AID, "people": ["anna", "ben"]},
        **{"until": later, "level": "2", "clock": "feedback", "card": "1"},
        "reason": {
            "returned": "not_ours",
            "extension_asked": "appraisal",
        }.get(step, "resolved"),
    }
    if step == "escalated":
        values["level"] = 3
    named = {spec.name for spec in STEPS[step].fields if spec.required}
    return {name: value for name, value in values.items() if name in named}


class Life(RuleBasedStateMachine):
    """Two or three orders, everybody who may act, and what must hold whatever they do."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        config = Settings(data_dir=Path(self.folder.name))
        self.db = Database(config).open()
        self.db.migrate()
        self.ring = KeyRing.open(config)
        self.loop = asyncio.new_event_loop()
        self.db.write_now(add_people)
        self.desk = OrderDesk(
            self.db, self.ring, allowed, Effects(outbox=Outgoing(self.ring, "hotline-12348"))
        )
        self.intake = IntakeDesk(
            self.db, self.ring, "hotline-12348", desk=self.desk, merging=Merging()
        )
        self.now = START
        self.orders: list[str] = []
        self.seen: dict[str, tuple[int, str]] = {}

    def teardown(self) -> None:
        try:
            self.the_audit_holds()
        finally:
            self.db.close()
            self.loop.close()
            self.folder.cleanup()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @precondition(lambda self: len(self.orders) < 3)
    @rule(
        same=st.booleans(),
        urgency=st.sampled_from(list(Urgency)),
        confidential=st.booleans(),
    )
    def report(self, same: bool, urgency: Urgency, confidential: bool) -> None:
        phone = PHONE if same else f"138000000{len(self.orders):02d}"
        document = an_intake(
            contact_phone=phone, caller_number=None, urgency=urgency, confidential=confidential
        )
        view = self.run(self.intake.receive(document, self.now))
        if view.order_no not in self.orders:
            self.orders.append(view.order_no)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), step=st.sampled_from(sorted(STEPS)), actor=st.sampled_from(ACTORS))
    def act(self, data: st.DataObject, step: str, actor: Actor) -> None:
        """Mostly with good fields, sometimes with one spoilt."""
        number = data.draw(st.sampled_from(self.orders))
        fields = good_fields(step)
        if step == "merged":
            fields["into"] = data.draw(st.sampled_from(self.orders))
        spoilt = data.draw(st.sampled_from([None, None, None, *FIELDS]))
        if spoilt is not None and (spoilt in fields or STEPS[step].field(spoilt)):
            fields[spoilt] = data.draw(FIELDS[spoilt])
        self.now += timedelta(minutes=1)
        before = self.rows()
        try:
            view = self.run(self.desk.step(number, step, actor, fields, self.now))
        except StepError:
            assert self.rows() == before, "a refused step changes nothing"
        else:
            assert view.version > self.seen.get(number, (0, ""))[0]

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """A step that is possible now, so that long lives are reached too."""
        number = data.draw(st.sampled_from(self.orders))
        actor = data.draw(st.sampled_from((SYSTEM, ANNA, BOSS)))
        try:
            found = self.run(self.desk.detail(number, actor, self.now)).steps
        except StepForbiddenError:
            return  # it is nobody's yet, or somebody else's
        possible = [name for name in found if name not in _SIDEWAYS]
        if possible:
            step = data.draw(st.sampled_from(possible))
            self.now += timedelta(minutes=1)
            self.run(self.desk.step(number, step, actor, good_fields(step), self.now))

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        def work(session: Session) -> dict[str, list[dict[str, Any]]]:
            tables: tuple[Any, ...] = (OrderRow, OrderEventRow, OutboxRow, AuditRow)
            return {
                table.__tablename__: [
                    row.model_dump()
                    for row in session.scalars(select(table).order_by(*table.__table__.primary_key))
                ]
                for table in tables
            }

        return self.db.read_now(work)

    @invariant()
    def every_order_is_possible(self) -> None:
        for number in self.orders:
            order, events, messages, subjects = self.db.read_now(lambda s, n=number: _all(s, n))
            assert [event["seq"] for event in events] == list(range(1, order["version"] + 1))
            assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
            assert subjects == {step_subject(number, event["seq"]) for event in events}
            _follow(order, events)
            version, state = self.seen.get(number, (0, ""))
            assert order["version"] >= version
            if state in {s.value for s in ENDED} - {"closed"}:
                assert order["state"] in (state, "archived")
            self.seen[number] = (order["version"], order["state"])

    def the_audit_holds(self) -> None:
        assert self.run(changed_orders(self.db, self.ring)) == []
        log = AuditLog(self.db, self.ring, Path(self.folder.name) / "anchor")
        assert self.run(log.verify()).ok


def _all(
    session: Session, number: str
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]], set[str]]:
    def rows(table: Any) -> list[dict[str, Any]]:
        query = select(table).where(table.order_no == number).order_by(table.seq)
        return [row.model_dump() for row in session.scalars(query)]

    mine = col(AuditRow.subject).startswith(f"{number}/")
    subjects = set(session.scalars(select(col(AuditRow.subject)).where(mine)))
    order = session.get_one(OrderRow, number).model_dump()
    return order, rows(OrderEventRow), rows(OutboxRow), subjects


def _follow(order: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """The events lead, by the table alone, from nothing to the order's state."""
    state: OrderState | None = None
    for event in events:
        assert event["from_state"] == (state.value if state else None)
        target = STEPS[event["step"]].ways[state]
        state = OrderState(event["to_state"])
        assert target is state or isinstance(target, Held)
    assert state is not None
    assert order["state"] == state.value
    held = state in (OrderState.INCOMPLETE, OrderState.EXTENSION)
    assert (order["held_state"] is not None) == held
    at_work = state in {
        *(OrderState.ASSIGNED, OrderState.IN_PROGRESS, OrderState.URGED),
        *(OrderState.SUPERVISED, OrderState.EXTENSION),
    }
    assert not at_work or order["institution"] is not None, "somebody has it"
    assert not (state is OrderState.RETURNED and order["handler"])
    assert (order["merged_into"] is not None) == (state is OrderState.MERGED)
    assert (order["closed_at"] is not None) == (state in ENDED)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
