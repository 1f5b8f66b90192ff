"""Toneless pinyin, made fuzzy for Anhui speech and telephone recognition.

n/l, f/h, zh/z, ch/c, sh/s, in/ing and en/eng are one sound here. The readings come from our own
small table (``data/pinyin.txt``, made by ``python -m hotline.language.build_pinyin``): the text is
cut into words first, then a word with an unusual reading (银行, 长丰) decides for its characters.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import rjieba

_FIRST_CODE = 0xE000
"""Syllables are handled as single characters of the private use area: fast to slice and compare."""


@dataclass(frozen=True, slots=True)
class _Table:
    readings: dict[str, str]
    words: dict[str, tuple[str, ...]]
    codes: dict[str, str]
    """Exact syllable -> code character of its fuzzy form."""


@cache
def _table() -> _Table:
    readings: dict[str, str] = {}
    words: dict[str, tuple[str, ...]] = {}
    source = resources.files("hotline.language") / "data" / "pinyin.txt"
    for line in source.read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "#":
            continue
        if kind == "word":
            word, *syllables = rest.split()
            words[word] = tuple(syllables)
        else:
            readings.update(dict.fromkeys(rest, kind))
    exact = sorted(set(readings.values()) | {s for reading in words.values() for s in reading})
    fuzzy = sorted({fuzzy_syllable(syllable) for syllable in exact})
    index = {syllable: chr(_FIRST_CODE + number) for number, syllable in enumerate(fuzzy)}
    return _Table(readings, words, {s: index[fuzzy_syllable(s)] for s in exact})


def fuzzy_syllable(syllable: str) -> str:
    """The sound class of a toneless syllable: zhang, zang -> zang; lin, ling, nin -> nin."""
    for long, short in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(long):
            syllable = short + syllable[2:]
    if syllable.startswith("l"):
        syllable = "n" + syllable[1:]
    if syllable.startswith("f"):
        syllable = "h" + syllable[1:]
    elif syllable.startswith("hu") and len(syllable) > 2:
        rest = syllable[2:]
        syllable = "h" + {"i": "ei", "n": "en"}.get(rest, rest)
    if syllable.endswith(("ing", "eng")):
        syllable = syllable[:-1]
    return syllable


_COARSE_INITIALS = {
    **{"zh": "s", "ch": "s", "sh": "s", "z": "s", "c": "s", "r": "s"},
    **{"p": "b", "f": "h", "t": "d", "l": "n", "k": "g", "q": "j", "x": "j"},
}
_COARSE_FINALS = {
    **{"iang": "ian", "uang": "uan", "ang": "an", "eng": "en", "ing": "en", "in": "en", "un": "en"},
    **{"uan": "an", "ui": "ei", "ai": "ei", "uo": "e", "ou": "ao", "o": "e", "ue": "ie", "v": "i"},
}


@cache
def coarse_syllable(syllable: str) -> str:
    """A wider sound class: what a recogniser takes for each other (jian and xian, lv and li)."""
    for initial, group in _COARSE_INITIALS.items():
        if syllable.startswith(initial):
            syllable = group + syllable[len(initial) :]
            break
    for final, group in _COARSE_FINALS.items():
        if syllable.endswith(final) and len(syllable) > len(final):
            return syllable[: -len(final)] + group
    return syllable


def syllables(text: str) -> list[str]:
    """Toneless exact syllables of a text; letters and digits stand for themselves."""
    table = _table()
    result: list[str] = []
    for word in rjieba.cut(text):
        known = table.words.get(word)
        if known:
            result.extend(known)
        else:
            result.extend(table.readings.get(char, char) for char in word if char.isalnum())
    return result


def codes(text: str) -> str:
    """Fuzzy syllables, one code character each; aligned with the characters of a ``plain`` text."""
    table = _table()
    return "".join(table.codes.get(syllable, syllable[:1]) for syllable in syllables(text))


def pinyin_key(text: str) -> str:
    """Fuzzy toneless pinyin, syllables separated by blanks: 工商 and 工伤 are ``gong sang``."""
    return " ".join(fuzzy_syllable(syllable) for syllable in syllables(text))
