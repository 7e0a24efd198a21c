"""Dates as trackers and spreadsheets write them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from okrsync.dates import parse_moment
from okrsync.outcomes.values import in_ascii

_ENGLISH = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december")  # fmt: skip
_CHINESE = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_MONTHS = {
    **{name: number for number, name in enumerate(_ENGLISH, 1)},
    **{name[:3]: number for number, name in enumerate(_ENGLISH, 1)},
    "sept": 9,
    **{f"{name}月": number for number, name in enumerate(_CHINESE, 1)},
    **{f"{number}月": number for number in range(1, 13)},
}
_TIME = r"""
    (?: [,T\ ]\s{0,3} (?P<before>上午|下午)?\s{0,3}
        (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?
        \s{0,3} (?P<after>[AaPp]\.?[Mm]\.?|上午|下午)?
    )?
"""
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})\s?[-/.年]\s?(?P<month>\d{{1,2}})\s?[-/.月]\s?(?P<day>\d{{1,2}})日?{_TIME}",
    re.VERBOSE | re.ASCII,
)
_NAMED_MONTH = re.compile(
    rf"(?P<day>\d{{1,2}})[-/.\ ](?P<month>[^\W\d_]{{3,9}}|[一二三四五六七八九十]{{1,2}}月|\d{{1,2}}月)\.?[-/.\ ]"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    re.VERBOSE,
)
_LONGEST = 100


def parse(text: str, zone: ZoneInfo, formats: tuple[str, ...] = ()) -> datetime:
    """The moment that a cell names, in UTC; one without an offset is a time in ``zone``, a day begins there.

    Reads ISO 8601, a year first (``2026/1/2 15:04``, ``2026年1月2日``), and Jira's own way (``02/Jan/26 3:04 PM``) with
    English or Chinese months. Whether 1/2/2026 is in January or February, ``formats`` must say (those of
    ``strptime``). Raises ``ValueError`` for anything else.
    """
    text = in_ascii(text).strip()
    if len(text) > _LONGEST:
        raise ValueError("too long for a date")
    for form in formats:
        try:
            return _in_utc(datetime.strptime(text, form), zone)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
    try:
        return parse_moment(text)
    except (ValueError, OverflowError):
        pass
    found = _YEAR_FIRST.fullmatch(text) or _NAMED_MONTH.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    month = found["month"]
    number = int(month) if month.isdecimal() else _MONTHS.get(month.casefold())
    if number is None:
        raise ValueError("not a month")
    year = int(found["year"])
    hour = int(found["hour"] or 0)
    half = (found["before"] or found["after"] or "").casefold().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("not an hour")
        hour = hour % 12 + (12 if half in ("pm", "下午") else 0)
    moment = datetime(
        year + 2000 if len(found["year"]) == 2 else year,
        number,
        int(found["day"]),
        hour,
        int(found["minute"] or 0),
        int(found["second"] or 0),
        tzinfo=zone,
    )
    return _in_utc(moment, zone)


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    try:
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the calendar") from None
