"""Whisper on CTranslate2, int8, with a window just as long as the sound needs.

The library's own pipeline pads every utterance to 30 s; the encoder takes any even number of
frames, and with 2 s of silence behind the sound it is as exact and three times as fast. Requests
of one call are decoded as one batch. Every choice here was measured: see
``docs/decisions/recognition.md``.
"""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from asr.audio import RATE, Floats, to_floats
from asr.engines.base import Hypothesis, Request
from asr.engines.mel import HOP, log_mel
from asr.engines.vocabulary import WORDS
from asr.gate import ENGINE_FAULTS, Evidence, refusal, unloop
from asr.text import normalise

TAIL_S = 2.0
"""Silence behind the sound; less makes it stop early, more only costs."""
MAX_FRAMES = 3000
BEAM = 5
_TOKENS_A_SECOND = 9.0
_SPECIAL_TOKENS_FROM = 50_257
_ALL_TOKENS = 51_865
_SURELY_SPEECH = 0.5
"""Likelihood of "no speech" below which a wild text is worth a rescue."""
_LOOP_COST = 0.5
"""Taken off the log-probability of a text whose loop was cut: loops look surer than they are."""
_ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class ShortWords:
    """When sound is heard again with the short answers only, and when that is believed."""

    voiced_s: float = 1.3
    doubtful_logprob: float = -0.6
    logprob: float = -1.3
    margin: float = 1.0
    """Over the second best of the short answers."""
    no_speech: float = 0.4
    trust: float = 0.6
    """Confidence of a word so found, as a share of its probability."""
    worth_telling: float = -3.5
    """Log-probability from which a word is at least an alternative."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """Sound and, where it was encoded alone, its encoding."""

    samples: Floats
    encoded: Any


class WhisperEngine:
    """Whisper base, Mandarin."""

    name = "whisper"

    def __init__(
        self,
        model: Path,
        *,
        threads: int = 2,
        prompt: str = "",
        beam: int = BEAM,
        tail_s: float = TAIL_S,
        short: ShortWords | None = None,
    ) -> None:
        import ctranslate2
        import tokenizers

        self._ct2 = ctranslate2
        self._model = ctranslate2.models.Whisper(
            str(model), device="cpu", compute_type="int8", inter_threads=threads, intra_threads=1
        )
        self._tokens: Any = tokenizers.Tokenizer.from_file(str(model / "tokenizer.json"))
        self._prompt = tuple(filter(None, map(normalise, re.split("[、，。]", prompt))))
        self._prefix = self._prefix_tokens(prompt)
        self._bare = self._prefix_tokens("")
        self._beam = beam
        self._tail_s = tail_s
        self._short = short or ShortWords()
        self._words = frozenset(WORDS)
        self._not_in_words = self._suppressed()

    def decode(self, requests: list[Request]) -> list[Hypothesis]:
        """Texts of whole stretches of sound; ``offset`` is not used."""
        if not requests:
            return []
        sounds = [_level(to_floats(request.pcm)) for request in requests]
        encoded = self._encode(sounds)
        # a partial only has to show that words are being said
        beam = self._beam if any(request.final for request in requests) else 1
        results = self._generate(encoded, sounds, self._prefix, beam)
        alone = encoded if len(requests) == 1 else None
        return [
            self._judge(request, _Heard(sound, alone), result)
            for request, sound, result in zip(requests, sounds, results, strict=True)
        ]

    def forget(self, prefix: str) -> None:
        """Nothing is kept between requests."""

    def _encode(self, sounds: list[Floats]) -> Any:
        longest = max(len(sound) for sound in sounds)
        frames = math.ceil((longest / RATE + self._tail_s) * RATE / HOP)
        frames = min(frames + frames % 2, MAX_FRAMES)
        features = np.stack([log_mel(sound, frames) for sound in sounds])
        return self._model.encode(self._ct2.StorageView.from_array(features))

    def _encoded(self, sound: "_Heard") -> Any:
        return self._encode([sound.samples]) if sound.encoded is None else sound.encoded

    def _generate(
        self, encoded: Any, sounds: list[Floats], prefix: list[int], beam: int
    ) -> list[Any]:
        longest = max(len(sound) for sound in sounds) / RATE
        most = 12 + int(longest * _TOKENS_A_SECOND)
        found: list[Any] = self._model.generate(
            encoded,
            [prefix] * len(sounds),
            beam_size=beam,
            num_hypotheses=min(beam, _ALTERNATIVES),
            # CTranslate2 allows the smaller of half of this and of what the prefix leaves
            max_length=min(max(2 * most, len(prefix) + most), 448),
            suppress_blank=True,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return found

    def _judge(self, request: Request, sound: "_Heard", result: Any) -> Hypothesis:
        evidence = self._evidence(request, result)
        why = refusal(evidence)
        if why in ENGINE_FAULTS and evidence.no_speech < _SURELY_SPEECH:
            evidence = self._rescue(request, sound, evidence)
            why = refusal(evidence)
        if why is None and self._lone_guess(evidence):
            why = "unlikely"
        if request.final and self._may_be_short(request, evidence, why):
            heard = self._short_word(sound, evidence, why)
            if heard is not None:
                return heard
        if why is not None:
            return Hypothesis("", 0.0, refused="" if why == "no-words" else why)
        others = self._others(result, evidence.text) if request.final else ()
        return Hypothesis(evidence.text, confidence(evidence.logprob), others)

    def _evidence(self, request: Request, result: Any) -> Evidence:
        return Evidence(
            normalise(self._tokens.decode(result.sequences_ids[0])),
            float(result.scores[0]),
            float(result.no_speech_prob),
            request.voiced,
            self._prompt,
        )

    def _others(self, result: Any, best: str) -> tuple[str, ...]:
        texts = [unloop(normalise(self._tokens.decode(ids))) for ids in result.sequences_ids[1:]]
        return tuple(dict.fromkeys(text for text in texts if text and text != best))

    def _rescue(self, request: Request, sound: "_Heard", evidence: Evidence) -> Evidence:
        """The decoder ran wild over real speech: cut its loop, or take another road."""
        cut = replace(evidence, text=unloop(evidence.text), logprob=evidence.logprob - _LOOP_COST)
        if not request.final or refusal(cut) is None or not self._prompt:
            return cut
        encoded = self._encoded(sound)
        again = self._generate(encoded, [sound.samples], self._bare, BEAM)[0]
        return self._evidence(request, again)

    def _lone_guess(self, evidence: Evidence) -> bool:
        """One doubtful syllable that is no short answer: what coughs are written as."""
        doubtful = evidence.logprob < self._short.doubtful_logprob
        return doubtful and len(evidence.text) == 1 and evidence.text not in self._words

    def _may_be_short(self, request: Request, evidence: Evidence, why: str | None) -> bool:
        if request.voiced > self._short.voiced_s or evidence.text in self._words:
            return False
        if why is not None or evidence.logprob < self._short.doubtful_logprob:
            return True
        return evidence.text.isascii() or unloop(evidence.text) != evidence.text

    def _short_word(self, sound: "_Heard", free: Evidence, why: str | None) -> Hypothesis | None:
        """The short answer this sound is, if one stands out; else what it may be."""
        rules = self._short
        result = self._model.generate(
            self._encoded(sound),
            [self._bare],
            beam_size=8,
            num_hypotheses=8,
            max_length=24,
            length_penalty=0,
            suppress_tokens=self._not_in_words,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        if result.no_speech_prob >= rules.no_speech:
            return None
        scores: dict[str, float] = {}
        for ids, score in zip(result.sequences_ids, result.scores, strict=True):
            text = normalise(self._tokens.decode(ids))
            if text in self._words and score >= rules.worth_telling:
                scores.setdefault(text, float(score))
        if not scores:
            return None
        words = list(scores)
        first = scores[words[0]]
        second = scores[words[1]] if len(words) > 1 else -math.inf
        if first >= rules.logprob and first - second >= rules.margin:
            return Hypothesis(words[0], round(rules.trust * math.exp(first), 3), tuple(words[1:3]))
        if why is None:
            return Hypothesis(free.text, confidence(free.logprob), tuple(words[:3]))
        return Hypothesis("", 0.0, tuple(words[:3]), refused=why)

    def _suppressed(self) -> list[int]:
        """All tokens but those of the short answers (and the one that ends a text)."""
        kept = {_SPECIAL_TOKENS_FROM}
        for word in WORDS:
            kept.update(self._tokens.encode(word, add_special_tokens=False).ids)
        return [token for token in range(_ALL_TOKENS) if token not in kept]

    def _prefix_tokens(self, prompt: str) -> list[int]:
        number = self._tokens.token_to_id
        start = [
            number(name)
            for name in ("<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>")
        ]
        if not prompt:
            return start
        words = self._tokens.encode(" " + prompt, add_special_tokens=False).ids
        return [number("<|startofprev|>"), *words, *start]


def confidence(logprob: float) -> float:
    """Mean log-probability of a token to 0..1: the mean probability of a token."""
    return round(min(1.0, math.exp(logprob)), 3)


def _level(sound: Floats) -> Floats:
    """Bring quiet callers to the loudness the model was trained on."""
    peak = float(np.max(np.abs(sound), initial=0.0))
    return sound if peak < 1e-4 else sound * np.float32(min(0.7 / peak, 20.0))
