"""Garbles sentences the way the recognizer does on a bad line. Only for training.

Which initial is taken for which, and which final, is counted in what was said and what was heard of
it (``data/heard.tsv``); a syllable is then heard as another one that these two make, and written
with the commonest word that sounds so. Whole sentences are good or bad, as calls are.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz.distance import Levenshtein

from hotline.language.normalise import plain
from hotline.language.pinyin import syllables

Words = Mapping[tuple[str, ...], Sequence[tuple[str, float]]]
"""Syllables -> words that sound so, with how common they are."""

_INITIALS = (
    *("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h"),
    *("j", "q", "x", "r", "z", "c", "s", "y", "w"),
)
_STAYS = 4
"""How often, beside the counts, any part is taken to stay as it was."""
_SWALLOWED = 0.04


def parts(syllable: str) -> tuple[str, str]:
    """Initial (may be empty) and final of a toneless syllable."""
    for initial in _INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


class Garble:
    """Draws misheard sentences."""

    def __init__(self, pairs: Iterable[tuple[str, str]], words: Words, rng: random.Random) -> None:
        """``pairs``: said and heard."""
        self._rng = rng
        self._words = words
        self._alone = {sound[0] for sound in words if len(sound) == 1}
        self._initials: dict[str, Counter[str]] = defaultdict(Counter)
        self._finals: dict[str, Counter[str]] = defaultdict(Counter)
        for said, heard in pairs:
            self._count(syllables(plain(said)), syllables(plain(heard)))

    def _count(self, said: list[str], heard: list[str]) -> None:
        for step in Levenshtein.opcodes(said, heard):
            if step.tag == "replace":
                for one, other in zip(
                    said[step.src_start : step.src_end],
                    heard[step.dest_start : step.dest_end],
                    strict=False,
                ):
                    (initial, final), (as_initial, as_final) = parts(one), parts(other)
                    self._initials[initial][as_initial] += 1
                    self._finals[final][as_final] += 1

    def garble(self, text: str, rate: float) -> str:
        """A sentence with about ``rate`` of its syllables misheard."""
        bare = plain(text)
        said = syllables(bare)
        if len(said) != len(bare):
            return text
        result: list[str] = []
        run: list[str] = []
        for char, sound in zip(bare, said, strict=True):
            if self._rng.random() < rate:
                run += self._misheard(sound)
                continue
            result += [self._written(run), char]
            run = []
        return "".join([*result, self._written(run)]) or text

    def _misheard(self, sound: str) -> list[str]:
        if self._rng.random() < _SWALLOWED:
            return []
        for _ in range(8):
            initial, final = parts(sound)
            heard = self._draw(self._initials[initial], initial) + self._draw(
                self._finals[final], final
            )
            if heard in self._alone:
                return [heard]
        return [sound]

    def _draw(self, counts: Counter[str], stay: str) -> str:
        options = Counter(counts)
        options[stay] += _STAYS
        return self._rng.choices(list(options), list(options.values()))[0]

    def _written(self, sounds: list[str]) -> str:
        """Syllables as words, two at a time where such a word exists."""
        text = ""
        at = 0
        while at < len(sounds):
            size = 2 if tuple(sounds[at : at + 2]) in self._words and at + 2 <= len(sounds) else 1
            options = self._words.get(tuple(sounds[at : at + size]))
            if options:
                text += self._rng.choices([w for w, _ in options], [f for _, f in options])[0]
            at += size
        return text
