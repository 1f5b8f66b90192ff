"""The hub's messages become steps of the order: once each, in sequence, or nothing changes."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from deskkit import rows_of
from fastapi import FastAPI
from hubkit import SECRET, Hub, an_intake, serving

from dispatch.hub.http import PATH, hub_router
from dispatch.hub.messages import message
from dispatch.hub.outgoing import Outgoing
from dispatch.hub.pusher import HubPusher
from dispatch.hub.receiving import HubInbox
from dispatch.hub.signing import signed_headers
from dispatch.intake import IntakeDesk
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.numbers import make_order_no
from hotline.accounts.rights import allowed
from hotline.db import Database
from hotline.db.order_tables import InboxRow, NonceRow
from hotline.privacy import KeyRing
from hotline.settings_orders import HubSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg", "hubfix")
NEXT_KEY = "the-next-secret-0123456789"


class Door:
    """Our endpoint over a real desk, spoken to as the hub does."""

    def __init__(self, db: Database, ring: KeyRing, slots: int = 32) -> None:
        settings = HubSettings(secret=SECRET, keys={"k2": NEXT_KEY})
        self.db = db
        self.desk = OrderDesk(db, ring, allowed, Effects(outbox=Outgoing(ring, "hotline-12348")))
        self.intake = IntakeDesk(db, ring, "hotline-12348", desk=self.desk)
        self.inbox = HubInbox(db, self.desk, settings)
        app = FastAPI()
        app.include_router(hub_router(self.inbox, slots))
        transport = httpx2.ASGITransport(app=app)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://us")

    async def file(self) -> str:
        return (await self.intake.receive(an_intake(), datetime.now(UTC))).order_no

    async def send(
        self, raw: bytes, *, key: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        if key is None:
            data = json.loads(raw)
            key = f"{data['order_no']}-{data['seq']}"
        signed = signed_headers("k1", SECRET, "POST", PATH, raw, datetime.now(UTC))
        sent = {**signed, "Idempotency-Key": key, **headers}
        answer = await self.client.post(PATH, content=raw, headers=sent)
        return answer.status_code, answer.json()

    async def code(self, raw: bytes, **given: Any) -> tuple[int, str]:
        status, data = await self.send(raw, **given)
        return status, data["error"]["code"]

    async def everything(self, order_no: str) -> dict[str, Any]:
        """All that the tables hold of an order, and the inbox."""
        held = await rows_of(self.db, order_no)
        held["order"].pop("updated_at")
        return held


def body(order_no: str, kind: str, seq: int = 1, **fields: Any) -> bytes:
    return message("hub", kind, order_no, seq, datetime.now(UTC), fields)


@pytest.fixture
def door(db: Database, ring: KeyRing) -> Door:
    return Door(db, ring)


async def inbox(db: Database) -> list[tuple[int, str]]:
    return await db.read(lambda s: sorted((row.seq, row.result) for row in s.query(InboxRow).all()))


async def test_the_hubs_wish_is_a_step_of_the_order(door: Door) -> None:
    number = await door.file()
    status, data = await door.send(body(number, "order.urge", note="当事人再次来电"))
    assert (status, data) == (
        201, {"order_no": number, "seq": 1, "state": "received", "duplicate": False},
    )  # fmt: skip
    held = await door.everything(number)
    assert held["order"]["urged"] == 1
    assert [(event["step"], event["actor"]) for event in held["events"]] == [
        ("received", "terminal:phone_bot"), ("urged", "hub"),
    ]  # fmt: skip
    # the hub hears what became of it, by whom
    assert [row["kind"] for row in held["outbox"]] == ["order.received", "order.urge"]
    assert held["links"] == [f"{number}/1", f"{number}/2"]


async def test_every_kind_leads_to_its_step(door: Door) -> None:
    number = await door.file()
    wishes: list[tuple[str, dict[str, Any], str]] = [
        ("order.supplement", {"note": "补充：还有两位工友"}, "received"),
        ("order.urge", {}, "received"),
        ("order.supervise", {"note": "省厅关注"}, "received"),
        ("order.close", {"reason": "answered"}, "closed"),
        ("order.rated", {"level": "1"}, "closed"),
        ("order.reopen", {"note": "当事人不满意"}, "reopened"),
        ("order.feedback", {"result": "已联系单位"}, "reopened"),
        ("order.extend", {"step": "extension_asked", "reason": "complex_case",
                          "until": (datetime.now(UTC) + timedelta(days=9)).isoformat()},
         "extension"),
        ("order.extend", {"step": "extension_refused", "note": "请按期办结"}, "reopened"),
        ("order.feedback", {"step": "resolved", "result": "已支付工资"}, "resolved"),
    ]  # fmt: skip
    for seq, (kind, fields, state) in enumerate(wishes, 1):
        status, data = await door.send(body(number, kind, seq, **fields))
        assert (status, data.get("state")) == (201, state), (kind, data)


async def test_a_repeat_is_known_and_other_content_is_refused(door: Door) -> None:
    number = await door.file()
    raw = body(number, "order.urge")
    await door.send(raw)
    before = await door.everything(number)
    status, data = await door.send(raw)
    assert (status, data["duplicate"]) == (200, True)
    other = body(number, "order.urge", note="另一条")
    assert await door.code(other) == (409, "idempotency-conflict")
    assert await door.everything(number) == before


async def test_the_same_message_at_once_is_applied_once(door: Door) -> None:
    number = await door.file()
    raw = body(number, "order.urge")
    answers = await asyncio.gather(*(door.send(raw) for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert (await door.everything(number))["order"]["urged"] == 1


async def test_out_of_sequence_waits_for_what_is_missing(door: Door) -> None:
    number = await door.file()
    before = await door.everything(number)
    late = body(number, "order.supervise", 2, note="督办")
    assert await door.code(late) == (409, "sequence-gap")
    assert await door.everything(number) == before
    assert (await door.send(body(number, "order.urge", 1)))[0] == 201
    assert (await door.send(late))[0] == 201


async def test_a_step_the_state_forbids_is_refused_for_good_and_holds_nothing_up(
    door: Door,
) -> None:
    number = await door.file()
    before = await door.everything(number)
    wrong = body(number, "order.reopen")
    assert await door.code(wrong) == (409, "step-not-allowed")
    assert await door.code(wrong) == (409, "step-not-allowed"), "also when it comes again"
    for seq, (kind, fields, answer) in enumerate(
        [
            ("order.close", {"reason": "tired"}, (422, "field-wrong")),
            ("order.supervise", {"note": "  "}, (422, "field-missing")),
            ("order.dispatch", {"institution": "nobody"}, (409, "step-not-allowed")),
            ("order.urge", {"note": "钟\x00声"}, (422, "field-wrong")),
        ],
        2,
    ):
        assert await door.code(body(number, kind, seq, **fields)) == answer
    assert await door.everything(number) == before
    assert (await door.send(body(number, "order.urge", 6)))[0] == 201
    assert (await inbox(door.db))[0] == (1, "step-not-allowed")


async def test_forged_old_and_replayed_messages_change_nothing(door: Door) -> None:
    number = await door.file()
    before = await door.everything(number)
    raw = body(number, "order.close", reason="answered")
    now = datetime.now(UTC)
    old = signed_headers("k1", SECRET, "POST", PATH, raw, now - timedelta(minutes=6))
    early = signed_headers("k1", SECRET, "POST", PATH, raw, now + timedelta(minutes=6))
    reflected = signed_headers("k1", SECRET, "POST", "/api/v1/messages", raw, now)
    forged = f"hmac-sha256={'0' * 64}"
    assert await door.code(raw, **{"Hotline-Signature": forged}) == (401, "bad-signature")
    assert await door.code(raw, **{"Hotline-Signature": "x"}) == (401, "unknown-algorithm")
    assert await door.code(raw, **{"Hotline-Key": "k7"}) == (401, "unknown-key")
    assert await door.code(raw, **{"Hotline-Nonce": ""}) == (401, "unsigned")
    assert await door.code(raw, **old) == (401, "stale-timestamp")
    assert await door.code(raw, **early) == (401, "stale-timestamp")
    assert await door.code(raw, **reflected) == (401, "bad-signature"), "our own message back"
    assert await door.everything(number) == before
    assert await inbox(door.db) == []
    used = signed_headers("k2", NEXT_KEY, "POST", PATH, raw, now, "hmac-sm3")
    assert (await door.send(raw, **used))[0] == 201, "the next key, with SM3"
    after = await door.everything(number)
    again = body(number, "order.urge", 2)
    resigned = signed_headers("k2", NEXT_KEY, "POST", PATH, again, now)
    resigned["Hotline-Nonce"] = used["Hotline-Nonce"]
    assert await door.code(raw, **used) == (401, "replayed-nonce")
    assert await door.code(again, **resigned) == (401, "bad-signature")
    assert await door.everything(number) == after


async def test_nonces_are_forgotten_when_no_message_can_be_so_old(door: Door) -> None:
    number = await door.file()
    await door.send(body(number, "order.urge", 1))
    long_ago = datetime.now(UTC) - timedelta(seconds=601)
    await door.db.write(
        lambda s: [setattr(row, "at", long_ago) for row in s.query(NonceRow).all()] and None
    )
    await door.send(body(number, "order.urge", 2))
    assert await door.db.read(lambda s: s.query(NonceRow).count()) == 1


UNKNOWN = make_order_no("20260305", 99)


@pytest.mark.parametrize(
    ("raw", "status", "error"),
    [
        (b"", 400, "not-json"),
        (b"\xff\xfe", 400, "not-json"),
        (b"[]", 422, "bad-message"),
        (b"{}", 422, "bad-message"),
        (body(UNKNOWN, "order.urge"), 404, "order-not-found"),
        (body("20260305000012", "order.urge"), 422, "bad-message"),
        (body(UNKNOWN, "order.exploded"), 422, "unknown-message"),
        (body(UNKNOWN, "order.erased"), 422, "unknown-message"),
        (body(UNKNOWN, "order.supervise"), 422, "bad-message"),
        (body(UNKNOWN, "order.feedback", step="closed", result="x"), 422, "bad-message"),
        (body(UNKNOWN, "order.supervise", note="长" * 10_001), 422, "bad-message"),
        (body(UNKNOWN, "order.urge", seq=0), 422, "bad-message"),
        (b"x" * (1 << 18) + b"x", 413, "too-large"),
    ],
)
async def test_junk_is_refused_in_plain_words(
    door: Door, raw: bytes, status: int, error: str
) -> None:
    key = None
    if raw.startswith(b'{"'):
        data = json.loads(raw)
        key = f"{data['order_no']}-{data['seq']}"
    assert await door.code(raw, key=key or "x-1") == (status, error)
    assert await inbox(door.db) == []


async def test_the_idempotency_key_must_be_the_messages(door: Door) -> None:
    number = await door.file()
    assert await door.code(body(number, "order.urge"), key="other") == (400, "bad-idempotency-key")


async def test_too_much_at_once_is_asked_to_come_again(db: Database, ring: KeyRing) -> None:
    door = Door(db, ring, slots=1)
    number = await door.file()
    raws = [body(number, "order.urge", seq) for seq in (1, 2, 3, 4)]
    keys = [f"{number}-{seq}" for seq in (1, 2, 3, 4)]
    sent = await asyncio.gather(
        *(
            door.client.post(
                PATH,
                content=raw,
                headers={
                    **signed_headers("k1", SECRET, "POST", PATH, raw, datetime.now(UTC)),
                    "Idempotency-Key": key,
                },
            )
            for raw, key in zip(raws, keys, strict=True)
        )
    )
    busy = [answer for answer in sent if answer.status_code == 503]
    assert busy
    assert {answer.headers["Retry-After"] for answer in busy} == {"2"}
    assert {answer.json()["error"]["code"] for answer in busy} == {"busy"}
    assert (await door.send(raws[0]))[0] in (200, 201), "nothing is lost: it comes again"


async def until(check: Any, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await check():  # noqa: ASYNC110 - the hub is another process
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", ["none", "callback-duplicate", "callback-reorder"])
async def test_the_hubs_staff_reaches_us_once_and_in_sequence_whatever_happens(
    db: Database, ring: KeyRing, calling_hub: tuple[Hub, int], fault: str
) -> None:
    hub, port = calling_hub
    door = Door(db, ring)
    pusher = HubPusher(db, ring, hub.settings)
    number = await door.file()
    task = asyncio.create_task(pusher.run())
    held = f"/api/v1/orders/{number}"

    async def arrived() -> bool:
        return (await pusher.status()).pending == 0

    await until(arrived)
    if fault != "none":
        await asyncio.to_thread(hub.fail, fault, 6)
    # nobody is at our door yet: the hub keeps its messages and comes again
    acts: list[tuple[str, dict[str, Any]]] = [
        ("order.urge", {}),
        ("order.supervise", {"note": "省厅督办"}),
        ("order.urge", {"note": "再催一次"}),
        ("order.close", {"reason": "answered"}),
    ]
    for kind, fields in acts:
        await asyncio.to_thread(hub.act, number, kind, **fields)
    await asyncio.to_thread(hub.act, number, "order.return", raw=True, reason="x", note="y")
    async with serving(hub_router(door.inbox), port):

        async def settled() -> bool:
            data = await asyncio.to_thread(hub.get, held)
            return all(entry["state"] != "pending" for entry in data["outgoing"])

        await until(settled)
    events = (await door.everything(number))["events"]
    assert [event["step"] for event in events] == [
        "received", "urged", "supervised", "urged", "closed",
    ]  # fmt: skip
    pusher.wake()
    await until(arrived)
    data = await asyncio.to_thread(hub.get, held)
    assert [entry["state"] for entry in data["outgoing"]] == ["applied"] * 4 + ["refused"]
    assert data["outgoing"][-1]["answer"] == "step-not-allowed"
    assert (data["state"], data["seq"]) == ("closed", 5), "the hub heard what became of it"
    assert [entry["by"] for entry in data["messages"]][1:] == ["hub"] * 4
    pusher.stop()
    await task
