"""What the hub benchmarks share: a reference hub as a process, a desk, a backlog of orders."""

import contextlib
import itertools
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx2
import psutil
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from benchmarks.private_pg import postgresql
from dispatch.intake import IntakeDesk
from dispatch.life.actors import terminal_actor
from dispatch.reference_hub.main import run
from hotline import logs
from hotline.db import Database
from hotline.db.tables import OutboxRow
from hotline.domain.codes import ServiceType, Terminal, Urgency
from hotline.domain.orders import Intake
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import HubSettings

SECRET = "only-for-benchmarks-0123456789"
_SERVERS = multiprocessing.get_context("spawn")
_numbers = itertools.count(1)


@dataclass
class HubProcess:
    """A running reference hub with its fault endpoint on."""

    port: int
    db: Path
    cert: Path | None = None
    key: Path | None = None
    process: BaseProcess = field(init=False)

    def start(self) -> None:
        """Serve, with the file as it is; returns when it answers."""
        self.process = _SERVERS.Process(
            target=run,
            args=("127.0.0.1", self.port, self.db, {"k1": SECRET}),
            kwargs={"faults": True, "cert": self.cert, "key": self.key},
        )
        self.process.start()
        deadline = time.monotonic() + 60
        while self.process.is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("the reference hub did not start")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join(20)

    @property
    def settings(self) -> HubSettings:
        return HubSettings(url=f"http://127.0.0.1:{self.port}", secret=SECRET)

    def cpu_s(self) -> float:
        """Processor seconds it has used."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def get(self, path: str) -> Any:
        return httpx2.get(self.settings.url + path, trust_env=False, timeout=60).json()

    def fail(self, mode: str, count: int, seconds: float = 0.0, share: float = 1.0) -> None:
        fault = {"mode": mode, "count": count, "seconds": seconds, "share": share}
        url = f"{self.settings.url}/control/faults"
        httpx2.post(url, json=fault, trust_env=False, timeout=60).raise_for_status()


@dataclass(frozen=True)
class Place:
    """Where a benchmark runs: settings, an open database, keys, a hub."""

    settings: Settings
    db: Database
    ring: KeyRing
    hub: HubProcess


@contextlib.contextmanager
def place(database: str) -> Iterator[Place]:
    """``database``: sqlite or postgresql. Everything in it goes away."""
    logs.set_up("critical")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-")))
        url = stack.enter_context(postgresql()) if database == "postgresql" else None
        settings = Settings(data_dir=folder / "data", database_url=url)
        hub = HubProcess(_free_port(), folder / "hub" / "hub.db")
        hub.start()
        stack.callback(hub.kill)
        db = stack.enter_context(Database(settings))
        db.migrate()
        yield Place(settings, db, KeyRing.open(settings), hub)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def an_intake() -> Intake:
    """A demand like a caller's; each of another caller, with a new idempotency key."""
    number = next(_numbers)
    phone = f"139{number:08d}"
    return Intake(
        terminal=Terminal.PHONE_BOT,
        idempotency_key=f"bench-{number}",
        service_type=ServiceType.LEGAL_AID,
        act="apply",
        topic="wages",
        urgency=Urgency.NORMAL,
        title="拖欠工资，合肥市肥西县",
        description="工地完工以后一直没有结清工钱，已经拖了四个月，打电话也不接。",
        contact_name="孙大勇",
        contact_phone=phone,
        caller_number=phone,
        region="340123",
        since="去年十月",
    )


def file_orders(where: Place, count: int, at: datetime | None = None) -> list[str]:
    """File orders in bulk, as ``IntakeDesk`` does one by one, received at ``at``; their numbers."""
    desk = IntakeDesk(where.db, where.ring, where.settings.hub.terminal)
    numbers: list[str] = []
    while len(numbers) < count:
        batch = [an_intake() for _ in range(min(500, count - len(numbers)))]

        def work(session: Session, batch: Sequence[Intake] = batch) -> list[str]:
            now = at or datetime.now(UTC)
            files = terminal_actor(Terminal.PHONE_BOT)
            return [desk._file(session, intake, files, now).order_no for intake in batch]

        numbers += where.db.write_now(work)
    return numbers


def outbox_states(db: Database) -> dict[str, int]:
    """How many messages are in which state."""
    state = col(OutboxRow.state)
    query = select(state, func.count()).group_by(state)
    return db.read_now(lambda s: {name: int(number) for name, number in s.execute(query)})
