"""Fixture of the dispatch tests: ``pytest_plugins = ("pg", "hubfix")``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hubkit import Hub, free_port, start_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A reference hub with its fault endpoint on."""
    port = free_port()
    db = tmp_path / "hub" / "hub.db"
    running = Hub(port, db, start_hub(port, db))
    yield running
    running.kill()


@pytest.fixture
def calling_hub(tmp_path: Path) -> Iterator[tuple[Hub, int]]:
    """A reference hub that sends its own messages to us, and the port it sends them to."""
    port, ours = free_port(), free_port()
    db = tmp_path / "hub" / "hub.db"
    door = f"http://127.0.0.1:{ours}/api/v1/hub/messages"
    running = Hub(port, db, start_hub(port, db, door), door)
    yield running, ours
    running.kill()
