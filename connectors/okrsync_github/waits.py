"""Whom an issue or pull request waited for, from its events. Pure.

A *review* is waited for from its request until that person's first review after it, its withdrawal, or the pull
request's end; one that was asked of a team, until the first review by anybody. An *assignment* is waited for until the
assignee acts, as far as the same answer tells: reviews the pull request, refers to the issue from a pull request of
their own, is unassigned, or it is closed. (A first comment or commit would be another request for each item.) Who
assigns themselves to their own pull request waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias

from okrsync.model import Wait
from okrsync_github.answers import Event

_Key: TypeAlias = tuple[Literal["review", "assignment"], str]


def waits_of(events: Iterable[Event], author: str | None, ended: datetime | None, *, pull: bool) -> tuple[Wait, ...]:
    """The waits, by their beginning. ``author`` opened it; ``ended`` is when it was closed or merged."""
    found: list[Wait] = []
    waiting: dict[_Key, datetime] = {}

    def begin(key: _Key, at: datetime) -> None:
        waiting.setdefault(key, at)

    def end(key: _Key, at: datetime) -> None:
        since = waiting.pop(key, None)
        if since is not None:
            add(key, since, at)

    def add(key: _Key, since: datetime, until: datetime | None) -> None:
        if ended is None:
            found.append(Wait(key[0], key[1], since, until))
        elif since <= ended:
            found.append(Wait(key[0], key[1], since, ended if until is None else min(until, ended)))

    dated = [(at, event) for event in events if (at := event.submittedAt or event.createdAt) is not None]
    for at, event in sorted(dated, key=lambda pair: pair[0]):
        asked = event.requestedReviewer
        reviewer = (asked.login or asked.combinedSlug) if asked else None
        assignee = event.assignee.login if event.assignee else None
        by = event.author.login if event.author else None
        opener = event.source.author.login if event.source and event.source.author else None
        if event.kind == "ReviewRequestedEvent" and reviewer:
            begin(("review", reviewer), at)
        elif event.kind == "ReviewRequestRemovedEvent" and reviewer:
            end(("review", reviewer), at)
        elif event.kind == "AssignedEvent" and assignee and not (pull and assignee == author):
            begin(("assignment", assignee), at)
        elif event.kind == "UnassignedEvent" and assignee:
            end(("assignment", assignee), at)
        elif event.kind == "PullRequestReview" and by and by != author:
            end(("review", by), at)
            end(("assignment", by), at)
            for key in [key for key in waiting if key[0] == "review" and "/" in key[1]]:
                end(key, at)
        elif event.kind in ("CrossReferencedEvent", "ConnectedEvent") and opener:
            end(("assignment", opener), at)
    for key, since in waiting.items():
        add(key, since, None)
    return tuple(sorted(found, key=lambda wait: (wait.since, wait.kind, wait.account)))
