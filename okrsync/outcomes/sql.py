"""``type: sql``: one query of a database that SQLAlchemy knows, which is only read."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema, model_validator

from okrsync.checkup import Check
from okrsync.errors import SourceError, WrongValue
from okrsync.http import one_line
from okrsync.language import _
from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource, Reading
from okrsync.outcomes.table import Table

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

MOST_ROWS = 100_000
"""More rows than this are refused: they are no series of one value a day."""
_ENFORCED = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""Databases that keep a transaction from writing when they are told so."""
_CONNECT_TIMEOUT = 10  # seconds
_TOO_LONG = ("57014", 3024, 1969)
"""PostgreSQL's, MySQL's and MariaDB's code of a query that took too long."""
_NO_SELECT = ("25006", "0A000", "42601", 1792)
"""PostgreSQL's codes: it would write, it has no place in a cursor, it is no statement or two of them. MySQL's: it would
write."""

_WRITES = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(alter|attach|create|delete|drop|grant|insert|merge|replace|revoke|truncate|update)\b",
    re.IGNORECASE | re.DOTALL,
)
_NO_CODE = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*(?!!).*?\*/""", re.DOTALL
)
"""What a query says that is no code: texts, names in quotes, comments (but MySQL's ``/*! … */``, which it runs)."""
_CHANGES = re.compile(
    r"\b(alter|call|create|delete|drop|exec|execute|grant|insert|into|merge|revoke|truncate|update)\b", re.IGNORECASE
)
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_TIMEOUT = re.compile(r"(\d{1,5}) ?([smh])", re.ASCII)
_MAY_WRITE = """
    SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), EXISTS (
        SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
"""
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}


def _timeout(value: object) -> timedelta:
    match = _TIMEOUT.fullmatch(value.strip()) if isinstance(value, str) else None
    length = int(match[1]) * _UNITS[match[2]] if match else timedelta()
    if not timedelta() < length <= timedelta(hours=1):
        raise WrongValue(_("{name} must be a length of time from 1s to 1h, such as 30s or 5m"))
    return length


def _url(secret: SecretStr) -> SecretStr:
    _parsed(secret.get_secret_value())
    return secret


def _parsed(text: str) -> URL:
    """The URL with the driver that okrsync brings. Raises ``ValueError`` without repeating it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise WrongValue(
            _("{name} must be a database URL such as postgresql://USER@HOST/NAME or sqlite:///FILE")
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and (not url.database or url.database.startswith((":memory:", "file:"))):
        raise WrongValue(_("{name} must name a file: sqlite:///FILE"))
    return url


def _query(text: str) -> str:
    if found := _WRITES.match(text):
        raise WrongValue(
            _("{name} begins with {upper}: okrsync only reads; write a SELECT of day and value"), upper=found[1].upper()
        )
    if ";" in _NO_CODE.sub(" ", text).rstrip("; \t\r\n"):
        raise WrongValue(
            _("{name} holds more than one statement: okrsync only reads; write one SELECT of day and value")
        )
    for parameter in _PARAMETER.findall(text):
        if parameter not in ("start", "end"):
            raise WrongValue(
                _(
                    "{name} has a parameter :{parameter}; there are :start and :end, and a colon that is none is "
                    "written \\:"
                ),
                parameter=parameter,
            )
    return text


def _only_reading(action: int, *_what: str | None) -> int:
    """SQLite asks this of everything that a statement would do."""
    reads = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK if action in reads else sqlite3.SQLITE_DENY


class SqlSettings(OutcomeSettings):
    """Which database to ask, and what."""

    url: Annotated[SecretStr, AfterValidator(_url)]
    """SQLAlchemy URL, such as postgresql://reader:${PASSWORD}@HOST/NAME; a SQLite file is relative to okrsync.yaml."""
    query: Annotated[str, Field(min_length=1), AfterValidator(_query)]
    """A SELECT of two columns, day and value, one row a day; :start and :end are the first and last day to read."""
    timeout: Annotated[
        timedelta, BeforeValidator(_timeout), WithJsonSchema({"type": "string", "pattern": r"^\d{1,5} ?[smh]$"})
    ] = timedelta(minutes=1)
    """How long the query may take on SQLite, PostgreSQL, MySQL and MariaDB, such as 30s or 5m."""

    @model_validator(mode="after")
    def _nothing_that_changes(self) -> SqlSettings:
        """Where the database cannot be told that it is only read, the query's words have to do."""
        if _parsed(self.url.get_secret_value()).get_backend_name() not in _ENFORCED:
            found = _CHANGES.search(_NO_CODE.sub(" ", self.query))
            if found:
                raise WrongValue(
                    _("{name}: the query holds {word}: okrsync only reads; if that is the name of a column, quote it"),
                    word=found[1].upper(),
                )
        return self


