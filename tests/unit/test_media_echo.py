"""The echo gate: our own voice coming back is known, the caller's is not."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_wav
from ivr.call.recorder import Timeline
from ivr.media import FRAME_BYTES, FRAME_S
from ivr.media.echo import EchoGate

pytestmark = pytest.mark.unit


def speech_like(seed: int, seconds: float) -> np.ndarray:
    """Noise with a moving spectrum and syllable-like loudness, as int16 at 16 kHz."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal(int(16000 * seconds))
    smooth = np.convolve(noise, np.ones(6) / 6, mode="same")
    loud = 0.3 + 0.7 * np.abs(np.sin(np.arange(smooth.size) / 16000 * 2 * np.pi * 3))
    return (smooth * loud * 6000).astype(np.int16)


def frames(sound: np.ndarray) -> list[bytes]:
    data = sound.tobytes()
    return [data[i : i + FRAME_BYTES] for i in range(0, len(data) - FRAME_BYTES + 1, FRAME_BYTES)]


def share_called_echo(ours: np.ndarray, incoming: np.ndarray, after_ms: int = 0) -> float:
    gate = EchoGate()
    hits = []
    for i, (out, back) in enumerate(zip(frames(ours), frames(incoming), strict=True)):
        now = i * FRAME_S
        gate.sent(out, now)
        hits.append(gate.is_echo(back, now + FRAME_S))
    return float(np.mean(hits[20 + after_ms // 20 :]))


@pytest.mark.parametrize("delay_ms", [20, 120, 380, 1200])
def test_a_delayed_quieter_copy_is_an_echo(delay_ms: int) -> None:
    ours = speech_like(1, 4.0)
    delay = delay_ms * 16
    back = np.concatenate([np.zeros(delay, np.int16), ours[:-delay] // 5])
    noise = np.random.default_rng(3).normal(0, 30, back.size).astype(np.int16)
    assert share_called_echo(ours, back + noise, delay_ms) > 0.9


def test_another_voice_is_no_echo() -> None:
    assert share_called_echo(speech_like(1, 4.0), speech_like(2, 4.0)) < 0.02


def test_nothing_is_an_echo_when_we_are_silent() -> None:
    gate = EchoGate()
    assert not any(gate.is_echo(f, i * FRAME_S) for i, f in enumerate(frames(speech_like(1, 2.0))))


def test_recording_puts_both_sides_at_the_same_time() -> None:
    timeline = Timeline()
    timeline.sent(b"\x01\x00" * 320 + b"\x02\x00" * 320 + b"\x03\x00" * 320, 1.0)
    timeline.flushed(1.04)
    rows = [timeline.received(b"\x09\x00" * 320, now) for now in (0.99, 1.01, 1.03, 1.05)]
    right = [np.frombuffer(row, np.int16)[1] for row in rows]
    assert right == [0, 1, 2, 0]
    assert all(np.frombuffer(row, np.int16)[0] == 9 for row in rows)


def speech(name: str) -> np.ndarray:
    data = Path(__file__).parents[1] / "data" / "asr"
    return np.frombuffer(read_wav(data / name), np.int16)


def test_a_caller_who_talks_over_us_in_a_voice_like_ours_is_heard() -> None:
    """Vowels are alike; the delay at which they are alike changes from one to the next."""
    names = ("d005.wav", "d011.wav", "d035.wav", "d056.wav")
    for ours, theirs in itertools.pairwise(names):
        first, second = speech(ours), speech(theirs)
        size = min(first.size, second.size)
        assert share_called_echo(first[:size], second[:size]) < 0.03, (ours, theirs)


def test_once_the_lines_delay_is_known_its_echo_is_known_at_once() -> None:
    ours, gate = speech_like(1, 4.0), EchoGate()
    back = np.concatenate([np.zeros(3200, np.int16), ours[:-3200] // 5])
    told = []
    for i, (out, heard) in enumerate(zip(frames(ours), frames(back), strict=True)):
        gate.sent(out, i * FRAME_S)
        told.append(gate.is_echo(heard, (i + 1) * FRAME_S))
    assert not any(told[:12]), "one likeness alone is no proof"
    assert all(told[25:])
