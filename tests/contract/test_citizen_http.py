"""What a citizen reaches by a link, over HTTP against a real server; both databases."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from hubkit import free_port
from trackkit import ANNA, BOSS, DAY, NOW, Rooms, make_rooms

from dispatch.http.citizen import citizen_router
from dispatch.tracking.links import Purpose
from hotline.db import Database
from hotline.domain.codes import OrderState
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
PHONE, NAME = "13955512345", "孙大勇"


@pytest.fixture
def rooms(db: Database, ring: KeyRing) -> Rooms:
    return make_rooms(db, ring)


@pytest.fixture
def now() -> list[datetime]:
    return [NOW]


@pytest.fixture
def http(rooms: Rooms, now: list[datetime]) -> Iterator[httpx2.Client]:
    """A browser of sorts, and the server it talks to."""
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(citizen_router(rooms.tracking, rooms.outs, clock=lambda: now[0]))
    port = free_port()
    config = uvicorn.Config(app, "127.0.0.1", port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
        yield client
    server.should_exit = True
    thread.join(20)


class _Outline(HTMLParser):
    """Tags of a page, that they close, and the labels of its inputs."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.unlabelled: list[str] = []
        self.targets: set[str | None] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "label" and "for" in given:
            self.targets.add(given["for"])
        labelled = "label" in self.open or given.get("id") in self.targets
        if tag in ("input", "textarea") and given.get("type") != "hidden" and not labelled:
            self.unlabelled.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> _Outline:
    parser = _Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def check_headers(response: httpx2.Response) -> None:
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "noindex" in headers["X-Robots-Tag"]


async def test_the_page_shows_progress_without_script_and_without_anything_personal(
    rooms: Rooms, http: httpx2.Client
) -> None:
    order_no = await rooms.given()
    response = http.get(f"/p/{rooms.token(order_no, Purpose.PROGRESS)}")
    assert response.status_code == 200
    check_headers(response)
    page = response.text
    tree = outline(page)
    tags = [tag for tag, _ in tree.tags]
    assert ("html", {"lang": "zh-CN"}) in tree.tags
    assert not {"script", "img", "iframe", "link"} & set(tags)
    assert tags.count("h1") == 1
    assert tree.unlabelled == []
    assert order_no in page
    assert "正在办理" in page
    assert page.index("承办单位已签收") < page.index("您的诉求已登记"), "the latest first"
    assert "请您评价" not in page
    for secret in (PHONE, NAME, "工钱", "拖欠工资", "劳动报酬", "person:anna"):
        assert secret not in page


async def test_rating_by_the_form(rooms: Rooms, http: httpx2.Client) -> None:
    order_no = await rooms.resolved()
    token = rooms.token(order_no)
    page = http.get(f"/p/{token}").text
    assert outline(page).unlabelled == []
    assert re.findall(r'name="level" value="(\d)"', page) == ["5", "4", "3", "2", "1"]
    response = http.post(f"/p/{token}/rating", data={"level": "4", "comment": "谢谢\r\n你们"})
    assert (response.status_code, response.headers["Location"]) == (303, f"/p/{token}?ok=rated")
    check_headers(response)
    page = http.get(response.headers["Location"]).text
    assert "感谢您的评价。" in page
    assert "您的评价：满意" in page
    assert 'name="level"' not in page
    [kept] = await rooms.ratings.of_order(order_no, reveal=True)
    assert kept.comment == "谢谢\n你们"
    again = http.post(f"/p/{token}/rating", data={"level": "1"})
    assert again.status_code == 409
    assert "只能评价一次" in again.text


async def test_whoever_is_not_content_can_have_it_done_again(
    rooms: Rooms, http: httpx2.Client
) -> None:
    first, second = await rooms.resolved(), await rooms.resolved()
    response = http.post(f"/p/{rooms.token(first)}/rating", data={"level": "2"})
    assert response.headers["Location"].endswith("?ok=unhappy")
    response = http.post(f"/p/{rooms.token(second)}/rating", data={"level": "1", "again": "1"})
    page = http.get(response.headers["Location"]).text
    assert "正在重新办理" in page
    assert (await rooms.desk.view(second, BOSS)).state is OrderState.REOPENED


async def test_what_was_typed_comes_back_when_it_cannot_be_taken(
    rooms: Rooms, http: httpx2.Client
) -> None:
    token = rooms.token(await rooms.resolved())
    typed = '<script>alert("x")</script>' + "长" * 490
    response = http.post(f"/p/{token}/rating", data={"level": "2", "comment": typed, "again": "1"})
    assert response.status_code == 422
    check_headers(response)
    tree = outline(response.text)
    assert "script" not in [tag for tag, _ in tree.tags]
    assert "&lt;script&gt;" in response.text
    assert "意见最长500字" in response.text
    checked = [attrs.get("value") for _, attrs in tree.tags if "checked" in attrs]
    assert checked == ["2", "1"]
    response = http.post(f"/p/{token}/rating", data={"comment": "忘了选"})
    assert (response.status_code, "请选择满意度" in response.text) == (422, True)


async def test_a_progress_link_cannot_rate(rooms: Rooms, http: httpx2.Client) -> None:
    token = rooms.token(await rooms.resolved(), Purpose.PROGRESS)
    assert "请用评价短信中的链接评价" in http.get(f"/p/{token}").text
    response = http.post(f"/p/{token}/rating", data={"level": "5"})
    assert response.status_code == 404
    assert "只能查看进度" in response.text


