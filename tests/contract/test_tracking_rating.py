"""Rating and timeline, through the one door: once a round, with what follows; both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from trackkit import ANNA, BOSS, CARL, CLERK, DAY, NOW, Rooms, make_rooms

from dispatch.errors import (
    AlreadyRatedError,
    OrderNotFoundError,
    StepError,
    StepForbiddenError,
)
from dispatch.numbers import make_order_no
from dispatch.progress import Progress
from dispatch.tracking.errors import LinkError, LinkExpiredError, RatingInputError
from dispatch.tracking.links import Purpose
from dispatch.tracking.rating import Rating, read_level
from hotline.app.joints import DeskOrders
from hotline.db import Database
from hotline.db.audit_content import changed_records
from hotline.db.erase import erase_person
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState, Satisfaction, Terminal
from hotline.domain.order_codes import Role
from hotline.domain.people import Actor, Grant
from hotline.privacy import KeyRing
from hotline.settings import Settings
from ivr.bot.api import OrderRated, RateOrder

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
GOOD, BAD = Rating(Satisfaction.SATISFIED), Rating(Satisfaction.DISSATISFIED)
PHONE = "13955512345"


@pytest.fixture
def rooms(db: Database, ring: KeyRing) -> Rooms:
    return make_rooms(db, ring)


async def state_of(rooms: Rooms, order_no: str) -> OrderState:
    return (await rooms.desk.view(order_no, BOSS)).state


async def test_a_rating_is_kept_once_for_each_resolving(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    rated = await rooms.ratings.by_terminal(order_no, GOOD, Terminal.WEB, NOW)
    assert (rated.round, rated.reopened, rated.followed_up) == (0, False, False)
    with pytest.raises(AlreadyRatedError):
        await rooms.ratings.by_terminal(order_no, BAD, Terminal.PHONE_BOT, NOW)
    await rooms.desk.step(order_no, "reopened", BOSS, {}, NOW)
    with pytest.raises(StepError):
        await rooms.ratings.by_terminal(order_no, BAD, Terminal.WEB, NOW)
    await rooms.desk.step(order_no, "resolved", ANNA, {"result": "再次办理"}, NOW)
    rated = await rooms.ratings.by_terminal(order_no, BAD, Terminal.PHONE_BOT, NOW)
    assert rated.round == 1
    kept = await rooms.ratings.of_order(order_no)
    assert [(view.round, view.level.value, view.terminal) for view in kept] == [
        (0, "4", "web"),
        (1, "2", "phone_bot"),
    ]


async def test_of_many_at_once_one_rating_counts(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    tries = (rooms.ratings.by_terminal(order_no, GOOD, Terminal.WEB, NOW) for _ in range(8))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, AlreadyRatedError) for result in results) == 7
    assert len(await rooms.ratings.of_order(order_no)) == 1


async def test_the_dissatisfied_are_all_rung_and_reopened_when_they_ask(rooms: Rooms) -> None:
    first, second = await rooms.resolved(), await rooms.resolved()
    rated = await rooms.ratings.by_terminal(first, BAD, Terminal.WEB, NOW)
    assert (rated.reopened, rated.followed_up) == (False, True)
    assert await state_of(rooms, first) is OrderState.RESOLVED
    assert ("follow_up", "dissatisfied", "open") in await rooms.callbacks(first)
    wants = Rating(Satisfaction.VERY_DISSATISFIED, "没人理我", again=True)
    rated = await rooms.ratings.by_terminal(second, wants, Terminal.WEB, NOW)
    assert rated.reopened
    assert await state_of(rooms, second) is OrderState.REOPENED
    assert await rooms.callbacks(second) == [
        ("follow_up", "resolved", "cancelled"),
        ("follow_up", "dissatisfied", "open"),
    ]
    assert ("reopened", "pending") in await rooms.notices(second)


async def test_whoever_is_content_cannot_have_it_reopened(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    rated = await rooms.ratings.by_terminal(
        order_no, Rating(Satisfaction.FAIR, again=True), Terminal.WEB, NOW
    )
    assert not rated.reopened


@pytest.mark.parametrize(("mode", "reopened"), [("always", True), ("never", False)])
async def test_settings_say_what_dissatisfaction_leads_to(
    db: Database, ring: KeyRing, mode: Any, reopened: bool
) -> None:
    rooms = make_rooms(db, ring, reopen=mode)
    order_no = await rooms.resolved()
    wants = Rating(Satisfaction.DISSATISFIED, again=mode == "never")
    rated = await rooms.ratings.by_terminal(order_no, wants, Terminal.WEB, NOW)
    assert (rated.reopened, rated.followed_up) == (reopened, True)


async def test_a_comment_is_sealed_and_shown_to_whom_it_may_concern(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    comment = "办事员小李态度很好，电话13800001111"
    said = Rating(Satisfaction.SATISFIED, f" {comment} ")
    await rooms.ratings.by_terminal(order_no, said, Terminal.WEB, NOW)
    [hidden] = await rooms.ratings.of_order(order_no)
    [shown] = await rooms.ratings.of_order(order_no, reveal=True)
    assert (hidden.comment, shown.comment) == (None, comment)

    def dump(session: Session) -> str:
        names = ("ratings", "order_events", "orders", "callbacks", "notices")
        return repr([session.execute(text(f"SELECT * FROM {name}")).all() for name in names])

    found = await rooms.db.read(dump) + repr(rooms.heard)
    for secret in (comment, "小李", "13800001111", repr(comment.encode())[2:-1]):
        assert secret not in found


@pytest.mark.parametrize("level", ["", "0", "6", "满意", 7, None, True, "5.0"])
def test_only_five_levels_are_known(level: object) -> None:
    with pytest.raises(RatingInputError) as caught:
        read_level(level)
    assert caught.value.field == "level"


@pytest.mark.parametrize("comment", ["长" * 501, "铃\x07声", "\ud800"])
async def test_a_wrong_comment_changes_nothing(rooms: Rooms, comment: str) -> None:
    order_no = await rooms.resolved()
    with pytest.raises(RatingInputError) as caught:
        said = Rating(Satisfaction.SATISFIED, comment)
        await rooms.ratings.by_terminal(order_no, said, Terminal.WEB, NOW)
    assert caught.value.field == "comment"
    assert await rooms.ratings.of_order(order_no) == []


async def test_by_telephone_with_the_last_four_digits(rooms: Rooms) -> None:
    order_no, open_no = await rooms.resolved(), await rooms.an_order()
    assert [view.order_no for view in await rooms.ratings.rateable("+86 139 5551 2345")] == [
        order_no
    ]
    for phone, tail in ((PHONE, "0000"), (PHONE, "%"), ("13800000000", order_no[-4:]), ("", "")):
        with pytest.raises(OrderNotFoundError):
            await rooms.ratings.by_phone(phone, tail, GOOD, NOW)
    rated = await rooms.ratings.by_phone(PHONE, order_no[-4:], GOOD, NOW)
    assert rated.order_no == order_no
    assert await rooms.ratings.rateable(PHONE) == ()
    assert await rooms.ratings.rateable("nonsense") == ()
    with pytest.raises(AlreadyRatedError):
        await rooms.ratings.by_phone(PHONE, order_no[-4:], GOOD, NOW)
    with pytest.raises(StepError):
        await rooms.ratings.by_phone(PHONE, open_no[-4:], GOOD, NOW)


async def test_by_link_for_rating_only(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    with pytest.raises(LinkError, match="只能查看进度"):
        await rooms.tracking.rate_by_link(rooms.token(order_no, Purpose.PROGRESS), GOOD, NOW)
    with pytest.raises(LinkExpiredError):
        await rooms.tracking.rate_by_link(rooms.token(order_no), GOOD, NOW + 91 * DAY)
    rated = await rooms.tracking.rate_by_link(rooms.token(order_no), GOOD, NOW)
    assert (rated.order_no, rated.level) == (order_no, Satisfaction.SATISFIED)


async def test_what_the_party_sees_behind_a_link(rooms: Rooms) -> None:
    order_no = await rooms.given()
    await rooms.desk.step(order_no, "noted", ANNA, {"note": "当事人情绪激动"}, NOW)
    view = await rooms.tracking.by_link(rooms.token(order_no, Purpose.PROGRESS), NOW)
    assert (view.order_no, view.headline.text, view.service) == (order_no, "正在办理", "法律援助")
    assert [entry.text for entry in view.entries] == [
        "您的诉求已登记",
        "已受理，正在安排承办单位",
        "已转交aid-340100办理",
        "承办单位已签收，正在办理",
    ]
    assert not view.can_rate
    await rooms.desk.step(order_no, "resolved", ANNA, {"result": "工资已付清"}, NOW)
    progress = await rooms.tracking.by_link(rooms.token(order_no, Purpose.PROGRESS), NOW)
    rating = await rooms.tracking.by_link(rooms.token(order_no), NOW)
    assert (progress.can_rate, progress.waits_for_rating, rating.can_rate) == (False, True, True)
    assert "工资已付清" not in repr(rating)


async def test_of_a_confidential_order_little_is_shown(rooms: Rooms) -> None:
    order_no = await rooms.given(confidential=True)
    view = await rooms.tracking.by_link(rooms.token(order_no), NOW)
    assert view.service is None
    assert "已转交承办单位办理" in [entry.text for entry in view.entries]


async def test_a_link_to_an_erased_order_leads_nowhere(rooms: Rooms, settings: Settings) -> None:
    order_no = await rooms.resolved()
    await erase_person(rooms.db, rooms.ring, settings, phone=PHONE, actor="dpo", now=NOW)
    with pytest.raises(LinkExpiredError, match="删除"):
        await rooms.tracking.by_link(rooms.token(order_no), NOW)
    with pytest.raises(StepError):
        await rooms.tracking.rate_by_link(rooms.token(order_no), GOOD, NOW)


async def test_a_good_signature_for_an_order_that_is_not_there(rooms: Rooms) -> None:
    with pytest.raises(LinkExpiredError):
        await rooms.tracking.by_link(rooms.token(make_order_no("20260305", 99_999)), NOW)


async def test_staff_see_every_step_texts_only_with_the_right(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    reader = Actor("person:reader", (Grant(Role.REVIEWER, region="340000"),), person_id="reader")
    plain = await rooms.tracking.for_staff(order_no, reader, NOW)
    full = await rooms.tracking.for_staff(order_no, ANNA, NOW)
    assert [entry.step for entry in plain.entries] == [
        *("received", "triaged", "assigned", "accepted", "resolved")
    ]
    assert (plain.revealed, full.revealed) == (False, True)
    assert plain.entries[-1].texts is None
    assert full.entries[-1].texts == (("办理情况", "工资已付清"),)
    with pytest.raises(StepForbiddenError):
        await rooms.tracking.for_staff(order_no, CARL, NOW)
    with pytest.raises(OrderNotFoundError):
        await rooms.tracking.for_staff("20260305999999", ANNA, NOW)


async def test_of_a_confidential_order_staff_without_the_right_see_bare_steps(rooms: Rooms) -> None:
    order_no = await rooms.resolved(confidential=True)
    bare = await rooms.tracking.for_staff(order_no, CLERK, NOW)
    assert all(entry.fields == () and entry.texts is None for entry in bare.entries)
    assert (await rooms.tracking.for_staff(order_no, BOSS, NOW)).revealed


async def test_messages_of_a_life_are_written_by_its_steps(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    await rooms.desk.step(order_no, "closed", BOSS, {"reason": "resolved"}, NOW)
    assert [template for template, _ in await rooms.notices(order_no)] == [
        *("received", "assigned", "resolved", "closed")
    ]


async def test_rating_does_not_break_what_the_audit_checks(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    wants = Rating(Satisfaction.VERY_DISSATISFIED, "不行", again=True)
    await rooms.ratings.by_terminal(order_no, wants, Terminal.WEB, NOW + timedelta(hours=1))
    assert order_no not in await changed_records(rooms.db, rooms.ring)
    assert (await rooms.db.read(lambda s: s.get_one(OrderRow, order_no).satisfaction)) is None


async def test_a_call_finds_a_finished_order_and_rates_it(rooms: Rooms) -> None:
    order_no = await rooms.resolved()
    orders = DeskOrders(rooms.intake, Progress(rooms.db, rooms.ring), rooms.ratings)
    found = await orders.look_up(None, PHONE, order_no[-4:])
    assert [(one.order_no, one.rateable) for one in found] == [(order_no, True)]
    assert not (await orders.rate(RateOrder(order_no, "13800000000", 1, False))).ok
    wanted = RateOrder(order_no, PHONE, 1, True, "没有办好")
    assert await orders.rate(wanted) == OrderRated(ok=True, reopened=True)
    assert await state_of(rooms, order_no) is OrderState.REOPENED
    [kept] = await rooms.ratings.of_order(order_no, reveal=True)
    assert (kept.level.value, kept.terminal, kept.comment) == ("1", "phone_bot", "没有办好")
    found = await orders.look_up(None, PHONE, order_no[-4:])
    assert not found[0].rateable
    assert await orders.rate(wanted) == OrderRated(ok=True, reopened=True)  # a call taken over
    assert not (await orders.rate(RateOrder(order_no, PHONE, 5, False))).ok
    assert len(await rooms.ratings.of_order(order_no)) == 1


async def test_where_nothing_is_reopened_a_call_is_told_so(db: Database, ring: KeyRing) -> None:
    rooms = make_rooms(db, ring, reopen="never")
    order_no = await rooms.resolved()
    orders = DeskOrders(rooms.intake, Progress(rooms.db, rooms.ring), rooms.ratings)
    wanted = RateOrder(order_no, PHONE, 1, True)
    assert await orders.rate(wanted) == OrderRated(ok=True, reopened=False)
    assert await orders.rate(wanted) == OrderRated(ok=True, reopened=False)
