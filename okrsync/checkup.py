"""What ``okrsync doctor`` asks of sources, outcome sources and wikis, and how each of them answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["good", "warning", "bad"]

SKEW = timedelta(minutes=1)
"""Clocks that differ by more are worth a word: check-ins and the report's day are ours, the work's times are theirs."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    about: str
    """``shop-jira``, ``shop-jira:SHOP``, ``KR1.1``, ``wiki folder``."""
    state: State
    """``bad``: a run will fail here, or say something wrong. ``warning``: it works, and something should be changed."""
    message: str
    """What was found."""
    action: str = ""
    """What to do about it; empty when all is well."""


def clocks(about: str, theirs: datetime | None, ours: datetime) -> Iterator[Check]:
    """A warning when a service's clock and ours disagree; nothing when they agree, or the service tells no time."""
    if theirs is None or abs(theirs - ours) <= SKEW:
        return
    apart = abs(theirs - ours)
    way = "behind" if theirs > ours else "ahead of"
    yield Check(
        about,
        "warning",
        f"the clock of this machine is {_span(apart)} {way} the service's",
        "let both keep time (NTP): check-ins and the day of the report come from this machine's clock",
    )


def time_zones(about: str, theirs: str | None, ours: str, now: datetime) -> Iterator[Check]:
    """A warning when a service's account lives in a time zone whose days begin at another time than ours now."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(theirs) if theirs else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return
    if zone is None:
        return
    apart = (now.astimezone(zone).utcoffset() or timedelta()) - (
        now.astimezone(ZoneInfo(ours)).utcoffset() or timedelta()
    )
    if not apart:
        return
    when = "later" if apart > timedelta() else "earlier"
    yield Check(
        about,
        "warning",
        f"its account lives in {theirs}; days and weeks here are those of {ours} and begin {_span(abs(apart))} {when}",
        f"if your weeks are those of {theirs}, write `timezone: {theirs}`: what is finished in these hours counts to "
        "another day, and around Monday to another week",
    )


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}" for count, word in ((hours, "hour"), (rest, "minute")) if count
    ]
    return " ".join(parts) or "less than a minute"


class Failed:
    """Collects what a block of ``trying`` failed with."""

    check: Check | None = None


@contextmanager
def trying(about: str, action: str) -> Iterator[Failed]:
    """A ``SourceError`` in the block becomes a bad check in what this gives, with ``action`` as what to do."""
    from okrsync.errors import SourceError

    failed = Failed()
    try:
        yield failed
    except SourceError as error:
        failed.check = Check(about, "bad", str(error), action)
