"""When a sentence is finished, and which sounds do not interrupt."""

import pytest

from hotline.language import Expect, backchannel, complete

pytestmark = pytest.mark.unit

FINISHED = [
    "老板欠我工资怎么办", "我想申请法律援助", "转人工", "法律援助中心在哪里",
    "没有了谢谢再见", "你再说一遍",
    "离婚冷静期是多少天", "这个合法吗", "孩子抚养权归谁",
    "帮我登记一下", "我不想活了", "能不能要回来呢", "单位不交社保咋办啊",
    "你们几点下班", "押金能退吗",
]  # fmt: skip
HANGING = [
    "我在工地上", "因为", "然后", "我想问一下", "我想咨询一下", "就是",
    "我老公", "去年", "那个", "我跟他", "他把我",
    "如果", "老板", "我有个问题想问一下", "但是", "我们公司的",
    "后来他就", "你好我想问一下", "是这样的", "结果",
]  # fmt: skip


@pytest.mark.parametrize("text", FINISHED)
def test_finished(text: str) -> None:
    assert complete(text) >= 0.8


@pytest.mark.parametrize("text", HANGING)
def test_hanging(text: str) -> None:
    assert complete(text) <= 0.3


def test_order_of_doubt() -> None:
    story = "我在工地干了三个月老板一直没给钱"
    assert complete("因为") < complete(story) < complete(story + "怎么办")


@pytest.mark.parametrize(
    "text",
    ["对", "嗯", "是的", "不是", "没错", "不用了", "可以", "好的", "不对", "是的是的", "对的对的"],
)
def test_short_answers_finish_a_yes_no_question(text: str) -> None:
    assert complete(text, Expect("yes_no")) >= 0.9


def test_telephone_numbers_are_awaited_whole() -> None:
    asked = Expect("phone")
    assert complete("幺三八", asked) < 0.2
    assert complete("幺三八零五五幺二三", asked) < 0.2
    assert complete("幺三八零五五幺二三四五", asked) > 0.9
    assert complete("零五五一六二三四五六七八", asked) > 0.9


@pytest.mark.parametrize(
    "text",
    ["你就用这个号码", "就打这个电话就行", "就用我现在打的这个电话", "挺急的", "很着急", "急"],
)
def test_agreeing_in_other_words_finishes_a_yes_no_question(text: str) -> None:
    assert complete(text, Expect("yes_no")) >= 0.9


@pytest.mark.parametrize("text", ["就用我", "还有十天", "是的但是", "对他们的"])
def test_an_answer_that_only_begins_does_not(text: str) -> None:
    assert complete(text, Expect("yes_no")) <= 0.5


def test_names_places_and_ratings() -> None:
    assert complete("我姓王", Expect("name")) >= 0.9
    assert complete("我姓", Expect("name")) <= 0.5
    assert complete("王", Expect("name")) <= 0.5
    assert complete("王建国", Expect("name")) >= 0.8
    assert complete("我叫", Expect("name")) <= 0.5
    assert complete("肥西的", Expect("region")) >= 0.8
    assert complete("我是", Expect("region")) <= 0.4
    assert complete("满意", Expect("rating")) >= 0.9
    assert complete("") == 0


@pytest.mark.parametrize(
    "text", ["嗯", "嗯嗯", "哦", "啊", "对对", "好", "是", "哦哦好", "对啊", "知道了", "嗯好的"]
)
def test_backchannel(text: str) -> None:
    assert backchannel(text)
    assert not backchannel(text, Expect("yes_no"))


@pytest.mark.parametrize(
    "text",
    ["不是", "等一下", "转人工", "老板欠我钱", "好像不对", "是老板不给", "对方不给钱", "没有"],
)
def test_words_are_no_backchannel(text: str) -> None:
    assert not backchannel(text)
