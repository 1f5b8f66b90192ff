"""Emergencies: first and always, an urgent order at once, a person at once, never alone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from bot_fakes import CALLER, NOW, FakeUnderstander, dialogue, paper

from hotline.domain.codes import CallOutcome, EmergencyKind, Topic, Urgency
from hotline.domain.understanding import Understanding
from hotline.language.expect import Expect
from ivr.bot.api import (
    FileFailed,
    FileOrder,
    HangUp,
    Heard,
    Listen,
    Note,
    Say,
    Started,
    Transfer,
    TransferDone,
)
from ivr.bot.prompts import DANGER, P
from ivr.bot.script import PaperCall

pytestmark = pytest.mark.unit

BEFORE: dict[str, list[str]] = {
    "the greeting": [],
    "an answer": ["老板拖欠我工资"],
    "an offer": ["离婚新规是什么"],
    "a story": ["我想申请法律援助"],
    "a county": ["我想申请法律援助", "老板拖欠我工资三万块一直不给"],
    "a telephone number": ["我想申请法律援助", "老板拖欠我工资三万块一直不给", "肥西县", "去年"],
    "reading back": [
        "我想申请法律援助",
        "老板拖欠我工资三万块一直不给",
        "肥西县",
        "去年",
        "可以",
        "不想说",
        "不急",
    ],
    "an order number": ["我想查进度"],
    "a place": ["法律援助中心在哪里"],
    "a menu": ["[1]"],
    "a callback": ["转人工"],
    "a rating": ["老板拖欠我工资", "再见"],
    "a warning": ["他妈的"],
    "silence": ["[沉默]", "[沉默]"],
}
WORDS = {
    EmergencyKind.SUICIDE: "我不想活了",
    EmergencyKind.VIOLENCE: "他又在打我",
    EmergencyKind.CONFINEMENT: "老板把我们关在宿舍里",
    EmergencyKind.ABDUCTION: "有人把我孩子拐走了",
}


@pytest.mark.parametrize("place", BEFORE)
@pytest.mark.parametrize("kind", WORDS)
def test_an_emergency_in_any_state(place: str, kind: EmergencyKind) -> None:
    call = paper().run(BEFORE[place])
    earlier = len(call.filed)
    actions = call.give(Heard(WORDS[kind]))
    says = [action.text for action in actions if isinstance(action, Say)]
    assert says == [P[DANGER[kind]]], "calm words, and no question before help is on its way"
    assert isinstance(actions[-1], FileOrder)
    intake = actions[-1].intake
    assert intake.urgency is Urgency.EMERGENCY
    assert intake.emergency == kind.value
    assert intake.callback
    assert intake.contact_phone == CALLER
    assert WORDS[kind] in intake.description
    assert intake.idempotency_key == "01CALL:urgent:0"
    assert len(call.filed) == earlier + 1
    last = call.transfers[-1]
    assert (last.reason, last.urgent, last.on_call) == ("emergency", True, True)
    noted = [note.emergency for note in call.notes if note.emergency]
    assert noted == [kind]


def test_the_right_numbers_are_told() -> None:
    assert "12356" in P["danger.suicide"]
    assert "120" in P["danger.suicide"]
    for kind in (EmergencyKind.VIOLENCE, EmergencyKind.CONFINEMENT, EmergencyKind.ABDUCTION):
        assert "110" in P[DANGER[kind]]
        assert "120" in P[DANGER[kind]]


def test_an_abusive_sentence_with_an_emergency_is_an_emergency() -> None:
    call = paper().run(["他妈的", "他妈的", "他妈的他要砍我"])
    assert call.filed[0].emergency == "violence"
    assert P["abuse_end"] not in call.transcript


def test_nobody_comes_the_bot_stays_asks_where_and_tries_again() -> None:
    call = paper().run(["我不想活了"])
    assert call.lines[-1] == f"助手：{P['danger.where']}"
    call.run(["我在肥西县南边的河边上"])
    assert P["danger.place_noted"] in call.transcript
    more = call.filed[-1]
    assert more.region == "340123"
    assert more.extra == {"where": "我在肥西县南边的河边上", "supplement": "1"}
    assert more.idempotency_key == "01CALL:urgent:1"
    assert len(call.transfers) == 2


def test_it_never_hangs_up_on_them() -> None:
    script = [
        "我不想活了",
        *["[沉默]"] * 30,
        "没人要我",
        "再见",
        "不用了",
        *["[沉默]"] * 10,
        "他妈的",
    ]
    call = paper().run([*script, *["他妈的"] * 5, "天气怎么样", "再见", "[5]", "再见"])
    assert not isinstance(call.last, HangUp)
    assert len(call.transfers) > 30, "every silence is another attempt to reach a person"
    call.run(["[挂断]"])
    assert call.last == HangUp(CallOutcome.EMERGENCY)


def test_a_person_comes() -> None:
    call = paper()
    call.person_answers = True
    call.run(["他又在打我"])
    assert call.last == HangUp(CallOutcome.EMERGENCY)


def test_taken_back_the_talk_goes_on_but_the_order_stands() -> None:
    call = paper().run(["我不想活了", "你听错了我是说不想干了", "老板拖欠我工资"])
    assert P["danger.over"] in call.transcript
    assert "单位应当按时足额支付工资" in call.lines[-1]
    assert len(call.filed) == 1
    call.run(["再见", "[5]"])
    assert not isinstance(call.last, HangUp), "who was in danger ends the call, not we"


def test_danger_that_comes_back_is_filed_again() -> None:
    call = paper().run(["他又在打我", "没事了他走了", "他又来打我了救命"])
    assert [intake.idempotency_key for intake in call.filed] == [
        "01CALL:urgent:0",
        "01CALL:urgent:1",
    ]
    assert len(call.transfers) == 2


def test_a_second_danger_is_told_and_filed_too() -> None:
    call = paper().run(["他又在打我", "我不想活了"])
    assert P["danger.suicide"] in call.transcript
    assert call.filed[-1].emergency == "suicide"
    assert call.filed[-1].title.startswith("紧急求助：暴力、轻生")


def test_words_while_people_are_rung_do_not_stop_the_ringing() -> None:
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    talk.turn(Heard("我不想活了"), NOW)
    ringing = talk.turn(FileFailed(), NOW)
    assert isinstance(ringing[-1], Transfer), "an order that cannot be stored holds nothing up"
    for words in ("我在肥西县", "没人管我", "嗯", "再见"):
        assert isinstance(talk.turn(Heard(words), NOW)[-1], Transfer)
    assert isinstance(talk.turn(TransferDone(False), NOW)[-1], Listen)
    again = talk.turn(Heard("我好难受"), NOW)
    assert isinstance(again[-1], FileOrder), "the unstored order is tried again, with the place"
    assert again[-1].intake.idempotency_key == "01CALL:urgent:0"
    assert again[-1].intake.region == "340123"


def test_hanging_up_before_the_order_is_stored_files_it() -> None:
    call = paper()
    call.store_works = False
    call.run(["我不想活了", "[挂断]"])
    assert call.filed[-1].emergency == "suicide"


def test_what_was_told_of_a_running_order_goes_into_the_urgent_one() -> None:
    call = paper().run(["我想申请法律援助", "我叫张大勇我在肥西县老板拖欠我工资", "他又在打我"])
    intake = call.filed[0]
    assert (intake.contact_name, intake.region) == ("张大勇", "340123")


def test_the_topic_of_the_trouble_is_kept() -> None:
    call = paper().run(["要不到工资我不想活了"])
    assert call.filed[0].topic == Topic.WAGES.value


def test_by_key_when_recognition_is_down() -> None:
    call = paper(speech=False).run(["[9]"])
    assert call.filed[0].emergency == "violence"
    assert call.transfers[-1].on_call
    assert P["danger.where.keys"] in call.lines[-1]
    call.run(["[2]"])
    assert len(call.transfers) == 2
    call.run(["[1]"])
    assert P["danger.over"] in call.lines[-1]


def test_a_slip_of_the_finger_is_no_emergency() -> None:
    call = paper().run(["[9]"])
    assert not call.filed
    assert P["menu.main"] in call.lines[-1]


def test_the_record_says_emergency_whatever_follows() -> None:
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    talk.turn(Heard("我不想活了"), NOW)
    notes = [a for a in talk.turn(Heard("老板拖欠我工资"), NOW) if isinstance(a, Note)]
    assert notes[-1].act is not None
    assert notes[-1].act.value == "emergency"


class Guessing(FakeUnderstander):
    """Takes every sentence for violence by its looks, without a sign in its words."""

    def understand(
        self, text: str, *, alternatives: Sequence[str] = (), expect: Expect | None = None
    ) -> Understanding:
        heard = super().understand(text, alternatives=alternatives, expect=expect)
        guess = EmergencyKind.VIOLENCE if "我在" in text else None
        return replace(heard, emergency=heard.emergency or guess)


def test_a_plain_answer_to_the_question_asked_is_no_emergency() -> None:
    call = PaperCall(dialogue(understander=Guessing()), NOW).start(CALLER)
    call.run(["我想申请法律援助", "老板拖欠工资一直不给", "我在肥西县"])
    assert not call.filed
    assert call.dialogue.state.draft is not None
    assert call.dialogue.state.draft.region == "340123"
    call.run(["救命他在打我我在肥西县"])
    assert call.filed[0].emergency == "violence"


def test_a_place_told_in_danger_is_not_taken_for_another_danger() -> None:
    call = PaperCall(dialogue(understander=Guessing()), NOW).start(CALLER)
    call.run(["我不想活了", "我在家里"])
    assert call.dialogue.state.kinds == ["suicide"]
    assert P["danger.place_noted"] in call.transcript
