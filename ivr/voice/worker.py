"""The process that speaks: reads requests on standard input, answers on standard output.

A frame is a big-endian length and so many bytes. A request is JSON ``{"id", "text", "speed"}``; an
answer is JSON ``{"id", "error"}`` followed by a frame of 16-bit PCM (empty on error). The first
frame in is the set-up, the first frame out says that the voice is loaded. The end of standard
input ends the process, so it never outlives its owner.
"""

import json
import os
import signal
import struct
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from hotline.errors import HotlineError
from ivr.voice.background import give_way
from ivr.voice.engines.base import EngineSpec

LENGTH = struct.Struct(">I")


def frame(data: bytes) -> bytes:
    """A length and the bytes."""
    return LENGTH.pack(len(data)) + data


def setup_json(spec: EngineSpec, threads: int, background: bool) -> bytes:
    """The set-up frame's content."""
    files = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(spec).items()}
    return json.dumps({"spec": files, "threads": threads, "background": background}).encode()


def _spec(data: dict[str, Any]) -> EngineSpec:
    files = ("model", "style", "vocabulary")
    values: dict[str, Any] = {
        name: Path(value) if name in files and value is not None else value
        for name, value in data.items()
    }
    return EngineSpec(**values)


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = source.read(length)
    return data if len(data) == length else None


def main() -> None:
    """Load the voice, then speak until standard input ends."""
    # Ctrl-C is the owner's to handle: it ends us by closing standard input
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = sys.stdin.buffer
    # Answers have standard output for themselves: whatever a library prints goes to stderr.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    setup = _read(source)
    if setup is None:
        return
    options = json.loads(setup)
    if options["background"]:
        give_way()
    os.environ.setdefault("OMP_NUM_THREADS", str(options["threads"]))
    try:
        speak = _speaker(_spec(options["spec"]), options["threads"])
    except HotlineError as error:
        _answer(out, {"ready": False, "error": str(error)}, b"")
        return
    _answer(out, {"ready": True, "error": None}, b"")
    while (request := _read(source)) is not None:
        wanted = json.loads(request)
        try:
            sound, error_text = speak(wanted["text"], wanted["speed"]), None
        except HotlineError as error:
            sound, error_text = b"", str(error)
        _answer(out, {"id": wanted["id"], "error": error_text}, sound)


def _speaker(spec: EngineSpec, threads: int) -> Any:
    # numpy, pypinyin and the engine are loaded here: the owner imports this module cheaply
    from ivr.voice.engines.choose import load
    from ivr.voice.sound import finish

    engine = load(spec, threads)
    finish(*engine.speak("您好。", 1.0))

    def speak(text: str, speed: float) -> bytes:
        return finish(*engine.speak(text, speed)).astype("<i2").tobytes()

    return speak


def _answer(out: BinaryIO, head: dict[str, object], sound: bytes) -> None:
    out.write(frame(json.dumps(head).encode()) + frame(sound))
    out.flush()


if __name__ == "__main__":
    main()
