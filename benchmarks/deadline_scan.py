"""Deadlines: what a scan costs, and whether that grows with the number of open orders.

python -m benchmarks.deadline_scan [--open 1000000] [--due 1000] [--looks 50] [--postgres 1]

Two databases in turn are filled with open orders, each with two clocks (feedback and return); then
``due`` orders filed through the desk come due three times: yellow card, red
card, first escalation.

* find: the numbers of everything due, and when to come back (what one look of the scan costs)
* decide: the same, with every due clock read and decided upon
* act: the whole scan, each card an audited step with its event, hub message and audit link, durable
* idle: a whole scan when nothing is due

Everything runs at a tenth of the size first, so growth can be seen.
"""

import asyncio
import contextlib
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from benchmarks.common import arguments, percentile, show
from benchmarks.private_pg import postgresql
from dispatch.clocks.limits import Facts
from dispatch.clocks.policy import Policy
from dispatch.clocks.rows import ClockRoom, new_row, read
from dispatch.clocks.scan import DeadlineScanner, find_due, next_at
from dispatch.hub.outgoing import Outgoing
from dispatch.intake import IntakeDesk
from dispatch.life.actors import machine_rights
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from hotline import logs
from hotline.calendar import china_calendar
from hotline.db import Database
from hotline.db.order_tables import InstitutionRow, OrderClockRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import OrderState, ServiceType, Terminal, Urgency
from hotline.domain.order_codes import Clock
from hotline.domain.orders import Intake
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import DeadlineSettings

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
WHERE = "aid-340100"
FACTS = Facts("normal", "legal_aid", "wages", "340123", "simple")
MUST_MS, AIM_MS = 200, 50


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database counts and writes moments."""

    series: str
    """Rows ``n`` from ``{a}`` to below ``{b}``."""
    number: str
    moment: str
    """A moment ``n`` seconds (within two months) after the first of May."""
    filed: str
    no: str


DIALECTS = {
    "sqlite": Dialect(
        "WITH RECURSIVE s(n) AS (SELECT {a} UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {b})",
        "printf('F%013d', n)",
        "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-05-01', '+' || (n % 5000000) || ' seconds')",
        "'2026-03-01 00:00:00.000000'",
        "0",
    ),
    "postgresql": Dialect(
        "WITH s AS (SELECT generate_series({a}, {b} - 1) AS n)",
        "'F' || lpad(n::text, 13, '0')",
        "timestamptz '2026-05-01 00:00:00+00' + mod(n, 5000000) * interval '1 second'",
        "timestamptz '2026-03-01 00:00:00+00'",
        "false",
    ),
}


def main() -> None:
    """Run both sizes on both databases and show the figures."""
    args = arguments(__doc__, open=1_000_000, due=1000, looks=50, postgres=1, sqlite=1)
    logs.set_up("error")
    for name in ("sqlite", "postgresql"):
        if not getattr(args, name.removesuffix("ql")):
            continue
        with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder, address(name) as url:
            settings = Settings(data_dir=Path(folder), database_url=url)
            with Database(settings) as db:
                db.migrate()
                rows = asyncio.run(Bench(db, settings, args).run())
        show(f"deadline scan, {name}", rows, only_json=args.json)


@contextlib.contextmanager
def address(name: str) -> Iterator[str | None]:
    """The database's address; None: SQLite in the data folder."""
    if name == "sqlite":
        yield None
        return
    with postgresql("shared_buffers=512MB", "max_wal_size=4GB") as url:
        yield url


