"""Junk of every kind against the API over real HTTP: clear refusals, never a fault of ours."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from apikit import Api, fill
from fastapi import FastAPI
from hubkit import free_port

from hotline.app import api
from hotline.app.dispatching import Dispatching
from hotline.bus import Bus
from hotline.db.opening import open_store
from hotline.knowledge.search import KnowledgeBase
from hotline.settings import Settings

pytestmark = [pytest.mark.contract, pytest.mark.timeout(600)]
EXAMPLES = 25
"""Documents tried for each operation and phase."""


class _Server:
    """The API in a thread with a loop of its own."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        self.keys: dict[str, str] = {}
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "_Server":
        self._thread.start()
        assert self._ready.wait(60), "the API did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    async def _serve(self) -> None:
        store = open_store(self._settings)
        bus = Bus()
        await bus.start()
        rooms = Dispatching(
            self._settings,
            store,
            bus,
            knowledge=KnowledgeBase.load(),
            understander=None,
            on_filed=lambda view: None,
        )
        await rooms.prepare()
        made = Api(None, rooms, store)  # type: ignore[arg-type]  # asked over HTTP, not by it
        await fill(made)
        self.keys = made.keys
        app = FastAPI(openapi_url="/api/v1/openapi.json")
        api.install(app)
        rooms.mount(app)
        config = uvicorn.Config(app, port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._ready.set()
        await self._server.serve()
        await bus.stop()
        await store.aclose()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[_Server]:
    """A running API over SQLite."""
    with _Server(Settings(data_dir=tmp_path / "data")) as running:
        yield running


@pytest.mark.parametrize("who", ["boss", "counter"])
def test_no_document_makes_a_fault_of_ours(server: _Server, who: str, tmp_path: Path) -> None:
    command = [
        *(str(Path(sys.executable).with_name("st")), "run"),
        f"http://127.0.0.1:{server.port}/api/v1/openapi.json",
        *("-H", f"Authorization: Bearer {server.keys[who]}"),
        *("--checks", "not_a_server_error", "--max-examples", str(EXAMPLES)),
        *("--exclude-path", "/api/v1/events", "--seed", "12348", "--generation-database", "none"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
