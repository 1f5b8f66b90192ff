"""The trade's words: which topic, concept or act a phrase points to, found by characters and sound.

Three layers (``topics.yaml``, ``concepts.yaml``, ``acts.yaml``), each mapping groups to phrases.
Inside a layer the longest phrase at a place wins and hides what lies within it.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from hotline.domain.codes import Topic
from hotline.language.errors import LanguageDataError
from hotline.language.pinyin import codes

LAYERS = ("topics", "concepts", "acts")


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the lexicon found in a text."""

    group: str
    phrase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of the lexicon, indexed by characters and by fuzzy sound."""

    by_text: dict[str, tuple[str, ...]]
    by_sound: dict[str, tuple[str, ...]]
    longest: int

    def in_text(self, plain_text: str) -> list[Hit]:
        """Phrases spelt out in the text."""
        return self._find(plain_text, self.by_text)

    def in_sound(self, sound: str) -> list[Hit]:
        """Phrases of two syllables and more that sound like a part of the text (its ``codes``)."""
        return self._find(sound, self.by_sound)

    def _find(self, text: str, index: dict[str, tuple[str, ...]]) -> list[Hit]:
        hits: list[Hit] = []
        covered = 0
        for start in range(len(text)):
            for end in range(min(len(text), start + self.longest), start, -1):
                groups = index.get(text[start:end])
                if groups is None or end <= covered:
                    continue
                hits.extend(Hit(group, text[start:end], start, end) for group in groups)
                covered = end
                break
        return hits


def _load_layer(name: str) -> Layer:
    source = resources.files("hotline.language") / "data" / f"{name}.yaml"
    content = yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        raise LanguageDataError(
            f"{name}.yaml: every entry must be 'group: phrases separated by blanks'"
        )
    if name == "topics" and (unknown := set(content) - {topic.value for topic in Topic}):
        raise LanguageDataError(f"topics.yaml: no such topic: {', '.join(sorted(unknown))}")
    by_text: dict[str, list[str]] = {}
    by_sound: dict[str, list[str]] = {}
    for group, phrases in content.items():
        for phrase in phrases.lower().split():
            _note(by_text, phrase, group)
            if len(phrase) > 1:
                _note(by_sound, codes(phrase), group)
    return Layer(
        {phrase: tuple(groups) for phrase, groups in by_text.items()},
        {sound: tuple(groups) for sound, groups in by_sound.items()},
        max(map(len, by_text)),
    )


def _note(index: dict[str, list[str]], key: str, group: str) -> None:
    groups = index.setdefault(key, [])
    if group not in groups:
        groups.append(group)


@cache
def lexicon() -> dict[str, Layer]:
    """The three layers, loaded once."""
    return {name: _load_layer(name) for name in LAYERS}
