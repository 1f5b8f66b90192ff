"""Errors of accounts.

HotlineError
 ├─ AccessError                who asks is not known, or may not
 │   ├─ UnauthenticatedError     no key, or one we never gave out
 │   ├─ KeyExpiredError          the key's time is over
 │   ├─ KeyRevokedError          the key was withdrawn
 │   ├─ AccountDisabledError     the person behind the key no longer works here
 │   └─ NotAllowedError          known, but without this right at this place
 ├─ InputError
 │   ├─ AccountInputError        a field of a person, institution, grant or key is wrong
 │   └─ TakenError               the code or staff number belongs to somebody else
 └─ NotFoundError
     ├─ PersonNotFoundError
     ├─ InstitutionNotFoundError
     └─ KeyNotFoundError
"""

from hotline.errors import HotlineError, InputError, NotFoundError


class AccessError(HotlineError):
    """Whoever asks is not known, or may not do this."""

    code = "access"
    status = 401


class UnauthenticatedError(AccessError):
    """No key was given, or one we never gave out."""

    code = "unauthenticated"


class KeyExpiredError(AccessError):
    """The key's time is over."""

    code = "key-expired"


class KeyRevokedError(AccessError):
    """The key was withdrawn."""

    code = "key-revoked"


class AccountDisabledError(AccessError):
    """The person behind the key no longer works here."""

    code = "account-disabled"


class NotAllowedError(AccessError):
    """Known, but without this right at this place."""

    code = "not-allowed"
    status = 403


class AccountInputError(InputError):
    """A field of a person, institution, grant or key is wrong; the message says how to mend it."""

    code = "bad-account"


class TakenError(AccountInputError):
    """The code or staff number belongs to somebody else already."""

    code = "taken"
    status = 409


class PersonNotFoundError(NotFoundError):
    """There is no such person."""

    code = "person-not-found"


class InstitutionNotFoundError(NotFoundError):
    """There is no such institution."""

    code = "institution-not-found"


class KeyNotFoundError(NotFoundError):
    """There is no such API key."""

    code = "key-not-found"
