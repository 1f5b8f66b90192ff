"""Which voice speaks: the configured one, or the best whose files are there."""

import hashlib
from pathlib import Path

import structlog

from hotline.settings import VoiceSettings
from ivr.voice.engines.base import Engine, EngineSpec
from ivr.voice.engines.espeak import Espeak, find_espeak
from ivr.voice.engines.piper import Piper, find_piper
from ivr.voice.errors import VoiceModelError
from ivr.voice.models import FALLBACK_STYLE, KOKORO_VERSION, KokoroFiles

log = structlog.get_logger(__name__)

_PACE = {"zf_xiaobei": 1.1}
"""Speed at which a style speaks about 4 syllables a second; found by benchmarks/voice_styles.py."""


def candidates(settings: VoiceSettings, cache_dir: Path) -> list[EngineSpec]:
    """Voices that can be loaded, best first. Empty when none is there.

    A configured engine stands first; espeak-ng is always the last, whatever is configured, since a
    hard voice is better than a silent line.
    """
    found = [spec for spec in (_kokoro(settings, cache_dir), _piper(settings), _espeak()) if spec]
    if settings.engine != "auto":
        found = [s for s in found if s.name in (settings.engine, "espeak")]
    return found


def pick(settings: VoiceSettings, cache_dir: Path) -> EngineSpec:
    """The voice that speaks; VoiceModelError says what to run when there is none."""
    found = candidates(settings, cache_dir)
    if not found:
        raise VoiceModelError("no voice is installed; run: hotline models fetch")
    if found[0].name == "espeak" and settings.engine != "espeak":
        log.warning(
            "only espeak-ng is there to speak, hardly understood; run: hotline models fetch"
        )
    return found[0]


def load(spec: EngineSpec, threads: int) -> Engine:
    """Load a voice; takes about a second for Kokoro."""
    if spec.name == "kokoro":
        # onnxruntime is only for the process that speaks: 60 MB and 0.2 s of import
        from ivr.voice.engines.kokoro import Kokoro

        return Kokoro(spec, threads)
    if spec.name == "piper" and spec.model is not None:
        return Piper(spec.model)
    return Espeak()


def _kokoro(settings: VoiceSettings, cache_dir: Path) -> EngineSpec | None:
    files = KokoroFiles(cache_dir)
    if not files.complete():
        return None
    style = settings.style
    if not files.style(style).is_file():
        log.warning("the voice style is not there; another speaks instead", style=style)
        style = FALLBACK_STYLE
    path = files.style(style)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return EngineSpec(
        "kokoro",
        f"kokoro-{KOKORO_VERSION}-{style}-{digest}",
        model=files.model,
        style=path,
        vocabulary=files.vocabulary,
        pace=_PACE.get(style, 1.0),
    )


def _piper(settings: VoiceSettings) -> EngineSpec | None:
    model = settings.piper_model
    if model is None or not model.is_file() or find_piper() is None:
        return None
    stamp = f"{model.resolve()}:{model.stat().st_size}"
    return EngineSpec(
        "piper", f"piper-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}", model=model
    )


def _espeak() -> EngineSpec | None:
    return EngineSpec("espeak", "espeak-ng-cmn-2") if find_espeak() else None


__all__ = ["candidates", "load", "pick"]
