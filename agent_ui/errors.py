"""Errors of the pages, below ``hotline.errors.HotlineError``.

PageError
 └─ NoSuchCallError    404: the call is over, or not this person's
"""

from hotline.errors import HotlineError


class PageError(HotlineError):
    """Base of the pages' errors."""

    code = "page"


class NoSuchCallError(PageError):
    """The call is over, or it is not this person's."""

    code = "no-such-call"
    status = 404
