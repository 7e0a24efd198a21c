"""Connections: how GitHub's GraphQL API pages a list."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from okrsync.sandbox.github_objects import Json
from okrsync.sandbox.graphql import GraphQLError, View

NODE_TYPES = {
    "issues": "Issue", "pullRequests": "PullRequest", "closingIssuesReferences": "Issue", "labels": "Label",
    "commits": "PullRequestCommit", "reviews": "PullRequestReview", "reviewRequests": "ReviewRequest",
    "assignees": "User", "milestones": "Milestone", "releases": "Release",
    "IssueTimelineItems": "IssueTimelineItems", "PullRequestTimelineItems": "PullRequestTimelineItems",
}  # fmt: skip


def connection(
    entries: list[tuple[Any, int]], view: Callable[[int], View], args: Json, kind: str, *, reverse: bool = False
) -> View:
    """A page of ``entries`` (sort key, number), ordered by key; cursors name an entry, so that they outlive changes."""
    first = args.get("first")
    if first is not None and (not isinstance(first, int) or not 1 <= first <= 100):
        raise GraphQLError(
            f"Requesting {first} records on the `{kind}` connection exceeds the `first` limit of 100 records.",
            type="EXCESSIVE_PAGINATION",
        )
    ordered = sorted(entries, reverse=reverse)
    start = 0
    if args.get("after") is not None:
        last = _entry_of(args["after"])
        start = sum((entry >= last) if reverse else (entry <= last) for entry in ordered)
    page = ordered[start : start + (first or 0)]

    def bounded(value: Callable[[], Any]) -> Callable[[Json], Any]:
        def resolve(_: Json) -> Any:
            # A bare totalCount needs no bounds.
            if first is None:
                raise GraphQLError(
                    f"You must provide a `first` or `last` value to properly paginate the `{kind}` connection.",
                    type="MISSING_PAGINATION_BOUNDARIES",
                )
            return value()

        return resolve

    return {
        "__typename": f"{NODE_TYPES[kind]}Connection",
        "totalCount": len(ordered),
        "nodes": bounded(lambda: [view(number) for _, number in page]),
        "edges": bounded(
            lambda: [
                {"__typename": f"{NODE_TYPES[kind]}Edge", "cursor": _cursor_of(entry), "node": view(entry[1])}
                for entry in page
            ]
        ),
        "pageInfo": bounded(
            lambda: {
                "__typename": "PageInfo",
                "hasNextPage": start + len(page) < len(ordered),
                "hasPreviousPage": start > 0,
                "startCursor": _cursor_of(page[0]) if page else None,
                "endCursor": _cursor_of(page[-1]) if page else None,
            }
        ),
    }


def _cursor_of(entry: tuple[Any, int]) -> str:
    return base64.b64encode(json.dumps(entry).encode()).decode()


def _entry_of(cursor: str) -> tuple[Any, int]:
    try:
        key, number = json.loads(base64.b64decode(cursor, validate=True))
    except (ValueError, TypeError):
        raise GraphQLError(
            f"`{cursor}` does not appear to be a valid cursor.", type="INVALID_CURSOR_ARGUMENTS"
        ) from None
    return key, number


def listed(items: list[View], kind: str) -> Callable[[Json], View]:
    """A connection over a short list in its own order."""
    return lambda args: connection([(0, index) for index in range(len(items))], items.__getitem__, args, kind)
