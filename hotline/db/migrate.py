"""Runs the alembic migrations in ``hotline/db/migrations`` on an open database."""

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

if TYPE_CHECKING:
    from hotline.db.engine import Database

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 12348_001
"""PostgreSQL advisory lock held while migrating (SQLite: the write lock does it)."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def run_migrations(database: "Database", revision: str) -> None:
    """Upgrade, or downgrade when ``revision`` is an older one (``base`` for nothing)."""
    with database.engine().begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config(connection)
        if _is_older(connection, revision):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def current_revision(connection: Connection) -> str | None:
    """Revision the tables are at; None: no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """Revision this version of the program wants."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the migrations folder is empty")
    return head


def _is_older(connection: Connection, revision: str) -> bool:
    if revision == "head":
        return False
    if revision == "base":
        return True
    current = current_revision(connection)
    if current is None:
        return False
    scripts = ScriptDirectory.from_config(_config())
    older = {script.revision for script in scripts.iterate_revisions(current, "base")}
    return revision in older - {current}
