"""``type: csv``: a table with a header, in a file or behind an http(s) URL."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import StringIO
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from okrsync.errors import SourceError, WrongValue, reason_of
from okrsync.http import one_line, shown_url
from okrsync.language import _
from okrsync.outcomes.download import LARGEST, HttpAuth, check_size, checked_url, is_url
from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource, Reading
from okrsync.outcomes.table import Table
from okrsync.outcomes.values import in_ascii, parse_number

_THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?\d{1,3},\d{3}")
"""Programs write semicolons between cells where the comma is the decimal sign: there ``1,234`` may be either."""


class CsvSettings(OutcomeSettings):
    """Where the table is, and which of its columns count."""

    path: str = Field(
        min_length=1, repr=False, description="File, relative to the folder of okrsync.yaml, or http(s) URL."
    )
    date: str = Field("date", description="Column with the day, or the first day of the period.")
    value: str = Field("value", description="Column with the number.")
    where: Mapping[str, str | int | float | bool] = Field(
        default_factory=dict, description="Only rows whose columns have these values."
    )
    auth: HttpAuth | None = Field(None, description="How to log in, where `path` is a URL.")

    @field_validator("path")
    @classmethod
    def _can_be_read(cls, path: str) -> str:
        if not is_url(path) and "://" in path:
            raise WrongValue(_("{name} must be a file or an http(s) URL"))
        return checked_url(path) if is_url(path) else path

    @model_validator(mode="after")
    def _auth_needs_a_url(self) -> CsvSettings:
        if self.auth is not None and not is_url(self.path):
            raise ValueError(_("`auth` is for a URL; a file needs none"))
        return self


class Csv(OutcomeSource):
    """Reads a CSV: comma, semicolon or tab, UTF-8 with or without a byte order mark.

    Rows without a value (blank, ``NaN``) are left out. Two rows of one day that disagree are an error: which of them is
    meant, ``where`` has to say. So are rows of which ``where`` leaves none: a misspelt value there would look as if the
    series had been withdrawn.
    """

    type_name: ClassVar[str] = "csv"
    Settings: ClassVar[type[OutcomeSettings]] = CsvSettings
    settings: CsvSettings

    def read(self, start: date, end: date) -> Sequence[Reading]:
        return self._table.readings(self._rows(), start, end, self.context.timezone)

    @property
    def _table(self) -> Table:
        return Table(
            where=self._where,
            no_day=_("{cell} in column {column} is no date; write 2026-11-16"),
            no_value=_("{cell} in column {column} is no number; write 1234.5 or 1,234.5"),
            two_values=_(
                "a second value for {day} (the first is in line {row}): choose the rows that count with `where`"
            ),
            columns=(repr(self.settings.date), repr(self.settings.value)),
            lines=True,
        )

    def _rows(self) -> Iterator[tuple[int, str, str]]:
        """Line, day and value of each row that ``where`` leaves."""
        text = self._text()
        delimiter = self._delimiter(text)
        table = _Lines(text, delimiter)
        try:
            header_line, columns = next(table, (1, []))
            columns = [name.strip() for name in columns]
            place = {name: self._column(name, columns, header_line) for name in self._needed}
            rows = kept = 0
            for line, cells in table:
                if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
                    raise self._error(
                        line,
                        _(
                            "{cells} cells where the header has {columns}; a cell that holds {delimiter!r} stands in "
                            "double quotes"
                        ).format(cells=len(cells), columns=len(columns), delimiter=delimiter),
                    )
                rows += 1
                if all(_is(cells[place[name]], wanted) for name, wanted in self.settings.where.items()):
                    kept += 1
                    value = cells[place[self.settings.value]]
                    if delimiter == ";" and _THOUSANDS_OR_DECIMALS.fullmatch(in_ascii(value).strip()):
                        raise self._error(
                            line, _("{value!r} is ambiguous; write 1234 or 1.234").format(value=one_line(value, 40))
                        )
                    yield line, cells[place[self.settings.date]], value
        except csv.Error as error:
            raise self._error(table.line, _("this is not CSV: {error}").format(error=error)) from error
        if rows and not kept:
            wanted = ", ".join(f"{name}: {value}" for name, value in self.settings.where.items())
            raise SourceError(
                _("{where}: none of {rows} rows has {wanted}").format(
                    where=self._where, rows=rows, wanted=one_line(wanted)
                )
            )

    @property
    def _needed(self) -> list[str]:
        return [self.settings.date, self.settings.value, *self.settings.where]

    def _delimiter(self, text: str) -> str:
        """The one that makes a header with the columns that are needed, else the one that makes the most columns."""

        def columns(delimiter: str) -> tuple[int, int]:
            try:
                _line, header = next(_Lines(text, delimiter), (1, []))
            except csv.Error:
                return 0, 0
            names = {name.strip() for name in header}
            return sum(name in names for name in self._needed), len(header)

        return max(",;\t", key=columns)

    def _column(self, name: str, columns: list[str], line: int) -> int:
        if columns.count(name) == 1:
            return columns.index(name)
        if name in columns:
            said = _("there are {count} columns {name!r}")
            raise self._error(line, said.format(count=columns.count(name), name=name))
        shown = ", ".join(one_line(column, 40) for column in columns[:20]) or _("none")
        raise self._error(line, _("there is no column {name!r}; columns: {shown}").format(name=name, shown=shown))

    @property
    def _where(self) -> str:
        return one_line(shown_url(self.settings.path) if is_url(self.settings.path) else self.settings.path)

    def _error(self, line: int, message: str) -> SourceError:
        return self._table.error(line, message)

    def _text(self) -> str:
        content = self._download() if is_url(self.settings.path) else self._file()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise self._error(line, _("this is not UTF-8; save the file as UTF-8")) from None

    def _file(self) -> bytes:
        try:
            with (self.context.base / self.settings.path).open("rb") as file:
                content = file.read(LARGEST + 1)
        except OSError as error:
            raise SourceError(
                _("{where}: cannot be read: {reason}").format(where=self._where, reason=reason_of(error))
            ) from error
        except ValueError as error:
            raise SourceError(_("{where}: cannot be read: {error}").format(where=self._where, error=error)) from error
        check_size(len(content), self._where)
        return content

    def _download(self) -> bytes:
        settings = self.settings
        return self.context.downloads.get(settings.path, auth=settings.auth, on_wait=self.context.on_wait).body


class _Lines:
    """The rows that hold anything, each with the line it begins in; ``line`` is where reading has got to."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self.line = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        while True:
            self.line = self._reader.line_num + 1
            cells = next(self._reader)
            if any(cell.strip() for cell in cells):
                return self.line, cells


def _is(cell: str, wanted: object) -> bool:
    """Does the cell hold what ``where`` asks for? Spreadsheets write ``TRUE``, and 1 as ``1.0``."""
    cell = cell.strip()
    if isinstance(wanted, bool):
        return cell.lower() == str(wanted).lower()
    if isinstance(wanted, int | float):
        try:
            return parse_number(cell) == wanted
        except ValueError:
            return False
    return cell == str(wanted).strip()
