"""Errors of the hub's two directions.

HotlineError
 ├─ UnavailableError
 │   ├─ HubDownError         the hub cannot be reached, or broke off
 │   └─ HubAnswerError       the hub answered with something that is no answer of its protocol
 └─ RefusedError             a message of the hub is not taken; its code says why
"""

from hotline.errors import HotlineError, UnavailableError


class HubDownError(UnavailableError):
    """The hub cannot be reached. ``reason``: connect, certificate, timeout or connection-lost."""

    code = "hub-down"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the hub does not answer ({reason})")
        self.reason = reason


class HubAnswerError(UnavailableError):
    """The hub's answer is unsigned, forged, or not what the protocol says."""

    code = "hub-answer"


class RefusedError(HotlineError):
    """A message from the hub is not taken, and nothing has changed."""

    code = "refused"

    def __init__(self, status: int, reason: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.http = status
        self.reason = reason
        self.field = field
