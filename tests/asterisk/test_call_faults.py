"""What goes wrong in the middle of real calls: nothing is lost, the caller is served."""

import asyncio

import numpy as np
import psutil
import pytest
from call_kit import Caller, eventually, stored

from hotline.app.trial import Trial
from hotline.db import Database
from hotline.domain.codes import CallOutcome, HubState, Speaker
from hotline.privacy import KeyRing
from hotline.privacy.recording import RecordingReader
from ivr.pbx.control import AsteriskProcess
from ivr.phone.callers import Callers

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]


def workers(trial: Trial, what: str) -> list[psutil.Process]:
    """Child processes of the hotline whose command line names ``what``."""
    children = trial.process("up").children(recursive=True)
    return [child for child in children if what in " ".join(child.cmdline())]


async def test_the_hotline_is_killed_in_mid_call_and_goes_on(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.say("我想请你们帮我登记一下老板拖欠工资")
        await stored(trial.settings, caller.number, lambda record: len(record.turns) >= 3)
        caller.ear.expect(asyncio.get_running_loop().time())
        await asyncio.to_thread(trial.kill, "up")
        await asyncio.to_thread(trial.start, "up")
        assert not caller.call.over.is_set(), "the caller was hung up on"
        await caller.hear_out()
        await caller.say("在定远县，我干了半年")
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    assert record.adopted == 1
    sorry = next(turn.index for turn in record.turns if "断了" in turn.text)
    later = [t for t in record.turns if t.index > sorry and t.speaker is Speaker.CALLER]
    assert later, "nothing was heard after the hotline came back"
    assert [turn.index for turn in record.turns] == list(range(len(record.turns)))
    assert record.recording is not None
    ring = KeyRing.open(trial.settings)
    state = RecordingReader(trial.settings.recordings_dir / record.recording, ring).check()
    assert state.chunks > 0


async def test_asterisk_restarts_in_mid_call(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices) as caller:
        await caller.dial()
        pid = AsteriskProcess(trial.settings).pid
        assert pid is not None
        psutil.Process(pid).kill()
        record = await stored(trial.settings, caller.number, seconds=60)
        assert record.outcome is not None
    async with Caller(trial, voices) as again:
        await again.dial()
        await again.say("老板拖欠工资怎么办")
        await again.call.hang_up()
    record = await stored(trial.settings, again.number)
    assert record.outcome is CallOutcome.ANSWERED_BY_BOT


async def test_a_recognizer_worker_is_killed(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices) as caller:
        await caller.dial()
        for worker in workers(trial, "asr"):
            worker.kill()
        await caller.say("老板拖欠工资怎么办")
        await caller.say("老板拖欠工资怎么办")
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    heard = [t for t in record.turns if t.speaker is Speaker.CALLER and t.text]
    assert heard, "the call heard nothing any more"


async def test_the_hub_is_down_and_gets_the_order_once_it_is_back(
    trial: Trial, voices: Callers
) -> None:
    from dispatch.progress import Progress

    await asyncio.to_thread(trial.end, "hub")
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.press("0")
        for _ in range(4):
            await caller.press("1")
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    assert record.order_no is not None
    order_no = record.order_no
    await asyncio.to_thread(trial.start, "hub")
    with Database(trial.settings) as db:
        progress = Progress(db, KeyRing.open(trial.settings))

        async def acknowledged() -> bool:
            return (await progress.by_number(order_no)).hub_state is HubState.ACKNOWLEDGED

        await eventually(acknowledged, 60, "the receipt after the hub came back")


@pytest.mark.parametrize("moment", ["greeting", "question", "after_speech", "ringing"])
async def test_hanging_up_at_any_moment_leaves_one_record(
    trial: Trial, voices: Callers, moment: str
) -> None:
    async with Caller(trial, voices) as caller:
        if moment == "greeting":
            loop = asyncio.get_running_loop()
            caller.ear.expect(loop.time())
            caller.call = await caller._phone.call("early", caller=caller.number)
        else:
            await caller.dial()
        if moment == "after_speech":
            await caller.speak(voices.say("老板拖欠工资怎么办"))
        elif moment == "ringing":
            await caller.call.press("0")
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    assert record.outcome is not None
    assert record.hangup_by == "caller"


async def test_a_caller_who_never_speaks_is_asked_again_and_let_go(
    trial: Trial, voices: Callers
) -> None:
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await asyncio.wait_for(caller.call.over.wait(), 120)
    record = await stored(trial.settings, caller.number)
    assert record.outcome is CallOutcome.SILENT
    assert record.hangup_by == "bot"
    assert not any(turn.speaker is Speaker.CALLER for turn in record.turns)


async def test_a_caller_who_talks_for_a_minute_without_pause_is_answered(
    trial: Trial, voices: Callers
) -> None:
    parts = (
        voices.say("我在工地上干活老板一直不给我工资"),
        voices.say("我找了他好多次他都说没有钱"),
        voices.say("家里还有两个孩子要上学"),
    )
    talk = b"".join(parts[i % 3] for i in range(60))[: 62 * 32000]
    async with Caller(trial, voices) as caller:
        await caller.dial()
        caller.ear.expect(asyncio.get_running_loop().time())
        speaking = asyncio.create_task(caller.speak(talk))
        await asyncio.wait_for(speaking, 120)
        await caller.hear_out()
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    heard = "".join(t.text for t in record.turns if t.speaker is Speaker.CALLER)
    assert len(heard) > 40
    assert record.turns[-1].speaker is Speaker.BOT


async def test_keys_pressed_during_prompts_are_taken(trial: Trial, voices: Callers) -> None:
    async with Caller(trial, voices) as caller:
        loop = asyncio.get_running_loop()
        caller.ear.expect(loop.time())
        caller.call = await caller._phone.call(
            "keys", caller=caller.number, on_frame=lambda f: caller.ear.feed(f, loop.time())
        )
        await caller.hear_begin()
        for key in "*#9190":
            await caller.call.press(key)
        await caller.hear_out()
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    keys = [t.text for t in record.turns if t.text.startswith("[按键")]
    assert len(keys) >= 5
    assert record.human_requested


async def test_noise_makes_no_words(trial: Trial, voices: Callers) -> None:
    random = np.random.default_rng(1)
    hiss = (random.standard_normal(16000 * 6) * 900).astype("<i2").tobytes()
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.call.say(hiss)
        await caller.call.hang_up()
    record = await stored(trial.settings, caller.number)
    assert not any(turn.speaker is Speaker.CALLER for turn in record.turns)
