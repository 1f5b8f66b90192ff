"""Pushes orders to the hub: the shell around ``dispatch.hub.outbox``.

One loop: settle what came back and take what is due in a single transaction, send it side by
side, sleep until something is due, comes back, or a new order wakes it.
"""

import asyncio
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import psutil
import structlog
from sqlalchemy.orm import Session

from dispatch.hub import outbox_rows
from dispatch.hub.outbox import Answer, Breaker, Policy, Verdict, decide, read_answer
from dispatch.hub.outbox_rows import DeadLetter, Letter, Settled
from dispatch.hub.signing import IDEMPOTENCY_HEADER, signed_headers
from hotline import metrics
from hotline.db import Database
from hotline.domain.events import Event
from hotline.errors import HotlineError, SettingsError
from hotline.privacy import KeyRing
from hotline.settings import HubSettings

log = structlog.get_logger(__name__)

PATH = "/api/v1/messages"
SLOTS = 16
"""Messages on their way at once."""
POLL_S = 1.0
"""How often the outbox is looked at for orders that other processes filed."""


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class HubStatus:
    """How the pushing stands, for doctor and screens."""

    up: bool
    """The last attempt reached the hub (True before the first)."""
    pending: int
    dead: int


class HubPusher:
    """Delivers the outbox to the hub, each message once, each order's messages in sequence."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        settings: HubSettings,
        *,
        node: str = "node-1",
        publish: Callable[[Event], None] | None = None,
        policy: Policy | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Raises SettingsError when the signing secret is missing."""
        if not settings.secret:
            raise SettingsError("hub.secret is empty: run `hotline setup`, or set it")
        self._db = db
        self._ring = ring
        self._settings = settings
        self._publish = publish or (lambda event: None)
        self._policy = policy or Policy(max_attempts=settings.max_attempts)
        self._clock = clock
        self._node = node
        self._worker = f"{node}/{os.getpid()}/{secrets.token_hex(3)}"
        self._lease_s = settings.timeout_s + 5.0
        self._breaker = Breaker(self._policy)
        self._wake = asyncio.Event()
        self._stopping = False
        self._done: list[Settled] = []
        self._flying = 0
        self._up = True
        self._hurry = False
        self._shown: datetime | None = None

    def wake(self) -> None:
        """A new message is there. From the event loop's thread only."""
        self._wake.set()

    def stop(self) -> None:
        """End in order: what is on its way is settled first. ``run`` then returns."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Push until ``stop``. Cancelling ends at once; what was on its way is sent again later."""
        await self._take_over()
        timeout = httpx2.Timeout(self._settings.timeout_s)
        limits = httpx2.Limits(max_connections=SLOTS, max_keepalive_connections=SLOTS)
        client = httpx2.AsyncClient(
            base_url=self._settings.url, timeout=timeout, limits=limits, trust_env=False
        )
        try:
            async with client, asyncio.TaskGroup() as tasks:
                while not (self._stopping and self._flying == 0 and not self._done):
                    self._wake.clear()
                    await self._sleep(await self._safe_turn(client, tasks))
        finally:
            if self._done:  # receipts already here are kept even when we are cancelled
                await self._db.write(self._settle_work(self._done, 0, self._clock()))

    async def status(self) -> HubStatus:
        """How the pushing stands."""
        counts = await self._db.read(outbox_rows.count)
        return HubStatus(self._up, counts.pending, counts.dead)

    async def dead_letters(self) -> list[DeadLetter]:
        """Messages that wait for a person, oldest first."""
        return await self._db.read(outbox_rows.dead_letters)

    async def resend(self, letter_id: int, *, actor: str = "operator") -> None:
        """Send a dead letter again. Raises LetterNotFoundError."""
        now = self._clock()
        await self._db.write(
            lambda session: outbox_rows.resend(session, self._ring, letter_id, actor, now)
        )
        self.wake()

    async def _safe_turn(self, client: httpx2.AsyncClient, tasks: asyncio.TaskGroup) -> float:
        try:
            return await self._turn(client, tasks)
        except HotlineError as error:
            log.error("outbox_unavailable", code=error.code)
            return POLL_S

    async def _turn(self, client: httpx2.AsyncClient, tasks: asyncio.TaskGroup) -> float:
        """Settle, take, start sending; returns the seconds until there may be more to do."""
        now = self._clock()
        allowed = self._breaker.allowance(SLOTS, now) - self._flying
        free = 0 if self._stopping else max(0, allowed)
        due = await self._db.read(lambda session: outbox_rows.next_due(session, now))
        ready = free > 0 and due is not None and due <= now
        letters: list[Letter] = []
        if self._done or ready:
            done, self._done = self._done, []
            try:
                letters = await self._db.write(self._settle_work(done, free, now))
            except HotlineError:
                self._done = done + self._done
                raise
            for item in done:
                self._tell(item, now)
        for letter in letters:
            self._flying += 1
            tasks.create_task(self._send(client, letter), name=f"hub-push-{letter.id}")
        await self._show(now)
        if self._breaker.is_open:
            return min(POLL_S, self._breaker.wait(now) or POLL_S)
        if due is None or ready:
            return POLL_S  # all that is due has been taken; what comes back wakes us
        return min(POLL_S, (due - now).total_seconds()) if due > now else POLL_S

    def _settle_work(
        self, done: list[Settled], free: int, now: datetime
    ) -> Callable[[Session], list[Letter]]:
        hurry, self._hurry = self._hurry, False

        def work(session: Session) -> list[Letter]:
            outbox_rows.settle(session, self._ring, self._worker, done, now)
            if hurry:
                outbox_rows.hurry(session, now)
            session.flush()
            if not free:
                return []
            return outbox_rows.claim(session, self._ring, self._worker, free, now, self._lease_s)

        return work

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _send(self, client: httpx2.AsyncClient, letter: Letter) -> None:
        with metrics.HUB_PUSH_SECONDS.time():
            answer = await self._attempt(client, letter)
        now = self._clock()
        self._hurry = self._breaker.note(answer, now) or self._hurry
        self._note_up(answer, now)
        metrics.HUB_PUSHES.labels(answer.verdict.value).inc()
        following = decide(self._policy, letter.attempts, answer, now)
        self._done.append(Settled(letter, answer, following))
        self._flying -= 1
        self._wake.set()

    async def _attempt(self, client: httpx2.AsyncClient, letter: Letter) -> Answer:
        now = self._clock()
        headers = {
            "Content-Type": "application/json",
            IDEMPOTENCY_HEADER: letter.key,
            **signed_headers(
                self._settings.key_id, self._settings.secret, "POST", PATH, letter.body, now
            ),
        }
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await client.post(PATH, content=letter.body, headers=headers)
        except (TimeoutError, httpx2.ReadTimeout, httpx2.WriteTimeout):
            return Answer(Verdict.FAILED, code="timeout")
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Answer(Verdict.UNREACHABLE, code="connect")
        except httpx2.HTTPError:
            return Answer(Verdict.FAILED, code="connection-lost")
        try:
            data = response.json()
        except ValueError:
            data = None
        retry_after = response.headers.get("Retry-After")
        return read_answer(self._policy, response.status_code, data, retry_after, self._clock())

    async def _take_over(self) -> None:
        """What a killed sender of this node had taken need not wait for the end of its lease."""

        def work(session: Session) -> None:
            gone = [name for name in outbox_rows.holders(session) if self._is_gone(name)]
            if gone:
                outbox_rows.release(session, gone)

        await self._db.write(work)

    def _is_gone(self, worker: str) -> bool:
        node, _, rest = worker.partition("/")
        pid = rest.partition("/")[0]
        return node == self._node and pid.isdigit() and not psutil.pid_exists(int(pid))

    def _tell(self, item: Settled, now: datetime) -> None:
        if item.next.state == "sent":
            waited = (now - item.letter.created_at).total_seconds()
            metrics.HUB_ACK_SECONDS.observe(max(0.0, waited))
            data = {"receipt": item.answer.receipt, "kind": item.letter.kind}
            self._publish(Event("order.acknowledged", now, item.letter.order_no, {**data}))
        elif item.next.state == "dead":
            log.error("hub_letter_dead", order_no=item.letter.order_no, code=item.answer.code)
            self._publish(Event("hub.dead", now, item.letter.order_no, {"code": item.answer.code}))

    def _note_up(self, answer: Answer, now: datetime) -> None:
        up = not self._breaker.is_open
        metrics.HUB_UP.set(1 if up else 0)
        if up == self._up:
            return
        self._up = up
        if up:
            log.info("hub_up")
        else:
            log.warning("hub_down", code=answer.code)
        self._publish(Event("hub.up" if up else "hub.down", now, "hub", {"code": answer.code}))

    async def _show(self, now: datetime) -> None:
        """Keep the gauges true, once a second at most: counting a backlog costs time."""
        if self._shown is not None and (now - self._shown).total_seconds() < POLL_S:
            return
        self._shown = now
        counts = await self._db.read(outbox_rows.count)
        metrics.OUTBOX_PENDING.set(counts.pending)
        metrics.OUTBOX_DEAD.set(counts.dead)
