"""Actors and orders for the tests of an order's life."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.life.engine import Outcome, Snapshot, decide
from dispatch.numbers import make_order_no
from hotline.accounts.rights import allowed
from hotline.domain.codes import OrderState
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
ORDER_NO = make_order_no("20260305", 1)
OTHER_NO = make_order_no("20260305", 2)
HEFEI_AID, WUHU_AID = "aid-340100", "aid-340200"
SYSTEM = Actor("system", rights=frozenset(Right))
HUB = Actor("hub", rights=frozenset({Right.HANDLE, Right.DISPATCH, Right.SUPERVISE}))
TERMINAL = Actor("terminal:web", rights=frozenset({Right.FILE}))


def a_person(name: str, role: Role, institution: str | None, region: str | None = None) -> Actor:
    """Somebody with one role, at their institution or in a region."""
    grant = Grant(role, None if region else institution, region)
    return Actor(f"person:{name}", (grant,), person_id=name, institution=institution)


AGENT = a_person("agent", Role.AGENT, "hotline", "340000")
ANNA = a_person("anna", Role.HANDLER, HEFEI_AID)
BEN = a_person("ben", Role.HANDLER, HEFEI_AID)
CARL = a_person("carl", Role.HANDLER, WUHU_AID)
BOSS = a_person("boss", Role.SUPERVISOR, "hotline", "340000")
WUHU_BOSS = a_person("wuhu", Role.SUPERVISOR, "hotline-wuhu", "340200")
READER = a_person("reader", Role.REVIEWER, "hotline", "340000")
EVERYBODY = (SYSTEM, HUB, TERMINAL, AGENT, ANNA, BEN, CARL, BOSS, WUHU_BOSS, READER)


GIVEN: dict[str, dict[str, Any]] = {
    "asked_for_more": {"note": "请提供劳动合同"},
    "supplemented": {"note": "合同找到了"},
    "raised": {"urgency": "emergency", "emergency": "violence"},
    "triaged": {
        "handling": "dispatch",
        "service_type": "legal_aid",
        "urgency": "normal",
        "complexity": "simple",
        "region": "340123",
    },
    "corrected": {"service_type": "mediation", "urgency": "urgent", "complexity": "complex"},
    "answered": {"result": "请到仲裁委申请仲裁"},
    "offered": {"people": ["anna", "ben"], "until": LATER.isoformat()},
    "assigned": {"institution": HEFEI_AID},
    "reassigned": {"institution": WUHU_AID, "note": "属地办理"},
    "returned": {"reason": "wrong_region", "note": "当事人在芜湖"},
    "fed_back": {"result": "已约谈用人单位"},
    "extension_asked": {"reason": "appraisal", "until": LATER},
    "extension_granted": {"until": LATER},
    "extension_refused": {"note": "请按期办结"},
    "supervised": {"note": "请领导关注"},
    "carded": {"clock": "feedback", "card": "1"},
    "escalated": {"clock": "feedback", "level": 3},
    "noted": {"note": "下午再联系"},
    "resolved": {"result": "已追回工资"},
    "rated": {"level": "5"},
    "closed": {"reason": "resolved"},
    "merged": {"into": OTHER_NO},
}
"""Fields with which each step can be taken; steps not named need none."""


def order_in(state: OrderState | None, **columns: Any) -> Snapshot:
    """An order of Feixi county in some state, held by Anna where somebody has it."""
    held = state in {
        *(OrderState.ASSIGNED, OrderState.IN_PROGRESS, OrderState.URGED, OrderState.SUPERVISED),
        *(OrderState.EXTENSION, OrderState.RESOLVED, OrderState.REOPENED),
    }
    row: dict[str, Any] = {"region": "340123", "callback": False, "emergency": None, "card": 0}
    if held:
        row |= {"institution": HEFEI_AID, "handler": "anna", "mode": "assign"}
    if state is OrderState.EXTENSION:
        row["held_state"] = "urged"
    return Snapshot(ORDER_NO, state, 3, row | columns, asked=frozenset({"anna", "ben"}))


def take(order: Snapshot, step: str, actor: Actor, now: datetime = NOW, **given: Any) -> Outcome:
    """Decide with the step's usual fields, changed by ``given``."""
    return decide(order, step, actor, GIVEN.get(step, {}) | given, now, allowed)
