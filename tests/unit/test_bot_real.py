"""The dialogue over the real understanding and the real knowledge base."""

from functools import cache

import pytest
from bot_fakes import CALLER, NOW

from hotline.domain.codes import CallOutcome, Urgency
from hotline.knowledge.search import KnowledgeBase
from hotline.language.understander import Understander
from hotline.settings import BotSettings
from ivr.bot.api import HangUp
from ivr.bot.dialogue import Dialogue
from ivr.bot.prompts import P
from ivr.bot.script import PaperCall

pytestmark = pytest.mark.unit


@cache
def parts() -> tuple[Understander, KnowledgeBase]:
    knowledge = KnowledgeBase.load()

    def find_region(text: str) -> str | None:
        return next((region.code for region in knowledge.find_region(text)), None)

    return Understander.load(find_region), knowledge


def call(*script: str, caller: str | None = CALLER, seats: bool = True) -> PaperCall:
    understander, knowledge = parts()
    talk = Dialogue(caller, understander, knowledge, knowledge.regions, BotSettings(), "c1")
    return PaperCall(talk, NOW).start(caller, seats=seats).run(script)


def test_an_old_farmer_asks_and_goes_on_asking() -> None:
    talk = call("老板拖欠工资怎么办", "那俺要带啥东西", "哪条法律规定的", "好的谢谢再见", "五分")
    assert "《劳动合同法》第八十五条" in talk.lines[2]
    assert "助手：请准备" in talk.transcript
    assert "助手：依据是《" in talk.transcript
    assert talk.last == HangUp(CallOutcome.ANSWERED_BY_BOT)
    assert talk.notes[-1].satisfaction == 5


def test_an_order_told_in_one_breath_and_corrected() -> None:
    talk = call(
        "我叫李秀英，我想申请法律援助，我儿子在工地上摔断了腿老板不管，去年十一月的事，电话13956781234",
        "在肥西县，不对，是肥东县",
        "很急",
        "对",
    )
    (intake,) = talk.filed
    assert intake.service_type.value == "legal_aid"
    assert intake.region == "340122"
    assert intake.contact_name == "李秀英"
    assert intake.contact_phone == "13956781234"
    assert intake.urgency is Urgency.URGENT


def test_an_order_told_step_by_step_without_a_name() -> None:
    talk = call(
        "你帮我登记一下吧",
        "邻居盖房子占了我家一米宅基地，找他他不理",
        "我在霍邱县",
        "去年春上",
        "就打这个电话",
        "不想说名字",
        "不着急",
        "对的",
    )
    (intake,) = talk.filed
    assert intake.region == "341522"
    assert intake.contact_phone == CALLER
    assert intake.confidential
    assert talk.last is not None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我不想活了农药都买好了", "suicide"),
        ("我妈喝农药了快来救人", "suicide"),
        ("我老公又在打我我躲在厕所里", "violence"),
        ("老板把我们锁在宿舍里不让走", "confinement"),
        ("有人把我孙子抱走了", "abduction"),
    ],
)
def test_emergencies(text: str, kind: str) -> None:
    talk = call("老板拖欠工资怎么办", text, "我在霍邱县姚李镇", "[沉默]")
    assert talk.filed[0].emergency == kind
    assert talk.filed[-1].region == "341522"
    assert all(transfer.on_call for transfer in talk.transfers)
    assert not isinstance(talk.last, HangUp)


def test_a_person_at_night() -> None:
    talk = call("我要找真人，转人工", "明天开庭了我不知道要带什么", "可以", seats=False)
    assert talk.filed[0].callback
    assert not talk.transfers


def test_police_custody_is_a_question() -> None:
    talk = call("我儿子被派出所拘留了怎么办")
    assert not talk.filed
    assert "《刑事诉讼法》" in talk.transcript


def test_an_unconfirmed_office_is_not_made_up() -> None:
    talk = call("合肥市公证处的电话是多少")
    assert P["place.unconfirmed"] in talk.transcript


def test_progress_and_a_forgotten_number() -> None:
    talk = call("我上个月报的那个工单办得怎么样了", "我不记得单号了")
    assert P["progress.tail"] in talk.transcript
    assert talk.transfers[0].reason == "not_found"


def test_weather_and_abuse() -> None:
    assert P["off_topic"] in call("今天天气怎么样").transcript
    talk = call("你他妈的什么破玩意", "操你妈", "傻逼")
    assert talk.last == HangUp(CallOutcome.ENDED_ABUSE)
