"""The main line on real parts: a call is heard, understood, filed, and reaches the hub."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
from call_kit import Caller, eventually, stored

from dispatch.progress import Progress
from hotline.app.trial import Trial, fetch
from hotline.db import Database
from hotline.domain.codes import CallOutcome, HubState, Speaker
from hotline.privacy import KeyRing
from hotline.privacy.recording import RecordingReader
from ivr.phone.callers import Callers

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]

STORY = "我在肥西县的工地上干了半年老板欠我两万块钱工资不给"


async def file_an_order(trial: Trial, voices: Callers) -> str:
    """A whole call that files an order; returns the caller's number."""
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.say("我想请你们帮我登记一下老板拖欠工资")
        await caller.say(STORY)
        for _ in range(6):
            if caller.call.over.is_set():
                break
            await caller.press("1")
        await caller.call.hang_up()
        return str(caller.number)


async def test_a_call_files_an_order_that_the_hub_acknowledges(
    trial: Trial, voices: Callers, tmp_path: Path
) -> None:
    number = await file_an_order(trial, voices)
    record = await stored(trial.settings, number)
    assert record.outcome is CallOutcome.ORDER_FILED
    assert record.order_no is not None
    assert record.answered_at is not None
    assert record.topic == "wages"
    speakers = {turn.speaker for turn in record.turns}
    assert speakers == {Speaker.CALLER, Speaker.BOT}
    heard = [turn for turn in record.turns if turn.speaker is Speaker.CALLER]
    assert any("工" in turn.text for turn in heard)
    assert all(turn.started <= turn.ended for turn in record.turns)

    order_no = record.order_no
    ring = KeyRing.open(trial.settings)
    with Database(trial.settings) as db:
        progress = Progress(db, ring)

        async def acknowledged() -> str | None:
            order = await progress.by_number(order_no)
            done = order.hub_state is HubState.ACKNOWLEDGED
            return order.hub_receipt if done else None

        receipt = await eventually(acknowledged, 20, "the hub's receipt")
    held = await asyncio.to_thread(fetch, f"{trial.settings.hub.url}/api/v1/orders/{order_no}")
    assert held is not None
    assert receipt in str(held)

    assert record.recording is not None
    target = tmp_path / "call.wav"
    RecordingReader(trial.settings.recordings_dir / record.recording, ring).export_wav(target)
    with wave.open(str(target)) as sound:
        assert sound.getnchannels() == 2
        both = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).reshape(-1, 2)
    assert (np.abs(both).max(axis=0) > 1000).all(), "one side of the recording is silent"


async def test_nothing_of_a_callers_data_is_in_any_log(trial: Trial, voices: Callers) -> None:
    number = await file_an_order(trial, voices)
    record = await stored(trial.settings, number)
    said = [turn.text for turn in record.turns if len(turn.text) > 4]
    for path in trial.settings.data_dir.rglob("*"):
        if not path.is_file() or path.suffix not in ("", ".log", ".txt", ".claimed", ".csv"):
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        assert number not in text, path
        assert not any(words in text for words in said), path


async def test_a_question_is_answered_with_its_article(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.say("老板拖欠工资怎么办")
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    assert record.outcome is CallOutcome.ANSWERED_BY_BOT
    answer = next(t.text for t in record.turns[1:] if t.speaker is Speaker.BOT)
    assert "条" in answer
    assert record.answer_ids


async def test_a_caller_who_withholds_the_number_is_served(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices, number=None) as caller:
        await caller.dial()
        await caller.say("离婚要准备什么材料")
        await caller.call.hang_up()
    record = await stored(trial.settings, None)
    assert record.caller_number is None
    assert len(record.turns) >= 3


async def test_keys_alone_lead_to_a_person(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.press("0")
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    assert record.human_requested
    assert record.outcome in (CallOutcome.CALLBACK, CallOutcome.ABANDONED)
