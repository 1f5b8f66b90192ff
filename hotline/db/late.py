"""Work put off to the end of a transaction: just before its commit, or just after.

Both belong to the transaction: what a rolled-back savepoint (or transaction) put off is forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

log = structlog.get_logger(__name__)
_KEY = "hotline.late"


@dataclass(slots=True)
class _Late:
    before: list[tuple[SessionTransaction | None, Callable[[], None]]] = field(default_factory=list)
    after: list[tuple[SessionTransaction | None, Callable[[], None]]] = field(default_factory=list)


def before_commit(session: Session, work: Callable[[], None]) -> None:
    """Do ``work`` (with this session) when everything else of the transaction is done.

    For what takes a lock others wait for: taken last, no two transactions can lock crosswise.
    """
    _of(session).before.append((session.get_nested_transaction(), work))


def after_commit(session: Session, work: Callable[[], None]) -> None:
    """Do ``work`` once the transaction is committed, in the database's thread.

    It must not block, use the session, or raise (what it raises is logged).
    """
    _of(session).after.append((session.get_nested_transaction(), work))


def _of(session: Session) -> _Late:
    late = cast("_Late | None", session.info.get(_KEY))
    if late is None:
        late = session.info[_KEY] = _Late()
        event.listen(session, "before_commit", _before)
        event.listen(session, "after_commit", _after)
        event.listen(session, "after_soft_rollback", _forget)
    return late


def _before(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint is released
    late = _of(session)
    while late.before:
        late.before.pop(0)[1]()


def _after(session: Session) -> None:
    if session.in_nested_transaction():
        return
    late = _of(session)
    while late.after:
        try:
            late.after.pop(0)[1]()
        except Exception as error:  # noqa: BLE001 - the data are safe; nobody could mend it here
            log.error("after_commit_failed", error=type(error).__name__)


def _forget(session: Session, ended: SessionTransaction) -> None:
    late = _of(session)
    for entries in (late.before, late.after):
        kept = [entry for entry in entries if ended.nested and entry[0] is not ended]
        entries[:] = kept
