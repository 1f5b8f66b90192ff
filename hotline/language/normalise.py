"""Texts in one form: half width, simplified, without fillers, numbers in digits."""

import re
import unicodedata
from functools import cache
from importlib import resources

import opencc

from hotline.language.errors import LanguageDataError
from hotline.language.numerals import to_digits

_KEEP = re.compile(r"[^0-9a-z\u3400-\u4dbf\u4e00-\u9fff%]+")
_STUTTER = re.compile(
    r"([我你他她就那这不是要])\1{1,}(?=[\u4e00-\u9fff])|(我们|你们|他们|那个|这个|就是|老板|然后)\2+"
)
_NUMBER_BEFORE_UNIT = re.compile(
    r"(?<![万加])[0-9零〇一二两三四五六七八九十百千万亿几多]+(?:\.[0-9]+)?多?"
    r"(?=块|元|年|天|个|岁|亩|人|口|次|点|级|米|套|小时|分钟|月|号|日|平|斤|台|家|户|分利)"
)


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _fillers() -> tuple[re.Pattern[str], re.Pattern[str]]:
    lists: dict[str, list[str]] = {"anywhere": [], "start": []}
    source = resources.files("hotline.language") / "data" / "filler.txt"
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        where, _, words = line.partition(" ")
        if where not in lists:
            raise LanguageDataError(
                f"filler.txt line {number}: starts with neither anywhere nor start"
            )
        lists[where] += words.split()
    anywhere, start = (
        "|".join(sorted(map(re.escape, words), key=len, reverse=True)) for words in lists.values()
    )
    return re.compile(anywhere), re.compile(rf"^(?:{start})+")


def simplify(text: str) -> str:
    """Half width, lower case, simplified characters; punctuation kept."""
    return str(_converter().convert(unicodedata.normalize("NFKC", text).lower()))


def plain(text: str) -> str:
    """The form everything is matched in: only characters, letters and digits, no fillers.

    A text of nothing but fillers (嗯) is kept, for it may be an answer.
    """
    bare = _KEEP.sub("", simplify(text))
    anywhere, start = _fillers()
    without = start.sub("", anywhere.sub("", bare))
    without = _STUTTER.sub(lambda found: found[1] or found[2], without)
    return without or bare


def normalise(text: str) -> str:
    """Readable normal form: simplified, half width, no fillers, spoken numbers in digits.

    ``那个三千五百块钱要不回来`` becomes ``3500块钱要不回来``.
    """
    simple = re.sub(r"\s+", "", simplify(text))
    anywhere, start = _fillers()
    without = start.sub("", anywhere.sub("", simple)).strip("，。,.!！?？、;；")
    return to_digits(without or simple)


def masked(text: str) -> str:
    """``plain`` text with every counted number as N, so that 三个月 and 五个月 look alike."""
    return _NUMBER_BEFORE_UNIT.sub("n", text)