class Sql(OutcomeSource):
    """Runs one statement in a transaction that is rolled back.

    SQLite is opened for reading only and may do nothing but select; PostgreSQL is told that the session only reads, in
    the configured time zone, MySQL and MariaDB that the transaction does; all stop a query that takes too long. No
    other database is told anything: give it an account that may only read. What a server's functions do outside its
    tables (write a file, call another server) no transaction stops: that too is the account's to allow.
    """

    type_name: ClassVar[str] = "sql"
    Settings: ClassVar[type[OutcomeSettings]] = SqlSettings
    settings: SqlSettings

    def read(self, start: date, end: date) -> Sequence[Reading]:
        table = Table(
            where=self._where,
            no_day=_("{cell} in the first column is no date; write 2026-11-16"),
            no_value=_("{cell} in the second column is no number; write 1234.5 or 1,234.5"),
            two_values=_("a second value for {day} (the first is in row {row}): the query must give one row a day"),
        )
        rows = ((number, *row) for number, row in enumerate(self._rows(start, end), 1))
        return table.readings(rows, start, end, self.context.timezone)

    def checkup(self) -> Iterator[Check]:
        """Whether the account could write, where the database tells."""
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        if not _parsed(self.settings.url.get_secret_value()).drivername.startswith("postgresql"):
            return
        try:
            with self._connection() as connection:
                found = connection.execute(text(_MAY_WRITE)).one()
        except SQLAlchemyError as error:
            raise self._refused(error) from None
        if any(found):
            yield Check(
                self._where,
                "warning",
                _("the account is a superuser") if found[0] else _("the account may write tables"),
                _("okrsync only reads: give it an account that has SELECT on what the query reads, and nothing else"),
            )

    def _rows(self, start: date, end: date) -> list[tuple[object, object]]:
        from sqlalchemy import Date, bindparam, text
        from sqlalchemy.exc import SQLAlchemyError

        query = text(self.settings.query)
        given = {"start": start, "end": end}
        used = [bindparam(name, given[name], type_=Date) for name in {*_PARAMETER.findall(self.settings.query)}]
        try:
            with self._connection() as connection, connection.execute(query.bindparams(*used)) as result:
                if not result.returns_rows:
                    raise SourceError(
                        _("{where}: the query gives no rows; write a SELECT of day and value").format(where=self._where)
                    )
                columns = list(result.keys())
                if len(columns) != 2:
                    raise SourceError(
                        _(
                            "{where}: the query gives {count} columns ({names}); select two, the day and the value, "
                            "in this order"
                        ).format(where=self._where, count=len(columns), names=one_line(", ".join(columns)))
                    )
                rows = [(day, value) for day, value in result.fetchmany(MOST_ROWS + 1)]
        except SQLAlchemyError as error:
            raise self._refused(error) from None
        except (ImportError, ValueError) as error:
            # What a driver makes of a value that no Python type holds (a year 0, say), or that there is no driver.
            raise SourceError(f"{self._where}: {self._without_secrets(str(error))}") from None
        if len(rows) > MOST_ROWS:
            raise SourceError(
                _("{where}: more than {most_rows:,} rows; make one row a day of them in the query").format(
                    where=self._where, most_rows=MOST_ROWS
                )
            )
        return rows

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        engine = self._engine()
        try:
            with engine.connect() as connection:
                if engine.dialect.name == "postgresql":
                    self._restrict(connection)
                elif engine.dialect.name == "sqlite":
                    # Beside being opened for reading: `VACUUM INTO` and `ATTACH` would make files.
                    driver: Any = connection.connection.driver_connection
                    driver.set_authorizer(_only_reading)
                elif engine.dialect.name in _ENFORCED:
                    self._restrict_mysql(connection)
                # As they come, not all at once into memory.
                yield connection.execution_options(stream_results=True)
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        url = _parsed(self.settings.url.get_secret_value())
        if url.get_backend_name() == "sqlite":
            return create_engine("sqlite://", creator=lambda: self._sqlite(url), poolclass=NullPool)
        arguments: dict[str, Any] = {}
        if url.drivername == "postgresql+psycopg" and "connect_timeout" not in url.query:
            arguments["connect_timeout"] = _CONNECT_TIMEOUT
        return create_engine(url, poolclass=NullPool, connect_args=arguments)

    def _sqlite(self, url: URL) -> sqlite3.Connection:
        path = Path(self.context.base, url.database or "")
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        connection.execute("PRAGMA query_only = ON")
        deadline = time.monotonic() + self.settings.timeout.total_seconds()
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        return connection

    def _restrict(self, connection: Connection) -> None:
        from sqlalchemy import text

        # For the session, not for the transaction: a query that holds a COMMIT does not get out of it.
        set_all = text(
            "SELECT set_config('default_transaction_read_only', 'on', false), "
            "set_config('transaction_read_only', 'on', false), "
            "set_config('statement_timeout', :timeout, false), set_config('TimeZone', :zone, false)"
        )
        milliseconds = int(self.settings.timeout.total_seconds() * 1000)
        connection.execute(set_all, {"timeout": str(milliseconds), "zone": self.context.timezone.key})

    def _restrict_mysql(self, connection: Connection) -> None:
        from sqlalchemy import text

        seconds = self.settings.timeout.total_seconds()
        maria = getattr(connection.dialect, "is_mariadb", False)
        limit = f"max_statement_time = {seconds:.0f}" if maria else f"max_execution_time = {seconds * 1000:.0f}"
        for statement in (f"SET SESSION {limit}", "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"):
            connection.execute(text(statement))

    @property
    def _where(self) -> str:
        """The database without what logs in."""
        url = _parsed(self.settings.url.get_secret_value())
        if url.get_backend_name() == "sqlite":
            return one_line(url.database or "")
        port = f":{url.port}" if url.port else ""
        return one_line(f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}")

    def _refused(self, error: Exception) -> SourceError:
        said = str(getattr(error, "orig", None) or error)
        message = f"{self._where}: {self._without_secrets(said)}"
        orig = getattr(error, "orig", None)
        code = getattr(orig, "sqlstate", None) or next(iter(getattr(orig, "args", ())), None)
        if code in _TOO_LONG or said == "interrupted":
            seconds = self.settings.timeout.total_seconds()
            return SourceError(
                _("{where}: the query took longer than {seconds:.0f} s; `timeout` gives it more").format(
                    where=self._where, seconds=seconds
                )
            )
        if code in _NO_SELECT or "readonly database" in said or said in ("not authorized", "authorization denied"):
            return SourceError(
                _("{message}. okrsync only reads: write one SELECT of day and value").format(message=message)
            )
        return SourceError(message)

    def _without_secrets(self, said: str) -> str:
        password = _parsed(self.settings.url.get_secret_value()).password
        return one_line(said.replace(password, "***") if password else said)
