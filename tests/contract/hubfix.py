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
