"""espeak-ng: hardly understood in Mandarin on a telephone, but always at hand: the last resort."""

import io
import shutil
import subprocess
import wave

import numpy as np

from ivr.voice.errors import VoiceError, VoiceModelError
from ivr.voice.reading import pinyin
from ivr.voice.sound import Sound

_WORDS_A_MINUTE = 150


def find_espeak() -> str | None:
    """The program's path, None when it is not installed."""
    return shutil.which("espeak-ng")


class Espeak:
    """espeak-ng's Mandarin voice, given syllables, so that it reads what we read."""

    def __init__(self) -> None:
        program = find_espeak()
        if program is None:
            raise VoiceModelError("espeak-ng is not installed; run: apt-get install espeak-ng")
        self._program = program

    def speak(self, said: str, speed: float) -> tuple[Sound, int]:
        """Sound at espeak-ng's own rate (22.05 kHz)."""
        rate = round(_WORDS_A_MINUTE * speed)
        text = " ".join(pinyin(said))
        try:
            done = subprocess.run(
                [self._program, "-v", "cmn-latn-pinyin", "-s", str(rate), "--stdin", "--stdout"],
                input=text.encode(), capture_output=True, check=True, timeout=30,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise VoiceError(f"espeak-ng failed: {type(error).__name__}") from None
        with wave.open(io.BytesIO(done.stdout), "rb") as file:
            rate = file.getframerate()
        pcm = np.frombuffer(done.stdout[44 : len(done.stdout) // 2 * 2], "<i2")
        return pcm.astype(np.float32) / np.float32(32768), rate


__all__ = ["Espeak", "find_espeak"]
