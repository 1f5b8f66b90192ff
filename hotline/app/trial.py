"""The hotline and the reference hub as processes of their own: for the demo, tests and benchmarks.

``private_settings`` gives a set that stands beside others on one machine: a folder, ports and
loopback addresses of its own.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import psutil

from hotline.errors import SetupError
from hotline.settings import Settings, load_settings
from hotline.setup.secrets import ensure_secrets

Part = Literal["hub", "up"]
_START_S = 120.0
_POLL_S = 0.1
_END_S = 20.0


class Trial:
    """Starts the hub, then the hotline; ends both at the end. Use it with ``with``."""

    def __init__(self, settings: Settings, config: Path | None = None) -> None:
        """``config``: the file the settings came from, for the child processes."""
        self.settings = settings
        self._config = config
        self._logs = settings.data_dir / "log"
        self._children: dict[Part, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Trial":
        try:
            self.start("hub")
            self.start("up")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def url(self, part: Part) -> str:
        """Where a part says that it is ready."""
        if part == "hub":
            return f"{self.settings.hub.url}/healthz"
        return f"http://{self.settings.web.host}:{self.settings.web.port}/readyz"

    def log(self, part: Part) -> Path:
        """What a part has written."""
        return self._logs / f"{part}.log"

    def start(self, part: Part, *options: str) -> None:
        """Start a part and wait until it is ready. Raises SetupError, naming its log."""
        if fetch(self.url(part)) is not None:
            raise SetupError(f"{self.url(part)} answers already: another hotline runs here")
        self._logs.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ)
        if self._config is not None:
            environment["HOTLINE_CONFIG"] = str(self._config)
        with self.log(part).open("ab") as out:
            self._children[part] = subprocess.Popen(
                [sys.executable, "-m", "hotline.cli", part, *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                start_new_session=True,
            )
        self.wait_ready(part)

    def wait_ready(self, part: Part) -> None:
        """Wait until a started part answers."""
        child = self._children[part]
        deadline = time.monotonic() + _START_S
        while fetch(self.url(part)) is None:
            if child.poll() is not None:
                raise SetupError(f"`hotline {part}` did not start: {self.last_line(part)}")
            if time.monotonic() > deadline:
                raise SetupError(f"`hotline {part}` was not ready in time; see {self.log(part)}")
            time.sleep(_POLL_S)

    def last_line(self, part: Part) -> str:
        """The end of a part's log, for an error."""
        lines = self.log(part).read_text(encoding="utf-8", errors="replace").splitlines()
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{said[-300:]} (see {self.log(part)})"

    def process(self, part: Part) -> psutil.Process:
        """A running part."""
        return psutil.Process(self._children[part].pid)

    def kill(self, part: Part) -> None:
        """kill -9, without a chance to tidy up; its Asterisk and callers stay."""
        child = self._children.pop(part)
        child.send_signal(signal.SIGKILL)
        child.wait()

    def end(self, part: Part) -> None:
        """SIGTERM, and wait."""
        child = self._children.pop(part, None)
        if child is None:
            return
        child.terminate()
        try:
            child.wait(timeout=_END_S + self.settings.drain_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def stop(self) -> None:
        """End both."""
        self.end("up")
        self.end("hub")


def fetch(url: str, timeout_s: float = 2.0) -> Any:
    """JSON of an address of ours; None when nobody answers, or not with 200."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError, urllib.error.URLError):
        return None


def private_settings(folder: Path, **more: str) -> tuple[Settings, Path]:
    """Settings that collide with nobody's, and the file they are in.

    ``more``: TOML lines by group, e.g. ``pbx='seats = ["PJSIP/a"]'``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    net = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 1}"
    http, seat, web, hub = _free_ports(4)
    groups = {
        "pbx": f"""http_port = {http}
https_port = {http + 1 if http < 65000 else http - 1}
trunk_bind = "{net}.2"
trunk_peers = ["{net}.3"]
phone_bind = "{net}.3"
seat_bind = "{net}.1"
seat_port = {seat}
rtp_start = 20000
rtp_end = 29999""",
        "web": f"port = {web}",
        "hub": f'url = "http://127.0.0.1:{hub}"',
    }
    for group, lines in more.items():
        groups[group] = f"{groups[group]}\n{lines}" if group in groups else lines
    text = f'data_dir = "{folder}"\ndrain_s = 2.0\n'
    text += "".join(f"\n[{group}]\n{lines}\n" for group, lines in groups.items())
    config = folder / "hotline.toml"
    config.write_text(text, encoding="utf-8")
    ensure_secrets(folder)
    return load_settings(config), config


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [int(held.getsockname()[1]) for held in sockets]
    finally:
        for held in sockets:
            held.close()
