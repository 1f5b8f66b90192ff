"""What of the knowledge base is said aloud, and how long it takes to say it."""

import re

import cn2an

from hotline.knowledge.models import Answer, Office

MOST_SYLLABLES = 95
"""A text of this length is spoken in 20 s by a calm voice."""

NATIONAL_NUMBERS = frozenset(
    re.findall(r"\d+", "110 119 120 122 12309 12315 12333 12338 12345 12348 12356 12368 96110")
)
"""Telephone numbers the same everywhere in the country; no other may be spoken in an answer."""

_LONG_NUMBER = 5
"""From this many digits on a number is read digit by digit, not as a quantity."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")


def spoken(answer: Answer) -> str:
    """The full text of an answer as it is said: the law, the next step, what to prepare."""
    parts = [answer.answer, answer.next_step]
    if answer.prepare:
        parts.append(f"请准备{'、'.join(answer.prepare)}")
    return "".join(part if part.endswith(("。", "？", "！")) else f"{part}。" for part in parts)


def syllables(text: str) -> int:
    """How many syllables the text has when read aloud; punctuation has none."""
    count = sum(_number_syllables(number) for number in _NUMBER.findall(text))
    return count + sum(1 for char in _NUMBER.sub("", text) if char.isalpha())


def _number_syllables(number: str) -> int:
    percent = number.endswith("%")
    plain = number.rstrip("%")
    if percent:
        return 3 + _number_syllables(plain)
    if plain in NATIONAL_NUMBERS or plain.startswith("0") or len(plain) >= _LONG_NUMBER:
        return len(plain)
    return len(cn2an.an2cn(plain))


def speak_office(office: Office) -> str:
    """An office as it is told to a caller. What is not confirmed is not spoken."""
    if not office.confirmed:
        return (
            f"{office.name}的地址和电话我这里还没有核实，不能随便告诉您。"
            "您可以说转人工，请话务员查询，也可以上12348中国法网查找。"
        )
    parts = [f"{office.name}"]
    if office.address:
        parts.append(f"地址在{office.address}")
    if office.telephone:
        parts.append(f"电话是{office.telephone}")
    if office.hours:
        parts.append(f"办公时间是{office.hours}")
    return "，".join(parts) + "。"
