"""Whisper on CTranslate2, int8, with a window just as long as the sound needs.

The library's own pipeline pads every utterance to 30 s; the encoder takes any even number of
frames, and with 2 s of silence behind the sound it is as exact and three times as fast. Requests
of one call are decoded as one batch. Every choice here was measured: see
``docs/decisions/0009-recognition.md``.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from asr.audio import RATE, Floats, to_floats
from asr.engines.base import Hypothesis, Request
from asr.engines.expected import PRIMES, Places, Weighed, decide
from asr.engines.mel import HOP, log_mel
from asr.engines.vocabulary import WORDS
from asr.gate import ENGINE_FAULTS, Evidence, Limits, refusal, unloop
from asr.text import normalise

TAIL_S = 2.0
"""Silence behind the sound; less makes it stop early, more only costs."""
PASSING_TAIL_S = 0.8
"""The same for partials, which have to be quick and not exact."""
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
_PASSING = Limits(logprob=-1.9)
_LASTING = Limits(logprob=-3.0)
_LASTING_S = 0.33
"""The gate for words that are only passing; speech that lasts has some, well written or not."""
_PLACE_S = 1.7
"""Speech longer than this is more than a county's name, and written well enough."""
_PLACE_LEAST, _PLACE_SURE, _PLACE_SLOPE = 0.4, 0.9, 40.0
"""Confidence of a weighed name: least, most, and how much score makes the way from 0 to 1."""


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
    prompt: tuple[str, ...]
    """The words the engine was primed with for it."""


@dataclass(frozen=True, slots=True)
class _Prime:
    """Words the engine is primed with, and the tokens that do it."""

    words: tuple[str, ...]
    prefix: list[int]


