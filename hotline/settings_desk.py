"""Settings of the screens."""

from pydantic import Field

from hotline.settings_orders import SettingsGroup


class AccountSettings(SettingsGroup):
    """Signing in to the pages."""

    session_h: float = Field(12.0, gt=0, description="A session ends after so many hours")
    idle_min: float = Field(60.0, gt=0, description="Or after so many minutes without a request")
    lock_after: int = Field(5, ge=1, description="Wrong passwords in a row that lock an account")
    lock_min: float = Field(15.0, gt=0, description="For so many minutes")
    password_length: int = Field(10, ge=8, description="Characters a password has at least")
