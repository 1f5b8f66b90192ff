"""All tables. Columns ending in ``_enc`` hold sealed personal data (``hotline.privacy``), columns
ending in ``_hash`` the keyed hash it is found by, ``row_key`` the row's own sealed key.

Tables are no models for anybody outside ``hotline.db`` and ``dispatch``: stores give out the
frozen dataclasses of ``hotline.domain``.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Index, MetaData, UniqueConstraint
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, UTC stored, aware (UTC) out, on SQLite too. Refuses naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times need a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Table(SQLModel):
    """Base of our tables; every constraint has a name, so that SQLite's batch mode can drop it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class CallRow(Table, table=True):
    """One call; see ``hotline.domain.calls.CallRecord``."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_node_ended", "node", "ended_at"),)

    call_id: str = Field(primary_key=True, max_length=40)
    channel_id: str = Field(max_length=150, unique=True)
    node: str | None = Field(default=None, max_length=80)
    started_at: datetime = Field(sa_type=UtcDateTime, index=True)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    row_key: bytes | None = None
    caller_enc: bytes | None = None
    caller_hash: str | None = Field(default=None, max_length=64, index=True)
    outcome: str | None = Field(default=None, max_length=40)
    hangup_by: str | None = Field(default=None, max_length=20)
    human_requested: bool = False
    human_answered: bool = False
    seat: str | None = Field(default=None, max_length=80)
    act: str | None = Field(default=None, max_length=40)
    topic: str | None = Field(default=None, max_length=40)
    region: str | None = Field(default=None, max_length=12)
    order_no: str | None = Field(default=None, max_length=20)
    satisfaction: int | None = None
    recording: str | None = Field(default=None, max_length=200)
    engine: str | None = Field(default=None, max_length=40)
    adopted: int = 0
    state_enc: bytes | None = None
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TurnRow(Table, table=True):
    """One thing said in a call; sealed under the call's row key."""

    __tablename__ = "turns"

    call_id: str = Field(primary_key=True, max_length=40, foreign_key="calls.call_id")
    position: int = Field(primary_key=True)
    speaker: str = Field(max_length=20)
    text_enc: bytes | None = None
    started: float
    ended: float
    confidence: float | None = None
    act: str | None = Field(default=None, max_length=40)
    topic: str | None = Field(default=None, max_length=40)
    latency_ms: int | None = None
    interrupted: bool = False


class SpokenAnswerRow(Table, table=True):
    """A knowledge entry spoken in a call, in order."""

    __tablename__ = "spoken_answers"

    call_id: str = Field(primary_key=True, max_length=40, foreign_key="calls.call_id")
    position: int = Field(primary_key=True)
    answer_id: str = Field(max_length=120, index=True)


class VoicemailRow(Table, table=True):
    """A message left for people to hear: nobody, or no hotline, was there."""

    __tablename__ = "voicemails"

    call_id: str = Field(primary_key=True, max_length=40, foreign_key="calls.call_id")
    recording: str = Field(max_length=200)
    seconds: float
    left_at: datetime = Field(sa_type=UtcDateTime)
    heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    heard_by: str | None = Field(default=None, max_length=80)


