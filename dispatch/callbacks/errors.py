"""Errors of the list of people to ring. Messages are Chinese: agents and handlers read them.

HotlineError
 ├─ NotFoundError
 │   └─ RingNotFoundError     no such entry, or not for this actor
 ├─ RingTakenError            somebody else is ringing this person, or it is over
 └─ InputError
     └─ RingInputError        a field of the result is wrong
"""

from hotline.errors import HotlineError, InputError, NotFoundError


class RingNotFoundError(NotFoundError):
    """There is no such entry, or it is not this actor's to see."""

    code = "ring-not-found"


class RingTakenError(HotlineError):
    """Somebody else has it in hand, or it is finished."""

    code = "ring-taken"
    status = 409


class RingInputError(InputError):
    """A field of the result is wrong; the message names it and the mend."""

    code = "bad-ring-result"
