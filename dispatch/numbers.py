"""Order numbers: 14 digits a caller can read out: yyyymmdd, five of a sequence, a check digit."""

from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has one time and no summer time."""
MAX_SEQUENCE = 99_999


def china_day(at: datetime) -> str:
    """The day in China, ``yyyymmdd``."""
    return at.astimezone(CHINA).strftime("%Y%m%d")


def luhn_digit(digits: str) -> str:
    """The Luhn check digit: finds every wrong digit and nearly every swap of neighbours."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def make_order_no(day: str, sequence: int) -> str:
    """The number of a day's ``sequence``-th order (1..99999)."""
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise ValueError(f"sequence {sequence} does not fit into five digits")
    digits = f"{day}{sequence:05d}"
    return digits + luhn_digit(digits)


def is_order_no(text: str) -> bool:
    """14 digits whose check digit is right."""
    plain = text.isascii() and text.isdigit() and len(text) == 14
    return plain and luhn_digit(text[:-1]) == text[-1]
