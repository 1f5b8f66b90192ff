"""Rendered pieces by content: the same words in the same voice are never rendered twice.

A key holds everything the sound depends on (engine, model, style, speed, phonemes, words), so an
old entry can never be wrong, only unused, and a corrected reading renders anew just what it
changes. Unused ones go first when the folder has a size limit.
"""

import hashlib
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from ivr.voice.errors import RecordingError
from ivr.voice.sound import RATE, Pcm, read_wav, wav_bytes

_TOUCH_S = 86400.0


def piece_key(voice: str, speed: float, read: str, text: str) -> str:
    """Key of one piece; ``voice`` is ``EngineSpec.voice``, ``read`` its phonemes."""
    parts = "\x1f".join((voice, f"{speed:.3f}", read, text))
    return hashlib.sha256(parts.encode()).hexdigest()


class VoiceCache:
    """A folder of WAV files named by key. Safe to share between processes."""

    def __init__(self, folder: Path, max_bytes: int | None = None) -> None:
        """``max_bytes``: the longest unused are removed beyond it; None: no limit."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._bytes: int | None = None

    def get(self, key: str) -> Pcm | None:
        """The sound of a key, None when it is not there (or was cut short and is now gone)."""
        path = self._path(key)
        try:
            modified = path.stat().st_mtime
        except OSError:
            return None
        try:
            pcm, rate = read_wav(path)
        except RecordingError:
            path.unlink(missing_ok=True)
            return None
        if rate != RATE:
            return None
        if self._max_bytes is not None and time.time() - modified > _TOUCH_S:
            os.utime(path)
        return pcm

    def has(self, key: str) -> bool:
        """Whether a key is there, without reading it."""
        return self._path(key).is_file()

    def put(self, key: str, pcm: Pcm) -> None:
        """Store a sound; readers see all of it or nothing. OSError when the disk is full."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = wav_bytes(np.asarray(pcm, np.int16))
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._bound(len(data))

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.wav"

    def _bound(self, added: int) -> None:
        if self._max_bytes is None:
            return
        if self._bytes is None:
            self._bytes = sum(entry.stat().st_size for entry in self._folder.glob("*/*.wav"))
        else:
            self._bytes += added
        if self._bytes <= self._max_bytes:
            return
        entries = sorted(
            (entry.stat().st_mtime, entry.stat().st_size, entry)
            for entry in self._folder.glob("*/*.wav")
        )
        self._bytes = sum(size for _, size, _ in entries)
        for _, size, entry in entries:
            if self._bytes <= self._max_bytes * 0.9:
                break
            entry.unlink(missing_ok=True)
            self._bytes -= size


__all__ = ["VoiceCache", "piece_key"]
