"""Understands which city or county of Anhui a caller names: “我在肥西”, “老家是无为的”."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin

from hotline.knowledge.models import Region

_SUFFIXES = ("县", "区", "市")
# These are also everyday words (天长地久, 无为, 回来安排) or places elsewhere; without 县/区/市
# they count only where the sentence plainly speaks of a place.
_EVERYDAY = re.compile(
    "天长|无为|来安|大通|东至|太和|大观|明光|怀远|花山|南陵|金安|望江|五河|太湖|义安|宁国|青阳|定远"
    "|镜湖|雨山|利辛|黄山"
)
# Words that only begin like a region: 回来安排, 他和县里的人.
_NOT_PLACE = re.compile(r"来安[排慰装置顿全心抚]|和县[里城政法]|无为而|大观园|大通[铺道]|怀远大")
_BEFORE = re.compile(r"(?:在|住|家|家是|人是|到|去|回|来自|安徽|安徽省|属于|归|市)(?:的)?$")
_AFTER = re.compile(r"^(?:这边|这里|那边|那里|人|县城|城里|本地|当地|下面|乡下|农村|老家)")
_PARTICLES = re.compile(r"^(?:我|我们|咱|俺|嗯|那个|就|是|在|住|住在|家在|就是|应该是)*")
_ENDINGS = re.compile(r"(?:的|吧|呢|啊|呀|哦|嘛|了|人|这边|那边)*$")
# A district of 铜陵 with the most ordinary of names.
_SUBURB = "郊区"
# Written alike nowhere, said alike everywhere: cities outside Anhui that are not ours.
_ELSEWHERE = ("苏州", "惠州", "景德镇", "郴州", "惠山", "大同")
_FOLDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
# Names whose characters have another everyday reading.
_READINGS = {"六安": "lu an", "涡阳": "guo yang", "枞阳": "zong yang", "歙县": "she xian"}


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    region: Region


class RegionFinder:
    """Finds the regions a sentence names; counties before cities, in the order they are said."""

    def __init__(
        self, regions: Sequence[Region], pinyin: Callable[[str], str] | None = None
    ) -> None:
        self._regions = tuple(regions)
        self._pinyin = pinyin or toneless
        self._said = {region.code: self._reading(region.name) for region in self._regions}

    def find(self, text: str) -> list[Region]:
        """Regions named in a sentence; empty when none.

        A county's own city is left out when the county is named too. By sound (飞西县) a name
        is taken only when nothing matches by character, and it has three syllables or is all that
        is said.
        """
        plain = re.sub(r"[\s，。,.！!？?、；;]", "", text)
        found = self._longest([*self._written(plain)])
        if not found:
            found = self._longest([*self._heard(plain)])
        named = {hit.region for hit in found}
        cities_of_counties = {region.city for region in named if not region.is_city}
        hits = [
            hit
            for hit in sorted(found, key=lambda hit: (hit.region.is_city, hit.start))
            if not (hit.region.is_city and hit.region.name in cities_of_counties)
        ]
        return list(dict.fromkeys(hit.region for hit in hits))

    def _written(self, text: str) -> list[_Found]:
        hits: list[_Found] = []
        for region in self._regions:
            short = short_name(region.name)
            for match in re.finditer(re.escape(region.name), text):
                if _is_place(region, region.name, text, match.start(), match.end()):
                    hits.append(_Found(match.start(), match.end(), region))
            if len(short) > 1:
                for match in re.finditer(re.escape(short), text):
                    if _is_place(region, short, text, match.start(), match.end()):
                        hits.append(_Found(match.start(), match.end(), region))
        return hits

    def _heard(self, text: str) -> list[_Found]:
        for elsewhere in _ELSEWHERE:
            text = text.replace(elsewhere, "某地")
        syllables = self._syllables(text)
        alone = self._syllables(_ENDINGS.sub("", _PARTICLES.sub("", text)))
        hits: list[_Found] = []
        for region in self._regions:
            said = self._said[region.code]
            if region.name == _SUBURB:
                continue
            if alone == said or (len(said) > 2 and alone == said[:-1]):
                hits.append(_Found(0, len(syllables), region))
            if len(said) < 3:
                continue
            for start in range(len(syllables) - len(said) + 1):
                if syllables[start : start + len(said)] == said:
                    hits.append(_Found(start, start + len(said), region))
        return hits

    @staticmethod
    def _longest(hits: list[_Found]) -> list[_Found]:
        """Of overlapping hits the longest; of equally long ones a city before a district."""
        kept: list[_Found] = []
        for hit in sorted(hits, key=lambda h: (h.start - h.end, not h.region.is_city, h.start)):
            if all(hit.end <= other.start or hit.start >= other.end for other in kept):
                kept.append(hit)
        return kept

    def _syllables(self, text: str) -> tuple[str, ...]:
        return tuple(fold(syllable) for syllable in self._pinyin(text).split())

    def _reading(self, name: str) -> tuple[str, ...]:
        short = short_name(name)
        if name in _READINGS:
            return tuple(map(fold, _READINGS[name].split()))
        if short in _READINGS:
            return (*map(fold, _READINGS[short].split()), *self._syllables(name[-1]))
        return self._syllables(name)


def short_name(name: str) -> str:
    """``肥西县`` → ``肥西``; ``郊区`` and ``和县`` keep one character, too little to go by."""
    return name[:-1] if name.endswith(_SUFFIXES) else name


def _is_place(region: Region, name: str, text: str, start: int, end: int) -> bool:
    """Whether this piece of the sentence means the region and not an everyday word."""
    if name == _SUBURB:
        return short_name(region.city) in text
    if _NOT_PLACE.match(text, start):
        return False
    if not _EVERYDAY.fullmatch(name):
        return True
    rest = _ENDINGS.sub("", _PARTICLES.sub("", text))
    if rest == name or short_name(region.city) in text.replace(name, "", 1):
        return True
    return bool(_BEFORE.search(text[:start])) or bool(_AFTER.match(text[end:]))


def fold(syllable: str) -> str:
    """One spelling for the sounds Anhui speakers do not keep apart (zh/z, n/l, ing/in)."""
    for full, plain in _FOLDS:
        if syllable.startswith(full):
            syllable = plain + syllable[len(full) :]
    return syllable[:-1] if syllable.endswith(("ing", "eng")) else syllable


@lru_cache(maxsize=4096)
def toneless(text: str) -> str:
    """Toneless pinyin, syllables separated by spaces: ``肥西县`` → ``fei xi xian``."""
    return " ".join(lazy_pinyin(text))
