"""Errors of text messages.

HotlineError
 ├─ SettingsError
 │   ├─ NoticeTemplateError   the file of texts is wrong (template and mend)
 │   └─ NoticeSettingsError   a setting of the messages is wrong
 └─ InputError
     └─ NotMobileError        text messages go to mobile numbers only
"""

from hotline.errors import InputError, SettingsError


class NoticeTemplateError(SettingsError):
    """The file of texts is wrong; the message names the template and the mend."""

    code = "notice-templates"


class NoticeSettingsError(SettingsError):
    """A setting of the text messages is missing or wrong."""

    code = "notice-settings"


class NotMobileError(InputError):
    """Text messages go to mobile numbers only."""

    code = "not-a-mobile"
