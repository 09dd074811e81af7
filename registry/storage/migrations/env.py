"""Run by Alembic for each command, within the transaction and on the connection that the caller has opened."""

from __future__ import annotations

from alembic import context

from registry.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
