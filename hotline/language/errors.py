"""Faults of the language room."""

from hotline.errors import SetupError


class LanguageDataError(SetupError):
    """A data file of ``hotline.language`` is missing or wrong; the message names file and line."""

    code = "language-data"
