"""One record for every call, sealed, audited, whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.db.audit_content import changed_records
from hotline.db.errors import CallNotFoundError, DuplicateCallError
from hotline.db.opening import Store, open_store
from hotline.db.tables import AuditRow
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from hotline.settings import PrivacySettings, Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
PHONE = "13955512345"
WORDS = "我姓孙，老板欠我工钱"


@pytest.fixture(params=["aes-gcm", "sm4-gcm"])
async def store(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    privacy = PrivacySettings(cipher=request.param)
    opened = await asyncio.to_thread(open_store, settings.model_copy(update={"privacy": privacy}))
    yield opened
    await opened.aclose()


def a_call(number: int = 1, **changed: object) -> CallRecord:
    call = CallRecord(
        call_id=f"CALL{number:022d}",
        channel_id=f"1772676000.{number}",
        caller_number=PHONE,
        started_at=NOW,
        answered_at=None,
        ended_at=None,
        outcome=None,
        node="node-1",
        engine="whisper",
    )
    return replace(call, **changed)  # type: ignore[arg-type]


def a_turn(index: int, words: str = WORDS) -> Turn:
    return Turn(index, Speaker.CALLER, words, 1.5, 3.25, confidence=0.75, act="ask", topic="wages")


async def test_a_call_from_start_to_end(store: Store) -> None:
    calls = store.calls
    await calls.start(a_call())
    await calls.answered("CALL0000000000000000000001", NOW + timedelta(seconds=1))
    await calls.answered("CALL0000000000000000000001", NOW + timedelta(seconds=9))
    await calls.add_turn("CALL0000000000000000000001", a_turn(0))
    spoken = Turn(1, Speaker.BOT, "请讲", 4, 5, latency_ms=620, interrupted=True)
    await calls.add_turn("CALL0000000000000000000001", spoken)
    await calls.update("CALL0000000000000000000001", topic="wages", human_requested=True)
    await calls.spoke("CALL0000000000000000000001", "wages-1")
    await calls.spoke("CALL0000000000000000000001", "wages-2")
    await calls.spoke("CALL0000000000000000000001", "wages-1")
    end = NOW + timedelta(minutes=2)
    first = await calls.finish(
        "CALL0000000000000000000001", CallOutcome.ORDER_FILED, end, "caller", order_no="1"
    )
    again = await calls.finish("CALL0000000000000000000001", CallOutcome.FAILED, NOW, "bot")
    assert (first, again) == (True, False)
    call = await calls.get("CALL0000000000000000000001", reveal=True)
    assert call == a_call(
        answered_at=NOW + timedelta(seconds=1),
        ended_at=end,
        outcome=CallOutcome.ORDER_FILED,
        hangup_by="caller",
        topic="wages",
        human_requested=True,
        order_no="1",
        answer_ids=("wages-1", "wages-2"),
        turns=(a_turn(0), spoken),
    )
    assert await calls.open_calls() == []


async def test_without_the_right_number_and_words_are_hidden(store: Store) -> None:
    await store.calls.start(a_call())
    await store.calls.add_turn(a_call().call_id, a_turn(0))
    seen = await store.calls.get(a_call().call_id)
    assert seen.caller_number == "139****2345"
    assert seen.turns[0].text == "（10字，无权查看）"
    assert WORDS not in repr(seen)


async def test_nothing_personal_is_readable_in_the_database(store: Store) -> None:
    await store.calls.start(a_call())
    await store.calls.add_turn(a_call().call_id, a_turn(0))
    await store.calls.save_state(a_call().call_id, json.dumps({"phone": PHONE}))

    def dump(session: Session) -> str:
        tables = ("calls", "turns", "audit")
        rows = [session.execute(text(f"SELECT * FROM {name}")).all() for name in tables]
        return repr(
            [[bytes(v) if isinstance(v, memoryview) else v for v in r] for t in rows for r in t]
        )

    shown = await store.db.read(dump)
    for secret in (PHONE, WORDS, "工钱"):
        assert secret not in shown
        assert secret.encode().hex() not in shown
        assert repr(secret.encode())[2:-1] not in shown


async def test_a_withheld_number_is_a_call_like_all_others(store: Store) -> None:
    await store.calls.start(a_call(caller_number=None))
    await store.calls.finish(a_call().call_id, CallOutcome.ABANDONED, NOW, "caller")
    assert (await store.calls.get(a_call().call_id, reveal=True)).caller_number is None
    await store.calls.start(a_call(2, caller_number="anonymous"))
    assert (await store.calls.get(a_call(2).call_id, reveal=True)).caller_number == "anonymous"


async def test_calls_are_found_by_number_however_it_is_written(store: Store) -> None:
    for number in range(3):
        await store.calls.start(a_call(number, started_at=NOW + timedelta(minutes=number)))
    await store.calls.start(a_call(9, caller_number="13955500000"))
    found = await store.calls.by_phone("+86 139-5551-2345")
    assert [call.call_id[-1] for call in found] == ["2", "1", "0"]
    assert await store.calls.by_phone("junk") == []
    assert [call.call_id[-1] for call in await store.calls.recent(2)] == ["2", "1"]


async def test_starting_twice_is_one_record(store: Store) -> None:
    await store.calls.start(a_call())
    await store.calls.start(a_call(caller_number=None))
    assert len(await store.calls.recent(10)) == 1
    with pytest.raises(DuplicateCallError):
        await store.calls.start(a_call(2, channel_id=a_call().channel_id))
    found = await store.calls.by_channel(a_call().channel_id)
    assert found is not None
    assert found.caller_number == PHONE
    assert await store.calls.by_channel("none") is None


async def test_unknown_calls_and_fields_are_said_so(store: Store) -> None:
    for attempt in (
        store.calls.get("none"),
        store.calls.answered("none", NOW),
        store.calls.add_turn("none", a_turn(0)),
        store.calls.finish("none", CallOutcome.FAILED, NOW),
        store.calls.load_state("none"),
    ):
        with pytest.raises(CallNotFoundError):
            await attempt
    with pytest.raises(TypeError, match="caller_number"):
        await store.calls.update("none", caller_number="1")


async def test_the_dialogue_is_kept_for_whoever_adopts_the_call(store: Store) -> None:
    await store.calls.start(a_call())
    call_id = a_call().call_id
    assert await store.calls.load_state(call_id) is None
    await store.calls.save_state(call_id, '{"step": 3}')
    await store.aclose()
    reopened = await asyncio.to_thread(open_store, store.settings)
    try:
        [call] = await reopened.calls.open_calls("node-1")
        assert await reopened.calls.open_calls("node-2") == []
        assert await reopened.calls.load_state(call.call_id) == '{"step": 3}'
        assert await reopened.calls.adopted(call.call_id, "node-2") == 1
        assert await reopened.calls.adopted(call.call_id, "node-2") == 2
        await reopened.calls.finish(call.call_id, CallOutcome.ABANDONED, NOW, "caller")
        await reopened.calls.save_state(call.call_id, "late")
        assert await reopened.calls.load_state(call.call_id) is None
        after = await reopened.calls.get(call.call_id)
        assert (after.adopted, after.node) == (2, "node-2")
    finally:
        await reopened.aclose()


async def test_a_call_we_missed_is_taken_in_once(store: Store) -> None:
    missed = a_call(
        ended_at=NOW + timedelta(seconds=40), outcome=CallOutcome.VOICEMAIL, turns=(a_turn(0),)
    )
    assert await store.calls.record_whole(missed)
    assert not await store.calls.record_whole(missed)
    assert not await store.calls.record_whole(replace(missed, call_id="OTHER"))
    await store.calls.add_voicemail(missed.call_id, "v.rec", 12.5, NOW)
    await store.calls.add_voicemail(missed.call_id, "v.rec", 12.5, NOW)
    assert (await store.calls.get(missed.call_id, reveal=True)).turns == missed.turns


async def test_a_hundred_ends_at_once_are_one_end(store: Store) -> None:
    await store.calls.start(a_call())
    ends = [store.calls.finish(a_call().call_id, CallOutcome.ABANDONED, NOW) for _ in range(100)]
    assert sum(await asyncio.gather(*ends)) == 1


async def test_the_audit_chain_holds_and_shows_every_change(store: Store) -> None:
    for number in range(5):
        await store.calls.start(a_call(number))
        await store.calls.add_turn(a_call(number).call_id, a_turn(0))
        await store.calls.finish(a_call(number).call_id, CallOutcome.ABANDONED, NOW)
    await store.calls.update(a_call(0).call_id, satisfaction=5)
    await store.audit.anchor()
    report = await store.audit.verify()
    assert (report.links, report.problems) == (6, ())
    assert await changed_records(store.db, store.ring) == []

    async def tamper(statement: str) -> tuple[str, ...]:
        await store.db.write(lambda session: session.execute(text(statement)) and None)
        return (await store.audit.verify()).problems

    await store.db.write(
        lambda session: (
            session.execute(
                text(f"UPDATE calls SET outcome = 'failed' WHERE call_id = '{a_call(2).call_id}'")
            )
            and None
        )
    )
    await store.db.write(
        lambda session: (
            session.execute(text(f"DELETE FROM turns WHERE call_id = '{a_call(3).call_id}'"))
            and None
        )
    )
    assert await changed_records(store.db, store.ring) == [a_call(2).call_id, a_call(3).call_id]
    assert await tamper("UPDATE audit SET actor = 'x' WHERE seq = 2") == (
        "link 2 (call.finished) was changed",
    )
    assert "links 4 to 4 are missing" in await tamper("DELETE FROM audit WHERE seq = 4")
    await tamper("DELETE FROM audit WHERE seq > 3")
    assert any("existed" in problem for problem in (await store.audit.verify()).problems)


async def test_the_audit_table_holds_no_personal_data(store: Store) -> None:
    await store.calls.start(a_call())
    await store.calls.finish(a_call().call_id, CallOutcome.ABANDONED, NOW)

    def row(session: Session) -> AuditRow | None:
        return session.get(AuditRow, 1)

    link = await store.db.read(row)
    assert link is not None
    assert set(link.model_dump()) == {
        "seq", "at", "actor", "action", "subject", "digest", "prev_hash", "hash",
    }  # fmt: skip
    assert PHONE not in repr(link)


async def test_concurrent_links_make_one_chain(store: Store) -> None:
    async def whole(number: int) -> None:
        await store.calls.start(a_call(number))
        await store.calls.finish(a_call(number).call_id, CallOutcome.ABANDONED, NOW)

    await asyncio.gather(*(whole(number) for number in range(40)))
    report = await store.audit.verify()
    assert (report.links, report.ok) == (40, True)
