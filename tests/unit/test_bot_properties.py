"""Whatever happens, in whatever order: one ending action, a state that survives a restart."""

from dataclasses import replace
from datetime import timedelta

import pytest
from bot_fakes import CALLER, NOW, dialogue, revive
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.domain.codes import HubState, OrderState, Urgency
from hotline.domain.orders import OrderView
from ivr.bot.api import (
    LAST,
    Action,
    Adopted,
    Filed,
    FileFailed,
    FileOrder,
    Found,
    HangUp,
    Hangup,
    Heard,
    Input,
    Key,
    LookUp,
    Note,
    OrderRated,
    RateOrder,
    Say,
    Silence,
    SpeechLost,
    Started,
    Transfer,
    TransferDone,
)
from ivr.bot.dialogue import Dialogue

pytestmark = pytest.mark.unit

SENTENCES = (
    "老板拖欠我工资", "怎么离婚", "我想申请法律援助", "帮我登记一下", "我要投诉律师收钱不办事",
    "我建议你们周末上班", "我想查进度", "0010", "20261101000010", "法律援助中心在哪里",
    "肥西县", "合肥", "江苏", "去年三月", "可以", "好的", "对", "不对", "不用", "不想说",
    "不知道", "我叫张大勇", "13900001111", "139", "换一个号码", "急", "不急", "转人工",
    "再说一遍", "请你说慢一点", "他妈的", "hello", "我受不了了", "今天天气怎么样", "阿巴阿巴",
    "那要准备什么", "多长时间", "谢谢", "再见", "没有了", "5", "等一下", "第一个", "都不是",
    "算了不登记了", "电话不对",
    "老板去年在肥东拖欠我们十几个人工资一直拖着不给还骂人我叫李小红电话13900001111",
    "离婚新规是什么", "门外有鬼影", "不安全", "",
)  # fmt: skip
DANGERS = ("我不想活了", "他又在打我", "老板把我们关在宿舍里", "有人把我孩子拐走了")

ORDER = OrderView(
    "20261123000014",
    OrderState.RECEIVED,
    HubState.PENDING,
    None,
    "wages",
    Urgency.NORMAL,
    "",
    NOW,
    NOW,
)
DONE = replace(ORDER, order_no="20261101000010", state=OrderState.RESOLVED, rateable=True)

heard = st.builds(
    Heard,
    st.sampled_from(SENTENCES),
    st.sampled_from((0.1, 0.5, 1.0)),
    st.just(()),
    st.booleans(),
)
plain: st.SearchStrategy[Input] = st.one_of(
    heard,
    heard,
    st.builds(Key, st.sampled_from("0123456789*#")),
    st.just(Silence()),
    st.just(Filed(ORDER)),
    st.just(FileFailed()),
    st.sampled_from((Found(()), Found((ORDER, ORDER)), Found((DONE,)))),
    st.just(TransferDone(False)),
    st.sampled_from((OrderRated(True), OrderRated(False))),
    st.just(SpeechLost()),
    st.just(Adopted()),
)
danger: st.SearchStrategy[Input] = st.builds(Heard, st.sampled_from(DANGERS))
started = st.builds(Started, st.sampled_from((CALLER, None)), st.booleans(), st.booleans())


def check(actions: list[Action]) -> None:
    assert isinstance(actions[-1], LAST)
    assert not any(isinstance(action, LAST) for action in actions[:-1])
    assert all(isinstance(action, (*LAST, Say, Note)) for action in actions)
    assert all(action.text for action in actions if isinstance(action, Say))


def answered(talk: Dialogue, actions: list[Action], people: bool = False) -> list[Action]:
    """Let the world answer until the caller is waited for."""
    for _ in range(6):
        match actions[-1]:
            case FileOrder():
                actions = talk.turn(Filed(ORDER), NOW)
            case LookUp():
                actions = talk.turn(Found((DONE,)), NOW)
            case RateOrder():
                actions = talk.turn(OrderRated(True), NOW)
            case Transfer():
                actions = talk.turn(TransferDone(people), NOW)
            case _:
                return actions
        check(actions)
    return actions


@settings(max_examples=150, deadline=None)
@given(started, st.lists(st.tuples(st.one_of(plain, plain, plain, danger), st.booleans())))
def test_any_sequence_ends_every_turn_and_survives_a_restart(
    first: Started, steps: list[tuple[Input, bool]]
) -> None:
    talk = dialogue()
    check(talk.turn(first, NOW))
    twin = revive(talk.to_json())
    for number, (step, world) in enumerate(steps):
        now = NOW + timedelta(seconds=number)
        before = talk.to_json()
        assert twin.to_json() == before
        actions = talk.turn(step, now)
        check(actions)
        assert twin.turn(step, now) == actions, "a restarted hotline goes on in the same way"
        if world:
            answered(talk, actions)
        twin = revive(talk.to_json())


@settings(max_examples=150, deadline=None)
@given(started, st.lists(plain, max_size=12), danger, st.lists(plain, max_size=8))
def test_danger_in_any_state_brings_an_urgent_order_a_person_and_no_hanging_up(
    first: Started, before: list[Input], alarm: Input, after: list[Input]
) -> None:
    talk = dialogue()
    actions = answered(talk, talk.turn(first, NOW))
    for step in before:
        actions = answered(talk, talk.turn(step, NOW))
    if talk.state.over:
        return
    actions = talk.turn(alarm, NOW)
    assert isinstance(actions[-1], FileOrder)
    assert actions[-1].intake.urgency is Urgency.EMERGENCY
    actions = talk.turn(Filed(ORDER), NOW)
    last = actions[-1]
    assert isinstance(last, Transfer)
    assert last.urgent
    assert last.on_call
    actions = answered(talk, actions)
    for step in after:
        actions = talk.turn(step, NOW)
        assert not isinstance(actions[-1], HangUp)
        actions = answered(talk, actions)
        assert not isinstance(actions[-1], HangUp)


@settings(max_examples=150, deadline=None)
@given(started, st.lists(st.tuples(st.one_of(plain, danger), st.booleans()), max_size=12))
def test_hanging_up_in_any_state_ends_with_one_outcome_and_at_most_one_order(
    first: Started, steps: list[tuple[Input, bool]]
) -> None:
    talk = dialogue()
    talk.turn(first, NOW)
    for step, world in steps:
        actions = talk.turn(step, NOW)
        if world:
            answered(talk, actions)
    actions = talk.turn(Hangup(), NOW)
    assert isinstance(actions[-1], HangUp)
    assert all(isinstance(action, FileOrder) for action in actions[:-1])
    assert len(actions) <= 2
    assert talk.turn(Hangup(), NOW) == [actions[-1]]
