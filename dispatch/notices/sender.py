"""Sends text messages: the shell around ``rules`` and the outbox's patience."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from dispatch.hub.outbox import Breaker, Policy, decide
from dispatch.notices import rows
from dispatch.notices.gateways import Gateway, utc_now
from dispatch.notices.rows import Message, Sent
from dispatch.notices.rules import NoticePolicy
from hotline import metrics
from hotline.db import Database
from hotline.domain.events import Event
from hotline.errors import HotlineError
from hotline.privacy import KeyRing

log = structlog.get_logger(__name__)
SLOTS = 8
"""Messages on their way at once."""
POLL_S = 2.0
"""How often the table is looked at; a message waits for that long at most."""
_LEASE_S = 30.0
"""Added to the gateway's time-out: then a killed sender's messages are taken by another."""


class NoticeSender:
    """Gives due messages to the gateway; each is given up after some attempts."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        gateway: Gateway,
        policy: NoticePolicy,
        *,
        timeout_s: float = 10.0,
        patience: Policy | None = None,
        publish: Callable[[Event], None] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._ring = ring
        self._gateway = gateway
        self._policy = policy
        self._lease_s = timeout_s + _LEASE_S
        self._patience = patience or Policy(max_attempts=8, first_s=5.0)
        self._publish = publish or (lambda event: None)
        self._clock = clock
        self._breaker = Breaker(self._patience)
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """A new message is there. From the event loop's thread only."""
        self._wake.set()

    def stop(self) -> None:
        """End in order: what is on its way is settled first. ``run`` then returns."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Send until ``stop``."""
        try:
            while not self._stopping:
                self._wake.clear()
                await self._sleep(await self._safe_turn())
        finally:
            await self._gateway.aclose()

    async def turn(self) -> float:
        """Send what is due now; returns the seconds until there may be more to do."""
        now = self._clock()
        free = self._breaker.allowance(SLOTS, now)
        due = await self._db.read(rows.next_due)
        if due is None or due > now:
            return POLL_S if due is None else min(POLL_S, (due - now).total_seconds())
        if not free:
            return min(POLL_S, self._breaker.wait(now) or POLL_S)
        messages = await self._db.write(self._claim(free, now))
        sent = await asyncio.gather(*(self._send(message) for message in messages))
        if sent:
            done_at = self._clock()
            await self._db.write(lambda session: rows.settle(session, sent, done_at))
        for item in sent:
            self._tell(item)
        return 0.0

    def _claim(self, free: int, now: datetime) -> Callable[[Session], list[Message]]:
        return lambda session: rows.claim(
            session, self._ring, self._policy, free, now, self._lease_s
        )

    async def _send(self, message: Message) -> Sent:
        answer = await self._gateway.send(message)
        now = self._clock()
        self._breaker.note(answer, now)
        metrics.NOTICES.labels(answer.verdict.value).inc()
        return Sent(message, answer, decide(self._patience, message.attempts, answer, now))

    def _tell(self, item: Sent) -> None:
        if item.next.state != "dead":
            return
        log.error("notice_dead", order_no=item.message.order_no, code=item.answer.code)
        data: dict[str, str | int | float | bool | None] = {
            "template": item.message.template,
            "code": item.answer.code,
        }
        self._publish(Event("notice.dead", self._clock(), item.message.order_no, data))

    async def _safe_turn(self) -> float:
        try:
            return await self.turn()
        except HotlineError as error:
            log.error("notices_unavailable", code=error.code)
            return POLL_S

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
