"""KPIs from hand-counted records, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hubkit import an_intake

from dispatch.intake import IntakeDesk
from hotline.analysis import Rate, stats
from hotline.db import Database
from hotline.db.calls import CallStore
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
DAY = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def calls(db: Database, ring: KeyRing) -> CallStore:
    return CallStore(db, ring)


async def a_call(
    calls: CallStore,
    number: int,
    outcome: CallOutcome | None,
    *,
    waited: float | None = 1.0,
    latencies: tuple[int, ...] = (),
    at: datetime = DAY,
    **facts: Any,
) -> None:
    call_id = f"C{number}"
    await calls.start(CallRecord(call_id, f"1.{number}", None, at, None, None, None))
    if waited is not None:
        await calls.answered(call_id, at + timedelta(seconds=waited))
    for index, latency in enumerate(latencies):
        turn = Turn(index, Speaker.BOT, "好的", 0, 1, latency_ms=latency)
        await calls.add_turn(call_id, turn)
    if facts:
        await calls.update(call_id, **facts)
    if outcome is not None:
        await calls.finish(call_id, outcome, at + timedelta(minutes=1))


async def test_without_calls_no_rate_is_made_up(db: Database) -> None:
    found = await stats(db, DAY, DAY + timedelta(days=1))
    assert found.received == 0
    for rate in (found.answer_rate, found.answer_rate_human, found.satisfaction_rate):
        assert (rate.value, rate.whole) == (None, 0)
    assert (found.latency_mean_ms, found.latency_p90_ms, found.latency_count) == (None, None, 0)


async def test_a_hand_counted_day(db: Database, ring: KeyRing, calls: CallStore) -> None:
    await a_call(calls, 1, CallOutcome.ANSWERED_BY_BOT, satisfaction=5, latencies=(500, 700))
    await a_call(calls, 2, CallOutcome.ORDER_FILED, satisfaction=3, latencies=(600,), waited=15)
    await a_call(calls, 3, CallOutcome.TRANSFERRED, human_requested=True, human_answered=True,
                 satisfaction=2, waited=15.001)  # fmt: skip
    await a_call(calls, 4, CallOutcome.CALLBACK, human_requested=True)
    await a_call(calls, 5, CallOutcome.ABANDONED, waited=None)
    await a_call(calls, 6, CallOutcome.FALLBACK_SEAT, waited=4)
    await a_call(calls, 7, CallOutcome.VOICEMAIL, waited=5)
    await a_call(calls, 8, None)  # still going on
    await a_call(calls, 9, CallOutcome.FAILED, at=DAY - timedelta(seconds=1))
    await a_call(calls, 10, CallOutcome.FAILED, at=DAY + timedelta(days=1))
    await calls.adopted("C8", "node-2")
    await IntakeDesk(db, ring, "t").receive(an_intake(), DAY + timedelta(hours=1))
    found = await stats(db, DAY, DAY + timedelta(days=1))
    assert (found.received, found.answered, found.going_on, found.adopted) == (8, 7, 1, 1)
    assert found.answer_rate == Rate(7, 8)
    assert found.answer_rate_bot == Rate(5, 8)
    assert found.answer_rate_human == Rate(1, 2)
    assert found.service_level == Rate(6, 8)
    assert found.satisfaction_rate == Rate(2, 3)
    assert found.survey_rate == Rate(3, 7)
    assert found.outcomes == {
        "answered_by_bot": 1, "order_filed": 1, "transferred": 1, "callback": 1,
        "abandoned": 1, "fallback_seat": 1, "voicemail": 1,
    }  # fmt: skip
    assert (found.orders_filed, found.orders_acknowledged, found.orders_dead) == (1, Rate(0, 1), 0)
    assert (found.latency_count, found.latency_mean_ms, found.latency_p90_ms) == (3, 600, 700)
    plain = found.as_dict()
    assert plain["answer_rate_human"] == {"value": 0.5, "part": 1, "whole": 2}
    assert plain["since"] == "2026-03-05T00:00:00+00:00"


async def test_the_ninetieth_percentile_is_the_value_at_its_rank(
    db: Database, calls: CallStore
) -> None:
    await a_call(calls, 1, None, latencies=tuple(range(100, 1100, 100)))
    found = await stats(db, DAY, DAY + timedelta(days=1))
    assert found.latency_p90_ms == 900


async def test_a_span_must_be_one(db: Database) -> None:
    for since, until in ((DAY, DAY), (DAY, DAY.replace(tzinfo=None))):
        with pytest.raises(ValueError, match="since"):
            await stats(db, since, until)
