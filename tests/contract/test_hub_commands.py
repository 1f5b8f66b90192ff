"""The hub's and the audit's commands against a running reference hub."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from hubkit import an_intake
from sqlalchemy import update
from sqlmodel import col

from dispatch.hub.pusher import HubPusher
from dispatch.intake import IntakeDesk
from hotline.app.trial import Trial, fetch, private_settings
from hotline.db.opening import open_store
from hotline.db.tables import AuditRow, OutboxRow

pytestmark = [pytest.mark.contract, pytest.mark.timeout(280)]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A reference hub of the command line, and settings that lead to it."""
    settings, config = private_settings(tmp_path / "var")
    running = Trial(settings, config)
    running.start("hub", "--faults")
    yield running
    running.stop()


def hotline(trial: Trial, *command: str) -> "subprocess.CompletedProcess[str]":
    config = str(trial.settings.data_dir / "hotline.toml")
    return subprocess.run(
        [sys.executable, "-m", "hotline.cli", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HOTLINE_CONFIG": config},
    )


async def push_one(trial: Trial) -> str:
    """An order the hub has acknowledged."""
    store = await asyncio.to_thread(open_store, trial.settings)
    pusher = HubPusher(store.db, store.ring, trial.settings.hub)
    desk = IntakeDesk(store.db, store.ring, trial.settings.hub.terminal)
    order = await desk.receive(an_intake(), datetime.now(UTC))
    task = asyncio.create_task(pusher.run())
    async with asyncio.timeout(30):
        while (await pusher.status()).pending:  # noqa: ASYNC110 - nobody announces it here
            await asyncio.sleep(0.05)
    pusher.stop()
    await task
    await store.aclose()
    return order.order_no


def alter(trial: Trial, statement: object) -> None:
    store = open_store(trial.settings)
    store.db.write_now(lambda session: session.execute(statement) and None)  # type: ignore[call-overload]
    store.db.close()


def test_compare_anchor_verify_and_resend(trial: Trial) -> None:
    number = asyncio.run(push_one(trial))
    alike = hotline(trial, "hub", "reconcile")
    assert (alike.returncode, "差异 0 处" in alike.stdout) == (0, True), alike.stderr
    assert "还没有存证" in hotline(trial, "audit", "verify").stdout
    assert "已存证" in hotline(trial, "audit", "anchor").stdout
    whole = hotline(trial, "audit", "verify")
    assert (whole.returncode, "平台存证 1 处" in whole.stdout) == (0, True), whole.stdout

    alter(trial, update(OutboxRow).where(col(OutboxRow.seq) == 1).values(state="dead"))
    differs = hotline(trial, "hub", "reconcile", "--json")
    assert differs.returncode == 1
    assert json.loads(differs.stdout) == {
        "order_no": number, "fault": "dead-letter", "mend": "person", "mended": False,
    }  # fmt: skip
    assert json.loads(hotline(trial, "hub", "dead-letters", "--json").stdout)["order_no"] == number
    again = hotline(trial, "hub", "dead-letters", "--all")
    assert "已重新排队 1 条" in again.stdout
    assert "没有推送失败的消息" in again.stdout

    last = fetch_last(trial)
    alter(trial, update(AuditRow).where(col(AuditRow.seq) == last).values(hash="0" * 64))
    broken = hotline(trial, "audit", "verify")
    assert broken.returncode == 1
    assert "is not the one the hub was told of" in broken.stdout

    trial.end("hub")
    assert "平台连不上" in hotline(trial, "audit", "verify").stdout
    away = hotline(trial, "hub", "reconcile")
    assert (away.returncode, "does not answer" in away.stderr) == (1, True)


def fetch_last(trial: Trial) -> int:
    """Number of the link the hub was told of."""
    with closing(sqlite3.connect(trial.settings.data_dir / "hub.db")) as raw:
        last: int = raw.execute("SELECT max(seq) FROM anchors").fetchone()[0]
        return last


def test_the_hubs_staff_has_buttons_only_when_asked_for(trial: Trial) -> None:
    number = asyncio.run(push_one(trial))
    url = trial.settings.hub.url
    page = httpx2.get(f"{url}/orders/{number}", trust_env=False)
    assert page.text.count('action="/control/form"') == 5
    assert "催办" in page.text
    pressed = httpx2.post(
        f"{url}/control/form",
        data={"order_no": number, "kind": "order.urge"},
        trust_env=False,
        follow_redirects=False,
    )
    assert pressed.status_code == 303
    held = fetch(f"{url}/api/v1/orders/{number}")
    assert [entry["kind"] for entry in held["outgoing"]] == ["order.urge"]
    wrong = {"order_no": number, "kind": "order.explode"}
    answer = httpx2.post(f"{url}/control/form", data=wrong, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unknown-message")
