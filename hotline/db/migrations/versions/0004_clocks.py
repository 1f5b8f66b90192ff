"""What a clock counts: working time, or time as it passes.

Revision ID: 0004_clocks
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_clocks"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("order_clocks") as batch_op:
        batch_op.add_column(sa.Column("span", sa.String(12), server_default="1wd", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("order_clocks") as batch_op:
        batch_op.drop_column("span")
