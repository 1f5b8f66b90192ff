"""Pushes orders to the hub: the shell around ``dispatch.hub.outbox``.

One loop: settle what came back and take what is due in a single transaction, send it side by
side, sleep until something is due, comes back, or a new order wakes it. Under load a transaction
settles and takes many messages, and what is taken waits in memory for a free slot, so that the hub
is never idle while we write.
"""

import asyncio
import os
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psutil
import structlog
from sqlalchemy.orm import Session

from dispatch.hub import outbox_rows
from dispatch.hub.client import HubClient, utc_now
from dispatch.hub.errors import HubDownError
from dispatch.hub.outbox import Answer, Breaker, Next, Policy, Verdict, decide, read_answer
from dispatch.hub.outbox_rows import DeadLetter, Letter, Settled
from dispatch.hub.signing import IDEMPOTENCY_HEADER
from hotline import metrics
from hotline.db import Database
from hotline.domain.events import Event
from hotline.errors import HotlineError
from hotline.privacy import KeyRing
from hotline.settings_orders import HubSettings

log = structlog.get_logger(__name__)

PATH = "/api/v1/messages"
POLL_S = 1.0
"""How often the outbox is looked at for orders that other processes filed."""
GATHER_S = 0.03
"""Receipts wait so long for others, while more are coming, to be kept in one transaction."""
_AHEAD = 8
"""Messages held for each slot at most."""
_BITE = 32
"""Messages taken at once: a small backlog is shared by all senders. Doubled while the queue gives
all that is asked for: each transaction costs a wait for the disk."""


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
        self._db = db
        self._ring = ring
        self._settings = settings
        self._client = HubClient(settings, clock=clock)
        self._publish = publish or (lambda event: None)
        self._policy = policy or Policy(max_attempts=settings.max_attempts)
        self._clock = clock
        self._node = node
        self._worker = f"{node}/{os.getpid()}/{secrets.token_hex(3)}"
        self._lease_s = 2 * settings.timeout_s + 5.0
        self._breaker = Breaker(self._policy)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._ready: deque[Letter] = deque()
        self._done: list[Settled] = []
        self._flying = 0
        self._up = True
        self._hurry = False
        self._woken = False
        self._bite = _BITE
        self._shown: datetime | None = None

    def wake(self) -> None:
        """A new message is there. From any thread; does nothing while ``run`` does not."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_now)

    def _wake_now(self) -> None:
        self._woken = True
        self._wake.set()

    def stop(self) -> None:
        """End in order: what is on its way is settled first. ``run`` then returns."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Push until ``stop``. Cancelling ends at once; what was on its way is sent again later."""
        self._loop = asyncio.get_running_loop()
        await self._take_over()
        try:
            async with self._client, asyncio.TaskGroup() as tasks:
                while not (self._stopping and self._idle):
                    self._wake.clear()
                    await self._sleep(await self._safe_turn(tasks))
        finally:
            self._give_back()
            if self._done:  # receipts already here are kept even when we are cancelled
                await self._db.write(self._settle_work(self._done, 0, self._clock()))
                self._done = []

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

    async def resend_all(self, *, actor: str = "operator") -> int:
        """Send every dead letter again; how many there were."""
        now = self._clock()
        count = await self._db.write(
            lambda session: outbox_rows.resend_all(session, self._ring, actor, now)
        )
        self.wake()
        return count

    @property
    def _idle(self) -> bool:
        return self._flying == 0 and not self._done and not self._ready

    async def _safe_turn(self, tasks: asyncio.TaskGroup) -> float:
        try:
            return await self._turn(tasks)
        except HotlineError as error:
            log.error("outbox_unavailable", code=error.code)
            return POLL_S

    async def _turn(self, tasks: asyncio.TaskGroup) -> float:
        """Settle, take, start sending; returns the seconds until there may be more to do."""
        now = self._clock()
        if self._stopping or self._breaker.is_open:
            self._give_back()
        room = self._room(now)
        due = None
        woken, self._woken = self._woken, False
        if not self._done and room and not woken:
            due = await self._db.read(lambda session: outbox_rows.next_due(session, now))
            if due is None or due > now:
                room = 0
        taken = 0
        if self._done or room:
            letters = await self._write(room, now)
            taken = len(letters)
            self._ready.extend(letters)
            self._learn(room, taken)
        self._start(tasks)
        await self._show(now)
        if self._breaker.is_open:
            return min(POLL_S, self._breaker.wait(now) or POLL_S)
        if self._done:
            return GATHER_S
        if room and taken == room and not self._flying:
            return 0.0
        return min(POLL_S, (due - now).total_seconds()) if due and due > now else POLL_S

    def _room(self, now: datetime) -> int:
        """How many messages to take now: in bulk while the hub is well, one to look otherwise."""
        if self._stopping:
            return 0
        if self._breaker.is_open:
            return max(0, self._breaker.allowance(1, now) - self._flying)
        most = _AHEAD * self._settings.slots
        held = self._flying + len(self._ready)
        return min(most - held, self._bite) if held <= most // 2 else 0

    def _learn(self, room: int, taken: int) -> None:
        """Take more next time while there is more than we ask for."""
        if room and not self._breaker.is_open:
            most = _AHEAD * self._settings.slots
            self._bite = min(self._bite * 2, most) if taken == room else _BITE

    async def _write(self, room: int, now: datetime) -> list[Letter]:
        done, self._done = self._done, []
        try:
            letters = await self._db.write(self._settle_work(done, room, now))
        except HotlineError:
            self._done = done + self._done
            raise
        for item in done:
            self._tell(item, now)
        return letters

    def _settle_work(
        self, done: list[Settled], room: int, now: datetime
    ) -> Callable[[Session], list[Letter]]:
        hurry, self._hurry = self._hurry, False

        def work(session: Session) -> list[Letter]:
            told = outbox_rows.settle(session, self._worker, done, now)
            if hurry:
                outbox_rows.hurry(session, now)
            letters: list[Letter] = []
            if room:
                letters = outbox_rows.claim(
                    session, self._ring, self._worker, room, now, self._lease_s
                )
            outbox_rows.chain(session, self._ring, told, now)
            return letters

        return work

    def _start(self, tasks: asyncio.TaskGroup) -> None:
        """Send what is ready, as far as there are slots."""
        now = self._clock()
        slots = self._breaker.allowance(self._settings.slots, now)
        while self._ready and self._flying < slots:
            letter = self._ready.popleft()
            if now + timedelta(seconds=self._settings.timeout_s) > letter.until:
                self._return(letter)  # it waited too long: another sender might have it soon
                continue
            self._flying += 1
            tasks.create_task(self._send(letter, tasks), name=f"hub-push-{letter.id}")

    def _give_back(self) -> None:
        while self._ready:
            self._return(self._ready.popleft())

    def _return(self, letter: Letter) -> None:
        answer = Answer(Verdict.UNREACHABLE)
        self._done.append(Settled(letter, answer, Next("pending", letter.attempts, None, None)))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _send(self, letter: Letter, tasks: asyncio.TaskGroup) -> None:
        with metrics.HUB_PUSH_SECONDS.time():
            answer = await self._attempt(letter)
        now = self._clock()
        self._hurry = self._breaker.note(answer, now) or self._hurry
        self._note_up(answer, now)
        metrics.HUB_PUSHES.labels(answer.verdict.value).inc()
        following = decide(self._policy, letter.attempts, answer, now)
        self._done.append(Settled(letter, answer, following))
        self._flying -= 1
        if not self._stopping and not self._breaker.is_open:
            self._start(tasks)
        slots = self._settings.slots
        few = len(self._ready) < slots
        if few or len(self._done) >= 2 * slots or self._breaker.is_open:
            self._wake.set()

    async def _attempt(self, letter: Letter) -> Answer:
        try:
            reply = await self._client.call(
                "POST", PATH, letter.body, {IDEMPOTENCY_HEADER: letter.key}
            )
        except HubDownError as error:
            away = error.reason in ("connect", "certificate")
            return Answer(Verdict.UNREACHABLE if away else Verdict.FAILED, code=error.reason)
        now = self._clock()
        return read_answer(self._policy, reply.status, reply.data, reply.retry_after, now)

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
