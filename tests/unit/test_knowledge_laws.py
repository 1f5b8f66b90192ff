"""The importer of Markdown statutes: numbers, references, joined parts, the real folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.errors import NotFoundError
from hotline.knowledge.laws import article_number, law_name, load_laws, numeral, parse_articles

pytestmark = pytest.mark.unit

STATUTE = """# 某法

2020年1月1日 通过

<!-- INFO END -->

## 第一章 总则

第一条 为了甲，制定本法。

第二条 有下列情形之一的：
（一）乙；
（二）丙。

第十条规定的除外。

第二条之一 丁。

第三 条戊。

## 第二章 附则

第四条 本法自公布之日起施行。

附件一

1．某决定
"""


def test_articles_keep_their_paragraphs_and_stop_at_headings() -> None:
    articles = parse_articles(STATUTE)
    assert list(articles) == ["第一条", "第二条", "第二条之一", "第三条", "第四条"]
    assert articles["第二条"].splitlines() == [
        "有下列情形之一的：",
        "（一）乙；",
        "（二）丙。",
        "第十条规定的除外。",
    ]
    assert articles["第三条"] == "戊。"
    assert articles["第四条"] == "本法自公布之日起施行。"


@given(st.integers(min_value=1, max_value=9999))
def test_numerals_read_back(number: int) -> None:
    assert numeral(article_number(number).removeprefix("第").removesuffix("条")) == number


@pytest.mark.parametrize(
    ("number", "sub", "written"),
    [
        (10, 0, "第十条"),
        (15, 0, "第十五条"),
        (101, 0, "第一百零一条"),
        (110, 0, "第一百一十条"),
        (276, 1, "第二百七十六条之一"),
        (1001, 0, "第一千零一条"),
        (1079, 0, "第一千零七十九条"),
        (1260, 0, "第一千二百六十条"),
    ],
)
def test_numbers_are_written_as_statutes_write_them(number: int, sub: int, written: str) -> None:
    assert article_number(number, sub) == written


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("劳动合同法(2012-12-28)", "劳动合同法"),
        ("民法典-婚姻家庭编", "民法典"),
        ("刑法", "刑法"),
        (
            "司法解释-最高人民法院关于某事的解释（一）(2020-12-29)",
            "最高人民法院关于某事的解释（一）",
        ),
        ("中华人民共和国公证法", "公证法"),
    ],
)
def test_a_law_is_named_after_its_file(file: str, name: str) -> None:
    assert law_name(file) == name


def test_a_folder_without_laws_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here", encoding="utf-8")
    with pytest.raises(NotFoundError, match="--laws"):
        load_laws(tmp_path)


def test_the_real_statutes_are_complete(shared: Path) -> None:
    laws = load_laws(shared / "law")
    civil_code = laws.articles["民法典"]
    assert len(civil_code) == 1260
    assert all(article_number(number) in civil_code for number in range(1, 1261))
    for name, articles in laws.articles.items():
        whole = [number for number in articles if "之" not in number]
        assert whole[-1] == article_number(len(whole)), name
    wages = laws.article("刑法", "第二百七十六条之一")
    assert wages is not None and "劳动报酬" in wages
    assert laws.article("劳动合同法", "第九百条") is None
    assert laws.article("不存在的法", "第一条") is None
