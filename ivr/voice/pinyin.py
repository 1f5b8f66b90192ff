"""Chinese words to syllables as they are said: polyphones, tone sandhi, erhua. Pure.

Words are cut by jieba's dictionary with the lexicon of the trade added; a word of the lexicon is
read as written there, others by pypinyin's phrases, lone characters with several readings by their
neighbours. Syllables are pinyin with a tone figure (5 neutral) and ``v`` for ü.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import rjieba
from pypinyin import Style, lazy_pinyin

_NUMERALS = frozenset("零一二三四五六七八九十百千万亿幺两点")
_FIGURES = frozenset("零一二三四五六七八九幺")
_BEFORE_FIRST = frozenset("第初周期之统唯")
_ORDINAL_NEXT = frozenset("月号审级等楼线期班")
"""After 一 these make an order (一审, 一月, 一级): 一 keeps its first tone."""
_PRONOUNS = frozenset("我你您他她它谁咱")
_BEFORE_MUST = frozenset(("我们", "你们", "他们", "她们", "咱们", *"都也还就总必"))
_NOT_ERHUA = frozenset("女婴幼孤少胎健孙侄妻男患生育托")
"""Before 儿 these keep it a syllable of its own: 女儿, 婴儿."""
_LETTERS = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4",
    "H": "ei1 chi3", "I": "ai4", "J": "jie4", "K": "kai4", "L": "ai2 lou5", "M": "ai2 mu5",
    "N": "en1", "O": "ou1", "P": "pi4", "Q": "kou1", "R": "a4 er5", "S": "ai2 si5", "T": "ti4",
    "U": "you1", "V": "wei1", "W": "da2 bu5 liu5", "X": "ai2 ke5 si5", "Y": "wai4", "Z": "zei4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word and its syllables; erhua is a last syllable ``r5``."""

    text: str
    syllables: tuple[str, ...]