class WhisperEngine:
    """Whisper base, Mandarin."""

    name = "whisper"

    def __init__(
        self,
        model: Path,
        *,
        threads: int = 2,
        primes: Mapping[str, str] = PRIMES,
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
        self._bare = self._prefix_tokens("")
        self._primes = {
            expect: _Prime(
                tuple(filter(None, map(normalise, re.split("[、，。]", words)))),
                self._prefix_tokens(words),
            )
            for expect, words in primes.items()
        }
        self._unprimed = _Prime((), self._bare)
        self._places = Places(())
        self._beam = beam
        self._tail_s = tail_s
        self._short = short or ShortWords()
        self._words = frozenset(WORDS)
        self._not_in_words = self._suppressed()

    def know_places(self, names: Sequence[str]) -> None:
        """Names of cities and counties, weighed when the question was where somebody lives."""
        self._places = Places(names)

    def decode(self, requests: list[Request]) -> list[Hypothesis]:
        """Texts of whole stretches of sound; ``offset`` is not used."""
        found: dict[int, Hypothesis] = {}
        groups: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            # what is primed alike is decoded together
            groups.setdefault(request.expect if request.final else "", []).append(number)
        for expect, numbers in groups.items():
            prime = self._primes.get(expect, self._unprimed)
            heard = self._decode([requests[number] for number in numbers], prime)
            found.update(zip(numbers, heard, strict=True))
        return [found[number] for number in range(len(requests))]

    def _decode(self, requests: list[Request], prime: "_Prime") -> list[Hypothesis]:
        sounds = [_level(to_floats(request.pcm)) for request in requests]
        # a partial only has to show that words are being said
        final = any(request.final for request in requests)
        encoded = self._encode(sounds, self._tail_s if final else PASSING_TAIL_S)
        beam = self._beam if final else 1
        results = self._generate(encoded, sounds, prime.prefix, beam, passing=not final)
        alone = encoded if len(requests) == 1 else None
        return [
            self._judge(request, _Heard(sound, alone, prime.words), result)
            for request, sound, result in zip(requests, sounds, results, strict=True)
        ]

    def forget(self, prefix: str) -> None:
        """Nothing is kept between requests."""

    def _encode(self, sounds: list[Floats], tail_s: float) -> Any:
        longest = max(len(sound) for sound in sounds)
        frames = math.ceil((longest / RATE + tail_s) * RATE / HOP)
        frames = min(frames + frames % 2, MAX_FRAMES)
        features = np.stack([log_mel(sound, frames) for sound in sounds])
        return self._model.encode(self._ct2.StorageView.from_array(features))

    def _encoded(self, sound: "_Heard") -> Any:
        return (
            self._encode([sound.samples], self._tail_s) if sound.encoded is None else sound.encoded
        )

    def _generate(
        self,
        encoded: Any,
        sounds: list[Floats],
        prefix: list[int],
        beam: int,
        *,
        passing: bool = False,
    ) -> list[Any]:
        longest = max(len(sound) for sound in sounds) / RATE
        most = (2 if passing else 12) + int(longest * _TOKENS_A_SECOND)
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
        evidence = self._evidence(request, result, sound.prompt)
        if not request.final:
            return _passing(evidence)
        why = refusal(evidence)
        if request.expect == "region":
            place = self._place(request, sound, result, evidence.text)
            if place is not None:
                return place
        if why in ENGINE_FAULTS and evidence.no_speech < _SURELY_SPEECH:
            evidence = self._rescue(request, sound, evidence)
            why = refusal(evidence)
        if why is None and self._lone_guess(evidence):
            why = "unlikely"
        if self._may_be_short(request, evidence, why):
            heard = self._short_word(sound, evidence, why)
            if heard is not None:
                return heard
        if why is not None:
            return Hypothesis("", 0.0, refused="" if why == "no-words" else why)
        others = self._others(result, evidence.text)
        return Hypothesis(evidence.text, confidence(evidence.logprob), others)

    def _place(
        self, request: Request, sound: "_Heard", result: Any, text: str
    ) -> Hypothesis | None:
        """The place a short answer names, where it is not written as any and one stands out."""
        if request.voiced > _PLACE_S or result.no_speech_prob >= self._short.no_speech:
            return None
        if self._places.named(text):
            return None
        texts = [unloop(normalise(self._tokens.decode(ids))) for ids in result.sequences_ids]
        names = self._places.alike(texts)
        if not names:
            return None
        fits = self._acoustic(sound, [name for name, _ in names])
        weighed = [Weighed(name, fit, far) for (name, far), fit in zip(names, fits, strict=True)]
        chosen = decide(weighed)
        if chosen is None:
            return None
        best, margin = chosen
        sure = min(_PLACE_SURE, _PLACE_LEAST + margin / _PLACE_SLOPE)
        others = (text,) if text else ()
        return Hypothesis(best.name, round(sure, 3), others)

    def _acoustic(self, sound: "_Heard", names: list[str]) -> list[float]:
        """Log-probability of each of these texts, given the sound."""
        encoded = np.array(self._encoded(sound))
        repeated = self._ct2.StorageView.from_array(np.repeat(encoded, len(names), axis=0))
        tokens = [self._tokens.encode(name, add_special_tokens=False).ids for name in names]
        aligned = self._model.align(repeated, self._bare, tokens, encoded.shape[1])
        return [float(np.sum(np.log(np.maximum(one.text_token_probs, 1e-9)))) for one in aligned]

    def _evidence(self, request: Request, result: Any, prompt: tuple[str, ...] = ()) -> Evidence:
        return Evidence(
            normalise(self._tokens.decode(result.sequences_ids[0])),
            float(result.scores[0]),
            float(result.no_speech_prob),
            request.voiced,
            prompt,
        )

    def _others(self, result: Any, best: str) -> tuple[str, ...]:
        texts = [unloop(normalise(self._tokens.decode(ids))) for ids in result.sequences_ids[1:]]
        return tuple(dict.fromkeys(text for text in texts if text and text != best))

    def _rescue(self, request: Request, sound: "_Heard", evidence: Evidence) -> Evidence:
        """The decoder ran wild over real speech: cut its loop, or take another road."""
        cut = replace(evidence, text=unloop(evidence.text), logprob=evidence.logprob - _LOOP_COST)
        if refusal(cut) is None or not sound.prompt:
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


def _passing(evidence: Evidence) -> Hypothesis:
    """Words of a stretch that goes on. The final judges them; till then two syllables that may
    have been said are reason enough for our voice to hold its breath."""
    text = unloop(evidence.text)
    limits = _PASSING if evidence.voiced < _LASTING_S else _LASTING
    why = refusal(replace(evidence, text=text), limits)
    if why is not None or len(text) < 2:
        return Hypothesis("", 0.0, refused="" if why in (None, "no-words") else str(why))
    return Hypothesis(text, confidence(evidence.logprob))


def confidence(logprob: float) -> float:
    """Mean log-probability of a token to 0..1: the mean probability of a token."""
    return round(min(1.0, math.exp(logprob)), 3)


def _level(sound: Floats) -> Floats:
    """Bring quiet callers to the loudness the model was trained on."""
    peak = float(np.max(np.abs(sound), initial=0.0))
    return sound if peak < 1e-4 else sound * np.float32(min(0.7 / peak, 20.0))
