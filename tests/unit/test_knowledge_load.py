"""Knowledge files are read, and every mistake in them is named: file, entry, field, fix."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline.domain.codes import Topic
from hotline.knowledge.errors import KnowledgeError
from hotline.knowledge.load import DATA, load_stock, read_stock
from hotline.knowledge.models import Problem, Status

pytestmark = pytest.mark.unit

Edit = Callable[[str], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the real stock with the wages answers alone, to be spoilt."""
    for name in ("offices.yaml", "regions.yaml", "changed_laws.yaml", "synonyms.yaml"):
        shutil.copy(DATA / name, tmp_path / name)
    (tmp_path / "answers").mkdir()
    shutil.copy(DATA / "answers" / "wages.yaml", tmp_path / "answers" / "wages.yaml")
    return tmp_path


def spoil(folder: Path, name: str, *changes: tuple[str, str]) -> list[Problem]:
    """Replace texts in one file (once each), read the folder and return what is wrong."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return read_stock(folder)[1]


def test_the_stock_that_ships_is_sound() -> None:
    stock = load_stock()
    assert {answer.topic for answer in stock.answers} == set(Topic)
    assert len(stock.answers) >= 120
    assert len({office.city for office in stock.offices}) == 16
    assert sum(region.is_city for region in stock.regions) == 16
    assert sum(not region.is_city for region in stock.regions) == 104


def test_an_answer_is_read_with_all_its_fields(folder: Path) -> None:
    stock = load_stock(folder)
    answer = next(answer for answer in stock.answers if answer.id == "wages.unpaid")
    assert answer.topic is Topic.WAGES
    assert answer.status is Status.CURRENT
    assert not answer.needs_person
    assert str(answer.articles[0]) == "《劳动合同法》第八十五条"
    assert "\n" not in answer.answer and " " not in answer.answer


def test_a_missing_field_is_named_with_file_entry_and_fix(folder: Path) -> None:
    problems = spoil(
        folder,
        "answers/wages.yaml",
        ("    next_step: 请先到当地劳动监察部门投诉，也可以申请劳动仲裁。\n", ""),
    )
    (problem,) = problems
    assert problem.file == "answers/wages.yaml"
    assert problem.entry == "wages.unpaid"
    assert problem.field == "next_step"
    assert "请补上" in problem.fix
    assert str(problem) == (
        "answers/wages.yaml：条目 wages.unpaid，字段 next_step，缺少这个字段，请补上"
    )


def test_all_mistakes_are_collected_before_giving_up(folder: Path) -> None:
    (folder / "offices.yaml").unlink()
    spoil(
        folder,
        "answers/wages.yaml",
        ("    status: current\n", "    status: fine\n"),
        ("    question: 没签劳动合同", "    questoin: 没签劳动合同"),
    )
    with pytest.raises(KnowledgeError) as caught:
        load_stock(folder)
    where = {(problem.file, problem.entry, problem.field) for problem in caught.value.problems}
    assert where == {
        ("offices.yaml", "", ""),
        ("answers/wages.yaml", "wages.unpaid", "status"),
        ("answers/wages.yaml", "wages.no_contract", "questoin"),
        ("answers/wages.yaml", "wages.no_contract", "question"),
    }
    assert caught.value.code == "bad-knowledge"
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("changes", "entry", "field", "hint"),
    [
        ([("id: wages.unpaid", "id: wages.no_contract")], "wages.no_contract", "id", "出现 2 次"),
        ([("id: wages.unpaid", "id: debt.unpaid")], "debt.unpaid", "id", "wages."),
        ([("  - id: wages.unpaid\n", "  -\n")], "第1条", "id", "请补上"),
        ([("article: 第八十五条", "article: 85")], "wages.unpaid", "articles.1.article", "文字"),
        (
            [("article: 第八十五条", "article: 第85条")],
            "wages.unpaid",
            "articles.1.article",
            "中文",
        ),
        ([("reviewed: 2026-11-23", "reviewed: soon")], "wages.unpaid", "reviewed", "2026-11-23"),
        ([("status: current", "status: changed")], "wages.unpaid", "note", "哪里变了"),
        ([("topic: wages", "topic: debt")], "", "topic", "topic: wages"),
    ],
)
def test_each_slip_of_the_pen_says_where_and_what_to_do(
    folder: Path, changes: list[tuple[str, str]], entry: str, field: str, hint: str
) -> None:
    problems = spoil(folder, "answers/wages.yaml", *changes)
    assert [(p.entry, p.field) for p in problems] == [(entry, field)]
    assert hint in problems[0].fix


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "内容为空"),
        (b"- a\n- b\n", "内容为空"),
        (b"topic: [wages\n", "第 2 行"),
        (b"topic: wages\ntopic: wages\n", "写了两次"),
        ("topic: 工资".encode("gbk"), "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder: Path, content: bytes, hint: str) -> None:
    (folder / "answers" / "wages.yaml").write_bytes(content)
    problems = read_stock(folder)[1]
    assert len(problems) == 1
    assert problems[0].file == "answers/wages.yaml"
    assert hint in problems[0].fix


def test_a_file_named_after_no_topic_is_named(folder: Path) -> None:
    (folder / "answers" / "salary.yaml").write_text("topic: salary\nanswers: []\n")
    (problem,) = read_stock(folder)[1]
    assert problem.file == "answers/salary.yaml"
    assert "wages" in problem.fix


def test_an_empty_folder_is_an_error_not_an_empty_stock(tmp_path: Path) -> None:
    files = {problem.file for problem in read_stock(tmp_path)[1]}
    assert files == {
        "answers/",
        "offices.yaml",
        "regions.yaml",
        "changed_laws.yaml",
        "synonyms.yaml",
    }


@pytest.mark.parametrize(
    ("changes", "field", "hint"),
    [
        ([("    confirmed: false", "    confirmed: true")], "source", "来源"),
        (
            [
                ("source: 待确认", "source: 市司法局网站"),
                ("    confirmed: false", "    confirmed: true"),
            ],
            "confirmed",
            "false",
        ),
        ([("city: 合肥市", "city: 合肥")], "city", "合肥市"),
        ([("county: null", "county: 寿县")], "county", "没有“寿县”"),
        ([("telephone: null", "telephone: 打12348转")], "telephone", "连字符"),
    ],
)
def test_an_office_is_confirmed_only_with_source_and_content(
    folder: Path, changes: list[tuple[str, str]], field: str, hint: str
) -> None:
    (problem,) = spoil(folder, "offices.yaml", *changes)
    assert (problem.file, problem.entry, problem.field) == (
        "offices.yaml",
        "hefei.legal_aid",
        field,
    )
    assert hint in problem.fix


def test_a_region_under_the_wrong_city_is_named(folder: Path) -> None:
    (problem,) = spoil(
        folder, "regions.yaml", ("name: 肥西县, city: 合肥市", "name: 肥西县, city: 六安市")
    )
    assert (problem.entry, problem.field) == ("340123", "city")


def test_a_synonym_in_two_groups_is_named(folder: Path) -> None:
    (problem,) = spoil(folder, "synonyms.yaml", ("[单位, 公司,", "[单位, 老板, 公司,"))
    assert (problem.file, problem.entry) == ("synonyms.yaml", "老板")
