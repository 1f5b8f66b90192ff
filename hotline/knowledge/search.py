"""Finds the answer that fits a sentence, and the offices of a place.

Within an understood topic a few dozen wordings compete. Each is compared with the sentence in two
scripts, characters and toneless pinyin (recognition errors are homophones), and in two ways: by
shared one- and two-grams, rare ones counting more, and by rapidfuzz's edit similarity.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rapidfuzz import fuzz

from hotline.domain.codes import Topic
from hotline.errors import NotFoundError
from hotline.knowledge.load import DATA, load_stock
from hotline.knowledge.models import Answer, Office, OfficeKind, Region, Stock
from hotline.knowledge.regions import RegionFinder, fold, short_name, toneless

Grams = Counter[str]
Weights = dict[str, float]

# What every caller says and no answer is about.
_FILLERS = re.compile(
    r"(?:您好|你好|请问一下|请问|麻烦问一下|我想问一下|我想问问|我想问|想问一下|咨询一下|"
    r"我想咨询|那个|就是说|嗯|啊|呃|这个情况|这种情况|怎么办|咋办|咋搞|应该|一下)"
)
_NOT_SPOKEN = re.compile(r"[^\w]|_")


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer and how well it fits: 0 (nothing in common) to 1 (the same words)."""

    answer: Answer
    score: float


@dataclass(frozen=True, slots=True)
class _Script:
    """One text in one script: its units in order and its grams."""

    units: tuple[str, ...]
    grams: Grams


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Answer
    wordings: tuple[tuple[_Script, _Script], ...]
    whole: tuple[Grams, Grams]
    """Grams of all wordings together with the answer's own words, once each."""


class KnowledgeBase:
    """The loaded stock, ready to be searched; immutable and safe to share between calls."""

    def __init__(self, stock: Stock, *, pinyin: Callable[[str], str] | None = None) -> None:
        self._pinyin = pinyin or toneless
        self._stock = stock
        self._by_id = {answer.id: answer for answer in stock.answers}
        self._stands_for = {word: group[0] for group in stock.synonyms for word in group[1:]}
        self._variants = _any_of(self._stands_for)
        self._finder = RegionFinder(stock.regions, pinyin)
        self._entries = [self._entry(answer) for answer in stock.answers]
        self._weights = {topic: self._rarities(topic) for topic in (None, *Topic)}

    @classmethod
    def load(
        cls, path: Path = DATA, *, pinyin: Callable[[str], str] | None = None
    ) -> "KnowledgeBase":
        """Load a knowledge folder. Raises :class:`KnowledgeError` naming every mistake in it.

        ``pinyin`` turns a text into toneless syllables separated by spaces (default: pypinyin).
        """
        return cls(load_stock(path), pinyin=pinyin)

    @property
    def answers(self) -> tuple[Answer, ...]:
        return self._stock.answers

    @property
    def regions(self) -> tuple[Region, ...]:
        return self._stock.regions

    def best(self, topic: Topic | None, text: str, limit: int = 3) -> list[Scored]:
        """The answers that fit a sentence best, best first; ``topic=None`` searches them all."""
        query = self._scripts(text)
        weights = self._weights[topic]
        scored = [
            Scored(entry.answer, _score(query, entry, weights))
            for entry in self._entries
            if topic is None or entry.answer.topic == topic
        ]
        scored.sort(key=lambda found: (-found.score, found.answer.id))
        return scored[:limit]

    def by_id(self, answer_id: str) -> Answer:
        """Raises :class:`NotFoundError` when there is none."""
        try:
            return self._by_id[answer_id]
        except KeyError:
            raise NotFoundError(f"知识库里没有答案 {answer_id}") from None

    def offices(self, place: str, kind: OfficeKind) -> list[Office]:
        """Offices of a city or county, the nearer ones first: a county's own, then its city's.

        ``place`` is a name with or without its ending (肥西县, 肥西, 合肥市); empty when unknown.
        """
        regions = [r for r in self.regions if place in (r.name, short_name(r.name))]
        wanted = [(r.city, None if r.is_city else r.name) for r in regions]
        near = [o for o in self._stock.offices if (o.city, o.county) in wanted]
        cities = {city for city, _ in wanted}
        city_wide = [o for o in self._stock.offices if o.city in cities and o.county is None]
        found = dict.fromkeys([*near, *city_wide])
        return [office for office in found if office.kind is kind]

    def find_region(self, text: str) -> list[Region]:
        """Cities and counties of Anhui a sentence names; see :class:`RegionFinder`."""
        return self._finder.find(text)

    def _rarities(self, topic: Topic | None) -> tuple[Weights, Weights]:
        """How telling each gram is among the answers of one topic, or of all."""
        wholes = [e.whole for e in self._entries if topic is None or e.answer.topic == topic]
        return _rarity(whole[0] for whole in wholes), _rarity(whole[1] for whole in wholes)

    def _entry(self, answer: Answer) -> _Entry:
        wordings = [self._scripts(wording) for wording in (answer.question, *answer.similar)]
        body = self._scripts(answer.answer)
        return _Entry(
            answer,
            tuple(wordings),
            (
                Counter(set().union(*(w[0].grams for w in wordings), body[0].grams)),
                Counter(set().union(*(w[1].grams for w in wordings), body[1].grams)),
            ),
        )

    def _scripts(self, text: str) -> tuple[_Script, _Script]:
        plain = _NOT_SPOKEN.sub("", _FILLERS.sub("", text)).lower()
        if self._variants:
            plain = self._variants.sub(lambda word: self._stands_for[word[0]], plain)
        sounds = tuple(fold(syllable) for syllable in self._pinyin(plain).split())
        return _Script(tuple(plain), _grams(tuple(plain))), _Script(sounds, _grams(sounds))


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _grams(units: Sequence[str]) -> Grams:
    pairs = (f"{first} {second}" for first, second in pairwise(units))
    return Counter((*units, *pairs))


def _rarity(documents: Iterable[Grams]) -> Weights:
    """Inverse document frequency: what few answers mention tells them apart."""
    count, total = Counter[str](), 0
    for document in documents:
        count.update(document.keys())
        total += 1
    return {gram: math.log(1 + total / seen) for gram, seen in count.items()}


def _score(
    query: tuple[_Script, _Script], entry: _Entry, weights: tuple[Weights, Weights]
) -> float:
    total = 0.0
    for asked, script, rarity in zip(query, (0, 1), weights, strict=True):
        close = max(_likeness(asked, wording[script], rarity) for wording in entry.wordings)
        total += 0.7 * close + 0.3 * _coverage(asked.grams, entry.whole[script], rarity)
    return total / 2


def _likeness(asked: _Script, wording: _Script, weights: Weights) -> float:
    if not asked.units or not wording.units:
        return 0.0
    edits = fuzz.ratio(asked.units, wording.units) / 100
    return 0.6 * _cosine(asked.grams, wording.grams, weights) + 0.4 * edits


def _cosine(one: Grams, other: Grams, weights: Weights) -> float:
    shared = sum(weights.get(gram, 0.0) for gram in one.keys() & other.keys())
    return shared / math.sqrt(_mass(one, weights) * _mass(other, weights)) if shared else 0.0


def _coverage(asked: Grams, whole: Grams, weights: Weights) -> float:
    shared = sum(weights.get(gram, 0.0) for gram in asked.keys() & whole.keys())
    return shared / _mass(asked, weights) if shared else 0.0


def _mass(grams: Grams, weights: Weights) -> float:
    # A gram no answer knows weighs little: it is a name or a slip of recognition.
    return sum(weights.get(gram, 1.0) for gram in grams)
