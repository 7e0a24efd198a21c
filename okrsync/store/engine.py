"""Opening the store: connection settings, file mode, migrations, and the lock that keeps two runs apart."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from okrsync.errors import ConfigError, LockedError, StoreError, reason_of
from okrsync.language import _
from okrsync.private import make_folder

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

HEAD = "0004"
"""The newest migration; known here so that opening an up-to-date store does not import Alembic."""

_ADVISORY_LOCK = 0x6F6B7273796E63  # "okrsync" in ASCII: any number that no other program picks
_BUSY_TIMEOUT = 30.0  # seconds that a writer waits for another process before it gives up
_SQLITE_TURN = Lock()


def open_store(url: str) -> Engine:
    """Open the store, make it when it is not there, and bring it to the newest schema.

    ``url`` is a SQLAlchemy URL with an absolute path for SQLite. A new SQLite file is readable by its owner only: it
    holds what the tokens could read. Raises ``ConfigError`` for a URL that cannot be used and ``StoreError`` when the
    database cannot be opened, is damaged, or was written by a newer okrsync.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(_("store: this is not a database URL; write for example sqlite:///okrsync.db")) from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigError(
            _("store: {backend} is not supported; use sqlite:///FILE or postgresql+psycopg://HOST/NAME").format(
                backend=backend
            )
        )
    if backend == "sqlite":
        _prepare_file(parsed)
    try:
        # As many connections as there are threads; the one used last comes first, as its pages are in memory.
        engine = create_engine(parsed, pool_size=0, pool_use_lifo=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(
            _(
                "store: the driver for {drivername} is not installed ({error}); PostgreSQL needs: pip "
                "install 'okrsync[postgresql]'"
            ).format(drivername=parsed.drivername, error=error)
        ) from error
    if backend == "sqlite":
        _configure_sqlite(engine)
    try:
        _upgrade(engine, parsed)
    except DBAPIError as error:
        engine.dispose()
        raise StoreError(
            _("the store {store} cannot be opened: {reason}").format(store=shown(parsed), reason=error.orig)
        ) from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def shown(url: URL | str) -> str:
    """The store's address without its password."""
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: all of it is stored, or nothing.

    SQLite takes its write lock at the beginning (``BEGIN IMMEDIATE``), so that a reader which turns writer cannot fail
    half-way; threads of one process take turns before that, in order, rather than in SQLite's busy loop. Raises
    ``StoreError`` when the database refuses (disk full, read-only, locked for too long).
    """
    try:
        turn = _SQLITE_TURN if engine.dialect.name == "sqlite" else nullcontext()
        with turn, engine.execution_options(okrsync_writes=True).begin() as connection:
            yield connection
    except DBAPIError as error:
        raise StoreError(
            _("the store {store} cannot be written: {reason}").format(store=shown(engine.url), reason=error.orig)
        ) from error
    except sqlite3.Error as error:  # of a statement that went straight to the driver
        raise StoreError(
            _("the store {store} cannot be written: {reason}").format(store=shown(engine.url), reason=error)
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the store. Raises ``StoreError`` when it cannot be read."""
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise StoreError(
            _("the store {store} cannot be read: {reason}").format(store=shown(engine.url), reason=error.orig)
        ) from error


@contextmanager
def run_lock(engine: Engine) -> Iterator[None]:
    """Hold the store for one sync or run; a killed process lets go of it. Raises ``LockedError`` at once when taken."""
    taken = LockedError(
        _("another okrsync run is working on {store}: try again when it is done").format(store=shown(engine.url))
    )
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            key = {"key": _ADVISORY_LOCK}
            if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
                raise taken
            # The lock belongs to the session, not to the transaction, which need not stay open for hours.
            connection.commit()
            try:
                yield
            finally:
                # A server that was restarted has let go of the lock by itself, and of this connection.
                with suppress(DBAPIError):
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                    connection.commit()
        return
    from filelock import FileLock, Timeout

    # By any name that a symbolic link gives it, it is one store.
    lock = FileLock(f"{os.path.realpath(engine.url.database or '')}.lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise taken from None
    except OSError as error:
        raise StoreError(
            _("the lock file {file} cannot be made: {reason}").format(
                file=f"{engine.url.database}.lock", reason=reason_of(error)
            )
        ) from error
    try:
        yield
    finally:
        lock.release()


def _prepare_file(url: URL) -> None:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ConfigError(_("store: okrsync needs a database file, write for example sqlite:///okrsync.db"))
    path = Path(url.database)
    try:
        make_folder(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise StoreError(
            _(
                "the store {path} cannot be opened for writing: {reason}. Let this user write the file and its folder, "
                "or name another place under `store:`"
            ).format(path=path, reason=reason)
        ) from error


def _configure_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -8000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("okrsync_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(engine: Engine, url: URL) -> None:
    found = _version(engine)
    if found == HEAD or (found is None and engine.dialect.name == "sqlite" and _make(engine)):
        return
    from alembic import command
    from alembic.util.exc import CommandError

    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                _(
                    "the store {shown} has schema version {found}, which this okrsync does not know: it was "
                    "written by a newer one. Upgrade okrsync"
                ).format(shown=shown(url), found=found)
            ) from error


def _make(engine: Engine) -> bool:
    """Make all tables in an empty file at once, without Alembic, whose import alone takes longer than a small sync.

    False where there is something already. A test compares the result with that of the migrations.
    """
    from okrsync.store.schema import metadata
    from okrsync.store.views import VIEWS

    with writing(engine) as connection:
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
            return False
        metadata.create_all(connection, checkfirst=False)
        for name, query in VIEWS.items():
            connection.exec_driver_sql(f"CREATE VIEW {name} AS {query}")
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version "
            "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.exec_driver_sql("INSERT INTO alembic_version (version_num) VALUES (?)", (HEAD,))
    return True


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        try:
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except OperationalError:
            return None


def alembic_config() -> AlembicConfig:
    """Alembic's configuration, pointing at the migrations of this package; the caller adds the connection."""
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
