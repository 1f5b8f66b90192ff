"""The folders of one Asterisk below ``settings.pbx_dir``, and the files others use there."""

from dataclasses import dataclass
from pathlib import Path

from hotline.settings import Settings

SOCKET_LIMIT = 107
"""Longest path of a Unix socket on Linux, in bytes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one Asterisk; several stand beside each other in different folders."""

    base: Path

    @property
    def etc(self) -> Path:
        """Rendered configuration."""
        return self.base / "etc"

    @property
    def run(self) -> Path:
        """Process id and control socket."""
        return self.base / "run"

    @property
    def log(self) -> Path:
        """Asterisk's own log (warnings and errors)."""
        return self.base / "log"

    @property
    def lib(self) -> Path:
        """Asterisk's small database (registrations)."""
        return self.base / "lib"

    @property
    def spool(self) -> Path:
        """Recordings made by ARI (``spool/recording``)."""
        return self.base / "spool"

    @property
    def voicemail(self) -> Path:
        """Messages left while the hotline was away, ``<unique id>.wav``."""
        return self.base / "spool" / "fallback"

    @property
    def keys(self) -> Path:
        """Copies of the TLS certificate and key that Asterisk may read."""
        return self.base / "keys"

    @property
    def sounds(self) -> Path:
        """The dialplan's prompts: ``<name>.sln16`` (16 kHz s16le) or ``<name>.wav`` (8 kHz)."""
        return self.base / "sounds"

    @property
    def config(self) -> Path:
        """The file Asterisk is started with."""
        return self.etc / "asterisk.conf"

    @property
    def messages(self) -> Path:
        """Warnings and errors of Asterisk."""
        return self.log / "messages.log"

    @property
    def console(self) -> Path:
        """Standard output of Asterisk: its last words when it does not start."""
        return self.log / "console.log"

    @property
    def cdr(self) -> Path:
        """Call detail records, one JSON object a line."""
        return self.log / "cdr-custom" / "cdr.json"

    @property
    def pid(self) -> Path:
        """Process id of the running Asterisk (ours, with its start time)."""
        return self.base / "asterisk.pid"

    @property
    def owner(self) -> Path:
        """Lock of the process that owns this Asterisk, with its process id."""
        return self.base / "owner.lock"

    @property
    def socket(self) -> Path:
        """Asterisk's control socket."""
        return self.run / "asterisk.ctl"

    def folders(self) -> tuple[Path, ...]:
        """Every folder that must be there before Asterisk starts."""
        return (
            self.etc,
            self.run,
            self.log,
            self.cdr.parent,
            self.lib,
            self.spool,
            self.spool / "recording",
            self.voicemail,
            self.keys,
            self.sounds,
        )


def layout(settings: Settings) -> Layout:
    """The folders of the Asterisk that these settings mean."""
    return Layout(settings.pbx_dir)


SORRY = "fallback_sorry"
LEAVE_MESSAGE = "fallback_message"

FALLBACK_PROMPTS = {
    SORRY: "非常抱歉，系统正在恢复，请不要挂机，我们马上为您接通。",
    LEAVE_MESSAGE: (
        "非常抱歉，现在没有人能接听。请在提示音后说出您的姓名、电话和要办的事，"
        "说完按井号键或者挂机，我们会尽快给您回电。紧急情况请直接拨打一一零。"
    ),
}
"""What the dialplan says while the hotline is away, name to text; rendered at set-up."""


def prompt_path(settings: Settings, name: str) -> Path:
    """Where the rendered prompt ``name`` belongs: raw PCM, 16 kHz mono s16le.

    Until it is there callers hear a tone in its place.
    """
    return layout(settings).sounds / f"{name}.sln16"