@cache
def lexicon() -> dict[str, tuple[str, ...]]:
    """Word to syllables, from ``data/lexicon.tsv``."""
    lines = resources.files("ivr.voice").joinpath("data/lexicon.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in lines.splitlines() if line and line[0] != "#")
    return {word: tuple(reading.split()) for word, reading in rows}


@cache
def _cutter() -> rjieba.Jieba:
    cutter = rjieba.Jieba()
    for word in lexicon():
        if len(word) > 1:
            # frequent enough to be one word, not so frequent as to be torn out of a longer one
            cutter.add_word(word, max(cutter.suggest_freq(word), 20), "n")
    return cutter


def words(clause: str) -> tuple[Word, ...]:
    """Cut and read one clause without pause marks.

    Chinese characters, capital letters, and English words in small letters, which are their own
    and only "syllable".
    """
    parts = re.findall(r"[A-Z]|[a-z]+|[^A-Za-z ]+", clause)
    texts: list[str] = []
    for part in parts:
        texts += [part] if part.isascii() else _cutter().cut(part)
    read = [
        list(_reading(text, texts[i - 1] if i else "", texts[i + 1 :]))
        for i, text in enumerate(texts)
    ]
    _sandhi(texts, read)
    return tuple(Word(text, tuple(syllables)) for text, syllables in zip(texts, read, strict=True))


def _reading(word: str, before: str, after: Sequence[str]) -> Sequence[str]:
    if word.isascii():
        return _LETTERS[word].split() if word in _LETTERS else [word]
    known = lexicon().get(word)
    if known:
        return known
    if len(word) == 1:
        choose = _LONE.get(word)
        if choose is not None:
            return [choose(before, "".join(after[:2]))]
    if word[-1] == "儿" and len(word) > 1 and word[-2] not in _NOT_ERHUA:
        return [*_reading(word[:-1], before, after), "r5"]
    return _parts(word)


def _parts(word: str) -> list[str]:
    """Read a word, words of the lexicon inside it as the lexicon says."""
    for size in range(len(word) - 1, 1, -1):
        for start in range(len(word) - size + 1):
            known = lexicon().get(word[start : start + size])
            if known:
                head, tail = word[:start], word[start + size :]
                return [*(_parts(head) if head else []), *known, *(_parts(tail) if tail else [])]
    syllables = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    # the phrases hold 一 and 不 with their tones changed already; the change is made later, once
    plain = {"一": "yi1", "不": "bu4"}
    if len(syllables) == len(word):
        syllables = [plain.get(char, one) for char, one in zip(word, syllables, strict=True)]
    return [one for one in syllables if one[-1:].isdigit()]


_PAY_BACK = re.compile("[钱款债账清贷本息给了吗或以]|的(?!确)|多少")
"""After 还 these say that something is owed: 还本金, 要还的, 还以前的."""
_GET = re.compile("[您他她它你我]的|遗产|财产")

# ---- lone characters with several readings ------------------------------------------------------


def _huan_or_hai(before: str, after: str) -> str:
    return "huan2" if not after or _PAY_BACK.match(after) else "hai2"


def _de_or_dei(before: str, after: str) -> str:
    if before[-1:] == "不":
        return "de2"
    if before in ("只能", "可", "可以", "应", "应当") or _GET.match(after):
        return "de2"
    must = not before or before[-1:] in _PRONOUNS or before in _BEFORE_MUST
    return "dei3" if must and after else "de5"


def _di_or_de(before: str, after: str) -> str:
    manner = len(before) > 1 and after and after[0] not in "和或的与及是在有没以之、"
    return "de5" if manner and before[-1] not in "块亩的这那" else "di4"


def _le_or_liao(before: str, after: str) -> str:
    return "liao3" if before[-1:] in ("不", "得") else "le5"


def _zhi(before: str, after: str) -> str:
    counted = before and (before[-1] in _NUMERALS or before[-1] in "几每这那半")
    return "zhi1" if counted else "zhi3"


def _wei(before: str, after: str) -> str:
    purpose = not before and after
    return "wei4" if purpose or after[:1] in _PRONOUNS or _SERVED.match(after) else "wei2"


_SERVED = re.compile("当事|群众|大家|孩子|老人|公民|困难|自己|受害|农民|群体|市民")


def _zhang(before: str, after: str) -> str:
    return "zhang3" if after[:1] in ("大", "到", "得", "成") else "chang2"


def _chu(before: str, after: str) -> str:
    number = bool(before) and (before[-1] in _NUMERALS or before[-1] in "几多各每此某")
    return "chu3" if after and not number else "chu4"


def _zhong(before: str, after: str) -> str:
    return "zhong4" if after[:1] in ("地", "田", "菜", "树", "粮") else "zhong3"


_LONE: dict[str, Callable[[str, str], str]] = {
    "还": _huan_or_hai,
    "得": _de_or_dei,
    "地": _di_or_de,
    "了": _le_or_liao,
    "只": _zhi,
    "为": _wei,
    "长": _zhang,
    "处": _chu,
    "种": _zhong,
    "的": lambda before, after: "de5",
    "着": lambda before, after: "zhe5",
    "给": lambda before, after: "gei3",
    "应": lambda before, after: "ying1",
    "当": lambda before, after: "dang1",
    "行": lambda before, after: "xing2",
    "更": lambda before, after: "geng4",
    "都": lambda before, after: "dou1",
    "差": lambda before, after: "cha4",
    "要": lambda before, after: "yao4",
    "与": lambda before, after: "yu3",
    "和": lambda before, after: "he2",
    "没": lambda before, after: "mei2",
    "便": lambda before, after: "bian4",
    "角": lambda before, after: "jiao3",
    "重": lambda before, after: "chong2" if after[:1] in set("说听来写签") else "zhong4",
    "教": lambda before, after: "jiao1",
    "干": lambda before, after: "gan4",
    "数": lambda before, after: "shu4",
    "量": lambda before, after: "liang4",
    "过": lambda before, after: "guo4",
    "吧": lambda before, after: "ba5",
    "吗": lambda before, after: "ma5",
    "呢": lambda before, after: "ne5",
    "啊": lambda before, after: "a5",
    "们": lambda before, after: "men5",
    "个": lambda before, after: "ge5",
    "元": lambda before, after: "yuan2",
}


# ---- tones in company ---------------------------------------------------------------------------


def _sandhi(texts: Sequence[str], read: list[list[str]]) -> None:
    """Change the tones of 一, 不 and of third tones in a row, in place."""
    flat = [(w, s) for w, syllables in enumerate(read) for s in range(len(syllables))]
    chars = [_char(texts[w], read[w], s) for w, s in flat]
    tones = [read[w][s][-1] for w, s in flat]
    for i, char in enumerate(chars):
        after = tones[i + 1] if i + 1 < len(tones) else ""
        if char == "不" and after == "4" and tones[i] == "4":
            tones[i] = "2"
        elif char == "一" and after and tones[i] == "1":
            tones[i] = _yi(texts[flat[i][0]], flat[i][1], chars, i, after)
    for i in range(len(tones) - 2, -1, -1):
        joined = flat[i][0] == flat[i + 1][0] or len(read[flat[i][0]]) == 1
        if tones[i] == "3" and tones[i + 1] == "3" and joined:
            tones[i] = "2"
    for (w, s), tone in zip(flat, tones, strict=True):
        read[w][s] = read[w][s][:-1] + tone


def _char(text: str, syllables: Sequence[str], index: int) -> str:
    return text[index] if len(text) == len(syllables) else ""


def _yi(word: str, place: int, chars: Sequence[str], i: int, after: str) -> str:
    before = chars[i - 1] if i else ""
    following = chars[i + 1]
    last_of_word = len(word) > 1 and place == len(word) - 1
    counted = before in _BEFORE_FIRST or before in _NUMERALS or following in _FIGURES
    if before == following:
        return "5"
    order = following in _ORDINAL_NEXT or (following == "日" and before == "月")
    if last_of_word or counted or order:
        return "1"
    return "2" if after in "45" else "4"


__all__ = ["Word", "lexicon", "words"]
