"""Errors of accounts.

HotlineError
 ├─ AccessError                who asks is not known, or may not
 │   ├─ UnauthenticatedError     no key, or one we never gave out
 │   ├─ KeyExpiredError          the key's time is over
 │   ├─ KeyRevokedError          the key was withdrawn
 │   ├─ AccountDisabledError     the person behind the key no longer works here
 │   ├─ NotAllowedError          known, but without this right at this place
 │   ├─ SignInError              staff number or password is wrong
 │   │   └─ AccountLockedError     wrong too often, for a while
 │   ├─ SessionOverError         the browser's session has ended
 │   ├─ PasswordDueError         a first password has to be changed before anything else
 │   └─ ForeignPageError         a page of somebody else's sent this in the user's name
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


class SignInError(AccessError):
    """Staff number or password is wrong; which, is not told."""

    code = "sign-in"


class AccountLockedError(SignInError):
    """The password was wrong too often; the message says for how long."""

    code = "locked"
    status = 429


class SessionOverError(AccessError):
    """The session of a browser has ended."""

    code = "session-over"


class PasswordDueError(AccessError):
    """A password given by somebody else has to be changed first."""

    code = "password-due"
    status = 403


class ForeignPageError(AccessError):
    """A browser sent this from a page that is not ours."""

    code = "foreign-page"
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
