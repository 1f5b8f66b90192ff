"""Seats are pushed while Asterisk runs, register with their password, and may dial nobody."""

import base64
import socket

import pytest
from pbx_bench import Bench, wait_for

from ivr.pbx.pjsip import SOFTPHONE, softphone_password

pytestmark = pytest.mark.asterisk


def register(pbx: Bench, name: str, password: str, *, home: str) -> int:
    """Exit status of a telephone's registration."""
    seat = f"{pbx.settings.pbx.seat_bind}:{pbx.settings.pbx.seat_port}"
    sipp = pbx.sipp(
        "register",
        source=home,
        target=seat,
        service=name,
        options=("-au", name, "-ap", password),
    )
    return pbx.finish(sipp, 20)


def state(pbx: Bench, name: str) -> str:
    """``online`` once a telephone has registered."""
    return str(pbx.ari(f"endpoints/PJSIP/{name}").get("state"))


def test_a_pushed_seat_registers(pbx: Bench) -> None:
    pbx.push_seat("berta", password="a-long-password-of-the-seat")
    assert state(pbx, "berta") == "offline"
    assert register(pbx, "berta", "a-long-password-of-the-seat", home=f"{pbx.net}.6") == 0
    wait_for(lambda: state(pbx, "berta") == "online", 5, "the registration")


def test_a_wrong_password_does_not(pbx: Bench) -> None:
    pbx.push_seat("carla", password="a-long-password-of-the-seat")
    assert register(pbx, "carla", "another", home=f"{pbx.net}.7") != 0
    assert state(pbx, "carla") == "offline"


def test_the_softphone_of_the_readme_registers(pbx: Bench) -> None:
    password = softphone_password(pbx.settings)
    assert register(pbx, SOFTPHONE, password, home=f"{pbx.net}.8") == 0
    wait_for(lambda: state(pbx, SOFTPHONE) == "online", 5, "the registration")


def test_websocket_for_browsers_speaks_sip(pbx: Bench) -> None:
    host, port = pbx.settings.pbx.http_host, pbx.settings.pbx.http_port
    key = base64.b64encode(b"sixteen-bytes-..").decode()
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: sip\r\n\r\n"
    )
    with socket.create_connection((host, port), timeout=5) as link:
        link.sendall(request.encode())
        answer = link.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 101")
    assert "Sec-WebSocket-Protocol: sip" in answer
