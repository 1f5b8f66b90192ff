"""Erasure, retention, key rotation, backup: over both databases, with real recordings."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hubkit import an_intake

from dispatch.hub.outbox_rows import claim
from dispatch.intake import IntakeDesk
from dispatch.progress import Progress
from hotline.backup import (
    BackupError,
    WouldOverwriteError,
    backup,
    backup_keys,
    check_backup,
    restore,
)
from hotline.db.audit_content import changed_records
from hotline.db.erase import erase_person
from hotline.db.opening import Store, open_store
from hotline.db.rekey import finish_rotation, reseal_all, rotate_keys
from hotline.db.retention import purge
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from hotline.errors import InputError, SetupError
from hotline.privacy import KeyRing
from hotline.privacy.errors import UnknownKeyError
from hotline.privacy.recording import BYTES_PER_SECOND, RecordingReader, RecordingWriter
from hotline.settings import Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
PHONE, OTHER = "13955512345", "13955567890"


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    opened = await asyncio.to_thread(open_store, settings)
    yield opened
    await opened.aclose()


async def a_call(store: Store, number: int, phone: str | None = PHONE, **changed: object) -> str:
    """A whole call with a turn and a recording."""
    call_id = f"CALL{number:022d}"
    record = CallRecord(
        call_id=call_id,
        channel_id=f"1772676000.{number}",
        caller_number=phone,
        started_at=NOW,
        answered_at=NOW,
        ended_at=None,
        outcome=None,
        recording=f"{call_id}.rec",
    )
    record = replace(record, **changed)  # type: ignore[arg-type]
    await store.calls.start(record)
    await store.calls.add_turn(call_id, Turn(0, Speaker.CALLER, f"我的电话是{phone}", 0, 1))
    await store.calls.finish(call_id, CallOutcome.ORDER_FILED, record.started_at)
    path = store.settings.recordings_dir / f"{call_id}.rec"
    with RecordingWriter(path, store.ring) as writer:
        writer.write(os.urandom(BYTES_PER_SECOND))
    return call_id


def desk(store: Store) -> IntakeDesk:
    return IntakeDesk(store.db, store.ring, "hotline-12348")


def recordings(store: Store) -> set[str]:
    return {path.name for path in store.settings.recordings_dir.iterdir()}


def on_disk(store: Store) -> bytes:
    """All of SQLite's file and its journal."""
    file = Path(store.db.url.database or "")
    return file.read_bytes() + Path(f"{file}-wal").read_bytes()


async def test_one_person_is_erased_and_the_chain_still_holds(store: Store) -> None:
    mine, theirs = await a_call(store, 1), await a_call(store, 2, OTHER)
    hidden = await a_call(store, 3, None)  # number withheld, but the order names the person
    order = await desk(store).receive(an_intake(contact_phone=PHONE, call_id=hidden), NOW)
    kept = await desk(store).receive(an_intake(contact_phone=OTHER, caller_number=OTHER), NOW)
    report = await erase_person(
        store.db, store.ring, store.settings, phone="+86 139 5551 2345", actor="dpo", now=NOW
    )
    assert (report.calls, report.orders, report.recordings, report.hub_told) == (2, 1, 2, 0)
    for call_id in (mine, hidden):
        call = await store.calls.get(call_id, reveal=True)
        assert (call.caller_number, call.turns[0].text) == (None, "")
        assert call.outcome is CallOutcome.ORDER_FILED, "what is no personal data stays"
    assert (await store.calls.get(theirs, reveal=True)).caller_number == OTHER
    progress = Progress(store.db, store.ring)
    assert await progress.latest_of_phone(PHONE) == []
    assert (await progress.by_number(order.order_no)).title == order.title
    assert (await progress.by_phone(OTHER, kept.order_no[-4:])).order_no == kept.order_no
    assert recordings(store) == {f"{theirs}.rec"}
    assert (await store.audit.verify()).ok
    assert await changed_records(store.db, store.ring) == []
    again = await erase_person(
        store.db, store.ring, store.settings, phone=PHONE, actor="dpo", now=NOW
    )
    assert (again.calls, again.orders) == (0, 0)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_nothing_of_an_erased_person_is_left_in_the_database_file(store: Store) -> None:
    await a_call(store, 1)
    found = await store.db.read(
        lambda session: (
            session.connection()
            .exec_driver_sql(
                "SELECT row_key, caller_enc, text_enc FROM calls JOIN turns USING (call_id)"
            )
            .one()
        )
    )
    before = on_disk(store)
    assert all(blob in before for blob in found)
    await erase_person(store.db, store.ring, store.settings, phone=PHONE, actor="dpo", now=NOW)
    after = on_disk(store)
    assert not any(blob in after for blob in found)


