"""All settings of the hotline, read once from the environment and ``hotline.toml``, passed down.

Every setting can be given as an environment variable (``HOTLINE_PBX__HTTP_PORT=8088``) or in the
file named by ``HOTLINE_CONFIG`` (default ``./hotline.toml``). Secrets that are not given are made
once by ``hotline setup`` and kept in ``<data_dir>/secrets.toml`` (mode 600), never in the code.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hotline.errors import SettingsError
from hotline.settings_desk import AccountSettings, QueueSettings
from hotline.settings_orders import (
    CallbackSettings,
    DeadlineSettings,
    HubSettings,
    MatchSettings,
    NoticeSettings,
    SettingsGroup,
    TrackingSettings,
)


def default_cache_dir() -> Path:
    """Folder shared by all checkouts of one user: models, voice, Asterisk (XDG)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "hotline-12348"


class PbxSettings(SettingsGroup):
    """Asterisk: where it is and how it is laid out."""

    root: Path | None = Field(
        None, description="Folder Asterisk is installed in (a chroot); None: found"
    )
    run_dir: Path | None = Field(
        None, description="Rendered configuration and spool; None: <data_dir>/pbx"
    )
    http_host: str = Field(
        "127.0.0.1", description="Address of Asterisk's HTTP server (ARI, media)"
    )
    http_port: int = Field(8088, description="Port of Asterisk's HTTP server")
    https_port: int = Field(
        8089, description="Port of its TLS twin, used when a certificate is given"
    )
    tls_cert: Path | None = Field(None, description="PEM certificate for WSS/TLS")
    tls_key: Path | None = Field(None, description="PEM key for WSS/TLS")
    ari_user: str = Field("hotline", description="ARI user")
    ari_password: str = Field("", description="ARI password; made at set-up when empty")
    ari_app: str = Field("hotline", description="Name of our Stasis application")
    number: str = Field("12348", description="The number callers dial")
    trunk_bind: str = Field("127.0.0.2", description="Address the SIP trunk listens on")
    trunk_port: int = Field(5060, description="Port the SIP trunk listens on (UDP)")
    trunk_peers: list[str] = Field(
        default_factory=lambda: ["127.0.0.3"],
        description="Addresses (or networks) of the carrier; INVITEs from others are refused",
    )
    phone_bind: str = Field("127.0.0.3", description="Address of the built-in test phone's leg")
    phone_port: int = Field(5062, description="Port of the built-in test phone's leg")
    seat_bind: str = Field(
        "127.0.0.1", description="Address seats register on over UDP (hard phones)"
    )
    seat_port: int = Field(5064, description="Port seats register on over UDP")
    rtp_start: int = Field(12000, description="First RTP port")
    rtp_end: int = Field(12999, description="Last RTP port")
    external_address: str | None = Field(None, description="Public address when behind NAT")
    seats: list[str] = Field(
        default_factory=list, description="PJSIP seats rung in turn when a person is asked for"
    )
    on_call: list[str] = Field(
        default_factory=list,
        description="On-call telephones (PJSIP/number@trunk) rung in an emergency, in turn",
    )
    seat_ring_s: float = Field(20.0, description="How long one seat is rung")


class AsrSettings(SettingsGroup):
    """Recognition."""

    engine: Literal["auto", "vosk", "whisper"] = Field(
        "auto", description="Which recognizer to use"
    )
    vosk_model: Path | None = Field(
        None, description="Folder of a Chinese Vosk model; None: looked for"
    )
    vosk_model_url: str = Field(
        "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
        description="Official address the Vosk model is fetched from",
    )
    whisper_model: Path | None = Field(None, description="Folder of a CTranslate2 Whisper model")
    workers: int = Field(1, description="Recognition worker processes")
    threads: int = Field(2, description="Threads of one worker")
    partials: bool = Field(True, description="Make partial results while the caller speaks")


class VoiceSettings(SettingsGroup):
    """The bot's voice."""

    engine: Literal["auto", "kokoro", "piper", "espeak"] = Field("auto", description="Voice engine")
    style: str = Field("zf_xiaobei", description="Kokoro style: zf_* women, zm_* men")
    piper_model: Path | None = Field(None, description="Chinese Piper voice (.onnx)")
    recordings: Path | None = Field(None, description="Folder of recorded prompts, taken first")
    speed: float = Field(1.0, description="1 normal, 0.8 slower")


class BotSettings(SettingsGroup):
    """The dialogue."""

    no_input_s: float = Field(6.0, description="Silence after a question before it is asked again")
    max_call_s: float = Field(1800.0, description="Longest call with the bot")
    abuse_warnings: int = Field(2, description="Warnings before an abusive call is ended")


