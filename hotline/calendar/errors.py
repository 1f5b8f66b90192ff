"""Errors of the calendar.

HotlineError
 └─ SettingsError
     └─ CalendarError   a year's file, the working hours or a span is written wrong
"""

from hotline.errors import SettingsError


class CalendarError(SettingsError):
    """A year's file, the working hours or a span is written wrong; the message names the mend."""

    code = "calendar"
