"""How text becomes a day or a number, the same for every outcome source."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from okrsync.dates import day_of

_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "–", "—"})
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WEEK = re.compile(r"\d{4}-?W\d{2}", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
# datetime.fromisoformat takes any character between day and time, and so reads 20261116123 as eleven at night.
_TIME_STAMP = re.compile(r"(?:\d{4}-\d{2}-\d{2}|\d{8})[Tt ]\d{2}.*", re.ASCII)


def parse_day(text: str, zone: ZoneInfo) -> date:
    """A day from ``2026-11-16``, ``2026/11/16``, ``20261116``, ``2026-W47``, ``2026-11`` or a time stamp.

    A week or month is its first day. A time stamp with an offset falls on its day in ``zone``; one without is taken as
    written. Raises ``ValueError`` for anything else.
    """
    text = text.strip()
    if _WEEK.fullmatch(text):
        return date.fromisoformat(f"{text}-1" if "-" in text else f"{text}1")
    month = _MONTH.fullmatch(text)
    if month is not None:
        return date(int(month[1]), int(month[2]), 1)
    slashed = text.replace("/", "-")
    try:
        return date.fromisoformat(slashed)
    except ValueError:
        if not _TIME_STAMP.fullmatch(slashed):
            raise
        moment = datetime.fromisoformat(slashed)
    try:
        return moment.date() if moment.tzinfo is None else day_of(moment, zone)
    except OverflowError:
        raise ValueError(f"outside the calendar: {text!r}") from None


def parse_number(text: str) -> float | None:
    """A number from ``1234.5``, ``1,234.5``, ``1.2e3`` or ``12%`` (which is 12: the unit is the key result's matter).

    None where there is none: blank, ``NaN``, ``n/a``, ``null``, a dash. Raises ``ValueError`` for anything else, a
    decimal comma among it: ``12,5`` would be 125 to one reader and 12.5 to another, and ``0,125`` is no thousand.
    """
    text = text.strip()
    if text.lower() in _MISSING:
        return None
    text = text.removesuffix("%").rstrip()
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif not _PLAIN.fullmatch(text):
        raise ValueError(f"not a number: {text!r}")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"too large: {text!r}")
    return value
