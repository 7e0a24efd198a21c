"""Lengths of time as people write them: ``7d``, ``2w``, ``12h``."""

from __future__ import annotations

import re
from datetime import timedelta

from okrsync.errors import WrongValue
from okrsync.language import _

_DURATION = re.compile(r"(\d{1,5}) ?([hdw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
PATTERN = r"^\d{1,5} ?[hdw]$"
LONGEST = timedelta(days=3660)


def parse_duration(value: object) -> timedelta:
    """A length of time from ``7d``, ``2w``, ``12h`` or a whole number of days; ``0d`` is allowed.

    Raises ``ValueError`` saying what to write for anything else, and for more than ten years.
    """
    length = _length(value)
    if length is None:
        raise WrongValue(_("{name} must be a length of time such as 7d, 2w or 12h"))
    return length


def parse_days(value: object) -> timedelta:
    """The same where only whole days make sense. Raises ``ValueError``."""
    length = _length(value)
    if length is None:
        raise WrongValue(_("{name} must be a length of time such as 7d or 2w"))
    if length % timedelta(days=1):
        raise WrongValue(_("{name} must be whole days, such as 7d or 2w"))
    return length


def _length(value: object) -> timedelta | None:
    """None for what is no length of time."""
    length: timedelta | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        length = timedelta(days=value) if 0 <= value <= LONGEST.days + 1 else None
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip().lower())):
        length = int(match.group(1)) * _UNITS[match.group(2)]
    if length is not None and length > LONGEST:
        raise WrongValue(_("{name} must not be longer than ten years"))
    return length
