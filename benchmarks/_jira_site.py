"""A Jira of N issues for measurements: what ``_stand_in`` serves, as Cloud or as Data Center.

Issues are a pure function of their number, so a million of them take no memory. What okrsync's tests hold against the
vendor's descriptions is ``okrsync.sandbox``; this one only has to be quick, and to mean the same by a query.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from benchmarks._stand_in import Asked, Given

REQUEST = 0.150
"""Seconds that each answer takes,"""
EACH = 0.001
"""and each issue in it."""
PAGE = 100
IDS = 5000
SERVER_PAGE = 1000
"""The most that Data Center gives, whatever is asked for."""
DEEPEST = 10_000
START = 1_600_000_000_000
SPAN = 5 * 365 * 86_400_000
"""Milliseconds from the first issue to the last."""
FIRST_ID = 10_000
PROJECTS = ("SHOP", "PAY", "SHIP", "WEB", "OPS", "DATA", "HELP", "MOB", "INT", "TAX")
TYPES = ("Story", "Bug", "Task")
STATES = (("1", "Open", 2, "new"), ("3", "In Progress", 4, "indeterminate"), ("5", "Done", 3, "done"))
LABELS = ("activation", "checkout", "search", "speed", "trust")
_RANGE = re.compile(r"(created|updated) (>=|>|<=|<) (-?\d+)")
_PROJECT = re.compile(r'project = "?([A-Z]+)')
_KEYS = re.compile(r"(?:key|id) in \(([^)]*)\)")


class Site:
    """One project or more of ``items`` issues each, evenly made over five years, or with ``skewed`` ever more often."""

    cloud = True

    def __init__(self, items: int, projects: str = "1", skewed: str = "", slowness: str = "1") -> None:
        self.url = ""
        self.items = items
        self.request, self.each = REQUEST * float(slowness), EACH * float(slowness)
        self.projects = PROJECTS[: int(projects)]
        shape = 0.4 if skewed else 1.0
        self.created = array("q", (START + int(SPAN * (at / items) ** shape) for at in range(items)))
        self.changed = 0
        """The first so many issues changed just now."""
        self.changed_at = 0
        self.tokens: dict[str, tuple[str, Sequence[int], int]] = {}
        self.found: dict[str, Sequence[int]] = {}

    def answer(self, asked: Asked) -> Given:
        """As Jira would."""
        parts = asked.path.split("/")
        if asked.path == "/_/change":
            self.changed, self.changed_at = int(asked.query), int(datetime.now(UTC).timestamp() * 1000)
            self.found.clear()
            return Given(b"{}", 0)
        resource = "/".join(parts[4:])
        if resource == "serverInfo":
            return self._said({"deploymentType": "Cloud" if self.cloud else "Server", "baseUrl": self.url})
        if resource == "myself":
            return self._said({"accountId": "5b10", "key": "bot", "name": "bot", "displayName": "Bot"})
        if resource == "field":
            return self._said(FIELDS)
        if resource == "mypermissions":
            return self._said({"permissions": {"BROWSE_PROJECTS": {"havePermission": True}}})
        if parts[4] == "project" and len(parts) > 5 and parts[5] in self.projects:
            versions = [{"id": str(n), "name": f"{n}.0", "released": n < 8, "archived": False} for n in range(1, 10)]
            if parts[6:] == ["versions"]:
                return self._said(versions)
            return self._said({"id": str(self.projects.index(parts[5])), "key": parts[5], "versions": versions})
        if resource.startswith("search") or resource == "issue/bulkfetch":
            body = json.loads(asked.body) if asked.body else _from_query(asked.query)
            return self._searched(resource, body)
        return Given(b'{"errorMessages":["no such resource"],"errors":{}}', self.request, 404)

    def _searched(self, resource: str, body: dict[str, Any]) -> Given:
        if self.cloud and resource == "search/jql":
            return self._cloud(body)
        if self.cloud and resource == "search/approximate-count":
            return self._said({"count": len(self._find(body["jql"])[1])})
        if self.cloud and resource == "issue/bulkfetch":
            found = [place for asked in body["issueIdsOrKeys"] if (place := self._place(str(asked))) is not None]
            return self._page([self._issue(*place, body["fields"]) for place in found], "")
        if not self.cloud and resource == "search":
            return self._server(body)
        return Given(b'{"errorMessages":["no such resource"],"errors":{}}', self.request, 404)

    def _cloud(self, body: dict[str, Any]) -> Given:
        fields = body.get("fields") or ["id"]
        if token := body.get("nextPageToken"):
            project, numbers, at = self.tokens[token]
        else:
            (project, numbers), at = self._find(body["jql"]), 0
        only_ids = set(fields) <= {"id", "key"}
        end = at + min(body.get("maxResults", 50), IDS if only_ids else PAGE)
        tail = ',"isLast":true'
        if end < len(numbers):
            token = f"t{project}-{numbers[0]}-{numbers[-1]}-{end}"
            self.tokens[token] = (project, numbers, end)
            tail = f',"isLast":false,"nextPageToken":"{token}"'
        return self._page([self._issue(project, number, fields) for number in numbers[at:end]], tail)

    def _server(self, body: dict[str, Any]) -> Given:
        project, numbers = self._find(body["jql"])
        start, size = int(body.get("startAt", 0)), min(int(body.get("maxResults", 50)), SERVER_PAGE)
        if start + size > DEEPEST and numbers[start : start + size]:
            return Given(b'{"errorMessages":["Search limit exceeded."],"errors":{}}', self.request, 500)
        tail = f',"startAt":{start},"maxResults":{size},"total":{len(numbers)}'
        found = [self._issue(project, number, body["fields"]) for number in numbers[start : start + size]]
        return self._page(found, tail)

    def _find(self, jql: str) -> tuple[str, Sequence[int]]:
        """The project that a query names, and the numbers (from 0) of the issues that it finds, in its order."""
        named = _PROJECT.search(jql)
        project = named[1] if named else self.projects[0]
        if jql not in self.found:
            if len(self.found) > 500:
                self.found.clear()
            self.found[jql] = self._numbers(jql)
        return project, self.found[jql]

    def _numbers(self, jql: str) -> Sequence[int]:
        if listed := _KEYS.search(jql):
            places = (self._place(one.strip().strip('"')) for one in listed[1].split(","))
            return sorted(place[1] for place in places if place is not None)
        low, high = 0, self.items
        changed = range(self.items)
        for field, operator, text in _RANGE.findall(jql):
            limit = int(text) + (operator in (">", "<="))
            if field == "updated":
                changed = range(self.changed if limit <= self.changed_at else 0)
            elif operator.startswith(">"):
                low = max(low, bisect_left(self.created, limit))
            else:
                high = min(high, bisect_left(self.created, limit))
        numbers = range(max(low, changed.start), max(low, min(high, changed.stop)))
        return numbers[::-1] if " desc" in jql.lower() else numbers

    def _place(self, id_or_key: str) -> tuple[str, int] | None:
        """Project and number of an issue, by id or key."""
        project, dash, number = id_or_key.rpartition("-")
        if dash:
            found = project, int(number) - 1
        else:
            at, number_from_id = divmod(int(id_or_key) - FIRST_ID, 10_000_000)
            found = self.projects[at], number_from_id
        return found if found[0] in self.projects and 0 <= found[1] < self.items else None

    def _issue(self, project: str, number: int, fields: Sequence[str]) -> str:
        id_ = FIRST_ID + self.projects.index(project) * 10_000_000 + number
        head = f'{{"expand":"","id":"{id_}","self":"{self.url}/rest/api/2/issue/{id_}","key":"{project}-{number + 1}"'
        if set(fields) <= {"id", "key"}:
            return head + "}"
        asked = [line for field in fields if (line := self._field(field, project, number))]
        return f'{head},"fields":{{{",".join(asked)}}}}}'

    def _field(self, field: str, project: str, number: int) -> str:
        if field in _FIXED:
            values = _FIXED[field]
            return values[number % len(values)]
        if field in ("created", "updated", "resolutiondate", "statuscategorychangedate"):
            at = self.created[number]
            if field != "created":
                at = self.changed_at if number < self.changed else at + 86_400_000
            if field == "resolutiondate" and number % len(STATES) != 2:
                return '"resolutiondate":null'
            moment = datetime.fromtimestamp(at / 1000, UTC)
            return f'"{field}":"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}+0000"'
        if field == "summary":
            return f'"summary":"Let a shop open on day {number} without waiting for its first delivery"'
        if field == "project":
            return f'"project":{{"id":"{self.projects.index(project)}","key":"{project}","name":"Shop"}}'
        if field == "parent" and number % 50:
            above = number - number % 50
            id_ = FIRST_ID + self.projects.index(project) * 10_000_000 + above
            return f'"parent":{{"id":"{id_}","key":"{project}-{above + 1}","fields":{{"summary":"Epic {above}"}}}}'
        if field == "description":
            text = f"Why\\n\\nBecause shop {number} asked."
            if number % 40 == 7:
                text += f"\\nKR: KR{number % 7}"
            if not self.cloud:
                return f'"description":"{text}"'
            lines = ",".join(
                f'{{"type":"paragraph","content":[{{"type":"text","text":"{line}"}}]}}'
                for line in text.split("\\n") if line
            )  # fmt: skip
            return f'"description":{{"type":"doc","version":1,"content":[{lines}]}}'
        return ""

    def _said(self, value: object) -> Given:
        return Given(json.dumps(value).encode(), self.request)

    def _page(self, issues: Sequence[str], tail: str) -> Given:
        return Given(f'{{"issues":[{",".join(issues)}]{tail}}}'.encode(), self.request + self.each * len(issues))


class Server(Site):
    """Data Center."""

    cloud = False


def _from_query(query: str) -> dict[str, Any]:
    asked: dict[str, Any] = {name: unquote(values[0]) for name, values in parse_qs(query).items()}
    return asked | {"fields": asked.get("fields", "").split(","), "maxResults": int(asked.get("maxResults", 50))}


def _person(number: int) -> str:
    account = f"5b10a2844c20165700ede{number:03d}"
    return (
        f'{{"accountId":"{account}","key":"JIRAUSER{number}","name":"person{number}","displayName":"Person {number}",'
        f'"emailAddress":"person{number}@acme.example","active":true,"timeZone":"Asia/Shanghai","avatarUrls":'
        f'{{"48x48":"https://avatar.example/{account}/48","24x24":"https://avatar.example/{account}/24"}}}}'
    )


FIELDS = [
    {"id": "customfield_10014", "name": "Epic Link", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-epic-link"}},
    {"id": "customfield_10020", "name": "Sprint", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"}},
    {
        "id": "customfield_10016",
        "name": "Story point estimate",
        "schema": {"custom": "com.pyxis.greenhopper.jira:jsw-story-points"},
    },
]
_FIXED = {
    "status": [
        f'"status":{{"id":"{id_}","name":"{name}","description":"","iconUrl":"https://icon.example/{id_}.png",'
        f'"statusCategory":{{"id":{number},"key":"{key}","colorName":"yellow","name":"{name}"}}}}'
        for id_, name, number, key in STATES
    ],
    "resolution": [
        '"resolution":null',
        '"resolution":null',
        '"resolution":{"id":"1","name":"Done","description":"Work is done"}',
    ],
    "issuetype": [
        '"issuetype":{"id":"10","name":"Epic","subtask":false,"hierarchyLevel":1}' if number == 0 else
        f'"issuetype":{{"id":"{number % 3}","name":"{TYPES[number % 3]}","subtask":false,"hierarchyLevel":0}}'
        for number in range(50)
    ],
    "assignee": [f'"assignee":{_person(number)}' for number in range(97)],
    "reporter": [f'"reporter":{_person(number)}' for number in range(89)],
    "labels": [f'"labels":["{LABELS[n % 5]}","{"team" + str(n % 7)}"]' for n in range(35)],
    "components": [f'"components":[{{"id":"{n}","name":"Part {n}"}}]' for n in range(11)],
    "fixVersions": [f'"fixVersions":[{{"id":"{n}","name":"{n}.0","released":false}}]' for n in range(1, 10)],
    "customfield_10020": [
        f'"customfield_10020":[{{"id":{n},"name":"Sprint {n}","state":"closed","boardId":1,'
        f'"startDate":"2026-01-01T08:00:00.000Z","endDate":"2026-01-15T08:00:00.000Z"}}]'
        for n in range(1, 41)
    ],
    "customfield_10014": ['"customfield_10014":null'],
    "customfield_10016": [f'"customfield_10016":{n}.0' for n in (1, 2, 3, 5, 8)],
}  # fmt: skip
