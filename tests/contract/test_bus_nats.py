"""The bus between processes, over a real NATS server with JetStream."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hotline.bus import BusUnavailableError, NatsBus
from hotline.domain.events import Event

pytestmark = pytest.mark.contract


class Nats:
    """A NATS server of our own."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self._command = [
            program,
            "-a",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-js",
            "-sd",
            str(folder),
        ]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("nats-server did not start")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Nats]:
    program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    if program is None:
        pytest.skip("needs NATS: sudo apt-get install nats-server")
    server = Nats(program, tmp_path)
    yield server
    server.stop()


def event(key: str) -> Event:
    return Event("call.ended", datetime(2026, 3, 5, tzinfo=UTC), key, {"outcome": "abandoned"})


async def take(subscription: object, count: int) -> list[str]:
    keys: list[str] = []
    async with asyncio.timeout(30):
        async for heard in subscription:  # type: ignore[attr-defined]
            keys.append(heard.key)
            if len(keys) == count:
                break
    return keys


async def test_events_reach_the_other_node_once_and_in_order(nats: Nats) -> None:
    one, two = NatsBus(nats.url, "node-1"), NatsBus(nats.url, "node-2")
    await one.start()
    await two.start()
    here, there = one.subscribe("call.*"), two.subscribe("call.*")
    for number in range(50):
        one.publish(event(str(number)))
    wanted = [str(number) for number in range(50)]
    assert await take(there, 50) == wanted
    assert await take(here, 50) == wanted
    two.publish(event("last"))
    assert await take(here, 1) == ["last"], "own events come once, not again over NATS"
    await one.stop()
    await two.stop()


async def test_events_wait_for_a_server_that_comes_back(nats: Nats) -> None:
    one, two = NatsBus(nats.url, "node-1"), NatsBus(nats.url, "node-2")
    await one.start()
    await two.start()
    there = two.subscribe()
    await asyncio.to_thread(nats.stop)
    for number in range(5):
        one.publish(event(str(number)))
    await asyncio.to_thread(nats.start)
    assert await take(there, 5) == [str(number) for number in range(5)]
    await one.stop()
    await two.stop()


async def test_no_server_is_a_typed_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bus = NatsBus(f"nats://127.0.0.1:{port}", "node-1")
    with pytest.raises(BusUnavailableError):
        await bus.start()
    await bus.stop()
