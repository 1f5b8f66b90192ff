"""Errors of the roster.

InputError
 ├─ DutyInputError     a duty is wrong (field and mend)
 └─ DutyOverlapError   the person is on duty then already
NotFoundError
 └─ DutyNotFoundError
"""

from hotline.errors import InputError, NotFoundError


class DutyInputError(InputError):
    """A duty is wrong; ``field`` names where, the message how to mend it."""

    code = "bad-duty"


class DutyOverlapError(DutyInputError):
    """The person is on duty at that time already."""

    code = "duty-overlap"
    status = 409


class DutyNotFoundError(NotFoundError):
    """There is no such duty."""

    code = "duty-not-found"
