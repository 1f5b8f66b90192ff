"""Compares our orders with the hub's and mends what differs: every night, and by command.

Nothing is mended on a first look: an order may change while we read. Suspects are looked at again,
and those of which our side moved between two looks are left for the next time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy.orm import Session

from dispatch.hub import stands
from dispatch.hub.anchoring import Anchors
from dispatch.hub.client import HubClient, utc_now
from dispatch.hub.compare import Difference, Mend, Ours, Theirs, differences, next_run
from dispatch.hub.errors import HubAnswerError, RefusedError
from dispatch.hub.receiving import HubInbox
from hotline import metrics
from hotline.db import Database
from hotline.domain.events import Event
from hotline.errors import UnavailableError
from hotline.privacy import KeyRing
from hotline.settings_orders import HubSettings

log = structlog.get_logger(__name__)
NIGHTLY = timedelta(days=30)
"""Orders changed so lately are compared every night; all of them by command."""
_PAGE = 500
_ASKED = 100
"""Orders asked for by number at once."""
_AGAIN_S = 900.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a reconcile found."""

    checked: int
    differences: tuple[Difference, ...]

    @property
    def open(self) -> int:
        """Differences that could not be mended by themselves."""
        return sum(not difference.mended for difference in self.differences)


class Reconciler:
    """Pages through the hub's list and ours."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        settings: HubSettings,
        inbox: HubInbox,
        *,
        wake: Callable[[], None] = lambda: None,
        publish: Callable[[Event], None] = lambda event: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """``wake``: something was queued for the hub."""
        self._db = db
        self._ring = ring
        self._settings = settings
        self._inbox = inbox
        self._wake = wake
        self._publish = publish
        self._clock = clock

    async def run_nightly(self) -> None:
        """Reconcile and send the audit anchor every night, until cancelled."""
        due = next_run(self._clock(), self._settings.reconcile_at)
        while True:
            await asyncio.sleep(max(1.0, (due - self._clock()).total_seconds()))
            if self._clock() < due:
                continue
            try:
                await self.reconcile(self._clock() - NIGHTLY)
                async with HubClient(self._settings, clock=self._clock) as client:
                    await Anchors(self._db, self._settings, client).send(self._clock())
                due = next_run(self._clock(), self._settings.reconcile_at)
            except UnavailableError as error:
                log.warning("reconcile_put_off", code=error.code)
                due = self._clock() + timedelta(seconds=_AGAIN_S)

    async def reconcile(self, since: datetime | None = None, *, mend: bool = True) -> Report:
        """Compare orders changed since a moment (None: all).

        Raises HubDownError, HubAnswerError.
        """
        async with HubClient(self._settings, clock=self._clock) as client:
            seen, suspects = await self._their_pages(client, since)
            checked = len(seen)
            async for numbers in self._our_pages(since):
                unseen = [number for number in numbers if number not in seen]
                checked += len(unseen)
                suspects += await self._suspects(client, unseen)
            found = await self._look_again(client, suspects, mend=mend)
        report = Report(checked, tuple(found))
        self._tell(report)
        return report

    async def _their_pages(
        self, client: HubClient, since: datetime | None
    ) -> tuple[set[str], list[str]]:
        """Numbers the hub holds, and those that seem to differ."""
        seen: set[str] = set()
        suspects: list[str] = []
        path = f"/api/v1/orders?sender={quote(self._settings.terminal)}&limit={_PAGE}"
        if since is not None:
            path += f"&updated_since={quote(since.isoformat())}"
        cursor: str | None = None
        while True:
            more = f"&cursor={quote(cursor)}" if cursor else ""
            page, cursor = _page(await client.get(path + more))
            suspects += await self._compare(page, [theirs.order_no for theirs in page])
            seen |= {theirs.order_no for theirs in page}
            if cursor is None:
                return seen, suspects

    async def _our_pages(self, since: datetime | None) -> AsyncIterator[list[str]]:
        after = ""
        while True:
            numbers = await self._db.read(
                partial(stands.touched_since, since=since, after=after, limit=_ASKED)
            )
            if not numbers:
                return
            yield numbers
            after = numbers[-1]

    async def _suspects(self, client: HubClient, numbers: Sequence[str]) -> list[str]:
        if not numbers:
            return []
        return await self._compare(await self._ask(client, numbers), numbers)

    async def _ask(self, client: HubClient, numbers: Sequence[str]) -> list[Theirs]:
        path = f"/api/v1/orders?sender={quote(self._settings.terminal)}&limit={_PAGE}"
        page, _ = _page(await client.get(f"{path}&order_no={','.join(numbers)}"))
        return page

    async def _compare(self, page: Sequence[Theirs], numbers: Sequence[str]) -> list[str]:
        ours = await self._ours(numbers)
        theirs = {entry.order_no: entry for entry in page}
        return [n for n in numbers if differences(ours.get(n), theirs.get(n))]

    async def _ours(self, numbers: Sequence[str]) -> dict[str, Ours]:
        return await self._db.read(lambda session: stands.ours_of(session, numbers))

    async def _look_again(
        self, client: HubClient, suspects: Sequence[str], *, mend: bool
    ) -> list[Difference]:
        found: list[Difference] = []
        for start in range(0, len(suspects), _ASKED):
            numbers = suspects[start : start + _ASKED]
            before = await self._ours(numbers)
            theirs = {entry.order_no: entry for entry in await self._ask(client, numbers)}
            after = await self._ours(numbers)
            for number in numbers:
                if before.get(number) != after.get(number):
                    continue
                for difference in differences(after.get(number), theirs.get(number)):
                    done = mend and await self._mend(
                        client, difference, after.get(number), theirs.get(number)
                    )
                    found.append(replace(difference, mended=done))
        return found

    async def _mend(
        self, client: HubClient, found: Difference, ours: Ours | None, theirs: Theirs | None
    ) -> bool:
        if found.mend is Mend.PERSON or ours is None:
            return False
        if found.mend is Mend.FETCH:
            return await self._fetch(client, found.order_no, ours.in_seq)
        above = theirs.seq if theirs else 0
        now = self._clock()

        def work(session: Session) -> bool:
            return stands.send_whole(
                session, self._ring, self._settings.terminal, found.order_no, above, now
            )

        queued = await self._db.write(work)
        if queued:
            self._wake()
        return queued

    async def _fetch(self, client: HubClient, order_no: str, after: int) -> bool:
        """Apply what the hub has for us; a refusal settles a message as well as a step does."""
        data = await client.get(f"/api/v1/orders/{order_no}/messages?after={after}")
        messages = data.get("messages") if isinstance(data, dict) else None
        if not isinstance(messages, list):
            raise HubAnswerError("the hub's messages are no list")
        for entry in messages:
            try:
                await self._inbox.fetched(str(entry).encode())
            except RefusedError as error:
                log.warning("hub_message_refused", order_no=order_no, code=error.reason)
                if error.reason in ("sequence-gap", "idempotency-conflict", "order-not-found"):
                    return False
        return bool(messages)

    def _tell(self, report: Report) -> None:
        metrics.HUB_DIFFERENCES.set(len(report.differences))
        faults = [difference.fault.value for difference in report.differences]
        log.info(
            "reconciled", checked=report.checked, differences=len(faults), unmended=report.open
        )
        for difference in report.differences:
            data = {"fault": difference.fault.value, "mended": difference.mended}
            log.warning("hub_difference", order_no=difference.order_no, **data)
            self._publish(Event("hub.difference", self._clock(), difference.order_no, {**data}))


def _page(data: Any) -> tuple[list[Theirs], str | None]:
    """A page of the hub's list. Raises HubAnswerError."""
    try:
        entries = [
            Theirs(
                str(entry["order_no"]),
                int(entry["seq"]),
                entry["digest"],
                bool(entry["erased"]),
                int(entry["out_seq"]),
            )
            for entry in data["orders"]
        ]
        return entries, data["next"]
    except (KeyError, TypeError, ValueError):
        raise HubAnswerError("the hub's list of orders is not what the protocol says") from None
