"""Orders: facts in any order, corrections, refusals, numbers in pieces, leaving half-way."""

import pytest
from bot_fakes import CALLER, paper

from hotline.domain.codes import CallOutcome, Urgency
from ivr.bot.api import HangUp
from ivr.bot.prompts import P
from ivr.bot.script import PaperCall

pytestmark = pytest.mark.unit

WISH = "我想申请法律援助"
STORY = "老板拖欠我工资三万块一直不给"


def told(*script: str, caller: str | None = CALLER) -> PaperCall:
    return paper(caller).run([WISH, *script])


def test_the_plain_way() -> None:
    call = told(STORY, "肥西县", "去年三月", "可以", "我叫张大勇", "不急", "对")
    (intake,) = call.filed
    assert intake.service_type.value == "legal_aid"
    assert intake.topic == "wages"
    assert intake.title == "法律援助：工资拖欠，合肥市肥西县"
    assert intake.description == STORY
    assert intake.region == "340123"
    assert intake.since == "去年三月"
    assert intake.contact_phone == CALLER
    assert intake.contact_name == "张大勇"
    assert intake.urgency is Urgency.NORMAL
    assert not intake.callback
    assert intake.extra == {}
    assert "您要办法律援助，您说的是工资拖欠的事，在肥西县，时间是去年三月" in call.transcript
    assert "登记好了，单号后四位是零零幺四。" in call.transcript


def test_everything_in_one_sentence_leaves_only_what_is_missing() -> None:
    call = told("去年三月开始老板在肥西拖欠我工资我叫张大勇电话13900001111")
    assert P["order.urgent"] in call.lines[-1]
    call.run(["不急", "对"])
    (intake,) = call.filed
    assert (intake.region, intake.contact_phone) == ("340123", "13900001111")


def test_facts_given_out_of_turn_are_kept_and_the_question_is_put_again() -> None:
    call = told(STORY, "我叫张大勇", "去年三月", "肥西县", "可以", "不急", "对")
    (intake,) = call.filed
    assert (intake.contact_name, intake.since, intake.region) == ("张大勇", "去年三月", "340123")
    assert intake.contact_phone == CALLER


def test_a_correction_is_taken_at_any_time_and_read_back() -> None:
    call = told(STORY, "肥西县", "不对是肥东县", "去年", "可以", "不想说", "不急")
    assert "在肥东县，" in call.lines[-1]
    call.run(["不对，是今年三月"])
    assert call.lines[-1] == f"助手：{P['order.changed']}时间是今年三月，{P['order.right']}"
    call.run(["对"])
    assert call.filed[0].region == "340122"
    assert call.filed[0].since == "今年三月"


def test_saying_which_fact_is_wrong_asks_for_it_again() -> None:
    call = told(STORY, "肥西县", "去年", "可以", "不想说", "不急", "电话不对", "13900001111")
    assert "幺三九，零零零零，幺幺幺幺" in call.lines[-1]
    call.run(["对"])
    assert call.filed[0].contact_phone == "13900001111"


def test_only_no_is_asked_what_is_wrong() -> None:
    call = told(STORY, "肥西县", "去年", "可以", "不想说", "不急", "不对")
    assert call.lines[-1] == f"助手：{P['order.what_wrong']}"
    call.run(["是肥东县", "对"])
    assert call.filed[0].region == "340122"


def test_a_name_need_not_be_given() -> None:
    call = told(STORY, "肥西县", "去年", "可以", "不想说名字", "不急", "对")
    assert P["order.anonymous"] in call.transcript
    assert call.filed[0].contact_name is None
    assert call.filed[0].confidential


def test_a_name_without_any_lead_is_taken_as_it_is() -> None:
    call = told(STORY, "肥西县", "去年", "可以", "免贵姓李", "不急", "对")
    assert call.filed[0].contact_name == "李"


def test_what_is_not_known_is_asked_twice_at_most_and_left_open() -> None:
    call = told(STORY, "嗯嗯那个", "说不上来", "忘记了", "可以", "不想说", "不急", "对")
    assert call.transcript.count("哪个县、哪个区") == 1
    assert P["order.never_mind"] in call.transcript
    (intake,) = call.filed
    assert intake.region is None
    assert intake.since is None


def test_a_city_alone_is_asked_for_its_county_once() -> None:
    call = told(STORY, "合肥市")
    assert call.lines[-1] == f"助手：合肥市，{P['order.county']}"
    call.run(["不知道", "去年", "可以", "不想说", "不急", "对"])
    assert call.filed[0].region == "340100"


def test_a_place_outside_anhui_is_kept_in_words() -> None:
    call = told(STORY, "在江苏苏州", "去年", "可以", "不想说", "不急", "对")
    assert call.filed[0].region is None
    assert call.filed[0].extra["elsewhere"] == "江苏苏州"