async def test_orders_are_found_by_id_number_and_the_hub_is_told(store: Store) -> None:
    number = "11010519491231002X"
    order = await desk(store).receive(
        an_intake(contact_phone=None, caller_number=None, extra={"id_number": number}), NOW
    )
    await store.db.write(lambda s: claim(s, store.ring, "w/1/x", 5, NOW, 60) and None)
    report = await erase_person(
        store.db, store.ring, store.settings, id_number=number.lower(), actor="dpo", now=NOW
    )
    assert (report.orders, report.hub_told) == (1, 1)
    [letter] = await store.db.write(lambda s: claim(s, store.ring, "w", 5, NOW, 60))
    assert (letter.kind, letter.key) == ("order.erased", f"{order.order_no}-2")
    assert number not in letter.body.decode()


async def test_erasing_wants_a_real_number(store: Store) -> None:
    for wrong in ({"phone": "x"}, {"id_number": "1"}, {}):
        with pytest.raises(InputError):
            await erase_person(store.db, store.ring, store.settings, actor="x", now=NOW, **wrong)


async def test_retention_deletes_what_is_old_and_nothing_else(store: Store) -> None:
    days = store.settings.privacy
    ages = {1: 1, 2: days.keep_recordings_days + 1, 3: days.keep_records_days + 1}
    for number, age in ages.items():
        await a_call(store, number, started_at=NOW - timedelta(days=age), answered_at=None)
    going_on = CallRecord("OPEN", "9.9", None, NOW - timedelta(days=4000), None, None, None)
    await store.calls.start(going_on)
    old = NOW - timedelta(days=days.keep_orders_days + 1)
    waiting = await desk(store).receive(an_intake(), old)
    report = await purge(store.db, store.ring, store.settings, NOW)
    assert (report.calls, report.orders, report.recordings) == (1, 0, 2)
    assert {call.call_id[-1] for call in await store.calls.recent(9)} == {"1", "2", "N"}
    assert (await store.calls.get("CALL0000000000000000000002")).recording is None
    assert recordings(store) == {"CALL0000000000000000000001.rec"}
    progress = Progress(store.db, store.ring)
    assert (await progress.by_number(waiting.order_no)).order_no == waiting.order_no
    assert (await store.audit.verify()).ok
    assert (await purge(store.db, store.ring, store.settings, NOW)).calls == 0


async def test_rotation_leaves_nothing_under_the_old_key(store: Store) -> None:
    calls = [await a_call(store, number) for number in range(3)]
    order = await desk(store).receive(an_intake(), NOW)
    assert rotate_keys(store.db, store.ring, "sm4-gcm") == "d2"
    newer = await a_call(store, 7)
    report = await finish_rotation(store.db, store.ring, store.settings.recordings_dir)
    assert (report.rows, report.recordings, report.unreadable) == (5, 3, ())
    assert set(store.ring.fingerprints()) == {"d2"}
    for call_id in (*calls, newer):
        assert (await store.calls.get(call_id, reveal=True)).caller_number == PHONE
        reader = RecordingReader(store.settings.recordings_dir / f"{call_id}.rec", store.ring)
        assert reader.check().complete
    [letter] = await store.db.write(lambda s: claim(s, store.ring, "w", 5, NOW, 60))
    assert letter.order_no == order.order_no
    assert (await reseal_all(store.db, store.ring, store.settings.recordings_dir)).rows == 0
    assert await changed_records(store.db, store.ring) == []
    assert (await asyncio.to_thread(open_store, store.settings)).db.close() is None


async def test_an_unreadable_recording_keeps_the_old_key(store: Store) -> None:
    await a_call(store, 1)
    (store.settings.recordings_dir / "junk.rec").write_bytes(b"junk")
    rotate_keys(store.db, store.ring)
    report = await finish_rotation(store.db, store.ring, store.settings.recordings_dir)
    assert report.unreadable == ("junk.rec",)
    assert set(store.ring.fingerprints()) == {"d1", "d2"}


