"""How a Chinese person reads a written text aloud: words, syllables, phonemes, breaths. Pure.

``pieces`` cuts a text into what is rendered at one time: whole sentences, which sound best, and
long ones at a comma. For a caller who waits for words not rendered yet the cut is ``quick``:
shorter pieces, the first one shortest. A cut depends on the text alone: the cache finds it again.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ivr.voice.normalise import spoken
from ivr.voice.phonemes import mark_ipa, word_ipa
from ivr.voice.pinyin import words

_CLAUSE = re.compile(r"[^，。！？；：、]+[，。！？；：、]?")
_MARKS = "，。！？；：、"
_ENDS = "。！？；"
_PAUSES = {"。": 0.38, "！": 0.38, "？": 0.38, "；": 0.30, "：": 0.22, "，": 0.16, "、": 0.08}
_LONGEST = 40
"""Characters of one piece; a longer sentence is cut at a comma."""
_QUICK_LONGEST = 26
_FIRST = 12
"""A quick first sentence longer than so many characters is cut at its first mark."""
_SHORTEST = 5
"""Characters, mark included, below which a clause alone comes out of the model badly."""
_LIMIT = 60
"""Characters without any mark the model still takes well."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is rendered at one time."""

    text: str
    """Spoken words with their marks."""
    pause: float
    """Seconds of silence after it."""


def pieces(text: str, *, quick: bool = False) -> tuple[Piece, ...]:
    """Cut a written text for rendering; empty when nothing in it can be said."""
    longest = _QUICK_LONGEST if quick else _LONGEST
    found: list[str] = []
    for sentence in _sentences(spoken(text)):
        found += _cut(sentence, longest, first_short=quick and not found)
    return tuple(Piece(words_, _PAUSES.get(words_[-1], 0.2)) for words_ in found)


def _sentences(said: str) -> list[list[str]]:
    """Sentences as lists of clauses, each clause with its mark."""
    sentences: list[list[str]] = [[]]
    for clause in _CLAUSE.findall(said):
        sentences[-1] += _split_long(clause)
        if clause[-1] in _ENDS:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def _split_long(clause: str) -> list[str]:
    """A clause beyond the model's reach is cut between two words."""
    if len(clause) <= _LIMIT:
        return [clause]
    body = clause.rstrip(_MARKS)
    parts = [""]
    for word in words(body):
        if len(parts[-1]) + len(word.text) > _LIMIT // 2:
            parts.append("")
        parts[-1] += word.text
    return [*(part + "，" for part in parts[:-1]), parts[-1] + clause[len(body) :]]


def _cut(clauses: list[str], longest: int, *, first_short: bool) -> list[str]:
    cut = [clauses[0]]
    short = first_short and sum(map(len, clauses)) > _FIRST and len(clauses[0]) >= _SHORTEST
    for clause in clauses[1:]:
        begun = short and len(cut) == 1
        if begun or len(cut[-1]) + len(clause) > longest:
            cut.append(clause)
        else:
            cut[-1] += clause
    return cut


def pinyin(text: str) -> tuple[str, ...]:
    """All syllables of a text with tone figures: 银行 ``("yin2", "hang2")``."""
    return tuple(
        syllable
        for clause in _CLAUSE.findall(spoken(text))
        for word in words(clause.rstrip(_MARKS))
        for syllable in word.syllables
    )


@lru_cache(maxsize=8192)
def phonemes(said: str) -> str:
    """Phonemes of spoken words (a ``Piece.text``), marks included."""
    out = []
    for clause in _CLAUSE.findall(said):
        body = clause.rstrip(_MARKS)
        mark = clause[len(body) :]
        out.append(word_ipa(words(body)) + (mark_ipa(mark) if mark else ""))
    return " ".join(out)


__all__ = ["Piece", "phonemes", "pieces", "pinyin", "spoken"]
