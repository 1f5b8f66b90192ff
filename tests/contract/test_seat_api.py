"""The seat's API and the live WebSocket over a real database: who may do what, and what is seen."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from agent_ui.http import ask_of, live_router, seat_router, watch_router
from agent_ui.live.patch import apply
from agent_ui.log import log_router
from agent_ui.pages import pages_router
from agent_ui.pop import ScreenPop
from agent_ui.room import PageRoom
from hotline.accounts.http import Gate
from hotline.accounts.passwords import Passwords
from hotline.accounts.people import People
from hotline.accounts.records import Person
from hotline.accounts.sessions import Sessions, SessionSource
from hotline.accounts.sign_in import sign_in_router
from hotline.analysis.stats import stats
from hotline.app import api
from hotline.calendar import CHINA
from hotline.db import Database
from hotline.db.calls import CallStore
from hotline.db.seats import SeatStore
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import Speaker
from hotline.domain.order_codes import Role
from hotline.domain.orders import OrderView
from hotline.domain.people import Actor, Grant
from hotline.domain.seats import SeatState
from hotline.knowledge.load import load_region_names
from hotline.knowledge.search import KnowledgeBase
from hotline.privacy import KeyRing
from hotline.settings import Settings
from ivr.call.messages import Control
from ivr.call.person import TalkState
from ivr.call.watch import Watch
from ivr.desk.desk import SeatDesk
from ivr.desk.lines import Credential
from ivr.errors import SeatStepError
from ivr.queue.core import Queue
from ivr.queue.parts import Agent, Policy, Wanted

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
OWN = "Huishui-2026-x"
OURS = {"Sec-Fetch-Site": "same-origin"}
NUMBER = "13955512345"


class FakeLines:
    """Asterisk's accounts in memory; every telephone is registered at once."""

    def __init__(self) -> None:
        self.lines: set[str] = set()

    def credential(self, line: str) -> Credential:
        return Credential(line, "a-long-secret")

    async def push(self, line: str) -> Credential:
        self.lines.add(line)
        return self.credential(line)

    async def remove(self, line: str) -> None:
        self.lines.discard(line)

    async def online(self) -> set[str]:
        return set(self.lines)

    async def is_online(self, line: str) -> bool:
        return line in self.lines


@dataclass
class FakeCall:
    """A running call."""

    record: CallRecord
    talk: TalkState | None = None
    waits_for_person: bool = True
    asked: list[tuple[Control, str, str | None]] = field(default_factory=list)
    watched: list[tuple[Watch, str]] = field(default_factory=list)
    refuse: str = ""

    async def ask(self, control: Control, person_id: str, to: str | None = None) -> None:
        if self.refuse:
            raise SeatStepError(self.refuse)
        self.asked.append((control, person_id, to))

    async def watch(self, mode: Watch, person_id: str) -> None:
        self.watched.append((mode, person_id))


class NoOrders:
    """Nobody has an order."""

    async def of_phone(self, actor: Actor, phone: str, limit: int) -> tuple[OrderView, ...]:
        return ()

    async def alike(
        self, actor: Actor, topic: str, region: str | None, limit: int
    ) -> tuple[OrderView, ...]:
        return ()


@dataclass
class Office:
    """The API, and what is behind it."""

    client: TestClient
    desk: SeatDesk
    room: PageRoom
    people: People
    passwords: Passwords
    calls: dict[str, FakeCall]
    audited: list[tuple[str, str, str]]

    def run(self, work: Any) -> Any:
        """Something of the desk's, on its loop."""
        assert self.client.portal is not None
        return self.client.portal.call(work)

    def person(self, staff_no: str, role: Role | None) -> str:
        """Somebody who is signed in at this browser; their id."""

        async def make() -> tuple[str, str]:
            now = datetime.now(UTC)
            grants = (Grant(role),) if role else ()
            person = Person(staff_no, f"人{staff_no}", grants=grants)
            await self.people.save(person, actor="operator", now=now)
            first = await self.passwords.set_first(staff_no, actor="operator", now=now)
            await self.passwords.change(staff_no, first, OWN, now=now)
            return (await self.people.get(staff_no)).person_id, first

        person_id: str = self.run(make)[0]
        self.sign_in(staff_no)
        return person_id

    def sign_in(self, staff_no: str) -> None:
        body = {"staff_no": staff_no, "password": OWN}
        assert self.client.post("/api/v1/session", json=body, headers=OURS).status_code == 200

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.request(method, path, json=body, headers={**OURS, **headers})

    def join(self, call_id: str, topic: str | None = None) -> FakeCall:
        """A caller who waits."""
        now = datetime.now(UTC)
        turn = Turn(0, Speaker.CALLER, "老板拖欠工资怎么办", 1.0, 2.0, 0.9)
        record = CallRecord(
            call_id, f"ch-{call_id}", NUMBER, now, now, None, None, topic=topic, turns=(turn,)
        )
        call = self.calls[call_id] = FakeCall(record)

        async def work() -> None:
            self.desk.join(Wanted(call_id, now, topic=topic))

        self.run(work)
        return call

    def answer(self, call_id: str, person_id: str) -> None:
        async def work() -> None:
            self.desk.answered(call_id, person_id)
            self.calls[call_id].talk = TalkState(person_id, datetime.now(UTC))
            self.room.call_grown(call_id)

        self.run(work)


