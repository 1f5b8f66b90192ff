"""The API of orders: one demand's whole life over HTTP, rights, and everything that is wrong."""

import asyncio
from typing import Any

import pytest
from apikit import Api, a_demand

from hotline.app.dispatching import now

pytestmark = pytest.mark.contract
pytest_plugins = ("pg", "apifix")


async def test_a_demand_goes_from_the_counter_to_a_rating(api_: Api) -> None:
    order_no = await api_.file()
    given = await api_.settle(order_no, "triaged", "assigned")
    assert given["reasons"], "every decision carries its reasons"
    if given["view"]["state"] == "triaged":
        offered = (await api_.ask("anna", "GET", "/orders?offered=true")).json()["orders"]
        assert [order["order_no"] for order in offered] == [order_no]
        taken = await api_.ask("anna", "POST", f"/orders/{order_no}/claim")
    else:
        taken = await api_.ask("anna", "POST", f"/orders/{order_no}/steps/accepted", {})
    assert taken.status_code == 200, taken.text
    assert taken.json()["state"] == "in_progress"
    done = await api_.ask(
        "anna",
        "POST",
        f"/orders/{order_no}/steps/resolved",
        {"fields": {"result": "已通知当事人签订援助协议，指派律师。"}},
        key="done-1",
    )
    assert done.status_code == 200, done.text
    again = await api_.ask(
        "anna",
        "POST",
        f"/orders/{order_no}/steps/resolved",
        {"fields": {"result": "已通知当事人签订援助协议，指派律师。"}},
        key="done-1",
    )
    assert again.json()["version"] == done.json()["version"], "the same key takes no second step"
    rated = await api_.ask("counter", "POST", f"/orders/{order_no}/rating", {"level": "5"})
    assert rated.status_code == 201, rated.text
    twice = await api_.ask("counter", "POST", f"/orders/{order_no}/rating", {"level": "1"})
    assert (twice.status_code, code_of(twice)) == (409, "already-rated")
    line = (await api_.ask("boss", "GET", f"/orders/{order_no}/timeline")).json()
    assert [entry["step"] for entry in line["entries"]][:2] == ["received", "triaged"]


