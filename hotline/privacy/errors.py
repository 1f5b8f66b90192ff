"""Errors of personal-data protection.

HotlineError
 ├─ SetupError
 │   └─ KeysMissingError      the key ring is not there or not readable
 └─ PrivacyError
     ├─ UnknownKeyError       sealed under a key the ring does not hold
     ├─ TamperedError         sealed data does not pass authentication
     └─ RecordingError        a recording cannot be written or read
         └─ RecordingDiskFullError   no space left; the call goes on, the gap is marked
"""

from hotline.errors import HotlineError, SetupError


class KeysMissingError(SetupError):
    """The key ring is not there, not readable, or not ours alone."""

    code = "keys-missing"


class PrivacyError(HotlineError):
    """Personal data cannot be sealed or opened."""

    code = "privacy"


class UnknownKeyError(PrivacyError):
    """Data is sealed under a key the ring does not hold."""

    code = "unknown-key"


class TamperedError(PrivacyError):
    """Sealed data was changed, moved to another place, or opened with the wrong key."""

    code = "tampered"


class RecordingError(PrivacyError):
    """A recording cannot be written or read."""

    code = "recording"


class RecordingDiskFullError(RecordingError):
    """No space left for the recording. What could not be written is marked as a gap later."""

    code = "recording-disk-full"
    retryable = True
