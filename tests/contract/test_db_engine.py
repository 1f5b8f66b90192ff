"""The database itself: migrations, one writer, no leaks, kill -9."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from hotline.db import Database
from hotline.db.errors import DatabaseBusyError, DatabaseDownError, DatabaseFullError
from hotline.db.migrate import current_revision, head_revision
from hotline.db.opening import open_store
from hotline.db.tables import OrderCounterRow, Table
from hotline.privacy import KeyRing
from hotline.privacy.errors import KeysMissingError
from hotline.settings import Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)


def add(session: Session, day: str, last: int = 1) -> None:
    session.add(OrderCounterRow(day=day, last=last))


def test_the_migrations_make_exactly_the_tables_of_the_program(db: Database) -> None:
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
        assert current_revision(connection) == head_revision()


def test_migrations_go_down_and_up_again(db: Database) -> None:
    db.migrate("base")
    with db.engine().connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    db.migrate()
    db.migrate()
    db.write_now(lambda session: add(session, "20260305"))


async def test_a_failed_transaction_leaves_nothing(db: Database) -> None:
    def work(session: Session) -> None:
        add(session, "20260305")
        session.flush()
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await db.write(work)
    assert await db.read(lambda session: session.get(OrderCounterRow, "20260305")) is None


async def test_readers_cannot_write_and_do_not_wait_for_a_writer(db: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        add(session, "20260305")
        session.flush()
        inside.set()
        go_on.wait(20)

    writing = asyncio.create_task(db.write(slow))
    await asyncio.to_thread(inside.wait, 20)
    began = time.monotonic()
    assert await db.read(lambda session: session.get(OrderCounterRow, "20260305")) is None
    assert time.monotonic() - began < 5
    go_on.set()
    await writing
    with pytest.raises(Exception, match=r"read-only|readonly|cannot be used"):
        await db.read(lambda session: (add(session, "20260306"), session.flush()))


async def test_a_cancelled_caller_does_not_undo_a_write(db: Database) -> None:
    began, go_on = threading.Event(), threading.Event()

    def work(session: Session) -> None:
        began.set()
        go_on.wait(20)
        add(session, "20260305")

    task = asyncio.create_task(db.write(work))
    await asyncio.to_thread(began.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await db.write(lambda session: None)
    assert await db.read(lambda session: session.get(OrderCounterRow, "20260305")) is not None


async def test_the_loop_is_never_blocked(db: Database) -> None:
    longest, last = 0.0, time.monotonic()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.005)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    task = asyncio.create_task(beat())
    sleeper = "SELECT pg_sleep(0.5)" if not db.is_sqlite else None

    def work(session: Session) -> None:
        if sleeper:
            session.execute(text(sleeper))
        else:
            time.sleep(0.5)

    await db.write(work)
    task.cancel()
    assert longest < 0.4


def test_opening_and_closing_leaks_nothing(settings: Settings) -> None:
    with Database(settings) as first:
        first.migrate()
    me = psutil.Process()
    files, threads = me.num_fds(), me.num_threads()
    for _ in range(50):
        with Database(settings) as database:
            database.write_now(lambda session: None)
            database.read_now(lambda session: session.scalar(select(OrderCounterRow.last)))
        database.close()
    assert me.num_fds() <= files + 1
    assert me.num_threads() <= threads + 1
    with pytest.raises(DatabaseDownError):
        database.read_now(lambda session: None)


def test_two_processes_migrate_at_once(settings: Settings) -> None:
    code = (
        "import sys; from pathlib import Path; from hotline.settings import Settings;"
        "from hotline.db import Database;"
        "s=Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2] or None);"
        "d=Database(s).open(); d.migrate(); d.close()"
    )
    command = [sys.executable, "-c", code, str(settings.data_dir), settings.database_url or ""]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(90) for process in both] == [0, 0]


def test_an_unreachable_database_is_a_typed_error(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/none?host={tmp_path}"
    with pytest.raises(DatabaseDownError):
        Database(Settings(data_dir=tmp_path, database_url=url)).open()
    blocked = tmp_path / "file"
    blocked.write_text("not a database" * 100)
    with pytest.raises(DatabaseDownError):
        Database(Settings(data_dir=tmp_path, database_url=f"sqlite:///{blocked}")).open()


def test_a_full_disk_and_a_held_lock_are_typed_errors(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with Database(settings) as db:
        db.migrate()

        def fill(session: Session) -> None:
            session.execute(text("PRAGMA max_page_count=1"))  # rises to the present size
            session.execute(text("CREATE TABLE big (x TEXT)"))
            session.execute(text("INSERT INTO big VALUES (:x)"), {"x": "x" * 10_000_000})

        with pytest.raises(DatabaseFullError):
            db.write_now(fill)
        with Database(settings) as other:
            inside, go_on = threading.Event(), threading.Event()

            def hold(session: Session) -> None:
                inside.set()
                go_on.wait(30)

            holder = threading.Thread(target=lambda: other.write_now(hold))
            holder.start()
            inside.wait(10)
            began = time.monotonic()
            with pytest.raises(DatabaseBusyError):
                db.write_now(lambda session: None)
            assert time.monotonic() - began >= 9
            go_on.set()
            holder.join()


_WRITER = """
import asyncio, sys
from pathlib import Path
from hotline.settings import Settings
from hotline.db import Database
from hotline.db.tables import OrderCounterRow
db = Database(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2] or None)).open()
async def main():
    for number in range(100000):
        await db.write(lambda s: s.add(OrderCounterRow(day=f"{number:08d}", last=number)))
        print(number, flush=True)
asyncio.run(main())
"""


def test_what_was_written_survives_kill_9(db: Database, settings: Settings) -> None:
    command = [sys.executable, "-c", _WRITER, str(settings.data_dir), settings.database_url or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = int(line)
            if last >= 30:
                os.kill(process.pid, signal.SIGKILL)
                break
    kept = db.read_now(lambda s: set(s.scalars(select(OrderCounterRow.last))))
    assert set(range(last + 1)) <= kept


def test_a_database_without_its_keys_is_refused(settings: Settings, tmp_path: Path) -> None:
    store = open_store(settings)
    asyncio.run(store.aclose())
    keep = settings.keys_path.read_bytes()
    settings.keys_path.unlink()
    with pytest.raises(KeysMissingError, match="bring the key file back"):
        open_store(settings)
    assert not settings.keys_path.exists(), "no new ring may take the lost one's place"
    KeyRing.create(settings.keys_path)
    with pytest.raises(KeysMissingError, match="another or none"):
        open_store(settings)
    settings.keys_path.write_bytes(keep)
    settings.keys_path.chmod(0o600)
    asyncio.run(open_store(settings).aclose())
