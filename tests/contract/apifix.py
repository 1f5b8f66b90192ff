"""The whole API of dispatch over a database, asked through ASGI.

A module takes it with ``pytest_plugins = ("pg", "apifix")``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx2
import pytest
from apikit import Api, fill
from fastapi import FastAPI

from hotline.app import api
from hotline.app.dispatching import Dispatching
from hotline.bus import Bus
from hotline.db.opening import open_store
from hotline.knowledge.search import KnowledgeBase
from hotline.settings import Settings


@pytest.fixture
async def api_(settings: Settings) -> AsyncIterator[Api]:
    """The API with two handlers in Hefei's legal aid centre, two supervisors and a counter."""
    store = open_store(settings)
    bus = Bus()
    await bus.start()
    rooms = Dispatching(
        settings,
        store,
        bus,
        knowledge=KnowledgeBase.load(),
        understander=None,
        on_filed=lambda view: None,
        wake_hub=lambda: None,
    )
    await rooms.prepare()
    app = FastAPI()
    api.install(app)
    rooms.mount(app)
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://hotline.test"
    )
    made = Api(client, rooms, store)
    try:
        await fill(made)
        tasks = [asyncio.create_task(work(), name=name) for name, work in rooms.works.items()]
        yield made
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await client.aclose()
        await bus.stop()
        await store.aclose()
