"""Rows of a CSV, one at a time, whatever wrote it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Final

from okrsync.language import _, ngettext
from okrsync_file.files import LONGEST_LINE

_NAMED_DELIMITER: Final = re.compile(r"sep=(.)\r?\n?")
_USUAL = (",", ";", "\t")


class Broken(ValueError):
    """One row or value cannot be used; the message goes on where its place ended."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Unreadable(Broken):
    """Nothing after this place can be read either."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its cells by the name of their column, and where it begins."""

    line: int
    cells: Mapping[str, Sequence[str]]
    """In lower case; a name that several columns have has a cell of each."""


class Lines:
    """The lines of a text, counted and of bounded length."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.read = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.read += 1
        if len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise Unreadable(_("a line is longer than 16 MiB: this is no CSV of a tracker"), self.read)
        return line


class Table:
    """A CSV with a header."""

    def __init__(self, text: TextIOWrapper, delimiter: str | None) -> None:
        """Reads the header. Raises ``Unreadable`` when there is none."""
        csv.field_size_limit(LONGEST_LINE)
        self._lines = Lines(text)
        first = next(self._lines, "").removeprefix("\ufeff")
        if (named := _NAMED_DELIMITER.fullmatch(first)) is not None:
            delimiter = delimiter or named[1]
            first = next(self._lines, "")
        if not first.strip():
            raise Unreadable(_("the file is empty: there is not even a header"), 1)
        self._cells = csv.reader(_chained(first, self._lines), delimiter=delimiter or _found_in(first), strict=True)
        self.names = [name.strip() for name in self._next() or ()]
        self._keys = [name.casefold() for name in self.names]

    def rows(self) -> Iterator[Row | Broken]:
        """All rows; one that is not as wide as the header is ``Broken``. Raises ``Unreadable``."""
        while True:
            line = self._lines.read + 1
            cells = self._next()
            if cells is None:
                return
            if not any(cells):
                continue
            if len(cells) < len(self._keys) or any(cells[len(self._keys) :]):
                yield Broken(
                    ngettext(
                        "{count} cell where the header has {whole}",
                        "{count} cells where the header has {whole}",
                        len(cells),
                    ).format(count=len(cells), whole=len(self._keys)),
                    line,
                )
                continue
            found: dict[str, list[str]] = {}
            for name, cell in zip(self._keys, cells, strict=False):
                if cell:
                    found.setdefault(name, []).append(cell)
            yield Row(line, found)

    def _next(self) -> list[str] | None:
        line = self._lines.read + 1
        try:
            return next(self._cells, None)
        except csv.Error as error:
            raise Unreadable(
                _("from here on this is no CSV ({error}); is the file whole?").format(error=error), line
            ) from None


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _found_in(header: str) -> str:
    """The usual delimiter that the header has most of."""
    return max(_USUAL, key=header.count)
