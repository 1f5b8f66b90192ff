"""Spoken Chinese numbers to digits: 三千五百 -> 3500, 一百二 -> 120, 幺三八 -> 138."""

import re
from collections.abc import Callable

_DIGITS = {
    char: value
    for value, chars in enumerate(
        ["零〇洞", "一幺壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七拐柒", "八捌", "九勾玖"]
    )
    for char in chars
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}

_ONE = "零〇一二两三四五六七八九"
_SPOKEN_DIGIT = "零〇洞一幺二两三四五六七拐八九"
_RUN = re.compile(rf"[{_SPOKEN_DIGIT}0-9](?:[ ,，、。.-]*[{_SPOKEN_DIGIT}0-9]){{2,}}")
_QUANTITY = re.compile(
    rf"(?:\d+(?:\.\d+)?|[{_ONE}十百千])?[{_ONE}十百千万亿\d]*[十百千万亿][{_ONE}十百千万亿]*"
)
_PERCENT = re.compile(rf"百分之([{_ONE}十百千点\d.]+)")
_DATE_PART = re.compile(rf"(?<=年)([{_ONE}十]{{1,3}})(?=月)|(?<=月)([{_ONE}十]{{1,3}})(?=[日号])")
_NOT_A_NUMBER = re.compile(
    r"万一|千万别|千万不|千万要|千万|十分|百姓|百货|万能|一百个不|三千里|万元户"
)


def parse_number(text: str) -> int | None:
    """Value of a spoken or written whole number (``一万二`` is 12000); None when it is none."""
    text = text.strip()
    if not text:
        return None
    mixed = re.fullmatch(r"(\d+(?:\.\d+)?)([十百千万亿]*)", text)
    if mixed:
        value = float(mixed[1])
        for unit in mixed[2]:
            value *= _UNITS.get(unit) or _LARGE[unit]
        return round(value)
    if all(char in _DIGITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    return _parse_units(text)


def _parse_units(text: str) -> int | None:
    total, section, digit, last_unit = 0, 0, None, 1
    for position, char in enumerate(text):
        if char in _DIGITS:
            digit = _DIGITS[char]
            if digit == 0:
                last_unit = 1  # 三千零五: the zero ends "short for the next lower unit"
        elif char.isdigit():
            digit = (digit or 0) * 10 + int(char)
        elif char in _UNITS:
            unit = _UNITS[char]
            section += (
                1 if digit is None and position == 0 else digit or (1 if unit == 10 else 0)
            ) * unit
            digit, last_unit = None, unit
        elif char in _LARGE:
            counted = section + (digit or 0)
            # 一亿两千万: the 万 counts what follows the 亿; 两万亿: the 亿 counts all before
            total = total + counted * 10_000 if char == "万" else (total + counted) * _LARGE[char]
            section, digit, last_unit = 0, None, _LARGE[char]
        else:
            return None
    if digit:
        section += digit * (last_unit // 10 if last_unit > 10 else 1)
    return total + section


def spoken_digits(text: str) -> str:
    """Digits of a run said one by one, 幺三八零 -> 1380; other characters are skipped."""
    return "".join(
        char if char.isdigit() and char.isascii() else str(_DIGITS[char])
        for char in text
        if char in _DIGITS or (char.isdigit() and char.isascii())
    )


def to_digits(text: str) -> str:
    """The text with quantities, digit runs, percentages and dates written in digits.

    Single small numbers (三个月) stay as they are: they read well and often are no numbers at all
    (一直, 三金, 五险一金).
    """
    text = _PERCENT.sub(lambda found: f"{_show(found[1])}%", text)
    text = _guarded(_RUN, text, lambda run: _run(run))
    text = _guarded(_QUANTITY, text, _show)
    return _DATE_PART.sub(lambda found: _show(found[0]), text)


def _run(run: str) -> str:
    digits = spoken_digits(run)
    small = len(digits) < 4 and not any(char in "零〇洞幺拐" for char in run)
    return run if small and not run.isascii() else digits


def _show(text: str) -> str:
    if "点" in text:
        whole, _, tail = text.partition("点")
        value = parse_number(whole)
        return text if value is None else f"{value}.{spoken_digits(tail)}"
    value = parse_number(text)
    return text if value is None else str(value)


def _guarded(pattern: re.Pattern[str], text: str, show: Callable[[str], str]) -> str:
    """Replace matches that are not part of a word like 万一 or 十分."""
    blocked = [found.span() for found in _NOT_A_NUMBER.finditer(text)]

    def replace(found: re.Match[str]) -> str:
        if any(start < found.end() and found.start() < end for start, end in blocked):
            return found[0]
        if not any(char in "".join(_DIGITS) or char.isdigit() for char in found[0]):
            # 十 alone is a number only where something is counted: 十块; 百, 千, 万 alone are not
            return (
                "10"
                if found[0] == "十"
                and found.string[found.end() : found.end() + 1] in tuple("块元万天年")
                else found[0]
            )
        return show(found[0])

    return pattern.sub(replace, text)
