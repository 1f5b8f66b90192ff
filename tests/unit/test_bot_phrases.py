"""Small phrases: follow-ups, refusals, choices, numbers and places."""

import pytest
from bot_fakes import REGIONS

from hotline.language import own_number
from ivr.bot.flows.rate import level_in
from ivr.bot.numbers import clean_phone, digits_in, is_phone, spell, spell_groups
from ivr.bot.phrases import (
    cancels,
    does_not_know,
    follow_up,
    only_begins,
    picked,
    refuses,
    says_safe,
    small_talk,
)
from ivr.bot.places import Places, elsewhere

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("那要准备什么材料", "prepare"),
        ("要带什么东西", "prepare"),
        ("需要哪些证件", "prepare"),
        ("材料有哪些", "prepare"),
        ("多长时间能办好", "time"),
        ("要多久啊", "time"),
        ("几天能下来", "time"),
        ("什么时候能有结果", "time"),
        ("要不要钱", "cost"),
        ("收费吗", "cost"),
        ("大概要多少钱", "cost"),
        ("去哪里办", "where"),
        ("那我找谁呢", "where"),
        ("到哪个部门申请", "where"),
        ("具体怎么办", "next"),
        ("然后呢", "next"),
        ("他不肯出怎么办", "next"),
        ("那要是老板还是不给呢", "next"),
        ("接下来怎么弄", "next"),
        ("这是哪条法律规定的", "law"),
        ("离婚要准备哪些材料去哪里办", None),
        ("打官司要多少钱", None),
        ("工伤多长时间能赔下来", None),
        ("房东不退押金怎么办", None),
        ("老板欠我工资", None),
    ],
)
def test_follow_ups(text: str, kind: str | None) -> None:
    assert follow_up(text) == kind


def test_refusals_and_not_knowing() -> None:
    for text in ("不想说", "我不想说名字", "匿名吧", "不方便", "不留电话", "算了", "不告诉你"):
        assert refuses(text), text
    for text in ("不知道", "记不清了", "我忘了", "不晓得哎", "说不上来"):
        assert does_not_know(text), text
    for text in ("在肥西县", "我叫李想", "去年三月", "我不同意离婚"):
        assert not refuses(text), text
        assert not does_not_know(text), text


def test_cancelling() -> None:
    for text in ("算了不登记了", "不用登记了", "取消吧", "算了吧"):
        assert cancels(text), text
    for text in ("老板说不办", "他不给我登记结婚怎么办理", "不想说"):
        assert not cancels(text), text


def test_taking_danger_back() -> None:
    for text in ("你听错了", "没事了", "我开玩笑的", "我不会做傻事的", "已经安全了"):
        assert says_safe(text), text
    for text in ("我不想活了", "没人管我", "他还在打我", "没事做", "不想说"):
        assert not says_safe(text), text


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("第一个", 0),
        ("前面那个", 0),
        ("1", 0),
        ("是第二个吧", 1),
        ("后面的", 1),
        ("二", 1),
        ("都不是", -1),
        ("老板欠钱", None),
    ],
)
def test_picking(text: str, index: int | None) -> None:
    assert picked(text) == index


def test_small_talk_and_beginnings() -> None:
    assert small_talk("喂你好") == "hello"
    assert small_talk("你是真人还是机器人") == "who"
    assert small_talk("好的谢谢你啊") == "thanks"
    assert small_talk("你们能办什么") == "can"
    assert small_talk("喂能听见吗") == "hear"
    assert small_talk("我想一想") == "wait"
    assert small_talk("谢谢你我想问工资") is None
    assert only_begins("那个我想咨询一下")
    assert only_begins("喂你好我想问个事情")
    assert not only_begins("我想问离婚")


def test_numbers() -> None:
    assert spell("2010") == "二零幺零"
    assert spell_groups("13855512345") == "幺三八，五五五幺，二三四五"
    assert clean_phone("+86 138-5551-2345") == "13855512345"
    for good in ("13855512345", "05516335512", "6335512", "63355120"):
        assert is_phone(good), good
    for bad in ("1385551234", "12855512345", "100", "055163", ""):
        assert not is_phone(bad), bad
    assert digits_in("幺三八零零") == "13800"
    assert digits_in("嗯138然后是0013") == "1380013"
    assert digits_in("我去年在工地干了三个月活") == ""
    assert own_number("就打这个电话")


def test_ratings_in_words() -> None:
    said = {
        "非常满意": 5,
        "满意": 4,
        "一般吧": 3,
        "不太满意": 2,
        "非常不满意": 1,
        "五分": 5,
        "挺好的": 5,
    }
    assert {text: level_in(text) for text in said} == said


def test_places() -> None:
    places = Places(REGIONS)
    assert places.spoken("340123") == "肥西县"
    assert places.spoken("340111") == "合肥市包河区"
    assert places.full("340123") == "合肥市肥西县"
    assert places.full("340100") == "合肥市"
    assert [r.name for r in places.counties("340100")] == ["包河区", "肥东县", "肥西县"]
    assert [r.name for r in places.by_area_code("551")] == ["合肥市"]
    assert places.by_area_code("010") == []
    assert places.spoken("999999") == ""
    assert elsewhere("在浙江打工") == "浙江"
    assert elsewhere("在肥西打工") is None
