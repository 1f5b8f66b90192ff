"""Seats signed in to, and how long each spent in which state.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "seats",
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("line", sa.String(40), nullable=False),
        sa.Column("node", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("call_id", sa.String(40), nullable=True),
        sa.Column("signed_in_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_seats"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="fk_seats_person_id"),
        sa.UniqueConstraint("line", name="uq_seats_line"),
    )
    op.create_table(
        "seat_intervals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("call_id", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_seat_intervals"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name="fk_seat_intervals_person_id"
        ),
    )
    op.create_index("ix_seat_intervals_person_began", "seat_intervals", ["person_id", "began_at"])
    # finished orders like the caller's, for the screen pop
    op.create_index("ix_orders_topic_created", "orders", ["topic", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_topic_created", "orders")
    for table in ("seat_intervals", "seats"):
        op.drop_table(table)
