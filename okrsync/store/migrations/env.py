"""Run by Alembic: migrates on the connection that ``okrsync.store.engine`` hands over, in its transaction."""

from alembic import context

from okrsync.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
