"""Normal form, numbers, pinyin and error rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.language import char_error_rate, normalise, pinyin_key, syllable_error_rate
from hotline.language.normalise import masked, plain
from hotline.language.numerals import parse_number
from hotline.language.pinyin import codes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("spoken", "value"),
    [
        ("三千五百", 3500), ("一百二", 120), ("两万三", 23000), ("一万二千", 12000),
        ("三千零五", 3005), ("十五", 15), ("二十", 20), ("一亿两千万", 120_000_000),
        ("3万", 30000), ("2.5万", 25000),
        ("一三八", 138), ("七", 7),
    ],
)  # fmt: skip
def test_spoken_numbers(spoken: str, value: int) -> None:
    assert parse_number(spoken) == value


@pytest.mark.parametrize("text", ["", "钱", "三千块"])
def test_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("那个老板欠我三千五百块钱", "老板欠我3500块钱"),
        ("二零二四年三月五号", "2024年3月5号"),
        ("幺三八零五五幺二三四五", "13805512345"),
        ("百分之二十四的利息", "24%的利息"),
        ("ＡＢＣ１２３", "abc123"),
        ("法律援助申請", "法律援助申请"),
        ("嗯，我想离婚。", "我想离婚"),
        ("万一他不给怎么办", "万一他不给怎么办"),
        ("五险一金和三金", "五险一金和三金"),
        ("嗯", "嗯"),
    ],
)
def test_normal_form(said: str, written: str) -> None:
    assert normalise(said) == written


def test_counted_numbers_look_alike() -> None:
    assert masked(plain("欠我三个月工资")) == masked(plain("欠我十个月工资"))
    assert masked("万一他不还") == "万一他不还"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("工伤", "工商"),
        ("公证", "公正"),
        ("能", "棱"),
        ("湖南", "福兰"),
        ("知道", "资道"),
        ("心", "星"),
    ],
)
def test_what_sounds_alike_has_one_key(one: str, other: str) -> None:
    assert pinyin_key(one) == pinyin_key(other)


def test_words_decide_readings() -> None:
    assert "hang" in pinyin_key("银行") and "xin" not in pinyin_key("银行")
    assert pinyin_key("长丰") != pinyin_key("涨丰")


@given(st.text(alphabet="一二老板欠我工资离婚abc12，。 的了", max_size=30))
def test_sound_is_aligned_with_characters(text: str) -> None:
    bare = plain(text)
    assert len(codes(bare)) == len(bare)


def test_error_rates() -> None:
    assert char_error_rate("工伤怎么认定", "工商怎么认定") == pytest.approx(1 / 6)
    assert syllable_error_rate("工伤怎么认定", "工商怎么认定") == 0
    assert syllable_error_rate("工伤", "") == 1
    assert char_error_rate("", "") == 0
