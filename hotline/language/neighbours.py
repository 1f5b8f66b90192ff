"""The examples nearest to a sentence, by characters and by fuzzy syllables (rapidfuzz)."""

from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from hotline.domain.codes import Act, Topic
from hotline.language.errors import LanguageDataError
from hotline.language.model import data_folder
from hotline.language.normalise import masked, plain
from hotline.language.pinyin import codes

LEAST = 0.62
"""Below this likeness an example says nothing."""


@dataclass(frozen=True, slots=True)
class Example:
    """One of our example sentences."""

    act: Act
    topic: Topic
    text: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An example and how alike it is, 0..1."""

    example: Example
    likeness: float


class Examples:
    """All examples, prepared for comparison."""

    def __init__(self, examples: list[Example], exclude: frozenset[str] = frozenset()) -> None:
        self._examples = [example for example in examples if example.text not in exclude]
        plains = [plain(example.text) for example in self._examples]
        self._texts = [masked(text) for text in plains]
        self._sounds = [codes(text) for text in plains]
        self._side_by_side = frozenset(pair for text in plains for pair in pairwise(text))

    def familiarity(self, bare: str) -> float:
        """Share of neighbouring characters that stand side by side in an example as well, 0..1.

        What people type has 0.5 and more; what a recogniser made of a bad line often less.
        """
        pairs = list(pairwise(bare))
        return sum(pair in self._side_by_side for pair in pairs) / len(pairs) if pairs else 1.0

    def nearest(self, bare: str, sound: str, count: int = 5) -> list[Neighbour]:
        """The most alike examples, best first; ``bare`` and ``sound`` as in ``features.View``."""
        alike: NDArray[np.float32] = process.cdist(
            [masked(bare)],
            self._texts,
            scorer=Indel.normalized_similarity,
            score_cutoff=LEAST - 0.1,
        )[0]
        heard: NDArray[np.float32] = process.cdist(
            [sound], self._sounds, scorer=Indel.normalized_similarity, score_cutoff=LEAST - 0.1
        )[0]
        best = np.maximum(alike, heard * 0.97)
        order = np.argsort(-best, kind="stable")[:count]
        return [
            Neighbour(self._examples[row], float(best[row])) for row in order if best[row] >= LEAST
        ]


def load_examples(path: Traversable | None = None) -> list[Example]:
    """``data/examples.tsv`` or another table of act, topic, text with a header.

    Raises LanguageDataError naming the line that is wrong.
    """
    path = path or data_folder() / "examples.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    examples = []
    for number, line in enumerate(lines[1:], 2):
        try:
            act, topic, text = line.split("\t")
            examples.append(Example(Act(act), Topic(topic), text))
        except ValueError as fault:
            message = f"{path.name} line {number}: needs act, topic, text: {line!r}"
            raise LanguageDataError(message) from fault
    return examples
