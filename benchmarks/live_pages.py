"""Many open pages: how soon a change is on each of them, and what it costs.

    .venv/bin/python -m benchmarks.live_pages [--pages 100] [--events 5] [--seconds 20] [--json]

Simulated pages (WebSocket clients in a process of their own) follow documents of the live board as
agents' pages do: their own seat, the queue, all seats. Each document a page follows changes so that
every page gets ``events`` changes a second. The server is uvicorn, as in the hotline.
"""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import psutil
import uvicorn
from fastapi import FastAPI, WebSocket

from agent_ui.live.board import Board
from benchmarks.common import arguments, percentile, show

MUST_MS, MUST_CORES = 250, 1.0
PORT = 8971


def server(board: Board) -> FastAPI:
    """Pages as ``agent_ui.http`` serves them, without sign-in."""
    app = FastAPI()

    @app.websocket("/live/{number}")
    async def live(socket: WebSocket, number: int) -> None:
        await socket.accept()
        wake = asyncio.Event()
        feed = board.open(wake.set)
        feed.follow({"me": f"seat:{number}", "queue": "queue", "seats": "seats"})
        try:
            while True:
                await wake.wait()
                wake.clear()
                while (text := feed.take()) is not None:
                    await socket.send_text(text)
        finally:
            feed.close()

    return app


async def serve(pages: int, events: int, seconds: int) -> float:
    """Serve and change; returns the share of a core used while changing."""
    board = Board()
    config = uvicorn.Config(
        server(board), port=PORT, log_level="error", timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    for _ in range(1000):
        if running.started:
            break
        await asyncio.sleep(0.01)
    seats = {str(n): {"name": f"坐席{n}", "state": "ready", "at": 0.0} for n in range(pages)}
    board.put("queue", {"waiting": {}, "at": 0.0})
    board.put("seats", seats)
    for number in range(pages):
        board.put(f"seat:{number}", {"state": "ready", "at": 0.0})
    clients = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.live_pages", "--pages", str(pages), "--client", "1",
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert clients.stdout is not None
    await clients.stdout.readline()
    used = psutil.Process().cpu_times()
    began = time.monotonic()
    tick = 0
    while time.monotonic() - began < seconds:
        # of five changes three are of the queue, one of the seats, one of each page's own seat
        now = time.time()
        kind = tick % events
        if kind == 0:
            for number in range(pages):
                board.put(f"seat:{number}", {"state": "ready", "at": now})
        elif kind == 1:
            seats = {**seats, str(tick % pages): {"name": "坐席", "state": "talking", "at": now}}
            board.put("seats", seats)
        else:
            board.put("queue", {"waiting": {f"c{tick}": {"position": 1}}, "at": now})
        tick += 1
        await asyncio.sleep(max(0.0, began + tick / events - time.monotonic()))
    spent = psutil.Process().cpu_times()
    cores = (spent.user + spent.system - used.user - used.system) / (time.monotonic() - began)
    running.should_exit = True
    await task
    out = await clients.stdout.read()
    rows: list[tuple[str, Any]] = json.loads(out)
    show(
        "live pages",
        [("pages", pages), ("events a second each", events), *map(tuple, rows),
         (f"server, cores (must {MUST_CORES})", round(cores, 3))],
        only_json="--json" in sys.argv,
    )  # fmt: skip
    return cores


async def follow(pages: int) -> None:
    """The simulated pages."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    late: list[float] = []
    ready = asyncio.Event()
    open_pages = 0

    def moments(value: Any) -> list[float]:
        if not isinstance(value, dict):
            return []
        own = [value["at"]] if isinstance(value.get("at"), float) else []
        return own + [at for one in value.values() for at in moments(one)]

    async def page(number: int) -> None:
        nonlocal open_pages
        async with connect(f"ws://127.0.0.1:{PORT}/live/{number}") as socket:
            open_pages += 1
            if open_pages == pages:
                ready.set()
            try:
                async for text in socket:
                    told = json.loads(text)
                    times = moments(told.get("patch", {}))
                    late.extend((time.time() - max(times)) * 1000 for _ in times[:1])
            except ConnectionClosed:
                return

    tasks = [asyncio.create_task(page(number)) for number in range(pages)]
    await ready.wait()
    print("ready", flush=True)
    await asyncio.gather(*tasks)
    print(
        json.dumps(
            [
                ("changes seen", len(late)),
                ("event to page p50 ms", percentile(late, 50)),
                (f"event to page p95 ms (must {MUST_MS})", percentile(late, 95)),
                ("event to page worst ms", percentile(late, 100)),
            ]
        )
    )


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, pages=100, events=5, seconds=20, client=0)
    if options.client:
        asyncio.run(follow(options.pages))
    else:
        asyncio.run(serve(options.pages, options.events, options.seconds))


if __name__ == "__main__":
    main()
