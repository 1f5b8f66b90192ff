"""A private Asterisk for tests: own addresses on the loopback net, own ports, own folder.

The addresses are drawn at random, so that several test runs and checkouts work side by side on one
machine. SIPp does the signalling of carriers, strangers and telephones; ``Ear`` is their media.
"""

import base64
import http.client
import json
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from hotline.settings import PbxSettings, Settings
from ivr.pbx.control import AsteriskProcess, ari_get

SCENARIOS = Path(__file__).parent / "sipp"
SILENT_ALAW = (0xD5, 0x55)
EVENT_TYPE = 101
KEYS = "0123456789*#"


def private_settings(folder: Path, **pbx: Any) -> Settings:
    """Settings of an Asterisk nobody else uses."""
    net = f"127.{random.randrange(16, 250)}.{random.randrange(1, 250)}"
    rtp = random.randrange(13000, 31000, 400)
    values: dict[str, Any] = {
        "http_host": f"{net}.1",
        "trunk_bind": f"{net}.2",
        "phone_bind": f"{net}.3",
        "seat_bind": f"{net}.1",
        "trunk_peers": [f"{net}.3", f"{net}.4"],
        "ari_password": "test-password-of-the-bench",
        "rtp_start": rtp,
        "rtp_end": rtp + 399,
        "seat_ring_s": 3.0,
        **pbx,
    }
    return Settings(data_dir=folder, pbx=PbxSettings(**values))


