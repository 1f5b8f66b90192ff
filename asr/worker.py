"""A recognition worker: ``python -m asr.worker ENGINE MODEL THREADS``; talks over stdin/stdout.

One model, decoded by so many threads at once: a decode on two threads is no faster than on one
(measured), two decodes side by side are.

It lives as long as its stdin: when the hotline dies, however it dies, the pipe closes and the
worker ends. Errors are told by their type only: a message could hold what a caller said.
"""

import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from asr import wire
from asr.engines.base import Engine, Hypothesis


def main(name: str, model: str, threads: str) -> int:
    """Load the engine, say so, decode until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # what a library prints must not get between the messages
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    source = os.fdopen(os.dup(0), "rb")
    # the event loop must get the processor first, or every call stutters
    os.nice(2)
    from asr.engines.choice import load_engine

    try:
        engine = load_engine(name, Path(model), threads=int(threads))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told and logs it
        _write(
            channel,
            wire.pack({"did": "fail", "number": 0, "error": f"{type(error).__name__}: {error}"}),
        )
        return 1
    _write(channel, wire.pack({"did": "load", "number": 0}))
    lock = threading.Lock()

    def answer(head: dict[str, Any], body: bytes) -> None:
        message = _decode(engine, head, body)
        with lock:
            _write(channel, message)

    with ThreadPoolExecutor(int(threads), "decode") as decoders:
        while (message := _read(source)) is not None:
            head, body = message
            if head["do"] == "forget":
                engine.forget(head["prefix"])
            elif head["do"] == "places":
                engine.know_places(head["names"])
            else:
                decoders.submit(answer, head, body)
        # the hotline is gone: nobody waits for what is still being decoded
        os._exit(0)


def _decode(engine: Engine, head: dict[str, Any], body: bytes) -> bytes:
    began = time.perf_counter()
    requests = wire.unpack_requests(head, body)
    try:
        found = engine.decode(requests)
    except Exception as error:  # noqa: BLE001 - one bad stretch must not end the worker
        found = [Hypothesis("", 0.0, refused=f"error:{type(error).__name__}")] * len(requests)
    return wire.pack_hypotheses(head["number"], found, time.perf_counter() - began)


def _write(channel: BinaryIO, message: bytes) -> None:
    channel.write(message)
    channel.flush()


def _read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    prefix = source.read(wire.PREFIX.size)
    if len(prefix) < wire.PREFIX.size:
        return None
    head_size, body_size = wire.PREFIX.unpack(prefix)
    head, body = source.read(head_size), source.read(body_size)
    if len(head) < head_size or len(body) < body_size:
        return None
    return json.loads(head), body


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
