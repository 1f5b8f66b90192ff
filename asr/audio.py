"""Sound as the recognizer wants it: 16 kHz, one channel, 16 bits signed little-endian."""

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from hotline.errors import InputError

RATE = 16_000
"""Samples a second of every stream (Asterisk's slin16)."""
FRAME_BYTES = 640
"""One 20 ms frame."""
BYTES_PER_SECOND = RATE * 2

Floats = npt.NDArray[np.float32]


def seconds(pcm_bytes: int) -> float:
    """Length of that many bytes of PCM, in seconds."""
    return pcm_bytes / BYTES_PER_SECOND


def to_floats(pcm: bytes | bytearray | memoryview) -> Floats:
    """PCM to samples in -1..1."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0


def to_pcm(samples: Floats) -> bytes:
    """Samples in -1..1 to PCM, clipped."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def read_wav(path: Path) -> bytes:
    """Any PCM WAV (8/16/24/32 bit, any rate, any channels) as 16 kHz mono PCM.

    Raises InputError, naming the file and what is wrong with it, when it is missing, empty,
    not a WAV, cut short, or compressed.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file", field=str(path)) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", field=str(path)) from None
    if not data:
        raise InputError(f"{path}: the file is empty (0 bytes)", field=str(path))
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise InputError(f"{path}: is not a WAV file (no RIFF/WAVE header)", field=str(path))
    try:
        with wave.open(io.BytesIO(data)) as sound:
            rate, channels, width = (
                sound.getframerate(),
                sound.getnchannels(),
                sound.getsampwidth(),
            )
            raw = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        detail = str(error) or "it ends inside its header"
        raise InputError(
            f"{path}: is a broken or compressed WAV ({detail}); give linear PCM", field=str(path)
        ) from None
    if rate < 4000 or rate > 384_000 or channels < 1:
        raise InputError(
            f"{path}: {rate} Hz with {channels} channels is not a sound", field=str(path)
        )
    raw = raw[: len(raw) - len(raw) % (width * channels)]
    if not raw:
        raise InputError(f"{path}: the WAV holds no sound (0 samples)", field=str(path))
    mono = _samples(raw, width).reshape(-1, channels).mean(axis=1, dtype=np.float32)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, quality="HQ").astype(np.float32)
    return to_pcm(mono)


def _samples(raw: bytes, width: int) -> Floats:
    if width == 1:
        return (np.frombuffer(raw, dtype=np.uint8).astype(np.float32) - 128.0) / 128.0
    if width == 2:
        return np.frombuffer(raw, dtype="<i2").astype(np.float32) / 32768.0
    if width == 3:
        octets = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 3).astype(np.int32)
        value = octets[:, 0] | (octets[:, 1] << 8) | (octets[:, 2] << 16)
        return ((value << 8) >> 8).astype(np.float32) / 8388608.0
    return (np.frombuffer(raw, dtype="<i4").astype(np.float64) / 2147483648.0).astype(np.float32)
