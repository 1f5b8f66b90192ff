"""Backup and restore of database and recordings, on SQLite and PostgreSQL.

The key ring is never part of a backup: whoever finds one can read nothing. Keep the key file
somewhere else (``backup_keys``); without it a backup is worth nothing to its owner either.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import text

from hotline import __version__
from hotline.db import Database
from hotline.db.audit_log import AuditLog, append, read_head
from hotline.db.erase import erase_again
from hotline.db.erased import LIST_NAME
from hotline.db.migrate import current_revision, head_revision
from hotline.db.opening import check_keys
from hotline.db.retention import forget_sessions
from hotline.db.tables import Table
from hotline.errors import HotlineError, InputError, SetupError
from hotline.privacy import KeyRing
from hotline.settings import Settings

log = structlog.get_logger(__name__)

MANIFEST = "manifest.json"
_SQLITE_NAME = "database.sqlite3"
_KEYS_NOTE = (
    "The key ring (keys.json) is not in this backup. Keep it apart: without it nothing here can "
    "be read."
)


class BackupError(HotlineError):
    """A backup is incomplete, damaged, or does not fit."""

    code = "backup"


class WouldOverwriteError(InputError):
    """There is something already where the backup or the data would go."""

    code = "would-overwrite"
    status = 409


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was backed up or restored."""

    folder: Path
    database: str
    """sqlite or postgresql."""
    files: int
    size: int
    """Bytes."""
    erased_again: int = 0
    """Rows of people erased since the backup was made, erased again after the restore."""


def backup(settings: Settings, target: Path, *, overwrite: bool = False) -> BackupReport:
    """Write a consistent copy into the folder ``target`` while the hotline goes on. Blocking.

    Raises WouldOverwriteError (the folder is not empty), and the database's errors.
    """
    if target.exists() and any(target.iterdir()):
        if not overwrite:
            raise WouldOverwriteError(f"{target} is not empty: choose another folder")
        shutil.rmtree(target)
    target.mkdir(parents=True, mode=0o700, exist_ok=True)
    with Database(settings) as db:
        ring = KeyRing.open(settings)
        check_keys(db, ring)
        with db.engine().connect() as connection:
            revision = current_revision(connection)
        columns = _dump_sqlite(db, target) if db.is_sqlite else _dump_postgres(db, target)
        kind = "sqlite" if db.is_sqlite else "postgresql"
    for path in sorted(_entries(settings.recordings_dir)):
        copy = target / "recordings" / path.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
    if (settings.data_dir / LIST_NAME).exists():
        shutil.copyfile(settings.data_dir / LIST_NAME, target / LIST_NAME)
    files = {str(path.relative_to(target)): _sum(path) for path in _files(target)}
    manifest = {
        "version": 1,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": __version__,
        "database": kind,
        "revision": revision,
        "columns": columns,
        "keys": ring.fingerprints(),
        "note": _KEYS_NOTE,
        "files": files,
    }
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return _report(target, kind, files)


def backup_keys(settings: Settings, target: Path) -> None:
    """Copy the key ring to ``target`` (mode 600), which should be on another disk.

    Raises WouldOverwriteError, SetupError.
    """
    ring = KeyRing(settings.keys_path)
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WouldOverwriteError(f"{target} exists: choose another name") from None
    with os.fdopen(handle, "wb") as file:
        file.write(ring.path.read_bytes())
        file.flush()
        os.fsync(file.fileno())


def restore(settings: Settings, source: Path, *, overwrite: bool = False) -> BackupReport:
    """Bring a backup back. Blocking; the hotline must not be running.

    Everything is checked before anything is changed. People erased since the backup was made are
    erased again. Raises BackupError, WouldOverwriteError, SetupError (the key ring is missing or
    another), and the database's errors.
    """
    manifest = check_backup(source)
    ring = _ring_for(settings, manifest)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with Database(settings) as db:
        kind = "sqlite" if db.is_sqlite else "postgresql"
        if kind != manifest["database"]:
            raise BackupError(f"the backup is of {manifest['database']}, the settings say {kind}")
        if _holds_data(db) and not overwrite:
            raise WouldOverwriteError("the database holds data: say that it may be overwritten")
        if db.is_sqlite:
            _load_sqlite(db, source)
        else:
            _load_postgres(db, source, manifest)
        db.migrate()
        for path in sorted(_entries(source / "recordings")):
            settings.recordings_dir.mkdir(exist_ok=True)
            copy = settings.recordings_dir / path.name
            shutil.copyfile(path, copy)
            copy.chmod(0o600)
        again = _after_restore(settings, db, ring, source)
    return _report(source, manifest["database"], manifest["files"], again)


