"""Rules of the mode drift, where the examples of their pages do not reach."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from docs.examples.drift import EXAMPLES, GOALS, REVISION
from docs.examples.example import Example
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import Diagnosis, diagnose
from okrsync.goals import timelines, unseen
from okrsync.report.value import Finding
from tests.cli_project import Project, start
from tests.finding_examples import facts_of

MINE = [rule for rule in RULES if rule.mode == "drift"]
EASED = GOALS.replace("target: 500", "target: 350")


def diagnosis(example: Example, folder: Path) -> Diagnosis:
    facts, config = facts_of(example, folder)
    return diagnose(facts, MINE, config.silences)


def found(example: Example, folder: Path) -> dict[str, Finding]:
    """By rule and subject, without D006."""
    return {
        f"{each.rule} {each.subject.id}": each for each in diagnosis(example, folder).findings if each.rule != "D006"
    }


FIRST = "metric: {unit: shops/week, baseline: 120, target: 500}"


@pytest.mark.parametrize(
    ("before", "since", "rule", "words"),
    [
        (FIRST, FIRST.replace("500", "350"), "D001", "its target from 500 to 350"),
        (FIRST, FIRST.replace("120", "300"), "D001", "from 120 to 500 became one from 300 to 500"),
        (FIRST, FIRST.replace(", target: 500", ""), "D001", "its target of 500 was taken away"),
        ("metric: {baseline: 500, target: 120}", "metric: {baseline: 500, target: 200}", "D001", "from 120 to 200"),
        (FIRST, FIRST.replace("500", "90"), "D001", "its target from 500 to 90"),
        (FIRST, FIRST.replace("500", "501"), "D002", "target"),
        (FIRST, FIRST.replace("120", "100"), "D002", "baseline"),
        (FIRST, FIRST.replace("shops/week", "shops").replace("500", "300"), "D002", "target, unit"),
        (FIRST, f"kind: maintain\n        {FIRST}", "D002", "kind"),
        (FIRST, FIRST.replace("500", "500, lag: 14d"), None, ""),
        (FIRST, f"work: [{{keys: [A-1]}}]\n        {FIRST}", None, ""),
    ],
)
def test_what_is_eased_and_what_is_moved(tmp_path: Path, before: str, since: str, rule: str | None, words: str) -> None:
    facts, config = facts_of(Example(GOALS.replace(FIRST, since)), tmp_path)
    (tmp_path / "old").mkdir()
    earlier, _ = facts_of(Example(GOALS.replace(FIRST, before)), tmp_path / "old")
    known = unseen([], earlier.programme, datetime(2026, 9, 20, tzinfo=UTC))
    known += unseen(known, facts.programme, datetime(2026, 11, 2, tzinfo=UTC))
    result = diagnose(replace(facts, versions=timelines(known)), MINE, config.silences).findings
    moved = [(each.rule, each.subject.id) for each in result if each.rule in ("D001", "D002")]
    assert moved == ([(rule, "KR1.1")] if rule else [])
    assert all(words in each.message for each in result if each.rule == rule)


@pytest.mark.parametrize(
    ("limit", "before", "since", "rule"),
    [
        ("at_least", 99, 98, "D001"), ("at_least", 99, 99.5, "D002"),
        ("at_most", 2, 3, "D001"), ("at_most", 2, 1, "D002"),
    ],
)  # fmt: skip
def test_a_limit_that_is_loosened(tmp_path: Path, limit: str, before: float, since: float, rule: str) -> None:
    goals = GOALS.replace(
        "metric: {unit: shops/week, baseline: 120, target: 500}",
        f'kind: maintain\n        metric: {{unit: "%", direction: {limit}, target: {since}}}',
    )
    history = f"2026-11-02 | {limit}, target: {before} | {limit}, target: {since}\n"
    said = found(Example(goals, history=history), tmp_path)
    assert {key for key in said if key.startswith(("D001", "D002"))} == {f"{rule} KR1.1"}


def test_a_target_that_was_restored_was_not_eased(tmp_path: Path) -> None:
    history = "2026-11-02 | target: 500 | target: 350\n2026-11-09 | target: 350 | target: 500\n"
    assert not found(Example(GOALS, history=history), tmp_path)


@pytest.mark.parametrize(("on", "severity"), [("2026-11-02", "info"), ("2026-11-03", "warning")])
def test_a_reason_makes_it_an_info(tmp_path: Path, on: str, severity: str) -> None:
    goals = EASED.replace(
        "        metric: {unit: shops/week",
        f"        changes: [{{on: {on}, reason: two left}}]\n        metric: {{unit: shops/week",
    )
    example = Example(goals, history="2026-11-02 | target: 500 | target: 350\n")
    said = found(example, tmp_path)["D001 KR1.1"]
    assert said.severity == severity
    assert ("reason: two left" in said.evidence[0]) is (severity == "info")


@pytest.mark.parametrize(
    ("acknowledged", "history", "fires", "words"),
    [
        ("", "2026-11-02 | target: 500 | target: 350\n", True, "acknowledges nothing"),
        ("", "2026-11-14 | target: 500 | target: 350\n", False, ""),  # a week has not passed
        ("", "2026-10-05 | target: 500 | target: 350\n", False, ""),  # planning
        ("{O1: 10174cc8}", "2026-11-02 | target: 500 | target: 350\n", True, "as it was on 2026-09-17 (10174cc8)"),
        ("{O1: 00000000}", "2026-11-02 | target: 500 | target: 350\n", True, "no version of O1 on record"),
        (f"{{O1: {REVISION}}}", "2026-11-02 | target: 500 | target: 350\n", False, ""),
        (f"{{O1: {REVISION[:6]} by lin}}", "2026-11-02 | target: 500 | target: 350\n", False, ""),
        ("{KR2.1: 10174cc8}", "2026-11-02 | target: 500 | target: 350\n", True, "acknowledges nothing"),
        # made to support O1 only after that had changed
        ("", "2026-11-02 | target: 500 | target: 350\n2026-11-05 | supports: null | supports: O1\n", False, ""),
    ],
)
def test_who_has_acknowledged_a_change(
    tmp_path: Path, acknowledged: str, history: str, fires: bool, words: str
) -> None:
    line = f"    supports: O1\n    acknowledged: {acknowledged}\n" if acknowledged else "    supports: O1\n"
    said = found(Example(EASED.replace("    supports: O1\n", line), history=history), tmp_path)
    assert ("D003 O2" in said) is fires
    if fires:
        assert any(words in each for each in said["D003 O2"].evidence), said["D003 O2"].evidence


def test_a_key_result_above_is_followed_alone(tmp_path: Path) -> None:
    goals = EASED.replace("supports: O1", "supports: KR1.1")
    assert "D003 O2" in found(Example(goals, history="2026-11-02 | target: 500 | target: 350\n"), tmp_path)
    (tmp_path / "b").mkdir()
    other = "2026-11-02 | A small shop sells online within two days | A small shop sells online within a day\n"
    assert not found(Example(goals, history=other), tmp_path / "b")


def test_no_history_is_said(tmp_path: Path) -> None:
    facts, config = facts_of(Example(GOALS), tmp_path)
    result = diagnose(replace(facts, versions={}), MINE, config.silences)
    assert {each.rule for each in result.not_judged if each.subject is None} == {"D001", "D002", "D003"}
    late = {
        goal: tuple(replace(v, seen_at=v.seen_at.replace(month=11)) for v in line)
        for goal, line in facts.versions.items()
    }
    result = diagnose(replace(facts, versions=late), MINE, config.silences)
    assert {each.because for each in result.not_judged if each.rule == "D001"} == {
        "no version of the goals is on record before 2026-11-17, so that changes before that are not known"
    }


@pytest.mark.parametrize(
    ("work", "fires"),
    [
        ("PAY-1..20 | 2026-10-02+ | KR2.1 | lin\nPAY-31..42 | 2026-11-05+ | nothing | lin\n", True),
        # the same shares in small numbers
        ("PAY-1..4 | 2026-10-02+ | KR2.1 | lin\nPAY-31..33 | 2026-11-05+ | nothing | lin\n", False),
        # a fall that chance explains
        (
            "PAY-1..8 | 2026-10-02+ | KR2.1 | lin\nPAY-11..13 | 2026-10-02+ | nothing | lin\n"
            "PAY-31..35 | 2026-11-05+ | KR2.1 | lin\nPAY-41..46 | 2026-11-05+ | nothing | lin\n",
            False,
        ),
        # never on the key results
        ("PAY-1..20 | 2026-10-02+ | nothing | lin\nPAY-31..42 | 2026-11-05+ | nothing | lin\n", False),
        # back to them
        ("PAY-1..20 | 2026-10-02+ | nothing | lin\nPAY-31..42 | 2026-11-05+ | KR2.1 | lin\n", False),
    ],
)
def test_teams_whose_work_moved_off(tmp_path: Path, work: str, fires: bool) -> None:
    assert ("D005 payments" in found(Example(GOALS, work=work), tmp_path)) is fires


def test_a_young_cycle_has_no_first_weeks_to_compare_with(tmp_path: Path) -> None:
    result = diagnosis(replace(EXAMPLES["D005"][0], as_of=date(2026, 10, 27)), tmp_path)
    assert "D005" not in {each.rule for each in result.findings}
    assert [each.because for each in result.not_judged if each.rule == "D005"] == [
        "the cycle has run for less than 4 weeks: there is no early share to compare with"
    ]


# --- from the files to the report -------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    project = start(tmp_path, monkeypatch, capsys)
    project.write("okrs/q4.yaml", _HEAD + GOALS)
    return project


_HEAD = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
strategy: [{id: smb, title: Small shops first}]
teams:
  - {id: commerce, level: department}
  - {id: payments, level: team, parent: commerce}
"""


