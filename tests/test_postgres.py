"""The server that other tests stand on, and a store in it."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from okrsync.store.engine import HEAD, reading
from okrsync.store.schema import metadata


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_an_empty_database(postgres_url: str, number: int) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        assert "PostgreSQL" in str(connection.execute(text("SELECT version()")).scalar())
        connection.execute(text("CREATE TABLE a (b integer)"))
    engine.dispose()


def test_migrations_make_what_the_schema_says(postgres_store: Engine) -> None:
    with reading(postgres_store) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
