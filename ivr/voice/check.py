"""Is our own voice understood? Texts spoken, sent through a telephone line, heard by a recognizer.

Errors are counted over syllables without tones, since homophones sound alike to the caller too.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ivr.voice.numbers import cardinal, digits
from ivr.voice.reading import pinyin
from ivr.voice.sound import Pcm, telephone
from ivr.voice.synthesis import Synthesiser

NOT_UNDERSTOOD = 0.25
"""Share of wrong syllables from which a text counts as not understood."""

_SAME = {"yao": "yi", "liang": "er", "r": "er"}
"""Syllables a recognizer cannot keep apart when it writes figures: 幺 and 一, 两 and 二."""
_FIGURES = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Heard:
    """One text and what came back of it."""

    text: str
    heard: str
    errors: int
    """Syllables wrong, missing or too many."""
    syllables: int

    @property
    def rate(self) -> float:
        """Share of wrong syllables; can pass 1 when many are made up."""
        return self.errors / self.syllables if self.syllables else 0.0

    @property
    def understood(self) -> bool:
        """Few enough errors for a caller to follow."""
        return self.rate < NOT_UNDERSTOOD


def voice_check(
    texts: Iterable[str], recognise: Callable[[Pcm], str], voice: Synthesiser, speed: float = 1.0
) -> Iterator[Heard]:
    """Speak each text, hear it over 8 kHz a-law, compare. ``recognise`` takes 16 kHz 16-bit."""
    for text in texts:
        heard = recognise(telephone(voice.render(text, speed)))
        yield compare(text, heard)


def compare(text: str, heard: str) -> Heard:
    """Count the syllables of ``text`` that ``heard`` lacks, has wrong or has too many.

    Recognizers write figures; they are taken as quantity or one by one, whichever fits better.
    """
    wanted = _syllables(text)
    readings = {
        heard,
        _FIGURES.sub(lambda m: cardinal(m[0]), heard),
        _FIGURES.sub(lambda m: digits(m[0]), heard),
    }
    errors = min(_distance(wanted, _syllables(reading)) for reading in readings)
    return Heard(text, heard, errors, len(wanted))


def _syllables(text: str) -> list[str]:
    plain = (syllable.rstrip("12345") for syllable in pinyin(text))
    return [_SAME.get(syllable, syllable) for syllable in plain]


def _distance(wanted: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, syllable in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (syllable != other))
            diagonal, row[j] = row[j], cost
    return row[-1]


__all__ = ["NOT_UNDERSTOOD", "Heard", "compare", "voice_check"]
