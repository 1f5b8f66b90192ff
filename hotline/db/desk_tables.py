"""Tables of the people at the screens: passwords and sessions.

The same rules as in ``hotline.db.order_tables``.
"""

from datetime import datetime

from sqlmodel import Field

from hotline.db.tables import Table, UtcDateTime


class PasswordRow(Table, table=True):
    """How somebody signs in to the pages."""

    __tablename__ = "passwords"

    person_id: str = Field(primary_key=True, max_length=40, foreign_key="people.person_id")
    password_hash: str = Field(max_length=200)
    """Argon2id, with its own salt and cost."""
    must_change: bool = True
    """Set by somebody else: the first thing to do is to choose one's own."""
    changed_at: datetime = Field(sa_type=UtcDateTime)
    failures: int = 0
    """Wrong passwords in a row."""
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SessionRow(Table, table=True):
    """One signed-in browser; only the hash of its cookie is kept."""

    __tablename__ = "sessions"

    session_id: str = Field(primary_key=True, max_length=40)
    token_hash: str = Field(max_length=64, unique=True)
    person_id: str = Field(max_length=40, index=True, foreign_key="people.person_id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