async def test_the_same_key_and_the_same_trouble_are_one_order(api_: Api) -> None:
    first = await api_.ask("counter", "POST", "/orders", a_demand(), key="k-1")
    again = await api_.ask("counter", "POST", "/orders", a_demand(), key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["order_no"] == first.json()["order_no"]
    other = a_demand(description="那个姓赵的老板还是没给我们七个人四个月的工钱。")
    merged = (await api_.ask("counter", "POST", "/orders", other, key="k-2")).json()
    assert merged["merged"] and merged["order_no"] == first.json()["order_no"]
    assert merged["reasons"]


async def test_who_may_see_what(api_: Api) -> None:
    order_no = await api_.file(confidential=True)
    await api_.settle(order_no, "triaged", "assigned")
    boss = (await api_.ask("boss", "GET", f"/orders/{order_no}")).json()
    assert boss["contact_phone"] == "13955512345"
    elsewhere = await api_.ask("wuhu", "GET", f"/orders/{order_no}")
    assert (elsewhere.status_code, code_of(elsewhere)) == (403, "forbidden")
    counter = (await api_.ask("counter", "GET", f"/orders/{order_no}")).json()
    assert "13955512345" not in str(counter) and "孙大勇" not in str(counter)
    assert counter["view"]["title"] == "保密工单", "only that it exists"
    wuhu = (await api_.ask("wuhu", "GET", "/orders")).json()
    assert wuhu["orders"] == []


async def test_lists_come_page_by_page_whatever_happens_meanwhile(api_: Api) -> None:
    filed = [
        await api_.file(f"k-{n}", contact_phone=f"1395551234{n}", topic=topic)
        for n, topic in enumerate(("wages", "divorce", "debt", "land", "traffic"))
    ]
    for order_no in filed:
        await api_.settle(order_no, "triaged", "assigned")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api_.ask("boss", "GET", f"/orders?limit=2{cursor}")).json()
        seen += [order["order_no"] for order in page["orders"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
        urged = await api_.ask("boss", "POST", f"/orders/{filed[0]}/steps/urged", {})
        assert urged.status_code == 200, urged.text
    assert seen == filed[::-1], "an order that changes while pages are turned keeps its place"


WRONG: list[tuple[Any, ...]] = [
    (None, "GET", "/orders", None, None, 401, "unauthenticated", None),
    ("counter", "POST", "/orders", a_demand(), None, 422, "bad-input", "Idempotency-Key"),
    ("counter", "POST", "/orders", {}, "k", 422, "bad-input", "service_type"),
    ("counter", "POST", "/orders", a_demand(extras=1), "k", 422, "bad-input", "extras"),
    ("counter", "POST", "/orders", a_demand(topic="sorrow"), "k", 422, "bad-intake", "topic"),
    ("counter", "POST", "/orders", a_demand(urgency="soon"), "k", 422, "bad-input", "urgency"),
    (
        *("counter", "POST", "/orders", a_demand(contact_phone="一三九"), "k"),
        *(422, "bad-intake", "contact_phone"),
    ),
    (
        *("counter", "POST", "/orders", a_demand(description="a\x00b"), "k"),
        *(422, "bad-intake", "description"),
    ),
    (
        *("counter", "POST", "/orders", a_demand(description="工" * 15_000), "k"),
        *(422, "bad-intake", "description"),
    ),
    (
        *("counter", "POST", "/orders", a_demand(description="工" * 1_700_000), "k"),
        *(413, "too-large", None),
    ),
    ("boss", "GET", "/orders?cursor=abc", None, None, 422, "bad-query", "cursor"),
    ("boss", "GET", "/orders/20260305000017", None, None, 404, "order-not-found", None),
    ("boss", "GET", "/orders/12", None, None, 422, "bad-input", "order_no"),
    ("boss", "GET", "/nothing", None, None, 404, "not-found", None),
    ("boss", "DELETE", "/orders", None, None, 405, "method-not-allowed", None),
    ("anna", "POST", "/progress", {}, None, 422, "bad-intake", "order_no"),
]
"""Who asks, method, path, body, idempotency key; then status, code and field of the refusal."""


async def test_what_is_wrong_is_told_and_changes_nothing(api_: Api) -> None:
    for who, method, path, body, key, status, code, field in WRONG:
        answer = await api_.ask(who, method, path, body, **({"key": key} if key else {}))
        assert (answer.status_code, code_of(answer)) == (status, code), (path, answer.text)
        assert answer.json()["error"].get("field") == field, path
    listed = (await api_.ask("boss", "GET", "/orders")).json()
    assert listed["orders"] == []


async def test_steps_that_may_not_be(api_: Api) -> None:
    order_no = await api_.file()
    seen = await api_.settle(order_no, "triaged", "assigned")
    path = f"/orders/{order_no}/steps"
    unknown = await api_.ask("boss", "POST", f"{path}/blessed", {})
    assert (unknown.status_code, code_of(unknown)) == (404, "step-unknown")
    bare = await api_.ask("boss", "POST", f"{path}/rated", {"fields": {"level": "1"}})
    assert (bare.status_code, code_of(bare)) == (404, "step-unknown")
    early = await api_.ask("boss", "POST", f"{path}/archived", {})
    assert early.status_code in (403, 409)
    foreign = await api_.ask("wuhu", "POST", f"{path}/urged", {"fields": {"note": "请尽快"}})
    assert (foreign.status_code, code_of(foreign)) == (403, "forbidden")
    stale = await api_.ask("boss", "POST", f"{path}/urged", {"fields": {}, "version": 1})
    assert (stale.status_code, code_of(stale)) == (409, "order-changed")
    after = (await api_.ask("boss", "GET", f"/orders/{order_no}")).json()
    assert after["view"]["version"] == seen["view"]["version"]


async def test_terminals_hear_of_every_step(api_: Api) -> None:
    heard: list[str] = []
    listens = asyncio.Event()
    boss = await api_.rooms.keys.authenticate(api_.keys["boss"], now())

    async def listen() -> None:
        async for frame in api_.rooms.feed.stream(boss):
            listens.set()
            heard.append(frame)
            if '"step":"triaged"' in frame:
                return

    listening = asyncio.create_task(listen())
    await listens.wait()
    await api_.file()
    async with asyncio.timeout(20):
        await listening
    assert any('"step":"received"' in frame for frame in heard)
    assert "13955512345" not in "".join(heard)


def code_of(answer: Any) -> str:
    """The stable code of an error."""
    code: str = answer.json()["error"]["code"]
    return code
