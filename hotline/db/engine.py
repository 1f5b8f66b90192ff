"""The database: one write thread on SQLite, a few on PostgreSQL, readers that never wait.

SQLite runs in WAL mode; writers take the write lock at once (``BEGIN IMMEDIATE``), so that a
transaction cannot fail half-way for want of it. Transactions are durable when ``write`` returns
(``synchronous=FULL``): an order number told to a caller survives a power cut.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.orm import Session

from hotline import metrics
from hotline.db.errors import DatabaseBusyError, DatabaseDownError, DatabaseFullError
from hotline.errors import HotlineError
from hotline.settings import Settings

log = structlog.get_logger(__name__)
T = TypeVar("T")

_BUSY_MS = 10_000
_READERS = 4
_PG_WRITERS = 4
_SCRUBBED = (
    "calls, turns, orders, order_events, outbox, callbacks, notices, ratings, opt_outs, people"
)


class Database:
    """Opens, migrates and closes the database of one process, and runs work on it.

    ``write`` and ``read`` take a plain function of a Session, run it in a thread inside one
    transaction, and give back what it returns (plain data, not table rows).
    """

    def __init__(self, settings: Settings, *, url: str | None = None) -> None:
        self.url: URL = _driver(make_url(url or settings.db_url))
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._write_pool: ThreadPoolExecutor | None = None
        self._read_pool: ThreadPoolExecutor | None = None

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_open(self) -> bool:
        """Between ``open`` and ``close``."""
        return self._writer is not None

    def open(self) -> "Database":
        """Connect. Raises DatabaseDownError. Does not create tables: see ``migrate``."""
        if self.is_open:
            return self
        if self.is_sqlite:
            path = Path(self.url.database or "")
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.touch(mode=0o600)
            self._writer = _sqlite_engine(self.url, writer=True)
            self._reader = _sqlite_engine(self.url, writer=False)
            writers = 1
        else:
            self._writer = _postgres_engine(self.url, _PG_WRITERS)
            self._reader = self._writer
            writers = _PG_WRITERS
        self._write_pool = ThreadPoolExecutor(writers, thread_name_prefix="db-write")
        self._read_pool = ThreadPoolExecutor(_READERS, thread_name_prefix="db-read")
        try:
            self.write_now(lambda session: None)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Finish queued work, disconnect. May be called twice."""
        for pool in (self._write_pool, self._read_pool):
            if pool is not None:
                pool.shutdown(wait=True)
        for engine in {self._writer, self._reader}:
            if engine is not None:
                engine.dispose()
        self._writer = self._reader = None
        self._write_pool = self._read_pool = None

    async def aclose(self) -> None:
        """``close`` without blocking the event loop."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> "Database":
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to ``revision``. Two processes at once: one waits for the other."""
        from hotline.db.migrate import run_migrations  # alembic is slow to import

        self._submit_write(lambda: self._guarded(lambda: run_migrations(self, revision))).result()

    async def write(self, fn: Callable[[Session], T]) -> T:
        """Run ``fn`` in one write transaction; durable on return.

        Cancelling the caller does not cancel the write: once asked for, it is done.
        Raises DatabaseBusyError, DatabaseDownError, DatabaseFullError and whatever ``fn`` raises
        (the transaction is rolled back).
        """
        future = self._submit_write(lambda: self._transact(fn, write=True))
        return await asyncio.shield(asyncio.wrap_future(future))

    async def read(self, fn: Callable[[Session], T]) -> T:
        """Run ``fn`` in one read-only transaction. Raises DatabaseDownError."""
        return await asyncio.wrap_future(self._submit_read(fn))

    def write_now(self, fn: Callable[[Session], T]) -> T:
        """``write`` for code without an event loop (commands, tests)."""
        return self._submit_write(lambda: self._transact(fn, write=True)).result()

    def read_now(self, fn: Callable[[Session], T]) -> T:
        """``read`` for code without an event loop."""
        return self._submit_read(fn).result()

    def scrub(self) -> None:
        """Clear what erased rows leave behind: SQLite's journal, PostgreSQL's dead tuples."""
        if self.is_sqlite:
            with closing(sqlite3.connect(self.url.database or "", timeout=_BUSY_MS / 1000)) as raw:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        engine = self.engine().execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"VACUUM {_SCRUBBED}"))

    def engine(self) -> Engine:
        """The write engine, for migrations and backups. Raises DatabaseDownError when closed."""
        if self._writer is None:
            raise DatabaseDownError("the database is not open")
        return self._writer

    def _submit_write(self, work: Callable[[], T]) -> "Future[T]":
        if self._write_pool is None:
            raise DatabaseDownError("the database is not open")
        return self._write_pool.submit(work)

    def _submit_read(self, fn: Callable[[Session], T]) -> "Future[T]":
        if self._read_pool is None:
            raise DatabaseDownError("the database is not open")
        return self._read_pool.submit(lambda: self._transact(fn, write=False))

    def _transact(self, fn: Callable[[Session], T], *, write: bool) -> T:
        engine = self._writer if write else self._reader
        began = time.perf_counter()

        def work() -> T:
            with Session(engine, expire_on_commit=False) as session:
                read_only = not write and not self.is_sqlite
                options = {"postgresql_readonly": True} if read_only else {}
                session.connection(execution_options=options)  # begins, and takes the lock
                result = fn(session)
                if write:
                    session.commit()
                return result

        try:
            return self._guarded(work)
        except IntegrityError:
            # another process wrote the same key between our look and our write: look again
            return self._guarded(work)
        finally:
            kind = "write" if write else "read"
            metrics.DB_SECONDS.labels(kind).observe(time.perf_counter() - began)

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except DBAPIError as error:
            known = isinstance(error, OperationalError | InterfaceError)
            if not known and type(error) is not DatabaseError:
                raise  # ours to mend: a wrong statement, a broken constraint
            typed = _typed(error)
            metrics.DB_ERRORS.labels(typed.code).inc()
            log.error("database_unavailable", code=typed.code)
            raise typed from None


def _typed(error: DBAPIError) -> HotlineError:
    words = str(error.orig)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == "53100":
        return DatabaseFullError("the database's disk is full: free space, then try again")
    if "locked" in words or "busy" in words:
        return DatabaseBusyError("another process holds the database; try again")
    return DatabaseDownError(f"the database cannot be used now ({type(error.orig).__name__})")


def _driver(url: URL) -> URL:
    """psycopg 3 is our driver for any way of writing a PostgreSQL address."""
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _sqlite_engine(url: URL, *, writer: bool) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten in the file
        if not writer:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _postgres_engine(url: URL, writers: int) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=writers + _READERS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
    )
