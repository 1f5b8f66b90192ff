"""Keys do everything speech does."""

import pytest
from bot_fakes import CALLER, paper

from ivr.bot.api import HangUp, Listen
from ivr.bot.prompts import MENU_MORE, P

pytestmark = pytest.mark.unit


def test_without_recognition_it_is_said_once_and_the_menu_is_read() -> None:
    call = paper(speech=False)
    assert call.lines[0] == f"助手：{P['greeting.keys']}{P['menu.main']}"
    call.run(["[1]", "[#]"])
    assert call.transcript.count("听不清语音") == 1


def test_a_question_by_topic_and_key() -> None:
    call = paper(speech=False).run(["[1]", "[1]", "[2]", "[1]"])
    assert "一个月内由单位申请认定" in call.lines[-1]
    assert call.lines[-1].endswith(P["menu.main"])


def test_a_changed_rule_is_offered_with_keys() -> None:
    call = paper(speech=False).run(["[1]", "[2]", "[1]", "[2]"])
    assert call.lines[-1].endswith(P["keys.yes_no"])
    call.run(["[1]"])
    assert call.transfers[-1].reason == "changed_law"


def test_an_order_by_keys_alone() -> None:
    call = paper(speech=False)
    call.run(["[2]", "[1]", "[1]"])
    assert P["order.story.keys"] in call.lines[-1]
    assert isinstance(call.last, Listen)
    assert call.last.timeout_s >= 30
    call.run(["[#]", "[0551]"])
    assert "包河区请按1，肥东县请按2，肥西县请按3，" in call.lines[-1]
    call.run(["[3]", "[2]", "[1]", "[1]"])
    assert P["order.right.keys"] in call.lines[-1]
    call.run(["[1]"])
    (intake,) = call.filed
    assert intake.region == "340123"
    assert intake.since == "半年内"
    assert intake.contact_phone == CALLER
    assert intake.urgency.value == "urgent"
    assert "通话录音" in intake.description
    assert not intake.confidential


def test_an_area_code_of_two_cities_asks_which() -> None:
    call = paper(speech=False).run(["[2]", "[1]", "[1]", "[#]", "[0558]"])
    assert "阜阳市请按1，亳州市请按2，" in call.lines[-1]
    call.run(["[2]", "[1]", "[#]", "[1]", "[2]", "[1]"])
    assert call.filed[0].region == "341621"


def test_another_number_and_a_correction_by_keys() -> None:
    call = paper(speech=False).run(["[2]", "[1]", "[1]", "[#]", "[#]", "[#]", "[2]"])
    assert P["order.phone.keys"] in call.lines[-1]
    call.run(["[13900001111]", "[2]"])
    assert "幺三九，零零零零，幺幺幺幺" in call.lines[-1]
    call.run(["[2]", "[2]", "[05516335512#]", "[1]"])
    assert call.filed[0].contact_phone == "05516335512"


def test_a_number_too_short_is_asked_again() -> None:
    call = paper(speech=False).run(["[2]", "[1]", "[1]", "[#]", "[#]", "[#]", "[2]", "[139#]"])
    assert call.lines[-1] == f"助手：{P['order.phone_wrong.keys']}"


def test_no_number_by_keys() -> None:
    call = paper(speech=False).run(["[2]", "[1]", "[1]", "[#]", "[#]", "[#]", "[3]", "[2]", "[1]"])
    assert call.filed[0].contact_phone is None


def test_progress_by_keys() -> None:
    call = paper(speech=False).run(["[3]"])
    assert call.lines[-1] == f"助手：{P['progress.tail.keys']}"
    call.run(["[0010#]"])
    assert call.lines[-1] == f"助手：{P['progress.none.keys']}"


def test_progress_by_keys_ended_by_silence() -> None:
    call = paper(speech=False).run(["[3]", "[0010]", "[沉默]"])
    assert call.lines[-1] == f"助手：{P['progress.none.keys']}"


