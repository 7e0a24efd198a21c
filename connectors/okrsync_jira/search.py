"""Paging through a search, as Cloud does it and as Data Center does it. Cursors are plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from okrsync.connector import Cursor
from okrsync.dates import parse_moment
from okrsync.errors import CursorExpired, RetryableError, SourceError
from okrsync_jira import jql as q
from okrsync_jira.client import JiraClient, Refused

DEEPEST = 9_000
"""Data Center fails or answers nothing past an offset of 10,000; before that the search is anchored anew."""

RESTARTS = 100
"""How often one search may be anchored anew because issues were deleted under it."""

_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search."""

    issues: Sequence[Any]
    next: Cursor | None
    """Where to go on once these are stored; None after the last page."""


@dataclass(frozen=True, slots=True)
class Search:
    """One query at one site. ``where`` is source and scope, for messages."""

    client: JiraClient
    cloud: bool
    where: str

    def pages(self, jql: str, fields: Sequence[str], size: int, cursor: Cursor | None = None) -> Iterator[Found]:
        """The pages of a query, from ``cursor`` or from its beginning. On Data Center
        ``fields`` must hold ``created``.

        Raises ``CursorExpired`` when ``cursor`` is no longer accepted.
        """
        walk = self._cloud_pages if self.cloud else self._server_pages
        return walk(jql, list(fields), size, cursor)

    def count(self, jql: str) -> int | None:
        """How many issues a query finds (on Cloud roughly); None when the site refuses to say."""
        try:
            if self.cloud:
                answer = self.client.post("/rest/api/3/search/approximate-count", self.where, {"jql": jql}).data
            else:
                body = {"jql": jql, "startAt": 0, "maxResults": 0, "fields": ["created"]}
                answer = self.client.search("/rest/api/2/search", self.where, body).data
        except Refused:
            return None
        value = answer.get("count" if self.cloud else "total") if isinstance(answer, dict) else None
        return value if isinstance(value, int) else None

    def first_created(self, jql: str) -> datetime | None:
        """When the oldest issue of a query was created; None when it finds none."""
        for page in self.pages(jql, ["created"], 1):
            return _created(page.issues[0], self.where) if page.issues else None
        return None

    def _cloud_pages(self, jql: str, fields: list[str], size: int, cursor: Cursor | None) -> Iterator[Found]:
        token = cursor.get("token") if cursor else None
        if cursor is not None and not isinstance(token, str):
            raise CursorExpired(f"{self.where}: the cursor is not one of Jira Cloud")
        seen = {token}
        body: dict[str, Any] = {"jql": f"{jql} {q.ORDER}", "fields": fields, "maxResults": size}
        resumed = cursor is not None
        while True:
            try:
                answer = self.client.search(
                    "/rest/api/3/search/jql", self.where, body if token is None else {**body, "nextPageToken": token}
                ).data
            except Refused as error:
                if resumed and error.status == 400:
                    raise CursorExpired(f"{self.where}: the search can no longer be continued: {error}") from error
                raise
            resumed = False
            issues = self._issues(answer)
            token = answer.get("nextPageToken")
            # A short page is not the last one: only a missing token ends the search.
            if not token:
                yield Found(issues, None)
                return
            if token in seen:
                raise SourceError(f"{self.where}: the search repeats a page token and would never end")
            seen.add(token)
            yield Found(issues, {"token": token})

    def _server_pages(self, jql: str, fields: list[str], size: int, cursor: Cursor | None) -> Iterator[Found]:
        """Each request begins with the last issue of the one before. Where another stands in its place, something was
        deleted, and offsets would skip issues: then, and before offsets get too deep, the search is anchored anew at
        the moment that issue was created, and brings some issues twice rather than none."""
        start, last, anchor = _place(cursor, self.where)
        restarts = 0
        while True:
            query = f"{q.within(jql, 'created', anchor, None)} {q.ORDER}"
            body = {"jql": query, "startAt": start, "maxResults": size, "fields": fields}
            answer = self.client.search("/rest/api/2/search", self.where, body).data
            issues = self._issues(answer)
            total = answer.get("total")
            if not isinstance(total, int):
                raise SourceError(f"{self.where}: a search answered without a total")
            if last is not None:
                if not issues or _id(issues[0]) != last["id"]:
                    restarts += 1
                    if restarts > RESTARTS:
                        raise RetryableError(
                            f"{self.where}: the issues changed faster than they could be read; try again"
                        )
                    start, anchor, last = 0, last["created"], None
                    continue
                issues = issues[1:]
                start += 1
            # The server may lower maxResults: what counts is how many came.
            start += len(issues)
            if start >= total:
                yield Found(issues, None)
                return
            if not answer["issues"]:
                # Data Center does so past its deepest offset: the rest would be missing without a word.
                raise SourceError(f"{self.where}: a search came back empty at {start} of {total} issues")
            if not issues:
                last = None
                continue
            created = int(_created(issues[-1], self.where).timestamp() * 1000) // _MINUTE * _MINUTE
            last = {"id": _id(issues[-1]), "created": created}
            if start >= DEEPEST and (anchor is None or created > anchor):
                start, anchor, last = 0, created, None
            elif len(issues) == 1:
                last = None  # a server that gives one at a time would give the same one for ever
            else:
                start -= 1
            yield Found(issues, {"startAt": start, "last": last, "anchor": anchor})

    def _issues(self, answer: object) -> Sequence[Any]:
        issues = answer.get("issues") if isinstance(answer, dict) else None
        if not isinstance(issues, list):
            raise SourceError(f"{self.where}: a search answered without issues")
        return issues


