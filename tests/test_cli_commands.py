"""What the commands do in a project without any account: a series, check-ins and git repositories."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from okrsync.cli import COMMANDS
from tests.cli_project import GIT_RULE, GOALS, MAIN, Project, clone, series, start

GIT_MAIN = MAIN.replace("sources: {}", "sources:\n  clone: {type: git, path: clone}")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


@pytest.fixture
def repository(project: Project) -> Project:
    """The same with a git repository of three commits, two of which serve KR1.1."""
    project.write("okrsync.yaml", GIT_MAIN)
    project.write("okrs/q4.yaml", GOALS.replace("      - {id: KR1.2", GIT_RULE + "      - {id: KR1.2"))
    clone(project, "clone", "Open a shop", "Close a shop", "Tidy up")
    return project


def report(project: Project, *args: str) -> dict[str, Any]:
    ran = project.run("report", "--format", "json", *args)
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def key_result(project: Project, name: str, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = next(kr for kr in report(project, *args)["key_results"] if kr["id"] == name)
    return found


# --- help and usage ---


def test_help_names_every_command_and_exit_code(project: Project) -> None:
    ran = project.run("--help")
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)
    assert all(f"{code} " in ran.out for code in (0, 1, 2, 3, 4, 75))


def test_version(project: Project) -> None:
    from okrsync import __version__

    assert project.run("--version").out == f"okrsync, version {__version__}\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "Usage: okrsync"),
        (("chek",), "no command 'chek'; did you mean 'check'?"),
        (("reprot", "--as-of", "x"), "no command 'reprot'; did you mean 'report'?"),
        (("report", "--formt", "json"), "No such option '--formt'. Did you mean '--format'?"),
        (("report", "--format", "pdf"), "'pdf' is not one of 'terminal', 'markdown', "),
        (("report", "--as-of", "20.11.2026"), "'20.11.2026' is not a day; write it like 2026-11-20"),
        (("report", "--as-of", "9999-12-31"), "'9999-12-31' is too far away: the years 1900 to 2999 can be judged"),
        (("report", "--known-at", "2026-13-01"), "'2026-13-01' is not a day; write it like 2026-11-20"),
        (("report", "--cycle", "2026-Q3"), "okrsync: there is no cycle '2026-Q3'; declared: 2026-Q4"),
        (("report", "--as-of", "2026-09-30"), "okrsync: no cycle has begun by 2026-09-30"),
        (("report", "--fail-on", "bsy"), "'bsy' is no verdict; did you mean 'busy'?"),
        (("report", "-o", "."), "'.' is a directory"),
        (("report", "-o", "no/such/report.md"), "okrsync: cannot write no/such/report.md: No such file or directory"),
        (("sync", "jira"), "okrsync: there is no source 'jira'; known: outcomes"),
        (("sync", "outcome"), "okrsync: there is no source 'outcome'; did you mean 'outcomes'?"),
        (("sync", "--jobs", "0"), "0 is not in the range 1<=x<=64"),
        (("check-in", "KR1.2"), "Missing argument 'VALUE'"),
        (("check-in", "KR1.20", "5"), "okrsync: there is no key result 'KR1.20'; did you mean 'KR1.2'?"),
        (("check-in", "KR1.2", "much"), "okrsync: 'much' is not a number; write the value without its unit"),
        (("check-in", "KR1.2", "12,5"), "okrsync: '12,5' is not a number"),
        (("check-in", "KR1.2", "-"), "okrsync: '-' is not a number"),
        (("check-in", "KR1.2", "done"), "okrsync: 'done' is not a number"),
        (("check-in", "KR1.2", "5", "6"), "Got unexpected extra argument (6)"),
        (("check-in", "KR1.2", "5", "--confidence", "11"), "11.0 is not in the range 0<=x<=10"),
        (("check-in", "KR1.2", "5", "--confidence", "nan"), "must be a number from 0 to 10"),
        (("check-in", "KR1.2", "5", "--at", "2026-11-21"), "okrsync: --at 2026-11-21 lies in the future"),
        (("check-in", "KR1.2", "5", "--at", "yesterday"), "'yesterday' is not a day"),
        (("check-in", "KR1.2", "5", "--by", "lyn"), "okrsync: --by lyn: no such id under people:; did you mean 'lin'?"),
        (("check-in", "KR1.3", "5"), "okrsync: KR1.3 is a milestone: check it in as `done`"),
        (("links", "--kr", "KR1.10"), "okrsync: there is no key result 'KR1.10'; did you mean 'KR1.1'?"),
        (("links", "--kr", "KR1.1", "--unlinked"), "okrsync: --kr and --unlinked exclude each other"),
        (("links", "--unlinked", "--cycle", "Q9"), "okrsync: there is no cycle 'Q9'"),
    ],
)  # fmt: skip
def test_usage(project: Project, args: tuple[str, ...], said: str) -> None:
    ran = project.run(*args)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


# --- init and check ---


def test_init_writes_what_works(project: Project) -> None:
    assert project.run("init", "new").code == 0
    for command in (("check",), ("sync",), ("report",), ("links",), ("publish",), ("run",)):
        ran = project.run("-c", "new", *command)
        assert ran.code == 0, ran.err
    assert (project.path / "new/wiki/OKR-2026-W47.md").is_file()


def test_init_overwrites_nothing(project: Project) -> None:
    before = (project.path / "okrsync.yaml").read_bytes()
    ran = project.run("init")
    assert ran.code == 2
    assert "okrsync.yaml exists already: nothing was written" in ran.err
    assert (project.path / "okrsync.yaml").read_bytes() == before
    assert not (project.path / "metrics").exists()


def test_init_where_no_folder_can_be(project: Project) -> None:
    ran = project.run("init", "a.csv/new")
    assert ran.code == 2
    assert "cannot write" in ran.err


def test_check(project: Project) -> None:
    ran = project.run("check")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[-1].endswith("okrsync.yaml: 1 cycle, 1 objective, 3 key results; 0 errors")
    assert not (project.path / "okrsync.db").exists()


def test_check_finds_errors(project: Project) -> None:
    project.write("okrs/q4.yaml", GOALS.replace("baseline: 30, target: 50", "baseline: 50, target: 50"))
    for args in (("check",), ("check", "--quiet")):
        ran = project.run(*args)
        assert ran.code == 1
        assert "okrs/q4.yaml:14: KR1.2 has its target equal to its baseline" in ran.err


def test_warnings_are_no_errors(project: Project) -> None:
    project.write("okrs/q4.yaml", GOALS.replace("KR1.2, title: Recommend us, owner: lin", "KR1.2, title: Recommend us"))
    ran = project.run("check")
    assert ran.code == 0
    assert "okrs/q4.yaml:14: KR1.2 has no owner: nobody answers for it [warning]" in ran.err
    assert project.run("check", "-q").err == ""


# --- sync ---


def test_nothing_stored_yet(repository: Project) -> None:
    found = report(repository)
    assert found["sources"] == [
        {"source": "clone", "scope": "*", "last_success": None, "items": 0, "removed": 0, "state": "never",
         "error": None}
    ]  # fmt: skip
    assert {kr["verdict"] for kr in found["key_results"]} == {"unmeasured", "neglected"}
    assert repository.run("report").code == 0
    assert repository.run("links", "--unlinked").out == ""
    ran = repository.run("links")
    assert (ran.code, ran.out) == (0, "")
    assert "okrs/q4.yaml:14: KR1.1 work[1]: source=clone title=shop matches nothing in the store" in ran.err


def test_sync(repository: Project) -> None:
    ran = repository.run("sync")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == ["clone:clone: 3 read, 3 new or changed", "outcomes: 1 of 1 key results read"]
    found = report(repository)
    assert [(s["source"], s["scope"], s["items"], s["state"]) for s in found["sources"]] == [
        ("clone", "clone", 3, "fresh")
    ]
    assert found["headline"]["completed"] == 3
    assert key_result(repository, "KR1.1")["activity"]["completed"] == 2
    assert repository.run("sync").code == 0
    assert key_result(repository, "KR1.1")["activity"]["completed"] == 2


@pytest.mark.parametrize(
    ("args", "scopes", "outcomes"),
    [
        (("clone",), ["clone", "clone"], 0),
        (("clone:clone",), ["clone", "clone"], 0),
        (("other",), ["other", "other"], 0),
        (("outcomes",), [], 1),
        (("outcomes", "clone"), ["clone", "clone"], 1),
        (("clone", "other:other", "--full"), ["clone", "clone", "other", "other"], 0),
    ],
)
def test_sync_a_part(repository: Project, args: tuple[str, ...], scopes: list[str], outcomes: int) -> None:
    repository.write("okrsync.yaml", GIT_MAIN.replace("publish", "  other: {type: git, path: other}\npublish").replace(
        "okrs: okrs/\npeople: [{id: lin, name: Lin Wei}]\n  other: {type: git, path: other}\n",
        "  other: {type: git, path: other}\nokrs: okrs/\npeople: [{id: lin, name: Lin Wei}]\n",
    ))  # fmt: skip
    clone(repository, "other", "Elsewhere")
    assert repository.run("sync", *args).code == 0
    stored = repository.store()
    assert [text for s in stored["scopes"] for text in (s["source"], s["name"])] == scopes  # type: ignore[attr-defined]
    assert len(measured(repository)) == 20 * outcomes


def measured(project: Project) -> list[tuple[Any, ...]]:
    with sqlite3.connect(project.path / "okrsync.db") as connection:
        rows = connection.execute(
            "SELECT key_result, origin, at, value FROM v_measurements ORDER BY 1, 2, 3"
        ).fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("clonne",), "okrsync: there is no source 'clonne'; did you mean 'clone'?"),
        (("clone:x",), "okrsync: source clone has no scope 'x'; it has: clone"),
        (("clone:",), "okrsync: source clone has no scope ''; it has: clone"),
        (("outcomes", "nothing"), "okrsync: there is no source 'nothing'; known: clone, outcomes"),
    ],
)
def test_sync_what_is_not_there(repository: Project, args: tuple[str, ...], said: str) -> None:
    ran = repository.run("sync", *args)
    assert (ran.code, ran.err) == (2, said + "\n")
    # Whether the source is there is asked before the store is opened.
    assert not (repository.path / "okrsync.db").exists() or measured(repository) == []


def test_one_source_of_two_fails(repository: Project) -> None:
    repository.write("okrsync.yaml", GIT_MAIN.replace("okrs:", "  gone: {type: git, path: gone}\nokrs:"))
    ran = repository.run("sync", "--quiet")
    assert ran.code == 3
    assert ran.err.startswith("okrsync: gone")
    states = {(s["source"], s["scope"]): (s["state"], s["items"]) for s in report(repository)["sources"]}
    assert states.pop(("clone", "clone")) == ("fresh", 3)
    assert [state for state, _ in states.values()] == ["failed"]


def test_every_source_fails(repository: Project) -> None:
    assert repository.run("sync").code == 0
    before = repository.store()
    (repository.path / "clone").rename(repository.path / "moved")
    assert repository.run("sync", "clone").code == 4
    assert {**repository.store(), "scopes": 0} == {**before, "scopes": 0}
    assert report(repository)["headline"]["completed"] == 3
    assert report(repository)["sources"][0]["state"] == "failed"
    assert repository.run("sync").code == 3, "the outcome was read"
    (repository.path / "a.csv").unlink()
    assert repository.run("sync").code == 4
    assert repository.run("run").code == 3, "the page was written"


def test_a_failing_outcome(repository: Project) -> None:
    assert repository.run("sync").code == 0
    before = measured(repository)
    repository.write("a.csv", "date,value\n2026-11-16,12x\n")
    ran = repository.run("sync", "--quiet")
    said = "a.csv:2: '12x' in column 'value' is no number; write 1234.5 or 1,234.5"
    assert (ran.code, ran.err) == (3, f"okrsync: KR1.1: {said}\n")
    assert measured(repository) == before
    found = key_result(repository, "KR1.1")
    assert found["outcome"]["points"] == 20
    assert found["reasons"][-1] == f"Its csv source could not be read the last time: {said}"
    assert repository.run("sync", "outcomes").code == 4
    repository.write("a.csv", series())
    assert repository.run("sync", "outcomes").code == 0
    assert not any("could not" in reason for reason in key_result(repository, "KR1.1")["reasons"])


@pytest.mark.parametrize("format_", ["terminal", "markdown"])
def test_a_failing_outcome_stands_in_the_report_whatever_its_verdict(project: Project, format_: str) -> None:
    project.run("sync")
    (project.path / "a.csv").unlink()
    project.run("sync")
    report = " ".join(project.run("report", "--format", format_).out.split())
    assert "its source could not be read the last time: a.csv: cannot be read: No such file or directory" in report


@pytest.mark.parametrize("format_", ["terminal", "markdown", "json"])
def test_what_a_person_says_stands_beside_what_is_measured(repository: Project, format_: str) -> None:
    repository.run("sync")
    before = key_result(repository, "KR1.1")
    note = "the\x1b[2Jwizard is live"
    ran = repository.run("check-in", "KR1.1", "250", "--confidence", "4", "--by", "lin", "--note", note)
    assert ran.err.splitlines()[-1] == "KR1.1 is measured by its csv source: the check-in stands beside that series"
    after = key_result(repository, "KR1.1")
    assert after["outcome"] == before["outcome"]
    assert after["verdict"] == before["verdict"] == "busy"
    said = "Beside its csv source, Lin Wei checked in 250 on 2026-11-20, confidence 4 of 10: “the [2Jwizard is live”"
    assert after["reasons"] == [*before["reasons"], said]
    out = " ".join(repository.run("report", "--format", format_).out.split()).replace("\\", "")
    assert said in out


def test_a_series_that_changes(project: Project) -> None:
    project.run("sync")
    project.write("a.csv", series().replace("2026-11-16,121", "2026-11-16,200").replace("2026-11-09,120\n", ""))
    ran = project.run("sync", "--verbose")
    assert "KR1.1: 2 new or corrected values from csv" in ran.err
    found = {at: value for _, _, at, value in measured(project)}
    assert found["2026-11-16"] == 200
    assert "2026-11-09" not in found
    assert len(found) == 19


BROKEN = [
    ("okrs/q4.yaml", "cycle: [1, 2\n"),
    ("okrs/q4.yaml", GOALS.replace("target: 300", "target: [300]")),
    ("okrs/q4.yaml", GOALS.replace("start: 2026-10-01", "start: soon")),
    ("okrs/q4.yaml", b"\xff\xfe\x00"),
    ("okrs/q4.yaml", ""),
    ("okrsync.yaml", "sources: {clone: {type: git}\n"),
    ("okrsync.yaml", GIT_MAIN.replace("path: clone", "pth: clone")),
    ("okrsync.yaml", GIT_MAIN.replace("type: git", "type: gti")),
    ("okrsync.yaml", GIT_MAIN.replace("path: clone", 'path: "${NOT_SET_ANYWHERE}"')),
    ("okrsync.yaml", "\x00"),
]


@pytest.mark.parametrize(("name", "text"), BROKEN)
def test_what_is_stored_survives_bad_input(repository: Project, name: str, text: str | bytes) -> None:
    assert repository.run("sync").code == 0
    before = (repository.path / "okrsync.db").read_bytes()
    repository.write(name, text)
    for command in ("sync", "run", "report", "links", "publish", "check"):
        ran = repository.run(command)
        assert (ran.code, ran.out) == (2, ""), ran.err
        assert ran.err.startswith(f"{name}:"), ran.err
    assert (repository.path / "okrsync.db").read_bytes() == before


# --- check-in ---


@pytest.mark.parametrize(
    ("text", "value"),
    [("34", 34), ("-5", -5), ("-.5", -0.5), ("-1e3", -1000), ("1,234.5", 1234.5), ("12%", 12), ("+7", 7), ("0", 0)],
)
def test_check_in_values(project: Project, text: str, value: float) -> None:
    ran = project.run("check-in", "KR1.2", text)
    assert (ran.code, ran.out, ran.err) == (0, "", f"KR1.2: {text} on 2026-11-20 recorded\n")
    assert measured(project) == [("KR1.2", "manual", "2026-11-20", value)]


def test_check_in_with_all_it_takes(project: Project) -> None:
    ran = project.run(
        "check-in", "KR1.2", "-5", "--at", "2026-11-13", "--confidence", "7", "--note", "-5 is no misprint 林",
        "--by", "lin", "-q",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    with sqlite3.connect(project.path / "okrsync.db") as connection:
        row = connection.execute("SELECT at, value, confidence, note, person FROM v_measurements").fetchone()
    connection.close()
    assert row == ("2026-11-13", -5, 7, "-5 is no misprint 林", "lin")


def test_a_milestone_is_reached_by_a_person(project: Project) -> None:
    assert key_result(project, "KR1.3")["verdict"] == "neglected"
    assert project.run("check-in", "KR1.3", "Done").code == 0
    assert key_result(project, "KR1.3")["verdict"] == "achieved"
    assert key_result(project, "KR1.3", "--as-of", "2026-11-19")["verdict"] == "neglected"
    assert project.run("check-in", "KR1.3", "open").code == 0
    assert key_result(project, "KR1.3")["verdict"] == "neglected"


def test_a_check_in_beside_a_series(project: Project) -> None:
    project.run("sync")
    ran = project.run("check-in", "KR1.1", "500")
    assert "KR1.1 is measured by its csv source: the check-in stands beside that series" in ran.err
    assert key_result(project, "KR1.1")["outcome"]["current"] != 500


def test_a_second_check_in_of_a_day_replaces_the_first(project: Project) -> None:
    for value in ("30", "40"):
        project.run("check-in", "KR1.2", value)
    assert measured(project) == [("KR1.2", "manual", "2026-11-20", 40)]
    with sqlite3.connect(project.path / "okrsync.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM measurements").fetchone() == (2,)
    connection.close()


# --- report ---


@pytest.mark.parametrize("format_", ["terminal", "markdown", "json"])
def test_report_formats(repository: Project, format_: str) -> None:
    repository.run("sync")
    ran = repository.run("report", "--format", format_)
    assert (ran.code, ran.err) == (0, "")
    assert "KR1.1" in ran.out
    assert "\x1b" not in ran.out
    assert repository.run("report", "--format", format_).out == ran.out
    written = repository.run("report", "--format", format_, "-o", "out.txt")
    assert (written.code, written.out, written.err) == (0, "", "")
    assert (repository.path / "out.txt").read_text("utf-8") == ran.out


def test_known_at(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from tests.cli_project import NOW

    project.run("sync")
    monkeypatch.setattr("okrsync.cli.sync.now", lambda: NOW + timedelta(days=3))
    project.write("a.csv", series().replace("2026-11-16,121", "2026-11-16,200"))
    project.run("sync")

    def current(*args: str) -> float:
        found = key_result(project, "KR1.1", "--as-of", "2026-11-23", *args)["outcome"]["current"]
        assert isinstance(found, int | float)
        return found

    assert current() == 200
    assert current("--known-at", "2026-11-23") == 200
    assert current("--known-at", "2026-11-22") == 121
    assert current("--known-at", "2026-11-20") == 121
    assert key_result(project, "KR1.1", "--known-at", "2026-11-19")["verdict"] == "unmeasured"


@pytest.mark.parametrize(
    ("verdicts", "code"), [("unmeasured", 1), ("achieved, unmeasured", 1), ("achieved,busy", 0), ("", 0), (",", 0)]
)
def test_fail_on(project: Project, verdicts: str, code: int) -> None:
    ran = project.run("report", "--fail-on", verdicts, "--format", "json")
    assert ran.code == code
    assert json.loads(ran.out)["schema"] == 1
    assert ran.err == ("--fail-on matched: KR1.1, KR1.2\n" if code else "")


def test_output_to_what_is_no_plain_file(project: Project) -> None:
    """``-o /dev/null`` must not replace the device; a link stays a link."""
    (project.path / "link.md").symlink_to("real.md")
    assert project.run("report", "-o", "/dev/null").code == 0
    assert not Path("/dev/null").is_file()
    assert project.run("report", "-o", "link.md").code == 0
    assert (project.path / "link.md").is_symlink()
    assert "KR1.1" in (project.path / "real.md").read_text("utf-8")
    assert sorted(path.name for path in project.path.glob("*.md")) == ["link.md", "real.md"]
    assert not list(project.path.glob(".*"))


# --- links ---


def test_links(repository: Project) -> None:
    repository.run("sync")
    ran = repository.run("links")
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert (ran.code, ran.err) == (0, "")
    assert {(row[0], row[1], row[3], row[4]) for row in rows} == {
        ("KR1.1", "clone", "work[1]: source=clone title=shop", "Open a shop"),
        ("KR1.1", "clone", "work[1]: source=clone title=shop", "Close a shop"),
    }
    assert repository.run("links", "--kr", "KR1.1").out == ran.out
    assert repository.run("links", "--kr", "KR1.2").out == ""
    unlinked = [line.split("\t") for line in repository.run("links", "--unlinked").out.splitlines()]
    assert [(row[0], row[2], row[3]) for row in unlinked] == [("clone:clone", "completed", "Tidy up")]
    assert repository.run("links", "--unlinked", "--as-of", "2026-10-02").out == ""
    suggested = repository.run("links", "--suggest")
    assert repository.run("links", "--unlinked", "--suggest").out == suggested.out
    assert (suggested.code, suggested.out) == (0, "")
    assert suggested.err == "0 of 1 unlinked pieces of work resemble a key result; nothing is linked by this\n"


def test_suggestions_are_shown_and_link_nothing(repository: Project) -> None:
    goals = (repository.path / "okrs/q4.yaml").read_text()
    goals = goals.replace("title: shop", "title: Open").replace("Activated shops per week", "Shops that close")
    repository.write("okrs/q4.yaml", goals)
    repository.run("sync")
    ((key_result, score, rule, scope, item, title),) = [
        line.split("\t") for line in repository.run("links", "--suggest").out.splitlines()
    ]
    assert (key_result, scope, title) == ("KR1.1", "clone:clone", "Close a shop")
    assert rule.replace('"', "") == f"{{keys: [{item}]}}"
    assert 0.25 <= float(score) <= 1
    assert repository.run("links", "--suggest", "--kr", "KR1.2").out == ""
    assert "Close a shop" in repository.run("links", "--unlinked").out
    (suggestion,) = report(repository)["unlinked"]["suggestions"]
    assert (suggestion["key_result"], suggestion["example"]["title"]) == ("KR1.1", "Close a shop")


def test_rules_count_as_they_are_now(repository: Project) -> None:
    repository.run("sync")
    repository.write(
        "okrs/q4.yaml", (repository.path / "okrs/q4.yaml").read_text().replace("title: shop}", "title: Tidy}")
    )
    assert key_result(repository, "KR1.1")["activity"]["completed"] == 1


# --- publish and run ---


def test_publish(project: Project) -> None:
    ran = project.run("publish")
    assert (ran.code, ran.out) == (0, "")
    assert "OKR-2026-W47 and 4 other pages written" in ran.err
    assert "OKR-2026-W47 and 4 other pages unchanged" in project.run("publish").err
    others = {path: path.read_bytes() for path in (project.path / "wiki").iterdir()}
    assert "OKR-2026-W46 written" in project.run("publish", "--as-of", "2026-11-15").err
    assert all(path.read_bytes() == content for path, content in others.items()), "an earlier week changed a later one"


def test_publish_draft(project: Project) -> None:
    ran = project.run("publish", "--draft")
    assert (ran.code, ran.err) == (0, "")
    assert "KR1.1" in ran.out
    assert not (project.path / "wiki").exists()


def test_publish_where_no_wiki_is(project: Project) -> None:
    project.write("okrsync.yaml", MAIN.replace("publish: [{type: folder, path: wiki/}]\n", ""))
    ran = project.run("publish")
    assert ran.code == 2
    assert "there is no wiki under `publish:`; --draft prints the page" in ran.err
    assert project.run("publish", "--draft").code == 0
    assert project.run("run").code == 0


@pytest.mark.parametrize(
    ("wikis", "publish", "run"), [("a.csv/x", 4, 3), ("wiki/}, {type: folder, path: a.csv/x", 3, 3)]
)
def test_a_wiki_that_cannot_be_written(project: Project, wikis: str, publish: int, run: int) -> None:
    project.write("okrsync.yaml", MAIN.replace("wiki/", wikis))
    ran = project.run("publish", "-q")
    assert ran.code == publish
    assert ran.err.startswith("okrsync: folder")
    assert project.run("run", "-q").code == run
    assert (project.path / "wiki/OKR-2026-W47.md").exists() == (publish == 3)


def without_cursors(store: dict[str, Any]) -> dict[str, Any]:
    return {**store, "scopes": [{**scope, "cursor": None} for scope in store["scopes"]]}


def test_run(repository: Project) -> None:
    ran = repository.run("run")
    assert (ran.code, ran.out) == (0, "")
    assert [line.split(":")[0] for line in ran.err.splitlines()[:2]] == ["clone", "outcomes"]
    assert "OKR-2026-W47 and 4 other pages written" in ran.err
    first = repository.store()
    again = repository.run("run")
    assert again.code == 0
    assert "OKR-2026-W47 and 4 other pages unchanged" in again.err
    second = repository.store()
    # The first run that finds nothing new counts the commits, and remembers the number in the cursor.
    assert without_cursors(second) == without_cursors(first)
    assert repository.run("run").code == 0
    assert repository.store() == second