def wait_for(what: Callable[[], Any], seconds: float, name: str) -> Any:
    """Ask until the answer is true and return it; fail the test when it does not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{name} did not happen in {seconds} s")


class Ear:
    """The media side of one telephone: hears RTP, speaks a-law, presses keys."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard = bytearray()
        """Everything heard, a-law."""
        self._peer: tuple[str, int] | None = None
        self._sequence = 0
        self._clock = 0
        self._open = True
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while self._open:
            try:
                packet, peer = self._socket.recvfrom(2048)
            except OSError:
                return
            if len(packet) > 12 and packet[1] & 0x7F == 8:
                self._peer = peer
                self.heard += packet[12:]

    def loud_seconds(self) -> float:
        """How long something other than silence was heard."""
        return sum(sample not in SILENT_ALAW for sample in bytes(self.heard)) / 8000

    def _send(self, kind: int, payload: bytes, *, marker: bool = False, step: int = 160) -> None:
        assert self._peer is not None, "nothing heard yet: where to send is not known"
        first = kind | (0x80 if marker else 0)
        head = struct.pack(">BBHII", 0x80, first, self._sequence & 0xFFFF, self._clock, 0x12348)
        self._socket.sendto(head + payload, self._peer)
        self._sequence += 1
        self._clock += step

    def speak(self, alaw: bytes) -> None:
        """Send sound at the speed it has."""
        start = time.monotonic()
        for index in range(0, len(alaw) // 160 * 160, 160):
            self._send(8, alaw[index : index + 160])
            time.sleep(max(0.0, start + (index / 8000) - time.monotonic()))

    def press(self, key: str) -> None:
        """Press one key (RFC 4733)."""
        code = KEYS.index(key)
        for step in range(6):
            end = 0x80 if step >= 3 else 0
            payload = struct.pack(">BBH", code, end | 10, 160 * (step + 1))
            self._send(EVENT_TYPE, payload, marker=step == 0, step=0)
            time.sleep(0.02)
        self._clock += 1600

    def close(self) -> None:
        """Hang the telephone's media up."""
        self._open = False
        self._socket.close()


@dataclass
class Bench:
    """A running private Asterisk and the telephones around it."""

    settings: Settings
    process: AsteriskProcess
    _sipps: list[subprocess.Popen[str]] = field(default_factory=list)
    _ears: list[Ear] = field(default_factory=list)

    @property
    def net(self) -> str:
        """First three numbers of its addresses."""
        return self.settings.pbx.trunk_bind.rpartition(".")[0]

    @property
    def carrier(self) -> str:
        """A carrier's address the trunk knows."""
        return f"{self.net}.4"

    @property
    def stranger(self) -> str:
        """An address nobody knows."""
        return f"{self.net}.99"

    def ari(self, path: str) -> Any:
        """JSON of a GET to ARI."""
        return ari_get(self.settings, path)[1]

    def hotline(self) -> ClientConnection:
        """Register our Stasis application, as a hotline does; close it to be away."""
        pbx = self.settings.pbx
        return connect(
            f"ws://{pbx.http_host}:{pbx.http_port}/ari/events"
            f"?app={pbx.ari_app}&api_key={pbx.ari_user}:{pbx.ari_password}"
        )

    def push(self, kind: str, name: str, **fields: str) -> int:
        """Push one PJSIP object into the running Asterisk; HTTP status."""
        given = [{"attribute": key, "value": value} for key, value in fields.items()]
        path = f"asterisk/config/dynamic/res_pjsip/{kind}/{name}"
        return self._request("PUT", path, {"fields": given})

    def _request(self, method: str, path: str, body: object = None) -> int:
        pbx = self.settings.pbx
        token = base64.b64encode(f"{pbx.ari_user}:{pbx.ari_password}".encode()).decode()
        head = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        link = http.client.HTTPConnection(pbx.http_host, pbx.http_port, timeout=5)
        link.request(method, f"/ari/{path}", json.dumps(body) if body else None, head)
        status = link.getresponse().status
        link.close()
        return status

    def hang_up(self, channel: str) -> None:
        """End one channel."""
        self._request("DELETE", f"channels/{channel}")

    def push_seat(self, name: str, password: str = "", contact: str = "") -> None:
        """A seat as the hotline makes them: registering, or at a fixed contact."""
        aor = {"contact": contact} if contact else {"max_contacts": "1", "remove_existing": "yes"}
        endpoint = {"context": "from-seat", "disallow": "all", "allow": "alaw", "aors": name}
        if password:
            auth = {"auth_type": "userpass", "username": name, "password": password}
            assert self.push("auth", name, **auth) == 200
            endpoint["auth"] = name
        assert self.push("aor", name, **aor) == 200
        assert self.push("endpoint", name, **endpoint, transport="transport-seat") == 200

    def ear(self, address: str | None = None) -> Ear:
        """Media of a telephone at ``address`` (the carrier's)."""
        ear = Ear(address or self.carrier)
        self._ears.append(ear)
        return ear

    def sipp(
        self,
        scenario: str,
        *,
        source: str | None = None,
        port: int = 5060,
        target: str | None = None,
        method: str = "INVITE",
        service: str | None = None,
        options: tuple[str, ...] = (),
        **keys: str | int,
    ) -> subprocess.Popen[str]:
        """Start SIPp with one of our scenarios; ``finish`` waits for it."""
        if shutil.which("sipp") is None:
            pytest.skip("needs SIPp: apt-get install sip-tester")
        pbx = self.settings.pbx
        # SIPp itself allows no keyword in the place of the method.
        text = (SCENARIOS / f"{scenario}.xml").read_text(encoding="utf-8")
        written = self.settings.data_dir / f"{scenario}-{method}.xml"
        written.write_text(text.replace("[method]", method), encoding="utf-8")
        given = {"from_user": "13900001111", "from_host": "carrier.example", "extra": "X-Test: 1"}
        command = [
            "sipp", target or f"{pbx.trunk_bind}:{pbx.trunk_port}",
            "-sf", str(written),
            "-i", source or self.carrier, "-p", str(port),
            "-s", service or pbx.number, "-m", "1", "-nostdin", "-timeout", "90", "-timeout_error",
            *options,
        ]  # fmt: skip
        for name, value in {**given, **keys}.items():
            command += ["-key", name, str(value)]
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.settings.data_dir,
            env={"TERM": "dumb", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        self._sipps.append(started)
        return started

    def finish(self, sipp: subprocess.Popen[str], seconds: float = 60.0) -> int:
        """Exit status of SIPp: 0 when the scenario went as written."""
        try:
            said = sipp.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            sipp.kill()
            said = sipp.communicate()[0]
            raise AssertionError(f"SIPp did not end in {seconds} s: {said[-3000:]}") from None
        if sipp.returncode != 0:
            print(said[-3000:])  # noqa: T201 - pytest shows it with the failure
        return sipp.returncode

    def clear(self) -> None:
        """Hang everything up between two tests."""
        for sipp in self._sipps:
            if sipp.poll() is None:
                sipp.kill()
                sipp.communicate()
        for ear in self._ears:
            ear.close()
        self._sipps.clear()
        self._ears.clear()
