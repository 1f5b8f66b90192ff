"""The right answer of a topic for a sentence, typed or misheard."""

from pathlib import Path

import pytest

from hotline.domain.codes import Topic
from hotline.errors import NotFoundError
from hotline.knowledge.search import KnowledgeBase

SENTENCES = Path(__file__).with_name("knowledge_sentences.tsv")

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.load()


@pytest.mark.parametrize(
    ("topic", "text", "answer"),
    [
        (Topic.WAGES, "厂里两个多月没发工资了我该找哪个部门", "wages.unpaid"),
        (Topic.WAGES, "跟着工头在工地干活工钱要不到", "wages.migrant_worker"),
        (Topic.WAGES, "周末和晚上都要加班没有加班费", "wages.overtime"),
        (Topic.WORK_INJURY, "骑车上班路上给车撞了算不算工伤啊", "work_injury.commute"),
        (Topic.DISMISSAL, "我刚怀孕单位就不要我了", "dismissal.pregnant"),
        (Topic.DIVORCE, "离婚那个冷静期到底要等多久", "divorce.cooling_off"),
        (Topic.DIVORCE, "我想离他就是不同意", "divorce.one_refuses"),
        (Topic.CUSTODY, "离婚后他一直不付抚养费", "custody.unpaid"),
        (Topic.INHERITANCE, "我自己手写一份遗嘱算不算数", "inheritance.handwritten"),
        (Topic.DEBT, "钱借给朋友了当时没打条子", "debt.no_iou"),
        (Topic.TRAFFIC, "司机撞了人就跑了找不着", "traffic.hit_and_run"),
        (Topic.CONSUMER, "健身房办了年卡结果关门了", "consumer.prepaid_card"),
        (Topic.LEASE, "房东扣着押金不给我", "lease.deposit"),
        (Topic.HOUSE_PURCHASE, "开发商一年了还不交房", "house_purchase.late_delivery"),
    ],
)
def test_the_fitting_answer_comes_first(
    knowledge: KnowledgeBase, topic: Topic, text: str, answer: str
) -> None:
    assert knowledge.best(topic, text)[0].answer.id == answer


@pytest.mark.parametrize(
    ("topic", "heard", "answer"),
    [
        (Topic.WORK_INJURY, "上班路上被车状了算公商吗", "work_injury.commute"),
        (Topic.DIVORCE, "离昏冷净期多少天", "divorce.cooling_off"),
        (Topic.LEASE, "房东不退牙金怎么办", "lease.deposit"),
        (Topic.MARITAL_PROPERTY, "没领正踩礼能不能退", "marital_property.bride_price_unregistered"),
    ],
)
def test_homophones_of_the_recognizer_do_not_hide_it(
    knowledge: KnowledgeBase, topic: Topic, heard: str, answer: str
) -> None:
    assert knowledge.best(topic, heard)[0].answer.id == answer


def test_every_answer_is_found_by_its_own_wordings(knowledge: KnowledgeBase) -> None:
    lost = [
        wording
        for answer in knowledge.answers
        for wording in (answer.question, answer.similar[-1])
        if knowledge.best(answer.topic, wording)[0].answer != answer
    ]
    assert lost == []


def test_unseen_sentences_find_their_answer(knowledge: KnowledgeBase) -> None:
    topics = {topic.value: topic for topic in Topic}
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.split("\t") for line in lines]
    lost = [
        (wanted, text)
        for wanted, text in pairs
        if knowledge.best(topics[wanted.split(".")[0]], text)[0].answer.id != wanted
    ]
    assert len(pairs) >= 150
    assert len(lost) <= 0.1 * len(pairs), lost


def test_scores_order_the_answers_and_stay_between_nothing_and_all(
    knowledge: KnowledgeBase,
) -> None:
    same = knowledge.best(Topic.WAGES, "老板拖欠工资怎么办", limit=5)
    assert len(same) == 5
    assert same[0].score > 0.9
    assert [found.score for found in same] == sorted((f.score for f in same), reverse=True)
    assert all(0.0 <= found.score <= 1.0 for found in same)
    assert knowledge.best(Topic.WAGES, "今天天气真好")[0].score < 0.3


@pytest.mark.parametrize("text", ["", "。。。", "   ", "ABC", "嗯"])
def test_a_sentence_without_words_finds_nothing_worth_saying(
    knowledge: KnowledgeBase, text: str
) -> None:
    assert all(found.score < 0.3 for found in knowledge.best(Topic.DEBT, text))


def test_without_a_topic_all_answers_compete(knowledge: KnowledgeBase) -> None:
    assert knowledge.best(None, "离婚冷静期是多少天")[0].answer.id == "divorce.cooling_off"


def test_an_answer_by_its_id(knowledge: KnowledgeBase) -> None:
    assert knowledge.by_id("wages.unpaid").topic is Topic.WAGES
    with pytest.raises(NotFoundError, match=r"wages\.nothing"):
        knowledge.by_id("wages.nothing")


def test_another_reading_of_characters_can_be_given() -> None:
    asked: list[str] = []

    def spell(text: str) -> str:
        asked.append(text)
        return " ".join(text)

    knowledge = KnowledgeBase.load(pinyin=spell)
    knowledge.best(Topic.WAGES, "欠薪")
    assert "欠薪" in asked
