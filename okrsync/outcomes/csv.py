"""``type: csv``: a table with a header, in a file or behind an http(s) URL."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import StringIO
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from okrsync.errors import RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY, error_of, one_line, shown_url, with_retries
from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource, Reading
from okrsync.outcomes.values import parse_day, parse_number

_LARGEST = 64 * 1024 * 1024
"""Bytes; a larger answer is refused rather than read into memory."""

_THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?\d{1,3},\d{3}")
"""Programs write semicolons between cells where the comma is the decimal sign: there ``1,234`` may be either."""


class CsvSettings(OutcomeSettings):
    """Where the table is, and which of its columns count."""

    path: str = Field(min_length=1, description="File, relative to the folder of okrsync.yaml, or http(s) URL.")
    date: str = Field("date", description="Column with the day, or the first day of the period.")
    value: str = Field("value", description="Column with the number.")
    where: Mapping[str, str | int | float | bool] = Field(
        default_factory=dict, description="Only rows whose columns have these values."
    )

    @field_validator("path")
    @classmethod
    def _can_be_read(cls, path: str) -> str:
        if not _is_url(path):
            if "://" in path:
                raise ValueError("must be a file or an http(s) URL")
            return path
        if not urlsplit(path).hostname:
            raise ValueError("must name a host after http(s)://")
        if "@" in urlsplit(path).netloc:
            raise ValueError("no user or password in a URL: it would end up in messages and logs")
        return path


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
        found: dict[date, tuple[float, int]] = {}
        for line, at_text, value_text in self._rows():
            at = self._day(at_text, line)
            value = self._number(value_text, line)
            if value is None or not start <= at <= end:
                continue
            known = found.setdefault(at, (value, line))
            if known[0] != value:
                raise self._error(
                    line,
                    f"a second value for {at} (the first is in line {known[1]}): "
                    "choose the rows that count with `where`",
                )
        return [Reading(at, value) for at, (value, _) in sorted(found.items())]

    def _rows(self) -> Iterator[tuple[int, str, str]]:
        """Line, day and value of each row that ``where`` leaves."""
        text = self._text()
        delimiter = self._delimiter(text)
        table = _Table(text, delimiter)
        try:
            header_line, columns = next(table, (1, []))
            columns = [name.strip() for name in columns]
            place = {name: self._column(name, columns, header_line) for name in self._needed}
            rows = kept = 0
            for line, cells in table:
                if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
                    raise self._error(
                        line,
                        f"{len(cells)} cells where the header has {len(columns)}; "
                        f"a cell that holds {delimiter!r} stands in double quotes",
                    )
                rows += 1
                if all(_is(cells[place[name]], wanted) for name, wanted in self.settings.where.items()):
                    kept += 1
                    value = cells[place[self.settings.value]]
                    if delimiter == ";" and _THOUSANDS_OR_DECIMALS.fullmatch(value.strip()):
                        raise self._error(line, f"{one_line(value, 40)!r} is ambiguous; write 1234 or 1.234")
                    yield line, cells[place[self.settings.date]], value
        except csv.Error as error:
            raise self._error(table.line, f"this is not CSV: {error}") from error
        if rows and not kept:
            wanted = ", ".join(f"{name}: {value}" for name, value in self.settings.where.items())
            raise SourceError(f"{self._where}: none of {rows} rows has {one_line(wanted)}")

    @property
    def _needed(self) -> list[str]:
        return [self.settings.date, self.settings.value, *self.settings.where]

    def _delimiter(self, text: str) -> str:
        """The one that makes a header with the columns that are needed, else the one that makes the most columns."""

        def columns(delimiter: str) -> tuple[int, int]:
            try:
                _, header = next(_Table(text, delimiter), (1, []))
            except csv.Error:
                return 0, 0
            names = {name.strip() for name in header}
            return sum(name in names for name in self._needed), len(header)

        return max(",;\t", key=columns)

    def _column(self, name: str, columns: list[str], line: int) -> int:
        if columns.count(name) == 1:
            return columns.index(name)
        if name in columns:
            raise self._error(line, f"there are {columns.count(name)} columns {name!r}")
        shown = ", ".join(one_line(column, 40) for column in columns[:20]) or "none"
        raise self._error(line, f"there is no column {name!r}; columns: {shown}")

    def _day(self, text: str, line: int) -> date:
        try:
            return parse_day(text, self.context.timezone)
        except ValueError:
            raise self._error(
                line, f"{one_line(text, 40)!r} in column {self.settings.date!r} is no date; write 2026-11-16"
            ) from None

    def _number(self, text: str, line: int) -> float | None:
        try:
            return parse_number(text)
        except ValueError:
            raise self._error(
                line, f"{one_line(text, 40)!r} in column {self.settings.value!r} is no number; write 1234.5 or 1,234.5"
            ) from None

    @property
    def _where(self) -> str:
        return one_line(shown_url(self.settings.path) if _is_url(self.settings.path) else self.settings.path)

    def _error(self, line: int, message: str) -> SourceError:
        return SourceError(f"{self._where}:{line}: {message}")

    def _text(self) -> str:
        content = self._download() if _is_url(self.settings.path) else self._file()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise self._error(line, "this is not UTF-8; save the file as UTF-8") from None

    def _file(self) -> bytes:
        try:
            with (self.context.base / self.settings.path).open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise SourceError(f"{self._where}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SourceError(f"{self._where}: cannot be read: {error}") from error
        self._check_size(len(content))
        return content

    def _download(self) -> bytes:
        return with_retries(self._download_once, on_wait=self.context.on_wait)

    def _download_once(self) -> bytes:
        import requests

        content = bytearray()
        try:
            with requests.get(self.settings.path, timeout=DEFAULT_POLICY.timeout, stream=True) as response:
                if response.status_code != requests.codes.ok:
                    raise error_of(response.status_code, response.headers, response.reason or "", self._where)
                for part in response.iter_content(1024 * 1024):
                    content += part
                    self._check_size(len(content))
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise RetryableError(f"{self._where}: no whole answer ({type(error).__name__})") from error
        except requests.RequestException as error:
            # Its text may hold the whole URL, a token in the query included.
            raise SourceError(f"{self._where}: cannot be read ({type(error).__name__})") from error
        return bytes(content)

    def _check_size(self, size: int) -> None:
        if size > _LARGEST:
            raise SourceError(f"{self._where}: larger than {_LARGEST // 1024 // 1024} MiB")


class _Table:
    """The rows that hold anything, each with the line it begins in; ``line`` is where reading has got to."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self.line = 1

    def __iter__(self) -> _Table:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        while True:
            self.line = self._reader.line_num + 1
            cells = next(self._reader)
            if any(cell.strip() for cell in cells):
                return self.line, cells


def _is_url(path: str) -> bool:
    return path.lower().startswith(("http://", "https://"))


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
