"""chan_websocket's JSON control messages (Asterisk >= 22.8), without I/O."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaStart:
    """Asterisk is ready; says how many bytes one frame has."""

    frame_bytes: int
    format: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class FlowControl:
    """Asterisk's queue is full (``stop``) or has room again."""

    stop: bool


Control = MediaStart | KeyPressed | FlowControl


def parse_control(text: str) -> Control | None:
    """Read one text message; None for kinds we do not use and for junk."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    event = data.get("event")
    if event == "MEDIA_START":
        size = data.get("optimal_frame_size", 0)
        return MediaStart(int(size) if str(size).isdigit() else 0, str(data.get("format", "")))
    if event == "DTMF_END" and isinstance(data.get("digit"), str):
        return KeyPressed(data["digit"])
    if event in ("MEDIA_XOFF", "MEDIA_XON"):
        return FlowControl(stop=event == "MEDIA_XOFF")
    return None


def command(name: str) -> str:
    """A command without parameters: FLUSH_MEDIA, HANGUP, ..."""
    return json.dumps({"command": name})
