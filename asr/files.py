"""Recordings to text: what ``hotline transcribe`` does, with the hotline's own ears."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asr.audio import read_wav, seconds
from asr.endpoint import CHUNK_BYTES, Endpointer, Listen
from asr.engines import Engine, EngineChoice, choose_engine, load_engine
from asr.engines.base import Hypothesis, Request
from asr.patience import Patience
from asr.vad import SileroVad
from hotline.errors import SetupError

if TYPE_CHECKING:
    from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class TranscribeResult:
    """One file heard."""

    file: str
    text: str
    confidence: float
    """0..1, over all that was heard."""
    seconds: float
    """Length of the sound."""
    engine: str


def transcribe(
    paths: Iterable[Path], engine: str, settings: "Settings"
) -> Iterator[TranscribeResult]:
    """Text of each WAV, one after the other. ``engine``: auto, vosk or whisper.

    Raises InputError naming a file that is not a usable WAV (when its turn comes) and SetupError
    when there is no such engine.
    """
    choice = choose_engine(settings, engine)
    if choice.model_path is None:
        raise SetupError(choice.reason)
    loaded: Engine | None = None
    for path in paths:
        pcm = read_wav(path)
        if loaded is None:
            loaded = load_engine(
                choice.name, choice.model_path, threads=max(1, settings.asr.threads)
            )
        found = hear(pcm, loaded)
        yield _result(path, pcm, found, choice)


def hear(pcm: bytes, engine: Engine) -> list[Hypothesis]:
    """The utterances of a recording, as the streaming recognizer would cut them."""
    core = Endpointer(Patience(), partials=False, speculate=False)
    vad = SileroVad()
    listens = []
    for at in range(0, len(pcm), CHUNK_BYTES):
        chunk = pcm[at : at + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0")
        listens += [act for act in core.step(chunk, vad.step(chunk)) if isinstance(act, Listen)]
    listens += [act for act in core.flush() if isinstance(act, Listen)]
    found = []
    for listen in listens:
        key = f"file/{listen.piece.utterance}/{listen.piece.index}"
        found += engine.decode([Request(key, listen.pcm, 0, True, listen.voiced)])
        engine.forget(key)
    return found


def _result(
    path: Path, pcm: bytes, found: list[Hypothesis], choice: EngineChoice
) -> TranscribeResult:
    text = "".join(one.text for one in found)
    weighed = sum(one.confidence * len(one.text) for one in found)
    sure = round(weighed / len(text), 3) if text else 0.0
    return TranscribeResult(str(path), text, sure, round(seconds(len(pcm)), 2), choice.name)


__all__ = ["TranscribeResult", "hear", "transcribe"]