def commit(project: Project, day: str, message: str, author: str) -> None:
    who = ("-c", f"user.name={author}", "-c", "user.email=x@acme.example", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "okrs"), ("commit", "-q", "-m", message)):
        environ = {
            "GIT_AUTHOR_DATE": f"{day}T12:00:00Z",
            "GIT_COMMITTER_DATE": f"{day}T12:00:00Z",
            "PATH": os.environ["PATH"],
        }
        subprocess.run(["git", *who, *command], cwd=project.path, env=environ, check=True, capture_output=True)


def drift(project: Project, *args: str) -> dict[str, dict[str, Any]]:
    ran = project.run("report", "--format", "json", *args)
    assert ran.code == 0, ran.err
    return {f"{each['rule']} {each['subject']['id']}": each for each in json.loads(ran.out)["findings"]}


def test_a_target_eased_in_git_is_reported_until_its_reason_and_the_acknowledgement_are_there(project: Project) -> None:
    commit(project, "2026-09-20", "Goals", "Mei")
    project.write("okrs/q4.yaml", _HEAD + EASED)
    commit(project, "2026-11-02", "Ease", "Lin Wei")
    assert project.run("sync").code == 0
    said = drift(project)
    assert "by Lin Wei in commit" in said["D001 KR1.1"]["evidence"][0]
    assert said["D001 KR1.1"]["severity"] == "warning"
    assert "D003 O2" in said
    # As it was known and as it held before.
    assert not {"D001 KR1.1", "D003 O2"} & drift(project, "--as-of", "2026-11-01").keys()
    assert "D001 KR1.1" not in drift(project, "--known-at", "2026-11-01")
    project.write(
        "okrs/q4.yaml",
        (_HEAD + EASED).replace(
            "owner: chen\n        metric", "owner: chen\n        changes: [{on: 2026-11-02, reason: x}]\n        metric"
        ),
    )
    assert project.run("ack", "O2").code == 0
    said = drift(project)
    assert said["D001 KR1.1"]["severity"] == "info"
    assert "D003 O2" not in said
    # On a past day the reason that was given since counts, the acknowledgement that was missing then does not.
    said = drift(project, "--as-of", "2026-11-19")
    assert said["D001 KR1.1"]["severity"] == "info"
    assert "D003 O2" in said


def test_what_is_on_file_counts_before_a_run_has_stored_it(project: Project) -> None:
    commit(project, "2026-09-20", "Goals", "Mei")
    project.run("sync")
    project.write("okrs/q4.yaml", _HEAD + EASED)
    assert "D001 KR1.1" in drift(project)
