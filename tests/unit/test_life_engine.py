"""Decisions about steps: who, when, with which fields; what follows. No database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from life_kit import (
    AGENT,
    ANNA,
    BEN,
    BOSS,
    CARL,
    GIVEN,
    HEFEI_AID,
    HUB,
    LATER,
    NOW,
    ORDER_NO,
    READER,
    SYSTEM,
    TERMINAL,
    WUHU_BOSS,
    order_in,
    take,
)

from dispatch.errors import (
    AlreadyClaimedError,
    AlreadyRatedError,
    FieldMissingError,
    FieldWrongError,
    NotYourOrderError,
    OrderChangedError,
    OrderErasedError,
    ReturnTooLateError,
    StepError,
    StepForbiddenError,
    StepUnknownError,
)
from dispatch.life.engine import Snapshot, decide, possible_steps
from dispatch.life.page import PAGE, render
from dispatch.life.ports import ClockDo, ClockEffect, RingDo
from dispatch.life.shapes import Held, Source, Tie
from dispatch.life.steps import ENDED, OPEN, STEPS, WORK
from hotline.accounts.rights import allowed
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState as S
from hotline.domain.order_codes import Clock, RingKind

pytestmark = pytest.mark.unit


def live(order: Snapshot, *steps: tuple[str, Any], **given: Any) -> Snapshot:
    """The order after these steps."""
    for name, actor in steps:
        outcome = take(order, name, actor, **given.get(name, {}))
        columns = {**order.columns, **outcome.columns}
        order = replace(order, state=outcome.state, columns=columns, version=order.version + 1)
    return order


def test_the_page_of_the_table_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m dispatch.life.page"


def test_the_table_is_sound() -> None:
    columns = set(OrderRow.model_fields)
    reached = {S.DRAFT}
    for name, step in STEPS.items():
        assert name == step.name
        assert step.ways and step.by
        for put in step.puts:
            assert put.column in columns
            named = put.source in (Source.FIELD, Source.NUMBER, Source.EITHER, Source.WORST)
            assert not named or step.field(put.field or put.column), (name, put)
        for target in step.ways.values():
            if isinstance(target, S):
                reached.add(target)
        if Held.HELD in step.ways.values():
            assert set(step.ways) & {S.INCOMPLETE, S.EXTENSION}
        names = [spec.name for spec in step.fields]
        assert len(names) == len(set(names))
        assert set(GIVEN.get(name, {})) >= {spec.name for spec in step.fields if spec.required}
    assert reached == set(S), "every state can be reached"
    assert len({step.label for step in STEPS.values()}) == len(STEPS)


def test_ended_orders_stay_ended() -> None:
    for state in (S.ARCHIVED, S.MERGED, S.WITHDRAWN):
        assert {step.name for step in STEPS.values() if state in step.ways} <= {"noted"}
    ways = {step.name for step in STEPS.values() if S.CLOSED in step.ways}
    assert ways == {"reopened", "rated", "archived", "noted", "carded", "escalated"}
    assert not set(OPEN) & set(ENDED)


def test_a_usual_life() -> None:
    order = live(
        order_in(None),
        ("received", TERMINAL),
        ("triaged", SYSTEM),
        ("assigned", SYSTEM),
        ("accepted", BEN),
    )
    assert (order.state, order.get("handler"), order.get("accepted_at")) == (
        S.IN_PROGRESS,
        "ben",
        NOW,
    )
    with pytest.raises(NotYourOrderError):
        take(order, "fed_back", ANNA)
    order = live(
        order,
        ("extension_asked", BEN),
        ("urged", AGENT),
        ("extension_granted", BOSS),
        ("urged", TERMINAL),
        ("fed_back", BEN),
        ("resolved", BEN),
        ("rated", TERMINAL),
        ("closed", SYSTEM),
        ("archived", SYSTEM),
    )
    assert order.state is S.ARCHIVED
    assert [order.get(name) for name in ("urged", "extended", "satisfaction", "close_reason")] == [
        *(2, 1, 5),
        "resolved",
    ]
    assert order.version == 3 + 13


def test_a_dissatisfied_party_has_the_order_done_again() -> None:
    order = live(order_in(S.IN_PROGRESS), ("resolved", ANNA), rated={"level": "1"})
    rated = take(order, "rated", TERMINAL, level="2")
    assert [(ring.kind, ring.reason) for ring in rated.rings] == [
        (RingKind.FOLLOW_UP, "dissatisfied")
    ]
    assert take(order, "rated", TERMINAL, level="3").rings == ()
    order = live(order, ("rated", TERMINAL), ("reopened", SYSTEM), rated={"level": "1"})
    assert (order.state, order.get("satisfaction"), order.get("reopened")) == (S.REOPENED, None, 1)
    assert order.get("resolved_at") is None
    order = live(order, ("resolved", ANNA), ("rated", TERMINAL))
    with pytest.raises(AlreadyRatedError):
        take(order, "rated", TERMINAL)


def test_waiting_goes_back_to_where_it_was() -> None:
    for state in WORK:
        for ask, end, actor in (
            ("extension_asked", "extension_refused", BOSS),
            ("asked_for_more", "supplemented", TERMINAL),
        ):
            order = live(order_in(state), (ask, ANNA), (end, actor))
            assert (order.state, order.get("held_state")) == (state, None)
    order = live(order_in(S.EXTENSION), ("supplemented", TERMINAL))
    assert (order.state, order.get("held_state")) == (S.EXTENSION, "urged")


def test_clocks_stand_still_while_we_wait_for_the_party() -> None:
    asked = take(order_in(S.IN_PROGRESS), "asked_for_more", ANNA)
    assert {effect.do for effect in asked.clocks} == {ClockDo.PAUSE}
    assert Clock.FEEDBACK in {effect.clock for effect in asked.clocks}
    back = take(order_in(S.INCOMPLETE, held_state="urged"), "supplemented", TERMINAL)
    assert back.state is S.URGED
    assert {effect.clock for effect in back.clocks} == {effect.clock for effect in asked.clocks}
    assert {effect.do for effect in back.clocks} == {ClockDo.RESUME}


def test_a_granted_extension_moves_the_deadline_and_an_offer_has_its_own() -> None:
    granted = take(order_in(S.EXTENSION), "extension_granted", BOSS)
    assert ClockEffect(Clock.FEEDBACK, ClockDo.EXTEND, LATER) in granted.clocks
    offered = take(order_in(S.TRIAGED), "offered", SYSTEM)
    assert offered.clocks == (ClockEffect(Clock.CLAIM, ClockDo.START, LATER),)


def test_a_claim_is_taken_by_one_of_those_asked() -> None:
    order = order_in(S.TRIAGED, mode="offer")
    outcome = take(order, "claimed", BEN)
    assert outcome.state is S.IN_PROGRESS
    assert (outcome.columns["handler"], outcome.columns["institution"]) == ("ben", HEFEI_AID)
    with pytest.raises(NotYourOrderError, match="未向您开放"):
        take(order, "claimed", CARL)
    won = live(order, ("claimed", BEN))
    with pytest.raises(AlreadyClaimedError):
        take(won, "claimed", ANNA)
    with pytest.raises(StepForbiddenError):
        take(order, "claimed", AGENT)


def test_returning_has_reasons_and_an_end() -> None:
    order = order_in(S.ASSIGNED)
    returned = live(order, ("returned", ANNA))
    assert (returned.state, returned.get("institution"), returned.get("returned")) == (
        S.RETURNED,
        None,
        1,
    )
    with pytest.raises(FieldMissingError) as missing:
        decide(order, "returned", ANNA, {"reason": "not_ours"}, NOW, allowed)
    assert missing.value.field == "note"
    with pytest.raises(ReturnTooLateError, match="两个工作日"):
        take(replace(order, return_over=True), "returned", ANNA)
    with pytest.raises(StepError, match="重办"):
        take(order_in(S.REOPENED), "returned", ANNA)


def test_rights_hold_where_they_are_granted() -> None:
    order = order_in(S.TRIAGED)
    assert take(order, "assigned", BOSS).state is S.ASSIGNED
    for actor, error in ((WUHU_BOSS, StepForbiddenError), (READER, StepForbiddenError)):
        with pytest.raises(error):
            take(order, "assigned", actor)
    assert take(order_in(S.TRIAGED, region="340207"), "assigned", WUHU_BOSS)
    with pytest.raises(StepForbiddenError):
        take(order_in(S.IN_PROGRESS), "carded", BOSS)
    with pytest.raises(StepForbiddenError):
        take(order_in(S.IN_PROGRESS), "fed_back", CARL)


def test_the_hub_acts_for_the_handler() -> None:
    order = live(order_in(S.ASSIGNED, handler=None), ("accepted", HUB), ("resolved", HUB))
    assert (order.state, order.get("handler")) == (S.RESOLVED, None)


def test_an_older_version_is_refused() -> None:
    with pytest.raises(OrderChangedError, match="刷新"):
        decide(order_in(S.ASSIGNED), "accepted", ANNA, {}, NOW, allowed, version=2)
    assert decide(order_in(S.ASSIGNED), "accepted", ANNA, {}, NOW, allowed, version=3)


def test_an_unknown_step_and_a_wrong_state_are_told_apart() -> None:
    with pytest.raises(StepUnknownError):
        take(order_in(S.ASSIGNED), "vanished", BOSS)
    with pytest.raises(StepError, match=r"待签收.*签收") as caught:
        take(order_in(S.ASSIGNED), "resolved", ANNA)
    assert caught.value.code == "step-not-allowed"


@pytest.mark.parametrize(
    ("state", "step", "actor", "given", "field"),
    [
        (S.ASSIGNED, "returned", ANNA, {"reason": "lazy"}, "reason"),
        (S.ASSIGNED, "returned", ANNA, {"reason": 7}, "reason"),
        (S.ASSIGNED, "returned", ANNA, {"note": "x" * 10_001}, "note"),
        (S.ASSIGNED, "returned", ANNA, {"note": "a\x00"}, "note"),
        (S.ASSIGNED, "returned", ANNA, {"note": ["x"]}, "note"),
        (S.ASSIGNED, "returned", ANNA, {"state": "closed"}, "state"),
        (S.ASSIGNED, "returned", ANNA, {"13955512345": "x"}, "?"),
        (S.IN_PROGRESS, "extension_asked", ANNA, {"until": NOW}, "until"),
        (S.IN_PROGRESS, "extension_asked", ANNA, {"until": "2026-03-09"}, "until"),
        (S.IN_PROGRESS, "extension_asked", ANNA, {"until": "soon"}, "until"),
        (S.IN_PROGRESS, "extension_asked", ANNA, {"until": NOW + timedelta(days=400)}, "until"),
        (S.TRIAGED, "assigned", BOSS, {"institution": "'; drop"}, "institution"),
        (S.TRIAGED, "assigned", BOSS, {"reasons": [{"rule": "x"}]}, "reasons"),
        (S.TRIAGED, "assigned", BOSS, {"reasons": "why"}, "reasons"),
        (S.TRIAGED, "offered", BOSS, {"people": "anna"}, "people"),
        (S.TRIAGED, "offered", BOSS, {"people": ["anna", 3]}, "people"),
        (S.RECEIVED, "triaged", BOSS, {"region": "安徽"}, "region"),
        (S.RECEIVED, "merged", BOSS, {"into": "20260305000011"}, "into"),
        (S.RECEIVED, "merged", BOSS, {"into": ORDER_NO}, "into"),
        (S.RECEIVED, "supplemented", BOSS, {"confidential": "yes"}, "confidential"),
        (S.IN_PROGRESS, "escalated", SYSTEM, {"level": -1}, "level"),
        (S.IN_PROGRESS, "escalated", SYSTEM, {"level": True}, "level"),
    ],
)
def test_a_wrong_field_is_named(
    state: S, step: str, actor: Any, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldWrongError) as caught:
        take(order_in(state), step, actor, **given)
    assert caught.value.field == field
    assert caught.value.status == 422
    for value in given.values():
        if isinstance(value, str) and len(value) > 4:
            assert value not in str(caught.value)


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_needed_field_is_missed(empty: str | None) -> None:
    with pytest.raises(FieldMissingError) as caught:
        take(order_in(S.IN_PROGRESS), "resolved", ANNA, result=empty)
    assert caught.value.field == "result"


def test_texts_are_kept_apart_from_what_may_be_shown() -> None:
    outcome = take(order_in(S.ASSIGNED), "returned", ANNA)
    assert dict(outcome.fields.personal) == {"note": "当事人在芜湖"}
    assert "note" not in outcome.fields.public
    [message] = outcome.hub
    assert message.kind == "order.return"
    assert message.data["step"] == "returned"
    assert message.data["note"] == "当事人在芜湖"


def test_of_a_draft_nobody_hears() -> None:
    outcome = take(order_in(S.DRAFT), "withdrawn", TERMINAL)
    assert (outcome.hub, outcome.clocks, outcome.notices, outcome.rings) == ((), (), (), ())
    received = take(order_in(S.DRAFT, emergency="violence"), "received", TERMINAL)
    assert [message.kind for message in received.hub] == ["order.received"]
    assert [ring.reason for ring in received.rings] == ["emergency"]


def test_an_erased_partys_order_can_only_be_ended() -> None:
    order = replace(order_in(S.IN_PROGRESS), erased=True)
    for step in ("fed_back", "resolved", "reassigned"):
        with pytest.raises(OrderErasedError):
            take(order, step, SYSTEM)
    closed = take(order, "closed", BOSS)
    assert (closed.state, closed.hub, closed.notices, closed.rings) == (S.CLOSED, (), (), ())
    assert closed.clocks, "its deadlines are over all the same"


def test_a_card_never_gets_better_by_another_clock() -> None:
    order = live(order_in(S.IN_PROGRESS), ("carded", SYSTEM), carded={"card": "2"})
    order = live(order, ("carded", SYSTEM), carded={"clock": "extension", "card": "1"})
    assert order.get("card") == 2


def test_ringing_is_called_off_when_there_is_nothing_to_ring_about() -> None:
    ended = take(order_in(S.IN_PROGRESS), "withdrawn", TERMINAL)
    assert {(ring.kind, ring.do) for ring in ended.rings} == {
        (RingKind.CALLBACK, RingDo.CANCEL),
        (RingKind.FOLLOW_UP, RingDo.CANCEL),
    }


def test_possible_steps_are_those_that_are_not_refused() -> None:
    names = {step.name for step in possible_steps(order_in(S.ASSIGNED), ANNA, allowed)}
    assert names == {"accepted", "returned", "noted", "supplemented", "raised"}
    assert possible_steps(order_in(S.ASSIGNED), READER, allowed) == ()
    for actor in (BOSS, AGENT, CARL, HUB):
        for state in S:
            order = order_in(state)
            can = {step.name for step in possible_steps(order, actor, allowed)}
            for name in STEPS:
                try:
                    take(order, name, actor)
                except StepError:
                    assert name not in can
                else:
                    assert name in can


def test_only_the_hotline_gives_cards() -> None:
    for name in ("carded", "escalated"):
        assert [by.tie for by in STEPS[name].by] == [Tie.SYSTEM]
