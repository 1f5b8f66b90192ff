"""Is our own voice understood? Texts spoken, sent through a telephone line, heard by a recognizer.

Errors are counted over Chinese syllables without tones, since homophones sound alike to the caller
too; English words, which recognizers write in many ways, are left out of the count.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cn2an

from ivr.voice.numbers import cardinal, digits
from ivr.voice.reading import pinyin
from ivr.voice.sound import Pcm, telephone
from ivr.voice.synthesis import Synthesiser

NOT_UNDERSTOOD = 0.25
"""Share of wrong syllables from which a text counts as not understood."""

_SAME = {"yao": "yi", "liang": "er", "r": "er"}
"""Syllables a recognizer cannot keep apart when it writes figures: 幺 and 一, 两 and 二."""
_LATIN = re.compile(r"[A-Za-z]+")
_NUMBER = re.compile(
    r"\d+(?:\.\d+)?|[零一二两三四五六七八九十百千万]*[十百千万][零一二两三四五六七八九十百千万]*"
)


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
        yield compare(text, listen(text, recognise, voice, speed))


def listen(
    text: str, recognise: Callable[[Pcm], str], voice: Synthesiser, speed: float = 1.0
) -> str:
    """What comes back of one text, sentence by sentence: recognizers have a window of their own."""
    return "".join(recognise(telephone(pcm)) for pcm in voice.sentences(text, speed))


def compare(text: str, heard: str) -> Heard:
    """Count the syllables of ``text`` that ``heard`` lacks, has wrong or has too many.

    A recognizer writes numbers in its own way (一二三四八 as 12348 or 一万二千三百四十八): each is
    taken as a quantity or figure by figure, whichever fits better.
    """
    wanted = _syllables(text)
    best = heard
    errors = _distance(wanted, _syllables(best))
    for number in _NUMBER.findall(heard):
        for reading in _readings(number):
            tried = best.replace(number, reading, 1)
            count = _distance(wanted, _syllables(tried))
            if count < errors:
                best, errors = tried, count
    return Heard(text, heard, errors, len(wanted))


def _readings(number: str) -> tuple[str, ...]:
    if number[0].isdigit():
        return cardinal(number), digits(number)
    try:
        return (digits(str(cn2an.cn2an(number, "smart"))),)
    except (ValueError, KeyError):  # not a number after all; cn2an raises either
        return ()


def _syllables(text: str) -> list[str]:
    plain = (syllable.rstrip("12345") for syllable in pinyin(_LATIN.sub("", text)))
    return [_SAME.get(syllable, syllable) for syllable in plain]


def _distance(wanted: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, syllable in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (syllable != other))
            diagonal, row[j] = row[j], cost
    return row[-1]


__all__ = ["NOT_UNDERSTOOD", "Heard", "compare", "listen", "voice_check"]
