"""A text-message gateway in a thread of its own, and messages, for the notice tests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dispatch.hub.signing import check_signature
from hotline.settings_orders import NoticeSettings

SECRET = "only-for-tests-9876543210"


@dataclass
class SmsGateway:
    """What the server got, and how it shall answer: statuses in turn, then 200."""

    port: int = 0
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    tried: int = 0
    stall: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)

    def settings(self, **changed: Any) -> NoticeSettings:
        """Settings of a hotline that uses this gateway."""
        given = {"timeout_s": 0.5, "max_attempts": 3, **changed}
        url = f"http://127.0.0.1:{self.port}/sms/send?app=12348"
        return NoticeSettings(gateway="http", url=url, secret=SECRET, **given)


@contextmanager
def sms_gateway() -> Iterator[SmsGateway]:
    """A running gateway that checks signatures and takes each key once."""
    gateway = SmsGateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            gateway.tried += 1
            check_signature(
                {"k1": SECRET}, self.headers, "POST", self.path, body, datetime.now(UTC)
            )
            if gateway.stall is not None:
                gateway.stall.wait(5)
            status, headers = gateway.answers.pop(0) if gateway.answers else (200, {})
            data = json.loads(body)
            if status == 200 and data["key"] not in {old["key"] for old in gateway.taken}:
                gateway.taken.append(data)
                gateway.arrived.set()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
