"""Code tables and institutions over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI

from hotline.accounts.http import Gate, KeySource, install_errors
from hotline.accounts.institutions import Institutions
from hotline.accounts.keys import ApiKeys, KeyWish
from hotline.accounts.seed import PROVINCE_DESK
from hotline.db import Database
from hotline.domain.codes import Terminal
from hotline.domain.standard import VERSION, code_tables
from hotline.exchange.http import router
from hotline.knowledge.load import load_region_names
from hotline.privacy import KeyRing

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
REGIONS = load_region_names()


@pytest.fixture
async def client(db: Database, ring: KeyRing) -> AsyncIterator[httpx2.AsyncClient]:
    keys, institutions = ApiKeys(db, ring), Institutions(db, ring, REGIONS)
    await institutions.save(PROVINCE_DESK, actor="operator", now=NOW)
    new = await keys.make(KeyWish("网页", Terminal.WEB), actor="operator", now=NOW)
    app = FastAPI()
    install_errors(app)
    app.include_router(router(Gate([KeySource(keys)]), institutions, code_tables(REGIONS)))
    transport = httpx2.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {new.presented}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as opened:
        yield opened


async def test_tables_are_listed_and_given(client: httpx2.AsyncClient) -> None:
    found = (await client.get("/api/v1/codes")).json()
    assert found["version"] == VERSION
    assert {"id": "region", "name": "行政区划"} in found["tables"]
    urgency = (await client.get("/api/v1/codes/urgency")).json()
    assert urgency["entries"][0] == {"code": "normal", "name": "一般"}
    missing = await client.get("/api/v1/codes/colour")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "code-table-not-found")


async def test_institutions_are_listed_and_given(client: httpx2.AsyncClient) -> None:
    for query in ({}, {"region": "340000"}):
        found = (await client.get("/api/v1/institutions", params=query)).json()["institutions"]
        assert [one["code"] for one in found] == ["anhui.hotline"]
    assert (await client.get("/api/v1/institutions", params={"region": "340100"})).json() == {
        "institutions": []
    }
    assert (await client.get("/api/v1/institutions", params={"region": "x"})).status_code == 422
    one = (await client.get("/api/v1/institutions/anhui.hotline")).json()
    assert one["is_desk"] is True
    missing = await client.get("/api/v1/institutions/nowhere")
    assert missing.json()["error"]["code"] == "institution-not-found"


async def test_without_a_key_nothing_is_told(client: httpx2.AsyncClient) -> None:
    client.headers.pop("Authorization")
    for path in ("/api/v1/codes", "/api/v1/codes/urgency", "/api/v1/institutions"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
