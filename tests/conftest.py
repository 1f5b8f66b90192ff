"""Rules for every test: one category a module, a clean environment, no .env of a developer."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# pytest-asyncio makes a loop for every sync test that runs before an async one and never closes it;
# with warnings as errors that fails the run at its end.
asyncio.set_event_loop(None)

CATEGORIES = {"unit", "contract", "browser", "asterisk", "load"}
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fail collection of a test that does not say what it needs."""
    for item in items:
        named = {mark.name for mark in item.iter_markers()} & CATEGORIES
        if len(named) != 1:
            raise pytest.UsageError(
                f"{item.nodeid}: give its module exactly one category of {sorted(CATEGORIES)}, "
                "e.g. pytestmark = pytest.mark.unit"
            )


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the developer's shell reaches a test."""
    for name in list(os.environ):
        if name.startswith("HOTLINE_"):
            monkeypatch.delenv(name)
    yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of facts beside the checkout; tests that need it skip where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the reference folder {SHARED}, which is not here")
    return SHARED
