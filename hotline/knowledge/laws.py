"""Importer for statutes and judicial interpretations kept as Markdown files, one law a file.

File names: ``劳动合同法(2012-12-28).md``, ``民法典-合同编.md`` (parts of one law, joined),
``司法解释-<full name>(<day>).md``. The name of a law is its file name without day and prefix.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import NotFoundError

_HEADING = re.compile(r"^\s*(?:#|附件|附录|附：|<!--)")
# Sources now and then put a space inside the number (第一百二十八 条) or leave out the one after.
_START = re.compile(
    r"^[\s\u3000*]*第\s*(?P<number>[零〇一二三四五六七八九十百千]+)\s*条"
    r"(?:之(?P<sub>[一二三四五六七八九十]+))?(?P<gap>[\s\u3000：:*]*)(?P<text>.*)$"
)
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}


@dataclass(frozen=True, slots=True)
class Laws:
    """Articles by law: ``{"劳动合同法": {"第八十五条": text}}``."""

    articles: dict[str, dict[str, str]]

    def __contains__(self, law: str) -> bool:
        return law_name(law) in self.articles

    def article(self, law: str, article: str) -> str | None:
        """Text of one article, paragraphs separated by newlines; ``None`` when there is none."""
        return self.articles.get(law_name(law), {}).get(article)


def load_laws(folder: Path) -> Laws:
    """Read every ``*.md`` of a folder. Raises :class:`NotFoundError` when it holds no law."""
    articles: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.md")):
        found = parse_articles(path.read_text(encoding="utf-8-sig"))
        if found:
            articles.setdefault(law_name(path.stem), {}).update(found)
    if not articles:
        raise NotFoundError(f"{folder} 里没有法律文本（.md），请检查 --laws 的目录")
    return Laws(articles)


def law_name(name: str) -> str:
    """``司法解释-最高…规定(2020-12-29)`` → ``最高…规定``; ``民法典-总则`` → ``民法典``."""
    name = re.sub(r"[(（]\d{4}-\d{2}-\d{2}[)）]$", "", name.strip())
    name = name.removeprefix("司法解释-").removeprefix("中华人民共和国")
    name = name.replace("(", "（").replace(")", "）")
    return "民法典" if name.startswith("民法典-") else name


def parse_articles(markdown: str) -> dict[str, str]:
    """Articles of one law in their order, keyed by number (``第十七条之一``).

    A line that only refers to an article (``第十条规定的…``) does not start one: numbers must
    rise, and where no space follows the number it must be the very next one.
    """
    articles: dict[str, list[str]] = {}
    current: list[str] | None = None
    last = (0, 0)
    for line in markdown.splitlines():
        start = _START.match(line)
        if start:
            place = (numeral(start["number"]), numeral(start["sub"] or "零"))
            follows = place > last if start["gap"] else place == (last[0] + 1, 0)
            if follows:
                last = place
                current = articles.setdefault(article_number(*place), [])
                line = start["text"]
        elif _HEADING.match(line):
            current = None
        if current is not None and line.strip():
            current.append(line.strip())
    return {number: "\n".join(lines) for number, lines in articles.items()}


def numeral(text: str) -> int:
    """``一千零七十九`` → 1079; ``十二`` → 12; ``二〇`` → 20."""
    if not any(char in _UNITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total, digit = 0, 0
    for char in text:
        if char in _UNITS:
            total += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit


def article_number(number: int, sub: int = 0) -> str:
    """1079 → ``第一千零七十九条``; (17, 1) → ``第十七条之一``."""
    return f"第{chinese(number)}条" + (f"之{chinese(sub)}" if sub else "")


def chinese(number: int) -> str:
    """1079 → ``一千零七十九``; 0 ≤ number < 10000."""
    digits = "零一二三四五六七八九"
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if gap else "") + digits[digit] + name
            gap = False
        else:
            gap = bool(text)
    return (text.removeprefix("一") if text.startswith("一十") else text) or "零"
