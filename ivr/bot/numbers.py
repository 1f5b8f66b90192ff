"""Telephone numbers and digits: checking them, writing them so that they are read one by one."""

import re

_HEARD = str.maketrans("零〇洞幺一二两三四五六七拐八九", "000112234567789")
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
ORDER_DIGITS = 14
TAIL_DIGITS = 4
MOBILE_DIGITS = 11


def spell(digits: str) -> str:
    """``1383`` -> ``幺三八三``: never read as a quantity."""
    return digits.translate(_SPOKEN)


def spell_groups(digits: str) -> str:
    """A whole number in groups one can write down: ``幺三八，幺二三四，五六七八``."""
    if len(digits) == MOBILE_DIGITS and digits[0] == "1":
        parts = [digits[:3], digits[3:7], digits[7:]]
    else:
        parts = [digits[i : i + 4] for i in range(0, len(digits), 4)]
    return "，".join(spell(part) for part in parts)


def clean_phone(digits: str) -> str:
    """Digits only, without the country code."""
    digits = re.sub(r"\D", "", digits)
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) == MOBILE_DIGITS:
            return digits[len(prefix) :]
    return digits


def is_phone(digits: str) -> bool:
    """A mobile (11 digits), a fixed line with or without area code."""
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        return True
    return bool(re.fullmatch(r"0\d{9,11}|[2-8]\d{6,7}", digits))


def digits_in(text: str) -> str:
    """Digits of a text that is hardly more than digits, spoken or written; else nothing."""
    plain = text.translate(_HEARD)
    digits = "".join(char for char in plain if char in "0123456789")
    rest = sum(1 for char in plain if char.isalpha())
    return digits if len(digits) >= 2 and rest <= max(3, len(digits)) else ""
