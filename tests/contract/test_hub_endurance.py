"""The push under stress, in small: every failure and kill -9, a day's backlog, TLS, resets.

The large versions are ``benchmarks.hub_chaos`` and ``benchmarks.hub_push``.
"""

import asyncio
import ipaddress
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hubkit import SECRET, Hub, an_intake, free_port
from sqlalchemy import select
from sqlmodel import col

from benchmarks import hub_sender
from benchmarks.hub_bench import HubProcess, Place, file_orders, outbox_states
from benchmarks.hub_chaos import add_steps, compare, run_chaos
from dispatch.hub.client import HubClient
from dispatch.hub.errors import HubDownError
from dispatch.hub.outbox_rows import claim
from dispatch.hub.outgoing import Outgoing
from dispatch.hub.pusher import HubPusher
from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM, machine_rights
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from hotline.db import Database
from hotline.db.tables import OrderRow, OutboxRow
from hotline.domain.events import Event
from hotline.errors import SettingsError
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.settings_orders import HubSettings

pytestmark = [pytest.mark.contract, pytest.mark.timeout(280)]
pytest_plugins = ("pg", "hubfix")
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)


@pytest.fixture
def where(settings: Settings, db: Database, ring: KeyRing, tmp_path: Path) -> Iterator[Place]:
    hub = HubProcess(free_port(), tmp_path / "hub.db")
    hub.start()
    yield Place(settings, db, ring, hub)
    hub.kill()


def test_nothing_is_lost_doubled_or_out_of_order_whatever_fails(where: Place) -> None:
    numbers = file_orders(where, 60)
    add_steps(where, numbers)
    kills = run_chaos(where, share=0.15, kill_s=3.0, hub_kill_s=8.0, seed=12348)
    verdict = compare(where)
    assert (verdict.lost, verdict.doubled, verdict.out_of_order) == (0, 0, 0)
    assert kills > 0
    assert outbox_states(where.db) == {"sent": 100}


def test_two_sender_processes_share_a_backlog(where: Place) -> None:
    file_orders(where, 400)
    senders = [hub_sender.start(where.settings, where.hub.settings) for _ in range(2)]
    while outbox_states(where.db).get("pending"):
        assert all(sender.poll() is None for sender in senders)
        time.sleep(0.05)
    shares = [hub_sender.end(sender) for sender in senders]
    assert sum(shares) == 400
    assert where.hub.get("/api/v1/summary") == {"messages": 400, "orders": 400, "repeats": 0}


async def test_new_callers_are_taken_beside_a_days_backlog(db: Database, ring: KeyRing) -> None:
    desk = OrderDesk(db, ring, machine_rights, Effects(outbox=Outgoing(ring, "t")))
    intake = IntakeDesk(db, ring, "t", desk=desk)
    old = []
    for hour in range(24):
        view = await intake.receive(an_intake(), NOW - timedelta(hours=24 - hour))
        old.append(view.order_no)
        await desk.step(view.order_no, "urged", SYSTEM, {}, NOW)  # newer, but behind its first
    new = [(await intake.receive(an_intake(), NOW)).order_no for _ in range(3)]
    first = await db.write(lambda s: [x.order_no for x in claim(s, ring, "w", 8, NOW, 60)])
    assert set(first) == {*new, old[-1], *old[:4]}
    assert first[:2] == [new[-1], old[0]], "in turn: the newest, the oldest"
    rest = await db.write(lambda s: [x.order_no for x in claim(s, ring, "w", 100, NOW, 60)])
    assert sorted(rest) == sorted(old[4:-1]), "each order's first message only"
    again = await db.write(lambda s: claim(s, ring, "w2", 100, NOW, 60))
    assert again == [], "nobody else gets them"


