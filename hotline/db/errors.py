"""Errors of the database.

HotlineError
 ├─ UnavailableError
 │   ├─ DatabaseDownError     cannot be reached or opened
 │   ├─ DatabaseBusyError     another process holds the write lock too long
 │   └─ DatabaseFullError     no disk space left
 ├─ InputError
 │   └─ DuplicateCallError    the channel already has a record
 └─ NotFoundError
     └─ CallNotFoundError     no such call
"""

from hotline.errors import InputError, NotFoundError, UnavailableError


class DatabaseDownError(UnavailableError):
    """The database cannot be reached or opened."""

    code = "database-down"


class DatabaseBusyError(UnavailableError):
    """Another process holds the write lock for too long."""

    code = "database-busy"


class DatabaseFullError(UnavailableError):
    """The disk of the database is full."""

    code = "database-full"


class DuplicateCallError(InputError):
    """The channel already has a record under another call id."""

    code = "duplicate-call"


class CallNotFoundError(NotFoundError):
    """There is no call with this id."""

    code = "call-not-found"