def slices(
    search: Search, jql: str, now: datetime, *, largest: int, budget: int
) -> list[tuple[int | None, int | None]]:
    """Ranges of ``created`` (epoch milliseconds, end excluded) that together cover a query, to be read side by side.

    Halves the fullest range until none holds more than ``largest`` issues or ``budget`` counts were asked for. The
    first range is open towards the past and the last towards the future, so issues made meanwhile have their place.
    The same day gives the same bounds for the same counts. One open range when the site does not count.
    """
    total = search.count(jql)
    if total is None or total <= largest:
        return [(None, None)]
    oldest = search.first_created(jql)
    if oldest is None:
        return [(None, None)]
    day = 24 * 60 * _MINUTE
    bounds = {int(oldest.timestamp() * 1000) // day * day: total}
    end = (int(now.timestamp() * 1000) // day + 1) * day
    for _ in range(budget):
        starts = sorted(bounds)
        spans = {start: stop - start for start, stop in zip(starts, [*starts[1:], end], strict=True)}
        wide = [start for start in starts if spans[start] >= 2 * _MINUTE and bounds[start] > largest]
        if not wide:
            break
        start = max(wide, key=lambda begin: bounds[begin])
        middle = (start + spans[start] // 2) // _MINUTE * _MINUTE
        lower = search.count(q.within(jql, "created", start, middle))
        if lower is None:
            break
        bounds[middle] = max(0, bounds[start] - lower)
        bounds[start] = lower
    # Halving leaves ranges with next to nothing in them: neighbours that fit together need no requests of their own.
    cuts: list[int] = []
    held = 0
    for start in sorted(bounds):
        if held and held + bounds[start] > largest:
            cuts.append(start)
            held = 0
        held += bounds[start]
    edges: list[int | None] = [None, *cuts, None]
    return list(pairwise(edges))


def _place(cursor: Cursor | None, where: str) -> tuple[int, dict[str, Any] | None, int | None]:
    """Offset, the issue that stands there (None when that is not to be checked), and the anchor of a cursor."""
    if cursor is None:
        return 0, None, None
    try:
        return cursor["startAt"], cursor["last"], cursor["anchor"]
    except KeyError:
        raise CursorExpired(f"{where}: the cursor is not one of Jira Data Center") from None


def _id(issue: object) -> object:
    return issue.get("id") if isinstance(issue, dict) else None


def _created(issue: object, where: str) -> datetime:
    fields = issue.get("fields") if isinstance(issue, dict) else None
    value = fields.get("created") if isinstance(fields, dict) else None
    try:
        return parse_moment(str(value))
    except (ValueError, OverflowError):
        raise SourceError(f"{where}: an issue has no date in created") from None
