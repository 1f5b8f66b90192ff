"""Text messages: written with the step, sent once, sealed until then; over both databases."""

import asyncio
import json
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hubkit import NOW, an_intake, free_port
from noticekit import SECRET, SmsGateway, sms_gateway
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.hub.outbox import Policy
from dispatch.intake import IntakeDesk
from dispatch.life.ports import NoticeEffect, OrderEvent
from dispatch.notices import rows
from dispatch.notices.desk import NoticeDesk, policy_of
from dispatch.notices.errors import NoticeSettingsError, NotMobileError
from dispatch.notices.gateways import FileGateway, Gateway, HttpGateway, make_gateway
from dispatch.notices.opt_out import OptOuts
from dispatch.notices.rules import NoticePolicy, Wish
from dispatch.notices.sender import NoticeSender
from dispatch.notices.templates import Links, Templates
from dispatch.tracking.links import LinkMaker, LinkSigner, Purpose
from hotline.db import Database
from hotline.db.order_tables import NoticeRow, OptOutRow
from hotline.db.tables import AuditRow, OrderRow
from hotline.domain.codes import OrderState, Urgency
from hotline.domain.events import Event
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import NoticeSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
PHONE = "13955512345"
NIGHT = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)  # 23:00 in China
MORNING = datetime(2026, 3, 6, 0, 0, tzinfo=UTC)
PATIENCE = Policy(max_attempts=3, first_s=10.0, factor=2.0, jitter=0.0)


