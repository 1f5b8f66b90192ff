"""Errors of the voice, below ``hotline.errors.HotlineError``.

VoiceError
 ├─ VoiceDownError      the worker died or did not answer in time (retryable)
 ├─ VoiceModelError     a model file is missing or not what it should be (``hotline models fetch``)
 └─ RecordingError      a recorded prompt cannot be read; names the file and what is wrong
"""

from hotline.errors import HotlineError


class VoiceError(HotlineError):
    """The voice could not speak a text."""

    code = "voice"


class VoiceDownError(VoiceError):
    """The voice's worker died or did not answer in time."""

    code = "voice-down"
    retryable = True
    status = 503


class VoiceModelError(VoiceError):
    """A model file is missing or is not what it should be."""

    code = "voice-model"
    status = 503


class RecordingError(VoiceError):
    """A recorded prompt cannot be used."""

    code = "voice-recording"
