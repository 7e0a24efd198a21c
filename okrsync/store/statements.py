"""Statements that SQLite and PostgreSQL write in their own dialects, and lists that are cut to what both take."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import sqlite

BATCH = 500
"""Values in one IN list: below the 999 variables that old SQLite libraries allow."""

_VARIABLES = 4000
"""In one statement of SQLite, where the library takes so many."""


_ENCODER = msgspec.json.Encoder()
_WHOLE_SECOND = len('"2026-11-20T08:00:00Z"')


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))


def stored_moment(connection: Connection) -> Callable[[datetime | None], Any]:
    """What turns a time into the form in which ``bulk_insert`` takes it: the one that ``schema.Moment`` writes."""
    return _sqlite_moment if connection.dialect.name == "sqlite" else _aware


def stored_day(connection: Connection) -> Callable[[date | None], Any]:
    """The same for a date."""
    return _sqlite_day if connection.dialect.name == "sqlite" else _as_it_is


def as_moment(value: Any) -> datetime:
    """A time as the driver gives it, which is text in SQLite: see ``schema.Moment``."""
    if isinstance(value, str):
        return datetime.fromisoformat(f"{value}+00:00")
    moment: datetime = value.astimezone(UTC)
    return moment


def as_day(value: Any) -> date:
    """A day as the driver gives it, which is text in SQLite."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def bulk_insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Collection[tuple[Any, ...]],
    key: Sequence[str] = (),
    keep: Sequence[str] = (),
    *,
    new: bool = False,
) -> None:
    """Insert many rows without SQLAlchemy's work on each value; times have been through ``stored_moment``,
    dates through ``stored_day``.

    A row that is there already stays as it is; with ``key``, the columns of a unique constraint, it takes the new
    values, but for those of ``keep``. No two rows may have the same ``key``. With ``new``, none can be there already.
    """
    if not rows:
        return
    given = tuple(columns), tuple(key), tuple(keep), new
    if connection.dialect.name == "sqlite":
        # Many rows a statement, straight to the driver: half of what executemany takes, and Python's lock is let go of
        # once for all of them, so that other threads can work meanwhile and need not be waited for at each row.
        cursor = connection.connection.cursor()
        variables = min(_VARIABLES, cursor.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
        waiting = list(rows)
        at, size = 0, 1 << ((variables // len(columns)).bit_length() - 1)
        while at < len(waiting):
            if size > len(waiting) - at:
                size >>= 1
                continue
            statement = _bulk_statement("sqlite", table, *given, size)
            cursor.execute(statement, tuple(chain.from_iterable(waiting[at : at + size])))
            at += size
        cursor.close()
    else:
        # One parameter for all rows: there is no limit to their number, and the statement is planned once.
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        statement = _bulk_statement(connection.dialect.name, table, *given)
        connection.exec_driver_sql(statement, {"rows": msgspec.json.encode(objects).decode()})


def select_among(connection: Connection, query: str, values: Sequence[str], **parameters: str) -> list[tuple[Any, ...]]:
    """The rows of a query whose ``{among}`` stands for a list of values, however long, and ``{name}`` for a parameter.

    One statement for any number of values: SQLAlchemy would write one out, and the database read one, for each.
    """
    if not values:
        return []
    given = msgspec.json.encode(values).decode()
    if connection.dialect.name == "sqlite":
        named = {name: f":{name}" for name in parameters}
        among = "(SELECT value FROM json_each(:among))"
    else:
        named = {name: f"%({name})s" for name in parameters}
        among = "(SELECT json_array_elements_text(CAST(%(among)s AS json)))"
    result = connection.exec_driver_sql(query.format(among=among, **named), {"among": given, **parameters})
    return [tuple(row) for row in result]


@cache
def _bulk_statement(
    dialect_name: str,
    table: Table,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    keep: tuple[str, ...],
    new: bool,
    rows: int = 1,
) -> str:
    dialect = _of_dialect(dialect_name).dialect()
    quoted = {name: dialect.identifier_preparer.format_column(table.c[name]) for name in columns}
    names = ", ".join(quoted.values())
    if dialect_name == "sqlite":
        values = "VALUES " + ", ".join([f"({', '.join('?' * len(columns))})"] * rows)
    else:
        types = ", ".join(f"{quoted[name]} {table.c[name].type.compile(dialect)}" for name in columns)
        values = f"SELECT {names} FROM json_to_recordset(CAST(%(rows)s AS json)) AS new ({types})"  # noqa: S608 - the names of our own tables
    if key:
        target = ", ".join(quoted[name] for name in key)
        own = {*key, *keep, *(column.name for column in table.primary_key)}
        taken = ", ".join(f"{quoted[name]} = excluded.{quoted[name]}" for name in columns if name not in own)
        conflict = f" ON CONFLICT ({target}) DO UPDATE SET {taken}"
    else:
        conflict = "" if new else " ON CONFLICT DO NOTHING"
    return f"INSERT INTO {table.name} ({names}) {values}{conflict}"


def _as_it_is(value: date | None) -> date | None:
    return value


def _sqlite_day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _aware(value: datetime | None) -> datetime | None:
    return None if value is None else _utc(value)


def _sqlite_moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        value = _utc(value)
    written = _ENCODER.encode(value).decode()  # "2026-11-20T08:00:00.123456Z", a third of the time of isoformat()
    return f"{written[1:11]} {written[12:27] if len(written) > _WHOLE_SECOND else written[12:20] + '.000000'}"


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"naive datetime: {value!r}")
    return value.astimezone(UTC)


def insert_into(connection: Connection, table: Any) -> Any:
    return _of_dialect(connection.dialect.name).insert(table)


def _of_dialect(name: str) -> Any:
    if name == "sqlite":
        return sqlite
    from sqlalchemy.dialects import postgresql  # it imports six drivers' dialects, which SQLite needs none of

    return postgresql


def count_anew(connection: Connection, *tables: Table) -> None:
    """Let PostgreSQL look at what tables hold now: it plans by that, and by itself looks a minute after a first sync at
    the earliest. SQLite's plans are told in the statements."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {', '.join(table.name for table in tables)}"))


def upsert(connection: Connection, table: Any, rows: list[dict[str, Any]], key: Sequence[str] = ()) -> None:
    if not rows:
        return
    key = key or [column.name for column in table.primary_key]
    statement = insert_into(connection, table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values), rows)


def insert_ignoring(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), rows)
