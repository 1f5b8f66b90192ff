"""What a recognizer wrote, as a person said it: simplified characters, no marks, spoken numbers.

Numbers come out in Chinese numerals, as they are spoken (三个月, 二零二六年五月, 一三八…), whatever
the engine wrote: so that one spelling reaches the understanding, and a telephone number stays a
row of digits. 两 stands before a measure word, as in speech.
"""

import re
import unicodedata
from functools import cache
from typing import Any

DIGITS = "零一二三四五六七八九"
_DIGIT_BY_DIGIT_FROM = 7
"""Numbers this long are telephone, order or ID numbers, not sums."""
_SERVICE_NUMBERS = frozenset(
    {"110", "119", "120", "122", "12345", "12348", "12356", "12309", "12333"}
)
_PUNCTUATION = re.compile(r"[^\w]|_")
_NUMBER = re.compile(
    r"(?P<date>(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2}))"
    r"|(?P<clock>(?P<h>\d{1,2}):(?P<min>\d{2}))"
    r"|(?P<percent>\d+(?:\.\d+)?)%"
    r"|(?P<year>\d{4}|\d{2})(?=年(?!前|后|多|以|的|来|了|期|左|没|还|都))"
    r"|(?P<grouped>\d{1,3}(?:,\d{3})+)"
    r"|(?P<plain>\d+(?:\.\d+)?)"
)
_MOBILE = re.compile(r"(?<!\d)(1\d{2})[ -](\d{4})[ -]?(\d{4})(?!\d)")
_MEASURES = "个万千亿位名块元天年口次家岁米套间栋辆台份张条百周只多百倍点人"


def normalise(raw: str) -> str:
    """Engine text to what was said: simplified, spoken numbers, no punctuation, no spaces."""
    text = unicodedata.normalize("NFKC", raw)
    text = _to_simplified().convert(text)
    text = _MOBILE.sub(r"\1\2\3", text)
    text = _NUMBER.sub(_spoken, text)
    text = re.sub(rf"(?<=[{DIGITS}])幺|幺(?=[{DIGITS}幺])", "一", text)
    return _PUNCTUATION.sub("", text)


def syllables(text: str) -> int:
    """Roughly how many syllables a text has: one a character, one a Latin word's two letters."""
    latin = sum(len(word) for word in re.findall(r"[A-Za-z]+", text))
    others = sum(1 for char in text if char.isalnum() and not char.isascii())
    return others + sum(char.isdigit() and char.isascii() for char in text) + (latin + 1) // 2


def _spoken(match: re.Match[str]) -> str:
    if match["date"]:
        return f"{_row(match['y'])}年{_cardinal(match['m'])}月{_cardinal(match['d'])}日"
    if match["clock"]:
        minutes = _cardinal(match["min"]) + "分" if int(match["min"]) else ""
        return f"{_cardinal(match['h'])}点{minutes}"
    if match["percent"]:
        return "百分之" + _cardinal(match["percent"])
    if match["year"]:
        return _year(match["year"])
    if match["grouped"]:
        return _cardinal(match["grouped"].replace(",", ""))
    number = match["plain"]
    following = match.string[match.end() : match.end() + 1]
    if number in _SERVICE_NUMBERS or _is_row(number):
        return _row(number)
    if number == "2" and following and following in _MEASURES:
        return "两"
    return _cardinal(number)


def _is_row(number: str) -> bool:
    whole = number.partition(".")[0]
    if len(number) > 1 and number.startswith("0") and "." not in number:
        return True
    if "." in number:
        return False
    return len(whole) >= _DIGIT_BY_DIGIT_FROM and not whole.endswith("0000")


def _year(digits: str) -> str:
    if len(digits) == 2 and int(digits) < 60:
        # 10年: ten years more often than 2010
        return _cardinal(digits)
    return _row(digits)


def _row(digits: str) -> str:
    return "".join(DIGITS[int(digit)] for digit in digits)


def _cardinal(number: str) -> str:
    import cn2an

    whole, _, part = number.partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > 16:
        return _row(whole)
    words = str(cn2an.an2cn(whole, "low"))
    words = re.sub(r"^一十", "十", words)
    words = re.sub(r"^二(?=[千万亿百])", "两", words)
    return words + ("点" + _row(part) if part else "")


@cache
def _to_simplified() -> Any:
    import opencc

    return opencc.OpenCC("t2s")
