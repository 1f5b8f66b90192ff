"""Makes ``data/pinyin.txt`` from pypinyin: ``python -m hotline.language.build_pinyin``.

pypinyin takes 58 MB and 0.3 s; the table holds what our matching needs in 200 kB: the readings of
the characters of GB 2312 and the words whose reading is not that of their characters.
"""

from pathlib import Path

import pypinyin
import rjieba
from pypinyin.constants import PHRASES_DICT

_USUAL = {
    "了": "le",
    "还": "hai",
    "得": "de",
    "长": "chang",
    "着": "zhe",
    "行": "xing",
    "重": "zhong",
    "都": "dou",
    "地": "di",
    "调": "tiao",
    "车": "che",
    "单": "dan",
    "给": "gei",
    "会": "hui",
    "什": "shen",
    "么": "me",
    "没": "mei",
    "大": "da",
    "和": "he",
    "的": "de",
    "说": "shuo",
}


def readings() -> dict[str, str]:
    """Usual toneless reading of each character of GB 2312."""
    table = {}
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                char = bytes([high, low]).decode("gb2312")
            except UnicodeDecodeError:
                continue
            table[char] = _USUAL.get(char) or pypinyin.lazy_pinyin(char, v_to_u=False)[0]
    return table


def unusual_words(usual: dict[str, str]) -> dict[str, list[str]]:
    """Words the segmenter keeps whole whose reading differs from that of their characters."""
    words = {}
    for word in PHRASES_DICT:
        if not 2 <= len(word) <= 4 or not all(char in usual for char in word):
            continue
        reading = pypinyin.lazy_pinyin(word, v_to_u=False)
        if reading != [usual[char] for char in word] and rjieba.cut(word) == [word]:
            words[word] = reading
    return words


def main() -> None:
    """Write the table beside this module."""
    usual = readings()
    by_syllable: dict[str, list[str]] = {}
    for char, syllable in usual.items():
        by_syllable.setdefault(syllable, []).append(char)
    lines = ["# made by python -m hotline.language.build_pinyin from pypinyin (MIT)"]
    lines += [f"{syllable} {''.join(chars)}" for syllable, chars in sorted(by_syllable.items())]
    lines += [
        f"word {word} {' '.join(reading)}" for word, reading in sorted(unusual_words(usual).items())
    ]
    target = Path(__file__).parent / "data" / "pinyin.txt"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