async def test_a_backup_comes_back_whole_on_another_machine(store: Store, tmp_path: Path) -> None:
    settings = store.settings
    kept, gone = await a_call(store, 1, OTHER), await a_call(store, 2, PHONE)
    order = await desk(store).receive(an_intake(contact_phone=OTHER, caller_number=OTHER), NOW)
    await store.audit.anchor()
    target = tmp_path / "backup"
    report = await asyncio.to_thread(backup, settings, target)
    assert report.files >= 3
    with pytest.raises(WouldOverwriteError):
        await asyncio.to_thread(backup, settings, target)
    assert not list(target.rglob("keys*.json"))
    backup_keys(settings, tmp_path / "keys-apart.json")
    await erase_person(store.db, store.ring, settings, phone=PHONE, actor="dpo", now=NOW)
    later = await a_call(store, 3, OTHER)
    await store.aclose()
    with pytest.raises(WouldOverwriteError):
        await asyncio.to_thread(restore, settings, target)

    done = await asyncio.to_thread(restore, settings, target, overwrite=True)
    assert done.erased_again == 1, "who was erased since stays erased"
    back = await asyncio.to_thread(open_store, settings)
    try:
        assert (await back.calls.get(kept, reveal=True)).caller_number == OTHER
        assert (await back.calls.get(gone, reveal=True)).caller_number is None
        assert later not in {call.call_id for call in await back.calls.recent(9)}
        assert RecordingReader(settings.recordings_dir / f"{kept}.rec", back.ring).check().complete
        assert not (settings.recordings_dir / f"{gone}.rec").exists()
        assert (await back.audit.verify()).ok
        assert await changed_records(back.db, back.ring) == []
        assert (await Progress(back.db, back.ring).by_number(order.order_no)).hub_receipt is None
        after = await desk(back).receive(an_intake(), NOW)
        assert after.order_no > order.order_no, "numbers and ids go on behind the restored ones"
        assert await a_call(back, 9)
    finally:
        await back.aclose()


async def test_a_backup_without_its_keys_or_damaged_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    await a_call(store, 1)
    target = tmp_path / "backup"
    await asyncio.to_thread(backup, store.settings, target)
    elsewhere = Settings(data_dir=tmp_path / "new")
    with pytest.raises(SetupError, match="key ring that belongs"):
        restore(elsewhere, target)
    KeyRing.create(elsewhere.keys_path)
    with pytest.raises(SetupError, match="not the key ring of this backup"):
        restore(elsewhere, target)
    recording = target / "recordings" / "CALL0000000000000000000001.rec"
    recording.write_bytes(recording.read_bytes()[:-1])
    with pytest.raises(BackupError, match=r"\.rec is missing or damaged"):
        check_backup(target)
    with pytest.raises(BackupError, match="not a finished backup"):
        restore(store.settings, tmp_path)
    assert len(await store.calls.recent(9)) == 1


_RECORDER = """
import sys, os
from pathlib import Path
from hotline.privacy import KeyRing
from hotline.privacy.recording import RecordingWriter
ring = KeyRing(Path(sys.argv[1]))
writer = RecordingWriter(Path(sys.argv[2]), ring)
for number in range(10**9):
    writer.write(bytes([number % 256]) * 640)
    if number % 100 == 99: print(number // 100, flush=True)
"""


def test_a_recorder_killed_9_leaves_a_readable_recording(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keys.json")
    path = tmp_path / "call.rec"
    command = [sys.executable, "-c", _RECORDER, str(ring.path), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seconds = int(line)
            if seconds >= 20:
                os.kill(process.pid, signal.SIGKILL)
                break
    state = RecordingReader(path, ring).check()
    assert not state.complete
    assert state.seconds >= seconds
    with RecordingWriter(path, ring, resume=True) as writer:
        writer.write(bytes(640))
    assert RecordingReader(path, ring).check().complete


def test_a_killed_backup_is_no_backup(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "database.sqlite3").write_bytes(b"")
    with pytest.raises(BackupError, match="not a finished backup"):
        check_backup(folder)


def test_opening_with_a_retired_key_missing_is_refused(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keys.json")
    blob = ring.seal(b"x", b"y")
    ring.rotate()
    ring.retire("d1")
    with pytest.raises(UnknownKeyError):
        ring.unseal(blob, b"y")