def test_a_number_told_in_pieces() -> None:
    call = told(STORY, "肥西县", "去年", "换一个号码", "139", "0000", "1111", "不想说", "不急")
    assert call.transcript.count(P["order.phone_go_on"]) == 2
    assert "回电号码幺三九，零零零零，幺幺幺幺，" in call.lines[-1]
    call.run(["对"])
    assert call.filed[0].contact_phone == "13900001111"


def test_a_number_of_wrong_length_is_asked_again() -> None:
    call = told(STORY, "肥西县", "去年", "换一个号码", "1390000", "[沉默]")
    assert call.lines[-1] == f"助手：{P['order.phone_wrong']}"


def test_no_telephone_at_all() -> None:
    call = told(STORY, "肥西县", "去年", "不想留电话", "不想说", "不急", "对")
    assert P["order.phone_none"] in call.transcript
    assert call.filed[0].contact_phone is None


def test_a_withheld_number_is_asked_for() -> None:
    call = told(STORY, "肥西县", "去年", caller=None)
    assert call.lines[-1] == f"助手：{P['order.phone']}"
    call.run(["13900001111", "不想说", "不急", "对"])
    assert P["order.done_whole"] in call.transcript


def test_a_deadline_makes_it_urgent() -> None:
    call = told(STORY, "肥西县", "去年", "可以", "不想说", "下周就要开庭了", "对")
    assert call.filed[0].urgency is Urgency.URGENT
    assert "下周就要开庭了" in call.filed[0].description


def test_the_story_goes_on_while_the_county_is_asked_for() -> None:
    more = "包工头还说要钱没有要命一条你去告"
    call = told(STORY, more, "肥西县", "去年", "可以", "不想说", "不急", "对")
    assert call.filed[0].description == f"{STORY}\n{more}"


def test_a_question_in_the_middle_is_answered_and_the_order_goes_on() -> None:
    call = told(STORY, "法律援助是谁都能办吗")
    assert call.lines[-1] == (
        "助手：经济困难的公民可以申请。可以先向劳动监察部门投诉。请准备身份证、合同。"
        f"{P['order.region']}"
    )


def test_why_we_ask() -> None:
    call = told(STORY, "你问这个干什么")
    assert call.lines[-1] == f"助手：{P['order.why']}{P['order.region']}"


def test_cancelled() -> None:
    call = told(STORY, "算了不登记了")
    assert call.lines[-1] == f"助手：{P['order.cancelled']}"
    call.run(["[挂断]"])
    assert not call.filed


def test_leave_taken_in_the_middle_files_what_was_told() -> None:
    call = told(STORY, "肥西县", "我不说了再见")
    (intake,) = call.filed
    assert intake.extra["unconfirmed"] == "yes"
    assert intake.callback
    assert call.last == HangUp(CallOutcome.ORDER_FILED)


def test_hanging_up_in_the_middle_files_what_was_told() -> None:
    call = told(STORY, "[挂断]")
    (intake,) = call.filed
    assert intake.description == STORY
    assert intake.contact_phone == CALLER
    assert call.last == HangUp(CallOutcome.ORDER_FILED)


def test_hanging_up_after_refusing_a_number_does_not_ring_them_back() -> None:
    call = told(STORY, "肥西县", "去年", "不想留电话", "[挂断]")
    assert call.filed[0].contact_phone is None


def test_hanging_up_while_a_person_is_rung_files_a_callback() -> None:
    call = paper()
    call.run(["老板拖欠我工资", "转人工", "[挂断]"])
    (intake,) = call.filed
    assert intake.callback
    assert intake.description == "老板拖欠我工资"
    assert call.last == HangUp(CallOutcome.CALLBACK)


def test_hanging_up_with_nothing_told_files_nothing() -> None:
    for script in ([], ["老板拖欠我工资"], ["今天天气怎么样"]):
        call = paper().run([*script, "[挂断]"])
        assert not call.filed


def test_a_number_given_in_a_callback_is_read_back() -> None:
    call = paper().run(["转人工", "工资的事", "换一个", "13900001111"])
    assert "回电号码幺三九，零零零零，幺幺幺幺，" in call.lines[-1]
    call.run(["对"])
    assert call.filed[0].contact_phone == "13900001111"


def test_three_unclear_replies_to_the_reading_back_bring_a_person_and_keep_the_order() -> None:
    call = told(STORY, "肥西县", "去年", "可以", "不想说", "不急", "啊啊", "呀呀", "哦哦")
    assert call.transfers[-1].reason == "misunderstood"
    assert call.filed[0].description == STORY
    assert call.filed[0].callback
