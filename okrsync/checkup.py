"""What ``okrsync doctor`` asks of sources, outcome sources and wikis, and how each of them answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from okrsync.language import _, ngettext

State = Literal["good", "warning", "bad", "note"]

SKEW = timedelta(minutes=1)
"""Clocks that differ by more are worth a word: check-ins and the report's day are ours, the work's times are theirs."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    about: str
    """``shop-jira``, ``shop-jira:SHOP``, ``KR1.1``, ``wiki folder``."""
    state: State
    """``bad``: a run will fail here, or say something wrong. ``warning``: it works, and something should be changed.
    ``note``: to be known, neither good nor bad."""
    message: str
    """What was found."""
    action: str = ""
    """What to do about it; empty when all is well."""


def not_writable(path: Path) -> Path | None:
    """What keeps this user from writing a folder, or from making it: the nearest thing on the way that exists."""
    existing = next(each for each in (path, *path.parents) if each.exists())
    return None if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK) else existing


def clocks(about: str, theirs: datetime | None, ours: datetime) -> Iterator[Check]:
    """A warning when a service's clock and ours disagree; nothing when they agree, or the service tells no time."""
    if theirs is None or abs(theirs - ours) <= SKEW:
        return
    said = (
        _("the clock of this machine is {span} behind the service's")
        if theirs > ours
        else _("the clock of this machine is {span} ahead of the service's")
    )
    yield Check(
        about,
        "warning",
        said.format(span=_span(abs(theirs - ours))),
        _("let both keep time (NTP): check-ins and the day of the report come from this machine's clock"),
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
    said = (
        _("its account lives in {theirs}; days and weeks here are those of {ours} and begin {span} later")
        if apart > timedelta()
        else _("its account lives in {theirs}; days and weeks here are those of {ours} and begin {span} earlier")
    )
    yield Check(
        about,
        "warning",
        said.format(theirs=theirs, ours=ours, span=_span(abs(apart))),
        _(
            "if your weeks are those of {theirs}, write `timezone: {theirs}`: what is finished in these hours counts "
            "to another day, and around Monday to another week"
        ).format(theirs=theirs),
    )


def _span(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    parts = [
        ngettext("{count} hour", "{count} hours", hours).format(count=hours) if hours else "",
        ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes) if minutes else "",
    ]
    return " ".join(filter(None, parts)) or _("less than a minute")


def readable(about: str, items: int | None, renamed: str | None = None) -> Iterator[Check]:
    """A scope that can be read: how many items it has, where the service tells, and what it is called now."""
    said = (
        _("can be read")
        if items is None
        else ngettext("can be read: {count} item", "can be read: {count} items", items).format(count=items)
    )
    yield Check(about, "good", said)
    if renamed is not None:
        yield Check(
            about, "warning", _("it is called {name} now").format(name=renamed), _("name it so in okrsync.yaml")
        )


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
