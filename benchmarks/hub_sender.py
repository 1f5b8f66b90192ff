"""A sender in a process of its own, for the benchmarks and tests that kill it.

Reads one JSON object (data, url, hub) from its standard input, pushes until SIGTERM, then prints
how many messages it had acknowledged.
"""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

from dispatch.hub.pusher import HubPusher
from hotline import logs
from hotline.db import Database
from hotline.domain.events import Event
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import HubSettings


def start(settings: Settings, hub: HubSettings) -> "subprocess.Popen[bytes]":
    """A running sender."""
    given = {
        "data": str(settings.data_dir),
        "url": settings.database_url,
        "hub": hub.model_dump(mode="json"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hub_sender"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    process.stdin = None  # ``communicate`` has nothing more to say
    return process


def end(process: "subprocess.Popen[bytes]") -> int:
    """End it in order; how many messages it delivered."""
    process.terminate()
    said, _ = process.communicate(timeout=60)
    return int(said or 0)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """kill -9."""
    process.kill()
    process.communicate()


async def push(settings: Settings, hub: HubSettings) -> int:
    """Push until SIGTERM."""
    count = 0

    def heard(event: Event) -> None:
        nonlocal count
        count += event.name == "order.acknowledged"

    with Database(settings) as db:
        pusher = HubPusher(db, KeyRing.open(settings), hub, publish=heard)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, pusher.stop)
        await pusher.run()
    return count


def main() -> None:
    """Entry point of the process."""
    logs.set_up("critical")
    given = json.load(sys.stdin)
    settings = Settings(data_dir=Path(given["data"]), database_url=given["url"])
    print(asyncio.run(push(settings, HubSettings(**given["hub"]))))


if __name__ == "__main__":
    main()
