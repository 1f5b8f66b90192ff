"""Sound as arrays: loudness, trimming, resampling, the telephone line. Pure.

Samples are float32 in -1..1 unless said otherwise; the voice's own format is 16 kHz mono.
"""

import io
import wave
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from ivr.voice.errors import RecordingError

RATE = 16000
"""Samples a second of everything the voice gives out."""

Sound = NDArray[np.float32]
Pcm = NDArray[np.int16]

_LOUDNESS = 10 ** (-20 / 20)
_CEILING = 10 ** (-3.2 / 20)
_KNEE = 0.5
_MARGIN_S = 0.06
_FADE_S = 0.006
_FLOOR = 10 ** (-42 / 20)
"""Below the peak by so much a frame is silence."""
_NOTHING = 1e-4


def finish(sound: Sound, rate: int) -> Pcm:
    """An engine's raw sound to the voice's format: 16 kHz, trimmed, even loudness, no clicks."""
    at_rate = sound if rate == RATE else resample(sound, rate, RATE)
    return to_pcm(_faded(_limited(_levelled(trimmed(at_rate)))))


def resample(sound: Sound, rate: int, to: int) -> Sound:
    """Band-limited change of rate."""
    return np.asarray(soxr.resample(sound, rate, to, quality="HQ"), np.float32)


def trimmed(sound: Sound) -> Sound:
    """Cut silence at both ends to 60 ms; silence only becomes empty."""
    frame = RATE // 100
    peak = float(np.abs(sound).max(initial=0))
    loud = np.flatnonzero(_frame_rms(sound, frame) > max(_FLOOR * peak, _NOTHING))
    if loud.size == 0:
        return sound[:0]
    margin = int(_MARGIN_S * RATE)
    start = max(0, int(loud[0]) * frame - margin)
    end = min(len(sound), (int(loud[-1]) + 1) * frame + margin)
    return sound[start:end]


def _frame_rms(sound: Sound, frame: int) -> Sound:
    count = len(sound) // frame
    frames = sound[: count * frame].reshape(count, frame)
    return np.sqrt(np.mean(frames * frames, axis=1, dtype=np.float64)).astype(np.float32)


def _levelled(sound: Sound) -> Sound:
    """Bring the speech in it (frames within 25 dB of the loudest) to -20 dBFS RMS."""
    rms = _frame_rms(sound, RATE // 50)
    speech = rms[rms > rms.max(initial=0) * 10 ** (-25 / 20)]
    if speech.size == 0:
        return sound
    return sound * np.float32(_LOUDNESS / np.sqrt(np.mean(speech.astype(np.float64) ** 2)))


def _limited(sound: Sound) -> Sound:
    """Bend peaks above -6 dBFS so that none passes -3 dBFS."""
    size = np.abs(sound)
    room = _CEILING - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.sign(sound) * bent, sound).astype(np.float32)


def _faded(sound: Sound) -> Sound:
    count = min(int(_FADE_S * RATE), len(sound) // 2)
    if count == 0:
        return sound
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    out = sound.copy()
    out[:count] *= ramp
    out[-count:] *= ramp[::-1]
    return out


def to_pcm(sound: Sound) -> Pcm:
    """Float to 16-bit."""
    return np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def to_sound(pcm: Pcm) -> Sound:
    """16-bit to float."""
    return pcm.astype(np.float32) / np.float32(32768)


def silence(seconds: float) -> Pcm:
    """So much silence."""
    return np.zeros(int(seconds * RATE), np.int16)


def telephone(pcm: Pcm) -> Pcm:
    """What comes out of a telephone line: 8 kHz, 300-3400 Hz, a-law, given back at 16 kHz."""
    narrow = resample(to_sound(pcm), RATE, 8000)
    spectrum = np.fft.rfft(narrow)
    hertz = np.fft.rfftfreq(len(narrow), 1 / 8000)
    gain = np.clip((hertz - 200) / 100, 0, 1) * np.clip((3600 - hertz) / 200, 0, 1)
    band = np.fft.irfft(spectrum * gain, len(narrow))
    return to_pcm(resample(_a_law(band).astype(np.float32), 8000, RATE))


def _a_law(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Through G.711 a-law's 8 bits and back (the smooth curve, 127 steps a side)."""
    a = 87.6
    scale = 1 + np.log(a)
    size = np.clip(np.abs(sound), 1e-9, 1)
    pressed = np.where(size < 1 / a, a * size, 1 + np.log(a * size)) / scale
    coded = np.round(pressed * 127) / 127
    opened = np.where(coded < 1 / scale, coded * scale / a, np.exp(coded * scale - 1) / a)
    return np.asarray(np.sign(sound) * opened, np.float64)


def wav_bytes(pcm: Pcm, rate: int = RATE) -> bytes:
    """A mono 16-bit WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return buffer.getvalue()


def read_wav(path: Path) -> tuple[Pcm, int]:
    """A 16-bit WAV file as mono and its rate; RecordingError says what is wrong with it."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise RecordingError(f"{path} is not a readable WAV file: {error}") from None
    if width != 2:
        raise RecordingError(f"{path} has {width * 8}-bit samples; save it as 16-bit PCM")
    pcm = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2")
    if channels > 1:
        pcm = pcm.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return pcm.astype(np.int16), rate


__all__ = [
    "RATE",
    "Pcm",
    "Sound",
    "finish",
    "read_wav",
    "resample",
    "silence",
    "telephone",
    "to_pcm",
    "to_sound",
    "trimmed",
    "wav_bytes",
]
