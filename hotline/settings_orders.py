"""Settings of orders: the hub, deadlines, messages, tracking, callbacks, matching."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hotline.domain.codes import ServiceType, Topic, Urgency
from hotline.domain.order_codes import Clock, Complexity


class SettingsGroup(BaseModel):
    """A group of settings; a misspelt one is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HubSettings(SettingsGroup):
    """The network hub (安徽法律服务网) and the reference hub."""

    url: str = Field("http://127.0.0.1:8348", description="Base address of the hub (https outside)")
    ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed the hub's certificate"
    )
    terminal: str = Field("hotline-12348", description="Who we are to the hub")
    key_id: str = Field("k1", description="Id of the key we sign with")
    secret: str = Field("", description="Its secret; made at set-up when empty")
    keys: dict[str, str] = Field(
        default_factory=dict,
        description="Secrets by key id: all are accepted from the hub; one named `key_id` signs",
    )
    algorithm: Literal["hmac-sha256", "hmac-sm3"] = Field(
        "hmac-sha256", description="How we sign; both are accepted"
    )
    timeout_s: float = Field(10.0, description="Time-out of one push")
    max_attempts: int = Field(12, description="Attempts before an order waits for a person")
    slots: int = Field(64, ge=1, le=256, description="Messages on their way to the hub at once")
    inbound_slots: int = Field(
        32, ge=1, le=1024, description="The hub's messages worked on at once; more get 503"
    )
    reconcile_at: time = Field(
        time(2, 30), description="When orders are compared with the hub's, China time"
    )
    callback_url: str = Field(
        "", description="Where the reference hub sends its messages; empty: our web server"
    )

    @property
    def signing_secret(self) -> str:
        """The secret of ``key_id``."""
        return self.keys.get(self.key_id, self.secret)

    @property
    def accepted_keys(self) -> dict[str, str]:
        """Every key a message of the hub may be signed with, by id."""
        own = {self.key_id: self.signing_secret} if self.signing_secret else {}
        return {**self.keys, **own}


SpanText = Annotated[str, Field(pattern=r"^[0-9]{1,5}(\.[0-9]{1,3})?(wd|wh|h|m)$")]
"""A length of time: 5wd working days, 4wh working hours, 1h or 30m round the clock."""
HoursText = Annotated[str, Field(pattern=r"^[0-2]?[0-9]:[0-5][0-9]-[0-2]?[0-9]:[0-5][0-9]$")]


class DeadlineRule(SettingsGroup):
    """One deadline that differs from the usual; what is not named fits every order."""

    clock: Clock = Field(description="Which deadline")
    limit: SpanText = Field(description="How long")
    urgency: Urgency | None = Field(None, description="Orders of this urgency")
    complexity: Complexity | None = Field(None, description="Orders of this complexity")
    reopened: bool | None = Field(None, description="Orders handled again, or not")
    service_type: ServiceType | None = Field(None, description="Orders of this service")
    topic: Topic | None = Field(None, description="Orders of this topic")
    region: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = Field(
        None, description="Orders of this region (GB/T 2260; a city covers its counties)"
    )


class DeadlineSettings(SettingsGroup):
    """Deadlines of orders. Lengths of time are written as ``SpanText`` says."""

    hours: list[HoursText] = Field(
        default_factory=lambda: ["08:30-12:00", "14:00-17:30"],
        description="Working hours of a working day",
    )
    calendar_dir: Path | None = Field(
        None,
        description="Folder of year files (2027.yaml) that go before ours; None: "
        "<data_dir>/calendar",
    )
    rules: list[DeadlineRule] = Field(
        default_factory=list,
        description="Deadlines that differ by urgency, service, topic or region "
        "(docs/deadlines.md)",
    )
    warn_before: SpanText = Field("1wd", description="Yellow card so long before the deadline")
    warn_share: float = Field(
        0.75,
        gt=0,
        lt=1,
        description="Yellow card of short deadlines: when this share of the time is gone",
    )
    escalate_after: list[SpanText] = Field(
        default_factory=lambda: ["1wd", "3wd", "5wd"],
        max_length=3,
        description="Time past the deadline until the supervisor, the region's manager and the "
        "province are told",
    )
    escalate_urgent_after: list[SpanText] = Field(
        default_factory=lambda: ["30m", "1h", "2h"],
        max_length=3,
        description="The same for deadlines that run round the clock",
    )
    escalate: list[Clock] = Field(
        default_factory=lambda: [
            Clock.TRIAGE,
            Clock.DISPATCH,
            Clock.ACCEPT,
            Clock.FEEDBACK,
            Clock.EXTENSION,
        ],
        description="Deadlines that are escalated when missed; the others have cards only",
    )
    scan_s: float = Field(15.0, gt=0, description="Longest wait between two looks at what is due")


