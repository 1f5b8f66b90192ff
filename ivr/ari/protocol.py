"""ARI over one WebSocket, without any I/O.

Texts in, events and finished requests out; requests in, texts out; ``now`` is passed in. Protocol:
Asterisk documentation, "ARI REST over WebSocket" (Asterisk >= 22.4).
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from ivr.errors import AriUnavailableError, IvrError, ari_error

Params = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class AriEvent:
    """One event of Asterisk."""

    type: str
    """StasisStart, ChannelDestroyed, ..."""
    channel_id: str | None
    """Channel the event is about, None for others."""
    data: dict[str, Any] = field(repr=False)
    """The whole event; may hold personal data, so it is kept out of ``repr``."""

    @property
    def channel(self) -> dict[str, Any]:
        """The event's channel object, empty when it has none."""
        value = self.data.get("channel")
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Answered:
    """Asterisk answered a request."""

    request_id: str
    body: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """A request failed, or its answer did not come in time."""

    request_id: str
    error: IvrError


@dataclass(frozen=True, slots=True)
class Junk:
    """Something that is not ARI came in; it is counted and otherwise ignored."""

    why: str


Output = AriEvent | Answered | Failed | Junk


@dataclass(frozen=True, slots=True)
class _Pending:
    method: str
    path: str
    deadline: float


class AriProtocol:
    """Matches answers to requests and sorts out events; one object per connection."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._ids = itertools.count(1)

    @property
    def pending(self) -> int:
        """How many requests wait for their answer."""
        return len(self._pending)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        now: float,
        timeout: float,
    ) -> tuple[str, str]:
        """Return the request's id and the text to send.

        ``path`` is relative to ``/ari`` (``channels/ID/answer``); its parts must be quoted with
        ``segment`` where they come from outside. None among ``params`` is left out.
        """
        request_id = f"r{next(self._ids)}"
        uri = path
        query = {k: _plain(v) for k, v in (params or {}).items() if v is not None}
        if query:
            uri += "?" + urlencode(query, quote_via=quote)
        message: dict[str, Any] = {
            "type": "RESTRequest",
            "transaction_id": request_id,
            "request_id": request_id,
            "method": method,
            "uri": uri,
        }
        if body is not None:
            message["content_type"] = "application/json"
            message["message_body"] = json.dumps(body, ensure_ascii=False)
        self._pending[request_id] = _Pending(method, _redact(path), now + timeout)
        return request_id, json.dumps(message, ensure_ascii=False)

    def receive(self, text: str | bytes) -> Output:
        """Take one message of the WebSocket."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return Junk("not JSON")
        if not isinstance(data, dict):
            return Junk("not an object")
        kind = data.get("type")
        if kind == "RESTResponse":
            return self._response(data)
        if not isinstance(kind, str) or not kind:
            return Junk("no type")
        return AriEvent(kind, _channel_of(data), data)

    def expire(self, now: float) -> list[Failed]:
        """Fail the requests whose time is over."""
        late = [rid for rid, p in self._pending.items() if p.deadline <= now]
        return [self._fail(rid, "did not answer in time") for rid in late]

    def lost(self) -> list[Failed]:
        """The connection is gone: fail everything that waits."""
        return [self._fail(rid, "went away") for rid in list(self._pending)]

    def forget(self, request_id: str) -> None:
        """The asker does not wait any more."""
        self._pending.pop(request_id, None)

    def _fail(self, request_id: str, what: str) -> Failed:
        pending = self._pending.pop(request_id)
        text = f"Asterisk {what} ({pending.method} {pending.path})"
        return Failed(request_id, AriUnavailableError(text))

    def _response(self, data: dict[str, Any]) -> Output:
        request_id = data.get("request_id")
        status = data.get("status_code")
        pending = self._pending.pop(request_id, None) if isinstance(request_id, str) else None
        if pending is None or not isinstance(request_id, str):
            return Junk("answer to no request of ours")
        if not isinstance(status, int):
            return Failed(request_id, ari_error(pending.method, pending.path, 500))
        if not 200 <= status < 300:
            return Failed(request_id, ari_error(pending.method, pending.path, status))
        return Answered(request_id, _body(data.get("message_body")))


def segment(value: str) -> str:
    """Quote one part of a path."""
    return quote(value, safe="")


def _plain(value: str | int | float | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _redact(path: str) -> str:
    """A path without ids: what a log or an error may show."""
    parts = path.split("?")[0].split("/")
    return "/".join("*" if i == 1 else part for i, part in enumerate(parts))


def _body(text: Any) -> Any:
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _channel_of(data: dict[str, Any]) -> str | None:
    for key in ("channel", "peer"):
        value = data.get(key)
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            return str(value["id"])
    playback = data.get("playback") or data.get("recording")
    if isinstance(playback, dict):
        target = playback.get("target_uri")
        if isinstance(target, str) and target.startswith("channel:"):
            return target.removeprefix("channel:")
    return None
