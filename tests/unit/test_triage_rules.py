"""Triage by the rules that come with the program: every demand is decided, with reasons."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.triage import RULES, RuleBook, Told, dry_run, load_rules, told, triage
from dispatch.triage.models import Section
from dispatch.triage.rules import FLOOR
from hotline.domain.codes import Act, EmergencyKind, ServiceType, Terminal, Topic, Urgency
from hotline.domain.handling import OrderFacts, Triage
from hotline.domain.order_codes import Complexity, Handling
from hotline.domain.understanding import Slots, Understanding
from hotline.knowledge.laws import load_laws

pytestmark = pytest.mark.unit
BOOK = load_rules()


def facts(**changes: object) -> OrderFacts:
    plain: dict[str, object] = {
        "order_no": "20260305000017",
        "service_type": ServiceType.CONSULTATION,
        "act": Act.ASK.value,
        "topic": Topic.WAGES.value,
        "urgency": Urgency.NORMAL,
        "region": "340123",
        "terminal": Terminal.WEB.value,
    }
    return OrderFacts(**{**plain, **changes})  # type: ignore[arg-type]


def decide(text: str = "", *, extra: dict[str, str] | None = None, **changes: object) -> Triage:
    return triage(BOOK, facts(**changes), told("", text, extra))


def names(decision: Triage) -> list[str]:
    return [reason.rule for reason in decision.reasons]


ORDERS = st.builds(
    facts,
    service_type=st.sampled_from(ServiceType),
    act=st.sampled_from([act.value for act in Act]),
    topic=st.sampled_from([topic.value for topic in Topic]),
    urgency=st.sampled_from(Urgency),
    region=st.sampled_from([None, "340000", "340100", "340123"]),
    terminal=st.sampled_from([terminal.value for terminal in Terminal]),
    emergency=st.sampled_from([None, *(kind.value for kind in EmergencyKind)]),
    callback=st.booleans(),
    returned=st.integers(0, 4),
    reopened=st.integers(0, 3),
)
WORDS = [word for group in BOOK.words for word in group.plain]
STORIES = st.builds(
    told,
    st.just(""),
    st.lists(st.sampled_from(WORDS), max_size=6).map("，".join),
    st.fixed_dictionaries({}, optional={"people": st.sampled_from(["1", "9", "10", "300"])}),
)


@given(ORDERS, STORIES)
def test_every_demand_is_decided_with_a_reason_for_each_decision(
    order: OrderFacts, story: Told
) -> None:
    decision = triage(BOOK, order, story)
    assert len(decision.reasons) >= len(Section)
    assert all(reason.rule and reason.text for reason in decision.reasons)
    assert decision.region is not None and len(decision.region) == 6
    if order.emergency:
        assert decision.urgency is Urgency.EMERGENCY
    if decision.urgency is not Urgency.NORMAL:
        assert decision.handling is Handling.DISPATCH
    if order.urgency is not Urgency.NORMAL:
        assert decision.urgency is not Urgency.NORMAL


@given(ORDERS, STORIES)
def test_a_dry_run_shows_exactly_the_rules_that_decide(order: OrderFacts, story: Told) -> None:
    decision = triage(BOOK, order, story)
    deciding = [fired.rule.name for fired in dry_run(BOOK, order, story) if fired.decided]
    assert [name for name in names(decision) if name != FLOOR.rule] == deciding


def test_every_topic_and_service_type_is_named_by_some_rule() -> None:
    content = RULES.read_text(encoding="utf-8")
    for table in (Topic, ServiceType):
        assert [entry.label for entry in table if entry.label not in content] == []


@pytest.mark.parametrize("kind", EmergencyKind)
def test_danger_is_an_emergency_and_dispatched(kind: EmergencyKind) -> None:
    decision = decide("问一下", emergency=kind.value)
    assert (decision.urgency, decision.handling) == (Urgency.EMERGENCY, Handling.DISPATCH)


def test_danger_stays_an_emergency_whatever_a_manager_writes() -> None:
    tame = {section: tuple(rule for rule in rules[-1:]) for section, rules in BOOK.sections.items()}
    book = RuleBook(tame, (), BOOK.words, "tame.yaml")
    decision = triage(book, facts(emergency="suicide"))
    assert (decision.urgency, decision.handling) == (Urgency.EMERGENCY, Handling.DISPATCH)
    assert decision.reasons[0] == FLOOR


@pytest.mark.parametrize(
    ("people", "urgency", "complexity"),
    [
        ("9", Urgency.NORMAL, Complexity.SIMPLE),
        ("10", Urgency.URGENT, Complexity.COMPLEX),
        ("64", Urgency.URGENT, Complexity.COMPLEX),
    ],
)
def test_wages_of_ten_and_more_are_urgent(
    people: str, urgency: Urgency, complexity: Complexity
) -> None:
    decision = decide("老板欠我们工资", extra={"people": people})
    assert (decision.urgency, decision.complexity) == (urgency, complexity)


def test_numbers_heard_count_where_the_terminal_gives_none() -> None:
    heard = Understanding(
        text="", act=Act.ASK, topic=Topic.WAGES, confidence=0.9, slots=Slots(people=23)
    )
    assert told("", "", {}, heard).people == 23
    assert told("", "", {"people": "4"}, heard).people == 4
    assert told("", "", {"people": "很多"}, None).people is None


@pytest.mark.parametrize(
    ("topic", "text", "urgency", "rule"),
    [
        ("wages", "再不给钱我们就去爬塔吊", "emergency", "极端行为苗头"),
        ("domestic_violence", "他昨晚又打我，我不敢回家", "emergency", "家暴正在发生"),
        ("domestic_violence", "想了解怎么取证", "urgent", "家庭暴力"),
        ("fraud", "我刚转了三万块给他", "emergency", "电信诈骗刚发生"),
        ("minor", "邻居家小孩天天被虐待", "emergency", "未成年人受侵害"),
        ("criminal", "我弟弟被刑拘了送看守所", "urgent", "在押人员"),
        ("wages", "离职快满一年了", "urgent", "法定期限将满"),
        ("debt", "后天开庭我还没找到律师", "urgent", "即将开庭"),
        ("litigation", "一审判决下来了我想上诉", "urgent", "上诉起诉期内"),
        ("debt", "他在转移财产，准备跑", "urgent", "需要保全"),
        ("work_injury", "工友被砸成重伤在抢救", "urgent", "人员伤亡"),
        ("house_purchase", "几百户业主拿不到房", "urgent", "群体性事项"),
        ("lease", "房东不退押金", "normal", "一般事项"),
        ("consumer", "商场跳楼价买的衣服退不了", "normal", "一般事项"),
    ],
)
def test_urgency_by_what_is_told(topic: str, text: str, urgency: str, rule: str) -> None:
    decision = decide(text, topic=topic)
    assert (decision.urgency.value, rule in names(decision)) == (urgency, True)


@pytest.mark.parametrize(
    ("act", "topic", "text", "service"),
    [
        ("complaint", "service", "你们热线接线员态度差", "complaint"),
        ("suggestion", "service", "希望周末也开", "suggestion"),
        ("ask", "lawyer", "我要投诉律师，他乱收费", "complaint"),
        ("apply", "wages", "我想申请法律援助", "legal_aid"),
        ("apply", "wages", "我是农民工，帮我要工资", "legal_aid"),
        ("apply", "domestic_violence", "帮帮我", "legal_aid"),
        ("apply", "inheritance", "想办公证", "notary"),
        ("apply", "appraisal", "要鉴定", "appraisal"),
        ("apply", "admin", "对罚款不服", "reconsideration"),
        ("apply", "dismissal", "我要申请仲裁", "arbitration"),
        ("apply", "neighbour", "楼上漏水", "mediation"),
        ("apply", "debt", "想请个律师", "lawyer"),
        ("ask", "service", "能不能来村里搞普法讲座", "publicity"),
        ("place", "notary", "公证处在哪", "lookup"),
        ("ask", "debt", "借条怎么写", "consultation"),
    ],
)
def test_service_type_by_act_topic_and_words(act: str, topic: str, text: str, service: str) -> None:
    assert decide(text, act=act, topic=topic).service_type.value == service


@pytest.mark.parametrize("chosen", [s for s in ServiceType if s is not ServiceType.CONSULTATION])
def test_a_service_chosen_at_the_terminal_is_kept(chosen: ServiceType) -> None:
    assert decide("想办公证", act="apply", service_type=chosen).service_type is chosen


def test_plain_questions_are_answered_and_wishes_dispatched() -> None:
    assert decide("借条怎么写", topic="debt").handling is Handling.ANSWER
    assert decide("借条怎么写", topic="debt", callback=True).handling is Handling.DISPATCH
    assert decide("帮我要债", topic="debt", act="apply").handling is Handling.DISPATCH
    assert decide("态度不好", act="complaint").handling is Handling.DISPATCH
    assert decide("问问", returned=1).handling is Handling.DISPATCH


def test_the_region_told_stands_before_the_one_heard() -> None:
    heard = Told(region="341502")
    assert triage(BOOK, facts(region="340123"), heard).region == "340123"
    assert triage(BOOK, facts(region=None), heard).region == "341502"
    assert triage(BOOK, facts(region=None)).region == "340000"


def test_complaints_about_the_hotline_go_to_the_province() -> None:
    decision = decide("你们热线没人回电", act="complaint", topic="service")
    assert decision.region == "340000"
    assert decide("律师乱收费", act="complaint", topic="lawyer").region == "340123"


def test_hints_name_limitation_and_legal_aid() -> None:
    rules = names(decide("我在工地打工，工资没给", topic="wages"))
    assert {"援助-劳动报酬", "援助-免予核查农民工", "期限-劳动仲裁一年"} <= set(rules)
    assert "期限-诉讼时效三年" in names(decide("三年前借给他的钱", topic="debt"))
    assert "期限-诉讼时效三年" not in names(decide("上周借给他的钱", topic="debt"))


def test_no_reason_repeats_what_was_told() -> None:
    secret = "张三住在长江西路八十八号，电话一三八"
    assert all(secret not in reason.text for reason in decide(secret).reasons)
    assert secret not in repr(told("", secret))


def test_every_article_the_rules_name_is_in_the_statutes(shared: Path) -> None:
    laws = load_laws(shared / "law")
    text = RULES.read_text(encoding="utf-8")
    cited = [
        (law, article)
        for law, tail in re.findall(r"《([^》]+)》((?:、?第[一二三四五六七八九十百]+条)+)", text)
        for article in re.findall(r"第[^第条]+条", tail)
    ]
    assert len(cited) > 40
    assert [pair for pair in cited if laws.article(*pair) is None] == []
