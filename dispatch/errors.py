"""Errors of dispatch.

HotlineError
 ├─ InputError
 │   ├─ IntakeError             an intake document is wrong (field and mend)
 │   └─ IdempotencyConflictError  the key was used for another document
 ├─ NotFoundError
 │   ├─ OrderNotFoundError      no such order
 │   └─ LetterNotFoundError     no such dead letter
 ├─ StepError                   the order's state does not allow the step
 └─ NumbersExhaustedError       a day's 99,999 order numbers are used up
"""

from hotline.errors import HotlineError, InputError, NotFoundError


class IntakeError(InputError):
    """An intake document is wrong; ``field`` names where, the message how to mend it."""

    code = "bad-intake"


class IdempotencyConflictError(InputError):
    """The idempotency key belongs to an order with other content."""

    code = "idempotency-conflict"
    status = 409


class OrderNotFoundError(NotFoundError):
    """There is no such order, or not for this caller."""

    code = "order-not-found"


class LetterNotFoundError(NotFoundError):
    """There is no such dead letter."""

    code = "letter-not-found"


class StepError(HotlineError):
    """The order's state does not allow this step."""

    code = "step-not-allowed"
    status = 409


class NumbersExhaustedError(HotlineError):
    """All order numbers of the day are used up."""

    code = "numbers-exhausted"
    status = 503
