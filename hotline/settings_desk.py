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


class QueueSettings(SettingsGroup):
    """Callers who wait for a person, and the seats that take them."""

    ring_s: float = Field(20.0, gt=0, description="A seat is rung so long")
    misses: int = Field(2, ge=1, description="Calls missed in a row that put a seat on a break")
    wrap_up_s: float = Field(30.0, ge=0, description="After a call, before the next one")
    own_region_s: float = Field(
        10.0, ge=0, description="A caller waits so long for their own region's seats"
    )
    own_skill_s: float = Field(
        10.0, ge=0, description="A caller waits so long for a seat that knows the topic"
    )
    max_wait_s: float = Field(300.0, gt=0, description="Then the bot offers a callback")
    unstaffed_s: float = Field(
        20.0, ge=0, description="The same when nobody takes calls for so long"
    )
    repeat_days: int = Field(
        7, ge=0, description="Who called within so many days goes before others"
    )
    survey: bool = Field(True, description="Ask for a rating after a talk with a person")
    transcript: bool = Field(True, description="Write down live what caller and agent say")
    sip_url: str | None = Field(
        None,
        description="Asterisk's SIP WebSocket as browsers reach it; None: on the page's own host",
    )
