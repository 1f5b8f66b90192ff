"""A caller whom a person gives back, and one who would rather be rung than wait."""

import pytest
from bot_fakes import CALLER, NOW, dialogue, paper

from hotline.domain.codes import CallOutcome
from ivr.bot.api import (
    Action,
    FileOrder,
    HangUp,
    Hangup,
    Heard,
    Key,
    Listen,
    Note,
    Returned,
    Say,
    Started,
    Transfer,
    TransferDone,
)
from ivr.bot.dialogue import Dialogue
from ivr.bot.prompts import P, waiting

pytestmark = pytest.mark.unit


def handed_over() -> Dialogue:
    """A talk that a person has taken over."""
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    talk.turn(Heard("转人工"), NOW)
    (last,) = talk.turn(TransferDone(answered=True), NOW)
    assert last == HangUp(CallOutcome.TRANSFERRED)
    return talk


def texts(actions: list[Action]) -> list[str]:
    return [action.text for action in actions if isinstance(action, Say)]


def test_after_the_talk_one_question_and_goodbye() -> None:
    talk = handed_over()
    asked = talk.turn(Returned("survey"), NOW)
    assert texts(asked) == [P["rate"]]
    assert isinstance(asked[-1], Listen)
    assert asked[-1].expect == "rating"
    told = talk.turn(Key("5"), NOW)
    assert Note(satisfaction=5) in told
    assert texts(told) == [P["rate.thanks"]]
    assert told[-1] == HangUp(CallOutcome.TRANSFERRED)


def test_whoever_was_rated_before_the_talk_is_asked_about_the_talk() -> None:
    talk = handed_over()
    talk.state.rated = True
    assert texts(talk.turn(Returned("survey"), NOW)) == [P["rate"]]


def test_who_was_in_danger_is_not_asked_for_marks() -> None:
    talk = handed_over()
    talk.state.emergency = "suicide"
    told = talk.turn(Returned("survey"), NOW)
    assert texts(told) == [P["bye"]]
    assert told[-1] == HangUp(CallOutcome.EMERGENCY)


def test_a_caller_who_hangs_up_at_the_question_was_still_handed_over() -> None:
    talk = handed_over()
    talk.turn(Returned("survey"), NOW)
    assert talk.turn(Hangup(), NOW) == [HangUp(CallOutcome.TRANSFERRED)]


def test_back_to_the_bot_it_goes_on() -> None:
    talk = handed_over()
    told = talk.turn(Returned("bot"), NOW)
    assert texts(told) == [P["returned"]]
    answer = talk.turn(Heard("老板拖欠我工资"), NOW)
    assert isinstance(answer[-1], Listen)
    assert texts(answer)


def test_to_another_person_it_rings_again() -> None:
    talk = handed_over()
    told = talk.turn(Returned("person"), NOW)
    assert isinstance(told[-1], Transfer)
    assert told[-1].wait_text == P["transfer.next"]
    missed = talk.turn(TransferDone(answered=False), NOW)
    assert P["callback.busy"] in texts(missed)


def test_a_saved_talk_is_given_back_all_the_same() -> None:
    talk = handed_over()
    fresh = dialogue()
    fresh.state = type(talk.state).from_json(talk.to_json())
    assert texts(fresh.turn(Returned("survey"), NOW)) == [P["rate"]]


@pytest.mark.parametrize("said", [Key("1"), Heard("你们给我回个电话吧")])
def test_who_will_not_wait_is_rung_back_and_keeps_the_place(said: Heard | Key) -> None:
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    assert isinstance(talk.turn(Heard("转人工"), NOW)[-1], Transfer)
    told = talk.turn(said, NOW)
    assert P["callback.place"] in texts(told)
    assert not isinstance(told[-1], Transfer)


def test_who_hangs_up_while_waiting_is_rung_back() -> None:
    talk = dialogue()
    talk.turn(Started(CALLER), NOW)
    talk.turn(Heard("转人工"), NOW)
    filed, last = talk.turn(Hangup(), NOW)
    assert isinstance(filed, FileOrder)
    assert filed.intake.callback
    assert last == HangUp(CallOutcome.CALLBACK)


def test_the_place_is_told_as_it_is() -> None:
    assert waiting(1) == ""
    assert waiting(4) == "您前面还有3位，"
    assert paper().lines