async def test_the_hub_comes_back_and_whoever_calls_now_is_not_behind_the_backlog(
    where: Place,
) -> None:
    file_orders(where, 400, datetime.now(UTC) - timedelta(days=1))
    came: list[str] = []
    changed = asyncio.Event()

    def heard(event: Event) -> None:
        if event.name == "order.acknowledged":
            came.append(event.key)
        changed.set()

    async def until(count: int) -> None:
        while len(came) < count:
            changed.clear()
            await changed.wait()

    settings = where.hub.settings.model_copy(update={"slots": 4})
    pusher = HubPusher(where.db, where.ring, settings, publish=heard)
    desk = IntakeDesk(where.db, where.ring, "hotline-12348", on_filed=lambda _: pusher.wake())
    await asyncio.to_thread(where.hub.kill)
    task = asyncio.create_task(pusher.run())
    async with asyncio.timeout(200):
        await changed.wait()  # hub.down
        await asyncio.to_thread(where.hub.start)
        await until(20)
        order = await desk.receive(an_intake(), datetime.now(UTC))
        await until(401)
    pusher.stop()
    await task
    assert came.index(order.order_no) < 300, "not last"
    assert len(set(came)) == 401


async def test_a_cut_connection_is_cut_and_a_time_out_times_out(hub: Hub) -> None:
    settings = hub.settings.model_copy(update={"timeout_s": 0.3})
    async with HubClient(settings) as client:
        for mode, reason in (("reset", "connection-lost"), ("timeout-after", "timeout")):
            await asyncio.to_thread(hub.fail, mode, 1, 2.0)
            with pytest.raises(HubDownError) as down:
                await client.call("POST", "/api/v1/messages", b"{}")
            assert down.value.reason == reason


async def test_how_an_order_stands_with_the_hub_follows_all_its_messages(
    db: Database, ring: KeyRing, hub: Hub
) -> None:
    desk = OrderDesk(db, ring, machine_rights, Effects(outbox=Outgoing(ring, "t")))
    number = (await IntakeDesk(db, ring, "t", desk=desk).receive(an_intake(), NOW)).order_no
    pusher = HubPusher(db, ring, hub.settings)
    task = asyncio.create_task(pusher.run())

    async def stands() -> tuple[str, str | None]:
        row = await db.read(lambda s: s.get_one(OrderRow, number))
        return row.hub_state, row.hub_receipt

    async with asyncio.timeout(30):
        while (await stands())[0] != "acknowledged":  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)
        first = (await stands())[1]
        await asyncio.to_thread(hub.kill)
        await desk.step(number, "urged", SYSTEM, {}, datetime.now(UTC))
        assert await stands() == ("pending", first)
        await asyncio.to_thread(hub.start)
        while (await stands())[0] != "acknowledged":  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)
    pusher.stop()
    await task
    assert (await stands())[1] == first, "the receipt of the order is that of its first message"
    receipts = select(col(OutboxRow.receipt)).order_by(col(OutboxRow.seq))
    assert len(set(await db.read(lambda s: list(s.scalars(receipts))))) == 2


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only its own file vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, secret


async def test_the_hub_is_reached_over_tls_and_a_strange_certificate_is_not_trusted(
    tmp_path: Path,
) -> None:
    cert, key = _certificate(tmp_path)
    hub = HubProcess(free_port(), tmp_path / "hub.db", cert, key)
    await asyncio.to_thread(hub.start)
    try:
        plain = HubSettings(url=f"https://127.0.0.1:{hub.port}", secret=SECRET)
        async with HubClient(plain) as client:
            with pytest.raises(HubDownError) as down:
                await client.call("POST", "/api/v1/messages", b"{}")
            assert down.value.reason == "certificate"
        async with HubClient(plain.model_copy(update={"ca_file": cert})) as client:
            assert (await client.call("GET", "/healthz")).data == {"status": "ok"}
        with pytest.raises(SettingsError, match=r"hub\.ca_file"):
            async with HubClient(plain.model_copy(update={"ca_file": tmp_path / "none.pem"})):
                pass
    finally:
        hub.kill()
