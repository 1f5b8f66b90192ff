"""Vosk (Kaldi): truly streaming, one recognizer a stretch of sound, one model for all.

A stretch looked at early (its speaker paused) is flushed, and goes on in the same recognizer with
the words so far set aside: a Kaldi lattice cannot be copied.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asr.audio import RATE
from asr.engines.base import Hypothesis, Request
from asr.gate import Evidence, refusal
from asr.text import normalise


class _Stretch:
    """One recognizer and what it has said so far."""

    def __init__(self, recognizer: Any) -> None:
        self.recognizer = recognizer
        self.words: list[str] = []
        self.confidences: list[float] = []
        self.taken = 0

    def keep(self, result: str) -> None:
        """Set aside the words of one Kaldi result."""
        found: dict[str, Any] = json.loads(result)
        if found.get("text"):
            self.words.append(found["text"])
        self.confidences += [float(word["conf"]) for word in found.get("result", ())]


class VoskEngine:
    """A Vosk model of any language; Chinese in the hotline."""

    name = "vosk"

    def __init__(self, model: Path) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk = vosk
        self._model = vosk.Model(str(model))
        self._stretches: dict[str, _Stretch] = {}

    def decode(self, requests: list[Request]) -> list[Hypothesis]:
        """Words of each stretch so far."""
        return [self._one(request) for request in requests]

    def forget(self, prefix: str) -> None:
        """Free the recognizers of a closed stream or utterance."""
        for key in [key for key in self._stretches if key.startswith(prefix)]:
            del self._stretches[key]

    def know_places(self, names: Sequence[str]) -> None:
        """Not used: the model's language knows what it knows."""

    def _one(self, request: Request) -> Hypothesis:
        stretch = self._stretches.get(request.key)
        if stretch is None or stretch.taken != request.offset:
            if request.offset:
                raise ValueError("sound is missing before this request")
            recognizer = self._vosk.KaldiRecognizer(self._model, RATE)
            recognizer.SetWords(True)
            stretch = self._stretches[request.key] = _Stretch(recognizer)
        stretch.taken += len(request.pcm)
        # small bites keep Kaldi's own end-pointing from missing a pause
        for at in range(0, len(request.pcm), 6400):
            if stretch.recognizer.AcceptWaveform(request.pcm[at : at + 6400]):
                stretch.keep(stretch.recognizer.Result())
        running = ""
        if request.final:
            stretch.keep(stretch.recognizer.FinalResult())
        else:
            running = json.loads(stretch.recognizer.PartialResult()).get("partial", "")
        return _judge(stretch, running, request)


def _judge(stretch: _Stretch, running: str, request: Request) -> Hypothesis:
    text = normalise(" ".join([*stretch.words, running]))
    confs = stretch.confidences
    sure = sum(confs) / len(confs) if confs else (0.5 if text else 0.0)
    why = refusal(Evidence(text, 0.0, 0.0, request.voiced))
    if why is not None:
        return Hypothesis("", 0.0, refused="" if why == "no-words" else why)
    return Hypothesis(text, round(sure, 3))