class OrderRow(Table, table=True):
    """One order; the life of it belongs to ``dispatch``."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("terminal", "idempotency_key", name="uq_orders_idempotency"),
        Index("ix_orders_topic_created", "topic", "created_at"),
    )

    order_no: str = Field(primary_key=True, max_length=20)
    state: str = Field(max_length=20, index=True)
    hub_state: str = Field(max_length=20)
    hub_receipt: str | None = Field(default=None, max_length=80)
    terminal: str = Field(max_length=40)
    idempotency_key: str = Field(max_length=120)
    service_type: str = Field(max_length=40)
    act: str = Field(max_length=40)
    topic: str = Field(max_length=40)
    urgency: str = Field(max_length=20)
    title: str = Field(max_length=200)
    region: str | None = Field(default=None, max_length=12)
    call_id: str | None = Field(default=None, max_length=40, index=True)
    callback: bool = False
    confidential: bool = False
    emergency: str | None = Field(default=None, max_length=20)
    row_key: bytes | None = None
    name_enc: bytes | None = None
    phone_enc: bytes | None = None
    phone_hash: str | None = Field(default=None, max_length=64, index=True)
    caller_enc: bytes | None = None
    caller_hash: str | None = Field(default=None, max_length=64, index=True)
    id_hash: str | None = Field(default=None, max_length=64, index=True)
    """Of the ID number in ``extra``, when one was given."""
    description_enc: bytes | None = None
    extra_enc: bytes | None = None
    """JSON of ``since`` and ``extra``."""
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    # Its life: changed by steps only (``dispatch.life``)
    version: int = 1
    """Number of its latest event; a step that names an older one is refused."""
    handling: str | None = Field(default=None, max_length=20)
    complexity: str | None = Field(default=None, max_length=20)
    language: str | None = Field(default=None, max_length=20)
    reasons_json: str = "[]"
    """Why it was triaged and matched so: codes and rule names, no personal data."""
    institution: str | None = Field(default=None, max_length=40, index=True)
    handler: str | None = Field(default=None, max_length=40, index=True)
    mode: str | None = Field(default=None, max_length=20)
    card: int = 0
    """The worst card of its clocks: 0 none, 1 yellow, 2 red."""
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the party is to have the result."""
    held_state: str | None = Field(default=None, max_length=20)
    """The state it goes back to when an extension is decided."""
    urged: int = 0
    returned: int = 0
    extended: int = 0
    reopened: int = 0
    assigned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    close_reason: str | None = Field(default=None, max_length=40)
    satisfaction: int | None = None
    merged_into: str | None = Field(default=None, max_length=20)
    outside_no: str | None = Field(default=None, max_length=60)
    """Number the demand has at the terminal it came from (12345)."""


class OrderEventRow(Table, table=True):
    """One step in an order's life; never changed, only added."""

    __tablename__ = "order_events"
    __table_args__ = (
        UniqueConstraint("order_no", "seq", name="uq_order_events_seq"),
        UniqueConstraint("order_no", "step_key", name="uq_order_events_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_no: str = Field(max_length=20, foreign_key="orders.order_no")
    seq: int
    step: str = Field(max_length=40)
    from_state: str | None = Field(default=None, max_length=20)
    to_state: str = Field(max_length=20)
    actor: str = Field(max_length=80)
    fields_json: str = "{}"
    """The step's codes, moments and ids; no personal data."""
    note_enc: bytes | None = None
    """JSON of the step's texts, sealed under the order's row key."""
    step_key: str | None = Field(default=None, max_length=180, index=True)
    """Idempotency key of the request for this step; of an intake that was merged:
    ``intake:<terminal>:<its key>``."""
    request: str | None = Field(default=None, max_length=64)
    """Keyed digest of that request: the same key with another request is refused."""
    content: str | None = Field(default=None, max_length=64)
    """Keyed digest of the order's row after the step; part of what the audit link covers."""
    at: datetime = Field(sa_type=UtcDateTime)


class OrderCounterRow(Table, table=True):
    """The last order number given out on a day (China time)."""

    __tablename__ = "order_counters"

    day: str = Field(primary_key=True, max_length=8)
    last: int


class OutboxRow(Table, table=True):
    """One message to the hub, committed together with the change it tells of."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("order_no", "seq", name="uq_outbox_seq"),
        Index("ix_outbox_due", "state", "next_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_no: str = Field(max_length=20, foreign_key="orders.order_no")
    seq: int
    """Of this order's messages: 1, 2, 3 … without a gap."""
    kind: str = Field(max_length=40)
    idempotency_key: str = Field(max_length=120, unique=True)
    body_enc: bytes | None = None
    """Sealed under the key ring; removed once acknowledged."""
    state: str = Field(max_length=20)
    """pending, sent, dead or cancelled (the person was erased)."""
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    locked_by: str | None = Field(default=None, max_length=80)
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = Field(default=None, max_length=80)
    receipt: str | None = Field(default=None, max_length=80)
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditRow(Table, table=True):
    """One link of the audit chain; ids and keyed digests only."""

    __tablename__ = "audit"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(max_length=80)
    action: str = Field(max_length=80)
    subject: str = Field(max_length=120, index=True)
    digest: str = Field(max_length=64)
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHeadRow(Table, table=True):
    """The end of the chain, sealed with a key the database does not hold."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int
    hash: str = Field(max_length=64)
    mac: str = Field(max_length=64)


class KeyInUseRow(Table, table=True):
    """A data key this database has data under: tells a wrong or missing key ring at once."""

    __tablename__ = "keys_in_use"

    key_id: str = Field(primary_key=True, max_length=20)
    fingerprint: str = Field(max_length=80)
    since: datetime = Field(sa_type=UtcDateTime)
