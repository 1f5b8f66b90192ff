"""Callbacks: who has one in hand, and whether seats were told that it is due.

Revision ID: 0005
Revises: 0004_clocks
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004_clocks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("callbacks") as batch_op:
        batch_op.add_column(sa.Column("taken_by", sa.String(80), nullable=True))
        batch_op.add_column(sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("callbacks") as batch_op:
        for column in ("pushed_at", "taken_until", "taken_by"):
            batch_op.drop_column(column)
