"""Finds the answer that fits a sentence, and the offices of a place.

Within an understood topic a few dozen wordings compete. Sentence and wordings are compared in two
scripts, characters and toneless pinyin (recognition errors are homophones), and in two ways:
likeness to the closest wordings (shared one- and two-grams, rare ones counting more, and
rapidfuzz's edit similarity), and evidence: how much more often the sentence's grams occur with an
answer than with its neighbours. Left out in turn, 71 % of the stock's wordings still find their
answer so; by likeness to the best wording alone, 61 %.
"""

import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, pairwise
from pathlib import Path

from rapidfuzz import fuzz

from hotline.domain.codes import Topic
from hotline.errors import NotFoundError
from hotline.knowledge.load import DATA, load_stock
from hotline.knowledge.models import Answer, Office, OfficeKind, Region, Stock
from hotline.knowledge.regions import RegionFinder, fold, short_name, toneless

Grams = frozenset[str]
Weights = dict[str, float]

# What every caller says and no answer is about.
_FILLERS = re.compile(
    r"(?:您好|你好|请问一下|请问|麻烦问一下|我想问一下|我想问问|我想问|想问一下|咨询一下|"
    r"我想咨询|那个|就是说|嗯|啊|呃|这个情况|这种情况|怎么办|咋办|咋搞|应该|一下)"
)
_PRIOR_TEXTS = 6
"""As many imagined texts of its neighbours soften what an answer's few texts say."""
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


_Scripts = tuple[_Script, _Script]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An answer as it is searched."""

    answer: Answer
    wordings: tuple[_Scripts, ...]
    counts: tuple[Counter[str], Counter[str]]
    """In how many texts (wordings and the answer itself) each gram occurs, by script."""
    texts: int


@dataclass(frozen=True, slots=True)
class _Field:
    """The answers that compete: those of one topic, or all."""

    entries: tuple[_Entry, ...]
    rarity: tuple[Weights, Weights]
    counts: tuple[Counter[str], Counter[str]]
    texts: int


class KnowledgeBase:
    """The loaded stock, ready to be searched; immutable and safe to share between calls."""

    def __init__(self, stock: Stock, *, pinyin: Callable[[str], str] | None = None) -> None:
        self._pinyin = pinyin or toneless
        self._stock = stock
        self._by_id = {answer.id: answer for answer in stock.answers}
        self._stands_for = {word: group[0] for group in stock.synonyms for word in group[1:]}
        self._variants = _any_of(self._stands_for)
        self._finder = RegionFinder(stock.regions, pinyin)
        entries = [self._entry(answer) for answer in stock.answers]
        self._fields = {None: _field(entries)} | {
            topic: _field([entry for entry in entries if entry.answer.topic == topic])
            for topic in Topic
        }

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

    @property
    def every_office(self) -> tuple[Office, ...]:
        """All offices, confirmed or not."""
        return tuple(self._stock.offices)

    def best(self, topic: Topic | None, text: str, limit: int = 3) -> list[Scored]:
        """The answers that fit a sentence best, best first; ``topic=None`` searches them all."""
        query = self._scripts(text)
        field = self._fields[topic]
        scored = [Scored(entry.answer, _score(query, entry, field)) for entry in field.entries]
        # Stable: of equals the one the editors wrote first, the commonest of its topic.
        scored.sort(key=lambda found: -found.score)
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

    def _entry(self, answer: Answer) -> _Entry:
        wordings = tuple(self._scripts(text) for text in (answer.question, *answer.similar))
        texts = (*wordings, self._scripts(answer.answer))
        return _Entry(answer, wordings, (_counts(texts, 0), _counts(texts, 1)), len(texts))

    def _scripts(self, text: str) -> _Scripts:
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
    # Interned: thousands of wordings share the same few thousand grams.
    return frozenset(map(sys.intern, (*units, *pairs)))


def _counts(texts: Iterable[_Scripts], script: int) -> Counter[str]:
    return Counter(chain.from_iterable(text[script].grams for text in texts))


def _field(entries: Sequence[_Entry]) -> _Field:
    totals: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    answers: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for entry in entries:
        for script in (0, 1):
            totals[script].update(entry.counts[script])
            answers[script].update(entry.counts[script].keys())
    # Inverse document frequency: what few answers mention tells them apart.
    rarity = (
        {gram: math.log(1 + len(entries) / seen) for gram, seen in answers[0].items()},
        {gram: math.log(1 + len(entries) / seen) for gram, seen in answers[1].items()},
    )
    return _Field(tuple(entries), rarity, totals, sum(entry.texts for entry in entries))


def _score(query: _Scripts, entry: _Entry, field: _Field) -> float:
    score = nearest = 0.0
    for script, share in ((0, 0.7), (1, 0.3)):
        best, *next_best = nlargest(
            3, (_likeness(query[script], w[script], field.rarity[script]) for w in entry.wordings)
        )
        likeness = best / 2 + sum(next_best) / (2 * len(next_best) or 1)
        score += share * (likeness + _evidence(query[script].grams, entry, field, script)) / 2
        nearest += share * best
    # A caller who says a wording as it stands has found its answer, whatever else it resembles.
    return max(score, nearest**2)


def _likeness(asked: _Script, wording: _Script, rarity: Weights) -> float:
    if not asked.units or not wording.units:
        return 0.0
    edits = fuzz.ratio(asked.units, wording.units) / 100
    return 0.8 * _cosine(asked.grams, wording.grams, rarity) + 0.2 * edits


def _cosine(one: Grams, other: Grams, rarity: Weights) -> float:
    shared = sum(rarity.get(gram, 0.0) for gram in one & other)
    return shared / math.sqrt(_mass(one, rarity) * _mass(other, rarity)) if shared else 0.0


def _mass(grams: Grams, rarity: Weights) -> float:
    # A gram no answer knows weighs little: it is a name or a slip of recognition.
    return sum(rarity.get(gram, 1.0) for gram in grams)


def _evidence(asked: Grams, entry: _Entry, field: _Field, script: int) -> float:
    """Mean log-likelihood ratio of the sentence's grams, this answer against all, in 0 .. 1."""
    total = 0.0
    for gram in asked:
        seen = field.counts[script][gram]
        if seen:
            usual = (seen + 0.5) / (field.texts + 1)
            here = entry.counts[script][gram] + _PRIOR_TEXTS * usual
            total += math.log(here / (entry.texts + _PRIOR_TEXTS) / usual)
    return min(max(total / len(asked), 0.0), 1.0) if asked else 0.0