def check_backup(source: Path) -> dict[str, Any]:
    """The manifest of a whole and undamaged backup. Raises BackupError naming the bad file."""
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        listed: dict[str, dict[str, Any]] = manifest["files"]
    except (OSError, ValueError, KeyError):
        raise BackupError(f"{source} is not a finished backup: {MANIFEST} is missing") from None
    if manifest.get("version") != 1:
        raise BackupError("this backup was made by a newer version of the hotline")
    for name, stored in listed.items():
        path = source / name
        if not path.is_file() or _sum(path) != stored:
            raise BackupError(f"{name} is missing or damaged in this backup")
    return manifest


def _ring_for(settings: Settings, manifest: dict[str, Any]) -> KeyRing:
    if not settings.keys_path.exists():
        raise SetupError(
            f"put the key ring that belongs to this backup at {settings.keys_path} first"
        )
    ring = KeyRing(settings.keys_path)
    held = ring.fingerprints()
    for key_id, fingerprint in manifest["keys"].items():
        if held.get(key_id) != fingerprint:
            raise SetupError(f"{settings.keys_path} is not the key ring of this backup ({key_id})")
    return ring


def _after_restore(settings: Settings, db: Database, ring: KeyRing, source: Path) -> int:
    """The chain goes on from the restored end, and says that there was a restore."""
    mine, theirs = settings.data_dir / LIST_NAME, source / LIST_NAME
    if theirs.exists():
        lines = dict.fromkeys(theirs.read_text(encoding="ascii").splitlines())
        if mine.exists():
            lines |= dict.fromkeys(mine.read_text(encoding="ascii").splitlines())
        mine.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    now = datetime.now(UTC)
    again = erase_again(db, ring, settings, now)
    # whoever signed out since the backup stays out; the others sign in once more
    db.write_now(forget_sessions)
    db.write_now(
        lambda session: append(
            session,
            ring,
            actor="operator",
            action="backup.restored",
            subject="database",
            digest=ring.audit_mac((source / MANIFEST).read_bytes()),
            at=now,
        )
    )
    AuditLog.of(settings, db, ring).reset_anchor(db.read_now(read_head))
    return again


def _dump_sqlite(db: Database, target: Path) -> dict[str, list[str]]:
    source = sqlite3.connect(db.url.database or "")
    copy = sqlite3.connect(target / _SQLITE_NAME)
    try:
        source.backup(copy, pages=1000)  # in steps, so that writers get their turn
    finally:
        copy.close()
        source.close()
    return {}


def _load_sqlite(db: Database, source: Path) -> None:
    copy = sqlite3.connect(source / _SQLITE_NAME)
    target = sqlite3.connect(db.url.database or "")
    try:
        copy.backup(target)
    finally:
        target.close()
        copy.close()


def _connect(db: Database) -> "psycopg.Connection[Any]":
    url = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url)


def _dump_postgres(db: Database, target: Path) -> dict[str, list[str]]:
    folder = target / "tables"
    folder.mkdir()
    columns: dict[str, list[str]] = {}
    with _connect(db) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for table in Table.metadata.sorted_tables:
            names = [column.name for column in table.columns]
            columns[table.name] = names
            query = sql.SQL("COPY {} ({}) TO STDOUT").format(*_names(table.name, names))
            path = folder / f"{table.name}.copy"
            with path.open("wb") as file, connection.cursor().copy(query) as copy:
                for piece in copy:
                    file.write(piece)
    return columns


def _load_postgres(db: Database, source: Path, manifest: dict[str, Any]) -> None:
    known = {table.name for table in Table.metadata.sorted_tables}
    if not set(manifest["columns"]) <= known:
        raise BackupError("the backup has tables this version does not know")
    db.migrate("base")
    db.migrate(manifest["revision"] or head_revision())
    with _connect(db) as connection:
        for table in Table.metadata.sorted_tables:
            if table.name not in manifest["columns"]:
                continue
            names = manifest["columns"][table.name]
            query = sql.SQL("COPY {} ({}) FROM STDIN").format(*_names(table.name, names))
            path = source / "tables" / f"{table.name}.copy"
            with path.open("rb") as file, connection.cursor().copy(query) as copy:
                while piece := file.read(1 << 16):
                    copy.write(piece)
        for name in ("order_events", "outbox"):
            connection.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, 'id'), "
                    "coalesce(max(id), 1), max(id) IS NOT NULL) FROM {}"
                ).format(sql.Literal(name), sql.Identifier(name))
            )


def _names(table: str, columns: list[str]) -> tuple[sql.Identifier, sql.Composed]:
    return sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))


def _holds_data(db: Database) -> bool:
    with db.engine().connect() as connection:
        if current_revision(connection) is None:
            return False
        tables = ("calls", "orders", "audit")
        return any(
            connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() for name in tables
        )


def _entries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _sum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size}


def _report(
    folder: Path, kind: str, files: dict[str, dict[str, Any]], again: int = 0
) -> BackupReport:
    size = sum(entry["size"] for entry in files.values())
    return BackupReport(folder, kind, len(files), size, again)
