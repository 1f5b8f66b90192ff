"""Orders to a hub that fails in every way, by a sender that is killed -9 every few seconds.

    .venv/bin/python -m benchmarks.hub_chaos [--orders 10000] [--database sqlite] [--share 5]

Each third order has three messages. ``share`` of a hundred messages meet an error, an answer lost
after the message was taken, a time-out, a reset, a slow or busy hub, or junk; the hub itself is
killed -9 and started again from time to time. In the end both sides' files are compared.
"""

import argparse
import random
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from benchmarks import hub_sender
from benchmarks.common import show
from benchmarks.hub_bench import Place, file_orders, outbox_states, place
from dispatch.hub.outbox_rows import resend_all
from dispatch.hub.outgoing import Outgoing
from dispatch.life.actors import SYSTEM, machine_rights
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from hotline.db.tables import OutboxRow

_TIMEOUT_S = 1.0
_LONGEST_S = 3600.0


@dataclass(frozen=True)
class Verdict:
    """Both sides compared."""

    lost: int
    doubled: int
    out_of_order: int
    repeats: int


def add_steps(where: Place, numbers: list[str]) -> int:
    """Two more steps for each third order; how many messages that makes."""
    effects = Effects(outbox=Outgoing(where.ring, where.settings.hub.terminal))
    desk = OrderDesk(where.db, where.ring, machine_rights, effects)
    chosen = numbers[::3]
    for start in range(0, len(chosen), 200):

        def work(session: Session, part: list[str] = chosen[start : start + 200]) -> None:
            now = datetime.now(UTC)
            for number in part:
                row = desk.lock(session, number)
                desk.apply(session, row, "urged", SYSTEM, {}, now)
                desk.apply(session, row, "supplemented", SYSTEM, {"note": "又来电补充"}, now)

        where.db.write_now(work)
    return 2 * len(chosen)


def run_chaos(where: Place, *, share: float, kill_s: float, hub_kill_s: float, seed: int) -> int:
    """Kill senders (and the hub) until everything is delivered; how many kills it took."""
    chance = random.Random(seed)
    hub = where.hub.settings.model_copy(update={"timeout_s": _TIMEOUT_S})
    kills, began, hub_since = 0, time.monotonic(), time.monotonic()
    where.hub.fail("mix", 1_000_000, 1.5 * _TIMEOUT_S, share)
    while time.monotonic() - began < _LONGEST_S:
        sender = hub_sender.start(where.settings, hub)
        if _wait(where, sender, kill_s * chance.uniform(0.6, 1.4)):
            hub_sender.end(sender)
            return kills
        hub_sender.kill(sender)
        kills += 1
        if time.monotonic() - hub_since > hub_kill_s:
            where.hub.kill()
            where.hub.start()
            where.hub.fail("mix", 1_000_000, 1.5 * _TIMEOUT_S, share)
            kills, hub_since = kills + 1, time.monotonic()
    raise TimeoutError("not everything was delivered in an hour")


def _wait(where: Place, sender: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """True when nothing is left to deliver; a person resends what became a dead letter."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if sender.poll() is not None:
            raise RuntimeError("the sender ended by itself")
        states = outbox_states(where.db)
        if states.get("dead"):
            where.db.write_now(lambda s: resend_all(s, where.ring, "operator", datetime.now(UTC)))
        elif not states.get("pending"):
            return True
        time.sleep(0.25)
    return False


def compare(where: Place) -> Verdict:
    """What was lost, doubled or out of order, from both sides' files."""
    columns = (col(OutboxRow.idempotency_key), col(OutboxRow.receipt))
    query = select(*columns).where(col(OutboxRow.state) == "sent")
    ours = where.db.read_now(lambda s: {row[0]: row[1] for row in s.execute(query)})
    everything = sum(outbox_states(where.db).values())
    with closing(sqlite3.connect(f"file:{where.hub.db}?mode=ro", uri=True)) as raw:
        theirs = raw.execute(
            "SELECT key, receipt, order_no, seq, repeats FROM messages ORDER BY rowid"
        ).fetchall()
    receipts = {row[0]: row[1] for row in theirs}
    lost = sum(1 for key in ours if receipts.get(key) != ours[key]) + everything - len(ours)
    doubled = len(theirs) - len(set(receipts)) + len(receipts) - len(set(receipts.values()))
    doubled += max(0, len(theirs) - everything)
    seen: dict[str, int] = {}
    wrong = 0
    for _, _, order_no, seq, _ in theirs:
        wrong += seq != seen.get(order_no, 0) + 1
        seen[order_no] = seq
    return Verdict(lost, doubled, wrong, sum(row[4] for row in theirs))


def measure(database: str, orders: int, share: float) -> list[tuple[str, Any]]:
    """The rows of one database."""
    with place(database) as where:
        numbers = file_orders(where, orders)
        messages = orders + add_steps(where, numbers)
        began = time.monotonic()
        kills = run_chaos(where, share=share, kill_s=4.0, hub_kill_s=20.0, seed=12348)
        seconds = time.monotonic() - began
        verdict = compare(where)
    return [
        (f"{database}: orders", orders),
        (f"{database}: messages", messages),
        (f"{database}: processes killed -9", kills),
        (f"{database}: seconds", round(seconds)),
        (f"{database}: lost", verdict.lost),
        (f"{database}: doubled", verdict.doubled),
        (f"{database}: out of order", verdict.out_of_order),
        (f"{database}: sent again and known by the hub", verdict.repeats),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--share", type=int, default=5, help="of a hundred messages")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    options = parser.parse_args()
    both = ("sqlite", "postgresql")
    rows: list[tuple[str, Any]] = []
    for database in both if options.database == "both" else (options.database,):
        rows += measure(database, options.orders, options.share / 100)
    show("a failing hub and a killed sender", rows, only_json=options.json)


if __name__ == "__main__":
    main()
