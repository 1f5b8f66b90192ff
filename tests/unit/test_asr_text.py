"""Engine text to what was said."""

import pytest

from asr.text import normalise, syllables

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("老闆欠我3個月工資，一直不給。", "老板欠我三个月工资一直不给"),
        ("欠了2个月", "欠了两个月"),
        ("拖了12个月", "拖了十二个月"),
        ("2万块钱", "两万块钱"),
        ("20000块", "两万块"),
        ("我电话是13812345678", "我电话是一三八一二三四五六七八"),
        ("138 1234 5678", "一三八一二三四五六七八"),
        ("打12348", "打一二三四八"),
        ("报警打110", "报警打一一零"),
        ("幺三八", "一三八"),
        ("幺幺零", "一一零"),
        ("2026年5月3号", "二零二六年五月三号"),
        ("2026-05-03", "二零二六年五月三日"),
        ("干了10年", "干了十年"),
        ("98年结的婚", "九八年结的婚"),
        ("下午3:30", "下午三点三十分"),
        ("利息24%", "利息百分之二十四"),
        ("1.5倍", "一点五倍"),
        ("1,200元", "一千二百元"),
        ("欠款500000", "欠款五十万"),
        ("单号0018", "单号零零一八"),
        ("２０２６００１８", "二零二六零零一八"),
        ("110000元", "十一万元"),
        ("Hello，你好！", "Hello你好"),
        ("", ""),
        ("，。！", ""),
    ],
)
def test_normalise(raw: str, said: str) -> None:
    assert normalise(raw) == said


def test_normalising_twice_changes_nothing() -> None:
    once = normalise("我電話是13812345678，欠我2萬3千5百元，2026年10月1日。")
    assert normalise(once) == once


def test_syllables_count_characters() -> None:
    assert syllables("工伤认定") == 4
    assert syllables("") == 0
    assert syllables("八tb卡") > 2
