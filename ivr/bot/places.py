"""Cities and counties of Anhui as the dialogue names, lists and finds them by area code."""

import re
from collections.abc import Iterable

from hotline.knowledge.models import Region

AREA_CODES: dict[str, tuple[str, ...]] = {
    "0550": ("341100",),
    "0551": ("340100",),
    "0552": ("340300",),
    "0553": ("340200",),
    "0554": ("340400",),
    "0555": ("340500",),
    "0556": ("340800",),
    "0557": ("341300",),
    "0558": ("341200", "341600"),
    "0559": ("341000",),
    "0561": ("340600",),
    "0562": ("340700",),
    "0563": ("341800",),
    "0564": ("341500",),
    "0565": ("340181", "340100"),
    "0566": ("341700",),
}
"""Telephone area codes of Anhui and the cities they serve: the one number of their place that
callers know by heart, so it stands in for its name while recognition is down."""

_ELSEWHERE = re.compile(
    r"(北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|福建|江西|山东|河南|湖北|湖南"
    r"|广东|广西|海南|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆|内蒙古|香港|澳门|台湾"
    r"|南京|苏州|无锡|杭州|宁波|温州|武汉|郑州|广州|深圳|东莞|外省|外地|国外)"
)


class Places:
    """A table of regions with the few questions the dialogue asks of it."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._by_code = {region.code: region for region in regions}

    def known(self, code: str | None) -> bool:
        return code in self._by_code

    def is_city(self, code: str) -> bool:
        """Whether the code names a whole city, so that the county is still open."""
        region = self._by_code.get(code)
        return region is not None and region.is_city

    def name(self, code: str) -> str:
        """Its own name, ``肥西县``; empty when unknown."""
        region = self._by_code.get(code)
        return region.name if region else ""

    def city(self, code: str) -> str:
        """Name of its city, ``合肥市``; empty when unknown."""
        region = self._by_code.get(code)
        return region.city if region else ""

    def spoken(self, code: str) -> str:
        """``肥西县``; a district with its city, as names recur: ``合肥市蜀山区``."""
        region = self._by_code.get(code)
        if region is None:
            return ""
        return self.full(code) if region.name.endswith("区") else region.name

    def full(self, code: str) -> str:
        """``合肥市肥西县``; a city alone is ``合肥市``."""
        region = self._by_code.get(code)
        if region is None:
            return ""
        return region.name if region.name == region.city else f"{region.city}{region.name}"

    def counties(self, city_code: str) -> list[Region]:
        """Counties and districts of a city, in the order of their codes."""
        head = city_code[:4]
        return [
            region
            for code, region in sorted(self._by_code.items())
            if code.startswith(head) and code != city_code
        ]

    def by_area_code(self, digits: str) -> list[Region]:
        """Cities served by a telephone area code, given with or without its leading 0."""
        codes = AREA_CODES.get(digits) or AREA_CODES.get(f"0{digits}") or ()
        return [self._by_code[code] for code in codes if code in self._by_code]


def elsewhere(text: str) -> str | None:
    """A place outside Anhui named in the text, else None."""
    found = _ELSEWHERE.search(text)
    return found.group(1) if found else None