class Bench:
    """One database, two sizes."""

    def __init__(self, db: Database, settings: Settings, args: Any) -> None:
        self.db = db
        self.args = args
        self.policy = Policy(DeadlineSettings(), china_calendar())
        ring = KeyRing.open(settings)
        self.room = ClockRoom(self.policy)
        effects = Effects(clocks=self.room, outbox=Outgoing(ring, "bench"))
        self.desk = OrderDesk(db, ring, machine_rights, effects)
        self.intake = IntakeDesk(db, ring, "bench", desk=self.desk)
        self.filled = self.serial = 0
        self.moments: list[datetime] = []

    async def run(self) -> list[tuple[str, Any]]:
        """The rows of the table."""
        await self.db.write(self._institution)
        rows: list[tuple[str, Any]] = []
        for size in (self.args.open // 10, self.args.open):
            self.fill(size)
            await self._make_due()
            found = await self._measure()
            rows += [(f"{size:,} open: {name}", value) for name, value in found]
        finds = [value for name, value in rows if name.endswith("find p95, ms")]
        rows.append(("find, growth for ten times the orders", round(finds[1] / finds[0], 2)))
        rows.append((f"find p95 within {MUST_MS} ms (aim {AIM_MS})", finds[1] <= MUST_MS))
        return rows

    def fill(self, size: int) -> None:
        """Open orders that are not due, as many as it takes to have ``size``."""
        d = DIALECTS["sqlite" if self.db.is_sqlite else "postgresql"]
        series = d.series.format(a=self.filled, b=size)
        orders = (
            "INSERT INTO orders (order_no, state, hub_state, terminal, idempotency_key, "
            "service_type, act, topic, urgency, title, region, callback, confidential, "
            f"institution, created_at, updated_at, due_at) {series} SELECT {d.number}, "
            "'in_progress', 'acknowledged', 'web', 'fill-' || n, 'legal_aid', 'apply', 'wages', "
            f"'normal', '拖欠工资', '340123', {d.no}, {d.no}, '{WHERE}', {d.filed}, {d.filed}, "
            f"{d.moment} FROM s"
        )
        clocks = (
            "INSERT INTO order_clocks (order_no, clock, started_at, due_at, warn_at, next_at, "
            f"level) {series} SELECT {d.number}, '{{clock}}', {d.filed}, {d.moment}, {{next}}, "
            "{next}, 0 FROM s"
        )
        with self.db.engine().begin() as connection:
            connection.exec_driver_sql(orders)
            connection.exec_driver_sql(clocks.format(clock="feedback", next=d.moment))
            connection.exec_driver_sql(clocks.format(clock="return", next="NULL"))
        with self.db.engine().execution_options(isolation_level="AUTOCOMMIT").connect() as plain:
            plain.exec_driver_sql("ANALYZE")
        self.filled = size

    async def _make_due(self) -> None:
        """Orders filed by the desk, put into their handlers' hands, their feedback to come due."""
        numbers = [await self._an_order() for _ in range(self.args.due)]
        begun = self.policy.start(Clock.FEEDBACK, FACTS, NOW)
        assert begun.warn_at is not None
        self.moments = [begun.warn_at, begun.due_at, begun.due_at + timedelta(days=1)]

        def give(session: Session) -> None:
            mine = col(OrderRow.order_no).in_(numbers)
            state = {"state": OrderState.IN_PROGRESS.value, "institution": WHERE}
            session.execute(update(OrderRow).where(mine).values(**state))
            session.execute(delete(OrderClockRow).where(col(OrderClockRow.order_no).in_(numbers)))
            for number in numbers:
                row = new_row(number, begun)
                self.room.write(row, begun)
                session.add(row)

        await self.db.write(give)

    async def _an_order(self) -> str:
        self.serial += 1
        intake = Intake(
            terminal=Terminal.WEB,
            idempotency_key=f"bench-{self.serial}",
            service_type=ServiceType.LEGAL_AID,
            act="apply",
            topic="wages",
            urgency=Urgency.NORMAL,
            title="拖欠工资，合肥市肥西县",
            description="老板欠了我们七个人四个月的工钱，一直不给。",
            contact_name=None,
            contact_phone="13900000000",
            caller_number=None,
            region="340123",
        )
        return (await self.intake.receive(intake, NOW)).order_no

    async def _measure(self) -> list[tuple[str, Any]]:
        scanner = DeadlineScanner(self.db, self.policy, self.desk, clock=lambda: NOW)
        rows: list[tuple[str, Any]] = []
        first = self.moments[0]
        for name, work in (("find", self._find), ("decide", self._decide)):
            spent = [await self._timed(work, first) for _ in range(self.args.looks)]
            rows += [(f"{name} p50, ms", percentile(spent, 50))]
            rows += [(f"{name} p95, ms", percentile(spent, 95))]
            rows += [(f"{name} max, ms", round(max(spent), 1))]
        for name, now in zip(("yellow", "red", "escalated"), self.moments, strict=True):
            began = time.perf_counter()
            scanned = await scanner.scan(now)
            spent_s = time.perf_counter() - began
            assert scanned.acts == self.args.due, (name, scanned)
            rows += [(f"act, {name}, s", round(spent_s, 2))]
            rows += [(f"act, {name}, ms a card", round(1000 * spent_s / scanned.acts, 2))]
        spent = []
        for _ in range(self.args.looks):
            began = time.perf_counter()
            await scanner.scan(self.moments[-1])
            spent.append(1000 * (time.perf_counter() - began))
        return [*rows, ("idle p95, ms", percentile(spent, 95))]

    async def _timed(self, work: Callable[[Session, datetime], int], now: datetime) -> float:
        gc.collect()
        began = time.perf_counter()
        found = await self.db.read(lambda session: work(session, now))
        assert found == self.args.due, found
        return 1000 * (time.perf_counter() - began)

    def _find(self, session: Session, now: datetime) -> int:
        next_at(session)
        return len(find_due(session, now, self.args.due))

    def _decide(self, session: Session, now: datetime) -> int:
        numbers = find_due(session, now, self.args.due)
        query = select(OrderClockRow).where(
            col(OrderClockRow.order_no).in_(numbers), col(OrderClockRow.next_at) <= now
        )
        return sum(len(self.policy.decide(read(row), now)) for row in session.scalars(query))

    def _institution(self, session: Session) -> None:
        session.add(
            InstitutionRow(
                code=WHERE, name="合肥市法律援助中心", kind="legal_aid_centre", region="340100",
                updated_at=NOW,
            )
        )  # fmt: skip


if __name__ == "__main__":
    main()
