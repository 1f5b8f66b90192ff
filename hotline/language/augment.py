"""Varies training sentences: other words, talk around them, other endings, recogniser's errors.

Only for training. Everything is drawn from one seeded generator, so training is repeatable.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import rjieba

from hotline.language.garble import Garble
from hotline.language.pinyin import coarse_syllable, fuzzy_syllable, syllables

_TAIL = re.compile(
    r"(我?该?(怎么办|咋办|咋整|咋弄|怎么处理|怎么维权|怎么要|怎么弄|找谁|能告吗|合法吗|可以吗|"
    r"怎么告|行吗|对吗|合理吗|怎么搞))$"
)
_QUESTION = re.compile(
    r"吗|怎|咋|多少|几|什么|哪|谁|如何|啥|能不能|是不是|有没有|要不要|可以|不$|没$|多久"
)
_APPLIES = re.compile(r"帮|请|申请|登记|派|预约|调解")


@dataclass(frozen=True, slots=True)
class Row:
    """One training sentence; ``origin`` is the example it was made from (rows of one example stay
    on the same side of every split)."""

    act: str
    topic: str
    text: str
    weight: float
    origin: int


class Noise:
    """Errors as a recogniser makes them: words that sound the same, dropped and swallowed words."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._exact: dict[tuple[str, ...], list[tuple[str, float]]] = defaultdict(list)
        self._fuzzy: dict[tuple[str, ...], list[tuple[str, float]]] = defaultdict(list)
        self._coarse: dict[tuple[str, ...], list[tuple[str, float]]] = defaultdict(list)
        import jieba  # its word frequencies; slow to load and not needed at run time

        jieba.initialize()
        for word, frequency in jieba.dt.FREQ.items():
            if frequency >= 40 and len(word) <= 3 and re.fullmatch(r"[\u4e00-\u9fa5]+", word):
                sound = tuple(syllables(word))
                entry = (word, float(frequency) ** 0.5)
                self._exact[sound].append(entry)
                self._fuzzy[tuple(map(fuzzy_syllable, sound))].append(entry)
                self._coarse[tuple(map(coarse_syllable, sound))].append(entry)

    @property
    def words(self) -> dict[tuple[str, ...], list[tuple[str, float]]]:
        """Exact syllables -> words that sound so, with the root of how common they are."""
        return self._exact

    def spoil(self, text: str, rate: float) -> str:
        """About ``rate`` of the words replaced, a few dropped."""
        words = self._recut(rjieba.cut(text))
        return "".join(self._word(word, rate) for word in words) or text

    def _recut(self, words: list[str]) -> list[str]:
        """Sometimes two short words are heard as one, or a long one as its parts."""
        result: list[str] = []
        for word in words:
            if result and len(result[-1]) == 1 and len(word) == 1 and self._rng.random() < 0.4:
                result[-1] += word
            elif len(word) > 3:
                result += [word[:2], word[2:]]
            else:
                result.append(word)
        return result

    def _word(self, word: str, rate: float) -> str:
        roll = self._rng.random()
        if roll > rate:
            return word
        if roll < rate * 0.08:
            return ""
        sound = tuple(syllables(word))
        options = self._exact.get(sound, [])
        if roll < rate * 0.35:
            options = self._coarse.get(tuple(map(coarse_syllable, sound)), [])
        elif roll < rate * 0.5 or len(options) < 2:
            options = options + self._fuzzy.get(tuple(map(fuzzy_syllable, sound)), [])
        options = [option for option in options if option[0] != word]
        if not options:
            return "".join(self._word(char, 0.5) for char in word) if len(word) > 1 else word
        return self._rng.choices([w for w, _ in options], [f for _, f in options])[0]


class Augmenter:
    """Makes training rows out of examples and the grammar."""

    def __init__(
        self, grammar: dict[str, Any], seed: int, pairs: Sequence[tuple[str, str]] = ()
    ) -> None:
        """``pairs``: what was said and what a recogniser made of it, to learn its errors from."""
        self._rng = random.Random(seed)
        self._grammar = grammar
        self._noise = Noise(self._rng)
        self._garble = Garble(pairs, self._noise.words, self._rng)
        self._swaps: dict[str, list[str]] = {
            word: group for group in grammar["swap"] for word in group
        }

    def vary(self, act: str, topic: str, text: str, origin: int) -> Iterator[Row]:
        """The example itself and its variants."""
        yield Row(act, topic, text, 1.0, origin)
        swapped = self._swap(text)
        if swapped != text:
            yield Row(act, topic, swapped, 0.5, origin)
        if act in ("ask", "apply", "progress", "place", "complaint", "emergency"):
            prefix = self._rng.choice(self._grammar["prefixes"])
            yield Row(act, topic, prefix + self._swap(text), 0.5, origin)
        yield Row(act, topic, self._noise.spoil(text, 0.3), 0.6, origin)
        yield Row(act, topic, self._noise.spoil(self._swap(text), 0.5), 0.5, origin)
        yield Row(act, topic, self._garble.garble(text, self._rng.uniform(0.15, 0.6)), 0.5, origin)
        if act == "ask" and topic != "service":
            yield from self._other_endings(topic, text, origin)

    def _other_endings(self, topic: str, text: str, origin: int) -> Iterator[Row]:
        """Another question, or a request, after the same trouble."""
        trouble = _TAIL.sub("", text)
        if len(trouble) < 5 or _QUESTION.search(trouble) or _APPLIES.search(trouble):
            return
        yield Row("ask", topic, trouble + self._rng.choice(self._grammar["ask"]), 0.6, origin)
        yield Row("ask", topic, trouble, 0.5, origin)
        request = self._rng.choice(self._grammar["apply"])
        yield Row("apply", topic, self._swap(trouble) + request, 0.5, origin)

    def phrase(self, topic: str, phrase: str, origin: int) -> Iterator[Row]:
        """A bare phrase as the heart of a question, and as a recogniser may hear it."""
        ending = self._rng.choice(self._grammar["ask"])
        yield Row("ask", topic, phrase + ending, 0.3, origin)
        yield Row("ask", topic, self._noise.spoil(phrase, 0.4) + ending, 0.25, origin)

    def _swap(self, text: str) -> str:
        words = rjieba.cut(text)
        return "".join(
            self._rng.choice(self._swaps[word])
            if word in self._swaps and self._rng.random() < 0.6
            else word
            for word in words
        )

    def patterns(self, origin: int, count: int) -> Iterator[Row]:
        """``count`` sentences of every pattern of the grammar, half of them with errors."""
        for act, topic, *parts in self._grammar["patterns"]:
            choices = [
                self._grammar["lists"][part[1:]] if part.startswith("#") else part.split("|")
                for part in parts
            ]
            seen: set[str] = set()
            for _ in range(count):
                text = "".join(self._rng.choice(options) for options in choices)
                if text and text not in seen:
                    seen.add(text)
                    yield Row(act, topic, text, 0.4, origin)
                    yield Row(act, topic, self._noise.spoil(text, 0.4), 0.25, origin)