class PrivacySettings(SettingsGroup):
    """Personal data at rest."""

    keys_file: Path | None = Field(None, description="Key ring; None: <data_dir>/keys.json")
    cipher: Literal["aes-gcm", "sm4-gcm"] = Field("aes-gcm", description="Cipher for new data")
    keep_records_days: int = Field(
        1095, description="Call records and transcripts are kept this long"
    )
    keep_recordings_days: int = Field(180, description="Recordings are kept this long")
    keep_orders_days: int = Field(3650, description="Orders are kept this long")


class WebSettings(SettingsGroup):
    """Our own HTTP server."""

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8123, description="Port to listen on")


class Settings(BaseSettings):
    """Every setting, in one place. Build it with ``load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    environment: Literal["development", "production"] = Field(
        "development", description="production refuses made-up or short secrets"
    )
    data_dir: Path = Field(
        Path("var"), description="Database, keys, recordings, rendered configuration"
    )
    cache_dir: Path = Field(
        default_factory=default_cache_dir, description="Models, voice, Asterisk: can be made again"
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy address; None: SQLite in <data_dir>/hotline.db"
    )
    node: str = Field("node-1", description="Name of this node in records and logs")
    nats_url: str | None = Field(
        None, description="NATS for events between nodes; None: in-process"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Log level")
    knowledge_dir: Path | None = Field(
        None, description="Folder of the knowledge files; None: the ones shipped"
    )
    drain_s: float = Field(60.0, description="How long SIGTERM waits for running calls")
    pbx: PbxSettings = Field(default_factory=PbxSettings, description="Asterisk")
    asr: AsrSettings = Field(default_factory=AsrSettings, description="Recognition")
    voice: VoiceSettings = Field(default_factory=VoiceSettings, description="The bot's voice")
    bot: BotSettings = Field(default_factory=BotSettings, description="The dialogue")
    hub: HubSettings = Field(default_factory=HubSettings, description="The network hub")
    deadlines: DeadlineSettings = Field(
        default_factory=DeadlineSettings, description="Deadlines of orders"
    )
    notices: NoticeSettings = Field(default_factory=NoticeSettings, description="Text messages")
    tracking: TrackingSettings = Field(
        default_factory=TrackingSettings, description="Timeline, links, rating"
    )
    callbacks: CallbackSettings = Field(
        default_factory=CallbackSettings, description="People to ring"
    )
    privacy: PrivacySettings = Field(default_factory=PrivacySettings, description="Personal data")
    match: MatchSettings = Field(
        default_factory=MatchSettings, description="Triage, and who gets an order"
    )
    web: WebSettings = Field(default_factory=WebSettings, description="Our HTTP server")
    queue: QueueSettings = Field(default_factory=QueueSettings, description="Queue and seats")
    accounts: AccountSettings = Field(
        default_factory=AccountSettings, description="Signing in to the pages"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file, so that one variable overrides one setting of a group."""
        return (env_settings, init_settings)

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> "Settings":
        if self.environment == "production":
            for name, value in (
                ("pbx.ari_password", self.pbx.ari_password),
                ("hub.secret", self.hub.signing_secret),
                *((f"hub.keys.{name}", value) for name, value in self.hub.keys.items()),
            ):
                if len(value) < 16:
                    raise ValueError(
                        f"{name}: give a secret of at least 16 characters in production"
                    )
        return self

    @property
    def db_url(self) -> str:
        """The database's SQLAlchemy address."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'hotline.db').absolute()}"

    @property
    def pbx_dir(self) -> Path:
        """Where Asterisk's rendered configuration, spool and sockets are."""
        return (self.pbx.run_dir or self.data_dir / "pbx").absolute()

    @property
    def keys_path(self) -> Path:
        """The key ring's file, kept apart from the database."""
        return self.privacy.keys_file or self.data_dir / "keys.json"

    @property
    def calendar_dir(self) -> Path:
        """An operator's own year files of the working-day calendar."""
        return self.deadlines.calendar_dir or self.data_dir / "calendar"

    @property
    def recordings_dir(self) -> Path:
        """Encrypted recordings."""
        return self.data_dir / "recordings"


def load_settings(config: Path | None = None) -> Settings:
    """Read settings: environment, then ``hotline.toml``, then the made secrets, then defaults.

    Raises SettingsError naming each wrong setting and what it should be.
    """
    path = config or Path(os.environ.get("HOTLINE_CONFIG", "hotline.toml"))
    data = _read_toml(path)
    data_dir = Path(os.environ.get("HOTLINE_DATA_DIR") or data.get("data_dir") or "var")
    merged = _merge(_read_toml(data_dir / "secrets.toml"), data)
    try:
        return Settings(**merged)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(f"settings are wrong ({path}): " + "; ".join(lines)) from None


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _merge(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    out = dict(low)
    for key, value in high.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = _merge(out[key], value)
        else:
            out[key] = value
    return out


__all__ = ["Settings", "default_cache_dir", "load_settings"]
