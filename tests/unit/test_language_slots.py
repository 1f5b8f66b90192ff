"""Facts read out of sentences."""

import pytest

from hotline.language import Expect, read_slots

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "said",
    [
        "13805512345",
        "幺三八零五五幺二三四五",
        "幺三八 零五五幺 二三四五",
        "我的电话是一三八，零五五一，二三四五",
        "138 0551 2345 打这个",
        "八六幺三八零五五幺二三四五",
    ],
)
def test_mobile_in_any_grouping(said: str) -> None:
    assert read_slots(said, Expect("phone")).phone == "13805512345"


def test_landline_and_no_phone() -> None:
    assert read_slots("零五五一六二三四五六七八", Expect("phone")).phone == "055162345678"
    assert read_slots("我的工单号是二零二六零零一八").phone is None
    assert read_slots("一共三个人").phone is None


@pytest.mark.parametrize(
    ("said", "yuan"),
    [
        ("老板欠我三千五百块钱", 3500),
        ("借了他五万块没还", 50000),
        ("被骗了两万三千元", 23000),
        ("彩礼二十万", 200_000),
        ("欠我1.5万元", 15000),
        ("赔了三百多块", 300),
        ("欠我三个月工资", None),
        ("征了我三亩地", None),
    ],
)
def test_amounts(said: str, yuan: int | None) -> None:
    assert read_slots(said).amount == yuan


@pytest.mark.parametrize(
    ("said", "people"),
    [
        ("我们八个工友都没拿到钱", 8),
        ("二十多个农民工", 20),
        ("十几个人", 10),
        ("我一个人", None),
        ("老板不给钱", None),
    ],
)
def test_people(said: str, people: int | None) -> None:
    assert read_slots(said).people == people


@pytest.mark.parametrize(
    ("said", "since"),
    [
        ("从去年十月开始拖着不给", "去年十月"),
        ("欠了三个月", "三个月"),
        ("半年了", "半年"),
        ("我今年五十八岁", "今年"),
        ("对方不给钱", None),
    ],
)
def test_since_when(said: str, since: str | None) -> None:
    assert read_slots(said, Expect("since")).since == since


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("我叫王建国", "王建国"),
        ("张三", "张三"),
        ("嗯我是李秀英", "李秀英"),
        ("免贵姓陈", "陈"),
        ("姓欧阳", "欧阳"),
        ("不知道", None),
        ("我不想说", None),
    ],
)
def test_name_when_asked(said: str, name: str | None) -> None:
    assert read_slots(said, Expect("name")).name == name


def test_a_bare_word_is_no_name_unless_asked() -> None:
    assert read_slots("张三").name is None
    assert read_slots("我叫王建国家住肥西").name == "王建国"


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("非常满意", 5),
        ("满意", 4),
        ("还可以", 3),
        ("不满意", 2),
        ("非常不满意", 1),
        ("五分", 5),
        ("按2", 2),
        ("很好", 5),
    ],
)
def test_rating(said: str, level: int) -> None:
    assert read_slots(said, Expect("rating")).satisfaction == level


def test_rating_is_read_only_when_asked_or_named() -> None:
    assert read_slots("可以").satisfaction is None
    assert read_slots("我对你们很满意").satisfaction == 5


def test_order_numbers_and_digits() -> None:
    assert read_slots("我的单子号是二零二六零零一八请查一下").order_no == "20260018"
    assert read_slots("尾号三八六六").order_no == "3866"
    assert read_slots("三八六六", Expect("order_no")).order_no == "3866"
    assert read_slots("一", Expect("choice")).digits == "1"
    assert read_slots("四五六七", Expect("digits")).digits == "4567"


def test_region_comes_from_the_finder() -> None:
    def find(text: str) -> str | None:
        return "340123" if "肥西" in text else None

    assert read_slots("肥西的", Expect("region"), find).region == "340123"
    assert read_slots("肥西的", Expect("region")).region is None
