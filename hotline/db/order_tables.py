"""Tables of an order's life: who handles, who is on duty, clocks, offers, callbacks, messages.

The same rules as in ``hotline.db.tables``: ``_enc`` is sealed, ``_hash`` is a keyed hash, tables
are seen only in ``hotline.db``, ``hotline.accounts``, ``hotline.roster`` and ``dispatch``. Columns
named ``…_json`` hold lists or objects of codes and numbers, never personal data.
"""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from hotline.db.tables import Table, UtcDateTime


class InstitutionRow(Table, table=True):
    """An institution, or a window of one, that handles orders."""

    __tablename__ = "institutions"

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=120)
    kind: str = Field(max_length=40)
    parent: str | None = Field(default=None, max_length=40)
    """The institution a window belongs to."""
    region: str = Field(max_length=12, index=True)
    skills_json: str = "[]"
    """Service types and topics it takes; empty: all."""
    languages_json: str = "[]"
    hours_json: str = "{}"
    """Opening hours, ``{"1": [["08:30", "12:00"], …], …}``, Monday is 1; empty: working hours."""
    is_desk: bool = False
    """Takes what nobody else takes in its region (兜底)."""
    active: bool = True
    updated_at: datetime = Field(sa_type=UtcDateTime)


class PersonRow(Table, table=True):
    """Somebody who works with orders."""

    __tablename__ = "people"

    person_id: str = Field(primary_key=True, max_length=40)
    staff_no: str = Field(max_length=40, unique=True)
    name_enc: bytes
    phone_enc: bytes | None = None
    institution: str | None = Field(
        default=None, max_length=40, index=True, foreign_key="institutions.code"
    )
    skills_json: str = "[]"
    languages_json: str = "[]"
    capacity: int = 20
    """Open orders at most."""
    active: bool = True
    updated_at: datetime = Field(sa_type=UtcDateTime)