def test_an_office_by_keys() -> None:
    call = paper(speech=False).run(["[4]"])
    assert call.lines[-1] == f"助手：{P['place.kind']}"
    call.run(["[1]", "[0551]", "[3]"])
    assert "肥西县法律援助中心，地址在人民路1号" in call.lines[-1]


def test_an_office_without_area_code_is_for_a_person() -> None:
    call = paper(speech=False).run(["[4]", "[2]", "[#]"])
    assert call.transfers[-1].reason == "office"


@pytest.mark.parametrize("script", [[], ["[1]"], ["[2]", "[1]", "[1]"], ["[1]", "[1]", "[2]"]])
def test_a_person_by_0_in_any_menu(script: list[str]) -> None:
    call = paper(speech=False).run([*script, "[0]"])
    assert call.transfers[-1].reason == "requested"


def test_0_works_while_talking_and_is_a_digit_inside_a_number() -> None:
    call = paper().run(["老板拖欠我工资", "[0]"])
    assert len(call.transfers) == 1
    call = paper().run(["我想查进度", "[0010#]"])
    assert not call.transfers
    call = paper().run(["我想查进度", "[0]", "[沉默]"])
    assert call.transfers[-1].reason == "requested"


def test_a_callback_by_keys() -> None:
    call = paper(speech=False).run(["[0]"])
    assert call.lines[-1].endswith(P["order.phone_own_ask.keys"])
    call.run(["[1]"])
    assert call.filed[0].callback


def test_star_says_it_again() -> None:
    call = paper().run(["老板拖欠我工资", "[*]"])
    assert call.lines[-1] == call.lines[-3]


def test_keys_answer_spoken_questions_too() -> None:
    call = paper().run(
        ["我想申请法律援助", "老板拖欠我工资三万块一直不给", "肥西县", "去年", "[1]", "不想说"]
    )
    call.run(["[2]", "[1]"])
    assert call.filed[0].contact_phone == CALLER
    assert call.filed[0].urgency.value == "normal"


def test_main_keys_work_without_being_read_out() -> None:
    assert "请按1" in paper().run(["[1]"]).lines[-1]
    assert P["progress.tail"] in paper().run(["[3]"]).lines[-1]


def test_a_word_leaves_the_menu() -> None:
    call = paper().run(["[1]", "老板拖欠我工资"])
    assert "单位应当按时" in call.lines[-1]


def test_recognition_lost_in_mid_call_puts_the_question_by_keys() -> None:
    call = paper().run(["我想申请法律援助", "老板拖欠我工资三万块一直不给", "[断识别]"])
    assert call.lines[-1] == f"助手：{P['speech_lost']}{P['order.region.keys']}"
    call = paper().run(["离婚新规是什么", "[断识别]"])
    assert call.lines[-1].endswith(P["keys.yes_no"])
    call = paper().run(["老板拖欠我工资", "[断识别]"])
    assert call.lines[-1].endswith(P["menu.main"])


def test_long_lists_are_read_in_pages() -> None:
    from bot_fakes import NOW, FakeKnowledge, FakeUnderstander

    from hotline.knowledge.models import Region
    from hotline.settings import BotSettings
    from ivr.bot.dialogue import Dialogue
    from ivr.bot.script import PaperCall

    regions = [Region("340800", "安庆市", "安庆市")]
    regions += [Region(f"3408{n:02d}", f"第{n}县", "安庆市") for n in range(21, 31)]
    talk = Dialogue(CALLER, FakeUnderstander(), FakeKnowledge(), regions, BotSettings(), "c")
    call = PaperCall(talk, NOW).start(CALLER, speech=False)
    call.run(["[4]", "[1]", "[0556]"])
    assert call.lines[-1].endswith(MENU_MORE)
    call.run(["[9]"])
    assert "第29县请按1，第30县请按2，" in call.lines[-1]


def test_silence_ends_a_call_by_keys_too() -> None:
    call = paper(speech=False).run(["[沉默]", "[沉默]", "[沉默]"])
    assert isinstance(call.last, HangUp)
    assert P["silence_2.keys"] in call.transcript
