"""Errors of dispatch.

HotlineError
 ├─ InputError
 │   ├─ IntakeError             an intake document is wrong (field and mend)
 │   ├─ IdempotencyConflictError  the key was used for another document
 │   └─ ListQueryError          a list was asked for wrongly
 ├─ NotFoundError
 │   ├─ OrderNotFoundError      no such order
 │   └─ LetterNotFoundError     no such dead letter
 ├─ StepError                   a step was refused; nothing has changed
 │   ├─ StepUnknownError        there is no such step
 │   ├─ StepForbiddenError      the right for it is not held there
 │   ├─ NotYourOrderError       somebody else's order
 │   ├─ FieldMissingError       the step needs another field
 │   ├─ FieldWrongError         a field cannot be so (field and mend)
 │   ├─ OrderChangedError       the order is newer than the one seen
 │   ├─ AlreadyClaimedError     somebody else was faster
 │   ├─ ReturnTooLateError      more than two working days since it was assigned
 │   ├─ AlreadyRatedError       rated since it was last resolved
 │   └─ OrderErasedError        the party's data were erased
 └─ NumbersExhaustedError       a day's 99,999 order numbers are used up

Messages are Chinese where people at windows and seats, or their terminals, may read them.
"""

from hotline.errors import HotlineError, InputError, NotFoundError


class IntakeError(InputError):
    """An intake document is wrong; ``field`` names where, the message how to mend it."""

    code = "bad-intake"


class IdempotencyConflictError(InputError):
    """The idempotency key belongs to an order with other content."""

    code = "idempotency-conflict"
    status = 409


class ListQueryError(InputError):
    """A list was asked for wrongly (field and mend)."""

    code = "bad-query"


class OrderNotFoundError(NotFoundError):
    """There is no such order, or not for this caller."""

    code = "order-not-found"


class LetterNotFoundError(NotFoundError):
    """There is no such dead letter."""

    code = "letter-not-found"


class StepError(HotlineError):
    """A step was refused, here because the order's state does not allow it."""

    code = "step-not-allowed"
    status = 409

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class StepUnknownError(StepError):
    """There is no such step."""

    code = "step-unknown"
    status = 404


class StepForbiddenError(StepError):
    """The actor has not the right for this step, or not for this order's place."""

    code = "forbidden"
    status = 403


class NotYourOrderError(StepError):
    """Only the order's own handler (or whoever was asked) may take this step."""

    code = "not-your-order"
    status = 403


class FieldMissingError(StepError):
    """The step needs a field that was not given."""

    code = "field-missing"
    status = 422


class FieldWrongError(StepError):
    """A field's value cannot be so, or the step has no such field."""

    code = "field-wrong"
    status = 422


class OrderChangedError(StepError):
    """The order has changed since the actor saw it."""

    code = "order-changed"


class AlreadyClaimedError(StepError):
    """Somebody else claimed the order first, or it was given to somebody meanwhile."""

    code = "already-claimed"


class ReturnTooLateError(StepError):
    """The time in which an order may be given back is over."""

    code = "return-too-late"


class AlreadyRatedError(StepError):
    """The party has rated this result before."""

    code = "already-rated"


class OrderErasedError(StepError):
    """The party had their data erased; the order can only be brought to its end."""

    code = "order-erased"
    status = 410


class NumbersExhaustedError(HotlineError):
    """All order numbers of the day are used up."""

    code = "numbers-exhausted"
    status = 503
