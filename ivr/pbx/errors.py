"""Errors of the PBX side.

PbxError (below ``ivr.errors.IvrError``)
 ├─ PbxStartError       Asterisk does not start; the message ends with its own last words
 └─ PbxRunningError     another Asterisk already runs in this folder

``hotline.errors.SetupError`` says that Asterisk is missing or too old and what mends it.
"""

from ivr.errors import IvrError


class PbxError(IvrError):
    """Base of the PBX side's errors."""

    code = "pbx"


class PbxStartError(PbxError):
    """Asterisk did not start, or was not ready in time."""

    code = "pbx-start"


class PbxRunningError(PbxError):
    """One folder of configuration belongs to one running Asterisk."""

    code = "pbx-running"
