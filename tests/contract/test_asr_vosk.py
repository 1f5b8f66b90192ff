"""The real Vosk engine on real weights (Korean): streaming, partials, finals, many streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asr_models import DATA, korean_vosk_model

from asr import EngineChoice, RecognizerPool, choose_engine
from asr.audio import read_wav
from asr.engines.base import Request
from asr.engines.vosk import VoskEngine
from hotline.domain.speech import Final, Partial, SpeechEvent
from hotline.settings import Settings

pytestmark = [pytest.mark.contract, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def engine() -> VoskEngine:
    return VoskEngine(korean_vosk_model())


def feed(engine: VoskEngine, key: str, pcm: bytes, step: int) -> list[str]:
    """Partials of a stretch fed bit by bit."""
    texts = []
    for at in range(0, len(pcm), step):
        request = Request(key, pcm[at : at + step], at, False, len(pcm) / 32_000)
        texts.append(engine.decode([request])[0].text)
    return texts


def test_partials_grow_and_the_final_has_confidence(engine: VoskEngine) -> None:
    pcm = read_wav(DATA / "d056.wav")
    partials = feed(engine, "a/1/0", pcm, 8000)
    assert partials[0] == ""
    assert len(partials[-1]) > len(partials[len(partials) // 2])
    final = engine.decode([Request("a/1/0", b"", len(pcm), True, len(pcm) / 32_000)])[0]
    assert final.text
    assert 0.0 < final.confidence <= 1.0


def test_sound_after_an_early_look_is_added(engine: VoskEngine) -> None:
    pcm = read_wav(DATA / "d057.wav")
    first = engine.decode([Request("b/1/0", pcm, 0, True, 3.0)])[0].text
    both = engine.decode([Request("b/1/0", pcm, len(pcm), True, 6.0)])[0].text
    assert first
    assert both.startswith(first)
    assert len(both) > len(first)


def test_streams_do_not_mix(engine: VoskEngine) -> None:
    """Kaldi dithers, so two runs differ a little: speech beside silence is told apart for sure."""
    speech = read_wav(DATA / "d057.wav")
    sounds = {"speech": speech, "silence": bytes(len(speech))}
    for at in range(0, len(speech), 12_800):
        for key, pcm in sounds.items():
            engine.decode([Request(key, pcm[at : at + 12_800], at, False, 3.0)])
    texts = {
        key: engine.decode([Request(key, b"", len(pcm), True, 3.0)])[0].text
        for key, pcm in sounds.items()
    }
    assert len(texts["speech"]) > 3
    assert texts["silence"] == ""


def test_forgotten_streams_free_their_recognizers(engine: VoskEngine) -> None:
    engine.decode([Request("gone/1/0", bytes(6400), 0, False, 0.2)])
    engine.forget("gone/")
    with pytest.raises(ValueError, match="missing"):
        engine.decode([Request("gone/1/0", bytes(6400), 6400, False, 0.2)])


@pytest.fixture
async def pool() -> AsyncIterator[RecognizerPool]:
    running = RecognizerPool(Settings(), choice=EngineChoice("vosk", korean_vosk_model(), "a test"))
    await running.start()
    yield running
    await running.stop()


async def at_rest(pool: RecognizerPool) -> None:
    """Until nothing is being decoded."""
    while pool.stats().busy or pool.stats().waiting:  # noqa: ASYNC110 - the pool has no such event
        await asyncio.sleep(0.005)


async def test_through_the_pool_with_a_worker(pool: RecognizerPool) -> None:
    events: list[SpeechEvent] = []
    done = asyncio.Event()

    def listen(event: SpeechEvent) -> None:
        events.append(event)
        if isinstance(event, Final):
            done.set()

    stream = pool.open("a", on_event=listen, completeness=lambda text: 1.0)
    pcm = bytes(16_000) + read_wav(DATA / "d056.wav") + bytes(64_000)
    for at in range(0, len(pcm), 640):
        stream.feed(pcm[at : at + 640])
        if at % 6400 == 0:
            # the machine may be slow: a partial is shed while the one before is being made
            await asyncio.wait_for(at_rest(pool), 30)
    await asyncio.wait_for(done.wait(), 60)
    partials = [e.text for e in events if isinstance(e, Partial)]
    final = next(e for e in events if isinstance(e, Final))
    assert len(partials) >= 3
    assert final.text
    assert pool.stats().lost == 0


def test_a_configured_vosk_model_is_chosen() -> None:
    settings = Settings.model_validate({"asr": {"vosk_model": str(korean_vosk_model())}})
    choice = choose_engine(settings)
    assert (choice.name, choice.model_path) == ("vosk", korean_vosk_model())
