"""An engine that hears what it is told to hear: for tests of everything around recognition."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from asr.engines.base import Hypothesis, Request


class FakeEngine:
    """Gives scripted texts, one a stretch of sound, in the order the stretches first appear.

    The script is a list of texts; the text ``!crash`` kills the process that decodes it, ``!crash
    FILE`` only while FILE is missing (which it makes), ``!fail`` raises.
    """

    name = "fake"

    def __init__(self, texts: list[str]) -> None:
        self._texts = list(texts)
        self._given: dict[str, str] = {}

    @classmethod
    def from_file(cls, script: Path) -> "FakeEngine":
        """A script kept as a JSON list."""
        return cls(json.loads(script.read_text(encoding="utf-8")))

    def decode(self, requests: list[Request]) -> list[Hypothesis]:
        """The scripted text of each stretch; empty when the script is at its end."""
        return [self._one(request) for request in requests]

    def forget(self, prefix: str) -> None:
        """Keep nothing of a closed stream."""
        self._given = {key: text for key, text in self._given.items() if not key.startswith(prefix)}

    def know_places(self, names: Sequence[str]) -> None:
        """Nothing is made of them."""

    def _one(self, request: Request) -> Hypothesis:
        stretch = request.key.rpartition("/")[0]
        if stretch not in self._given:
            self._given[stretch] = self._texts.pop(0) if self._texts else ""
        text = self._given[stretch]
        if text.startswith("!crash"):
            self._crash(text.partition(" ")[2])
        if text == "!fail":
            raise ValueError("scripted failure")
        return Hypothesis(text if not text.startswith("!") else "", 0.9 if text else 0.0)

    @staticmethod
    def _crash(marker: str) -> None:
        if marker and Path(marker).exists():
            return
        if marker:
            Path(marker).touch()
        os._exit(9)
