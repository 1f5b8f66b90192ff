"""The reference hub's own tables, and how an older file gets to them."""

import sqlite3

_VERSION = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS messages (
  key TEXT PRIMARY KEY, sender TEXT NOT NULL, order_no TEXT NOT NULL, seq INTEGER NOT NULL,
  kind TEXT NOT NULL, receipt TEXT NOT NULL UNIQUE, body_hash TEXT NOT NULL, body BLOB,
  received_at TEXT NOT NULL, repeats INTEGER NOT NULL DEFAULT 0, step TEXT, state TEXT, by TEXT,
  UNIQUE (sender, order_no, seq));
CREATE TABLE IF NOT EXISTS orders (
  order_no TEXT PRIMARY KEY, sender TEXT NOT NULL, seq INTEGER NOT NULL, state TEXT, facts TEXT,
  receipt TEXT NOT NULL, erased INTEGER NOT NULL DEFAULT 0, out_seq INTEGER NOT NULL DEFAULT 0,
  received_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ix_orders_updated ON orders (sender, updated_at, order_no);
CREATE TABLE IF NOT EXISTS outgoing (
  key TEXT PRIMARY KEY, order_no TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
  body BLOB, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,
  answer TEXT, made_at TEXT NOT NULL, UNIQUE (order_no, seq));
CREATE INDEX IF NOT EXISTS ix_outgoing_due ON outgoing (state, next_at);
CREATE TABLE IF NOT EXISTS anchors (
  sender TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, at TEXT NOT NULL,
  received_at TEXT NOT NULL, PRIMARY KEY (sender, seq));
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS ix_nonces_at ON nonces (at);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, or bring an older file's up to date."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    old = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'messages'").fetchone()[0]
    if old and version < _VERSION:
        for column in ("step", "state", "by"):
            db.execute(f"ALTER TABLE messages ADD COLUMN {column} TEXT")
    db.executescript(_TABLES)
    if old and version < _VERSION:
        db.execute(
            "INSERT OR IGNORE INTO orders (order_no, sender, seq, receipt, erased, received_at, "
            "updated_at) SELECT order_no, min(sender), max(seq), min(receipt), "
            "max(kind = 'order.erased'), min(received_at), max(received_at) FROM messages "
            "GROUP BY order_no"
        )
    db.execute(f"PRAGMA user_version = {_VERSION}")
