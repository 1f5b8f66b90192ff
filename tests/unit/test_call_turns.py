"""Turn-taking: the voice yields to words, not to coughs; silence is noticed."""

import pytest

from hotline.domain.speech import Final, Partial, SpeechEnd, SpeechStart
from ivr.call.turns import (
    NOISE_S,
    SETTLE_S,
    Deliver,
    GiveUp,
    NoInput,
    PauseVoice,
    ResumeVoice,
    StopVoice,
    TurnTaker,
)

pytestmark = pytest.mark.unit


def taker(*, speaking: bool = True, interruptible: bool = True, asked: bool = False) -> TurnTaker:
    turns = TurnTaker(lambda text: text in {"嗯", "哦"})
    if speaking:
        turns.voice_started(interruptible=interruptible, answer_expected=asked)
    turns.listen(6.0, 0.0)
    return turns


def final(text: str, start: float = 1.0, end: float = 2.0, reason: str = "endpoint") -> Final:
    return Final(text, 0.9, start, end, reason=reason)


def test_words_over_the_voice_stop_it_and_are_delivered() -> None:
    turns = taker()
    assert turns.hear(SpeechStart(1.0), 1.1) == [PauseVoice()]
    assert turns.hear(Partial("我想", 0.8, 1.0, 1.5), 1.6) == [GiveUp()]
    assert turns.hear(Partial("我想问", 0.8, 1.0, 1.9), 2.0) == [], "given up once"
    out = turns.hear(final("我想问一下"), 2.5)
    assert out[0] == StopVoice()
    assert isinstance(out[1], Deliver)
    assert out[1].interrupted


def test_a_voice_given_up_for_words_that_were_none_goes_on() -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.1)
    assert turns.hear(Partial("谢谢", 0.4, 1.0, 1.4), 1.6) == [GiveUp()]
    assert turns.hear(final(""), 2.5) == [ResumeVoice()]
    turns.hear(SpeechStart(4.0), 4.1)
    assert turns.hear(Partial("我想", 0.8, 4.0, 4.5), 4.6) == [GiveUp()]


def test_words_over_our_voice_matter_only_while_it_may_be_stopped() -> None:
    turns = taker(speaking=False)
    assert not turns.doubt
    turns.voice_started(interruptible=False, answer_expected=False)
    assert not turns.doubt
    turns.voice_started(interruptible=True, answer_expected=False)
    assert turns.doubt
    turns.hear(SpeechStart(1.0), 1.1)
    assert turns.doubt, "held, and not given up yet"
    turns.hear(final("我想问一下"), 2.5)
    assert not turns.doubt


@pytest.mark.parametrize("text", ["", "嗯"])
def test_a_cough_or_a_hum_lets_the_voice_go_on(text: str) -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.1)
    turns.hear(SpeechEnd(1.3), 1.4)
    assert turns.hear(final(text), 1.8) == [ResumeVoice()]


def test_a_hum_answers_a_question() -> None:
    turns = taker(asked=True)
    turns.hear(SpeechStart(1.0), 1.1)
    out = turns.hear(final("嗯"), 1.8)
    assert isinstance(out[-1], Deliver)


def test_no_verdict_of_the_recognizer_does_not_hold_the_voice_for_ever() -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.0)
    turns.hear(SpeechEnd(1.2), 1.2)
    assert turns.deadline() == pytest.approx(1.2 + SETTLE_S)
    assert turns.tick(1.2 + SETTLE_S) == [ResumeVoice()]


def test_long_noise_without_words_lets_the_voice_go_on_and_words_stop_it_again() -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.0)
    assert turns.tick(1.0 + NOISE_S) == [ResumeVoice()]
    assert turns.hear(Partial("老板不给钱", 0.8, 1.0, 4.0), 4.0) == [PauseVoice(), GiveUp()]


def test_a_prompt_that_may_not_be_interrupted_keeps_what_was_said_for_after() -> None:
    turns = taker(interruptible=False)
    assert turns.hear(SpeechStart(1.0), 1.1) == []
    assert turns.hear(final("我不想活了"), 2.0) == []
    (out,) = turns.voice_ended(3.0)
    assert isinstance(out, Deliver)
    assert out.text == "我不想活了"


