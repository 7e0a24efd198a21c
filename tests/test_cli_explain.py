"""``okrsync explain``, run in a project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli_project import GIT_RULE, GOALS, MAIN, Project, clone, start


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Project:
    """Synced once, and then without anything that could be synced."""
    made = start(tmp_path, monkeypatch, capfd)
    made.write("okrsync.yaml", MAIN.replace("sources: {}", "sources: {clone: {type: git, path: clone}}"))
    made.write("okrs/q4.yaml", GOALS.replace("      - {id: KR1.2", GIT_RULE + "      - {id: KR1.2"))
    clone(made, "clone", "Open a shop", "Close a shop", "Tidy up")
    assert made.run("sync").code == 0
    shutil.rmtree(tmp_path / "clone")
    (tmp_path / "a.csv").unlink()
    monkeypatch.setenv("COLUMNS", "160")
    return made


def test_from_the_store_alone(project: Project) -> None:
    before = project.store()
    ran = project.run("explain", "KR1.1")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("KR1.1 Activated shops per week\n● busy on 2026-11-20, since ")
    for line in (
        "okrs/q4.yaml:14 work[1]: source=clone title=shop",
        "matches 2 items",
        "2 completed, 2 of them settled; 0 open, 0 of them active; 2 opened in the window.",
        "20 values of csv in the series that is judged",
        "→ busy: work completed longer ago than the lag; outcome flat, or moving away",
        "A reading of 300 or more → achieved",
    ):
        assert line in ran.out
    assert project.store() == before


def test_another_day_and_what_was_known_then(project: Project) -> None:
    early = json.loads(project.run("explain", "KR1.1", "--as-of", "2026-10-05", "--format", "json").out)
    assert (early["as_of"], early["work"]["completed"]) == ("2026-10-05", 1)
    assert early["work"]["pieces"][-1]["why_not"].startswith("created on 2026-10-06, after 2026-10-05")
    unknown = json.loads(project.run("explain", "KR1.1", "--known-at", "2026-11-19", "--format", "json").out)
    assert unknown["known_at"] == "2026-11-19"
    assert (unknown["measurements"]["readings"], unknown["verdict"]["verdict"]) == ([], "unmeasured")
    known = json.loads(project.run("explain", "KR1.1", "--known-at", "2026-11-20", "--format", "json").out)
    assert len(known["measurements"]["readings"]) == 20


def test_it_agrees_with_the_report(project: Project) -> None:
    for day in ("2026-10-01", "2026-10-20", "2026-11-20", "2026-12-31", "2027-06-01"):
        report = json.loads(project.run("report", "--as-of", day, "--format", "json").out)
        for judged in report["key_results"]:
            found = json.loads(project.run("explain", judged["id"], "--as-of", day, "--format", "json").out)
            assert found["verdict"]["verdict"] == judged["verdict"]
            assert found["verdict"]["since"] == judged["since"]
            assert found["movement"]["rule"] == judged["outcome"]["rule"]
            for name in ("opened", "open", "completed", "settled"):
                assert found["work"][name] == judged["activity"][name]


def test_a_check_in_shows_with_what_was_said(project: Project) -> None:
    assert project.run("check-in", "KR1.2", "34", "--note", "survey", "--by", "lin", "--confidence", "6").code == 0
    assert project.run("check-in", "KR1.2", "35").code == 0
    out = project.run("explain", "KR1.2").out
    assert "2026-11-20 35 (manual, recorded 2026-11-20 09:00)\n" in out
    assert "before that 34, recorded 2026-11-20 09:00: lin, confidence 6, “survey”\n" in out
    assert project.run("check-in", "KR1.1", "140", "--note", "by hand").code == 0
    out = project.run("explain", "KR1.1").out
    assert "2026-11-20 140 (manual, recorded 2026-11-20 09:00): “by hand” – left out: a check-in beside the" in out


def test_to_a_file(project: Project) -> None:
    ran = project.run("explain", "KR1.3", "-o", "why.txt")
    assert (ran.code, ran.out) == (0, "")
    assert "okrsync check-in KR1.3 done → achieved" in (project.path / "why.txt").read_text("utf-8").replace(
        "\n    ", " "
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["KR1.22"], "there is no key result 'KR1.22'; did you mean 'KR1.2'?"),
        (["nonsense"], "there is no key result 'nonsense'; known: KR1.1, KR1.2, KR1.3"),
        (["O1"], "there is no key result 'O1'"),
        (
            ["KR1.1", "--as-of", "2026-09-30"],
            "cycle 2026-Q4 begins on 2026-10-01: there is nothing to judge on 2026-09-30",
        ),
        (["KR1.1", "--as-of", "soon"], "'soon' is not a day"),
        (["KR1.1", "--format", "html"], "'html' is not one of"),
        ([], "Missing argument 'KR'"),
    ],
)
def test_wrong_usage_ends_with_2(project: Project, arguments: list[str], said: str) -> None:
    ran = project.run("explain", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_failed_source_is_named(project: Project) -> None:
    assert project.run("sync", "outcomes").code != 0
    out = project.run("explain", "KR1.1").out
    assert "The source could not be read the last time: " in out
    assert "20 values of csv in the series" in out


def test_in_a_new_store_there_is_nothing_to_tell_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = start(tmp_path, monkeypatch, capfd).run("explain", "KR1.1")
    assert ran.code == 0
    assert "There is no value of csv, which decides." in ran.out
    assert "No rule is declared, and no work names it in a `KR:` line." in ran.out


def test_no_colour_where_nobody_watches(project: Project) -> None:
    assert "\x1b" not in project.run("explain", "KR1.1").out
    assert "\x1b" not in project.run("explain", "KR1.1", "--no-color").out
