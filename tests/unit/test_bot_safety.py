"""Asked once whether they are safe, when words heard badly might hide a cry for help."""

import pytest
from bot_fakes import CALLER, NOW, FakeUnderstander, dialogue, paper

from hotline.domain.codes import EmergencyKind, Urgency
from ivr.bot.api import Heard
from ivr.bot.prompts import DANGER, P
from ivr.bot.script import PaperCall

pytestmark = pytest.mark.unit

DOUBT = "老板拖欠工资还有鬼影"
ASKED = f"助手：{P['safety.ask']}"


def worried() -> PaperCall:
    return paper().run([DOUBT])


def test_the_question_comes_before_the_answer() -> None:
    assert worried().lines[-1] == ASKED


@pytest.mark.parametrize(
    "answer",
    [
        "安全",
        "我安全",
        "没事了",
        "我没事",
        "没事没事",
        "没有危险",
        "挺安全的",
        "我很好",
        "对",
        "[1]",
    ],
)
def test_safe_and_the_talk_goes_on_with_what_was_said(answer: str) -> None:
    call = worried().run([answer])
    assert "单位应当按时足额支付工资" in call.lines[-1]
    assert not call.filed


@pytest.mark.parametrize(
    "answer", ["不安全", "不安全了", "不太安全", "有危险", "快报警", "没有", "[2]"]
)
def test_not_safe_is_an_emergency(answer: str) -> None:
    call = worried().run([answer])
    assert P[DANGER[EmergencyKind.VIOLENCE]] in call.transcript
    assert call.filed[0].urgency is Urgency.EMERGENCY
    assert DOUBT in call.filed[0].description


def test_silence_is_asked_once_more_then_taken_for_danger() -> None:
    call = worried().run(["[沉默]"])
    assert call.lines[-1] == ASKED
    call.run(["[沉默]"])
    assert call.filed[0].urgency is Urgency.EMERGENCY


def test_who_hangs_up_on_the_question_is_rung_back() -> None:
    call = worried().run(["[挂断]"])
    assert [order.callback for order in call.filed] == [True]
    assert call.filed[0].contact_phone == CALLER


def test_more_of_the_story_is_read_together_with_its_beginning() -> None:
    call = worried().run(["就是工钱的事"])
    assert "单位应当按时足额支付工资" in call.lines[-1]


def test_never_twice_in_a_call() -> None:
    call = worried().run(["安全", DOUBT])
    assert call.transcript.count(P["safety.ask"]) == 1


@pytest.mark.parametrize(("sure", "asked"), [(1.0, False), (0.6, True)])
def test_words_heard_well_must_worry_more(sure: float, asked: bool) -> None:
    heard = FakeUnderstander()
    heard.worry = 0.15
    call = PaperCall(dialogue(understander=heard), NOW).start(CALLER)
    call.give(Heard(DOUBT, sure))
    assert (call.lines[-1] == ASKED) is asked


def test_a_person_asked_for_in_the_same_breath_comes_first() -> None:
    call = paper().run([f"转人工{DOUBT}"])
    assert call.transfers[-1].reason == "requested"
    assert P["safety.ask"] not in call.transcript


def test_a_no_in_a_longer_sentence_tells_on() -> None:
    call = worried().run(["不是我是我同事工资的事"])
    assert not call.filed
    assert "单位应当按时足额支付工资" in call.lines[-1]