async def test_text_messages_are_stopped_and_started(rooms: Rooms, http: httpx2.Client) -> None:
    order_no = await rooms.given()
    token = rooms.token(order_no, Purpose.PROGRESS)
    http.get(f"/p/{token}/texts")
    assert (await rooms.outs.of_order(order_no)).wanted, "looking changes nothing"
    response = http.post(f"/p/{token}/texts", data={"wanted": "0"})
    assert response.headers["Location"] == f"/p/{token}?ok=stopped"
    assert not (await rooms.outs.of_order(order_no)).wanted
    assert "恢复接收短信" in http.get(f"/p/{token}").text
    http.post(f"/p/{token}/texts", data={"wanted": "1"})
    assert (await rooms.outs.of_order(order_no)).wanted
    fixed = rooms.token(await rooms.given(contact_phone="0551-62881234"), Purpose.PROGRESS)
    assert "短信通知" not in http.get(f"/p/{fixed}").text


@pytest.mark.parametrize(
    "token", ["x", "a" * 24, "a" * 5000, "../../etc/passwd", "%00", "＜script＞", "a" * 23 + "1"]
)
def test_wrong_links_get_a_friendly_page(http: httpx2.Client, token: str) -> None:
    for response in (http.get(f"/p/{token}"), http.get(f"/api/v1/links/{token}")):
        assert response.status_code == 404
    if "/" not in token:
        response = http.get(f"/p/{token}")
        check_headers(response)
        outline(response.text)
        assert "12348" in response.text
        assert len(token) < 4 or token not in response.text


async def test_an_old_link_says_so(rooms: Rooms, http: httpx2.Client, now: list[datetime]) -> None:
    token = rooms.token(await rooms.resolved())
    now[0] = NOW + 91 * DAY
    response = http.get(f"/p/{token}")
    assert (response.status_code, "链接已过期" in response.text) == (410, True)
    response = http.post(f"/p/{token}/rating", data={"level": "5"})
    assert response.status_code == 410


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("text/plain", b"level=5", 422),
        ("application/x-www-form-urlencoded", b"level=%ff%fe&comment=x", 422),
        ("application/x-www-form-urlencoded", "level=满意".encode(), 422),
        ("application/x-www-form-urlencoded", b"a=1&" * 50, 422),
        ("application/x-www-form-urlencoded", b"comment=" + b"x" * 20_000, 413),
        ("application/x-www-form-urlencoded", b"", 422),
    ],
)
async def test_broken_forms(
    rooms: Rooms, http: httpx2.Client, kind: str, content: bytes, status: int
) -> None:
    order_no = await rooms.resolved()
    address = f"/p/{rooms.token(order_no)}/rating"
    response = http.post(address, content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    check_headers(response)
    outline(response.text)
    assert await rooms.ratings.of_order(order_no) == []


async def test_the_message_after_a_form_is_one_of_ours(rooms: Rooms, http: httpx2.Client) -> None:
    token = rooms.token(await rooms.given())
    page = http.get(f"/p/{token}", params={"ok": "<b>请汇款</b>"}).text
    assert "请汇款" not in page
    for word in ("rated", "unhappy", "again"):
        assert "感谢您的评价" not in http.get(f"/p/{token}", params={"ok": word}).text


async def test_the_same_as_json(rooms: Rooms, http: httpx2.Client) -> None:
    order_no = await rooms.resolved()
    token = rooms.token(order_no)
    response = http.get(f"/api/v1/links/{token}")
    check_headers(response)
    data: dict[str, Any] = response.json()
    assert (data["order_no"], data["state"], data["can_rate"]) == (order_no, "resolved", True)
    assert (data["texts"], data["rated"]) == (True, None)
    assert data["steps"][0]["text"] == "您的诉求已登记"
    response = http.post(f"/api/v1/links/{token}/rating", json={"level": 2, "again": True})
    assert (response.status_code, response.json()["reopened"]) == (201, True)
    response = http.post(f"/api/v1/links/{token}/rating", json={"level": 2})
    assert response.json()["error"]["code"] == "step-not-allowed"
    await rooms.desk.step(order_no, "resolved", ANNA, {"result": "补付了"}, NOW)
    assert http.post(f"/api/v1/links/{token}/rating", json={"level": "5"}).status_code == 201
    response = http.post(f"/api/v1/links/{token}/rating", json={"level": "5"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "already-rated")
    response = http.post(f"/api/v1/links/{token}/texts", json={"wanted": False})
    assert response.json() == {"texts": False}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"level": 9}', "level"),
        (b'{"level": true}', "level.int"),
        (b'{"level": 5, "more": 1}', "more"),
        (b'{"level": 5, "again": "yes"}', "again"),
        (b'{"level": 5, "comment": "\\u0007"}', "comment"),
        (b'{"level": 5, "comment": "\\ud800"}', "body"),
    ],
)
async def test_wrong_json_names_the_field(
    rooms: Rooms, http: httpx2.Client, content: bytes, field: str
) -> None:
    order_no = await rooms.resolved()
    address = f"/api/v1/links/{rooms.token(order_no)}/rating"
    response = http.post(address, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["field"], error["retryable"]) == (field, False)
    assert await rooms.ratings.of_order(order_no) == []
