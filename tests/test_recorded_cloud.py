"""The recorded Jira Cloud and GitHub objects: pulled by the program, reported, and counted once more by hand."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.recorded import load_jira
from okrsync.sandbox.recorded_github import load_github
from tests.recorded_count import NOT_COMPLETED, Part, Recorded
from tests.recorded_setup import DATA, needs_data, okrsync, report

pytestmark = needs_data

ZONE = ZoneInfo("America/New_York")
ANTS = "panjf2000/ants"
JIRA_RULES: dict[str, list[dict[str, Any]]] = {
    "Labels": [{"labels": ["frontEnd"]}],
    "Sprint": [{"sprints": ["EE Sprint 7"], "labels": ["Saas"]}],
    "Version": [{"versions": ["v2.5.4", "v2.6.0"]}],
    "Parent": [{"keys": ["EE-3"]}],
    "Whole": [{"projects": ["ee"]}],
}
GITHUB_RULES: dict[str, list[dict[str, Any]]] = {
    "Enhance": [{"labels": ["enhancement", "pending merged"]}],
    "Fixes": [{"title": "(?i)fix|leak"}],
    "Keys": [{"keys": [f"{ANTS}#7", f"{ANTS}#16", f"{ANTS}#14"]}],
    "Whole": [{"repos": [ANTS]}],
}


def _day(text: str | None) -> date | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(ZONE).date() if text else None


def _records(name: str) -> list[dict[str, Any]]:
    """The recorded objects by number or key, each as it was first recorded."""
    found: dict[Any, dict[str, Any]] = {}
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        data = json.loads(line)["data"]
        found.setdefault(data.get("key") or data["number"], data)
    return list(found.values())


def _cloud() -> Recorded:
    parts = []
    for issue in _records("jira-cloud-devlake.issues.jsonl"):
        fields, project = issue["fields"], issue["key"].split("-")[0]
        is_done = fields["status"]["statusCategory"]["key"] == "done"
        resolution = (fields.get("resolution") or {}).get("name", "")
        sprints = [
            each["name"]
            for value in fields.values()
            if isinstance(value, list)
            for each in value
            if isinstance(each, dict) and "boardId" in each
        ]
        created = _day(fields["created"])
        assert created
        facets = {
            "labels": set(fields["labels"]),
            "versions": {each["name"] for each in fields["fixVersions"]},
            "sprints": set(sprints),
        }
        kind = "Sub-task" if fields["issuetype"]["subtask"] else fields["issuetype"]["name"]
        part = Part(
            issue["key"], "issue", "work", project, project, kind, fields["summary"], created,
            _day(fields["resolutiondate"] or fields["updated"]) if is_done else None,
            is_done and resolution.lower() not in NOT_COMPLETED, facets, (fields.get("parent") or {}).get("key"),
        )  # fmt: skip
        parts.append(part)
    return Recorded(parts, [])


def _github() -> Recorded:
    issues, pulls = _records("github-devlake.issues.jsonl"), _records("github-devlake.pulls.jsonl")
    parts = []
    for one in [each for each in issues if "pull_request" not in each] + pulls:
        is_pull = "head" in one
        reason = one["merged_at"] if is_pull else one.get("state_reason") in (None, "completed")
        created = _day(one["created_at"])
        assert created
        facets = {"labels": {label["name"] for label in one["labels"]}}
        key, text = f"{ANTS}#{one['number']}", f"{one['title']} {one.get('body') or ''}"
        names = [f"{ANTS}#{number}" for number in re.findall(r"(?<!\S)#(\d+)\b", text)] if is_pull else []
        assert not names  # the texts were removed from the data: every pull request stands for itself
        part = Part(
            key, "issue", "work", ANTS, ANTS, "pull" if is_pull else "issue", one["title"], created,
            _day(one["closed_at"]), bool(reason) and one["state"] == "closed", facets,
        )  # fmt: skip
        parts.append(part)
    return Recorded(parts, [])


def _check(
    folder: Path, source: dict[str, Any], rules: dict[str, Any], recorded: Recorded, cycle: tuple[str, str], as_of: str
) -> None:
    settings = {"timezone": str(ZONE), "sources": {"work": source}, "okrs": "okrs.yaml"}
    (folder / "okrsync.yaml").write_text(json.dumps(settings))
    key_results = [{"id": id_, "title": id_, "kind": "milestone", "work": each} for id_, each in rules.items()]
    goals = {
        "cycle": {"id": "c", "start": cycle[0], "end": cycle[1]},
        "teams": [{"id": "all", "level": "company"}],
        "objectives": [{"id": "O", "team": "all", "title": "Everything", "key_results": key_results}],
    }
    (folder / "okrs.yaml").write_text(json.dumps(goals))
    okrsync(folder, "sync")
    start, end = map(date.fromisoformat, (cycle[0], as_of))
    said = report(folder, "c", end)
    serving = {id_: recorded.serving(each) for id_, each in rules.items()}
    counted = {id_: recorded.activity(keys, start, end, end, 0) for id_, keys in serving.items()}
    assert {one["id"]: one["activity"] for one in said["key_results"]} == counted
    completed = recorded.completed(start, end)
    unlinked = completed.difference(*serving.values())
    assert said["headline"]["completed"] == len(completed) > 0
    assert said["unlinked"]["completed"] == len(unlinked)
    assert said["unlinked"]["by_scope"] == recorded.by_scope(unlinked)
    assert {f"work:{one['scope']}": one["items"] for one in said["sources"]} == recorded.items()


@pytest.mark.parametrize("as_of", ["2020-06-16", "2020-06-30"])
def test_the_recorded_cloud(tmp_path: Path, as_of: str) -> None:
    jira = JiraStandIn("cloud", account_timezone="Asia/Shanghai")
    load_jira(DATA, jira)
    auth = {"email": jira.email, "token": jira.token}
    with jira:
        source = {"type": "jira", "url": jira.url, "auth": auth, "projects": ["EE", "K5"]}
        _check(tmp_path, source, JIRA_RULES, _cloud(), ("2020-06-01", "2020-06-30"), as_of)


@pytest.mark.parametrize("graphql", [True, False])
@pytest.mark.parametrize("as_of", ["2019-01-22", "2019-12-31"])
def test_the_recorded_github(tmp_path: Path, as_of: str, graphql: bool) -> None:
    with GitHubStandIn(graphql=graphql) as hub:
        load_github(DATA, hub)
        source = {"type": "github", "url": hub.api_url, "auth": {"token": "sandbox-token"}, "repos": [ANTS]}
        _check(tmp_path, source, GITHUB_RULES, _github(), ("2018-07-01", "2019-12-31"), as_of)
