"""API keys: made, known, ended, followed by another; and the door of the API."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.accounts.errors import (
    AccessError,
    AccountDisabledError,
    AccountInputError,
    KeyExpiredError,
    KeyNotFoundError,
    KeyRevokedError,
    UnauthenticatedError,
)
from hotline.accounts.http import Gate, KeySource, install_errors
from hotline.accounts.keys import ApiKeys, KeyWish
from hotline.accounts.people import People
from hotline.accounts.records import Identity, Person
from hotline.db import Database
from hotline.db.audit_content import changed_records
from hotline.db.order_tables import ApiKeyRow
from hotline.domain.codes import Terminal
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant
from hotline.knowledge.load import load_region_names
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
COUNTER = KeyWish("合肥市中心窗口一体机", Terminal.COUNTER)


@pytest.fixture
def keys(db: Database, ring: KeyRing) -> ApiKeys:
    return ApiKeys(db, ring)


@pytest.fixture
async def people(db: Database, ring: KeyRing) -> People:
    kept = People(db, ring, load_region_names())
    person = Person("HF0001", "赵敏华", grants=(Grant(Role.MANAGER, region="340100"),))
    await kept.save(person, actor="operator", now=NOW)
    return kept


async def made(keys: ApiKeys, wish: KeyWish = COUNTER) -> tuple[str, str]:
    new = await keys.make(wish, actor="operator", now=NOW)
    return new.key.key_id, new.presented


async def test_a_terminals_key_files_and_does_nothing_else(keys: ApiKeys) -> None:
    key_id, presented = await made(keys)
    identity = await keys.identify(presented, NOW)
    assert identity == Identity(
        Actor("terminal:counter", rights=frozenset({Right.FILE})), "counter", f"key:{key_id}"
    )
    assert await keys.authenticate(presented, NOW) == identity.actor


async def test_a_persons_key_has_the_persons_rights(keys: ApiKeys, people: People) -> None:
    _, presented = await made(keys, KeyWish("赵的程序", Terminal.WEB, staff_no="HF0001"))
    actor = await keys.authenticate(presented, NOW)
    assert actor.grants == (Grant(Role.MANAGER, region="340100"),)
    assert actor.rights == frozenset()
    assert actor.id == f"person:{actor.person_id}"
    await people.set_active("HF0001", False, actor="operator", now=NOW)
    with pytest.raises(AccountDisabledError):
        await keys.authenticate(presented, NOW)
    with pytest.raises(AccountInputError):
        await made(keys, KeyWish("又一个", Terminal.WEB, staff_no="HF0001"))


async def test_the_secret_is_nowhere(keys: ApiKeys, db: Database) -> None:
    new = await keys.make(COUNTER, actor="operator", now=NOW)
    secret = new.presented.split(".")[2]
    assert secret not in repr(new)

    def dump(session: Session) -> str:
        return repr(
            [session.execute(text(f"SELECT * FROM {n}")).all() for n in ("api_keys", "audit")]
        )

    assert secret not in await db.read(dump)
    assert secret not in repr(await keys.listed())


@pytest.mark.parametrize(
    "change",
    [
        lambda p: "",
        lambda p: "hk",
        lambda p: p[:-1],
        lambda p: p + "A",
        lambda p: p[:-1] + ("A" if p[-1] != "A" else "B"),
        lambda p: p.replace("hk.0", "hk.1"),
        lambda p: f"{p}\n",
        lambda p: "钥匙",
    ],
)
async def test_a_key_that_is_not_quite_ours_opens_nothing(keys: ApiKeys, change) -> None:  # type: ignore[no-untyped-def]
    _, presented = await made(keys)
    with pytest.raises(UnauthenticatedError) as caught:
        await keys.identify(change(presented), NOW)
    assert presented not in str(caught.value)


async def test_another_key_ring_knows_no_key(keys: ApiKeys, db: Database, tmp_path) -> None:  # type: ignore[no-untyped-def]
    _, presented = await made(keys)
    other = ApiKeys(db, KeyRing.create(tmp_path / "other.json"))
    with pytest.raises(UnauthenticatedError):
        await other.identify(presented, NOW)


async def test_a_key_ends_when_its_time_is_over_or_it_is_withdrawn(keys: ApiKeys) -> None:
    key_id, presented = await made(keys, replace(COUNTER, expires_at=NOW + DAY))
    await keys.identify(presented, NOW + DAY - timedelta(seconds=1))
    with pytest.raises(KeyExpiredError):
        await keys.identify(presented, NOW + DAY)
    assert await keys.revoke(key_id, actor="operator", now=NOW)
    assert not await keys.revoke(key_id, actor="operator", now=NOW)
    with pytest.raises(KeyRevokedError):
        await keys.identify(presented, NOW)
    with pytest.raises(KeyNotFoundError):
        await keys.revoke("nobody", actor="operator", now=NOW)
    with pytest.raises(AccountInputError, match="expires_at"):
        await made(keys, replace(COUNTER, expires_at=NOW))


async def test_a_key_has_a_successor_and_both_work_for_a_while(keys: ApiKeys) -> None:
    key_id, old = await made(keys, replace(COUNTER, expires_at=NOW + 100 * DAY))
    new = await keys.rotate(key_id, overlap=7 * DAY, actor="operator", now=NOW + DAY)
    assert new.key.name == COUNTER.name
    assert new.key.expires_at == NOW + 101 * DAY
    for presented in (old, new.presented):
        assert (await keys.authenticate(presented, NOW + 7 * DAY)).id == "terminal:counter"
    with pytest.raises(KeyExpiredError):
        await keys.identify(old, NOW + 8 * DAY)
    await keys.identify(new.presented, NOW + 8 * DAY)
    with pytest.raises(KeyExpiredError):
        await keys.rotate(key_id, overlap=DAY, actor="operator", now=NOW + 9 * DAY)
    with pytest.raises(AccountInputError, match="overlap"):
        await keys.rotate(new.key.key_id, overlap=1000 * DAY, actor="operator", now=NOW)


async def test_a_key_written_into_the_database_is_found(
    keys: ApiKeys, db: Database, ring: KeyRing
) -> None:
    key_id, _ = await made(keys)
    await keys.rotate(key_id, overlap=DAY, actor="operator", now=NOW)
    assert await changed_records(db, ring) == []

    def widen(session: Session) -> None:
        row = session.scalars(select(ApiKeyRow).where(text("expires_at IS NOT NULL"))).one()
        row.rights_json = '["keys.edit"]'

    await db.write(widen)
    assert await changed_records(db, ring) == [key_id]


@pytest.fixture
async def client(keys: ApiKeys) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install_errors(app)
    gate = Gate([KeySource(keys)], now=lambda: NOW)

    @app.get("/who")
    async def who(
        actor: Annotated[Actor, Depends(gate)],
        identity: Annotated[Identity, Depends(gate.identity)],
    ) -> dict[str, str]:
        return {"actor": actor.id, "terminal": identity.terminal, "source": identity.source}

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


async def test_the_door_lets_in_who_shows_a_key(keys: ApiKeys, client: httpx2.AsyncClient) -> None:
    key_id, presented = await made(keys)
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await client.get("/who", headers={"Authorization": f"{scheme} {presented}"})
        assert answer.status_code == 200
        assert answer.json() == {
            "actor": "terminal:counter",
            "terminal": "counter",
            "source": f"key:{key_id}",
        }


async def test_the_door_says_why_it_stays_shut(keys: ApiKeys, client: httpx2.AsyncClient) -> None:
    key_id, presented = await made(keys)
    await keys.revoke(key_id, actor="operator", now=NOW)
    for headers, code in (
        ({}, "unauthenticated"),
        ({"Authorization": "Basic YTpi"}, "unauthenticated"),
        ({"Authorization": "Bearer"}, "unauthenticated"),
        ({"Authorization": f"Bearer {presented}"}, "key-revoked"),
    ):
        answer = await client.get("/who", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == code
    answer = await client.get("/who", params={"key": presented})
    assert answer.status_code == 401


async def test_a_hundred_at_once_are_all_known(keys: ApiKeys) -> None:
    _, presented = await made(keys)
    found = await asyncio.gather(*(keys.identify(presented, NOW) for _ in range(100)))
    assert {identity.terminal for identity in found} == {"counter"}


def test_every_refusal_has_its_own_code() -> None:
    codes = [one.code for one in AccessError.__subclasses__()]
    assert len(set(codes)) == len(codes) >= 5
