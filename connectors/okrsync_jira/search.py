"""Paging through a search, as Cloud does it and as Data Center does it. Cursors are plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from okrsync.connector import Cursor
from okrsync.dates import parse_moment
from okrsync.errors import CursorExpired, RetryableError, SourceError
from okrsync.language import _
from okrsync_jira import jql as q
from okrsync_jira.client import JiraClient, Refused
from okrsync_jira.wire import Issue, plain

DEEPEST = 9_000
"""Data Center fails or answers nothing past an offset of 10,000; before that the search is anchored anew."""

RESTARTS = 100
"""How often one search may be anchored anew because issues were deleted under it."""

MINUTE = 60_000
"""Milliseconds: so exact are dates in a query, and so are the bounds of ours."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search."""

    issues: Sequence[Issue]
    next: Cursor | None
    """Where to go on once these are stored; None after the last page."""


@dataclass(frozen=True, slots=True)
class Search:
    """One query at one site. ``where`` is source and scope, for messages."""

    client: JiraClient
    cloud: bool
    where: str
    history: bool = False
    """Each issue with its history, which Data Center can give with the issue."""

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
                value = answer.get("count") if isinstance(answer, dict) else None
            else:
                body = {"jql": jql, "startAt": 0, "maxResults": 0, "fields": ["created"]}
                value = self.client.search("/rest/api/2/search", self.where, body).total
        except Refused:
            return None
        return value if isinstance(value, int) else None

    def first(self, jql: str, order: str) -> tuple[Issue | None, int | None]:
        """The first issue of a query in an order of its own, with its date, and where the site tells it for nothing,
        how many there are."""
        body: dict[str, Any] = {"jql": f"{jql} ORDER BY {order}", "fields": ["created"], "maxResults": 1}
        if self.cloud:
            answer = self.client.search("/rest/api/3/search/jql", self.where, body)
        else:
            answer = self.client.search("/rest/api/2/search", self.where, {**body, "startAt": 0})
        issue = answer.issues[0] if answer.issues else None
        return issue, answer.total if isinstance(answer.total, int) else None

    def by_key(self, keys: Sequence[str]) -> Sequence[Issue]:
        """Those issues of at most a hundred that exist, with their dates; none where the site does not do that."""
        try:
            if self.cloud:
                asked = {"issueIdsOrKeys": list(keys), "fields": ["created"]}
                data = self.client.post("/rest/api/3/issue/bulkfetch", self.where, asked).data
                found = data.get("issues") if isinstance(data, dict) else None
                return [Issue.of(raw) for raw in found] if isinstance(found, list) else ()
            # Unless told not to look, Data Center refuses a query that names an issue which was deleted.
            jql = f"key in ({', '.join(keys)})"
            body = {"jql": jql, "validateQuery": False, "fields": ["created"], "maxResults": len(keys)}
            return self.client.search("/rest/api/2/search", self.where, body).issues
        except Refused:
            return ()

    def _cloud_pages(self, jql: str, fields: list[str], size: int, cursor: Cursor | None) -> Iterator[Found]:
        token = cursor.get("token") if cursor else None
        if cursor is not None and not isinstance(token, str):
            raise CursorExpired(_("{where}: the cursor is not one of Jira Cloud").format(where=self.where))
        seen = {token}
        body: dict[str, Any] = {"jql": f"{jql} {q.ORDER}", "fields": fields, "maxResults": size}
        resumed = cursor is not None
        while True:
            try:
                answer = self.client.search(
                    "/rest/api/3/search/jql", self.where, body if token is None else {**body, "nextPageToken": token}
                )
            except Refused as error:
                if resumed and error.status == 400:
                    raise CursorExpired(
                        _("{where}: the search can no longer be continued: {error}").format(
                            where=self.where, error=error
                        )
                    ) from error
                raise
            resumed = False
            token = answer.nextPageToken
            # A short page is not the last one: only a missing token ends the search.
            if not token:
                yield Found(answer.issues, None)
                return
            if not isinstance(token, str):
                raise SourceError(
                    _("{where}: the search answered with a page token that is no text").format(where=self.where)
                )
            if token in seen:
                raise SourceError(
                    _("{where}: the search repeats a page token and would never end").format(where=self.where)
                )
            seen.add(token)
            yield Found(answer.issues, {"token": token})

    def _server_pages(self, jql: str, fields: list[str], size: int, cursor: Cursor | None) -> Iterator[Found]:
        """Each request begins with the last issue of the one before. Where another stands in its place, something was
        deleted, and offsets would skip issues: then, and before offsets get too deep, the search is anchored anew at
        the moment that issue was created, and brings some issues twice rather than none."""
        start, last, anchor = _place(cursor, self.where)
        restarts = 0
        while True:
            query = f"{q.within(jql, 'created', anchor, None)} {q.ORDER}"
            body: dict[str, Any] = {"jql": query, "startAt": start, "maxResults": size, "fields": fields}
            if self.history:
                body["expand"] = ["changelog"]
            answer = self.client.search("/rest/api/2/search", self.where, body)
            issues, total = answer.issues, answer.total
            if not isinstance(total, int):
                raise SourceError(_("{where}: a search answered without a total").format(where=self.where))
            if last is not None:
                if not issues or issues[0].id != last["id"]:
                    restarts += 1
                    if restarts > RESTARTS:
                        raise RetryableError(
                            _("{where}: the issues changed faster than they could be read; try again").format(
                                where=self.where
                            )
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
            if not answer.issues:
                # Data Center does so past its deepest offset: the rest would be missing without a word.
                raise SourceError(
                    _("{where}: a search came back empty at {start} of {total} issues").format(
                        where=self.where, start=start, total=total
                    )
                )
            if not issues:
                last = None
                continue
            created = int(created_of(issues[-1], self.where).timestamp() * 1000) // MINUTE * MINUTE
            last = {"id": issues[-1].id, "created": created}
            if start >= DEEPEST and (anchor is None or created > anchor):
                start, anchor, last = 0, created, None
            elif len(issues) == 1:
                last = None  # a server that gives one at a time would give the same one for ever
            else:
                start -= 1
            yield Found(issues, {"startAt": start, "last": last, "anchor": anchor})


def _place(cursor: Cursor | None, where: str) -> tuple[int, dict[str, Any] | None, int | None]:
    """Offset, the issue that stands there (None when that is not to be checked), and the anchor of a cursor."""
    if cursor is None:
        return 0, None, None
    try:
        return cursor["startAt"], cursor["last"], cursor["anchor"]
    except KeyError:
        raise CursorExpired(_("{where}: the cursor is not one of Jira Data Center").format(where=where)) from None


def created_of(issue: Issue, where: str) -> datetime:
    """When an issue was made. Raises ``SourceError`` when it does not say."""
    fields = issue.fields if isinstance(issue.fields, dict) else {}
    try:
        return parse_moment(str(plain(fields.get("created"))))
    except (ValueError, OverflowError):
        raise SourceError(_("{where}: an issue has no date in created").format(where=where)) from None
