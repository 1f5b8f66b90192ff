"""A finished order is rated by the telephone it was filed with."""

import pytest
from bot_fakes import CALLER, NOW, paper, revive

from hotline.domain.codes import HubState, OrderState, Urgency
from hotline.domain.orders import OrderView
from ivr.bot.api import Adopted, Heard, OrderRated, RateOrder, Say
from ivr.bot.prompts import P
from ivr.bot.script import PaperCall

pytestmark = pytest.mark.unit

NUMBER = "20261101000010"
ASK = ["我想查进度", "0010"]


def done(**changes: object) -> OrderView:
    facts = {"rateable": True, "state": OrderState.RESOLVED} | changes
    day = NOW.replace(month=11, day=1)
    return OrderView(
        order_no=NUMBER,
        state=OrderState(facts["state"]),
        hub_state=HubState.ACKNOWLEDGED,
        hub_receipt=None,
        topic="wages",
        urgency=Urgency.NORMAL,
        title="",
        created_at=day,
        updated_at=day,
        rateable=bool(facts["rateable"]),
    )


def call(*lines: str, order: OrderView | None = None, speech: bool = True) -> PaperCall:
    talk = paper(speech=speech)
    talk.orders = (order or done(),)
    return talk.run(lines)


def test_a_finished_order_is_asked_about_and_rated() -> None:
    talk = call(*ASK)
    assert f"工资拖欠的单子，{P['progress.done']}{P['rating.ask']}" in talk.lines[-1]
    talk.run(["很满意"])
    assert talk.ratings == [RateOrder(NUMBER, CALLER, 5, False)]
    assert talk.lines[-1] == f"助手：{P['rating.thanks']}{P['more']}"


def test_who_is_not_satisfied_is_asked_whether_it_shall_be_done_again() -> None:
    talk = call(*ASK, "不满意")
    assert talk.lines[-1] == f"助手：{P['rating.again']}"
    talk.run(["要"])
    assert talk.ratings == [RateOrder(NUMBER, CALLER, 2, True)]
    assert P["rating.reopened"] in talk.lines[-1]


def test_their_reason_goes_with_the_rating() -> None:
    talk = call(*ASK, "不满意", "他们根本没来过", "不用")
    assert talk.ratings == [RateOrder(NUMBER, CALLER, 2, False, "他们根本没来过")]
    assert P["rating.sorry"] in talk.lines[-1]


def test_by_keys_alone() -> None:
    talk = call("[3]", "[0010#]", "[1]", "[1]", speech=False)
    assert talk.ratings == [RateOrder(NUMBER, CALLER, 1, True)]


def test_hanging_up_after_the_level_keeps_it() -> None:
    talk = call(*ASK, "不满意", "[挂断]")
    assert talk.ratings == [RateOrder(NUMBER, CALLER, 2, False)]


def test_a_restart_asks_the_session_again() -> None:
    talk = call(*ASK).dialogue
    wanted = RateOrder(NUMBER, CALLER, 4, False)
    assert talk.turn(Heard("满意"), NOW)[-1] == wanted
    later = revive(talk.to_json())
    assert later.turn(Adopted(), NOW)[-1] == wanted
    said = [one.text for one in later.turn(OrderRated(True), NOW) if isinstance(one, Say)]
    assert said[0] == P["rating.thanks"]


def test_who_does_not_want_to_rate_goes_on_and_is_not_asked_again() -> None:
    talk = call(*ASK, "不用", *ASK)
    assert not talk.ratings
    assert talk.transcript.count(P["rating.ask"]) == 1


@pytest.mark.parametrize(
    ("order", "ask"),
    [
        (done(rateable=False), ASK),
        (done(rateable=False, state=OrderState.IN_PROGRESS), ASK),
        (done(), ["我想查进度", NUMBER]),
    ],
    ids=["rated before", "not finished", "found by its number alone"],
)
def test_no_question_where_there_is_nothing_to_rate(order: OrderView, ask: list[str]) -> None:
    assert P["rating.ask"] not in call(*ask, order=order).transcript


def test_a_rating_that_cannot_be_kept_is_said() -> None:
    talk = call(*ASK)
    talk.store_works = False
    talk.run(["满意"])
    assert P["rating.failed"] in talk.lines[-1]


def test_silence_after_the_level_keeps_it() -> None:
    talk = call(*ASK, "不满意", "[沉默]")
    assert talk.ratings == [RateOrder(NUMBER, CALLER, 2, False)]


def test_what_was_not_reopened_is_not_said_to_be() -> None:
    talk = call(*ASK, "不满意").dialogue
    assert talk.turn(Heard("要"), NOW)[-1] == RateOrder(NUMBER, CALLER, 2, True)
    said = [one.text for one in talk.turn(OrderRated(True, False), NOW) if isinstance(one, Say)]
    assert said[0] == P["rating.sorry"]
