"""Events of an order: the step's fields, its idempotency key, and a digest of the order after it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("order_events") as batch_op:
        batch_op.add_column(
            sa.Column("fields_json", sa.String(), server_default="{}", nullable=False)
        )
        batch_op.add_column(sa.Column("step_key", sa.String(180), nullable=True))
        batch_op.add_column(sa.Column("request", sa.String(64), nullable=True))
        batch_op.add_column(sa.Column("content", sa.String(64), nullable=True))
        batch_op.create_unique_constraint("uq_order_events_key", ["order_no", "step_key"])
        batch_op.create_index(batch_op.f("ix_order_events_step_key"), ["step_key"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("order_events") as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_events_step_key"))
        batch_op.drop_constraint("uq_order_events_key", type_="unique")
        batch_op.drop_column("content")
        batch_op.drop_column("request")
        batch_op.drop_column("step_key")
        batch_op.drop_column("fields_json")
