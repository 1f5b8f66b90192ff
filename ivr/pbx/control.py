"""Start, stop and reload the Asterisk of ``settings.pbx_dir``.

One process owns it at a time (a lock that ends with the owner). When the owner dies, Asterisk keeps
its calls and waits for the next owner, who adopts it; when none comes it ends too, so that nothing
is left behind.
All calls here block: from the event loop use ``asyncio.to_thread``.
"""

import base64
import fcntl
import http.client
import json
import os
import socket
import subprocess
import threading
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import psutil
import structlog

from hotline.settings import Settings
from ivr.pbx import sandbox
from ivr.pbx.errors import PbxRunningError, PbxStartError
from ivr.pbx.layout import Layout, layout
from ivr.pbx.locate import Installation, require
from ivr.pbx.render import render

log = structlog.get_logger(__name__)

POLL_S = 0.05
STOP_S = 10.0

LINGER_S = 120.0
"""How long Asterisk outlives an owner that died, for the next one to take over its calls."""

WATCH = r"""
read -r _
left=$5
while [ "$left" -gt 0 ]; do
  sleep 1
  [ "$(cat "$3")" = "$4" ] || exit 0
  left=$((left - 1))
done
if tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2"; then kill -TERM "$1"; fi
"""
"""Waits for the owner's end (its side of the pipe closes), then for an heir, then ends Asterisk."""


