"""One sentence in, its meaning and the reply out."""

import pytest
from bot_fakes import NOW, REGIONS, FakeKnowledge, FakeUnderstander

from hotline.domain.codes import Act, Topic
from hotline.settings import BotSettings
from ivr.bot.prompts import P
from ivr.bot.reply import understand_reply

pytestmark = pytest.mark.unit


def reply(text: str) -> tuple[Act, Topic, str]:
    understood, words = understand_reply(
        text,
        understander=FakeUnderstander(),
        knowledge=FakeKnowledge(),
        regions=REGIONS,
        settings=BotSettings(),
        now=NOW,
    )
    return understood.act, understood.topic, words


def test_an_answer() -> None:
    act, topic, words = reply("老板拖欠我工资")
    assert (act, topic) == (Act.ASK, Topic.WAGES)
    assert words.startswith("单位应当按时足额支付工资。")


def test_a_person_and_an_emergency() -> None:
    assert reply("转人工")[2] == P["transfer.wait"]
    assert reply("我不想活了")[2] == P["danger.suicide"]


def test_nothing_is_understood() -> None:
    assert reply("阿巴阿巴")[2] == P["not_understood"]
