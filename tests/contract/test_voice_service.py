"""The voice on real parts: Kokoro's model, its worker process, the cache on disk."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import psutil
import pytest

from hotline.settings import VoiceSettings, default_cache_dir
from ivr.voice.models import KokoroFiles
from ivr.voice.service import Priority, VoiceService
from ivr.voice.sound import RATE

pytestmark = pytest.mark.contract

KOKORO = KokoroFiles(default_cache_dir())
needs_kokoro = pytest.mark.skipif(
    not KOKORO.complete(), reason="needs the voice model; run: hotline models fetch"
)
TEXT = "请不要挂机。"


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    """An empty voice cache that sees the machine's real models."""
    (tmp_path / "models").symlink_to(default_cache_dir() / "models")
    return tmp_path


@pytest.fixture
async def voice(cache_dir: Path) -> AsyncIterator[VoiceService]:
    service = VoiceService(VoiceSettings(style="zf_xiaobei"), cache_dir, threads=1)
    await service.start()
    yield service
    await service.stop()


async def hear(voice: VoiceService, text: str, **options: bool) -> bytes:
    return b"".join([chunk async for chunk in voice.say(text, **options)])


@needs_kokoro
async def test_a_sentence_is_spoken_at_telephone_loudness(voice: VoiceService) -> None:
    pcm = np.frombuffer(await hear(voice, TEXT), "<i2").astype(np.float64) / 32768
    assert 0.8 < len(pcm) / RATE < 3.0
    assert np.abs(pcm).max() < 10 ** (-3 / 20)
    frames = pcm[: len(pcm) // 320 * 320].reshape(-1, 320)
    rms = np.sqrt((frames**2).mean(axis=1))
    speech = rms[rms > rms.max() * 0.1]
    assert -23 < 20 * np.log10(np.sqrt((speech**2).mean())) < -17


@needs_kokoro
async def test_a_kept_text_comes_from_the_cache_and_others_never_reach_the_disk(
    voice: VoiceService, cache_dir: Path
) -> None:
    assert voice.cached(TEXT) is None
    await hear(voice, "我姓王。")
    assert not list((cache_dir / "voice").glob("*/*.wav"))
    spoken = await hear(voice, TEXT, keep=True)
    assert voice.cached(TEXT) == spoken
    assert voice.cached(TEXT, speed=0.85) is None


@needs_kokoro
async def test_the_worker_stays_small(voice: VoiceService) -> None:
    for size in (5, 40, 12, 33, 20):
        await hear(
            voice,
            "请您准备好劳动合同工资条和考勤记录并且尽快到所在地的劳动仲裁委员会提出书面申请"[:size],
        )
    assert voice.worker_pid is not None
    assert psutil.Process(voice.worker_pid).memory_info().rss < 450e6


@needs_kokoro
async def test_an_idle_worker_gives_its_memory_back(cache_dir: Path) -> None:
    service = VoiceService(VoiceSettings(), cache_dir, threads=1, idle_unload_s=0.05)
    await service.start()
    try:
        async with asyncio.timeout(30):
            while service.worker_pid is not None:  # noqa: ASYNC110 - another task ends it
                await asyncio.sleep(0.02)
        assert len(await hear(service, TEXT)) > RATE
    finally:
        await service.stop()


@needs_kokoro
async def test_a_model_that_cannot_be_loaded_leaves_the_next_voice(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    files = KokoroFiles(tmp_path)
    shutil.copytree(KOKORO.folder, files.folder)
    with files.model.open("r+b") as model:
        model.truncate(1000)
        model.truncate(KOKORO.model.stat().st_size)
    service = VoiceService(VoiceSettings(), tmp_path, threads=1)
    await service.start()
    try:
        assert service.engine.startswith("espeak")
    finally:
        await service.stop()


@needs_kokoro
async def test_a_killed_worker_costs_nothing_but_time(voice: VoiceService) -> None:
    first = voice.worker_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert len(await hear(voice, TEXT)) > RATE
    assert voice.worker_pid not in (None, first)


@needs_kokoro
async def test_leaving_drops_what_waits(voice: VoiceService) -> None:
    long = "对方借钱不还，请保留好借条、转账凭证和聊天记录。" * 3
    async with aclosing(voice.say(long)) as speaking:
        await anext(speaking)
        assert voice.waiting >= 1
    assert voice.waiting == 0


@needs_kokoro
async def test_an_urgent_word_passes_those_who_wait(voice: VoiceService) -> None:
    ended: list[str] = []

    async def speak(text: str, priority: Priority) -> None:
        async for _ in voice.say(text, priority=priority):
            pass
        ended.append(text)

    async with asyncio.TaskGroup() as calls:
        for text in ("请您稍等。", "请您再说一遍。", "请您慢慢讲。"):
            calls.create_task(speak(text, Priority.LIVE))
        await asyncio.sleep(0)
        calls.create_task(speak("马上报警。", Priority.URGENT))
    assert "马上报警。" in ended[:2]


@needs_kokoro
async def test_bulk_rendering_resumes_where_it_was(voice: VoiceService) -> None:
    texts = [TEXT, "请稍等。"]
    seen: list[tuple[int, int]] = []
    assert await voice.prerender(texts, lambda done, total: seen.append((done, total))) == 2
    assert seen == [(1, 2), (2, 2)]
    assert voice.cached("请稍等。") is not None
    assert await voice.prerender(texts) == 0


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
async def test_without_models_espeak_speaks(tmp_path: Path) -> None:
    service = VoiceService(VoiceSettings(), tmp_path)
    await service.start()
    try:
        assert service.engine.startswith("espeak")
        assert len(await hear(service, TEXT)) > RATE
    finally:
        await service.stop()
