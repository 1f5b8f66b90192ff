"""Arabic figures to Chinese words, as they are said: 2000 两千, 0.5 零点五, 110 幺幺零. Pure."""

DIGITS = "零一二三四五六七八九"
_SMALL_UNITS = ("", "十", "百", "千")
_BIG_UNITS = ("", "万", "亿", "万亿", "亿亿")
LIANG_UNITS = frozenset("千万亿")


def digits(figures: str, *, yao: bool = True) -> str:
    """Say figures one by one; 1 is 幺 as in telephone numbers unless ``yao`` is off."""
    words = "".join(DIGITS[int(figure)] for figure in figures if figure.isdigit())
    return words.replace("一", "幺") if yao else words


def cardinal(figures: str, *, liang: bool = False) -> str:
    """Say a number: ``"1165"`` 一千一百六十五, ``"3.50"`` 三点五零, ``"0012"`` 零零一二.

    ``liang`` says a lone 2 as 两, as before a measure word (两个). A number with a leading zero
    or of more than 16 places is said figure by figure.
    """
    whole, _, fraction = figures.replace(",", "").partition(".")
    if len(whole) > 16 or (len(whole) > 1 and whole.startswith("0")):
        words = digits(whole, yao=False)
    else:
        words = _whole(whole or "0")
    if fraction:
        return f"{words}点{digits(fraction, yao=False)}"
    return "两" if liang and words == "二" else words


def _whole(figures: str) -> str:
    value = int(figures)
    if value == 0:
        return "零"
    sections: list[int] = []
    while value:
        value, section = divmod(value, 10000)
        sections.append(section)
    words = ""
    gap = False
    for place in range(len(sections) - 1, -1, -1):
        section = sections[place]
        if section == 0:
            gap = bool(words)
            continue
        if words and (gap or section < 1000):
            words += "零"
        words += _liang(_section(section), place) + _BIG_UNITS[place]
        gap = False
    return words.removeprefix("一") if words.startswith("一十") else words


def _liang(section: str, place: int) -> str:
    """Two thousand and two myriads are 两千, 两万; two hundred stays 二百."""
    if place and section == "二":
        return "两"
    return "两" + section[1:] if section.startswith("二千") else section


def _section(value: int) -> str:
    words = ""
    gap = False
    for place in (3, 2, 1, 0):
        figure = value // 10**place % 10
        if figure == 0:
            gap = bool(words)
            continue
        if gap:
            words += "零"
            gap = False
        words += DIGITS[figure] + _SMALL_UNITS[place]
    return words


def grouped(figures: str) -> str:
    """Say a long number figure by figure in groups with a pause (，) between, as people dictate.

    Mobile numbers 3-4-4, identity numbers 6-4-4-4, others in fours or threes.
    """
    groups = []
    start = 0
    for size in _groups(figures):
        groups.append(digits(figures[start : start + size]))
        start += size
    return "，".join(groups)


def _groups(figures: str) -> list[int]:
    count = len(figures)
    if count == 11 and figures.startswith("1"):
        return [3, 4, 4]
    if count == 18:
        return [6, 4, 4, 4]
    known = {6: [3, 3], 7: [3, 4], 9: [3, 3, 3], 10: [3, 3, 4], 11: [4, 4, 3], 14: [4, 4, 3, 3]}
    if count in known:
        return known[count]
    if count <= 5:
        return [count]
    whole, rest = divmod(count, 4)
    if rest == 1:  # no figure stands alone at the end
        return [4] * (whole - 1) + [3, 2]
    return [4] * whole + ([rest] if rest else [])


__all__ = ["DIGITS", "LIANG_UNITS", "cardinal", "digits", "grouped"]
