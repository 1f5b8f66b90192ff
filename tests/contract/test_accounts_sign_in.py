"""Signing in: passwords, sessions, locks, and pages that are not ours."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.errors import AccountInputError, AccountLockedError, SignInError
from hotline.accounts.http import Gate, KeySource
from hotline.accounts.keys import ApiKeys
from hotline.accounts.passwords import Passwords, check_password, make_password
from hotline.accounts.people import People
from hotline.accounts.records import Identity, Person
from hotline.accounts.sessions import Sessions, SessionSource
from hotline.accounts.sign_in import sign_in_router
from hotline.app import api
from hotline.db import Database
from hotline.db.desk_tables import PasswordRow, SessionRow
from hotline.db.retention import purge
from hotline.domain.order_codes import Role
from hotline.domain.people import Actor, Grant
from hotline.knowledge.load import load_region_names
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_desk import AccountSettings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
OURS = {"Sec-Fetch-Site": "same-origin"}
OWN = "Huishui-2026-x"


@dataclass
class Door:
    """The API with one protected address, a browser before it, and the time."""

    client: httpx2.AsyncClient
    passwords: Passwords
    people: People
    first: str
    now: datetime = NOW
    headers: dict[str, str] = field(default_factory=lambda: dict(OURS))

    async def post(self, path: str = "", **body: str) -> httpx2.Response:
        return await self.client.post(f"/api/v1/session{path}", json=body, headers=self.headers)

    async def sign_in(self, password: str, staff_no: str = "HF0001") -> httpx2.Response:
        return await self.post(staff_no=staff_no, password=password)

    async def choose(self, old: str, new: str) -> httpx2.Response:
        return await self.post("/password", staff_no="HF0001", password=old, new_password=new)


@pytest.fixture
async def door(db: Database, ring: KeyRing) -> AsyncIterator[Door]:
    people = People(db, ring, load_region_names())
    person = Person("HF0001", "赵敏华", grants=(Grant(Role.AGENT, region="340100"),))
    await people.save(person, actor="operator", now=NOW)
    limits = AccountSettings(lock_after=3, lock_min=15, session_h=12, idle_min=60)
    passwords, sessions = Passwords(db, ring, limits), Sessions(db, limits)
    first = await passwords.set_first("HF0001", actor="operator", now=NOW)
    app = FastAPI()
    api.install(app)
    gate = Gate([KeySource(ApiKeys(db, ring)), SessionSource(sessions)], now=lambda: found.now)
    app.include_router(sign_in_router(passwords, sessions, gate.identity, lambda: found.now))

    @app.api_route("/work", methods=["GET", "POST"])
    async def work(actor: Annotated[Actor, Depends(gate)]) -> str:
        return actor.id

    @app.get("/source")
    async def source(known: Annotated[Identity, Depends(gate.identity)]) -> list[str]:
        return [known.terminal, known.source.partition(":")[0]]

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        found = Door(client, passwords, people, first)
        yield found


async def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_the_first_password_opens_only_the_door_to_the_second(door: Door) -> None:
    assert (await door.client.get("/work")).status_code == 401
    answer = await door.sign_in(door.first)
    assert answer.json()["must_change_password"] is True
    refused = await door.client.get("/work")
    assert (refused.status_code, await code_of(refused)) == (403, "password-due")
    assert (await door.client.get("/api/v1/session")).status_code == 200
    assert (await door.choose(door.first, OWN)).json()["must_change_password"] is False
    assert (await door.client.get("/work")).status_code == 200
    assert (await door.client.get("/source")).json() == ["phone_agent", "session"]
    assert (await door.sign_in(door.first)).status_code == 401


async def test_who_is_signed_in_and_what_they_may(door: Door) -> None:
    await door.choose(door.first, OWN)
    who = (await door.client.get("/api/v1/session")).json()
    assert who["grants"] == [{"role": "agent", "institution": None, "region": "340100"}]
    assert "order.file" in who["rights"]
    assert "keys.edit" not in who["rights"]


async def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_page(door: Door) -> None:
    plain = (await door.choose(door.first, OWN)).headers["set-cookie"].lower()
    assert plain.startswith("session=")
    assert "httponly" in plain
    assert "samesite=strict" in plain
    door.client.base_url = httpx2.URL("https://test")
    safe = (await door.sign_in(OWN)).headers["set-cookie"]
    assert safe.startswith("__Host-session=")
    assert "Secure" in safe
    assert "Domain" not in safe


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_what_another_page_sends_is_refused(door: Door, headers: dict[str, str]) -> None:
    await door.choose(door.first, OWN)
    refused = await door.client.post("/work", headers=headers)
    assert (refused.status_code, await code_of(refused)) == (403, "foreign-page")
    assert (await door.client.post("/work", headers=OURS)).status_code == 200
    old_browser = {"Origin": "http://test"}
    assert (await door.client.post("/work", headers=old_browser)).status_code == 200


async def test_another_page_cannot_sign_its_visitor_in(door: Door) -> None:
    door.headers = {"Sec-Fetch-Site": "cross-site"}
    assert await code_of(await door.sign_in(door.first)) == "foreign-page"


async def test_wrong_passwords_lock_the_account_for_a_while(door: Door) -> None:
    await door.choose(door.first, OWN)
    for _ in range(2):
        assert (await door.sign_in("falsch")).status_code == 401
    locked = await door.sign_in("falsch")
    assert (locked.status_code, await code_of(locked)) == (429, "locked")
    assert "15分钟" in locked.json()["error"]["message"]
    assert (await door.sign_in(OWN)).status_code == 429, "the right one does not open it either"
    door.now += timedelta(minutes=15)
    assert (await door.sign_in(OWN)).status_code == 200


async def test_a_right_password_forgives_the_wrong_ones(door: Door) -> None:
    for _ in range(4):
        assert (await door.sign_in("falsch")).status_code == 401
        assert (await door.sign_in("falsch")).status_code == 401
        assert (await door.sign_in(door.first)).status_code == 200


async def test_nobody_learns_which_staff_numbers_there_are(door: Door) -> None:
    unknown, wrong = await door.sign_in("x", "HF9999"), await door.sign_in("x")
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())


@pytest.mark.parametrize("after", [timedelta(hours=12), timedelta(minutes=61)])
async def test_a_session_ends(door: Door, after: timedelta) -> None:
    await door.choose(door.first, OWN)
    door.now += after
    over = await door.client.get("/work")
    assert (over.status_code, await code_of(over)) == (401, "session-over")


async def test_a_session_in_use_does_not_idle_out(door: Door) -> None:
    await door.choose(door.first, OWN)
    for _ in range(5):
        door.now += timedelta(minutes=50)
        assert (await door.client.get("/work")).status_code == 200


async def test_signing_out_ends_the_session_and_not_only_the_cookie(door: Door) -> None:
    await door.choose(door.first, OWN)
    token = door.client.cookies["session"]
    assert (await door.client.delete("/api/v1/session", headers=OURS)).status_code == 204
    assert "session" not in door.client.cookies
    again = await door.client.get("/work", headers={"Cookie": f"session={token}"})
    assert await code_of(again) == "session-over"


async def test_a_new_password_ends_every_session(door: Door) -> None:
    await door.choose(door.first, OWN)
    token = door.client.cookies["session"]
    await door.passwords.set_first("HF0001", actor="operator", now=NOW)
    again = await door.client.get("/work", headers={"Cookie": f"session={token}"})
    assert await code_of(again) == "session-over"


async def test_who_is_out_of_work_is_out_at_once(door: Door) -> None:
    await door.choose(door.first, OWN)
    await door.people.set_active("HF0001", False, actor="operator", now=NOW)
    assert (await door.client.get("/work")).status_code == 401
    assert (await door.sign_in(OWN)).status_code == 401


async def test_nothing_that_opens_the_door_is_kept(door: Door, db: Database) -> None:
    await door.choose(door.first, OWN)
    token = door.client.cookies["session"]

    def dump(session: Session) -> str:
        rows = [*session.scalars(select(PasswordRow)), *session.scalars(select(SessionRow))]
        return repr([row.model_dump() for row in rows])

    kept = await db.read(dump)
    assert "argon2id" in kept
    assert not any(secret in kept for secret in (token, OWN, door.first))


async def test_erasing_somebody_takes_password_and_sessions_away(
    door: Door, db: Database, settings: Settings
) -> None:
    await door.choose(door.first, OWN)
    await door.people.erase("HF0001", settings, actor="operator", now=NOW)

    def count(session: Session) -> int:
        return len([*session.scalars(select(PasswordRow)), *session.scalars(select(SessionRow))])

    assert await db.read(count) == 0


async def test_sessions_that_are_over_do_not_pile_up(
    door: Door, db: Database, ring: KeyRing, settings: Settings
) -> None:
    await door.choose(door.first, OWN)
    await purge(db, ring, settings, NOW + timedelta(hours=11))
    assert (await door.client.get("/work")).status_code == 200
    await purge(db, ring, settings, NOW + timedelta(hours=13))
    assert not await db.read(lambda session: [*session.scalars(select(SessionRow))])


@pytest.mark.parametrize(
    "password",
    [
        "Kurz-1a",
        "nurkleinbuchstaben",
        "nurklein2026",
        "HF0001-Xyzw-77",
        "Password-2026",
        "Aa1" * 9,
    ],
)
def test_weak_passwords_are_refused_with_a_reason(password: str) -> None:
    with pytest.raises(AccountInputError) as caught:
        check_password(password, "HF0001", 10)
    assert caught.value.field == "password"


def test_first_passwords_would_be_good_ones() -> None:
    found = {make_password() for _ in range(50)}
    assert len(found) == 50
    for password in found:
        check_password(password, "HF0001", 10)


async def test_the_new_password_is_checked_and_must_be_new(door: Door) -> None:
    weak = await door.choose(door.first, "schwach")
    assert (weak.status_code, weak.json()["error"]["field"]) == (422, "password")
    same = await door.choose(door.first, door.first)
    assert "与旧密码不同" in same.json()["error"]["message"]


async def test_errors_say_nothing_of_what_was_typed(door: Door) -> None:
    with pytest.raises(SignInError) as caught:
        await door.passwords.check("HF0001", "geheimnis", NOW)
    assert not isinstance(caught.value, AccountLockedError)
    assert "geheimnis" not in str(caught.value)


def admin(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "hotline.cli", "admin", *words]
    home = {**os.environ, "HOTLINE_DATA_DIR": str(folder)}
    done = subprocess.run(command, cwd=folder, env=home, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_the_first_administrator(tmp_path: Path) -> None:
    status, out = admin(tmp_path, "create", "AH0001", "周文")
    assert status == 0, out
    first = out.split("首次登录密码: ")[1].split()[0]
    check_password(first, "AH0001", 10)
    assert admin(tmp_path, "create", "AH0001", "周文")[0] == 1
    status, out = admin(tmp_path, "password", "AH0001")
    assert status == 0
    assert first not in out
    assert admin(tmp_path, "password", "AH0009")[0] == 1
