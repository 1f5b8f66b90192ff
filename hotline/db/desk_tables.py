"""Tables of the people at the screens: passwords, sessions, seats.

The same rules as in ``hotline.db.order_tables``.
"""

from datetime import datetime

from sqlalchemy import Index
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


class SeatRow(Table, table=True):
    """A seat somebody is signed in to: what a restarted hotline needs to go on with it."""

    __tablename__ = "seats"

    person_id: str = Field(primary_key=True, max_length=40, foreign_key="people.person_id")
    line: str = Field(max_length=40, unique=True)
    """Name of its SIP account in Asterisk, made anew at every sign-in."""
    node: str = Field(max_length=40)
    state: str = Field(max_length=20)
    reason: str | None = Field(default=None, max_length=20)
    since: datetime = Field(sa_type=UtcDateTime)
    call_id: str | None = Field(default=None, max_length=40)
    signed_in_at: datetime = Field(sa_type=UtcDateTime)


class SeatIntervalRow(Table, table=True):
    """A stretch of time a seat spent in one state."""

    __tablename__ = "seat_intervals"
    __table_args__ = (Index("ix_seat_intervals_person_began", "person_id", "began_at"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: str = Field(max_length=40, foreign_key="people.person_id")
    state: str = Field(max_length=20)
    reason: str | None = Field(default=None, max_length=20)
    began_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime = Field(sa_type=UtcDateTime)
    cause: str = Field(max_length=20)
    """What ended it."""
    call_id: str | None = Field(default=None, max_length=40)
