"""The documents of one node and the pages that follow them: no socket, no clock.

A page gets each document it follows whole, then its numbered changes; *snapshot and changes are
always what a fresh snapshot would be*. A page that does not take its messages in time gets fresh
snapshots instead of the backlog, and never holds up others.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_ui.live.patch import Json, clean, diff

_BACKLOG = 64
"""Messages that may wait for a page."""


@dataclass(slots=True)
class _Document:
    value: Json
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of one document, written once for all pages that call it the same."""

    name: str
    number: int
    patch: Json
    texts: dict[str, str] = field(default_factory=dict)

    def text(self, alias: str) -> str:
        if alias not in self.texts:
            told = {"doc": alias, "n": self.number, "patch": self.patch}
            self.texts[alias] = _write(told)
        return self.texts[alias]


class Board:
    """All documents."""

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._feeds: dict[str, set[Feed]] = {}

    def put(self, name: str, value: Json) -> None:
        """A document is this now. Members that are None are left out."""
        value = clean(value)
        document = self._documents.get(name)
        if document is None:
            self._documents[name] = _Document(value)
            for feed in self._feeds.get(name, ()):
                feed.renew(name)
            return
        patch = diff(document.value, value)
        if not patch:
            return
        document.value = value
        document.number += 1
        change = _Change(name, document.number, patch)
        for feed in self._feeds.get(name, ()):
            feed.change(change)

    def drop(self, name: str) -> None:
        """A document is gone."""
        if self._documents.pop(name, None) is not None:
            for feed in self._feeds.get(name, ()):
                feed.renew(name)

    def get(self, name: str) -> Json | None:
        """A document as it is; None when there is none."""
        document = self._documents.get(name)
        return None if document is None else document.value

    def snapshot(self, name: str, alias: str) -> str:
        """The message that gives a document whole."""
        document = self._documents.get(name)
        if document is None:
            return _write({"doc": alias, "n": 0, "value": {}})
        return _write({"doc": alias, "n": document.number, "value": document.value})

    def open(self, on_waiting: Callable[[], None]) -> "Feed":
        """A page; ``on_waiting`` is called when there is something for it."""
        return Feed(self, on_waiting)

    def watch(self, feed: "Feed", name: str) -> None:
        """Tell a page of changes."""
        self._feeds.setdefault(name, set()).add(feed)

    def unwatch(self, feed: "Feed", name: str) -> None:
        """Tell it no longer."""
        feeds = self._feeds.get(name)
        if feeds is not None:
            feeds.discard(feed)
            if not feeds:
                del self._feeds[name]


class Feed:
    """One page's messages."""

    def __init__(self, board: Board, on_waiting: Callable[[], None]) -> None:
        self._board = board
        self._on_waiting = on_waiting
        self._names: dict[str, str] = {}
        """Alias on the page to the document's name."""
        self._out: deque[str] = deque()
        self._stale: set[str] = set()
        """Aliases to be sent whole."""
        self.dropped = 0
        """How often the backlog was given up for fresh snapshots."""

    def follow(self, names: Mapping[str, str]) -> None:
        """The documents of the page, by what it calls them; those that are new are sent whole."""
        for alias, name in list(self._names.items()):
            if names.get(alias) != name:
                self._stop(alias)
                if alias not in names:
                    self._push(_write({"doc": alias, "n": 0, "value": {}}))
        for alias, name in names.items():
            if alias not in self._names:
                self._names[alias] = name
                self._board.watch(self, name)
                self._renew(alias)

    def close(self) -> None:
        """The page has gone."""
        for alias in list(self._names):
            self._stop(alias)
        self._out.clear()
        self._stale.clear()

    def change(self, change: _Change) -> None:
        """A document has changed."""
        for alias in self._aliases(change.name):
            if alias not in self._stale:
                self._push(change.text(alias))

    def renew(self, name: str) -> None:
        """A document has come or gone."""
        for alias in self._aliases(name):
            self._renew(alias)

    def take(self) -> str | None:
        """The next message; None when there is none."""
        if self._out:
            return self._out.popleft()
        if self._stale:
            alias = min(self._stale)
            self._stale.remove(alias)
            return self._board.snapshot(self._names[alias], alias)
        return None

    def _aliases(self, name: str) -> list[str]:
        return [alias for alias, one in self._names.items() if one == name]

    def _stop(self, alias: str) -> None:
        self._stale.discard(alias)
        name = self._names.pop(alias)
        if name not in self._names.values():
            self._board.unwatch(self, name)

    def _renew(self, alias: str) -> None:
        # changes sent already come before it and are overwritten by it
        self._stale.add(alias)
        self._on_waiting()

    def _push(self, text: str) -> None:
        if len(self._out) >= _BACKLOG:
            self._out.clear()
            self._stale.update(self._names)
            self.dropped += 1
        else:
            self._out.append(text)
        self._on_waiting()


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
