"""Cron expressions, as crontab(5) has them: parsed once, for the configuration, the scheduler and the printed units.

APScheduler's own ``from_crontab`` is not used: it counts weekdays from Monday, and wants both of two restricted day
fields where cron is content with either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from okrsync.errors import WrongValue
from okrsync.language import N_, _

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""As cron counts them, from 0; 7 is Sunday too."""


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS = (
    _Field(N_("minute"), 0, 59),
    _Field(N_("hour"), 0, 23),
    _Field(N_("day of the month"), 1, 31),
    _Field(N_("month"), 1, 12, _MONTHS),
    _Field(N_("weekday"), 0, 7, WEEKDAYS),
)
_PART = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is to run, to the minute, in a time zone that is not part of it.

    A time matches when its minute, hour and month do, and its day does: by ``days`` and ``weekdays`` both, where one of
    the two is ``*``, by either of them where neither is (crontab(5)).
    """

    text: str
    """As it was written, one space between the fields."""
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """0 is Sunday."""
    either_day: bool
    """True when days of the month and weekdays are both restricted."""


def parse(text: str) -> Cron:
    """The expression that ``text`` holds: five fields, each of ``*``, numbers, names, ranges, steps and lists.

    Raises ``ValueError``, with what is wrong, for anything else, and for an expression that no day ever matches.
    """
    written = text.split()
    if len(written) != len(_FIELDS):
        raise WrongValue(
            _("{name} must be five fields as in cron: minute, hour, day, month, weekday, such as 0 8 * * 1")
        )
    minutes, hours, days, months, weekdays = (
        _values(part, field) for part, field in zip(written, _FIELDS, strict=True)
    )
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    # Like cron itself: a field that begins with a star restricts nothing here, even where it has a step.
    free_day, free_weekday = written[2].startswith("*"), written[4].startswith("*")
    if free_weekday and not any(days[0] <= _LONGEST_MONTH.get(month, 31) for month in months):
        raise WrongValue(_("{name} must be a cron expression; none of its months has a day {day}"), day=days[0])
    return Cron(" ".join(written), minutes, hours, days, months, weekdays, not free_day and not free_weekday)


def _values(written: str, field: _Field) -> tuple[int, ...]:
    values: set[int] = set()
    for part in written.lower().split(","):
        found = _PART.fullmatch(part)
        step = int(found["step"] or 1) if found else 0
        if not found or not step or (found["step"] and found["first"] and not found["last"]):
            raise WrongValue(
                _(
                    "{name} must be a cron expression; {written!r} is no {field}: write *, 5, 1-5, */15 or a list "
                    "of these"
                ),
                written=written,
                field=_(field.name),
            )
        if found["all"]:
            first, last = field.low, field.high
        else:
            first = _number(found["first"], field)
            last = _number(found["last"], field) if found["last"] else first
            if field.words is WEEKDAYS and last == 0 < first:
                last = 7  # fri-sun
        if first > last:
            raise WrongValue(_("{name} must be a cron expression; the range {part!r} runs backwards"), part=part)
        values.update(range(first, last + 1, step))
    return tuple(sorted(values))


def _number(written: str, field: _Field) -> int:
    if written in field.words:
        return field.words.index(written) + (1 if field.words is _MONTHS else 0)
    if not written.isdecimal():
        raise WrongValue(
            _("{name} must be a cron expression; {written!r} is no {field}"), written=written, field=_(field.name)
        )
    number = int(written)
    if not field.low <= number <= field.high:
        raise WrongValue(
            _("{name} must be a cron expression; {number} is not between {low} and {high}"),
            number=number,
            low=field.low,
            high=field.high,
        )
    return number
