# ruff: noqa: E501
"""Hostile text on its whole way: from Jira, GitHub, git, a CSV and a person's check-in through the store to the pages."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.store.engine import open_store, reading
from tests.cli_project import NOW, Project, start
from tests.hostile import shapes
from tests.hostile.corpus import EVERY, HUGE
from tests.hostile.history import git_import
from tests.postgres import Postgres
from tests.stores import content

STEP = 1 if os.environ.get("OKRSYNC_SOAK") else 5
TEXTS = [*EVERY[::STEP], HUGE[0], HUGE[6]]
CONFIG = """\
store: {store}
sources:
  jira: {{type: jira, url: "{jira}", auth: {{email: {email}, token: "${{TOKEN}}"}}, projects: [SHOP]}}
  hub: {{type: github, url: "{hub}", auth: {{token: "${{TOKEN}}"}}, repos: [acme/one]}}
  clone: {{type: git, path: clone}}
okrs: okrs/
people: [{{id: lin, name: Lin Wei}}]
publish: [{{type: folder, path: wiki/}}]
"""
GOALS = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{id: acme, level: company}]
objectives:
  - id: O1
    team: acme
    title: A small shop sells online within a day
    owner: lin
    key_results:
      - id: KR1.1
        title: Activated shops per week
        owner: lin
        metric: {unit: shops, baseline: 120, target: 300, source: {type: csv, path: a.csv}}
        work: [{source: jira}, {source: hub}]
      - {id: KR1.2, title: Recommend us, owner: lin, metric: {unit: percent, baseline: 30, target: 50}}
      - {id: KR1.3, title: Measured elsewhere, owner: lin, metric: {baseline: 1, target: 2, source: {type: csv, path: b.csv}}}
"""


@pytest.fixture
def services() -> Iterator[tuple[JiraStandIn, GitHubStandIn]]:
    jira, hub = JiraStandIn("cloud", token="t0ken"), GitHubStandIn(tokens=("t0ken",), graphql=True)
    jira.now = lambda: NOW
    jira.add_project("SHOP", "SHOP", "10")
    hub.add_repo("acme/one", 501)
    done = {"id": "5", "name": "Done", "statusCategory": {"id": 3, "key": "done", "name": "Done"}}
    for number, given in enumerate(TEXTS, 1):
        fields = {
            "summary": given, "status": {**done, "name": given[:200]}, "labels": [given.replace(" ", "")[:200]],
            "issuetype": {"id": "1", "name": given[:200], "subtask": False}, "created": jira.stamp(NOW),
            "resolutiondate": jira.stamp(NOW), "resolution": {"id": "1", "name": given[:200]},
        }  # fmt: skip
        jira.put_issue({"id": str(number), "key": f"SHOP-{number}", "fields": fields}, updated=NOW)
        stamp = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
        hub.put_issue(
            "acme/one",
            {"title": given, "labels": [given[:200]], "user": "lin", "created_at": stamp, "updated_at": stamp},
        )
    jira.start()
    hub.start()
    yield jira, hub
    jira.stop()
    hub.stop()


def run_all(project: Project, services: tuple[JiraStandIn, GitHubStandIn], store: str) -> dict[str, str]:
    jira, hub = services
    project.write("okrsync.yaml", CONFIG.format(store=store, jira=jira.url, hub=hub.api_url, email=jira.email))
    project.write("okrs/q4.yaml", GOALS)
    cells = [each.replace('"', '""') for each in TEXTS[:200]]
    quoted = "".join(
        f'{date(2026, 5, 1) + timedelta(days=number)},{100 + number},"{cell}"\n' for number, cell in enumerate(cells)
    )
    project.write("a.csv", ("date,value,note\n" + quoted).encode("utf-8", "replace"))
    project.write("b.csv", 'date,value\n"\x1b[2J=1+1","\x9b<script>|`"\n')
    git_import(project.path / "clone", TEXTS)
    said = ""
    note = "\x1b[31m <script> | `x` \u202e \ud800 [a](javascript:x)"
    for arguments in (
        ("check-in", "KR1.2", "33", "--note", note),
        ("sync", "--verbose"),
        ("publish",),
    ):
        done = project.run(*arguments)
        assert "Traceback" not in done.err, done.err[-3000:]
        # The broken CSV alone fails, and is named.
        assert done.code == (3 if arguments[0] == "sync" else 0), (arguments, done.code, done.err[-3000:])
        said += done.err
    shapes.terminal(said, width=100_000)
    assert "b.csv" in said
    shown = {}
    for arguments in (
        ("report",), ("report", "--format", "markdown"), ("report", "--format", "json"), ("links",), ("links", "--unlinked"),
        ("explain", "KR1.1"), ("explain", "KR1.3"), ("history",), ("report", "--format", "html"), ("links", "--suggest"),
    ):  # fmt: skip
        done = project.run(*arguments)
        assert done.code == 0, (arguments, done.err[-3000:])
        shapes.terminal(done.err, width=100_000)
        name = " ".join(arguments)
        shown[name] = done.out
        if "html" not in arguments:
            shapes.writable(done.out.replace("\t", " "))
            assert len(done.out) < 2_000_000, name
    return shown


def test_from_the_services_to_the_pages(
    services: tuple[JiraStandIn, GitHubStandIn],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """Nothing is lost, nothing crashes, and the stores of both databases hold the same."""
    monkeypatch.setenv("TOKEN", "t0ken")
    stores = {"sqlite": f"sqlite:///{tmp_path / 'sqlite' / 'okrsync.db'}"}
    with suppress(pytest.skip.Exception):
        stores["postgresql"] = _postgres(request)
    held = {}
    for database, store in stores.items():
        folder = tmp_path / database
        folder.mkdir()
        project = start(folder, monkeypatch, capsys)
        check_pages(folder, run_all(project, services, store))
        engine = open_store(store)
        try:
            with reading(engine) as connection:
                titles = {row.key: row.title for row in connection.execute(text("SELECT key, title FROM items"))}
            rows = {part: rows for part, rows in content(engine).items() if part not in {"scopes", "shards"}}
        finally:
            engine.dispose()
        held[database] = json.dumps(rows, default=str)
        # What no database holds is replaced by the character that says so; all the rest is as it was, a megabyte too.
        for number, given in enumerate(TEXTS, 1):
            assert _alike(titles[f"SHOP-{number}"], given), number
            assert _alike(titles[f"acme/one#{number}"], given), number
    assert len(set(held.values())) == 1


def check_pages(folder: Path, shown: dict[str, str]) -> None:
    """What stands on the pages is okrsync's, and all of the work was counted."""
    page = (folder / "wiki" / "OKR-2026-W47.md").read_text("utf-8")
    assert len(page) < 200_000
    shapes.markdown(page)
    shapes.markup(re.sub(r"<script>.*?</script>", "", shown["report --format html"], flags=re.S))
    report = json.loads(shown["report --format json"])
    assert [status["state"] for status in report["sources"]] == ["fresh"] * 3
    assert report["headline"]["completed"] >= len(TEXTS)


def _postgres(request: pytest.FixtureRequest) -> str:
    server: Postgres = request.getfixturevalue("postgres")
    name = server.new_store()
    request.addfinalizer(lambda: server.drop(name))
    return server.url(name)


def _alike(stored: str, given: str) -> bool:
    """The same, but for what cannot be stored (and what services trim)."""
    pattern = re.sub("[\x00\ud800-\udfff]", "\ufffd", given)
    return re.sub("[\ufffd?]+", "?", stored).strip() == re.sub("[\ufffd?]+", "?", pattern).strip()
