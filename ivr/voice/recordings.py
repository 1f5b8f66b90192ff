"""Prompts spoken by a person: WAV files that are taken before any engine."""

import hashlib
import re
from pathlib import Path

import structlog

from ivr.voice.errors import RecordingError
from ivr.voice.sound import Pcm, finish, read_wav, to_sound

log = structlog.get_logger(__name__)


def text_key(text: str) -> str:
    """File name, without ``.wav``, under which a recording of a text is looked for."""
    return hashlib.sha256(re.sub(r"\s+", "", text).encode()).hexdigest()[:16]


class Recordings:
    """A folder of recordings named by prompt id (``greeting.wav``) or by ``text_key``."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._loaded: dict[Path, Pcm | None] = {}

    def get(self, text: str, prompt: str | None = None) -> Pcm | None:
        """The recording of a prompt or text at the voice's rate and loudness, None without one.

        A file that cannot be used is logged once and passed over: the engine speaks instead.
        """
        if self._folder is None:
            return None
        for name in (prompt, text_key(text)):
            if name:
                pcm = self._read(self._folder / f"{name}.wav")
                if pcm is not None:
                    return pcm
        return None

    def _read(self, path: Path) -> Pcm | None:
        if path not in self._loaded:
            self._loaded[path] = _load(path) if path.is_file() else None
        return self._loaded[path]


def _load(path: Path) -> Pcm | None:
    try:
        pcm, rate = read_wav(path)
    except RecordingError as error:
        log.warning("a recorded prompt cannot be used", reason=str(error))
        return None
    return finish(to_sound(pcm), rate)


__all__ = ["Recordings", "text_key"]
