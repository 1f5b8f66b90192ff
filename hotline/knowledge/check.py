"""The pure part of ``hotline knowledge check``: reads everything, decides what is wrong.

With the texts of the law it also finds every cited article, so that an editor can read answer and
article side by side: that the article *carries* the answer only a person can see.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hotline.domain.codes import Topic
from hotline.errors import HotlineError
from hotline.knowledge.laws import Laws, load_laws
from hotline.knowledge.load import DATA, read_stock
from hotline.knowledge.models import Answer, ArticleRef, ChangedLaw, Problem, Stock
from hotline.knowledge.schemas import ARTICLE
from hotline.knowledge.speech import MOST_SYLLABLES, NATIONAL_NUMBERS, spoken, syllables

LEAST_ANSWERS = 4
"""Answers a topic should have before it is fit for callers."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One cited article beside the answer that rests on it."""

    answer: Answer
    ref: ArticleRef
    text: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. Sound when ``problems`` is empty."""

    stock: Stock
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    """Worth knowing, no error: topics with few answers."""
    readings: tuple[Reading, ...]
    """Empty without the texts of the law."""

    @property
    def ok(self) -> bool:
        return not self.problems


def check(folder: Path = DATA, laws: Path | None = None) -> CheckResult:
    """Check a knowledge folder, with the Markdown statutes of ``laws`` when given.

    Raises :class:`NotFoundError` when ``laws`` holds no law.
    """
    texts = load_laws(laws) if laws else None
    stock, problems = read_stock(folder)
    readings: list[Reading] = []
    for answer in stock.answers:
        problems += answer_problems(answer, stock.changed_laws)
        if texts:
            readings += _look_up(answer, texts, problems)
    return CheckResult(stock, tuple(problems), tuple(_notices(stock)), tuple(readings))


def answer_problems(answer: Answer, changed: Iterable[ChangedLaw] = ()) -> Iterator[Problem]:
    """What the shape of a single answer cannot tell: length, citations, changed law."""
    file = f"answers/{answer.topic}.yaml"
    length = syllables(spoken(answer))
    if length > MOST_SYLLABLES:
        fix = f"全文念出来有 {length} 个音节，最多 {MOST_SYLLABLES} 个，请删短"
        yield Problem(file, answer.id, "answer", fix)
    yield from (Problem(file, answer.id, "answer", fix) for fix in _citation_faults(answer))
    yield from (Problem(file, answer.id, "answer", fix) for fix in _wording_faults(answer))
    for law in changed:
        rests = any(ref.law == law.law for ref in answer.articles)
        if rests and not answer.needs_person:
            fix = f"《{law.law}》自{law.since}起已修改，请改为 changed 或 confirm 并写 note"
            yield Problem(file, answer.id, "status", fix)
    if answer.needs_person and "人工" not in answer.answer + answer.next_step:
        fix = "status 不是 current 时，请在这里请来电人转人工核实"
        yield Problem(file, answer.id, "next_step", fix)


def _citation_faults(answer: Answer) -> Iterator[str]:
    named = list(named_articles(spoken(answer)))
    for title, article in named:
        if not title:
            yield f"文中的{article}前面没有法律名，请写成《法律名》{article}"
        elif not any(_means(title, article, ref) for ref in answer.articles):
            yield f"文中提到《{title}》{article}，articles 里没有，请补上或改正"
    for ref in answer.articles:
        if not any(article and _means(title, article, ref) for title, article in named):
            yield f"articles 里的{ref}文中没有说到，请在文中写明或从 articles 删去"


def _wording_faults(answer: Answer) -> Iterator[str]:
    text = spoken(answer)
    for number in re.findall(r"(?<!\d)\d{3,}(?!\d)", text):
        if number not in NATIONAL_NUMBERS:
            yield f"数字 {number} 不是全国统一的热线号码，号码请删去，数量和年份请写中文数字"
    for word in re.findall("今年|去年|前年|(?<!注)明年|上个月", text):
        yield f"“{word}”过一阵就不对了，请写具体的年月"


def named_articles(text: str) -> Iterator[tuple[str, str]]:
    """Title and number of each article a text names; a number belongs to the title before it.

    A title without any number counts with an empty number, a number without title with an empty
    title.
    """
    title, numbered = "", True
    for token in re.findall(rf"《[^《》]+》|{ARTICLE}", text):
        if not token.startswith("《"):
            numbered = True
            yield title, token
            continue
        if not numbered:
            yield title, ""
        title, numbered = token.strip("《》"), False
    if not numbered:
        yield title, ""


def _means(title: str, article: str, ref: ArticleRef) -> bool:
    return same_law(title, ref.law) and article in ("", ref.article)


def same_law(title: str, law: str) -> bool:
    """Whether a title as spoken means this law.

    Statutes are named as they are called; a judicial interpretation, whose full name nobody says,
    by characters of its name in their order: 民间借贷司法解释, 婚姻家庭编解释二.
    """
    if not law.startswith("最高人民"):
        return title == law
    rest = iter(law)
    return all(char in rest for char in title.replace("司法解释", ""))


def _look_up(answer: Answer, texts: Laws, problems: list[Problem]) -> Iterator[Reading]:
    for place, ref in enumerate(answer.articles, start=1):
        text = texts.article(ref.law, ref.article)
        if text:
            yield Reading(answer, ref, text)
            continue
        known = ref.law in texts
        fix = (
            f"《{ref.law}》里没有{ref.article}，请核对条号"
            if known
            else f"法律文本里没有《{ref.law}》，请核对法律名"
        )
        field = f"articles.{place}.{'article' if known else 'law'}"
        problems.append(Problem(f"answers/{answer.topic}.yaml", answer.id, field, fix))


def _notices(stock: Stock) -> Iterator[str]:
    counts = Counter(answer.topic for answer in stock.answers)
    for topic in Topic:
        if counts[topic] < LEAST_ANSWERS:
            yield (
                f"主题 {topic}（{topic.label}）只有 {counts[topic]} 条答案，"
                f"建议至少 {LEAST_ANSWERS} 条"
            )


def render_check(result: CheckResult, *, show_articles: bool) -> Iterable[str]:
    """The result as lines to print; with ``show_articles`` answer and article side by side."""
    if show_articles:
        yield from _render_readings(result.readings)
    stock = result.stock
    counts = Counter(answer.topic for answer in stock.answers)
    for topic in Topic:
        if counts[topic]:
            yield f"{topic:<20}{topic.label}：{counts[topic]} 条"
    longest = max((syllables(spoken(answer)) for answer in stock.answers), default=0)
    waiting = sum(answer.needs_person for answer in stock.answers)
    confirmed = sum(office.confirmed for office in stock.offices)
    yield (
        f"答案 {len(stock.answers)} 条（待核实或法规已改 {waiting} 条，最长 {longest} 音节），"
        f"机构 {len(stock.offices)} 个（已确认 {confirmed} 个），区划 {len(stock.regions)} 个，"
        f"核对法条 {len(result.readings)} 处"
    )
    yield from (f"提示：{notice}" for notice in result.notices)
    yield from (f"错误：{problem}" for problem in result.problems)
    yield "检查通过。" if result.ok else f"检查未通过，共 {len(result.problems)} 处错误。"


def _render_readings(readings: Iterable[Reading]) -> Iterator[str]:
    shown = ""
    for reading in readings:
        if reading.answer.id != shown:
            shown = reading.answer.id
            status = reading.answer.status
            yield f"━━ {shown}　{reading.answer.question}　[{status.label}]"
            yield f"答：{spoken(reading.answer)}"
        yield f"　┃{reading.ref}"
        yield from (f"　┃　{line}" for line in reading.text.splitlines())


def main() -> int:
    """``python -m hotline.knowledge.check [DIR] [--laws LAWDIR] [--articles]``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--laws", type=Path)
    parser.add_argument("--articles", action="store_true", help="show answer and article")
    given = parser.parse_args()
    try:
        result = check(given.folder, given.laws)
    except HotlineError as error:
        sys.stdout.write(f"{error}\n")
        return 2
    for line in render_check(result, show_articles=given.articles):
        sys.stdout.write(f"{line}\n")
    return 0 if result.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