class Clock:
    """The time, set by the test."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def policy() -> NoticePolicy:
    return policy_of(NoticeSettings())


@pytest.fixture
def desk(ring: KeyRing, policy: NoticePolicy) -> NoticeDesk:
    maker = LinkMaker(LinkSigner.of(ring), "https://ah.gov.cn", 90)

    def links(order_no: str, now: datetime) -> Links:
        return Links(
            maker.address(order_no, Purpose.PROGRESS, now),
            maker.address(order_no, Purpose.RATING, now),
        )

    return NoticeDesk(ring, Templates.load(), policy, links)


@pytest.fixture
def gateway() -> Iterator[SmsGateway]:
    with sms_gateway() as running:
        yield running


async def an_order(db: Database, ring: KeyRing, **changed: Any) -> str:
    return (await IntakeDesk(db, ring, "hotline-12348").receive(an_intake(**changed), NOW)).order_no


async def tell(
    db: Database,
    desk: NoticeDesk,
    order_no: str,
    template: str = "received",
    *,
    seq: int = 1,
    now: datetime = NOW,
    data: dict[str, str] | None = None,
) -> None:
    """What the life of orders does inside a step."""

    def work(session: Session) -> None:
        event = OrderEvent(order_no, seq, template, None, OrderState.RECEIVED, "system", now)
        order = session.get_one(OrderRow, order_no)
        desk.add(session, order, event, [NoticeEffect(template, data or {})], now)

    await db.write(work)


async def kept(db: Database) -> list[tuple[str, str, str | None]]:
    """(template, state, reason) of every message."""

    def work(session: Session) -> list[tuple[str, str, str | None]]:
        found = session.scalars(select(NoticeRow).order_by(col(NoticeRow.id)))
        return [(row.template, row.state, row.last_error) for row in found]

    return await db.read(work)


def a_sender(
    db: Database,
    ring: KeyRing,
    gateway: Gateway,
    policy: NoticePolicy,
    clock: Callable[[], datetime],
    **more: Any,
) -> NoticeSender:
    return NoticeSender(db, ring, gateway, policy, patience=PATIENCE, clock=clock, **more)


async def test_a_message_is_written_with_its_step_or_not_at_all(
    db: Database, ring: KeyRing, desk: NoticeDesk
) -> None:
    order_no = await an_order(db, ring)

    def fails(session: Session) -> None:
        event = OrderEvent(order_no, 1, "received", None, OrderState.RECEIVED, "system", NOW)
        order = session.get_one(OrderRow, order_no)
        desk.add(session, order, event, [NoticeEffect("received")], NOW)
        session.flush()
        raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        await db.write(fails)
    assert await kept(db) == []
    await tell(db, desk, order_no)
    await tell(db, desk, order_no)
    assert await kept(db) == [("received", "pending", None)], "one key, one message"


async def test_number_and_text_are_sealed_and_gone_when_sent(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    settings: Settings,
) -> None:
    order_no = await an_order(db, ring)
    await tell(db, desk, order_no)

    def dump(session: Session) -> str:
        return repr(session.execute(text("SELECT * FROM notices")).all())

    shown = await db.read(dump)
    assert PHONE not in shown
    assert repr("诉求".encode())[2:-1] not in shown
    folder = settings.data_dir / "notices"
    sender = a_sender(db, ring, FileGateway(folder, 7, clock=clock), policy, clock)
    await sender.turn()
    assert await kept(db) == [("received", "sent", None)]
    assert (await db.read(lambda s: s.scalars(select(NoticeRow)).one().body_enc)) is None
    [path] = folder.iterdir()
    assert path.name == "20260305.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    [line] = path.read_text(encoding="utf-8").splitlines()
    message = json.loads(line)
    assert (message["phone"], message["key"]) == (PHONE, f"{order_no}-1-received")
    assert message["text"].startswith("【安徽12348】")
    token = message["text"].split("/p/")[1].split(" ")[0]
    assert LinkSigner.of(ring).read(token, NOW).order_no == order_no


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_old_files_are_deleted_and_a_full_disk_waits(settings: Settings) -> None:
    clock = Clock()
    folder = settings.data_dir / "notices"
    gateway = FileGateway(folder, 7, clock=clock)
    message = rows.Message(1, "20260305000010", "received", "k", PHONE, "文", 0, NOW)
    assert PHONE not in repr(message)
    for days in (0, 5, 8):
        clock.now = NOW + timedelta(days=days)
        await gateway.send(message)
    assert sorted(path.stem for path in folder.iterdir()) == ["20260310", "20260313"]
    blocked = FileGateway(folder / "20260310.jsonl", 7, clock=clock)
    assert (await blocked.send(message)).code == "disk"


async def test_over_http_signed_once_and_retried_until_it_is_taken(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    gateway: SmsGateway,
) -> None:
    order_no = await an_order(db, ring)
    await tell(db, desk, order_no)
    gateway.answers = [(500, {}), (429, {"Retry-After": "7"})]
    http = HttpGateway(gateway.settings())
    sender = a_sender(db, ring, http, policy, clock)
    await sender.turn()
    assert await kept(db) == [("received", "pending", "http-500")]
    await sender.turn()
    assert gateway.tried == 1, "not before its wait is over"
    clock.go(seconds=11)
    await sender.turn()
    assert await kept(db) == [("received", "pending", "http-429")]
    clock.go(seconds=6)
    await sender.turn()
    assert gateway.tried == 2, "the gateway asked for seven seconds"
    clock.go(seconds=2)
    await sender.turn()
    assert await kept(db) == [("received", "sent", None)]
    [message] = gateway.taken
    assert (message["phone"], message["version"]) == (PHONE, 1)
    await http.aclose()


async def test_a_gateway_that_never_takes_it_leaves_a_dead_message_and_says_so(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    gateway: SmsGateway,
) -> None:
    first, second = await an_order(db, ring), await an_order(db, ring)
    await tell(db, desk, first)
    gateway.answers = [(422, {})]
    told: list[Event] = []
    http = HttpGateway(gateway.settings())
    sender = a_sender(db, ring, http, policy, clock, publish=told.append)
    with structlog.testing.capture_logs() as logs:
        await sender.turn()
    assert await kept(db) == [("received", "dead", "http-422")]
    assert [(event.name, event.key) for event in told] == [("notice.dead", first)]
    assert PHONE not in repr(logs) + repr(told)
    await tell(db, desk, second)
    gateway.answers = [(500, {})] * 3
    for _ in range(3):
        await sender.turn()
        clock.go(seconds=60)
    assert (await kept(db))[1] == ("received", "dead", "http-500")
    assert [view.order_no for view in await db.read(rows.dead)] == [first, second]
    await http.aclose()


async def test_a_gateway_that_is_away_costs_no_attempts(
    db: Database, ring: KeyRing, desk: NoticeDesk, policy: NoticePolicy, clock: Clock
) -> None:
    await tell(db, desk, await an_order(db, ring))
    away = NoticeSettings(
        gateway="http", url=f"http://127.0.0.1:{free_port()}/", secret=SECRET, timeout_s=0.5
    )
    http = HttpGateway(away)
    sender = a_sender(db, ring, http, policy, clock)
    for _ in range(10):
        await sender.turn()
        clock.go(minutes=5)
    assert await kept(db) == [("received", "pending", "connect")]
    assert (await db.read(lambda s: s.scalars(select(NoticeRow)).one().attempts)) == 0
    await http.aclose()


async def test_a_gateway_that_does_not_answer_is_left_and_asked_again(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    gateway: SmsGateway,
) -> None:
    await tell(db, desk, await an_order(db, ring))
    gateway.stall = threading.Event()
    http = HttpGateway(gateway.settings(timeout_s=0.1))
    sender = a_sender(db, ring, http, policy, clock)
    await sender.turn()
    assert await kept(db) == [("received", "pending", "timeout")]
    gateway.stall.set()
    clock.go(minutes=1)
    http_again = HttpGateway(gateway.settings(timeout_s=5))
    await a_sender(db, ring, http_again, policy, clock).turn()
    assert await kept(db) == [("received", "sent", None)]
    assert len(gateway.taken) == 1, "the same key: the party is written to once"
    await http.aclose()
    await http_again.aclose()


async def test_two_senders_do_not_take_the_same_and_a_killed_ones_are_taken_later(
    db: Database, ring: KeyRing, desk: NoticeDesk, policy: NoticePolicy
) -> None:
    for _ in range(6):
        order_no = await an_order(db, ring, contact_phone=f"1395551{_:04d}")
        await tell(db, desk, order_no)

    def take(session: Session) -> list[str]:
        return [m.key for m in rows.claim(session, ring, policy, 4, NOW, 40)]

    taken = await asyncio.gather(*(db.write(take) for _ in range(3)))
    keys = [key for batch in taken for key in batch]
    assert len(keys) == len(set(keys)) == 6

    def later(session: Session) -> int:
        return len(rows.claim(session, ring, policy, 9, NOW + timedelta(seconds=41), 40))

    assert await db.write(later) == 6


async def test_at_night_it_waits_emergencies_do_not(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    gateway: SmsGateway,
) -> None:
    calm = await an_order(db, ring)
    urgent = await an_order(db, ring, urgency=Urgency.EMERGENCY, emergency="suicide")
    clock.now = NIGHT
    await tell(db, desk, calm, now=NIGHT)
    await tell(db, desk, urgent, now=NIGHT)
    http = HttpGateway(gateway.settings())
    sender = a_sender(db, ring, http, policy, clock)
    await sender.turn()
    assert [message["key"] for message in gateway.taken] == [f"{urgent}-1-received"]
    clock.now = MORNING - timedelta(seconds=1)
    await sender.turn()
    assert len(gateway.taken) == 1
    clock.now = MORNING
    await sender.turn()
    assert len(gateway.taken) == 2
    await http.aclose()


async def test_a_retry_due_at_night_waits_too_and_the_latest_news_supersedes(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    gateway: SmsGateway,
) -> None:
    order_no = await an_order(db, ring)
    clock.now = NIGHT - timedelta(hours=1, seconds=5)
    await tell(db, desk, order_no, now=clock.now)
    gateway.answers = [(500, {})]
    http = HttpGateway(gateway.settings())
    sender = a_sender(db, ring, http, policy, clock)
    await sender.turn()
    clock.now = NIGHT
    await sender.turn()
    assert gateway.tried == 1
    await tell(db, desk, order_no, "assigned", seq=2, now=NIGHT)
    clock.now = MORNING
    await sender.turn()
    assert [message["key"] for message in gateway.taken] == [f"{order_no}-2-assigned"]
    assert await kept(db) == [("received", "suppressed", "superseded"), ("assigned", "sent", None)]
    await http.aclose()


async def test_not_more_than_so_many_a_day(
    db: Database, ring: KeyRing, desk: NoticeDesk, policy: NoticePolicy
) -> None:
    orders = [await an_order(db, ring) for _ in range(policy.per_day + 1)]
    other = await an_order(db, ring, contact_phone="13955567890")
    for order_no in orders:
        await tell(db, desk, order_no)
    await tell(db, desk, other)
    found = await kept(db)
    assert [state for _, state, _ in found] == ["pending"] * 5 + ["suppressed", "pending"]
    assert found[5][2] == "day-full"
    await tell(db, desk, orders[-1], seq=2, now=NOW + timedelta(days=1))
    assert (await kept(db))[-1][1] == "pending", "a new day"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"contact_phone": None, "caller_number": None}, "no-number"),
        ({"contact_phone": "0551-62881234"}, "not-mobile"),
        ({"topic": "domestic_violence"}, "unsafe"),
        ({"emergency": "violence", "urgency": Urgency.EMERGENCY}, "unsafe"),
    ],
)
async def test_to_whom_nothing_is_sent(
    db: Database, ring: KeyRing, desk: NoticeDesk, changed: dict[str, Any], reason: str
) -> None:
    await tell(db, desk, await an_order(db, ring, **changed))
    assert await kept(db) == [("received", "suppressed", reason)]
    assert (await db.read(lambda s: s.scalars(select(NoticeRow)).one().body_enc)) is None


async def test_the_caller_is_written_to_when_no_contact_was_given(
    db: Database, ring: KeyRing, desk: NoticeDesk, policy: NoticePolicy
) -> None:
    await tell(db, desk, await an_order(db, ring, contact_phone=None, caller_number="13711112222"))
    [message] = await db.write(lambda s: rows.claim(s, ring, policy, 5, NOW, 40))
    assert message.phone == "13711112222"


async def test_a_step_that_lacks_what_the_text_needs_sends_nothing(
    db: Database, ring: KeyRing, desk: NoticeDesk
) -> None:
    order_no = await an_order(db, ring)
    await tell(db, desk, order_no, "extended")
    await tell(db, desk, order_no, "extended", seq=2, data={"until": "2026-03-12T17:30:00+08:00"})
    assert [state for _, state, _ in await kept(db)] == ["suppressed", "pending"]


async def test_whoever_wants_none_gets_none_not_even_what_waits(
    db: Database,
    ring: KeyRing,
    desk: NoticeDesk,
    policy: NoticePolicy,
    clock: Clock,
    gateway: SmsGateway,
) -> None:
    outs = OptOuts(db, ring)
    first, second = await an_order(db, ring), await an_order(db, ring)
    await tell(db, desk, first)
    assert await outs.by_reply("+86 139-5551-2345", "退订", NOW) is Wish.STOP
    assert await outs.by_reply(PHONE, "谢谢", NOW) is None
    await tell(db, desk, second)
    http = HttpGateway(gateway.settings())
    await a_sender(db, ring, http, policy, clock).turn()
    assert {state for _, state, _ in await kept(db)} == {"suppressed"}
    assert gateway.tried == 0
    state = await outs.of_order(first)
    assert (state.possible, state.wanted) == (True, False)
    assert (await outs.by_order(first, True, via="terminal:web", now=NOW)).wanted
    await tell(db, desk, second, "assigned", seq=2)
    assert (await kept(db))[-1] == ("assigned", "pending", None)
    await outs.by_phone(PHONE, False, via="terminal:phone_bot", now=NOW)
    await outs.by_phone(PHONE, False, via="terminal:phone_bot", now=NOW)

    def look(session: Session) -> tuple[list[str], list[str]]:
        hashes = list(session.scalars(select(col(OptOutRow.phone_hash))))
        wanted = col(AuditRow.action).like("notices.%")
        return hashes, list(session.scalars(select(col(AuditRow.action)).where(wanted)))

    hashes, actions = await db.read(look)
    assert hashes == [ring.index("phone", PHONE)]
    assert actions == ["notices.opted_out", "notices.opted_in", "notices.opted_out"]
    await http.aclose()


@pytest.mark.parametrize("phone", ["0551-62881234", "110", "abc", ""])
async def test_only_mobile_numbers_are_put_on_the_list(
    db: Database, ring: KeyRing, phone: str
) -> None:
    with pytest.raises(NotMobileError) as caught:
        await OptOuts(db, ring).by_phone(phone, False, via="terminal:phone_bot", now=NOW)
    assert caught.value.field == "phone"


async def test_a_message_nobody_could_send_for_days_is_not_sent_any_more(
    db: Database, ring: KeyRing, desk: NoticeDesk, policy: NoticePolicy
) -> None:
    await tell(db, desk, await an_order(db, ring))
    late = NOW + timedelta(hours=73)
    assert await db.write(lambda s: rows.claim(s, ring, policy, 5, late, 40)) == []
    assert await kept(db) == [("received", "suppressed", "too-late")]


async def test_the_sender_runs_until_it_is_stopped(
    db: Database, ring: KeyRing, desk: NoticeDesk, policy: NoticePolicy, gateway: SmsGateway
) -> None:
    order_no = await an_order(db, ring)
    sender = a_sender(db, ring, HttpGateway(gateway.settings()), policy, Clock())
    running = asyncio.create_task(sender.run())
    await tell(db, desk, order_no)
    sender.wake()
    assert await asyncio.to_thread(gateway.arrived.wait, 20)
    sender.stop()
    await asyncio.wait_for(running, 10)
    assert await kept(db) == [("received", "sent", None)], "what was on its way is settled"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_settings_choose_the_gateway(settings: Settings) -> None:
    assert isinstance(make_gateway(settings), FileGateway)
    off = settings.model_copy(update={"notices": NoticeSettings(gateway="off")})
    assert make_gateway(off) is None
    for wrong, name in ((NoticeSettings(gateway="http"), "url"), (
        NoticeSettings(gateway="http", url="https://sms.example.cn/"), "secret"
    )):  # fmt: skip
        with pytest.raises(NoticeSettingsError, match=f"notices.{name}"):
            make_gateway(settings.model_copy(update={"notices": wrong}))
