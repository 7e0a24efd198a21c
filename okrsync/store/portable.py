"""A store as JSON Lines, to be restored elsewhere: another machine, another database.

The first line says what wrote the file; each line after it is a row: ``["table", [values]]``, in the order of the
columns that the first line names. Times are ISO 8601 in UTC. The last line counts the rows: a file that was cut off is
noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, Date, Engine, Float, Table, func, insert, select, text

from okrsync import __version__
from okrsync.errors import StoreError
from okrsync.language import _
from okrsync.store.engine import HEAD, reading, writing
from okrsync.store.schema import Moment, metadata

FORMAT = 1
_AT_ONCE = 1000
"""Rows a statement."""


def exported(engine: Engine) -> Iterator[str]:
    """The lines of the file, from one consistent view of the store. Raises ``StoreError`` when it cannot be read."""
    tables = metadata.sorted_tables
    yield _line(
        {
            "okrsync": __version__,
            "format": FORMAT,
            "schema": HEAD,
            "tables": {table.name: [column.name for column in table.columns] for table in tables},
        }
    )
    rows = 0
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        for table in tables:
            ordered = select(table).order_by(*table.primary_key.columns)
            for row in connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(ordered):
                yield _line([table.name, [_written(value) for value in row]])
                rows += 1
    yield _line({"rows": rows})


def restore(engine: Engine, lines: Iterable[str], name: str) -> int:
    """Put the rows of an exported file into an empty store, all of them or none; how many there were.

    ``name`` is the file's, for messages. Raises ``StoreError`` when the store is not empty, or the file is not one that
    ``exported`` wrote, was cut off, or comes from a newer okrsync. Columns that the file does not have take their
    defaults.
    """
    numbered = enumerate(lines, 1)
    columns = _header(numbered, name)
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(func.count()).select_from(table)).scalar():
                raise StoreError(
                    _("the store is not empty: `okrsync import` restores into a new one. Nothing was changed")
                )
        rows = _Rows(numbered, name, columns)
        for table, batch in rows.batches():
            connection.execute(insert(table), batch)
        if not rows.complete:
            raise StoreError(
                _("{name} was cut off after line {line}: nothing was restored").format(name=name, line=rows.line)
            )
        if engine.dialect.name == "postgresql":
            _continue_sequences(connection)
    return rows.count


class _Rows:
    """Reads rows, and knows at its end whether the file was whole."""

    def __init__(self, lines: Iterator[tuple[int, str]], name: str, columns: dict[str, list[str]]) -> None:
        self._lines, self._name, self._columns = lines, name, columns
        self._readers = {table.name: _readers(table) for table in metadata.sorted_tables}
        self.count = 0
        self.line = 1
        self.complete = False

    def batches(self) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        """Rows of one table, so many at once, in the order of the file."""
        table: Table | None = None
        batch: list[dict[str, Any]] = []
        for found, row in self._rows():
            if batch and (found is not table or len(batch) >= _AT_ONCE):
                assert table is not None
                yield table, batch
                batch = []
            table = found
            batch.append(row)
        if batch and table is not None:
            yield table, batch

    def _rows(self) -> Iterator[tuple[Table, dict[str, Any]]]:
        for number, line in self._lines:
            self.line = number
            try:
                match json.loads(line):
                    case [str(name), list(values)] if name in self._columns and len(values) == len(self._columns[name]):
                        table, readers = metadata.tables[name], self._readers[name]
                        row = {
                            column: readers[column](value)
                            for column, value in zip(self._columns[name], values, strict=True)
                        }
                    case {"rows": int(expected)}:
                        self.complete = expected == self.count and next(self._lines, None) is None
                        return
                    case _:
                        raise ValueError
            except (ValueError, TypeError, KeyError) as error:
                raise StoreError(
                    _("{name}:{line}: this is no row of a store; nothing was restored").format(
                        name=self._name, line=self.line
                    )
                ) from error
            self.count += 1
            yield table, row


def _header(lines: Iterator[tuple[int, str]], name: str) -> dict[str, list[str]]:
    foreign = StoreError(_("{name} is no file of `okrsync export`: nothing was restored").format(name=name))
    try:
        _number, line = next(lines)
        match json.loads(line):
            case {"okrsync": str(version), "format": int(found), "schema": str(schema), "tables": dict(tables)}:
                pass
            case _:
                raise foreign
    except (StopIteration, ValueError) as error:
        raise foreign from error
    if found > FORMAT or schema > HEAD:
        raise StoreError(
            _("{name} was written by okrsync {version}, which is newer than this one: update okrsync first").format(
                name=name, version=version
            )
        )
    for table, columns in tables.items():
        known = metadata.tables.get(table)
        if known is None or not isinstance(columns, list) or not all(column in known.columns for column in columns):
            raise StoreError(
                _("{name} has a table {table!r} that this okrsync does not know: nothing was restored").format(
                    name=name, table=table
                )
            )
    return tables


def _continue_sequences(connection: Any) -> None:
    """PostgreSQL counts on from where its own rows end, and knows nothing of ids that were given."""
    for table in metadata.sorted_tables:
        for column in table.primary_key.columns:
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            ).scalar()
            if sequence is not None:
                highest = select(func.coalesce(func.max(column), 0) + 1)
                following = connection.execute(highest).scalar()
                given = {"sequence": sequence, "following": following}
                connection.execute(text("SELECT setval(:sequence, :following, false)"), given)


def _readers(table: Table) -> dict[str, Callable[[Any], Any]]:
    """What turns a column's JSON value into the one that is stored."""

    def reader(kind: Any) -> Callable[[Any], Any]:
        if isinstance(kind, Moment):
            return lambda value: None if value is None else datetime.fromisoformat(value)
        if isinstance(kind, Date):
            return lambda value: None if value is None else date.fromisoformat(value)
        if isinstance(kind, Float):
            return lambda value: None if value is None else float(value)
        if isinstance(kind, Boolean):
            return lambda value: None if value is None else bool(value)
        return lambda value: value

    return {column.name: reader(column.type) for column in table.columns}


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


# json leaves these as they are, and some readers (Node's, Python's `splitlines`) end a line at U+0085 or U+2028.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _line(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def batched(lines: Iterable[str], size: int) -> Iterator[str]:
    """Some lines at once, for who writes them."""
    waiting = iter(lines)
    while part := list(islice(waiting, size)):
        yield "".join(part)
