"""Kokoro-82M: phonemes and a style vector in, 24 kHz sound out, by ONNX Runtime on the CPU."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

from ivr.voice.engines.base import EngineSpec
from ivr.voice.errors import VoiceModelError
from ivr.voice.reading import phonemes
from ivr.voice.sound import Sound

_RATE = 24000
_LONGEST = 508
"""Tokens of one run, the two ends not counted."""


class Kokoro:
    """One loaded Kokoro with one style."""

    def __init__(self, spec: EngineSpec, threads: int) -> None:
        if spec.model is None or spec.style is None or spec.vocabulary is None:
            raise VoiceModelError("Kokoro's files are not all there; run: hotline models fetch")
        self._vocabulary: dict[str, int] = json.loads(spec.vocabulary.read_text(encoding="utf-8"))
        self._style = read_style(spec.style)
        self._session = _session(spec.model, threads)
        # Sentences differ in length: what one needed is given back before the next, or it adds up.
        self._run = onnxruntime.RunOptions()
        self._run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def speak(self, said: str, speed: float) -> tuple[Sound, int]:
        """Sound at 24 kHz."""
        tokens = [self._vocabulary[c] for c in phonemes(said) if c in self._vocabulary][:_LONGEST]
        if not tokens:
            return np.zeros(0, np.float32), _RATE
        style = self._style[min(len(tokens), len(self._style)) - 1]
        (sound,) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style.reshape(1, -1),
                "speed": np.array([speed], np.float32),
            },
            self._run,
        )
        return np.asarray(sound, np.float32).ravel(), _RATE


def read_style(path: Path) -> Sound:
    """A style file as (lengths, 256): raw little-endian floats, as Kokoro's own files are."""
    values = np.fromfile(path, "<f4")
    if values.size == 0 or values.size % 256:
        raise VoiceModelError(f"{path} is not a Kokoro style file (rows of 256 floats)")
    return values.reshape(-1, 256)


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A memory plan is made for each length of input and never forgotten.
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's own errors share no base class
        raise VoiceModelError(
            f"{model} cannot be loaded ({type(error).__name__}); delete it and fetch it again"
        ) from None


__all__ = ["Kokoro", "read_style"]
