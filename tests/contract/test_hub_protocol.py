"""The reference hub holds to docs/hub-protocol.md, whatever it is sent."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hubkit import SECRET, received_body

from dispatch.hub.messages import message
from dispatch.hub.signing import signed_headers
from dispatch.numbers import make_order_no
from dispatch.reference_hub import views
from dispatch.reference_hub.app import create_app
from dispatch.reference_hub.faults import MODES, FaultPlan
from dispatch.reference_hub.store import HubStore

pytestmark = pytest.mark.contract
PATH = "/api/v1/messages"
ORDER = make_order_no("20260305", 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HubStore]:
    opened = HubStore(tmp_path / "hub.db")
    yield opened
    opened.close()


@pytest.fixture
def client(store: HubStore) -> httpx2.AsyncClient:
    app = create_app(store, {"k1": SECRET, "k2": "the next key"})
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://hub")


async def send(
    client: httpx2.AsyncClient, raw: bytes, *, key: str | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    if key is None:
        data = json.loads(raw)
        key = f"{data['order_no']}-{data['seq']}"
    signed = signed_headers("k1", SECRET, "POST", PATH, raw, datetime.now(UTC))
    answer = await client.post(
        PATH, content=raw, headers={**signed, "Idempotency-Key": key, **headers}
    )
    return answer.status_code, answer.json()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("hub.db*"))


def code(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


async def test_a_message_gets_one_receipt_however_often_it_comes(
    client: httpx2.AsyncClient, store: HubStore
) -> None:
    raw = received_body(ORDER)
    status, first = await send(client, raw)
    assert (status, first["duplicate"]) == (201, False)
    assert first["receipt"].startswith("AH")
    status, again = await send(client, raw)
    assert (status, again) == (200, {**first, "duplicate": True})
    assert views.counts(store) == {"messages": 1, "orders": 1, "repeats": 1}


async def test_the_same_number_with_other_content_is_refused(client: httpx2.AsyncClient) -> None:
    await send(client, received_body(ORDER))
    other = received_body(ORDER, description="别的事")
    assert code(await send(client, other)) == (409, "idempotency-conflict")


async def test_a_gap_in_the_sequence_is_refused_until_it_is_filled(
    client: httpx2.AsyncClient,
) -> None:
    assert code(await send(client, received_body(ORDER, seq=2))) == (409, "sequence-gap")
    assert (await send(client, received_body(ORDER, seq=1)))[0] == 201
    assert (await send(client, received_body(ORDER, seq=2)))[0] == 201


async def test_signatures_are_checked(client: httpx2.AsyncClient, store: HubStore) -> None:
    raw = received_body(ORDER)
    wrong = f"hmac-sha256={'0' * 64}"
    assert code(await send(client, raw, **{"Hotline-Signature": wrong})) == (401, "bad-signature")
    assert code(await send(client, raw, **{"Hotline-Signature": "x"})) == (401, "unknown-algorithm")
    assert code(await send(client, raw, **{"Hotline-Key": "k7"})) == (401, "unknown-key")
    assert code(await send(client, raw, **{"Hotline-Nonce": ""})) == (401, "unsigned")
    old = datetime.now(UTC) - timedelta(minutes=6)
    stale = signed_headers("k1", SECRET, "POST", PATH, raw, old)
    assert code(await send(client, raw, **stale)) == (401, "stale-timestamp")
    assert views.counts(store)["messages"] == 0
    now = datetime.now(UTC)
    rotated = signed_headers("k2", "the next key", "POST", PATH, raw, now, "hmac-sm3")
    assert (await send(client, raw, **rotated))[0] == 201


async def test_a_replayed_request_is_refused_also_after_a_restart(
    client: httpx2.AsyncClient, store: HubStore, tmp_path: Path
) -> None:
    raw = received_body(ORDER)
    headers = signed_headers("k1", SECRET, "POST", PATH, raw, datetime.now(UTC))
    assert (await send(client, raw, **headers))[0] == 201
    assert code(await send(client, raw, **headers)) == (401, "replayed-nonce")
    again = HubStore(tmp_path / "hub.db")
    try:
        transport = httpx2.ASGITransport(app=create_app(again, {"k1": SECRET}))
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub") as other:
            assert code(await send(other, raw, **headers)) == (401, "replayed-nonce")
    finally:
        again.close()


@pytest.mark.parametrize(
    ("raw", "status", "error"),
    [
        (b"", 400, "not-json"),
        (b"\xff\xfe", 400, "not-json"),
        (b"[]", 422, "bad-message"),
        (b"{}", 422, "bad-message"),
        (b'{"version":2}', 422, "bad-message"),
        (received_body("20260305000012"), 422, "bad-message"),
        (message("s", "order.exploded", ORDER, 1, datetime(2026, 3, 5, tzinfo=UTC)), 422,
         "unknown-message"),
        (message("s", "order.received", ORDER, 1, datetime(2026, 3, 5, tzinfo=UTC)), 422,
         "bad-message"),
        (b"x" * (1 << 20) + b"x", 413, "too-large"),
    ],
)  # fmt: skip
async def test_junk_is_refused_in_plain_words(
    client: httpx2.AsyncClient, store: HubStore, raw: bytes, status: int, error: str
) -> None:
    assert code(await send(client, raw, key="x-1")) == (status, error)
    assert views.counts(store)["messages"] == 0


async def test_the_idempotency_key_must_be_the_messages(client: httpx2.AsyncClient) -> None:
    assert code(await send(client, received_body(ORDER), key="other")) == (
        400,
        "bad-idempotency-key",
    )


async def test_an_erased_order_keeps_its_receipt_and_nothing_else(
    client: httpx2.AsyncClient, store: HubStore
) -> None:
    _, first = await send(client, received_body(ORDER))
    erased = message("hotline-12348", "order.erased", ORDER, 2, datetime(2026, 3, 5, tzinfo=UTC))
    assert (await send(client, erased))[0] == 201
    held = views.order(store, ORDER)
    assert held is not None
    assert (held["receipt"], held["erased"], "contact_name" in held) == (
        first["receipt"], True, False,
    )  # fmt: skip
    unknown = message(
        "hotline-12348", "order.erased", make_order_no("20260305", 2), 2,
        datetime(2026, 3, 5, tzinfo=UTC),
    )  # fmt: skip
    assert (await send(client, unknown))[0] == 201, "heard though the order never came"
    assert "个人信息已按要求删除" in (await client.get("/")).text


async def test_the_page_is_chinese_masked_and_escaped(client: httpx2.AsyncClient) -> None:
    assert "还没有收到工单" in (await client.get("/")).text
    await send(
        client, received_body(ORDER, title="<script>alert(1)</script>", contact_name="<b>王五")
    )
    page = (await client.get("/")).text
    assert "&lt;script&gt;" in page
    detail = (await client.get(f"/orders/{ORDER}")).text
    assert "劳动报酬" in page
    assert "登记" in detail
    for shown in (page, detail):
        assert "<script>" not in shown
        for hidden in ("13955512345", "139****2345", "王五", "工钱"):
            assert hidden not in shown


async def test_nothing_personal_is_readable_in_the_hubs_file(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    await send(client, received_body(ORDER))
    held = on_disk(tmp_path)
    for secret in ("13955512345", "孙大勇", "工钱"):
        assert secret.encode() not in held
    assert (tmp_path / "hub-keys.json").stat().st_mode & 0o077 == 0


async def test_faults_cannot_be_set_unless_allowed(client: httpx2.AsyncClient) -> None:
    for path in ("faults", "act", "form"):
        assert (await client.post(f"/control/{path}", json={})).status_code == 404
    await send(client, received_body(ORDER))
    assert "/control" not in (await client.get(f"/orders/{ORDER}")).text
    assert FaultPlan().take() is None
    assert "reset-after" in MODES


async def test_many_at_once_each_get_their_own_receipt(client: httpx2.AsyncClient) -> None:
    raws = [received_body(make_order_no("20260305", number)) for number in range(1, 41)]
    answers = await asyncio.gather(*(send(client, raw) for raw in raws * 2))
    assert len({answer["receipt"] for _, answer in answers}) == 40
    assert sorted(status for status, _ in answers) == [200] * 40 + [201] * 40


async def test_unknown_orders_are_said_so(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/orders/none")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "order-not-found")
