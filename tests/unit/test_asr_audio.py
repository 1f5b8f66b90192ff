"""Recordings of all sorts, and things that are none."""

import wave
from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_wav, to_floats
from hotline.errors import InputError

pytestmark = pytest.mark.unit


def write(path: Path, rate: int, channels: int, width: int, seconds: float = 0.5) -> Path:
    """A 300 Hz tone, half scale, in the first channel only."""
    t = np.arange(round(rate * seconds)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 300 * t)
    if width == 1:
        data = ((tone * 127) + 128).astype(np.uint8)
        quiet = np.full_like(data, 128)
        raw = np.stack([data, *[quiet] * (channels - 1)], axis=1).tobytes()
    else:
        scaled = (tone * (2 ** (8 * width - 1) - 1)).astype("<i4")
        both = np.stack([scaled, *[np.zeros_like(scaled)] * (channels - 1)], axis=1)
        octets = both.astype("<i4").view(np.uint8).reshape(-1, 4)
        raw = octets[:, :width].tobytes()
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(raw)
    return path


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_any_pcm_becomes_16_khz_mono(tmp_path: Path, rate: int, channels: int, width: int) -> None:
    pcm = read_wav(write(tmp_path / "a.wav", rate, channels, width))
    sound = to_floats(pcm)
    assert len(sound) == pytest.approx(8000, abs=4)
    middle = sound[2000:6000]
    assert np.max(np.abs(middle)) == pytest.approx(0.5 / channels, abs=0.02)
    rising = np.sum(np.diff((middle > 0.05).astype(int)) == 1)
    assert rising == pytest.approx(300 * 0.25, abs=2)


def bad(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "x.wav"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_wav(path)
    assert caught.value.field == str(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    assert "empty" in bad(tmp_path, b"")
    assert "not a WAV" in bad(tmp_path, b"ID3\x03" + bytes(100))
    assert "not a WAV" in bad(tmp_path, "这不是声音".encode())
    whole = write(tmp_path / "w.wav", 8000, 1, 2).read_bytes()
    assert "broken" in bad(tmp_path, whole[:20])
    assert "no sound" in bad(tmp_path, write(tmp_path / "n.wav", 8000, 1, 2, 0.0).read_bytes())
    floats = bytearray(whole)
    floats[20] = 3
    assert "compressed" in bad(tmp_path, bytes(floats))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_wav(tmp_path / "gone.wav")
    with pytest.raises(InputError, match="cannot be read"):
        read_wav(tmp_path)


def test_a_file_cut_short_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write(tmp_path / "w.wav", 8000, 1, 2).read_bytes()
    path = tmp_path / "cut.wav"
    path.write_bytes(whole[: len(whole) // 2 + 1])
    assert 0 < len(read_wav(path)) < 16_000
