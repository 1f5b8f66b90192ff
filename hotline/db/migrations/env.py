"""Alembic's entry: works on the connection ``hotline.db.migrate`` hands over."""

from alembic import context

from hotline.db.tables import Table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
