"""Paging through ``/issues`` so that nothing is skipped while people work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from okrsync.dates import iso
from okrsync.errors import SourceError
from okrsync.language import _
from okrsync_github.client import GitHubClient, rows_of
from okrsync_github.items import Repository, moment, place_of

_GONE = frozenset({410})


class IssuesDisabled(SourceError):
    """The repository has no issues: its pull requests are to be had from ``/pulls`` alone."""


@dataclass(frozen=True, slots=True)
class IssuePage:
    """What one request for issues brought."""

    rows: list[Any]
    """Issues and pull requests, without those that the page before brought in the same state."""
    resume: datetime | None
    """From when to read on if the reader stops here; None after the last page."""


def issue_pages(
    client: GitHubClient, repository: Repository, since: datetime | None, until: datetime | None = None
) -> Iterator[IssuePage]:
    """All issues and pull requests updated from ``since`` on (None: all), in the order of their updates.

    With ``until``, only those updated before it: one chain of several that share the work. What is updated while they
    are read goes to the last chain, which has no end.

    In that order whoever comments moves an issue to the end and all behind it one place to the front, so the next page
    by number would skip one. Each request therefore starts where the last ended, by time: a second earlier, so that it
    does not matter whether the service means ``since`` with or without that second. Only a page that lies within such a
    second is left by its ``Link``. (More than a page of issues changed within one second, and one of them again while
    they are read: that one gap is left to the overlap of the next run.)

    Raises ``IssuesDisabled``.
    """
    path = f"/repos/{repository.full_name}/issues"
    fixed: dict[str, str | int] = {"state": "all", "sort": "updated", "direction": "asc", "per_page": 100}
    known: set[tuple[int, datetime]] = set()
    visited: set[str] = set()
    url = path
    while True:
        window = fixed if since is None else {**fixed, "since": iso(since)}
        answer = client.get(url, window if url == path else None, accept=_GONE)
        if answer.status in _GONE:
            raise IssuesDisabled(_("{full_name} has its issues disabled").format(full_name=repository.full_name))
        rows = rows_of(answer, f"{repository.full_name}, issues")
        stamps = [_stamp(row, repository) for row in rows]
        fresh = [row for row, stamp in zip(rows, stamps, strict=True) if stamp not in known and _within(stamp, until)]
        if answer.next is None or (stamps and not _within(stamps[-1], until)):
            yield IssuePage(fresh, None)
            return
        reached = stamps[-1][1] - timedelta(seconds=1) if stamps else since
        if reached is not None and (since is None or reached > since):
            since, url = reached, path
            known = {stamp for stamp in known.union(stamps) if stamp[1] >= reached}
            visited.clear()
        else:
            if answer.next in visited:
                raise SourceError(
                    _("{full_name}, issues: the Link header leads in a circle").format(full_name=repository.full_name)
                )
            known.update(stamps)
            visited.add(answer.next)
            url = answer.next
        yield IssuePage(fresh, since)


def _within(stamp: tuple[int, datetime], until: datetime | None) -> bool:
    return until is None or stamp[1] < until


def _stamp(row: Any, repository: Repository) -> tuple[int, datetime]:
    number, where = place_of(row, repository)
    updated_at = moment(row, "updated_at", where)
    if updated_at is None:
        raise SourceError(_("{where}: the field 'updated_at' is missing").format(where=where))
    return number, updated_at
