"""Whisper's log-mel spectrogram in numpy (as in openai/whisper ``audio.py``, MIT)."""

from functools import cache

import numpy as np
import numpy.typing as npt

from asr.audio import RATE, Floats

N_FFT = 400
HOP = 160
N_MELS = 80


@cache
def _filters() -> npt.NDArray[np.float32]:
    """Slaney mel filters, 80 x 201."""
    bins = np.fft.rfftfreq(N_FFT, 1.0 / RATE)
    mels = np.linspace(0.0, 45.245640471924965, N_MELS + 2)
    freqs = 200.0 / 3.0 * mels
    high = mels >= 15.0
    freqs[high] = 1000.0 * np.exp(np.log(6.4) / 27.0 * (mels[high] - 15.0))
    width = np.diff(freqs)
    ramps = freqs[:, None] - bins[None, :]
    rising, falling = -ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return (weights * (2.0 / (freqs[2:] - freqs[:-2]))[:, None]).astype(np.float32)


@cache
def _window() -> npt.NDArray[np.float32]:
    return np.hanning(N_FFT + 1)[:-1].astype(np.float32)


def log_mel(samples: Floats, frames: int) -> npt.NDArray[np.float32]:
    """Log-mel spectrogram, 80 x ``frames``, of the samples with silence behind them."""
    length = frames * HOP
    padded = np.zeros(length, dtype=np.float32)
    padded[: min(len(samples), length)] = samples[:length]
    padded = np.pad(padded, N_FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:frames]
    power = np.square(np.abs(np.fft.rfft(windows * _window(), axis=1))).astype(np.float32)
    logs = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    logs = np.maximum(logs, logs.max() - 8.0)
    return np.ascontiguousarray((logs + 4.0) / 4.0, dtype=np.float32)
