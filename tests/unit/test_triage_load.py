"""Rules files: every mistake is named with rule, field and mend."""

from pathlib import Path

import pytest

from dispatch.triage import RulesError, check_rules, load_rules, parse_rules, triage
from dispatch.triage.models import word_group
from hotline.domain.codes import ServiceType, Urgency
from hotline.domain.handling import OrderFacts

pytestmark = pytest.mark.unit
SMALL = """
words:
  讨薪: [欠…工资, 讨薪]
service:
  - {name: 照登记, when: {}, then: keep, because: 照登记}
urgency:
  - name: 欠薪
    when: {topic: 劳动报酬, says: 讨薪, people: {at_least: 10}}
    then: urgent
    because: 人多
  - {name: 平常, when: {}, then: 一般, because: 平常}
complexity:
  - {name: 简单, when: {}, then: 一般, because: 简单}
region:
  - {name: 原地, when: {}, then: 所在市, because: 原地}
handling:
  - {name: 派单, when: {}, then: 派单办理, because: 派单}
notes:
  - {name: 提示, when: {terminal: web}, because: 网上来的}
"""


def problems(text: str) -> list[str]:
    return [str(problem) for problem in parse_rules(text, "rules.yaml")[1]]


def test_the_small_file_is_sound_and_decides() -> None:
    book, wrong = parse_rules(SMALL, "rules.yaml")
    assert wrong == [] and book is not None
    order = OrderFacts(
        order_no="1", service_type=ServiceType.LAWYER, act="ask", topic="wages",
        urgency=Urgency.NORMAL, region="340123", terminal="web",
    )  # fmt: skip
    decision = triage(book, order)
    assert (decision.region, decision.service_type) == ("340100", ServiceType.LAWYER)
    assert [reason.rule for reason in decision.reasons][-1] == "提示"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("topic: 劳动报酬", "topic: 工资", ["urgency / 欠薪", "when.topic", "没有“工资”"]),
        ("topic: 劳动报酬", "topik: wages", ["urgency / 欠薪", "when.topik", "没有这个字段"]),
        ("says: 讨薪", "says: 讨债", ["urgency / 欠薪", "when.says", "没有词组“讨债”"]),
        ("{at_least: 10}", "{at_least: 很多}", ["when.people.at_least", "应为整数"]),
        ("{at_least: 10}", "{}", ["when.people", "at_least"]),
        ("then: urgent", "then: 马上", ["urgency / 欠薪", "then", "没有“马上”"]),
        ("then: 所在市", "then: 合肥", ["region / 原地", "then", "诉求所填地区"]),
        ("name: 简单", "name: 平常", ["平常", "name", "出现 2 次"]),
        ("when: {topic: 劳动报酬, says: 讨薪, people: {at_least: 10}}", "when: {}",
         ["urgency / 欠薪", "when", "永远不会生效"]),
        ("派单, when: {}", "派单, when: {callback: true}", ["handling / 派单", "默认"]),
        ("{name: 派单, when: {}, then: 派单办理, because: 派单}", "[]", ["handling / 第1条"]),
        ("because: 人多", "because: " + "长" * 201, ["urgency / 欠薪", "because", "200字"]),
        ("because: 人多", "because: ''", ["urgency / 欠薪", "because", "不能为空"]),
        ("    because: 人多\n", "", ["urgency / 欠薪", "because", "缺少这个字段"]),
        ("欠…工资", "…工资", ["words / 讨薪", "前后都要有字"]),
        ("complexity:", "complex:", ["complex", "没有这一部分"]),
        ("when: {terminal: web}", "when: {region: '110000'}", ["notes / 提示", "区划代码"]),
        ("words:", "words: {a", ["不是合法的 YAML", "行"]),
        ("notes:", "words:", ["words 写了两次"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_mend(old: str, new: str, named: list[str]) -> None:
    assert old in SMALL
    found = "\n".join(problems(SMALL.replace(old, new, 1)))
    assert found.startswith("rules.yaml")
    assert [word for word in named if word not in found] == []


def test_all_mistakes_are_told_at_once() -> None:
    wrong = SMALL.replace("劳动报酬", "工资").replace("then: 派单办理", "then: 派")
    assert len(problems(wrong)) == 2


@pytest.mark.parametrize("content", ["", "[]", "只有一句话"])
def test_a_file_that_is_no_mapping(content: str) -> None:
    assert "格式" in problems(content)[0]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "没有这个文件" in str(check_rules(tmp_path / "none.yaml")[0])
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RulesError) as caught:
        load_rules(bad)
    assert (caught.value.code, "UTF-8" in str(caught.value)) == ("bad-triage-rules", True)


def test_words_with_gaps_and_harmless_phrases() -> None:
    group = word_group("试", ("欠…工资", "跳楼"), ("跳楼价",))
    assert group.in_text("老板欠我们三个月工资")
    assert not group.in_text("他欠我钱。工资照发")
    assert not group.in_text("欠了一二三四五六七八九工资")
    assert not group.in_text("跳楼价卖的")
    assert group.in_text("跳楼价卖的，我要跳楼")
