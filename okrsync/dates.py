"""Days and moments: the one place where a date becomes text or a text becomes a date."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day in ``zone`` on which an aware moment falls."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime: {moment!r}")
    return moment.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in ``zone``, in UTC (a day may begin at another hour than 0 where clocks change)."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment that no longer belongs to ``day``, in UTC."""
    return start_of(day + timedelta(days=1), zone)


def parse_moment(text: str) -> datetime:
    """An ISO 8601 time stamp with an offset, in UTC.

    Accepts what Jira writes (``2021-03-28T16:06:08.713+0800``) and what GitHub writes (``2022-06-09T01:42:11Z``).
    Raises ``ValueError`` for anything else, a missing offset included.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time stamp without an offset: {text!r}")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """A moment as UTC in ISO 8601 with seconds: ``2026-11-20T08:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_week(day: date) -> str:
    """The ISO week of a day: ``2026-W47``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"
