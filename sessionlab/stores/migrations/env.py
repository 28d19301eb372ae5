"""Where Alembic begins: it runs on the connection that it is given, in the transaction that is open there."""

from __future__ import annotations

from alembic import context

from sessionlab.stores.schemas import schema_of
from sessionlab.stores.tables import tables_of

connection = context.config.attributes["connection"]
kind = context.config.attributes["kind"]

context.configure(
    connection=connection,
    target_metadata=tables_of(kind, connection.dialect.name),
    version_table=schema_of(kind).version_table,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
