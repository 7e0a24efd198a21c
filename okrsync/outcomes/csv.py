"""``type: csv``: a table with a header, in a file or behind an http(s) URL."""

from __future__ import annotations

import csv
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


class CsvSettings(OutcomeSettings):
    """Where the table is, and which of its columns count."""

    path: str = Field(description="File, relative to the folder of okrsync.yaml, or http(s) URL.")
    date: str = Field("date", description="Column with the day, or the first day of the period.")
    value: str = Field("value", description="Column with the number.")
    where: Mapping[str, str | int | float | bool] = Field(
        default_factory=dict, description="Only rows whose columns have these values."
    )

    @field_validator("path")
    @classmethod
    def _no_credentials(cls, path: str) -> str:
        if _is_url(path) and "@" in urlsplit(path).netloc:
            raise ValueError("no user or password in a URL: it would end up in messages and logs")
        return path


class Csv(OutcomeSource):
    """Reads a CSV: comma, semicolon or tab, UTF-8 with or without a byte order mark.

    Rows without a value (blank, ``NaN``) are left out. Two rows of one day that disagree are an error: which of them is
    meant, ``where`` has to say.
    """

    type_name: ClassVar[str] = "csv"
    Settings: ClassVar[type[OutcomeSettings]] = CsvSettings
    settings: CsvSettings

    def read(self, start: date, end: date) -> Sequence[Reading]:
        found: dict[date, tuple[float, int]] = {}
        for line, row in self._rows():
            at = self._day(row[self.settings.date], line)
            value = self._number(row[self.settings.value], line)
            if value is None or not start <= at <= end:
                continue
            known = found.setdefault(at, (value, line))
            if known[0] != value:
                raise SourceError(
                    f"{self._where}:{line}: a second value for {at} (the first is in line {known[1]}): "
                    "choose the rows that count with `where`"
                )
        return [Reading(at, value) for at, (value, _) in sorted(found.items())]

    @property
    def _where(self) -> str:
        return shown_url(self.settings.path) if _is_url(self.settings.path) else self.settings.path

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows that ``where`` leaves, each with its line in the file."""
        text = self._text()
        header = text.partition("\n")[0]
        reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
        try:
            columns = [name.strip() for name in next(reader, [])]
            needed = [self.settings.date, self.settings.value, *self.settings.where]
            for name in needed:
                if name not in columns:
                    shown = ", ".join(one_line(column, 40) for column in columns[:20]) or "none"
                    raise SourceError(f"{self._where}:1: there is no column {name!r}; columns: {shown}")
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) < len(columns):
                    raise SourceError(
                        f"{self._where}:{reader.line_num}: {len(cells)} cells where the header has {len(columns)}"
                    )
                row = dict(zip(columns, cells, strict=False))
                if all(row[name].strip() == _cell(wanted) for name, wanted in self.settings.where.items()):
                    yield reader.line_num, row
        except csv.Error as error:
            raise SourceError(f"{self._where}:{reader.line_num}: this is not CSV: {error}") from error

    def _day(self, text: str, line: int) -> date:
        try:
            return parse_day(text, self.context.timezone)
        except ValueError:
            raise SourceError(
                f"{self._where}:{line}: {one_line(text, 40)!r} in column {self.settings.date!r} is no date; "
                "write 2026-11-16"
            ) from None

    def _number(self, text: str, line: int) -> float | None:
        try:
            return parse_number(text)
        except ValueError:
            raise SourceError(
                f"{self._where}:{line}: {one_line(text, 40)!r} in column {self.settings.value!r} is no number; "
                "write 1234.5 or 1,234.5"
            ) from None

    def _text(self) -> str:
        content = self._download() if _is_url(self.settings.path) else self._file()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise SourceError(f"{self._where}:{line}: this is not UTF-8; save the file as UTF-8") from None

    def _file(self) -> bytes:
        try:
            with (self.context.base / self.settings.path).open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise SourceError(f"{self._where}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SourceError(f"{self._where}: cannot be read: {error}") from error
        return self._checked(content)

    def _download(self) -> bytes:
        return with_retries(self._download_once)

    def _download_once(self) -> bytes:
        import requests

        try:
            with requests.get(self.settings.path, timeout=DEFAULT_POLICY.timeout, stream=True) as response:
                if response.status_code != requests.codes.ok:
                    raise error_of(response.status_code, response.headers, response.reason or "", self._where)
                return self._checked(response.raw.read(_LARGEST + 1, decode_content=True))
        except (requests.ConnectionError, requests.Timeout) as error:
            raise RetryableError(f"{self._where}: no answer ({type(error).__name__})") from error
        except requests.RequestException as error:
            raise SourceError(f"{self._where}: {one_line(str(error))}") from error

    def _checked(self, content: bytes) -> bytes:
        if len(content) > _LARGEST:
            raise SourceError(f"{self._where}: larger than {_LARGEST // 1024 // 1024} MiB")
        return content


def _is_url(path: str) -> bool:
    return path.lower().startswith(("http://", "https://"))


def _cell(wanted: object) -> str:
    return str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
