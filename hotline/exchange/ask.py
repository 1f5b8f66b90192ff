"""What somebody wants exported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.domain.people import Actor

Page = list[Mapping[str, Any]]
"""Rows by field name."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted."""

    actor: Actor
    now: datetime
    since: datetime | None = None
    """Orders created, duties beginning from here …"""
    until: datetime | None = None
    """… up to here."""
    reveal: bool = False
    """Personal data whole, where the actor has the right; masked otherwise."""
