"""A GitHub of N issues and pull requests for measurements: what ``_stand_in`` serves, GraphQL alone.

Items are a pure function of their number: every third is a pull request that closes the issue before it. What okrsync's
tests hold against GitHub's schema is ``okrsync.sandbox``; this one only has to be quick, and to answer our queries.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from benchmarks._stand_in import Asked, Given

REQUEST = 0.150
"""Seconds that each answer takes."""
REPOSITORY = 7
START = 1_600_000_000
SPAN = 5 * 365 * 86_400
"""Seconds from the first item to the last."""
LABELS = ("activation", "checkout", "search", "speed", "trust")
MILESTONES = 20
_ALIASES = re.compile(r"i(\d+): (?:issueOrPullRequest|pullRequest)\(")
_BODY = "What happens: the page waits for the address service before it shows anything. " * 3
_LIMITS = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": "4000000000"}


class Site:
    """Any repository that is asked for, of ``items`` each."""

    def __init__(self, items: int, slowness: str = "1") -> None:
        self.url = ""
        self.items = items
        self.seconds = REQUEST * float(slowness)
        self.changed = 0
        """The first so many items changed just now."""
        self.changed_at = 0

    def answer(self, asked: Asked) -> Given:
        """As GitHub would."""
        if asked.path == "/_/change":
            self.changed, self.changed_at = int(asked.query), int(datetime.now(UTC).timestamp())
            return Given(b"{}", 0)
        if asked.path != "/graphql":
            return Given(b'{"message":"Not Found"}', self.seconds, 404, self._headers())
        sent = json.loads(asked.body)
        found, errors = self._repository(sent["query"], sent["variables"])
        said = {"data": {"repository": found}} | ({"errors": errors} if errors else {})
        return Given(msgspec.json.encode(said), self.seconds, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        now = datetime.now(UTC)
        return {"Date": now.strftime("%a, %d %b %Y %H:%M:%S GMT"), **_LIMITS}

    def _repository(self, query: str, variables: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        numbers = [int(found) for found in _ALIASES.findall(query)]
        if numbers:
            absent = [number for number in numbers if number > self.items]
            errors = [{"type": "NOT_FOUND", "path": ["repository", f"i{n}"], "message": "No such"} for n in absent]
            whole, people = "fragment I" in query, "timelineItems" in query
            return {f"i{n}": self._item(n, whole, people) if n <= self.items else None for n in numbers}, errors
        pulls = self.items // 3
        found: dict[str, Any] = {
            "hasIssuesEnabled": True,
            "issueCount": {"totalCount": self.items - pulls},
            "pullCount": {"totalCount": pulls},
        }
        if "newestPull" in query:
            found["newestPull"] = {"nodes": [{"number": self.items - self.items % 3}]}
            found["newestIssue"] = {"nodes": [{"number": self.items - (self.items % 3 == 0)}]}
        if "nameWithOwner url" in query:
            name = f"{variables['owner']}/{variables['name']}"
            number = REPOSITORY + int(re.sub(r"\D", "", name) or 0)
            found |= {"databaseId": number, "nameWithOwner": name, "url": f"https://github.com/{name}"}
            titles = [{"number": n + 1, "title": f"Milestone {n}", "state": "OPEN"} for n in range(MILESTONES)]
            found["milestones"] = {"nodes": titles, "pageInfo": _LAST}
            found["releases"] = {"nodes": [], "pageInfo": _LAST}
            found["labels"] = {"nodes": [{"id": f"LA_{name}", "name": name} for name in LABELS], "pageInfo": _LAST}
        if "changedPulls" in query:
            changed = self.changed if _seconds(variables["since"]) <= self.changed_at else 0
            found["changedIssues"] = self._listed([number for number in range(1, changed + 1) if number % 3])
            found["changedPulls"] = self._listed(list(range(3, min(self.items, 600), 3)))
        return found, []

    def _listed(self, numbers: list[int]) -> dict[str, Any]:
        nodes = [{"number": number, "updatedAt": self._updated(number)} for number in numbers[:100]]
        page_info = {"hasNextPage": len(numbers) > 100, "endCursor": "x"}
        return {"totalCount": len(numbers), "nodes": nodes, "pageInfo": page_info}

    def _created(self, number: int) -> int:
        return START + SPAN * number // self.items

    def _updated(self, number: int) -> str:
        return _iso(self.changed_at if number <= self.changed else self._created(number) + 86_400)

    def _item(self, number: int, whole: bool, people: bool) -> dict[str, Any]:
        pull = number % 3 == 0
        kind = "PullRequest" if pull else "Issue"
        if not whole:
            return {"__typename": kind}
        created, closed = self._created(number), number % 5 != 0
        ended = _iso(created + 86_000) if closed else None
        labels = dict.fromkeys((LABELS[number % 5], LABELS[number % 7 % 5]))
        return {
            "__typename": kind,
            "number": number,
            "title": f"Item {number} of the shop",
            "body": _BODY,
            "createdAt": _iso(created),
            "updatedAt": self._updated(number),
            "closed": closed,
            "closedAt": ended,
            "author": {"__typename": "User", "login": f"dev{number % 40}"},
            "assignees": {"nodes": [{"login": f"dev{number % 9}"}]},
            "labels": {"nodes": [{"name": name} for name in labels]},
            "milestone": {"title": f"Milestone {number % MILESTONES}"},
            **(_pull(number, ended) if pull else _issue(number, closed)),
            **({"timelineItems": {"nodes": _events(created, pull)}} if people else {}),
        }


_LAST = {"hasNextPage": False, "endCursor": None}


def _issue(number: int, closed: bool) -> dict[str, Any]:
    above = number - number % 10 + 1
    parent = {"number": above, "repository": {"databaseId": REPOSITORY, "nameWithOwner": "acme/shop"}}
    return {
        "stateReason": "COMPLETED" if closed else None,
        "issueType": None,
        "parent": parent if above != number and above % 3 else None,
    }


def _pull(number: int, ended: str | None) -> dict[str, Any]:
    closes = {"number": number - 1, "repository": {"nameWithOwner": "acme/shop"}}
    return {
        "isDraft": False,
        "mergedAt": ended,
        "headRefName": f"topic/{number}",
        "headRefOid": f"{number * 10 + 1:040x}",
        "mergeCommit": {"oid": f"{number * 10 + 9:040x}"} if ended else None,
        "closingIssuesReferences": {"nodes": [closes], "pageInfo": _LAST},
        "commits": {"nodes": [{"commit": {"oid": f"{number * 10 + at:040x}"}} for at in range(2)], "pageInfo": _LAST},
    }


def _events(created: int, pull: bool) -> list[dict[str, Any]]:
    if not pull:
        return [{"__typename": "AssignedEvent", "createdAt": _iso(created + 60), "assignee": {"login": "dev1"}}]
    asked = {"createdAt": _iso(created + 60), "requestedReviewer": {"login": "dev2"}}
    done = {"submittedAt": _iso(created + 7200), "author": {"login": "dev2"}}
    return [{"__typename": "ReviewRequestedEvent", **asked}, {"__typename": "PullRequestReview", **done}]


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
