"""A cycle that is over: measured on to its end plus the lag, and compared with its last day."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cli_project import MAIN, Project, clone, start

GOALS = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{id: acme, level: company}]
objectives:
  - id: O1
    team: acme
    title: A small shop sells online within a day
    key_results:
      - id: KR1
        title: Activated shops per week
        metric: {unit: shops, baseline: 120, target: 300, lag: 28d, source: {type: csv, path: a.csv}}
        work: [{source: clone, title: shop}]
      - id: KR2
        title: Never slow to show
        metric: {unit: shops, baseline: 120, target: 300, source: {type: csv, path: b.csv}}
        work: [{source: clone, title: shop}]
"""
NEXT = """\
cycle: {id: 2027-Q1, start: 2027-01-11, end: 2027-03-31}
objectives: [{id: N1, team: acme, title: More, key_results: [{id: N1.1, title: More, metric: {target: 3, unit: x}}]}]
"""


def series(last: date, jump: date) -> str:
    """Weekly values up to ``last``: 120 or so, from ``jump`` on 260."""
    first = date(2026, 6, 1)
    days = [first + timedelta(weeks=week) for week in range((last - first).days // 7 + 1)]
    return "date,value\n" + "".join(f"{day},{(260 if day >= jump else 120) + day.day % 3}\n" for day in days)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Project:
    """Work was done in October; KR1 jumps four days after the cycle ended."""
    made = start(tmp_path, monkeypatch, capfd)
    made.write("okrsync.yaml", MAIN.replace("sources: {}", "sources: {clone: {type: git, path: storefront}}"))
    made.write("okrs/q4.yaml", GOALS)
    made.write("okrs/q1.yaml", NEXT)
    clone(made, "storefront", "Open the shop", "Tidy the shop")
    return made


def sync(project: Project, monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """Sync on a day, with the series as they are then."""
    for name in ("a.csv", "b.csv"):
        project.write(name, series(day, date(2027, 1, 4)))
    monkeypatch.setattr(
        "okrsync.cli.sync.now", lambda: datetime(day.year, day.month, day.day, 9, tzinfo=ZoneInfo("UTC"))
    )
    ran = project.run("sync")
    assert ran.code == 0, ran.err


def report(project: Project, *options: str) -> Any:
    ran = project.run("report", "--format", "json", *options)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_it_is_measured_to_its_end_plus_the_lag_and_compared_with_its_last_day(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(project, monkeypatch, date(2026, 12, 31))
    assert report(project, "--as-of", "2026-12-31")["closing"] is None
    sync(project, monkeypatch, date(2027, 1, 25))
    over = report(project, "--cycle", "2026-Q4", "--as-of", "2027-01-25")
    assert [(kr["id"], kr["verdict"]) for kr in over["key_results"]] == [("KR1", "delivering"), ("KR2", "busy")]
    assert over["closing"] == {
        "as_of": "2026-12-31",
        "verdicts": {"KR1": "busy", "KR2": "busy"},
        "changes": [{"key_result": "KR1", "before": "busy", "after": "delivering"}],
        "measured_until": [{"date": "2027-01-28", "key_results": ["KR1"]}],
    }
    shown = project.run("report", "--cycle", "2026-Q4", "--as-of", "2027-01-25").out
    assert "What changed since the cycle ended on 31 Dec 2026\n  KR1: busy → delivering\n" in shown
    # Seen from its last day, the verdicts are what `closing` says they were.
    then = report(project, "--cycle", "2026-Q4", "--as-of", "2026-12-31")
    assert {kr["id"]: kr["verdict"] for kr in then["key_results"]} == over["closing"]["verdicts"]
    # Nothing after the last day that counts is asked for or changes anything.
    sync(project, monkeypatch, date(2027, 3, 1))
    final = report(project, "--cycle", "2026-Q4", "--as-of", "2027-03-01")
    assert final["closing"]["measured_until"] == []
    assert final["key_results"][0]["outcome"]["measured_at"] == "2027-01-25"
    later = report(project, "--cycle", "2026-Q4", "--as-of", "2029-01-01")
    assert [kr["verdict"] for kr in later["key_results"]] == ["delivering", "busy"]
    assert [kr["since"] for kr in later["key_results"]] == [kr["since"] for kr in final["key_results"]]


@pytest.mark.parametrize(
    ("as_of", "cycle", "closing"),
    [
        ("2026-12-31", "2026-Q4", False),
        ("2027-01-01", "2026-Q4", True),  # between the cycles: the one that ended last
        ("2027-01-10", "2026-Q4", True),
        ("2027-01-11", "2027-Q1", False),
        ("2027-04-01", "2027-Q1", True),
    ],
)
def test_without_a_name_the_cycle_of_the_day_or_else_the_one_that_ended_last(
    project: Project, as_of: str, cycle: str, closing: bool
) -> None:
    found = report(project, "--as-of", as_of)
    assert found["cycle"]["id"] == cycle
    assert (found["closing"] is not None) is closing


def test_before_the_first_cycle_it_says_when_that_begins(project: Project) -> None:
    ran = project.run("report", "--as-of", "2026-09-30")
    assert ran.code == 2
    assert "no cycle has begun by 2026-09-30; the first, 2026-Q4, begins on 2026-10-01" in ran.err