class NoticeSettings(SettingsGroup):
    """Text messages to the party."""

    gateway: Literal["off", "file", "http"] = Field(
        "file", description="Where text messages go: http (the operator's gateway), a file, nowhere"
    )
    url: str = Field("", description="Address the gateway takes messages at (docs/notices.md)")
    key_id: str = Field("k1", description="Id of the key messages to the gateway are signed with")
    secret: str = Field("", description="Secret of that key, agreed with the gateway")
    timeout_s: float = Field(10.0, gt=0, description="Time-out of one message")
    max_attempts: int = Field(8, ge=1, description="Attempts before a message is given up")
    quiet: str = Field(
        "22:00-08:00", description="Hours (China time) without messages; empty: none are quiet"
    )
    per_day: int = Field(5, ge=1, description="Messages to one telephone in one day at most")
    keep_h: float = Field(72.0, gt=0, description="Hours after which an unsent message is dropped")
    file_days: int = Field(7, ge=1, description="Days the files of the file gateway are kept")
    silent_topics: list[str] = Field(
        default_factory=lambda: ["domestic_violence"],
        description="Topics of which no message is sent: another may hold the telephone",
    )
    silent_emergencies: list[str] = Field(
        default_factory=lambda: ["violence", "confinement", "abduction"],
        description="Emergencies of which no message is sent, for the same reason",
    )
    templates: Path | None = Field(None, description="File of texts; None: the ones shipped")


class TrackingSettings(SettingsGroup):
    """Timeline, signed links, rating, events to terminals."""

    base_url: str = Field(
        "http://127.0.0.1:8123", description="Public address links in text messages begin with"
    )
    link_days: int = Field(90, ge=1, le=3650, description="Days a signed link is good for")
    reopen: Literal["asked", "always", "never"] = Field(
        "asked",
        description="After a rating of 1 or 2 the order is reopened: if the party asks, always, "
        "or only by a person",
    )
    heartbeat_s: float = Field(15.0, gt=0, description="Seconds between signs of life of a stream")
    stream_queue: int = Field(256, ge=1, description="Events kept for a slow reader of a stream")
    stream_s: float = Field(3600.0, gt=0, description="A stream ends after this; rights are new")


class CallbackSettings(SettingsGroup):
    """People to ring."""

    hours: str = Field("08:30-20:30", description="Hours (China time) in which people are rung")
    sample: float = Field(
        0.2, ge=0, le=1, description="Share of resolved orders followed up; dissatisfied: all"
    )
    max_tries: int = Field(4, ge=1, description="Tries before somebody is given up")
    first_wait_m: float = Field(30.0, gt=0, description="Minutes until the second try")
    wait_factor: float = Field(4.0, ge=1, description="Each further wait is so many times longer")
    longest_wait_h: float = Field(24.0, gt=0, description="Hours between two tries at most")
    asked_m: float = Field(120.0, gt=0, description="Minutes in which whoever asked is rung back")
    lease_s: float = Field(900.0, gt=0, description="Seconds a taken call is nobody else's")


class MatchSettings(SettingsGroup):
    """Triage, and who gets an order."""

    rules_file: Path | None = Field(None, description="Triage rules; None: the ones shipped")
    offer_to: int = Field(5, ge=1, le=200, description="People an order is offered to at once")
    offer_minutes: int = Field(
        30, ge=1, description="How long they may claim it before it is assigned"
    )
    clear_gap: float = Field(
        0.08, ge=0, le=1, description="A first place so far ahead gets the order without asking"
    )
    least_score: float = Field(
        0.3, ge=0, le=1, description="Whoever fits less does not get it; the desk does"
    )
    desk_after_returns: int = Field(
        3, ge=1, description="Given back so often, an order goes to its region's desk"
    )
