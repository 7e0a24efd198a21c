"""Real recorded issues (``shared/data``), served by the stand-in as Jira itself would show them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.jira_state import EPIC_LABEL, EPIC_LINK, SPRINT, Json

_AGILE_ONLY = frozenset({"epic", "sprint", "closedSprints", "flagged"})
"""Fields of the Agile API; the platform's API has custom fields in their place."""


def load_jira(path: Path, stand_in: JiraStandIn) -> int:
    """Fill a stand-in with recorded issues, and return how many there are.

    A Server reads one file of issues in the Agile API's shape, one a line (``jira-server-*.jsonl.gz``). A Cloud reads
    the folder of ``jira-cloud-*.projects.jsonl``, ``…statuses.jsonl`` and ``…issues.jsonl``, whose lines are
    ``{"url": …, "data": …}``; the last record of an issue counts. What a record lacks stays missing.
    """
    if stand_in.cloud:
        for project in _records(path, "projects"):
            stand_in.add_project(project["key"], project["name"], project["id"], project["style"])
        stand_in.statuses = list(_records(path, "statuses"))
        issues = list(_records(path, "issues"))
    else:
        issues = list(_lines(path))
    epics = {
        issue["fields"]["epic"]["key"]: issue["fields"]["epic"]["name"]
        for issue in issues
        if issue["fields"].get("epic")
    }  # fmt: skip
    for issue in issues:
        project = issue["fields"]["project"]
        if project["id"] not in stand_in.projects:
            style = "next-gen" if project.get("simplified") else "classic"
            stand_in.add_project(project["key"], project["name"], project["id"], style)
        stand_in.put_issue({**issue, "fields": _platform_fields(issue, epics, stand_in)})
    _load_versions(issues, stand_in)
    return len(stand_in.issues)


def _lines(path: Path) -> Iterator[Any]:
    packed = path.read_bytes()
    for line in (gzip.decompress(packed) if path.suffix == ".gz" else packed).splitlines():
        yield json.loads(line)


def _records(folder: Path, kind: str) -> Iterator[Json]:
    for path in sorted(folder.glob(f"jira-cloud-*.{kind}.jsonl")):
        for record in _lines(path):
            yield record["data"]


def _platform_fields(issue: Json, epics: dict[str, str], stand_in: JiraStandIn) -> Json:
    given = issue["fields"]
    fields = {name: value for name, value in given.items() if name not in _AGILE_ONLY}
    if stand_in.cloud:
        return fields  # recorded with all its custom fields
    ids = {field["schema"].get("custom"): field["id"] for field in stand_in.fields}
    if given.get("epic"):
        fields[ids[EPIC_LINK]] = given["epic"]["key"]
    if given["issuetype"]["name"] == "Epic":
        fields[ids[EPIC_LABEL]] = epics.get(issue["key"], given.get("summary"))
    sprints = [*given.get("closedSprints", ()), *([given["sprint"]] if given.get("sprint") else ())]
    if sprints:
        fields[ids[SPRINT]] = [greenhopper(sprint) for sprint in sprints]
    return fields


def greenhopper(sprint: Json) -> str:
    """A sprint object as Server writes it: the text of a Java object, whose name may hold commas and brackets."""
    shown = {
        "id": sprint["id"],
        "rapidViewId": sprint.get("originBoardId"),
        "state": str(sprint["state"]).upper(),
        "name": sprint["name"],
        "startDate": sprint.get("startDate"),
        "endDate": sprint.get("endDate"),
        "completeDate": sprint.get("completeDate"),
        "sequence": sprint["id"],
        "goal": sprint.get("goal"),
    }
    text = ",".join(f"{name}={'<null>' if value is None else value}" for name, value in shown.items())
    return f"com.atlassian.greenhopper.service.sprint.Sprint@{sprint['id']:x}[{text}]"


def _load_versions(issues: list[Json], stand_in: JiraStandIn) -> None:
    known: dict[str, dict[str, Json]] = {}
    for issue in issues:
        fields = issue["fields"]
        versions = known.setdefault(fields["project"]["id"], {})
        for version in [*fields.get("fixVersions", ()), *fields.get("versions", ())]:
            versions[version["id"]] = {**versions.get(version["id"], {}), **version}
    for project_id, by_id in known.items():
        stand_in.versions[project_id] = list(by_id.values())
