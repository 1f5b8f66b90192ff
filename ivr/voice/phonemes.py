"""Syllables to the phonemes Kokoro was taught: misaki's Chinese IPA with arrows for tones. Pure."""

from collections.abc import Iterable
from functools import cache

from misaki.transcription import pinyin_to_ipa

from ivr.voice.english import ENGLISH
from ivr.voice.pinyin import Word

_TONES = (("˧˩˧", "↓"), ("˧˥", "↗"), ("˥˩", "↘"), ("˥", "→"))
_MARKS = {"，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":"}
_APICAL = (chr(635) + chr(809), chr(633) + chr(809))
_NON_SYLLABIC = chr(815)


@cache
def syllable_ipa(syllable: str) -> str:
    """``zhang3`` to its phonemes, as ``misaki.zh.ZHG2P`` writes them; ``r5`` is erhua's colour.

    An English word is given back as misaki's English writes it.
    """
    if syllable == "r5":
        return "ɚ"
    if syllable in ENGLISH:
        return ENGLISH[syllable]
    ipa = "".join(pinyin_to_ipa(syllable)[0])
    for contour, arrow in _TONES:
        ipa = ipa.replace(contour, arrow)
    for vowel in _APICAL:
        ipa = ipa.replace(vowel, "ɨ")
    return ipa.replace(_NON_SYLLABIC, "")


def word_ipa(words: Iterable[Word]) -> str:
    """Phonemes of words, with a space between two words as in the model's training text."""
    return " ".join("".join(map(syllable_ipa, word.syllables)) for word in words if word.syllables)


def mark_ipa(mark: str) -> str:
    """A pause mark as the model knows it."""
    return _MARKS.get(mark, ",")


__all__ = ["mark_ipa", "syllable_ipa", "word_ipa"]
