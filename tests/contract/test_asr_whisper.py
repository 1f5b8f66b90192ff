"""The real Whisper model: files, streams, silence, and a worker killed in mid-utterance."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from asr_models import DATA, whisper_model
from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from asr import EngineChoice, Patience, RecognizerPool, transcribe
from asr.audio import read_wav, to_pcm
from asr.engines.base import Request
from asr.engines.whisper import WhisperEngine
from asr.vad import SileroVad
from hotline.domain.speech import Final, Partial, SpeechEnd, SpeechEvent, SpeechStart
from hotline.errors import InputError, SetupError
from hotline.settings import Settings

pytestmark = [pytest.mark.contract, pytest.mark.timeout(300)]

SAID = {
    "d011.wav": "我想离婚他不同意怎么办",
    "d035.wav": "开发商一直不交房能不能退房",
    "d056.wav": "过了三年还能不能起诉",
    "d057.wav": "我想申请法律援助",
}


def syllable_errors(said: str, heard: str) -> float:
    """Share of toneless syllables that are wrong."""
    right = lazy_pinyin(said)
    return Levenshtein.distance(right, lazy_pinyin(heard)) / len(right)


@pytest.fixture(scope="module")
def engine() -> WhisperEngine:
    return WhisperEngine(whisper_model(), threads=1)


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate({"asr": {"whisper_model": str(whisper_model())}})


def decode(engine: WhisperEngine, pcm: bytes, voiced: float = 2.0) -> str:
    return engine.decode([Request("k", pcm, 0, True, voiced)])[0].text


def test_transcribe_hears_telephone_speech(settings: Settings) -> None:
    results = list(transcribe([DATA / name for name in SAID], "whisper", settings))
    assert [Path(r.file).name for r in results] == list(SAID)
    errors = [syllable_errors(SAID[Path(r.file).name], r.text) for r in results]
    assert sum(errors) / len(errors) < 0.2
    for result in results:
        assert result.engine == "whisper"
        assert 0.3 < result.confidence <= 1.0
        assert 1.0 < result.seconds < 10.0


def test_transcribe_says_which_file_is_wrong(settings: Settings, tmp_path: Path) -> None:
    junk = tmp_path / "junk.wav"
    junk.write_bytes(b"not a wave file at all")
    found = transcribe([DATA / "d057.wav", junk], "auto", settings)
    assert next(found).text
    with pytest.raises(InputError, match=r"junk\.wav: is not a WAV"):
        next(found)


def test_transcribe_without_a_model(tmp_path: Path) -> None:
    empty = Settings.model_validate({"cache_dir": str(tmp_path)})
    with pytest.raises(SetupError, match="hotline models fetch"):
        list(transcribe([DATA / "d057.wav"], "whisper", empty))


def test_silence_in_a_file_is_no_words(settings: Settings, tmp_path: Path) -> None:
    import wave

    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, 44_100, 0, "NONE", ""))
        out.writeframes(bytes(44_100 * 4 * 2))
    (result,) = transcribe([path], "whisper", settings)
    assert (result.text, result.confidence, result.seconds) == ("", 0.0, 2.0)


def test_a_batch_hears_what_single_requests_hear(engine: WhisperEngine) -> None:
    sounds = [read_wav(DATA / name) for name in ("d057.wav", "d056.wav")]
    together = engine.decode([Request(str(n), pcm, 0, True, 2.0) for n, pcm in enumerate(sounds)])
    for pcm, one in zip(sounds, together, strict=True):
        assert syllable_errors(decode(engine, pcm), one.text) < 0.25


def test_the_gate_alone_keeps_noise_and_tones_wordless(engine: WhisperEngine) -> None:
    """Without the VAD in front, which stops nearly all of it."""
    rng = np.random.default_rng(3)
    t = np.arange(48_000) / 16_000
    sounds = {
        "silence": np.zeros(48_000),
        "noise": rng.normal(0, 0.05, 48_000),
        "tone": 0.4 * np.sin(2 * np.pi * 450 * t),
        "hum": 0.3 * sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 10)),
    }
    for name, sound in sounds.items():
        assert decode(engine, to_pcm(sound.astype(np.float32))) == "", name


class Listener:
    """Collects events; ``final`` waits for the next final with its arrival time."""

    def __init__(self) -> None:
        self.events: list[SpeechEvent] = []
        self.finals: asyncio.Queue[Final] = asyncio.Queue()

    def __call__(self, event: SpeechEvent) -> None:
        self.events.append(event)
        if isinstance(event, Final):
            self.finals.put_nowait(event)


@pytest.fixture
async def pool() -> AsyncIterator[RecognizerPool]:
    running = RecognizerPool(Settings(), choice=EngineChoice("whisper", whisper_model(), "a test"))
    await running.start()
    yield running
    await running.stop()


async def at_rest(pool: RecognizerPool) -> None:
    """Until nothing is being decoded."""
    while pool.stats().busy or pool.stats().waiting:  # noqa: ASYNC110 - the pool has no such event
        await asyncio.sleep(0.005)


async def test_a_stream_tells_start_partials_end_final(pool: RecognizerPool) -> None:
    listener = Listener()
    stream = pool.open("a", on_event=listener, completeness=lambda text: 0.1)
    pcm = bytes(16_000) + read_wav(DATA / "d035.wav") + bytes(64_000)
    for at in range(0, len(pcm), 640):
        stream.feed(pcm[at : at + 640])
        if at % 6400 == 0:
            # the machine may be slow: a partial is shed while the one before is being made
            await asyncio.wait_for(at_rest(pool), 30)
    final = await asyncio.wait_for(listener.finals.get(), 30)
    assert syllable_errors(SAID["d035.wav"], final.text) < 0.35
    assert isinstance(listener.events[0], SpeechStart)
    assert any(isinstance(e, Partial) for e in listener.events)
    assert any(isinstance(e, SpeechEnd) for e in listener.events)
    assert 0.4 < final.start < final.end < len(pcm) / 32_000


async def test_a_worker_killed_in_mid_utterance_costs_nothing_more(pool: RecognizerPool) -> None:
    listener = Listener()
    stream = pool.open("a", on_event=listener, patience=Patience(incomplete_s=0.8))
    pcm = read_wav(DATA / "d057.wav") + bytes(64_000)
    half = len(pcm) // 3
    stream.feed(pcm[:half])
    os.kill(pool.worker_pids()[0], signal.SIGKILL)
    stream.feed(pcm[half:])
    final = await asyncio.wait_for(listener.finals.get(), 30)
    assert syllable_errors(SAID["d057.wav"], final.text) < 0.35
    stream.feed(pcm)
    again = await asyncio.wait_for(listener.finals.get(), 30)
    assert syllable_errors(SAID["d057.wav"], again.text) < 0.35
    assert pool.stats().restarts == 1


ANHUI = ["合肥市", "肥东县", "肥西县", "霍山县", "霍邱县", "含山县", "寿县", "六安市", "淮南市"]


def asked(engine: WhisperEngine, name: str, expect: str) -> str:
    sound = read_wav(DATA / name)
    return engine.decode([Request("k", sound, 0, True, 0.7, expect)])[0].text


def test_a_county_said_alone_is_known_when_it_was_asked_for(engine: WhisperEngine) -> None:
    engine.know_places(ANHUI)
    assert asked(engine, "place-huoshan.wav", "region") == "霍山县"
    assert asked(engine, "place-huoshan.wav", "open") != "霍山县", "else the test proves nothing"


def test_what_is_no_place_is_not_made_one(engine: WhisperEngine) -> None:
    engine.know_places(ANHUI)
    for name in ("d057.wav", "word-shide.wav", "word-meiyou.wav"):
        text = asked(engine, name, "region")
        assert not any(place in text for place in ANHUI), name


@pytest.mark.parametrize(
    ("name", "word"), [("word-shide.wav", "是的"), ("word-meiyou.wav", "没有")]
)
def test_a_single_word_is_heard_when_yes_or_no_was_asked(
    engine: WhisperEngine, name: str, word: str
) -> None:
    assert word in asked(engine, name, "yes_no")


@pytest.mark.parametrize("name", ["word-shide.wav", "word-meiyou.wav", "place-huoshan.wav"])
@pytest.mark.parametrize("loudness", [1.0, 0.3])
def test_the_vad_wakes_for_a_single_word(name: str, loudness: float) -> None:
    sound = np.frombuffer(read_wav(DATA / name), np.int16)
    sound = (sound * loudness).astype(np.int16)
    vad = SileroVad()
    chunks = [sound[at : at + 512].tobytes() for at in range(0, sound.size - 511, 512)]
    spoken = sum(vad.step(chunk) > 0.45 for chunk in chunks)
    assert spoken >= 6, "a fifth of a second at least"
