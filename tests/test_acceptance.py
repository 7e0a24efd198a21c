"""The program as a user sees it: real commands against servers that know nothing of okrsync."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.acceptance_github import DONE, Hub

GOALS = """
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{id: acme, level: company}]
objectives:
  - id: O1
    team: acme
    title: 目标
    key_results:
      - {id: label, title: t, work: [{labels: [激活]}]}
      - {id: repo, title: t, work: [{repos: [acme/shop]}]}
      - {id: dropped, title: t, work: [{labels: [dropped]}]}
"""


@pytest.fixture
def hub():
    hub = Hub()
    done = {"label": "激活", **DONE, "state_reason": "completed"}
    hub.repo(
        *("acme/shop", 7, done, done),
        {"label": "dropped", **DONE, "state_reason": "not_planned"},
        {"label": "dropped", **DONE, "state_reason": "duplicate"},
        {"label": "dropped", **DONE, "pull_request": {"merged_at": None}},
    )
    hub.repo("acme/pay", 8, done)
    with hub.serving():
        yield hub


@pytest.fixture
def okrsync(tmp_path, hub):
    (tmp_path / "okrs").mkdir()
    (tmp_path / "okrs/q4.yaml").write_text(GOALS, encoding="utf-8")
    configuration = f"sources:\n  gh: {{type: github, url: '{hub.url}', auth: {{token: t}}, org: acme}}\nokrs: okrs/\n"
    (tmp_path / "okrsync.yaml").write_text(configuration, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OKRSYNC")}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "okrsync.cli", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


def report(okrsync):
    """Completed pieces by key result, and the state of each scope."""
    done = okrsync("report", "--format", "json", "--as-of", "2026-11-20")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    return (
        {one["id"]: one["activity"]["completed"] for one in content["key_results"]},
        {one["scope"]: (one["items"], one["state"]) for one in content["sources"]},
    )


def test_renamed_repository_of_an_organisation_is_known_by_both_names(okrsync, hub):
    assert okrsync("sync").returncode == 0
    hub.rename("acme/shop", "acme/store")
    done = okrsync("sync")
    assert done.returncode == 0, done.stderr
    completed, scopes = report(okrsync)
    assert completed == {"label": 3, "repo": 2, "dropped": 0}
    assert scopes == {"acme/store": (5, "fresh"), "acme/pay": (1, "fresh")}


def test_repository_that_the_organisation_lists_no_more_is_kept_and_failed(okrsync, hub):
    assert okrsync("sync").returncode == 0
    hidden = hub.repos.pop("acme/pay")
    for _ in range(2):
        done = okrsync("sync")
        assert done.returncode == 3
        assert "acme/pay is missing" in done.stderr
        assert "okrsync sync gh --full" in done.stderr
        completed, scopes = report(okrsync)
        assert completed["label"] == 3
        assert scopes["acme/pay"] == (1, "failed")
    hub.repos["acme/pay"] = hidden
    assert okrsync("sync").returncode == 0
    assert report(okrsync)[1]["acme/pay"] == (1, "fresh")
    del hub.repos["acme/pay"]
    assert okrsync("sync", "gh", "--full").returncode == 0
    assert okrsync("sync").returncode == 0
    assert report(okrsync)[1] == {"acme/shop": (5, "fresh")}


def test_what_a_service_calls_dropped_is_dropped_whatever_else_is_configured(okrsync, tmp_path):
    path = tmp_path / "okrsync.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "not_completed: [不做了]\n", encoding="utf-8")
    assert okrsync("sync").returncode == 0
    assert report(okrsync)[0]["dropped"] == 0


def test_output_to_a_dash_is_stdout(okrsync, tmp_path):
    done = okrsync("report", "--format", "json", "--as-of", "2026-11-20", "-o", "-")
    assert json.loads(done.stdout)["as_of"] == "2026-11-20"
    assert not (tmp_path / "-").exists()
