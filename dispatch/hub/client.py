"""Calls to the hub: signed, over TLS where the address says so, each within the time-out.

aiohttp rather than httpx2: a quarter of the processor time a request, and the drain of a backlog is
bound by exactly that (benchmarks/hub_push.py).
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from dispatch.hub.errors import HubAnswerError, HubDownError
from dispatch.hub.signing import ANSWER, SignatureError, check_signature, signed_headers
from hotline.errors import SettingsError
from hotline.settings_orders import HubSettings

MAX_ANSWER = 8 << 20
_KEEPALIVE_S = 4.0
"""Shorter than servers usually keep an idle connection, so that none closes under a request."""


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the hub answered."""

    status: int
    data: Any
    """Its JSON; None when it was none."""
    retry_after: str | None
    raw: bytes
    headers: Mapping[str, str]


class HubClient:
    """Connections to the hub. Use it with ``async with``."""

    def __init__(self, settings: HubSettings, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Raises SettingsError when the signing secret is missing."""
        if not settings.signing_secret:
            raise SettingsError("hub.secret is empty: run `hotline setup`, or set it")
        self._settings = settings
        self._clock = clock
        self._base = settings.url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._settings.slots + 4,
            keepalive_timeout=_KEEPALIVE_S,
            ssl=await asyncio.to_thread(tls_context, self._settings),
        )
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One signed request; ``path`` with its query. Raises HubDownError."""
        if self._session is None:
            raise HubDownError("connect")
        url = URL(self._base + path, encoded=True)
        signed = self._signed(method, url.raw_path_qs, body)
        sent = {"Content-Type": "application/json", **(headers or {}), **signed}
        try:
            async with (
                asyncio.timeout(self._settings.timeout_s),
                self._session.request(
                    method, url, data=body or None, headers=sent, allow_redirects=False
                ) as answer,
            ):
                raw = await _read(answer)
        except TimeoutError:
            raise HubDownError("timeout") from None
        except aiohttp.ClientSSLError:
            raise HubDownError("certificate") from None
        except aiohttp.ClientConnectorError:
            raise HubDownError("connect") from None
        except (aiohttp.ClientError, ConnectionError):
            raise HubDownError("connection-lost") from None
        return Reply(
            answer.status, _json(raw), answer.headers.get("Retry-After"), raw, answer.headers
        )

    async def get(self, path: str) -> Any:
        """JSON of an answer the hub signed. Raises HubDownError, HubAnswerError."""
        reply = await self.call("GET", path)
        if reply.status != 200 or reply.data is None:
            raise HubAnswerError(f"the hub answered {reply.status} to a question")
        target = URL(self._base + path, encoded=True).raw_path_qs
        keys = self._settings.accepted_keys
        try:
            check_signature(keys, reply.headers, ANSWER, target, reply.raw, self._clock())
        except SignatureError as error:
            raise HubAnswerError(f"the hub's answer is not signed rightly ({error.code})") from None
        return reply.data

    def _signed(self, method: str, target: str, body: bytes) -> dict[str, str]:
        hub = self._settings
        return signed_headers(
            hub.key_id, hub.signing_secret, method, target, body, self._clock(), hub.algorithm
        )


def tls_context(settings: HubSettings) -> ssl.SSLContext | bool:
    """How the hub's certificate is checked. Raises SettingsError when ``hub.ca_file`` is no PEM."""
    if settings.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError):
        raise SettingsError(f"hub.ca_file: {settings.ca_file} is no readable PEM file") from None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for piece in answer.content.iter_any():
        raw += piece
        if len(raw) > MAX_ANSWER:
            raise HubDownError("connection-lost")
    return bytes(raw)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