def test_silence_after_a_question_is_noticed_once() -> None:
    turns = taker()
    turns.voice_ended(10.0)
    assert turns.deadline() == 16.0
    assert turns.tick(15.9) == []
    assert turns.tick(16.0) == [NoInput()]
    assert turns.tick(30.0) == []


def test_a_caller_who_is_speaking_is_not_silent() -> None:
    turns = taker()
    turns.voice_ended(10.0)
    turns.hear(SpeechStart(5.0), 15.0)
    assert turns.tick(40.0) == []


def test_sound_without_words_starts_the_wait_anew() -> None:
    turns = taker(speaking=False)
    turns.hear(SpeechStart(1.0), 1.0)
    assert turns.hear(final(""), 2.0) == []
    assert turns.deadline() == 8.0


def test_a_short_word_not_surely_heard_is_told_when_an_answer_is_awaited() -> None:
    turns = taker(speaking=False)
    turns.listen(6.0, 0.0)
    turns.hear(SpeechStart(1.0), 1.0)
    unsure = Final("", 0.0, 1.0, 1.4, ("对", "不对"))
    told = turns.hear(unsure, 2.0)
    assert told == [Deliver("", 0.0, ("对", "不对"), 1.0, 1.4, False)]


def test_over_our_voice_it_lets_the_voice_go_on() -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.0)
    assert turns.hear(Final("", 0.0, 1.0, 1.4, ("对", "不对")), 2.0) == [ResumeVoice()]


def test_a_long_story_is_joined() -> None:
    turns = taker(speaking=False)
    turns.hear(SpeechStart(0.0), 0.0)
    assert turns.hear(final("我在工地干活", 0.0, 28.0, "max_length"), 28.1) == []
    (out,) = turns.hear(final("老板不给钱", 28.1, 40.0), 41.0)
    assert isinstance(out, Deliver)
    assert out.text == "我在工地干活老板不给钱"
    assert (out.start, out.end) == (0.0, 40.0)


def test_a_caller_who_never_pauses_is_answered_after_a_minute() -> None:
    turns = taker(speaking=False)
    turns.hear(SpeechStart(0.0), 0.0)
    assert turns.hear(final("甲", 0.0, 28.0, "max_length"), 28.1) == []
    assert turns.hear(final("乙", 28.0, 56.0, "max_length"), 56.1) == []
    (out,) = turns.hear(final("丙", 56.0, 84.0, "max_length"), 84.1)
    assert isinstance(out, Deliver)
    assert out.text == "甲乙丙"


def test_a_key_cuts_the_voice_at_once() -> None:
    assert taker().key(1.0) == [StopVoice()]
    assert taker(interruptible=False).key(1.0) == []


def test_a_murmur_the_recognizer_does_not_believe_stops_nothing() -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.1)
    assert turns.hear(Final("睡醒", 0.3, 1.0, 1.5), 2.2) == [ResumeVoice()]
    turns.hear(SpeechStart(3.0), 3.1)
    said = turns.hear(Final("睡醒", 0.3, 3.0, 4.2), 4.9)
    assert said[0] == StopVoice(), "nobody murmurs for more than a second"


def test_a_word_is_an_answer_however_short_when_one_is_asked_for() -> None:
    turns = taker(asked=True)
    turns.hear(SpeechStart(1.0), 1.1)
    assert turns.hear(Final("是的", 0.3, 1.0, 1.4), 2.0)[0] == StopVoice()


def test_speech_of_which_no_word_is_known_is_told_when_an_answer_is_waited_for() -> None:
    turns = taker(speaking=False)
    turns.hear(SpeechStart(1.0), 1.1)
    (said,) = turns.hear(Final("", 0.0, 1.0, 1.6, reason="unheard"), 2.2)
    assert isinstance(said, Deliver)
    assert said.text == ""
    turns.hear(SpeechStart(4.0), 4.1)
    assert turns.hear(Final("", 0.0, 4.0, 4.6), 5.0) == [], "a cough is not"


def test_over_our_voice_it_is_nothing() -> None:
    turns = taker()
    turns.hear(SpeechStart(1.0), 1.1)
    assert turns.hear(Final("", 0.0, 1.0, 1.6, reason="unheard"), 2.2) == [ResumeVoice()]
