"""What the model sees of a sentence: named features, so that a person can read what decided.

Names: ``c:`` characters, ``p:`` fuzzy and ``q:`` coarse syllables, ``T:``/``K:``/``A:`` phrases of
the lexicon spelt out, ``t:``/``k:``/``a:`` those heard or spelt, ``k:x>y`` concept y
somewhere after concept x, ``len:`` length class.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from hotline.language.lexicon import Hit, lexicon
from hotline.language.normalise import masked, plain
from hotline.language.pinyin import coarse_syllable, codes, syllables

VERSION = 7
"""Part of the hash of the weights: raise it when features change."""

_SCALE = {
    "c": 1.6,
    "q": 1.2,
    "p": 1.6,
    "T": 1.6,
    "t": 1.2,
    "K": 0.9,
    "k": 0.7,
    "P": 1.3,
    "A": 1.2,
    "a": 0.8,
    "l": 0.4,
}


@dataclass(frozen=True, slots=True)
class View:
    """A sentence as the model and the rules look at it."""

    plain: str
    sound: str
    topics: tuple[Hit, ...]
    features: dict[str, float]


def look(text: str) -> View:
    """Everything found in a text."""
    bare = plain(text)
    sound = codes(bare)
    layers = lexicon()
    topics = layers["topics"].in_text(bare)
    families: dict[str, Iterable[str]] = {
        "q": _coarse_grams(bare),
        "c": _grams("c:", f"^{masked(bare)}$", 1, 3),
        "p": _grams("p:", f"^{sound}$", 1, 3),
        "A": [f"A:{hit.group}" for hit in layers["acts"].in_text(bare)],
        "a": [f"a:{hit.group}" for hit in layers["acts"].in_sound(sound)],
        "l": [f"len:{min(len(bare), 24) // 3}"],
    }
    concepts = layers["concepts"].in_text(bare)
    heard = layers["concepts"].in_sound(sound)
    families["K"] = [f"K:{hit.group}" for hit in concepts]
    families["k"] = [f"k:{hit.group}" for hit in heard]
    families["P"] = _pairs(concepts, heard)
    features = _weigh(families)
    features |= _evidence("T:", topics, 0.3)
    features |= _evidence("t:", layers["topics"].in_sound(sound), 0.24)
    return View(bare, sound, tuple(topics), features)


def _grams(prefix: str, text: str, shortest: int, longest: int) -> set[str]:
    return {
        prefix + text[start : start + size]
        for size in range(shortest, longest + 1)
        for start in range(len(text) - size + 1)
    }


def _coarse_grams(bare: str) -> set[str]:
    row = ["^", *(coarse_syllable(syllable) for syllable in syllables(bare)), "$"]
    return {
        "q:" + " ".join(row[start : start + size])
        for size in (2, 3)
        for start in range(len(row) - size + 1)
    }


def _pairs(concepts: list[Hit], heard: list[Hit]) -> set[str]:
    """Which concept comes before which, spelt or heard."""
    row = sorted({(hit.start, hit.group) for hit in (*concepts, *heard)})
    return {
        f"k:{first}>{second}"
        for number, (start, first) in enumerate(row)
        for later, second in row[number + 1 :]
        if first != second and later > start
    }


def _weigh(families: dict[str, Iterable[str]]) -> dict[str, float]:
    features: dict[str, float] = {}
    for family, names in families.items():
        unique = set(names)
        for name in unique:
            features[name] = _SCALE[family] / sqrt(len(unique) + 1)
    return features


def _evidence(prefix: str, hits: list[Hit], worth: float) -> dict[str, float]:
    """How much of the text points to each topic: long phrases say more than short ones, a phrase
    that several topics share says less to each."""
    shared = Counter((hit.start, hit.end) for hit in hits)
    total: dict[str, float] = {}
    for hit in hits:
        weight = (len(hit.phrase) - 0.6) / sqrt(shared[hit.start, hit.end])
        total[hit.group] = total.get(hit.group, 0.0) + weight
    return {f"{prefix}{group}": min(weight, 5.0) * worth for group, weight in total.items()}