class AsteriskProcess:
    """The Asterisk of one folder."""

    def __init__(
        self,
        settings: Settings,
        installation: Installation | None = None,
        *,
        linger_s: float | None = LINGER_S,
    ) -> None:
        """``linger_s``: see LINGER_S; None: Asterisk stays until it is stopped."""
        self.settings = settings
        self.paths: Layout = layout(settings)
        self._installation = installation
        self._linger_s = linger_s
        self._reaper: threading.Thread | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._lock: TextIOWrapper | None = None

    @property
    def installation(self) -> Installation:
        """The Asterisk in use. Raises SetupError when there is none."""
        if self._installation is None:
            self._installation = require(self.settings)
        return self._installation

    @property
    def pid(self) -> int | None:
        """Process id of the running Asterisk, or None."""
        process = self._process()
        return None if process is None else process.pid

    def start(self, timeout_s: float = 60.0) -> bool:
        """Start Asterisk and wait until it answers; True when started, False when adopted.

        A running one left by an owner that died is adopted with its calls; changed settings are
        loaded into it. Raises SetupError, SettingsError, PbxRunningError (another owner lives) or
        PbxStartError (with Asterisk's last words).
        """
        self._own()
        try:
            if self._process() is not None:
                if self.write_configuration():
                    self.reload()
                self._guard()
                self._wait_ready(timeout_s)
                log.info("asterisk adopted", pid=self.pid)
                return False
            self.write_configuration()
            _refuse_taken_ports(self.settings)
            self._launch()
            self._wait_ready(timeout_s)
        except BaseException:
            self.stop()
            raise
        log.info("asterisk started", pid=self.pid, version=self.installation.version_text)
        return True

    def stop(self) -> None:
        """End Asterisk and its calls; nothing happens when it does not run."""
        self._unguard()
        process = self._process()
        if process is not None:
            _end(process)
        if self._reaper is not None:
            self._reaper.join()
            self._reaper = None
        self.paths.pid.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Give up ownership and leave Asterisk running for the next owner."""
        self._unguard()
        self._reaper = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self, timeout_s: float = 60.0) -> None:
        """Stop and start."""
        self.stop()
        self.start(timeout_s)

    def revive(self, timeout_s: float = 60.0) -> bool:
        """Start Asterisk again when it died under its owner; False when it runs.

        Raises as ``start``; call it again later then.
        """
        if self._lock is None or self._process() is not None:
            return False
        self._unguard()
        self._launch()
        self._wait_ready(timeout_s)
        log.warning("asterisk died and was started again", pid=self.pid)
        return True

    def reload(self) -> None:
        """Let the running Asterisk read its configuration again; calls go on."""
        self.cli("core reload")

    def cli(self, command: str) -> str:
        """Output of one command of Asterisk's console. Raises PbxStartError when it is not up."""
        done = subprocess.run(
            [*self.installation.command, "-C", str(self.paths.config), "-rx", command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, **self.installation.env},
        )
        if done.returncode != 0:
            raise PbxStartError(f"Asterisk in {self.paths.base} does not answer its console")
        return done.stdout

    def write_configuration(self) -> bool:
        """Render the settings into the folder; True when something changed."""
        texts = render(self.settings, self.installation)
        for folder in self.paths.folders():
            folder.mkdir(parents=True, exist_ok=True)
            # Messages and recordings are for nobody else on this machine.
            folder.chmod(0o700)
        self.paths.base.chmod(0o755)
        changed = [path for path, text in texts.items() if _write_private(path, text)]
        for source, name in (
            (self.settings.pbx.tls_cert, "tls-certificate.pem"),
            (self.settings.pbx.tls_key, "tls-key.pem"),
        ):
            if source is not None:
                text = source.read_text(encoding="ascii")
                if _write_private(self.paths.keys / name, text):
                    changed.append(source)
        if sandbox.available():
            sandbox.hand_over(self.paths.folders())
        return bool(changed)

    def _launch(self) -> None:
        command = [*self.installation.command, "-f", "-C", str(self.paths.config)]
        if os.geteuid() == 0:
            if sandbox.available():
                command = sandbox.wrap(
                    command, pbx_dir=self.paths.base, tree=self.installation.root
                )
            else:
                log.warning("asterisk runs as root: this machine allows no mount namespace")
        with self.paths.console.open("wb") as console:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.paths.base,
                env={**os.environ, **self.installation.env},
                start_new_session=True,
            )
        started = psutil.Process(child.pid).create_time()
        # Waits for its end, whenever that is: no zombie, also where Asterisk outlives this object.
        self._reaper = threading.Thread(target=child.wait, name="asterisk-reaper", daemon=True)
        self._reaper.start()
        text = json.dumps({"pid": child.pid, "started": started})
        self.paths.pid.write_text(text, encoding="ascii")
        self._guard()

    def _guard(self) -> None:
        pid = self.pid
        if self._linger_s is not None and self._watch is None and pid is not None:
            about = [str(pid), str(self.paths.config), str(self.paths.owner), str(os.getpid())]
            self._watch = subprocess.Popen(
                ["/bin/sh", "-c", WATCH, "sh", *about, str(round(self._linger_s))],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _unguard(self) -> None:
        if self._watch is not None:
            self._watch.kill()
            self._watch.wait()
            if self._watch.stdin is not None:
                self._watch.stdin.close()
            self._watch = None

    def _own(self) -> None:
        if self._lock is not None:
            return
        self.paths.base.mkdir(parents=True, exist_ok=True)
        lock = self.paths.owner.open("a", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise PbxRunningError(
                f"another hotline already runs the Asterisk in {self.paths.base}: stop it, "
                "or give pbx.run_dir another folder"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _process(self) -> psutil.Process | None:
        """The running Asterisk named by the pid file; a stale file is as good as none."""
        try:
            noted: dict[str, Any] = json.loads(self.paths.pid.read_text(encoding="ascii"))
            process = psutil.Process(int(noted["pid"]))
            same = abs(process.create_time() - float(noted["started"])) < 0.5
            alive = same and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, psutil.Error):
            return None
        return process if alive else None

    def _wait_ready(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process() is None:
                raise PbxStartError(f"Asterisk did not start: {self.last_words()}")
            if ari_status(self.settings) == 200:
                return
            time.sleep(POLL_S)
        raise PbxStartError(f"Asterisk was not ready in {timeout_s:.0f} s: {self.last_words()}")

    def last_words(self) -> str:
        """The end of Asterisk's own messages, for an error."""
        for path in (self.paths.messages, self.paths.console):
            if path.is_file():
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
                told = [
                    line.strip() for line in lines if "ERROR" in line or path == self.paths.console
                ]
                if told:
                    return " | ".join(told[-3:])[-600:]
        return "it said nothing"


def taken_ports(settings: Settings) -> list[tuple[str, str]]:
    """Settings whose address cannot be used now, each with the reason."""
    pbx = settings.pbx
    wanted = [
        ("http_port", socket.SOCK_STREAM, pbx.http_host, pbx.http_port),
        ("trunk_port", socket.SOCK_DGRAM, pbx.trunk_bind, pbx.trunk_port),
        ("phone_port", socket.SOCK_DGRAM, pbx.phone_bind, pbx.phone_port),
        ("seat_port", socket.SOCK_DGRAM, pbx.seat_bind, pbx.seat_port),
    ]
    if pbx.tls_cert is not None:
        wanted.append(("https_port", socket.SOCK_STREAM, pbx.http_host, pbx.https_port))
    reasons = ((name, _why_taken(kind, host, port)) for name, kind, host, port in wanted)
    return [(name, reason) for name, reason in reasons if reason]


def _why_taken(kind: socket.SocketKind, host: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # Connections of an Asterisk that just ended do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"{host}:{port} cannot be used: {error.strerror}"
    return ""


def _refuse_taken_ports(settings: Settings) -> None:
    """Asterisk would start without the port and be deaf there."""
    for name, reason in taken_ports(settings):
        raise PbxStartError(
            f"{reason} (pbx.{name}). Stop what uses it, or give another: "
            f"HOTLINE_PBX__{name.upper()}"
        )


def ari_status(
    settings: Settings, path: str = "asterisk/ping", timeout_s: float = 2.0
) -> int | None:
    """HTTP status of one GET to ARI with our user; None when nobody answers."""
    return ari_get(settings, path, timeout_s)[0]


def ari_get(
    settings: Settings, path: str, timeout_s: float = 2.0
) -> tuple[int | None, dict[str, Any] | list[Any] | None]:
    """Status and JSON of one GET below ``/ari/``; ``(None, None)`` when nobody answers."""
    pbx = settings.pbx
    token = base64.b64encode(f"{pbx.ari_user}:{pbx.ari_password}".encode()).decode()
    link = http.client.HTTPConnection(pbx.http_host, pbx.http_port, timeout=timeout_s)
    try:
        link.request("GET", f"/ari/{path}", headers={"Authorization": f"Basic {token}"})
        answer = link.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None, None
    finally:
        link.close()
    try:
        return answer.status, json.loads(body) if body else None
    except ValueError:
        return answer.status, None


def _write_private(path: Path, text: str) -> bool:
    """Write a file only its owner may read, whole or not at all; False when it is so already."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o600)
    new.replace(path)
    return True


def _end(process: psutil.Process) -> None:
    for step in (process.terminate, process.kill):
        try:
            step()
            process.wait(STOP_S)
        except psutil.TimeoutExpired:
            continue
        except psutil.NoSuchProcess:
            pass
        return
