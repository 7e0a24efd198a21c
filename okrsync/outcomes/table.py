"""From the rows that a source gives to readings: what is refused, and how it is said, is the same for every source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.outcomes.interface import Reading
from okrsync.outcomes.values import as_day, as_number


@dataclass(frozen=True)
class Table:
    """Rows with a day and a value, and what messages call their parts."""

    where: str
    """The source, in messages."""
    no_day: str
    """What to say of a ``{cell}`` in the day's ``{column}`` that is no day."""
    no_value: str
    """What to say of a ``{cell}`` in the value's ``{column}`` that is no number."""
    two_values: str
    """What to say, and to do, when a ``{day}`` has two values, the first of them in ``{row}``."""
    columns: tuple[str, str] = ("", "")
    """How messages call the columns of day and value."""
    lines: bool = False
    """Rows are numbered by their line in a file."""

    def readings(
        self, rows: Iterable[tuple[int, object, object]], start: date, end: date, zone: ZoneInfo
    ) -> Sequence[Reading]:
        """The readings from ``start`` to ``end`` of rows in any order: number, day and value of each.

        Rows without a value (null, blank, ``NaN``) are left out; two rows of one day that agree are one. Raises
        ``SourceError`` for a day or value that cannot be read, and for two rows of a day that disagree: the
        configuration has to say which of them is meant.
        """
        found: dict[date, tuple[float, int]] = {}
        for number, day, cell in rows:
            try:
                value = as_number(cell)
            except ValueError:
                said = self.no_value.format(cell=_shown(cell), column=self.columns[1])
                raise self.error(number, said) from None
            if value is None and _is_missing(day):
                continue
            try:
                at = as_day(day, zone)
            except ValueError:
                said = self.no_day.format(cell=_shown(day), column=self.columns[0])
                raise self.error(number, said) from None
            if value is None or not start <= at <= end:
                continue
            known = found.setdefault(at, (value, number))
            if known[0] != value:
                raise self.error(number, self.two_values.format(day=at, row=known[1]))
        return [Reading(at, value) for at, (value, _row) in sorted(found.items())]

    def error(self, number: int, message: str) -> SourceError:
        """What is wrong with one row, saying where it is."""
        said = "{where}:{row}: {problem}" if self.lines else _("{where}: row {row}: {problem}")
        return SourceError(said.format(where=self.where, row=number, problem=message))


def _is_missing(day: object) -> bool:
    return day is None or (isinstance(day, str) and not day.strip())


def _shown(cell: object) -> str:
    return repr(one_line(cell, 40)) if isinstance(cell, str) else one_line(repr(cell), 40)