@pytest.fixture
def office(db: Database, ring: KeyRing, settings: Settings) -> Iterator[Office]:
    people = People(db, ring, load_region_names())
    passwords = Passwords(db, ring, settings.accounts)
    sessions = Sessions(db, settings.accounts)
    calls: dict[str, FakeCall] = {}
    now = lambda: datetime.now(UTC)  # noqa: E731

    async def agent_of(person_id: str) -> Agent:
        person = await people.at_seat(person_id)
        names[person_id] = person.name
        return Agent(person_id, person.region, person.skills, person.languages)

    async def name_of(person_id: str) -> str:
        return (await people.at_seat(person_id)).name

    names: dict[str, str] = {}
    desk = SeatDesk(
        Queue(Policy(wrap_up=timedelta(hours=1))),
        FakeLines(),
        SeatStore(db, "node-1"),
        now=now,
        agent_of=agent_of,
        talking=dict,
    )
    pop = ScreenPop(CallStore(db, ring), NoOrders(), KnowledgeBase.load(), {}, names)
    room = PageRoom(
        desk,
        pop,
        policy=Policy(wrap_up=timedelta(hours=1)),
        call=calls.get,
        stats=lambda since, until: stats(db, since, until),
        regions=load_region_names(),
        names=names,
        actor_of=people.actor,
        now=now,
    )
    desk.on_seat, desk.on_queue = room.seat_changed, room.queue_changed

    async def works(app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work()) for work in (desk.run, room.run)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(lifespan=works)  # type: ignore[arg-type]
    api.install(app)
    gate = Gate([SessionSource(sessions)])
    app.include_router(sign_in_router(passwords, sessions, gate.identity))
    app.include_router(seat_router(room, settings, ask_of(calls.get), gate.identity))
    audited: list[tuple[str, str, str]] = []

    async def audit(actor: str, call_id: str, mode: str) -> None:
        audited.append((actor, call_id, mode))

    app.include_router(watch_router(calls.get, audit, gate.identity))
    app.include_router(live_router(room, sessions, now, check_s=0.2))
    app.include_router(log_router(SeatStore(db, "node-1").intervals, name_of, gate.identity, now))
    app.include_router(pages_router(settings.cache_dir, "ws://*:8088"))
    with TestClient(app) as client:
        yield Office(client, desk, room, people, passwords, calls, audited)


@dataclass
class Page:
    """What a page makes of what it is told."""

    socket: WebSocketTestSession
    documents: dict[str, Any] = field(default_factory=dict)

    def until(self, what: Any, seconds: float = 5.0) -> dict[str, Any]:
        """Read on until the documents are so."""
        last = time.monotonic() + seconds
        while not what(self.documents):
            assert time.monotonic() < last, self.documents
            message = json.loads(self.socket.receive_text())
            if "value" in message:
                self.documents[message["doc"]] = message["value"]
            elif "patch" in message:
                before = self.documents[message["doc"]]
                self.documents[message["doc"]] = apply(before, message["patch"])
        return self.documents


@contextmanager
def live(office: Office) -> Iterator[Page]:
    with office.client.websocket_connect("/api/v1/live", headers=OURS) as socket:
        yield Page(socket)
        # the test client cancels what has not ended by itself, and tells of it as an error
        socket.close(1000)
        last = time.monotonic() + 5
        while office.room.watchers and time.monotonic() < last:
            time.sleep(0.01)


