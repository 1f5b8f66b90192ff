"""A reference hub in a process of its own, and intake documents, for the dispatch tests."""

import asyncio
import itertools
import multiprocessing
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fastapi import APIRouter, FastAPI

from dispatch.hub.messages import FACTS, message
from dispatch.reference_hub.main import run
from dispatch.reference_hub.outgoing import Door
from hotline.domain.codes import ServiceType, Terminal, Urgency
from hotline.domain.orders import Intake
from hotline.settings_orders import HubSettings

SECRET = "only-for-tests-0123456789"
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
_SERVERS = multiprocessing.get_context("forkserver")
_SERVERS.set_forkserver_preload(["dispatch.reference_hub.main"])  # imports once, starts at once
_numbers = itertools.count(1)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def an_intake(**changed: Any) -> Intake:
    """A demand like a caller's; each has a new idempotency key."""
    intake = Intake(
        terminal=Terminal.PHONE_BOT,
        idempotency_key=f"call-{next(_numbers)}",
        service_type=ServiceType.LEGAL_AID,
        act="apply",
        topic="wages",
        urgency=Urgency.NORMAL,
        title="拖欠工资，合肥市肥西县",
        description="老板姓赵，欠了我们七个人四个月的工钱，一直不给。",
        contact_name="孙大勇",
        contact_phone="13955512345",
        caller_number="13955512345",
        region="340123",
        since="去年十月",
    )
    return replace(intake, **changed)


def received_body(order_no: str, seq: int = 1, **changed: Any) -> bytes:
    """The message that tells the hub of a new order."""
    intake = an_intake(**changed)
    order = {
        "state": "received",
        "terminal": intake.terminal.value,
        "service_type": intake.service_type.value,
        "act": intake.act,
        "topic": intake.topic,
        "urgency": intake.urgency.value,
        "region": intake.region,
        "title": intake.title,
        "description": intake.description,
        "contact": {"name": intake.contact_name, "phone": intake.contact_phone},
    }
    facts = {name: order.get(name) for name in FACTS}
    at = datetime(2026, 3, 5, tzinfo=UTC)
    return message("hotline-12348", "order.received", order_no, seq, at, order, facts=facts)


@dataclass
class Hub:
    """A running reference hub."""

    port: int
    db: Path
    process: BaseProcess
    door: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> HubSettings:
        return HubSettings(url=self.url, secret=SECRET, timeout_s=1.0, max_attempts=4)

    def get(self, path: str) -> Any:
        return httpx2.get(self.url + path, trust_env=False, timeout=10).json()

    def fail(self, mode: str, count: int = 1, seconds: float = 0.0) -> None:
        fault = {"mode": mode, "count": count, "seconds": seconds}
        answer = httpx2.post(f"{self.url}/control/faults", json=fault, trust_env=False)
        answer.raise_for_status()

    def act(self, order_no: str, kind: str, *, raw: bool = False, **fields: Any) -> int:
        """Do something as the hub's staff; the number of the hub's message."""
        wish = {"order_no": order_no, "kind": kind, "fields": fields, "raw": raw}
        answer = httpx2.post(f"{self.url}/control/act", json=wish, trust_env=False, timeout=10)
        answer.raise_for_status()
        seq: int = answer.json()["seq"]
        return seq

    def kill(self) -> None:
        self.process.kill()
        self.process.join(10)
        self.process.close()

    def start(self) -> None:
        self.process = start_hub(self.port, self.db, self.door)


def start_hub(port: int, db: Path, door: str = "") -> BaseProcess:
    """A hub process that answers; ``door``: where it sends its own messages."""
    keys = {"k1": SECRET}
    where = Door(door, "k1", SECRET) if door else None
    process = _SERVERS.Process(
        target=run, args=("127.0.0.1", port, db, keys), kwargs={"faults": True, "door": where}
    )
    process.start()
    deadline = time.monotonic() + 30
    while process.is_alive() and time.monotonic() < deadline:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
            return process
        except httpx2.TransportError:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError("the reference hub did not start")


@asynccontextmanager
async def serving(router: APIRouter, port: int) -> AsyncIterator[None]:
    """The router on a real port, in this event loop."""
    app = FastAPI()
    app.include_router(router)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task
