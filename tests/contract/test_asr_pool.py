"""The pool with real worker processes (and an engine that hears what it is told to)."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

import asr.workers
from asr import EngineChoice, Patience, Priority, RecognizerPool
from asr.audio import to_pcm
from asr.stream import RecognizerStream
from hotline.domain.speech import Final, SpeechEvent
from hotline.settings import Settings

pytestmark = pytest.mark.contract

SPEECH, QUIET = b"\x02" * 1024, b"\x01" * 1024


class ScriptedVad:
    """Takes the sound itself for the likelihood."""

    def step(self, chunk: bytes) -> float:
        return 0.9 if chunk[0] == 2 else 0.0


@pytest.fixture(autouse=True)
def scripted_vad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asr.workers, "SileroVad", ScriptedVad)


class Listener:
    """Collects events; ``final`` waits for the next one."""

    def __init__(self) -> None:
        self.events: list[SpeechEvent] = []
        self._finals: asyncio.Queue[Final] = asyncio.Queue()

    def __call__(self, event: SpeechEvent) -> None:
        self.events.append(event)
        if isinstance(event, Final):
            self._finals.put_nowait(event)

    async def final(self) -> Final:
        return await asyncio.wait_for(self._finals.get(), 20)


def say(stream: RecognizerStream, seconds: float = 1.0, pause: float = 2.5) -> None:
    """An utterance and the silence that ends it."""
    for _ in range(round(seconds / 0.032)):
        stream.feed(SPEECH)
    for _ in range(round(pause / 0.032)):
        stream.feed(QUIET)


def pool_of(tmp_path: Path, texts: list[str], **asr_settings: object) -> RecognizerPool:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(texts), encoding="utf-8")
    settings = Settings.model_validate({"asr": {"partials": False, **asr_settings}})
    return RecognizerPool(settings, choice=EngineChoice("fake", script, "a test"))


@pytest.fixture
async def pools() -> AsyncIterator[list[RecognizerPool]]:
    started: list[RecognizerPool] = []
    yield started
    for pool in started:
        await pool.stop()


async def start(pools: list[RecognizerPool], pool: RecognizerPool) -> RecognizerPool:
    pools.append(pool)
    await pool.start()
    return pool


async def test_utterances_become_finals_in_order(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    pool = await start(pools, pool_of(tmp_path, ["第一句", "第二句", "第三句"]))
    listener = Listener()
    stream = pool.open("a", on_event=listener)
    for _ in range(3):
        say(stream)
    assert [(await listener.final()).text for _ in range(3)] == ["第一句", "第二句", "第三句"]
    stats = pool.stats()
    assert (stats.engine, stats.alive, stats.streams, stats.lost) == ("fake", 1, 1, 0)
    assert stats.finals >= 3


async def test_a_killed_idle_worker_is_replaced(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    pool = await start(pools, pool_of(tmp_path, ["你好"]))
    listener = Listener()
    stream = pool.open("a", on_event=listener)
    (pid,) = pool.worker_pids()
    os.kill(pid, signal.SIGKILL)
    say(stream)
    final = await listener.final()
    assert (final.text, final.reason) == ("你好", "endpoint")
    assert pool.worker_pids() != [pid]
    assert pool.stats().restarts == 1


async def test_a_crash_in_mid_decode_is_tried_again(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    marker = tmp_path / "crashed"
    pool = await start(pools, pool_of(tmp_path, [f"!crash {marker}", "还在"]))
    listener = Listener()
    stream = pool.open("a", on_event=listener)
    say(stream)
    final = await listener.final()
    assert marker.exists()
    assert final.reason == "endpoint", "the second worker heard it"
    stats = pool.stats()
    assert (stats.restarts, stats.retried, stats.lost) == (1, 1, 0)


async def test_sound_that_always_crashes_costs_one_utterance(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    pool = await start(pools, pool_of(tmp_path, ["!crash"]))
    listener = Listener()
    stream = pool.open("a", on_event=listener)
    say(stream)
    final = await listener.final()
    assert (final.text, final.reason) == ("", "lost")
    assert pool.stats().lost == 1
    (tmp_path / "script.json").write_text(json.dumps(["又好了"]), encoding="utf-8")
    for _ in range(200):
        # the third worker may have been started before the script was mended
        say(stream)
        if (await listener.final()).text == "又好了":
            break
    else:
        pytest.fail("the pool did not recover")


async def test_an_engine_error_costs_one_utterance_and_no_worker(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    pool = await start(pools, pool_of(tmp_path, ["!fail", "下一句"]))
    listener = Listener()
    stream = pool.open("a", on_event=listener)
    say(stream)
    say(stream)
    assert [(await listener.final()).text for _ in range(2)] == ["", "下一句"]
    assert pool.stats().restarts == 0


async def test_agents_transcripts_wait_for_callers(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    pool = await start(pools, pool_of(tmp_path, [str(n) for n in range(40)]))
    order: list[str] = []
    done = asyncio.Event()

    def note(name: str, event: SpeechEvent) -> None:
        if isinstance(event, Final):
            order.append(name)
            if len(order) == 9:
                done.set()

    agent = pool.open("agent", priority=Priority.AGENT, on_event=lambda e: note("agent", e))
    callers = [pool.open(f"c{n}", on_event=lambda e: note("caller", e)) for n in range(3)]
    # all in one turn of the loop: the queue holds them all before the worker sees the first
    for _ in range(6):
        say(agent)
    for caller in callers:
        say(caller)
    await asyncio.wait_for(done.wait(), 20)
    assert order[:3] == ["caller"] * 3


async def test_partials_are_shed_when_others_wait_and_counted(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    pool = await start(pools, pool_of(tmp_path, ["甲"] * 20, partials=True))
    seat = Priority.AGENT  # somebody reads along
    streams = [pool.open(str(n), on_event=lambda e: None, priority=seat) for n in range(5)]
    for stream in streams:
        say(stream, seconds=2.0)
    assert pool.stats().partials_shed > 5
    for stream in streams:
        await stream.drain()
    assert pool.stats().waiting == 0


async def test_without_a_model_only_sound_is_told(pools: list[RecognizerPool]) -> None:
    none = EngineChoice("none", None, "no speech model is here")
    pool = await start(pools, RecognizerPool(Settings(), choice=none))
    listener = Listener()
    say(pool.open("a", on_event=listener, patience=Patience()))
    assert [type(e).__name__ for e in listener.events] == ["SpeechStart", "SpeechEnd"]
    assert pool.worker_pids() == []


async def test_a_model_that_cannot_be_loaded_does_not_stop_the_hotline(
    tmp_path: Path, pools: list[RecognizerPool]
) -> None:
    broken = tmp_path / "model"
    broken.mkdir()
    pool = RecognizerPool(Settings(), choice=EngineChoice("whisper", broken, "a test"))
    pools.append(pool)
    await pool.start(timeout_s=3.0)
    assert pool.stats().alive == 0
    assert pool.stats().restarts >= 1
    listener = Listener()
    say(pool.open("a", on_event=listener))
    assert type(listener.events[0]).__name__ == "SpeechStart"


async def test_stop_leaves_no_process(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, ["一"], workers=2)
    await pool.start()
    for _ in range(100):
        if pool.stats().alive == 2:
            break
        await asyncio.sleep(0.05)
    pids = pool.worker_pids()
    assert len(pids) == 2
    await pool.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_feeding_costs_the_event_loop_little(
    tmp_path: Path, pools: list[RecognizerPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    pool = await start(pools, pool_of(tmp_path, []))
    stream = pool.open("a", on_event=lambda e: None)
    noise = to_pcm(np.random.default_rng(1).normal(0, 0.05, 160_000).astype(np.float32))
    began = os.times()
    for at in range(0, len(noise), 640):
        stream.feed(noise[at : at + 640])
    ended = os.times()
    spent = ended.user - began.user + ended.system - began.system
    assert spent < 10.0 * 0.05, "10 s of sound: the VAD takes more than 5 % of a core"
