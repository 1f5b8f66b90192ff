"""Piper with a Chinese voice file of the user's, through Piper's own program."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np

from ivr.voice.errors import VoiceError, VoiceModelError
from ivr.voice.sound import Sound


def find_piper() -> str | None:
    """The program's path (``piper`` of piper-tts or the binary), None when not installed."""
    return shutil.which("piper")


class Piper:
    """One Piper voice; each piece is one run of the program."""

    def __init__(self, model: Path) -> None:
        program = find_piper()
        if program is None:
            raise VoiceModelError("piper is not installed; run: pip install piper-tts")
        config = Path(f"{model}.json")
        try:
            self._rate = int(json.loads(config.read_text(encoding="utf-8"))["audio"]["sample_rate"])
        except (OSError, ValueError, KeyError, TypeError):
            raise VoiceModelError(
                f"{config} is missing or does not name audio.sample_rate"
            ) from None
        self._program = program
        self._model = model

    def speak(self, said: str, speed: float) -> tuple[Sound, int]:
        """Sound at the voice's own rate."""
        try:
            done = subprocess.run(
                [
                    self._program, "--model", str(self._model), "--output_raw",
                    "--length_scale", f"{1 / speed:.3f}",
                ],
                input=said.encode() + b"\n", capture_output=True, check=True, timeout=60,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise VoiceError(f"piper failed: {type(error).__name__}") from None
        pcm = np.frombuffer(done.stdout[: len(done.stdout) // 2 * 2], "<i2")
        return pcm.astype(np.float32) / np.float32(32768), self._rate


__all__ = ["Piper", "find_piper"]
