"""Where text messages go: the operator's gateway over HTTP, or a file.

The HTTP protocol is in docs/notices.md: one signed JSON POST a message, idempotent by its key.
"""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx2

from dispatch.hub.outbox import Answer, Policy, Verdict, read_answer
from dispatch.hub.signing import IDEMPOTENCY_HEADER, signed_headers
from dispatch.notices.errors import NoticeSettingsError
from dispatch.notices.rows import Message
from dispatch.numbers import china_day
from hotline.settings import Settings
from hotline.settings_orders import NoticeSettings

VERSION = 1


class Gateway(Protocol):
    """Takes text messages. Never logs numbers or texts."""

    async def send(self, message: Message) -> Answer:
        """Give one message over; how it went. Does not raise for what a gateway may do."""

    async def aclose(self) -> None:
        """Give back connections."""


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def make_gateway(settings: Settings) -> Gateway | None:
    """The gateway these settings ask for; None: off. Raises NoticeSettingsError."""
    if settings.notices.gateway == "http":
        return HttpGateway(settings.notices)
    if settings.notices.gateway == "file":
        return FileGateway(settings.data_dir / "notices", settings.notices.file_days)
    return None


class HttpGateway:
    """The operator's gateway."""

    def __init__(
        self, settings: NoticeSettings, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Raises NoticeSettingsError when address or secret is missing."""
        parts = urlsplit(settings.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NoticeSettingsError("notices.url: give the gateway's http(s) address")
        if not settings.secret:
            raise NoticeSettingsError("notices.secret: give the secret agreed with the gateway")
        self._url = settings.url
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._key_id, self._secret = settings.key_id, settings.secret
        self._timeout_s = settings.timeout_s
        self._clock = clock
        self._policy = Policy()
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(settings.timeout_s), trust_env=False, follow_redirects=False
        )

    async def send(self, message: Message) -> Answer:
        """See ``Gateway``."""
        data = {
            "version": VERSION,
            "key": message.key,
            "phone": message.phone,
            "text": message.text,
        }
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            IDEMPOTENCY_HEADER: message.key,
            **signed_headers(self._key_id, self._secret, "POST", self._target, body, self._clock()),
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(self._url, content=body, headers=headers)
        except (TimeoutError, httpx2.ReadTimeout, httpx2.WriteTimeout):
            return Answer(Verdict.FAILED, code="timeout")
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Answer(Verdict.UNREACHABLE, code="connect")
        except httpx2.HTTPError:
            return Answer(Verdict.FAILED, code="connection-lost")
        if 200 <= response.status_code < 300:
            return Answer(Verdict.ACKNOWLEDGED)
        # the body is not looked at: a gateway may repeat the number in its error
        wait = response.headers.get("Retry-After")
        return read_answer(self._policy, response.status_code, None, wait, self._clock())

    async def aclose(self) -> None:
        """See ``Gateway``."""
        await self._client.aclose()


class FileGateway:
    """Writes messages into one file a day (JSON Lines, mode 600); old files are deleted."""

    def __init__(self, folder: Path, days: int, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._folder = folder
        self._days = days
        self._clock = clock

    async def send(self, message: Message) -> Answer:
        """See ``Gateway``."""
        try:
            await asyncio.to_thread(self._append, message, self._clock())
        except OSError:
            return Answer(Verdict.BUSY, code="disk", retry_after=60.0)
        return Answer(Verdict.ACKNOWLEDGED)

    async def aclose(self) -> None:
        """See ``Gateway``."""

    def _append(self, message: Message, now: datetime) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{china_day(now)}.jsonl"
        fresh = not path.exists()
        data = {
            "at": now.isoformat(timespec="seconds"),
            "key": message.key,
            "phone": message.phone,
            "text": message.text,
        }
        line = json.dumps(data, ensure_ascii=False) + "\n"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab", buffering=0) as file:
            file.write(line.encode())
            os.fsync(file.fileno())
        if fresh:
            self._delete_old(now)

    def _delete_old(self, now: datetime) -> None:
        oldest = china_day(now - timedelta(days=self._days))
        for path in self._folder.glob("*.jsonl"):
            if path.stem < oldest:
                path.unlink(missing_ok=True)
