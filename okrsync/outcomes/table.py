"""From the rows that a source gives to readings: what is refused, and how it is said, is the same for every source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.outcomes.interface import Reading
from okrsync.outcomes.values import as_day, as_number


@dataclass(frozen=True)
class Table:
    """Rows with a day and a value, and what messages call their parts."""

    where: str
    """The source, in messages."""
    day_is: str
    """Where the day of a row stands: ``in column 'week'``."""
    value_is: str
    """Where its value stands."""
    advice: str
    """What to do when there are two values for a day."""
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
                raise self.error(
                    number, f"{_shown(cell)} {self.value_is} is no number; write 1234.5 or 1,234.5"
                ) from None
            if value is None and _is_missing(day):
                continue
            try:
                at = as_day(day, zone)
            except ValueError:
                raise self.error(number, f"{_shown(day)} {self.day_is} is no date; write 2026-11-16") from None
            if value is None or not start <= at <= end:
                continue
            known = found.setdefault(at, (value, number))
            if known[0] != value:
                first = f"the first is in {'line' if self.lines else 'row'} {known[1]}"
                raise self.error(number, f"a second value for {at} ({first}): {self.advice}")
        return [Reading(at, value) for at, (value, _) in sorted(found.items())]

    def error(self, number: int, message: str) -> SourceError:
        """What is wrong with one row, saying where it is."""
        place = f"{self.where}:{number}" if self.lines else f"{self.where}: row {number}"
        return SourceError(f"{place}: {message}")


def _is_missing(day: object) -> bool:
    return day is None or (isinstance(day, str) and not day.strip())


def _shown(cell: object) -> str:
    return repr(one_line(cell, 40)) if isinstance(cell, str) else one_line(repr(cell), 40)
