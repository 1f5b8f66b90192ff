"""How far a recognised text is from what was said: by character (CER) and by syllable (SER)."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from hotline.language.normalise import plain
from hotline.language.pinyin import syllables


def char_error_rate(reference: str, heard: str) -> float:
    """Edits to turn ``heard`` into ``reference``, per character of the reference (0 is perfect)."""
    return _rate(plain(reference), plain(heard))


def syllable_error_rate(reference: str, heard: str) -> float:
    """The same over exact toneless syllables: 工商 for 工伤 costs nothing."""
    return _rate(syllables(plain(reference)), syllables(plain(heard)))


def _rate(reference: Sequence[str], heard: Sequence[str]) -> float:
    if not reference:
        return 1.0 if heard else 0.0
    return Levenshtein.distance(reference, heard) / len(reference)