class GrantRow(Table, table=True):
    """A role somebody has, and where: an institution, a region, or (both empty) everywhere."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("person_id", "role", "institution", "region", name="uq_grants_one"),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: str = Field(max_length=40, index=True, foreign_key="people.person_id")
    role: str = Field(max_length=20)
    institution: str = Field(default="", max_length=40)
    region: str = Field(default="", max_length=12)


class ApiKeyRow(Table, table=True):
    """A key with which a terminal (or a person's program) uses the API; only its hash is kept."""

    __tablename__ = "api_keys"

    key_id: str = Field(primary_key=True, max_length=40)
    secret_hash: str = Field(max_length=64)
    name: str = Field(max_length=80)
    terminal: str = Field(max_length=40)
    person_id: str | None = Field(default=None, max_length=40, foreign_key="people.person_id")
    """The key acts with this person's rights; None: with the terminal's."""
    rights_json: str = "[]"
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DutyRow(Table, table=True):
    """One person on duty at one institution from a moment to another."""

    __tablename__ = "duties"
    __table_args__ = (
        UniqueConstraint("person_id", "starts_at", name="uq_duties_person_start"),
        Index("ix_duties_where_when", "institution", "starts_at", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    institution: str = Field(max_length=40, foreign_key="institutions.code")
    person_id: str = Field(max_length=40, foreign_key="people.person_id")
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    source: str = Field(max_length=20)
    """hand, file or planner."""


class OrderClockRow(Table, table=True):
    """One deadline of an order. The scan reads ``next_at`` alone, so it costs what is due."""

    __tablename__ = "order_clocks"

    order_no: str = Field(primary_key=True, max_length=20, foreign_key="orders.order_no")
    clock: str = Field(primary_key=True, max_length=20)
    """A code of ``hotline.domain.order_codes.Clock``."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    warn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """When something is to be done about it next; None: paused, or over."""
    level: int = 0
    """0 quiet, 1 yellow card given, 2 red card given, 3… escalated so many levels up."""
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_s: float | None = None
    """While paused: seconds of its calendar left until due (negative: overdue)."""
    span: str = Field(default="1wd", max_length=12)
    """How long it was set to run, as ``hotline.calendar.Span`` is written; says what is counted."""


class OfferRow(Table, table=True):
    """An order put up for claim to one person until a moment."""

    __tablename__ = "offers"
    __table_args__ = (UniqueConstraint("order_no", "round", "person_id", name="uq_offers_one"),)

    id: int | None = Field(default=None, primary_key=True)
    order_no: str = Field(max_length=20, foreign_key="orders.order_no")
    round: int
    person_id: str = Field(max_length=40, index=True, foreign_key="people.person_id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    answer: str | None = Field(default=None, max_length=20)
    """claimed, declined, expired, lost (somebody else was faster); None: open."""
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OutcomeRow(Table, table=True):
    """What became of one matching: the facts evaluation and learning rest on."""

    __tablename__ = "match_outcomes"
    __table_args__ = (Index("ix_match_outcomes_who", "person_id", "assigned_at"),)

    id: int | None = Field(default=None, primary_key=True)
    order_no: str = Field(max_length=20, index=True, foreign_key="orders.order_no")
    institution: str | None = Field(default=None, max_length=40)
    person_id: str | None = Field(default=None, max_length=40)
    mode: str = Field(max_length=20)
    model_id: str = Field(max_length=40)
    score: float
    terms_json: str = "{}"
    """Term of the score → its value before the weight."""
    assigned_at: datetime = Field(sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    accepted_in_time: bool | None = None
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_in_time: bool | None = None
    reopened: bool | None = None
    satisfaction: int | None = None


class MatchModelRow(Table, table=True):
    """Weights of the matching score, and how they came to be."""

    __tablename__ = "match_models"

    model_id: str = Field(primary_key=True, max_length=40)
    state: str = Field(max_length=20)
    """active, shadow or retired; one is active."""
    weights_json: str
    report_json: str = "{}"
    made_at: datetime = Field(sa_type=UtcDateTime)


class CallbackRow(Table, table=True):
    """Somebody to be rung: to help (callback) or to ask how it went (follow_up)."""

    __tablename__ = "callbacks"
    __table_args__ = (Index("ix_callbacks_due", "state", "next_at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=20)
    order_no: str | None = Field(
        default=None, max_length=20, index=True, foreign_key="orders.order_no"
    )
    call_id: str | None = Field(default=None, max_length=40)
    reason: str = Field(max_length=40)
    institution: str | None = Field(default=None, max_length=40, index=True)
    person_id: str | None = Field(default=None, max_length=40, index=True)
    """Who should ring; None: whoever is on duty."""
    due_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    tries: int = 0
    state: str = Field(max_length=20)
    """open, done, given_up or cancelled."""
    result: str | None = Field(default=None, max_length=40)
    note_enc: bytes | None = None
    """JSON list of what came of each try, sealed under the order's row key."""
    taken_by: str | None = Field(default=None, max_length=80)
    """Actor who is ringing now, until ``taken_until``."""
    taken_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pushed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When seats were told that it is due."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeRow(Table, table=True):
    """One text message to a party, committed together with the step it tells of."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_due", "state", "next_at"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=120, unique=True)
    """Idempotency key to the gateway: ``<order_no>-<event seq>-<template>``."""
    order_no: str = Field(max_length=20, index=True, foreign_key="orders.order_no")
    template: str = Field(max_length=40)
    body_enc: bytes | None = None
    """JSON of number and text, sealed under the order's row key; gone when finished."""
    state: str = Field(max_length=20)
    """pending, sent, dead, or suppressed (opted out)."""
    next_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    last_error: str | None = Field(default=None, max_length=80)
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OptOutRow(Table, table=True):
    """A phone that wants no text messages."""

    __tablename__ = "opt_outs"

    phone_hash: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class RatingRow(Table, table=True):
    """How a party rated an order: once for each time it was resolved."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("order_no", "round", name="uq_ratings_round"),)

    id: int | None = Field(default=None, primary_key=True)
    order_no: str = Field(max_length=20, foreign_key="orders.order_no")
    round: int
    """0 after the first resolving, 1 after the first reopening, …"""
    level: int
    """1..5, a code of ``Satisfaction``."""
    terminal: str = Field(max_length=40)
    comment_enc: bytes | None = None
    """Sealed under the order's row key."""
    at: datetime = Field(sa_type=UtcDateTime)


class InboxRow(Table, table=True):
    """A message from the hub, kept so that it is applied once."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("order_no", "seq", name="uq_inbox_seq"),)

    key: str = Field(primary_key=True, max_length=120)
    order_no: str = Field(max_length=20)
    seq: int
    """Of the hub's messages about this order: 1, 2, 3 … without a gap."""
    kind: str = Field(max_length=40)
    body_hash: str = Field(max_length=64)
    result: str = Field(max_length=80)
    """applied, or the code of the error that refused it."""
    received_at: datetime = Field(sa_type=UtcDateTime)


class NonceRow(Table, table=True):
    """Nonces of signed requests seen lately: none is taken twice."""

    __tablename__ = "nonces"

    nonce: str = Field(primary_key=True, max_length=80)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
