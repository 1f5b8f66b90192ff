"""The tree of our errors. Each package hangs its own below ``HotlineError`` in its ``errors.py``.

HotlineError
 ├─ SettingsError          a setting is missing or wrong
 ├─ InputError             what a person or terminal gave us is wrong (names the field and the fix)
 ├─ NotFoundError          the named thing does not exist
 ├─ UnavailableError       a part is down; trying again later may work (retryable)
 └─ SetupError             a part is not installed; the message names the command that mends it

``code`` is stable and kebab-case; messages never hold personal data.
"""

from typing import ClassVar


class HotlineError(Exception):
    """Base of all our errors: a stable code, whether a retry may help, and an HTTP status."""

    code: ClassVar[str] = "hotline-error"
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 500


class SettingsError(HotlineError):
    """A setting is missing or wrong."""

    code = "settings"


class InputError(HotlineError):
    """Given data is wrong; ``field`` names where."""

    code = "bad-input"
    status = 422

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFoundError(HotlineError):
    """The named thing does not exist."""

    code = "not-found"
    status = 404


class UnavailableError(HotlineError):
    """A part we need is down for the moment."""

    code = "unavailable"
    retryable = True
    status = 503


class SetupError(HotlineError):
    """A part is not installed; the message says which command mends it."""

    code = "not-set-up"
    status = 503
