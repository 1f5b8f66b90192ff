"""Choosing from lists by keys: pages of eight, 9 for more, # for none; a county by area code."""

from collections.abc import Sequence

from ivr.bot.prompts import KEYS, MENU_MORE, MENU_NONE, menu_entry
from ivr.bot.talk import Talk

PAGE = len(KEYS)
PICK_S = 12.0
"""Lists take longer to think about."""


def read_list(t: Talk, labels: Sequence[str]) -> None:
    """Read the present page of a list and wait for a key. Ends the turn."""
    start = t.s.page * PAGE
    shown = labels[start : start + PAGE]
    texts = [menu_entry(label, KEYS[n]) for n, label in enumerate(shown)]
    texts.append(MENU_MORE if len(labels) > start + PAGE else MENU_NONE)
    t.ask(*texts, expect="choice", timeout_s=PICK_S)


def chosen(t: Talk, digit: str, count: int) -> int | None:
    """Index of the entry a key stands for on the present page; None when it stands for none."""
    if digit not in KEYS:
        return None
    index = t.s.page * PAGE + KEYS.index(digit)
    return index if index < count else None


class Picker:
    """A county of Anhui by keys: area code, city where two share it, county.

    ``key`` returns True when it is settled (``region``, None when skipped); otherwise it has ended
    the turn by itself. The state's ``menu`` is ``cities:…`` or ``counties:…`` while lists are read.
    """

    def __init__(self, t: Talk) -> None:
        self.t = t
        self.region: str | None = None

    def key(self, digit: str) -> bool:
        name, _, code = self.t.s.menu.partition(":")
        if name == "cities":
            return self._city(digit, code)
        if name == "counties":
            return self._county(digit, code)
        return self._area(digit)

    def _area(self, digit: str) -> bool:
        t = self.t
        if digit != "#":
            t.s.entry += digit
            t.s.keyed = True
            if len(t.s.entry) < (4 if t.s.entry.startswith("0") else 3):
                t.listen()
                return False
        entry, t.s.entry, t.s.keyed = t.s.entry, "", False
        if not entry:
            return True
        cities = t.tools.places.by_area_code(entry)
        if not cities:
            return True
        if len(cities) > 1:
            t.s.menu, t.s.page = f"cities:{entry}", 0
            read_list(t, [region.name for region in cities])
        else:
            self._counties(cities[0].code)
        return False

    def _counties(self, city: str) -> None:
        t = self.t
        t.s.menu, t.s.page = f"counties:{city}", 0
        read_list(t, [region.name for region in t.tools.places.counties(city)])

    def _city(self, digit: str, area: str) -> bool:
        cities = self.t.tools.places.by_area_code(area)
        index = chosen(self.t, digit, len(cities))
        if index is None:
            self.t.s.menu = ""
            return True
        self._counties(cities[index].code)
        return False

    def _county(self, digit: str, city: str) -> bool:
        t = self.t
        counties = t.tools.places.counties(city)
        if digit == "9" and len(counties) > (t.s.page + 1) * PAGE:
            t.s.page += 1
            read_list(t, [region.name for region in counties])
            return False
        index = chosen(t, digit, len(counties))
        self.region = city if index is None else counties[index].code
        t.s.menu = ""
        return True
