"""How what a source says becomes a day or a number, the same for every outcome source (``docs/outcomes.md``)."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.language import _

_MISSING = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "-", "–", "—"})
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WEEK = re.compile(r"\d{4}-?W\d{2}", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(?:(\d{1,2})日)?", re.ASCII)
# datetime.fromisoformat takes any character between day and time, and so reads 20261116123 as eleven at night.
_TIME_STAMP = re.compile(r"(?:\d{4}-\d{2}-\d{2}|\d{8})[Tt ]\d{2}.*", re.ASCII)

_ASCII_FORMS = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: " ", 0x2212: "-"}
"""Full-width characters, as East Asian keyboards type them, and the typographer's minus."""

_FIRST_SECOND, _FIRST_MILLISECOND, _FIRST_MICROSECOND = 1e8, 1e11, 1e14
"""Epoch seconds since 1973, milliseconds since 1973; above it is neither."""


def in_ascii(text: str) -> str:
    """Full-width digits and signs, and the typographer's minus, as the characters that numbers are read in."""
    return text.translate(_ASCII_FORMS)


def parse_day(text: str, zone: ZoneInfo) -> date:
    """A day from ``2026-11-16``, ``2026/11/16``, ``20261116``, ``2026年11月16日`` or a time stamp.

    A week (``2026-W47``) or month (``2026-11``, ``2026年11月``) is its first day. A time stamp with an offset falls on
    its day in ``zone``; one without is taken as written. Raises ``ValueError`` for anything else.
    """
    text = in_ascii(text).strip()
    if _WEEK.fullmatch(text):
        return date.fromisoformat(f"{text}-1" if "-" in text else f"{text}1")
    if month := _MONTH.fullmatch(text):
        return date(int(month[1]), int(month[2]), 1)
    if chinese := _CHINESE.fullmatch(text):
        return date(int(chinese[1]), int(chinese[2]), int(chinese[3] or 1))
    slashed = text.replace("/", "-")
    try:
        return date.fromisoformat(slashed)
    except ValueError:
        if not _TIME_STAMP.fullmatch(slashed):
            raise
        moment = datetime.fromisoformat(slashed)
    return _in_zone(moment, zone)


def parse_number(text: str) -> float | None:
    """A number from ``1234.5``, ``1,234.5``, ``1.2e3`` or ``12%`` (which is 12: the unit is the key result's matter).

    None where there is none: blank, ``NaN``, ``n/a``, ``null``, a dash. Raises ``ValueError`` for anything else, a
    decimal comma among it: ``12,5`` would be 125 to one reader and 12.5 to another, and ``0,125`` is no thousand.
    """
    text = in_ascii(text).strip()
    if text.lower() in _MISSING:
        return None
    text = text.removesuffix("%").rstrip()
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif not _PLAIN.fullmatch(text):
        raise ValueError(_("not a number: {text!r}").format(text=text))
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(_("too large: {text!r}").format(text=text))
    return value


def as_day(value: object, zone: ZoneInfo) -> date:
    """A day from what JSON or a database holds: a text as ``parse_day`` reads it, a date, a time stamp, or a number.

    A number is eight digits of a day (``20261116``), epoch seconds, or epoch milliseconds; the latter two fall on their
    day in ``zone``. Raises ``ValueError`` for anything else.
    """
    if isinstance(value, str):
        return parse_day(value, zone)
    if isinstance(value, datetime):
        return _in_zone(value, zone)
    if isinstance(value, date):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = float(value)
        if 19000101 <= number <= 29991231 and number == int(number):
            return date.fromisoformat(str(int(number)))
        if _FIRST_MILLISECOND <= number < _FIRST_MICROSECOND:
            number /= 1000
        if _FIRST_SECOND <= number < _FIRST_MILLISECOND:
            return _in_zone(datetime.fromtimestamp(number, UTC), zone)
    raise ValueError(_("not a day: {value!r}").format(value=value))


def as_number(value: object) -> float | None:
    """A number from what JSON or a database holds: a text as ``parse_number`` reads it, or a number.

    None where there is none: null, ``NaN``, or a text that says so. Raises ``ValueError`` for anything else: a truth
    value, infinity, a list.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isnan(number):
            return None
        if math.isfinite(number):
            return number
    raise ValueError(_("not a number: {value!r}").format(value=value))


def _in_zone(moment: datetime, zone: ZoneInfo) -> date:
    try:
        return moment.date() if moment.tzinfo is None else day_of(moment, zone)
    except OverflowError:
        raise ValueError(_("outside the calendar: {moment!r}").format(moment=moment)) from None
