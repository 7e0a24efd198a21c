"""Exports in the whole program: synced, linked, reported, examined; and the recorded trackers, by file and by API."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from okrsync_file import FileConnector, FileSettings
from okrsync_github import GitHubConnector
from okrsync_jira import JiraConnector

from okrsync.connector import Connector, ConnectorContext
from okrsync.model import WorkItem
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.recorded import load_jira
from okrsync.sandbox.recorded_github import load_github
from tests.cli_project import GOALS, Project, start
from tests.recorded_setup import DATA, ISSUES, needs_data

HEADER = "Issue key,Summary,Issue Type,Status,Status Category,Created,Updated,Resolved,Labels,Labels\n"
SOURCES = "sources: {tracker: {type: file, path: exports/*.csv, url: 'https://acme.atlassian.net'}}"


def row(number: int, *, done: bool = False, label: str = "shop") -> str:
    moment = f"2026-11-{number:02} 10:00"
    status = "Closed,Done" if done else "Open,To Do"
    return f"SHOP-{number},Work {number},Story,{status},2026-11-01 9:00,{moment},{moment if done else ''},{label},\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    started = start(tmp_path, monkeypatch, capsys)
    main = (started.path / "okrsync.yaml").read_text()
    started.write("okrsync.yaml", main.replace("sources: {}", SOURCES))
    rule = "        work: [{source: tracker, labels: [shop]}]\n"
    started.write("okrs/q4.yaml", GOALS.replace("        metric:\n", f"{rule}        metric:\n"))
    started.write("exports/a.csv", HEADER + "".join(row(number, done=number < 6) for number in range(1, 11)))
    return started


def keys(project: Project) -> set[str]:
    return {str(item["key"]) for item in project.store()["items"]}  # type: ignore[attr-defined]  # rows of any table


def test_the_whole_way(project: Project) -> None:
    checked = project.run("check")
    assert checked.code in (0, 1), checked.err
    assert "tracker" not in checked.err
    doctor = project.run("doctor")
    assert "tracker:files  can be read: 10 items" in " ".join(doctor.out.split("\n")) or "10 items" in doctor.out
    synced = project.run("sync")
    assert synced.code == 0, synced.err
    links = project.run("links", "--kr", "KR1.1")
    assert "SHOP-3" in links.out
    assert "labels=shop" in links.out
    report = json.loads(project.run("report", "--format", "json").out)
    [source] = report["sources"]
    assert (source["source"], source["scope"], source["items"], source["state"]) == ("tracker", "files", 10, "fresh")
    assert report["key_results"][0]["activity"]["completed"] == 5
    assert "0 new or changed" in project.run("sync").err


def test_what_vanished_is_removed_but_not_all_at_once(project: Project) -> None:
    assert project.run("sync").code == 0
    # The same number of rows: only a census tells that one went and another came.
    project.write("exports/a.csv", HEADER + "".join(map(row, range(2, 12))))
    assert project.run("sync").code == 0
    assert keys(project) == {f"SHOP-{number}" for number in range(2, 12)}
    project.write("exports/a.csv", HEADER + row(2))
    assert project.run("sync").code == 0
    assert keys(project) == {"SHOP-2"}
    project.write("exports/a.csv", HEADER)
    failed = project.run("sync")
    assert failed.code == 3
    assert "every item has disappeared at once" in failed.err
    assert keys(project) == {"SHOP-2"}
    assert project.run("sync", "tracker:files", "--full").code == 0
    assert keys(project) == set()


def test_a_file_that_is_gone_removes_nothing(project: Project) -> None:
    assert project.run("sync").code == 0
    (project.path / "exports" / "a.csv").unlink()
    for arguments in (["sync"], ["sync", "--full"]):
        failed = project.run(*arguments)
        assert failed.code == 3
        assert "no file matches exports/*.csv: nothing was removed" in failed.err
    assert len(keys(project)) == 10


def test_a_broken_row_fails_the_scope_until_it_is_mended(project: Project) -> None:
    assert project.run("sync").code == 0
    project.write("exports/a.csv", HEADER + row(3) + "SHOP-4,cut\n" + row(12))
    for _ in range(3):  # it is not forgotten by trying again
        failed = project.run("sync")
        assert failed.code == 3
        assert "exports/a.csv:3: 2 cells where the header has 10" in failed.err
        assert keys(project) == {f"SHOP-{number}" for number in (*range(1, 11), 12)}, "stored, and nothing removed"
        report = json.loads(project.run("report", "--format", "json").out)
        assert report["sources"][0]["state"] == "failed"
        assert "exports/a.csv:3" in report["sources"][0]["error"]
    project.write("exports/a.csv", HEADER + row(3) + row(4) + row(12))
    mended = project.run("sync")
    assert mended.code == 0, mended.err
    assert keys(project) == {"SHOP-3", "SHOP-4", "SHOP-12"}


def test_interrupted_between_two_pages(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileConnector, "page_size", 3)
    read = FileConnector._items_of

    def interrupted(self: FileConnector, *arguments: Any) -> Iterator[Any]:
        for number, item in enumerate(read(self, *arguments)):
            if number == 7:
                raise KeyboardInterrupt
            yield item

    with monkeypatch.context() as patch:
        patch.setattr(FileConnector, "_items_of", interrupted)
        assert project.run("sync").code not in (0, 3)
    assert 3 <= len(keys(project)) < 10
    # Before it goes on, the file is another.
    project.write("exports/a.csv", HEADER + "".join(map(row, range(4, 16))))
    assert project.run("sync").code == 0
    assert keys(project) == {f"SHOP-{number}" for number in range(4, 16)}


def test_an_old_export_is_read_and_said(project: Project) -> None:
    file = project.path / "exports" / "a.csv"
    old = file.stat().st_mtime - 20 * 86400
    os.utime(file, (old, old))
    failed = project.run("sync")
    assert failed.code == 3
    assert "the newest file is 20 days old" in failed.err
    assert len(keys(project)) == 10
    assert "the newest file is 20 days old" in project.run("doctor").out
    project.write("okrsync.yaml", (project.path / "okrsync.yaml").read_text().replace("url:", "max_age: never, url:"))
    assert project.run("sync").code == 0


def test_texts_that_no_database_takes(project: Project) -> None:
    """NUL and half a surrogate pair, in ids too: the second sync knows the items of the first, and the census all."""
    bad = "SHOP-\ud800\x00-1"
    fields: dict[str, Any] = dict.fromkeys(("summary", "description"), bad)
    fields |= {"status": {"name": bad, "statusCategory": {"key": "new"}}, "issuetype": {"name": bad}, "labels": [bad]}
    fields |= {"project": {"key": bad}, "fixVersions": [{"id": bad, "name": bad}]}
    fields |= dict.fromkeys(("created", "updated"), "2026-10-08T09:30:00.000+0800")
    issues = [{"id": bad, "key": bad, "fields": fields}]
    project.write("exports/b.json", json.dumps(issues))
    text = (project.path / "okrsync.yaml").read_text()
    project.write("okrsync.yaml", text.replace("path: exports/*.csv", "path: exports/*.json"))
    for _ in range(2):
        ran = project.run("sync")
        assert ran.code == 0, ran.err
        project.write("exports/b.json", json.dumps([*issues, {**issues[0], "id": "2", "key": "SHOP-2"}]))
    assert keys(project) == {"SHOP-\ufffd\ufffd-1", "SHOP-2"}
    project.write("exports/b.json", json.dumps([{"id": bad, "key": bad, "fields": {}}]))
    ran = project.run("sync")
    assert ran.code == 3
    assert "exports/b.json:1: issue SHOP-" in ran.err
    assert project.run("report").code == 0


def test_settings_that_are_wrong_are_said_with_their_line(project: Project) -> None:
    text = (project.path / "okrsync.yaml").read_text()
    project.write("okrsync.yaml", text.replace("path: exports/*.csv", "path: exports/*.csv, colums: {key: x}"))
    ran = project.run("check")
    assert ran.code == 2
    assert "okrsync.yaml:2: " in ran.err
    assert "columns" in ran.err


# --- the recorded trackers ---


def pulled(connector: Connector) -> dict[str, WorkItem]:
    found: dict[str, WorkItem] = {}
    for scope in connector.scopes():
        for shard in connector.plan(scope, None).shards:
            found |= {item.key: item for page in connector.pages(scope, shard, None) for item in page.items}
    connector.close()
    return found


def from_file(path: Path, **settings: Any) -> dict[str, WorkItem]:
    context = ConnectorContext("work", path.parent, ZoneInfo("UTC"))
    made = FileSettings.model_validate({"type": "file", "path": path.name, "max_age": "never", **settings})
    return pulled(FileConnector(made, context))


def context() -> ConnectorContext:
    return ConnectorContext("work", Path(), ZoneInfo("UTC"))


@needs_data
def test_recorded_jira_server(tmp_path: Path) -> None:
    import gzip

    with gzip.open(ISSUES, "rt", encoding="utf-8") as lines:
        chosen = [line for line in lines if '"key":"ALOY-' in line[:60]]
    file = tmp_path / "aloy.jsonl"
    file.write_text("".join(chosen), encoding="utf-8")
    with JiraStandIn(deployment="server") as site:
        load_jira(file, site)
        settings = {"type": "jira", "url": site.url, "auth": {"token": "jira-token"}, "projects": ["ALOY"]}
        by_api = pulled(JiraConnector(JiraConnector.Settings.model_validate(settings), context()))
        by_file = from_file(file, url=site.url)
    assert len(by_file) == len(chosen) > 1000
    assert by_file == by_api


@needs_data
def test_recorded_jira_cloud() -> None:
    with JiraStandIn(deployment="cloud") as site:
        load_jira(DATA, site)
        auth = {"email": site.email, "token": site.token}
        projects = sorted({issue["key"].rpartition("-")[0] for issue in site.issues.values()})
        settings = {"type": "jira", "url": site.url, "auth": auth, "projects": projects}
        connector = JiraConnector(JiraConnector.Settings.model_validate(settings), context())
        custom = connector.site().reader.custom
        by_api = pulled(connector)
        columns = {"sprints": custom.sprint, "parent": custom.epic_link, "points": custom.points}
        by_file = from_file(DATA / "jira-cloud-devlake.issues.jsonl", url=site.url, columns=columns)
    assert len(by_file) > 20
    assert {key: replace(item, sprints=()) for key, item in by_file.items()} == {
        key: replace(item, sprints=()) for key, item in by_api.items()
    }
    assert {key: set(item.sprints) for key, item in by_file.items()} == {
        key: set(item.sprints) for key, item in by_api.items()
    }


@needs_data
def test_recorded_github(tmp_path: Path) -> None:
    with GitHubStandIn(graphql=False) as hub:
        load_github(DATA, hub)
        settings = {"type": "github", "url": hub.api_url, "auth": {"token": "sandbox-token"}}
        settings["repos"] = ["panjf2000/ants"]
        by_api = pulled(GitHubConnector(GitHubConnector.Settings.model_validate(settings), context()))
    files = tmp_path / "github.jsonl"
    lines = (DATA / "github-devlake.issues.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    first: dict[int, Any] = {}
    for record in records:
        first.setdefault(record["data"]["number"], record)
    files.write_text("\n".join(map(json.dumps, first.values())), encoding="utf-8")
    by_file = from_file(files)
    issues = {key: item for key, item in by_file.items() if key in by_api and item.kind == "issue"}
    assert len(issues) > 10

    def told(item: WorkItem) -> WorkItem:
        return replace(item, id="", url=None)

    assert {key: told(item) for key, item in issues.items()} == {key: told(by_api[key]) for key in issues}
