"""Whole conversations on paper, of every kind."""

import pytest
from bot_fakes import CALLER, NOW, FakeUnderstander, dialogue, paper

from hotline.domain.codes import (
    Act,
    CallOutcome,
    HubState,
    OrderState,
    ServiceType,
    Topic,
    Urgency,
)
from hotline.domain.orders import OrderView
from hotline.domain.understanding import Reading
from ivr.bot.api import HangUp, Heard, Listen, Say, Started, Transfer, TransferDone
from ivr.bot.prompts import P
from ivr.bot.script import PaperCall

pytestmark = pytest.mark.unit


def order(order_no: str = "20261101000010", state: OrderState = OrderState.ASSIGNED) -> OrderView:
    day = NOW.replace(month=11, day=1)
    return OrderView(order_no, state, HubState.PENDING, None, "wages", Urgency.NORMAL, "", day, day)


def test_the_first_words_say_who_that_it_is_recorded_and_how_to_reach_a_person() -> None:
    call = paper()
    assert call.lines[0] == f"助手：{P['greeting']}"
    for words in ("12348", "通话会录音", "转人工"):
        assert words in P["greeting"]
    assert isinstance(call.last, Listen)
    assert call.last.expect == "open"


CONVERSATIONS: dict[str, tuple[list[str], list[str]]] = {
    "a question is answered at once, then what else": (
        ["老板拖欠我工资"],
        ["助手：单位应当按时足额支付工资。", "请准备身份证、合同。还有什么可以帮您？"],
    ),
    "what to prepare, after an answer": (
        ["老板拖欠我工资", "那要准备什么材料"],
        ["助手：请准备身份证、合同。还有什么可以帮您？"],
    ),
    "how long, told in the answer": (
        ["我摔伤了是不是工伤", "多长时间能办"],
        ["助手：一个月内由单位申请认定。还有什么可以帮您？"],
    ),
    "how long, not known, leads to a person": (
        ["老板拖欠我工资", "要多久啊", "[1]"],
        [P["answer.no_time"], "〔转人工 not_found"],
    ),
    "which law": (["老板拖欠我工资", "这是哪条法律规定的"], ["《劳动合同法》第三十条"]),
    "where to go, for a trouble without offices": (
        ["老板拖欠我工资", "去哪里办"],
        ["助手：可以先向劳动监察部门投诉。"],
    ),
    "where to go, for legal aid in a known place": (
        ["我在肥西县法律援助都给谁", "去哪里办"],
        ["肥西县法律援助中心，地址在人民路1号"],
    ),
    "a changed rule leads to a person": (
        ["离婚新规是什么", "好"],
        ["这条规定改了。", P["answer.changed"], "〔转人工 changed_law"],
    ),
    "an offered person is declined": (
        ["离婚新规是什么", "不用"],
        [P["answer.changed"], "助手：还有什么可以帮您？"],
    ),
    "an office that is confirmed": (
        ["法律援助中心在哪里", "肥西"],
        [P["place.region"], "电话是0551-12345678"],
    ),
    "an office that is not confirmed is not told": (
        ["合肥市公证处几点上班", "不用"],
        ["合肥市公证机构的地址和电话，我这里还没有核实", P["place.ask_person"]],
    ),
    "an office without a place leads to a person": (
        ["法律援助中心在哪里", "不知道", "可以"],
        [P["place.region"], "〔转人工 office"],
    ),
    "an answer that was no use": (
        ["老板拖欠我工资", "你说的没用", "好"],
        [P["answer.no_help"], "〔转人工 not_found"],
    ),
    "a callback wished for": (
        ["你们给我回个电话吧", "工资的事", "可以"],
        [P["callback.ok"], P["callback.story"], "您尾号二三四五的电话"],
    ),
    "a national number": (["消费者投诉打哪个电话"], ["消费者投诉打12315。还有什么可以帮您？"]),
    "the trouble alone": (["工伤", "怎么认定"], [P["answer.detail"], "一个月内由单位申请认定"]),
    "more of the same trouble": (
        ["我摔伤了是不是工伤", "那工伤怎么认定呢"],
        ["一个月内由单位申请认定", "一个月内由单位申请认定"],
    ),
    "a sentence that breaks off is waited for": (
        ["老板拖欠我工资", "但是他", "怎么离婚"],
        ["可以协议离婚"],
    ),
    "what was meant": (["工资的事谁管", "不是，我问的是怎么离婚"], ["可以协议离婚"]),
    "wrong number": (["打错了"], [P["bye"]]),
    "a bare what": (["老板拖欠我工资", "啥"], ["助手：单位应当", "助手：单位应当"]),
    "only yes": (["对", "对", "对", "对"], ["〔转人工 misunderstood"]),
    "a question about the answer in the middle of an order": (
        ["我摔伤了是不是工伤", "我想申请法律援助吧", "要多久呢", "要多少钱"],
        [
            f"助手：一个月内由单位申请认定。{P['order.region']}",
            f"助手：{P['order.later']}{P['order.region']}",
        ],
    ),
    "a question in place of the story": (
        ["我想申请法律援助吧", "老板拖欠工资是怎么回事呢"],
        ["助手：单位应当按时足额支付工资。"],
    ),
    "not understood once": (["阿巴阿巴"], [f"助手：{P['not_understood']}"]),
    "not understood twice": (
        ["阿巴阿巴", "阿巴阿巴阿巴"],
        [P["not_understood"], "〔转人工 misunderstood"],
    ),
    "the weather": (["今天天气怎么样"], [f"助手：{P['off_topic']}"]),
    "the weather again": (["今天天气怎么样", "明天天气呢"], [P["off_topic_again"]]),
    "who are you": (["你是机器人吗"], [P["who"]]),
    "are you there": (["喂听得到吗"], [P["hear_you"]]),
    "wait a moment": (["等一下我找个纸"], [P["take_time"]]),
    "only the beginning of a sentence": (["那个我想问一下"], [f"助手：{P['go_ahead']}"]),
    "again": (
        ["老板拖欠我工资", "再说一遍"],
        ["助手：单位应当按时足额支付工资。", "助手：单位应当按时足额支付工资。"],
    ),
    "another language": (["hello can you help"], ["Please hold", "〔转人工 foreign"]),
    "distress": (["我受不了了呜呜"], [P["distress"], "〔转人工 distress"]),
    "silence ends gently": (
        ["[沉默]", "[沉默]", "[沉默]"],
        [P["silence_1"], P["silence_2"], P["silence_end"], "〔结束 无应答结束〕"],
    ),
    "two warnings, then the end": (
        ["他妈的", "他妈的", "他妈的"],
        [P["abuse_1"], P["abuse_2"], P["abuse_end"], "〔结束 文明用语提醒后结束〕"],
    ),
    "swearing about the trouble is no abuse": (["他妈的老板不发工资"], ["助手：单位应当按时"]),
    "a rating at the end": (
        ["老板拖欠我工资", "没有了再见", "5"],
        [P["rate"], P["rate.thanks"], "〔结束 智能助手解答〕"],
    ),
    "a bad rating": (["老板拖欠我工资", "再见", "[1]"], [P["rate.sorry"]]),
    "no rating": (["老板拖欠我工资", "再见", "[沉默]"], [P["bye"], "〔结束 智能助手解答〕"]),
    "something else instead of a rating": (
        ["老板拖欠我工资", "再见", "我想问怎么离婚"],
        [P["rate"], "可以协议离婚"],
    ),
    "goodbye before anything was done": (["打错了再见"], [P["bye"], "〔结束 来电人挂断〕"]),
    "a person, nobody answers, a callback": (
        ["老板拖欠我工资", "转人工", "可以"],
        ["〔转人工 requested", P["callback.busy"], "尾号二三四五", P["callback.done"]],
    ),
    "a callback, declined": (
        ["老板拖欠我工资", "转人工", "不用留电话了"],
        [P["callback.busy"], P["callback.declined"]],
    ),
    "adopted after a restart": (["[重启]"], [P["adopted"]]),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(name: str) -> None:
    script, expected = CONVERSATIONS[name]
    text = paper().run(script).transcript
    at = 0
    for words in expected:
        found = text.find(words, at)
        assert found >= 0, f"{words!r} is not said (in this order)\n{text}"
        at = found + len(words)


def test_close_readings_are_asked_back_and_chosen_by_word_or_key() -> None:
    for answer in ("第二个", "[2]", "工伤"):
        heard = FakeUnderstander()
        heard.readings["工地上出的事谁管"] = (
            Reading(Act.ASK, Topic.WAGES, 0.4),
            Reading(Act.ASK, Topic.WORK_INJURY, 0.38),
        )
        call = PaperCall(dialogue(understander=heard), NOW).start(CALLER)
        call.run(["工地上出的事谁管"])
        assert call.lines[-1] == "助手：您是想问工资拖欠，还是工伤？"
        call.run([answer])
        assert "助手：一个月内由单位申请认定。" in call.lines[-1], call.transcript


def test_the_two_readings_refused_lead_back_to_the_open_question() -> None:
    heard = FakeUnderstander()
    heard.readings["工地上出的事谁管"] = (
        Reading(Act.ASK, Topic.WAGES, 0.4),
        Reading(Act.ASK, Topic.WORK_INJURY, 0.38),
    )
    call = PaperCall(dialogue(understander=heard), NOW).start(CALLER)
    call.run(["工地上出的事谁管", "都不是"])
    assert call.lines[-1] == f"助手：{P['choice.neither']}"


def test_progress_by_tail_of_the_calling_phone() -> None:
    call = paper()
    call.orders = (order(),)
    call.run(["我想查进度", "0010"])
    assert "助手：11月1日您登记的工资拖欠的单子，已经派给承办单位，等他们签收。" in call.transcript
    assert P["progress.urge"] in call.transcript


def test_progress_without_a_number_to_call_back_needs_the_whole_one() -> None:
    call = paper(None)
    call.orders = (order(),)
    call.run(["我想查进度"])
    assert P["progress.whole"] in call.lines[-1]
    call.run(["20261101", "000010"])
    assert P["progress.go_on"] in call.transcript
    assert "您登记的" in call.lines[-1]


def test_a_wrong_order_number_is_asked_again_then_a_person() -> None:
    call = paper(None)
    call.run(["我想查进度", "20261101000013"])
    assert P["progress.wrong"] in call.lines[-1]
    call.run(["20261101000013"])
    assert call.transfers[-1].reason == "not_found"


def test_an_order_filed_in_this_call_needs_no_number() -> None:
    call = paper()
    call.run(["帮我登记老板拖欠工资不给的事", "肥西县", "去年", "可以", "不想说", "不急", "对"])
    assert len(call.filed) == 1, call.transcript
    call.orders = (order("20261123000014", OrderState.RECEIVED),)
    call.run(["办到哪一步了"])
    assert "正等着受理" in call.lines[-1]


def test_nobody_on_duty_means_a_callback_at_once() -> None:
    call = paper(seats=False).run(["转人工", "工资的事", "可以"])
    assert not call.transfers
    assert P["callback.nobody"] in call.transcript
    assert call.filed[0].callback
    assert call.filed[0].contact_phone == CALLER
    assert call.dialogue.state.callback


def test_slower_is_kept_for_the_rest_of_the_call() -> None:
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    first = talk.turn(Heard("请你说慢一点"), NOW)
    later = talk.turn(Heard("老板拖欠我工资"), NOW)
    assert all(action.slow for action in [*first, *later] if isinstance(action, Say))


def test_a_call_that_has_become_long_is_handed_over_once() -> None:
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    later = NOW.replace(hour=NOW.hour + 1)
    assert isinstance(talk.turn(Heard("老板拖欠我工资"), later)[-1], Transfer)
    talk.turn(TransferDone(False), later)
    assert not isinstance(talk.turn(Heard("老板拖欠我工资"), later)[-1], Transfer)


def test_the_person_takes_over() -> None:
    call = paper()
    call.person_answers = True
    call.run(["转人工"])
    assert call.last == HangUp(CallOutcome.TRANSFERRED)


def test_a_store_that_fails_is_tried_once_more_then_a_person_then_honesty() -> None:
    call = paper()
    call.store_works = False
    call.run(["帮我登记老板拖欠工资不给的事", "肥西县", "去年", "可以", "不想说", "不急", "对"])
    assert [intake.idempotency_key for intake in call.filed] == ["01CALL:1", "01CALL:1"]
    assert call.transfers[-1].reason == "failed"
    assert call.last == HangUp(CallOutcome.FAILED)


def test_a_complaint_names_its_service() -> None:
    call = paper().run(["我要投诉一个律师收了钱不办事", "肥西", "去年", "可以", "我叫王小明", "对"])
    assert call.filed[0].service_type is ServiceType.COMPLAINT
    assert call.filed[0].description == "我要投诉一个律师收了钱不办事"
    assert "您要投诉，您说的是找律师的事，" in call.transcript


UNHEARD = ("是的", "对")


def test_a_word_not_surely_heard_is_asked_for_again() -> None:
    call = paper()
    call.give(Heard("", 0.0, ("肥西县", "飞机")))
    assert call.lines[-1] == f"助手：{P['unclear']}"


def test_after_three_times_a_person_listens() -> None:
    call = paper()
    for _ in range(3):
        call.give(Heard("", 0.0, ("肥西县", "飞机")))
    assert call.transcript.count(P["unclear"]) == 2
    assert call.transfers[-1].reason == "misunderstood"


def test_readings_that_all_say_yes_are_a_yes() -> None:
    call = paper(seats=False).run(["转人工", "工资的事"])
    assert isinstance(call.last, Listen)
    assert call.last.expect == "yes_no"
    call.give(Heard("", 0.0, UNHEARD))
    assert P["unclear"] not in call.lines[-1]
    assert len(call.filed) == 1


def test_readings_that_differ_are_not() -> None:
    call = paper(seats=False).run(["转人工", "工资的事"])
    call.give(Heard("", 0.0, ("对", "不对")))
    assert call.lines[-1] == f"助手：{P['unclear']}"
    assert not call.filed


def test_speech_of_which_no_word_is_known_is_asked_for_again_at_once() -> None:
    call = paper()
    call.give(Heard("", 0.0))
    assert call.lines[-1] == f"助手：{P['unclear']}"


def test_it_is_no_silence_where_silence_means_something() -> None:
    call = paper().run(["救命有人要杀我"])
    before = list(call.lines)
    call.give(Heard("", 0.0))
    call.give(Heard("", 0.0))
    assert isinstance(call.last, Listen)
    assert [line for line in call.lines[len(before) :] if line.startswith("助手")] == []