def test_a_shift(office: Office) -> None:
    me = office.person("A1", Role.AGENT)
    with live(office) as page:
        page.until(lambda d: d.get("me", {}).get("state") == "offline")
        made = office.ask("POST", "/api/v1/seat").json()
        assert made["url"] == "ws://testserver:8088/ws"
        assert made["password"] == "a-long-secret"
        page.until(lambda d: d["me"]["state"] == "sign_in")
        office.run(office.desk.reconcile)
        assert office.ask("PUT", "/api/v1/seat/state", {"state": "ready"}).status_code == 204
        page.until(lambda d: d["me"]["state"] == "ready" and d["me"]["linked"])
        office.join("c1", topic="wages")
        seen = page.until(lambda d: d.get("pop", {}).get("answers"))
        assert seen["me"]["state"] == "ringing"
        assert seen["call"]["number"] == NUMBER
        assert seen["call"]["lines"]["0"]["text"] == "老板拖欠工资怎么办"
        assert seen["queue"]["waiting"]["c1"]["number"] != NUMBER
        assert "《劳动合同法》" in json.dumps(seen["pop"]["answers"], ensure_ascii=False)
        office.answer("c1", me)
        page.until(lambda d: d["me"]["state"] == "talking" and d["call"]["talking"])
        body = {"call_id": "c1", "control": "hold"}
        assert office.ask("POST", "/api/v1/seat/call", body).status_code == 204
        assert office.calls["c1"].asked == [(Control.HOLD, me, None)]
        office.ask("PUT", "/api/v1/seat/state", {"state": "break", "reason": "meal"})
        assert page.until(lambda d: "next" in d["me"])["me"]["next"] == "就餐"


def test_what_cannot_be_done_is_told_plainly(office: Office) -> None:
    me = office.person("A1", Role.AGENT)
    refused = office.ask("PUT", "/api/v1/seat/state", {"state": "ready"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "seat-step")
    assert "请先签入" in refused.json()["error"]["message"]
    office.ask("POST", "/api/v1/seat")
    wrong = office.ask("PUT", "/api/v1/seat/state", {"state": "break", "reason": "missed"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "reason")
    body = {"call_id": "c1", "control": "hold"}
    assert office.ask("POST", "/api/v1/seat/call", body).status_code == 404
    office.run(office.desk.reconcile)
    office.ask("PUT", "/api/v1/seat/state", {"state": "ready"})
    call = office.join("c1")
    office.answer("c1", me)
    call.refuse = "已经是保持状态"
    told = office.ask("POST", "/api/v1/seat/call", body)
    assert (told.status_code, told.json()["error"]["message"]) == (409, "已经是保持状态")


@pytest.mark.parametrize(
    "body",
    [
        {"state": "READY"},
        {"state": "break", "reason": "<script>"},
        {"state": "ready", "more": 1},
        {"state": "break", "reason": "rest", "minutes": 0},
        [],
        "ready",
    ],
)
def test_junk_is_refused_and_changes_nothing(office: Office, body: Any) -> None:
    me = office.person("A1", Role.AGENT)
    office.ask("POST", "/api/v1/seat")
    assert office.ask("PUT", "/api/v1/seat/state", body).status_code == 422
    seat = office.desk.seat(me)
    assert seat is not None
    assert seat.state is SeatState.SIGNED_IN


def test_somebody_elses_call_is_nobodys_business(office: Office) -> None:
    first = office.person("A1", Role.AGENT)
    office.ask("POST", "/api/v1/seat")
    office.run(office.desk.reconcile)
    office.ask("PUT", "/api/v1/seat/state", {"state": "ready"})
    call = office.join("c1")
    office.answer("c1", first)
    office.person("A2", Role.AGENT)
    body = {"call_id": "c1", "control": "hang_up"}
    assert office.ask("POST", "/api/v1/seat/call", body).status_code == 404
    assert call.asked == []
    with live(office) as page:
        page.until(lambda d: "seats" in d and "queue" in d)
        assert "call" not in page.documents
        assert NUMBER not in json.dumps(page.documents)


@pytest.mark.parametrize("role", [None, Role.HANDLER, Role.REVIEWER, Role.ADMINISTRATOR])
def test_who_has_no_right_takes_no_seat_and_sees_nothing(office: Office, role: Role | None) -> None:
    me = office.person("B1", role)
    refused = office.ask("POST", "/api/v1/seat")
    assert refused.status_code == 403
    assert office.desk.seats == ()
    assert office.room.followed(office.run(lambda: office.people.actor(me))) == {}


def test_a_supervisor_sees_the_wallboard(office: Office) -> None:
    office.person("S1", Role.SUPERVISOR)
    with live(office) as page:
        seen = page.until(lambda d: d.get("tiles") and "seats" in d and "queue" in d)
        assert seen["tiles"]["answer_rate"]["whole"] == 0
        assert "value" not in seen["tiles"]["answer_rate"]


def test_the_live_link_is_for_signed_in_pages_of_ours_only(office: Office) -> None:
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}):
        with office.client.websocket_connect("/api/v1/live", headers=headers) as socket:
            with pytest.raises(WebSocketDisconnect) as told:
                socket.receive_text()
            assert told.value.code in (4401, 4403)
    office.person("A1", Role.AGENT)
    with office.client.websocket_connect(
        "/api/v1/live", headers={"Sec-Fetch-Site": "cross-site"}
    ) as socket:
        with pytest.raises(WebSocketDisconnect) as told:
            socket.receive_text()
        assert told.value.code == 4403


