"""Fixtures of the database tests: SQLite in a folder, and a throw-away PostgreSQL cluster.

A module takes them with ``pytest_plugins = ("pg",)``. The cluster listens on a Unix socket only,
runs without fsync, and is gone with the test run.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.private_pg import NEEDED, postgresql
from hotline.db import Database
from hotline.privacy import KeyRing
from hotline.settings import Settings


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a fresh cluster's maintenance database."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(postgresql("fsync=off", "shared_buffers=32MB"))
        except FileNotFoundError:
            pytest.skip(NEEDED)
        yield url


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of an empty database of this test's own."""
    name = f"t{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings over both databases in turn."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Settings(data_dir=tmp_path / "data", database_url=url)


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """An open, migrated database."""
    with Database(settings) as database:
        database.migrate()
        yield database


@pytest.fixture
def ring(settings: Settings) -> KeyRing:
    """A key ring of this test's own."""
    return KeyRing.open(settings)
