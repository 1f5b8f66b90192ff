"""Danger to life or freedom now: suicide, violence, confinement, abduction.

Rules, because a missed emergency costs a life and a person must be able to read why one was or was
not seen: a sign of danger fires unless something says that it is past, told of others, denied,
imagined, a question of law, a figure of speech, or the police doing their work. The rules are
regular expressions in ``data/danger_rules.yaml``; ``data/danger.txt`` has the phrases that are also
recognised by their sound.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from hotline.domain.codes import EmergencyKind
from hotline.language.errors import LanguageDataError
from hotline.language.model import data_folder
from hotline.language.normalise import plain
from hotline.language.pinyin import fuzzy_syllable, syllables

_LONGEST_PHRASE = 7
_ORDER = (
    EmergencyKind.SUICIDE,
    EmergencyKind.ABDUCTION,
    EmergencyKind.CONFINEMENT,
    EmergencyKind.VIOLENCE,
)
"""Which kind is named when signs of several are there: who is held or taken is often beaten too."""


@dataclass(frozen=True, slots=True)
class Danger:
    """A sign of danger: which kind, whether it counts, what was seen and what speaks against it."""

    kind: EmergencyKind
    live: bool
    sign: str
    against: str = ""
    heard: int = 0
    """Syllables of the longest phrase that only sounds like danger; 0: all is spelt out."""

    @property
    def consent(self) -> float:
        """What the model must at least give an emergency for this sign to count: nothing for words
        spelt out, the less the longer what only sounds like a sign."""
        return {2: 0.12, 3: 0.05}.get(self.heard, 0.0)


@dataclass(frozen=True, slots=True)
class _Rules:
    checks: dict[str, re.Pattern[str]]
    signs: dict[EmergencyKind, re.Pattern[str]]


@cache
def _rules() -> _Rules:
    text = (data_folder() / "danger_rules.yaml").read_text(encoding="utf-8")
    try:
        content: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
        classes = {name: "|".join(words.split()) for name, words in content["classes"].items()}
        checks = {name: _one(name, lines, classes) for name, lines in content["checks"].items()}
        signs = {kind: _one(kind, content["signs"][kind.value], classes) for kind in _ORDER}
    except (yaml.YAMLError, KeyError, AttributeError, TypeError) as fault:
        raise LanguageDataError(f"danger_rules.yaml is incomplete: {fault}") from fault
    return _Rules(checks, signs)


def _one(name: str, lines: list[str], classes: dict[str, str]) -> re.Pattern[str]:
    """All alternatives of a rule as one pattern, word classes put in."""
    joined = "|".join(lines)
    for _ in range(2):  # a class may be made of another one
        for word_class, words in classes.items():
            joined = joined.replace("{" + word_class + "}", f"(?:{words})")
    try:
        return re.compile(joined)
    except re.error as fault:
        raise LanguageDataError(f"danger_rules.yaml, {name}: {fault}") from fault


@cache
def _phrases() -> tuple[frozenset[str], frozenset[str]]:
    """Phrases of danger and phrases of calm (lines starting with ``calm:``) of ``danger.txt``."""
    danger: set[str] = set()
    calm: set[str] = set()
    for line in (data_folder() / "danger.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("calm:"):
            calm.update(line.removeprefix("calm:").split())
        elif not line.startswith("#"):
            danger.update(line.split())
    return frozenset(danger), frozenset(calm)


@cache
def _phrases_by_sound() -> dict[tuple[str, ...], str]:
    danger, calm = _phrases()
    return {
        tuple(syllables(word) if len(word) < 3 else map(fuzzy_syllable, syllables(word))): word
        for word in sorted(danger | calm)
    }


def repaired(bare: str) -> tuple[str, int]:
    """The text with stretches that sound like a phrase of danger written as that phrase: three and
    more syllables by fuzzy sound, two only exactly. Also the length of the longest replaced."""
    sounds = syllables(bare)
    if len(sounds) != len(bare):
        return bare, 0
    phrases = _phrases_by_sound()
    calm = _phrases()[1]
    fuzzy = [fuzzy_syllable(sound) for sound in sounds]
    result: list[str] = []
    longest = 0
    while (position := sum(map(len, result))) < len(bare):
        for length in range(_LONGEST_PHRASE, 1, -1):
            heard = fuzzy if length > 2 else sounds
            phrase = phrases.get(tuple(heard[position : position + length]))
            if phrase is not None and len(phrase) == length:
                if bare[position : position + length] != phrase and phrase not in calm:
                    longest = max(longest, length)
                result.append(phrase)
                break
        else:
            result.append(bare[position])
    return "".join(result), longest


def find_danger(text: str) -> Danger | None:
    """The most serious sign of danger in a text, live ones first; None without any sign."""
    bare = plain(text)
    rules = _rules()
    seen: Danger | None = None
    for form, heard in dict.fromkeys(((bare, 0), repaired(bare))):
        cleaned = rules.checks["harmless"].sub("呵", form)
        for kind in _ORDER:
            found = rules.signs[kind].search(cleaned)
            if found is None:
                continue
            against = _against(kind, cleaned)
            danger = Danger(kind, not against, found[0], against, heard)
            if danger.live:
                return danger
            seen = seen or danger
    return seen


def harmful(text: str) -> bool:
    """Is some word of harm or of leave-taking in the text, spelt or heard?"""
    return bool(_rules().checks["harm"].search(repaired(plain(text))[0]))


def calming(text: str) -> bool:
    """Does anything speak for a calm question: the past, hearsay, a question of law?"""
    bare = repaired(plain(text))[0]
    checks = _rules().checks
    names = ("told", "denied", "law", "past", "imagined", "police", "question", "harmless")
    return any(checks[name].search(bare) for name in names)


def _against(kind: EmergencyKind, text: str) -> str:
    """What says that there is no danger now, ``name: words``; empty when nothing does."""
    checks = _rules().checks
    wish = checks["wish"].search(text) and not checks["question"].search(text)
    names = ["told", "denied"]
    if not wish:
        names.append("law")
    goes_on = checks["still"].search(text)
    if not goes_on:
        names.append("past")
    if not goes_on and not (kind is EmergencyKind.SUICIDE and checks["self_threat"].search(text)):
        names.append("imagined")
    if kind is EmergencyKind.ABDUCTION:
        names += ["police", "family"]
    elif kind is EmergencyKind.CONFINEMENT:
        names += ["police", "everyday"]
    for name in names:
        found = checks[name].search(text)
        if found:
            return f"{name}: {found[0]}"
    return ""
