"""Which recognizer this machine can run, and why: said at start and by the doctor."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asr import models
from asr.engines.base import Engine

if TYPE_CHECKING:
    from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine to be used."""

    name: str
    """vosk, whisper, or none (keys only)."""
    model_path: Path | None
    reason: str
    """One plain sentence."""


def choose_engine(settings: "Settings", engine: str | None = None) -> EngineChoice:
    """Vosk when a Chinese Vosk model is here, else Whisper, else none; looks at disk only.

    ``engine`` (auto, vosk, whisper) overrides the setting.
    """
    wanted = engine or settings.asr.engine
    vosk, whisper = models.find_vosk(settings), models.find_whisper(settings)
    if wanted == "vosk":
        if vosk is None:
            return _none(f"Vosk is asked for but {_missing_vosk(settings)}")
        return EngineChoice("vosk", vosk, f"Vosk, as the settings ask, with the model in {vosk}")
    if wanted == "whisper":
        if whisper is None:
            return _none("Whisper is asked for but its model is not here")
        return EngineChoice("whisper", whisper, "Whisper base, as the settings ask")
    if vosk is not None:
        return EngineChoice("vosk", vosk, f"Vosk: a Chinese model is in {vosk}")
    if whisper is not None:
        return EngineChoice("whisper", whisper, f"Whisper base, because {_missing_vosk(settings)}")
    return _none("no speech model is here")


def load_engine(name: str, model: Path, *, threads: int) -> Engine:
    """Load an engine's model (a second or so). Meant for a worker process."""
    if name == "vosk":
        from asr.engines.vosk import VoskEngine

        return VoskEngine(model)
    if name == "whisper":
        from asr.engines.whisper import WhisperEngine

        return WhisperEngine(model, threads=threads)
    if name == "fake":
        from asr.engines.fake import FakeEngine

        return FakeEngine.from_file(model)
    raise ValueError(f"no engine is called {name}")


def _none(why: str) -> EngineChoice:
    return EngineChoice(
        "none", None, f"{why}: callers can use keys only; run `hotline models fetch`"
    )


def _missing_vosk(settings: "Settings") -> str:
    if settings.asr.vosk_model is not None:
        return f"there is no Vosk model in {settings.asr.vosk_model}"
    return f"no Chinese Vosk model is in models/ or {models.models_dir(settings)}"
