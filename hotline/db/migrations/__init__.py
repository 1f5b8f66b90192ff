"""Alembic migrations; the same files serve SQLite (batch mode) and PostgreSQL."""
