"""The check of the stock: length, citations, changed law, and every article beside its answer."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hotline.domain.codes import Topic
from hotline.knowledge.check import answer_problems, check, named_articles, render_check, same_law
from hotline.knowledge.models import Answer, ArticleRef, ChangedLaw, Status
from hotline.knowledge.speech import MOST_SYLLABLES, spoken, syllables

pytestmark = pytest.mark.unit

INTERPRETATION = "最高人民法院关于适用《民法典》婚姻家庭编的解释（二）"
SOUND = Answer(
    id="wages.unpaid",
    topic=Topic.WAGES,
    question="老板拖欠工资怎么办",
    similar=("干了活不给钱", "工资一直拖着", "欠薪找谁"),
    answer="依照《劳动合同法》第八十五条，劳动行政部门可以责令限期支付。",
    next_step="请先投诉。",
    prepare=("劳动合同",),
    articles=(ArticleRef("劳动合同法", "第八十五条"),),
    reviewed=date(2026, 11, 23),
    status=Status.CURRENT,
    note="",
)
CHANGED = ChangedLaw("仲裁法", date(2026, 3, 1), "修订")


def fixes(answer: Answer, *changed: ChangedLaw) -> list[str]:
    return [f"{problem.field}：{problem.fix}" for problem in answer_problems(answer, changed)]


def test_a_sound_answer_has_no_problem() -> None:
    assert fixes(SOUND, CHANGED) == []


def test_an_answer_too_long_to_say_in_twenty_seconds() -> None:
    long = replace(SOUND, next_step="请" + "慢" * MOST_SYLLABLES + "。")
    (fix,) = fixes(long)
    assert f"最多 {MOST_SYLLABLES} 个" in fix


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("依照《劳动合同法》第八十六条，应当付。", "articles 里没有"),
        ("单位应当付钱。", "文中没有说到"),
        ("依照第八十五条，应当付。", "前面没有法律名"),
        ("依照《劳动合同法》第八十五条和《刑法》，应当付。", "《刑法》"),
        ("依照《劳动法》第八十五条，应当付。", "《劳动法》第八十五条"),
        ("依照《劳动合同法》第八十五条，去年起应当付。", "去年"),
        ("依照《劳动合同法》第八十五条，请打055112345678。", "055112345678"),
    ],
)
def test_text_and_citations_must_agree(text: str, hint: str) -> None:
    assert any(hint in fix for fix in fixes(replace(SOUND, answer=text)))


def test_a_changed_law_must_lead_to_a_person() -> None:
    resting = replace(
        SOUND,
        answer="依照《仲裁法》第四条，双方要自愿。",
        articles=(ArticleRef("仲裁法", "第四条"),),
    )
    (fix,) = fixes(resting, CHANGED)
    assert fix.startswith("status：") and "2026-03-01" in fix
    marked = replace(resting, status=Status.CHANGED, note="2025年修订")
    (fix,) = fixes(marked, CHANGED)
    assert fix.startswith("next_step：") and "人工" in fix
    assert fixes(replace(marked, next_step="请转人工核实。"), CHANGED) == []


def test_an_interpretation_is_named_by_a_short_title() -> None:
    assert same_law("婚姻家庭编解释二", INTERPRETATION)
    assert not same_law("婚姻家庭编解释一", INTERPRETATION)
    assert same_law("民间借贷司法解释", "最高人民法院关于审理民间借贷案件适用法律若干问题的规定")
    assert not same_law("劳动法", "劳动合同法")


def test_a_number_belongs_to_the_title_before_it() -> None:
    text = "《民法典》第一条、第二条之一，《刑法》和《劳动法》第三条"
    assert list(named_articles(text)) == [
        ("民法典", "第一条"),
        ("民法典", "第二条之一"),
        ("刑法", ""),
        ("劳动法", "第三条"),
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("您好，再见。", 4),
        ("请拨打12348。", 8),
        ("110", 3),
        ("满30日", 4),
        ("百分之20", 5),
        ("50%", 5),
        ("", 0),
    ],
)
def test_syllables_are_counted_as_read_aloud(text: str, count: int) -> None:
    assert syllables(text) == count


def test_what_is_spoken_ends_with_what_to_prepare() -> None:
    assert spoken(SOUND).endswith("请先投诉。请准备劳动合同。")
    assert spoken(replace(SOUND, prepare=())).endswith("请先投诉。")


def test_the_stock_stands_beside_the_real_law(shared: Path) -> None:
    result = check(laws=shared / "law")
    assert [str(problem) for problem in result.problems] == []
    assert not result.notices
    cited = sum(len(answer.articles) for answer in result.stock.answers)
    assert len(result.readings) == cited > 200
    reading = next(r for r in result.readings if r.answer.id == "divorce.cooling_off")
    assert "三十日内" in reading.text
    lines = list(render_check(result, show_articles=True))
    assert lines[-1] == "检查通过。"
    assert any("第一千零七十七条" in line for line in lines)


def test_changed_laws_of_the_reference_folder_are_known(shared: Path) -> None:
    readme = (shared / "law" / "README.md").read_text(encoding="utf-8")
    stock = check().stock
    assert {"治安管理处罚法", "仲裁法", "婚姻登记条例"} <= {law.law for law in stock.changed_laws}
    assert all(law.law in readme for law in stock.changed_laws)


def test_an_article_that_is_not_in_the_law_is_an_error(tmp_path: Path) -> None:
    laws = tmp_path / "laws"
    laws.mkdir()
    (laws / "劳动合同法.md").write_text("第一条 为了甲。\n", encoding="utf-8")
    result = check(laws=laws)
    found = {(p.entry, p.field): p.fix for p in result.problems}
    assert "没有第八十五条" in found["wages.unpaid", "articles.1.article"]
    assert "没有《刑法》" in found["wages.boss_ran", "articles.1.law"]
    assert list(render_check(result, show_articles=False))[-1].startswith("检查未通过")
