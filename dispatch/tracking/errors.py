"""Errors of tracking. Messages are Chinese: citizens read them.

HotlineError
 ├─ NotFoundError
 │   └─ LinkError             no link of ours, or of another purpose
 ├─ LinkExpiredError          the link's time is over, or its order is gone
 └─ InputError
     └─ RatingInputError      a field of a rating is wrong
"""

from hotline.errors import HotlineError, InputError, NotFoundError


class LinkError(NotFoundError):
    """This is no link of ours, or it was changed."""

    code = "bad-link"


class LinkExpiredError(HotlineError):
    """The link's time is over, or what it led to is gone."""

    code = "link-expired"
    status = 410


class RatingInputError(InputError):
    """A field of a rating is wrong; the message names it and the mend."""

    code = "bad-rating"
