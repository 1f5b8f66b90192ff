"""Errors of the call side, below ``hotline.errors.HotlineError``.

IvrError
 ├─ AriError                 Asterisk answered a request with an error
 │   ├─ AriNotFoundError     404: the channel or bridge is gone
 │   └─ AriConflictError     409/412/422: not in Stasis (any more), or not ready yet
 ├─ AriUnavailableError      the link is down or the answer did not come in time (retryable)
 ├─ AriLoginError            wrong user or password: no retry
 ├─ MediaError               the media socket is gone (retryable)
 └─ SeatStepError            409: a seat cannot do this in its state
"""

from hotline.errors import HotlineError


class IvrError(HotlineError):
    """Base of the call side's errors."""

    code = "ivr"


class AriError(IvrError):
    """Asterisk answered with an error status."""

    code = "ari-error"

    def __init__(self, method: str, path: str, status: int) -> None:
        # Asterisk's own text is left out: it may repeat a caller's number.
        super().__init__(f"Asterisk answered {status} to {method} {path}")
        self.http_status = status


class AriNotFoundError(AriError):
    """The thing asked about does not exist any more."""

    code = "ari-not-found"


class AriConflictError(AriError):
    """The thing is not in a state for this request."""

    code = "ari-conflict"


class AriUnavailableError(IvrError):
    """The ARI link is down, or Asterisk did not answer in time."""

    code = "ari-unavailable"
    retryable = True
    status = 503


class AriLoginError(IvrError):
    """Asterisk refused our user or password; retrying does not help."""

    code = "ari-login"


class MediaError(IvrError):
    """The media socket is gone."""

    code = "media"
    retryable = True


class SeatStepError(IvrError):
    """The seat cannot do this now; the message says why, in the words of the panel."""

    code = "seat-step"
    status = 409


def ari_error(method: str, path: str, status: int) -> AriError:
    """Build the error class that fits an HTTP status of ARI."""
    if status == 404:
        return AriNotFoundError(method, path, status)
    if status in (409, 412, 422):
        return AriConflictError(method, path, status)
    return AriError(method, path, status)
