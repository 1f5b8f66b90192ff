"""The screen pop: what is known of a caller when the telephone rings."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from agent_ui.live.patch import Json
from agent_ui.views import said
from hotline.domain.calls import CallRecord
from hotline.domain.codes import CallOutcome, OrderState, Topic
from hotline.domain.orders import OrderView
from hotline.domain.people import Actor
from hotline.knowledge.search import KnowledgeBase
from hotline.knowledge.speech import spoken

_T = TypeVar("_T")
_CALLS = 5
_ANSWERS = 3
_LEAST = 0.12
"""Likeness below which an answer is not worth showing."""


_OVER = frozenset({OrderState.CLOSED, OrderState.ARCHIVED, OrderState.MERGED, OrderState.WITHDRAWN})


class Calls(Protocol):
    """Earlier calls (``hotline.db.calls.CallStore``)."""

    async def by_phone(self, phone: str, *, reveal: bool = False) -> list[CallRecord]: ...


class Orders(Protocol):
    """Orders of a party (``dispatch.listing.OrderList``)."""

    async def of_phone(self, actor: Actor, phone: str, limit: int) -> tuple[OrderView, ...]: ...

    async def alike(
        self, actor: Actor, topic: str, region: str | None, limit: int
    ) -> tuple[OrderView, ...]: ...


class ScreenPop:
    """Gathers it."""

    def __init__(
        self,
        calls: Calls,
        orders: Orders,
        knowledge: KnowledgeBase,
        regions: Mapping[str, str],
        names: Mapping[str, str],
    ) -> None:
        self._calls = calls
        self._orders = orders
        self._knowledge = knowledge
        self._regions = regions
        self._names = names

    async def of(self, record: CallRecord, actor: Actor) -> Json:
        """Everything but what was said, which the call's own document has (personal data)."""
        number = record.caller_number
        topic = record.topic
        earlier, own, alike = await asyncio.gather(
            self._calls.by_phone(number) if number else _none(CallRecord),
            self._orders.of_phone(actor, number, 10) if number else _none(OrderView),
            self._orders.alike(actor, topic, record.region, 3) if topic else _none(OrderView),
        )
        before = [call for call in earlier if call.call_id != record.call_id]
        return {
            "call_id": record.call_id,
            "times": len(before),
            "calls": [self._call(call) for call in before[:_CALLS]],
            "orders": [self._order(order) for order in own],
            "alike": [self._order(order) for order in alike],
            "answers": self.answers(record),
        }

    def answers(self, record: CallRecord) -> list[Json]:
        """Answers that may fit what the caller has told, with their articles."""
        text = said(record)
        if not text:
            return []
        topic = Topic(record.topic) if record.topic else None
        found = self._knowledge.best(topic, text, _ANSWERS)
        return [
            {
                "id": one.answer.id,
                "question": one.answer.question,
                "text": spoken(one.answer),
                "articles": [str(ref) for ref in one.answer.articles],
                "needs_person": one.answer.needs_person,
            }
            for one in found
            if one.score >= _LEAST
        ]

    def _call(self, call: CallRecord) -> Json:
        return {
            "at": _iso(call.started_at),
            "topic": Topic(call.topic).label if call.topic else None,
            "outcome": CallOutcome(call.outcome).label if call.outcome else None,
            "with": self._names.get(call.seat or ""),
            "satisfaction": call.satisfaction,
        }

    def _order(self, order: OrderView) -> Json:
        return {
            "order_no": order.order_no,
            "title": order.title,
            "state": order.state.label,
            "open": order.state not in _OVER,
            "at": _iso(order.created_at),
            "due": _iso(order.due_at),
            "card": int(order.card.value),
            "region": self._regions.get(order.region or ""),
        }


async def _none(kind: type[_T]) -> Sequence[_T]:
    return ()


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
