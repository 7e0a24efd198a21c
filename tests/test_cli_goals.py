"""``okrsync history`` and ``okrsync ack``, and which commands store versions of goals."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from okrsync.config import load_config
from okrsync.store import goals
from okrsync.store.engine import reading
from okrsync.store.schema import goal_versions
from tests.cli_project import GOALS, NOW, Project, start
from tests.stores import new_store

BELOW = """\
  - id: O2
    team: acme
    title: 一天内开店
    supports: O1
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    project = start(tmp_path, monkeypatch, capsys)
    project.write("okrs/q4.yaml", GOALS + BELOW)
    return project


def count(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(goal_versions)).scalar_one())


def history(project: Project, *args: str) -> list[dict[str, Any]]:
    ran = project.run("history", "--format", "json", *args)
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)["changes"]
    return found


@pytest.mark.parametrize(
    ("args", "stores"),
    [
        (("sync",), True),
        (("sync", "outcomes"), True),
        (("run",), True),
        (("publish",), True),
        (("check-in", "KR1.2", "34"), True),
        (("ack", "O2"), True),
        (("publish", "--draft"), False),
        (("report",), False),
        (("history",), False),
        (("links",), False),
        (("check",), False),
    ],
)
def test_commands_that_write_store_what_they_saw(project: Project, args: tuple[str, ...], stores: bool) -> None:
    assert project.run(*args).code == 0
    assert count(new_store(project.path)) == (5 if stores else 0)
    assert project.run(*args).code == 0
    assert count(new_store(project.path)) == (5 if stores else 0)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_runs_side_by_side_store_each_version_once(
    project: Project, backend: str, request: pytest.FixtureRequest
) -> None:
    engine = new_store(project.path) if backend == "sqlite" else request.getfixturevalue("postgres_store")
    programme = load_config(project.path / "okrsync.yaml").programme
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda n: goals.record(engine, programme, NOW + timedelta(seconds=n)), range(16)))
    assert sorted(stored) == [0] * 15 + [5]
    assert count(engine) == 5


def test_history_without_git(project: Project) -> None:
    project.run("sync")
    project.write(
        "okrs/q4.yaml",
        (GOALS + BELOW)
        .replace("target: 300,", "target: 250,")
        .replace(
            "        metric:\n          {unit: shops",
            "        changes: [{on: 2026-11-20, reason: 'two shops left'}]\n        metric:\n          {unit: shops",
        ),
    )
    # What is on file now is shown, stored or not.
    assert [(each["goal"], each["field"]) for each in history(project)][5:] == [("KR1.1", "target")]
    project.run("sync")
    (project.path / "okrs/q4.yaml").write_text(GOALS)
    project.run("sync")
    ran = project.run("history")
    # The two changes are of one day, and so the reason of that day explains both.
    assert sorted(ran.out.splitlines()[5:]) == [
        "2026-11-20\tKR1.1\ttarget 250 → 300\t\t\ttwo shops left",
        "2026-11-20\tKR1.1\ttarget 300 → 250\t\t\ttwo shops left",
        "2026-11-20\tO2\tremoved\t\t\t",
    ]
    assert [each["goal"] for each in history(project, "O1")] == ["KR1.1", "KR1.2", "KR1.3", "O1", "KR1.1", "KR1.1"]
    assert [each["after"] for each in history(project, "O2")][1:] == [None]
    assert history(project, "--since", "2026-11-21") == []


def test_history_with_git(project: Project) -> None:
    def git(*args: str) -> None:
        who = ("-c", "user.name=Lin\x1b[31m Wei", "-c", "user.email=lin@acme.example", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *args], cwd=project.path, check=True, capture_output=True)

    git("init", "-q")
    git("add", "okrs")
    git("commit", "-q", "-m", "Goals")
    project.write("okrs/q4.yaml", (GOALS + BELOW).replace("target: 300,", "target: 250,"))
    git("commit", "-q", "-a", "-m", "Ease\n\nReason: two shops left")
    before = history(project, "KR1.1")
    assert [(each["by"], each["subject"], each["reason"]) for each in before] == [
        ("Lin [31m Wei", "Goals", None),
        ("Lin [31m Wei", "Ease", "two shops left"),
    ]
    assert count(new_store(project.path)) == 0
    assert project.run("sync").code == 0
    assert history(project, "KR1.1") == before
    assert "\x1b" not in project.run("history").out
    project.run("sync")
    stored = goals.stored_history(new_store(project.path), "okrs/")
    assert stored is not None
    assert stored.notes == ()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("history", "KR1.10"), "there is no objective or key result 'KR1.10'; did you mean 'KR1.1'?"),
        (("history", "--since", "yesterday"), "'yesterday' is not a day"),
        (("ack", "O20"), "there is no objective 'O20'; did you mean 'O2'?"),
        (("ack", "KR1.1"), "KR1.1 is a key result: its objective acknowledges, `okrsync ack O1`"),
        (("ack", "O1"), "q4.yaml:4: O1 supports no goal above"),
        (("ack", "O2", "--by", "lyn"), "--by lyn: no such id under people:; did you mean 'lin'?"),
    ],
)
def test_usage(project: Project, args: tuple[str, ...], said: str) -> None:
    ran = project.run(*args)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())


def test_ack(project: Project) -> None:
    first = project.run("ack", "O2", "--by", "lin")
    assert first.code == 0
    assert "okrs/q4.yaml:20: O2 acknowledges O1" in first.err
    revision = next(each.revision for each in goals.versions(new_store(project.path)) if each.goal == "O1")
    written = (project.path / "okrs/q4.yaml").read_text()
    assert written == GOALS + BELOW + f"    acknowledged: {{O1: {revision} by lin}}\n"
    assert "already" in project.run("ack", "O2").err
    assert (project.path / "okrs/q4.yaml").read_text() == written
    assert project.run("check").code in (0, 1)
    project.write("okrs/q4.yaml", written.replace("target: 300,", "target: 250,"))
    assert "acknowledges" in project.run("ack", "O2").err
    assert f"{revision} by lin" not in (project.path / "okrs/q4.yaml").read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("acknowledged: {O9: 3f2a9c4d}", "unknown objective or key result 'O9'"),
        ("acknowledged: {O1: yes}", "'O1' must be a revision, such as `okrsync ack` writes it: 3f2a9c4d"),
        ("acknowledged: O1", "'acknowledged' must hold keys and values"),
        ("changes: [{on: soon, reason: x}]", "'on' must be a day such as 2026-10-01"),
        ("changes: [{on: 2026-11-01}]", "'reason' is missing in an entry of 'changes'"),
    ],
)
def test_what_the_files_may_say(project: Project, line: str, said: str) -> None:
    project.write("okrs/q4.yaml", f"{GOALS}{BELOW}    {line}\n")
    ran = project.run("check")
    assert ran.code == 2
    assert f"okrs/q4.yaml:20: {said}" in ran.err


@pytest.mark.parametrize("revision", ["12345678", "1234e567", "00000000", "3f2a9c", "3f2a9c4d by lin"])
def test_revisions_that_look_like_numbers(project: Project, revision: str) -> None:
    project.write("okrs/q4.yaml", f"{GOALS}{BELOW}    acknowledged: {{O1: {revision}}}\n")
    objective = load_config(project.path / "okrsync.yaml").programme.objectives[1]
    assert objective.acknowledged[0].revision == revision.split()[0]
