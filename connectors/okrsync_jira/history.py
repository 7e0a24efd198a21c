"""Whom an issue waited for, from its history. Pure.

An *assignment* is waited for from the moment somebody else makes it until the assignee acts (moves the issue to another
status, resolves it, hands it on), is no longer the assignee, or the issue is done. Who takes an issue themselves waits
for nobody. A comment is no entry of the history: who only comments has not acted, as far as this tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from okrsync.dates import parse_moment
from okrsync.model import Wait, WorkItem
from okrsync_jira import values

FIELDS = ("assignee", "status", "resolution")
"""What is asked for of a history."""
MOST_ISSUES = 1000
"""Cloud takes no more in one request."""


class Histories:
    """Reads the histories of a site, and learns how people are called: Data Center has a key and a name for each."""

    def __init__(self, people: Collection[str]) -> None:
        """``people`` are the accounts that waits are kept for, as they are configured."""
        self._people = frozenset(people)
        self._called: dict[str, str] = {}

    def with_waits(self, item: WorkItem, entries: Sequence[object]) -> WorkItem:
        """The issue with its waits, by their beginning. ``entries`` are its history, in any order; what has not the
        usual shape is left out."""
        for entry in entries:
            self._learn(values.mapping(entry).get("author"))
        return replace(item, waits=self._waits(item, sorted(map(self._entry, entries), key=lambda entry: entry[0])))

    def _waits(self, item: WorkItem, entries: Sequence[_Entry]) -> tuple[Wait, ...]:
        changes = [change for at, _, changed in entries if at is not _NEVER for change in changed]
        first = changes[0][0] if changes else item.assignee
        waiting: dict[str, datetime] = {}
        found: list[Wait] = []

        def end(who: str | None, at: datetime) -> None:
            since = waiting.pop(who or "", None)
            if since is not None:
                found.append(Wait("assignment", str(who), since, at))

        if first is not None and first != item.author:
            waiting[first] = item.created_at
        for at, by, changed in entries:
            if at is _NEVER or (item.done_at is not None and at > item.done_at):
                continue
            end(by, at)
            for before, after in changed:
                end(before, at)
                if after is not None and after != by:
                    waiting.setdefault(after, at)
        found += [Wait("assignment", who, since, item.done_at) for who, since in waiting.items()]
        kept = [wait for wait in found if wait.account in self._people]
        return tuple(sorted(kept, key=lambda wait: (wait.since, wait.account)))

    def _entry(self, raw: object) -> _Entry:
        entry = values.mapping(raw)
        by = values.account(entry.get("author"), self._people)
        changed = tuple(
            (self._account(change.get("from")), self._account(change.get("to")))
            for change in map(values.mapping, values.sequence(entry.get("items")))
            if (change.get("fieldId") or change.get("field")) == "assignee"
        )
        return _moment(entry.get("created")), by, changed

    def _learn(self, person: object) -> None:
        """Histories name whom an issue was assigned to by key alone, and whoever changed something in full."""
        called = values.account(person, self._people)
        for name in (values.mapping(person).get("key"), values.mapping(person).get("name")):
            if isinstance(name, str) and called is not None:
                self._called[name] = called

    def _account(self, name: object) -> str | None:
        return self._called.get(name, name) if isinstance(name, str) and name else None


_NEVER = datetime.min.replace(tzinfo=UTC)
_Entry = tuple[datetime, str | None, tuple[tuple[str | None, str | None], ...]]


def entries_by_issue(answer: object) -> dict[str, list[object]]:
    """What one page of Cloud's bulk answer says, by issue."""
    found: dict[str, list[object]] = {}
    for log in map(values.mapping, values.sequence(values.mapping(answer).get("issueChangeLogs"))):
        found.setdefault(str(log.get("issueId")), []).extend(values.sequence(log.get("changeHistories")))
    return found


def entries_of(changelog: object) -> Sequence[object]:
    """What a search with ``expand=changelog`` says of one issue."""
    return values.sequence(values.mapping(changelog).get("histories"))


def _moment(value: Any) -> datetime:
    """ISO 8601, or on Cloud's bulk endpoint milliseconds since 1970; ``_NEVER`` for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        return parse_moment(str(value))
    except (ValueError, OverflowError, OSError):
        return _NEVER


def body(ids: Sequence[str], token: str | None) -> Mapping[str, Any]:
    """The request for the histories of at most ``MOST_ISSUES`` issues."""
    asked: dict[str, Any] = {"issueIdsOrKeys": list(ids), "fieldIds": list(FIELDS), "maxResults": 10_000}
    return asked if token is None else {**asked, "nextPageToken": token}
