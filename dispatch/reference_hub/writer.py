"""One writer for the reference hub's file: many requests share one commit.

A commit waits for the disk (5 ms are usual); one for each message would hold the hub, and with it
every sender's backlog, at 200 messages a second.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 256
"""Pieces of work in one commit at most."""
_Job = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


class GroupWriter:
    """Runs pieces of work in a thread of its own, each in a savepoint, many in one transaction."""

    def __init__(self, db: sqlite3.Connection, lock: threading.Lock) -> None:
        """``db``: without transactions of its own; ``lock``: held while it is used."""
        self._db = db
        self._lock = lock
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hub-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        """The future is done when the work is on the disk, or has raised (then it left nothing)."""
        future: Future[T] = Future()
        self._jobs.put((work, future))
        return future

    def close(self) -> None:
        """Finish what was submitted."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            jobs, going = self._gather()
            if jobs:
                self._commit(jobs)

    def _gather(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        entry = self._jobs.get()
        while entry is not None:
            jobs.append(entry)
            if len(jobs) >= _MOST or self._jobs.empty():
                return jobs, True
            entry = self._jobs.get()
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> None:
        ends: list[Callable[[], None]] = []
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for work, future in jobs:
                    ends.append(self._one(work, future))
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                for _, future in jobs:
                    future.set_exception(error)
                return
        for end in ends:
            end()

    def _one(
        self, work: Callable[[sqlite3.Connection], Any], future: "Future[Any]"
    ) -> Callable[[], None]:
        self._db.execute("SAVEPOINT one")
        try:
            result = work(self._db)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever submitted the work
            failure = error
            self._db.execute("ROLLBACK TO one")
            self._db.execute("RELEASE one")
            return lambda: future.set_exception(failure)
        self._db.execute("RELEASE one")
        return lambda: future.set_result(result)