def test_listening_needs_the_right_and_is_audited(office: Office) -> None:
    office.person("A1", Role.AGENT)
    call = office.join("c1")
    body = {"call_id": "c1", "mode": "listen"}
    assert office.ask("POST", "/api/v1/seats/watch", body).status_code == 403
    assert (call.watched, office.audited) == ([], [])
    boss = office.person("S1", Role.SUPERVISOR)
    assert office.ask("POST", "/api/v1/seats/watch", body).status_code == 204
    assert call.watched == [(Watch.LISTEN, boss)]
    assert office.audited == [(f"person:{boss}", "c1", "listen")]
    assert office.ask("POST", "/api/v1/seats/watch", {**body, "mode": "spy"}).status_code == 422
    gone = office.ask("POST", "/api/v1/seats/watch", {**body, "call_id": "c9"})
    assert gone.status_code == 404


def test_figures_of_seats(office: Office) -> None:
    me = office.person("A1", Role.AGENT)
    office.ask("POST", "/api/v1/seat")
    office.run(office.desk.reconcile)
    office.ask("PUT", "/api/v1/seat/state", {"state": "ready"})
    office.join("c1")
    office.answer("c1", me)

    def today() -> Any:
        return office.ask("GET", "/api/v1/seat/today").json()

    last = time.monotonic() + 5
    while today()["answered"] < 1:
        assert time.monotonic() < last
    assert today()["missed"] == 0
    day = datetime.now(UTC).astimezone(CHINA).date()
    path = f"/api/v1/seats/log.csv?from={day}&to={day}"
    assert office.ask("GET", path).status_code == 403
    office.person("S1", Role.SUPERVISOR)
    told = office.ask("GET", path)
    assert told.text.startswith("\ufeff姓名,接听,未接,签入")
    assert "人A1,1,0,0:00:0" in told.text
    wrong = office.ask("GET", f"/api/v1/seats/log.csv?from={day}&to=2020-01-01")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "to")


def test_a_right_taken_away_ends_the_page_and_the_seat(office: Office) -> None:
    me = office.person("A1", Role.AGENT)
    office.ask("POST", "/api/v1/seat")
    office.run(office.desk.reconcile)
    office.ask("PUT", "/api/v1/seat/state", {"state": "ready"})
    with live(office) as page:
        page.until(lambda d: d.get("me", {}).get("state") == "ready")
        grant = Grant(Role.AGENT)
        office.run(
            lambda: office.people.grant(
                "A1", grant, given=False, actor="operator", now=datetime.now(UTC)
            )
        )
        page.until(lambda d: d["me"] == {})
        assert office.desk.seat(me) is None
        office.run(
            lambda: office.people.set_active("A1", False, actor="operator", now=datetime.now(UTC))
        )
        with pytest.raises(WebSocketDisconnect) as told:
            while True:
                page.socket.receive_text()
        assert told.value.code == 4401
    assert office.ask("POST", "/api/v1/seat").status_code == 401


def test_junk_on_the_live_link_is_ignored(office: Office) -> None:
    office.person("A1", Role.AGENT)
    with live(office) as page:
        page.until(lambda d: "me" in d)
        for junk in ("", "{", '{"doc":"me","value":{}}', "x" * 50_000, "\u0000"):
            page.socket.send_text(junk)
        page.socket.send_text("ping")
        while "pong" not in (text := page.socket.receive_text()):
            assert "doc" in text


def test_pages_come_with_a_strict_policy_and_nothing_else_comes(office: Office) -> None:
    for path in ("/desk", "/wall", "/web/desk.js", "/web/style.css"):
        answer = office.client.get(path)
        assert answer.status_code == 200, path
        rules = answer.headers["content-security-policy"]
        assert "script-src 'self';" in rules
        assert "unsafe" not in rules
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-encoding"] == "gzip"
        plain = office.client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
    for path in ("/web/../http.py", "/web/%2e%2e%2fhttp.py", "/vendor/x.js", "/nothing", "/web/"):
        assert office.client.get(path).status_code == 404, path
