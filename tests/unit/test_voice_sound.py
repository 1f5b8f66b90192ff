"""Loudness, trimming, the telephone line, the cache, recordings and the count of errors."""

import asyncio
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.voice.cache import VoiceCache, piece_key
from ivr.voice.check import compare
from ivr.voice.errors import RecordingError
from ivr.voice.fake import FakeVoice
from ivr.voice.recordings import Recordings, text_key
from ivr.voice.sound import RATE, Pcm, Sound, finish, read_wav, telephone, to_pcm, wav_bytes

pytestmark = pytest.mark.unit


def tone(hertz: float, seconds: float = 1.0, level: float = 0.5, rate: int = RATE) -> Sound:
    times = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def rms_db(pcm: Pcm) -> float:
    return float(20 * np.log10(np.sqrt(np.mean((pcm / 32768.0) ** 2)) + 1e-9))


@pytest.mark.parametrize("level", [0.01, 0.3, 0.99])
def test_loudness_is_the_same_whatever_comes(level: float) -> None:
    assert rms_db(finish(tone(440, level=level), RATE)) == pytest.approx(-20, abs=0.3)


def test_peaks_stay_below_3_db_and_ends_are_silent() -> None:
    clicks = tone(300, level=0.05)
    clicks[4000:4010] = 1.0
    pcm = finish(clicks, RATE)
    assert np.abs(pcm).max() < 32768 * 10 ** (-3 / 20)
    assert abs(int(pcm[0])) < 50
    assert abs(int(pcm[-1])) < 50


def test_silence_at_both_ends_is_trimmed_to_60_ms() -> None:
    quiet = np.zeros(RATE, np.float32)
    pcm = finish(np.concatenate([quiet, tone(440), quiet]), RATE)
    assert len(pcm) / RATE == pytest.approx(1.12, abs=0.03)


def test_silence_alone_is_empty() -> None:
    assert len(finish(np.zeros(RATE, np.float32), RATE)) == 0
    assert len(finish(np.zeros(0, np.float32), 24000)) == 0


def test_other_rates_become_16_khz() -> None:
    assert len(finish(tone(440, rate=24000), 24000)) == pytest.approx(RATE, rel=0.02)


@pytest.mark.parametrize(
    ("hertz", "passes"), [(60, False), (1000, True), (3000, True), (5000, False)]
)
def test_a_telephone_line_passes_speech_and_nothing_else(hertz: float, passes: bool) -> None:
    before = to_pcm(tone(hertz))
    loss = rms_db(before) - rms_db(telephone(before))
    assert (loss < 1) if passes else (loss > 20)


def test_a_cached_piece_comes_back_whole(tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path)
    pcm = to_pcm(tone(440))
    key = piece_key("v", 1.0, "1", "您好。")
    assert cache.get(key) is None
    cache.put(key, pcm)
    found = cache.get(key)
    assert found is not None
    assert np.array_equal(found, pcm)
    assert not list(tmp_path.rglob("*.tmp"))


def test_every_part_of_a_key_counts() -> None:
    keys = {
        piece_key("v", 1.0, "1", "您好。"),
        piece_key("w", 1.0, "1", "您好。"),
        piece_key("v", 1.1, "1", "您好。"),
        piece_key("v", 1.0, "2", "您好。"),
        piece_key("v", 1.0, "1", "您好！"),
    }
    assert len(keys) == 5


def test_a_broken_entry_is_thrown_away(tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path)
    key = piece_key("v", 1.0, "1", "您好。")
    cache.put(key, to_pcm(tone(440)))
    (path,) = tmp_path.rglob("*.wav")
    path.write_bytes(path.read_bytes()[:20])
    assert cache.get(key) is None
    assert not cache.has(key)


def test_the_oldest_go_when_the_cache_is_full(tmp_path: Path) -> None:
    pcm = to_pcm(tone(440))
    cache = VoiceCache(tmp_path, max_bytes=3 * len(wav_bytes(pcm)))
    keys = [piece_key("v", 1.0, "1", str(n)) for n in range(6)]
    for age, key in enumerate(keys):
        cache.put(key, pcm)
        for path in tmp_path.rglob(f"{key}.wav"):
            os.utime(path, (1e9 + age, 1e9 + age))
    assert cache.has(keys[-1])
    assert not cache.has(keys[0])
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.wav")) <= 3 * len(wav_bytes(pcm))


def test_recordings_are_found_by_prompt_and_by_text(tmp_path: Path) -> None:
    (tmp_path / "greeting.wav").write_bytes(wav_bytes(to_pcm(tone(440)), RATE))
    (tmp_path / f"{text_key('请 稍等。')}.wav").write_bytes(wav_bytes(to_pcm(tone(300))))
    recordings = Recordings(tmp_path)
    assert recordings.get("什么文字都行", "greeting") is not None
    assert recordings.get("请稍等。") is not None
    assert recordings.get("没有录过。", "other") is None
    assert Recordings(None).get("请稍等。") is None


def test_a_recording_in_stereo_at_44_khz_is_taken(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "bye.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(np.repeat(to_pcm(tone(440, rate=44100)), 2).tobytes())
    pcm = Recordings(tmp_path).get("再见。", "bye")
    assert pcm is not None
    assert len(pcm) / RATE == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all, just words in a file"])
def test_a_file_that_is_not_sound_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"broken\.wav"):
        read_wav(path)
    assert Recordings(tmp_path).get("您好。", "broken") is None


@pytest.mark.parametrize(
    ("text", "heard", "errors"),
    [
        ("请打12348。", "请打12348", 0),
        ("请打12348。", "请打一二三四八", 0),
        ("请打12348。", "请打一万二千三百四十八", 0),
        ("赔偿3500元，打12356。", "赔偿三千五百元打12356", 0),
        ("赔偿2000元。", "赔偿两千元", 0),
        ("公证", "公正", 0),
        ("劳动仲裁", "劳动中", 1),
        ("请稍等", "", 3),
    ],
)
def test_errors_are_counted_in_syllables(text: str, heard: str, errors: int) -> None:
    assert compare(text, heard).errors == errors


def test_the_fake_voice_takes_as_long_as_the_words_would() -> None:
    voice = FakeVoice()

    async def hear() -> list[bytes]:
        return [chunk async for chunk in voice.say("请您稍等，马上就好。")]

    chunks = asyncio.run(hear())
    assert 1.5 < sum(map(len, chunks)) / 2 / RATE < 4
    assert voice.said == ["请您稍等，马上就好。"]
    assert voice.cached("请您稍等，马上就好。") == b"".join(chunks)
