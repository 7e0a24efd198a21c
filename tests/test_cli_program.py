"""The program as a process: streams, locales, pipes, where the configuration is found, the lock, and secrets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.store.engine import open_store, run_lock
from tests.cli_project import GOALS, MAIN, Project, clone, start
from tests.github_sandbox import fill

AS_OF = ("--as-of", "2026-11-20")
MAIN_CALL = "from okrsync.cli import main; main()"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


# --- streams ---


def test_the_report_alone_goes_to_stdout(project: Project) -> None:
    quiet = project.program("report", *AS_OF)
    assert (quiet.code, quiet.err) == (0, "")
    assert "KR1.1" in quiet.out
    both = project.program("-v", "report", *AS_OF, "--fail-on", "unmeasured")
    assert (both.code, both.out) == (1, quiet.out)
    assert both.err == "--fail-on matched: KR1.1, KR1.2\n"
    assert project.program("report", *AS_OF, "--fail-on", "unmeasured", "-q").err == ""


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_any_locale(project: Project, environ: dict[str, str]) -> None:
    project.write("okrs/q4.yaml", GOALS.replace("Portal", "门户"))
    for format_ in ("terminal", "markdown", "json"):
        ran = project.program("report", *AS_OF, "--format", format_, environ=environ)
        assert (ran.code, ran.err) == (0, "")
        assert "门户" in ran.out
    (project.path / "okrs/q4.yaml").write_text(GOALS.replace("id: KR1.3", "id: 门 户"), "utf-8")
    ran = project.program("check", environ=environ)
    assert ran.code == 2
    assert "okrs/q4.yaml:15" in ran.err
    assert "Traceback" not in ran.err


def test_an_argument_that_is_no_text(project: Project) -> None:
    ran = project.program("check-in", "KR1.2", "5", "--note", b"caf\xe9", "--at", "2026-11-20")
    assert (ran.code, ran.out) == (0, "")
    assert project.program("report", *AS_OF, "--format", "json").code == 0
    assert project.program("check-in", b"KR\xff", "5").code == 2
    assert project.program("report", "-c", b"\xff.yaml").code == 2


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}, {"NO_COLOR": "whatever"}, {"NO_COLOR": ""}])
def test_no_colours_outside_of_a_terminal(project: Project, environ: dict[str, str]) -> None:
    for args in ((), ("--no-color",)):
        ran = project.program("report", *AS_OF, *args, environ=environ)
        assert ran.code == 0
        assert "\x1b" not in ran.out + ran.err


def closed_pipe(project: Project, stream: str, *args: str) -> tuple[int, bytes]:
    """Run with nobody at the other end of ``stream``; the exit code, and what came through the other one."""
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.stdin.read(); {MAIN_CALL}", *args],
        cwd=project.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        gone, kept = (process.stdout, process.stderr) if stream == "stdout" else (process.stderr, process.stdout)
        assert gone is not None
        assert kept is not None
        gone.close()
        process.stdin.close()
        said = kept.read()
        return process.wait(timeout=60), said


def test_a_reader_that_has_gone_is_no_failure(project: Project) -> None:
    assert closed_pipe(project, "stdout", "report", *AS_OF) == (0, b"")
    assert closed_pipe(project, "stdout", "report", *AS_OF, "--fail-on", "unmeasured", "-q") == (1, b"")
    assert closed_pipe(project, "stderr", "sync", "-v") == (0, b"")
    assert closed_pipe(project, "stderr", "sync", "nothing") == (2, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(project: Project) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", MAIN_CALL, "report", *AS_OF], cwd=project.path, stdout=full, stderr=subprocess.PIPE,
            check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, b"okrsync: cannot write to stdout: No space left on device\n")


# --- where the configuration is ---


def test_finding_the_configuration(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    below = project.path / "x" / "y"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert project.run("check").code == 0, "walking up"
    monkeypatch.chdir(project.path.parent)
    missing = project.run("check")
    assert missing.code == 2
    assert "no okrsync.yaml in" in missing.err
    assert "`okrsync init` writes one" in missing.err
    file = project.path / "okrsync.yaml"
    for args in (("-c", str(file), "check"), ("check", "--config", str(file)), ("check", "-c", str(file.parent))):
        assert project.run(*args).code == 0
    monkeypatch.setenv("OKRSYNC_CONFIG", str(file))
    assert project.run("check").code == 0
    other = project.run("check", "-c", "none.yaml")
    assert (other.code, other.out) == (2, "")
    assert "none.yaml" in other.err


@pytest.mark.parametrize("args", [("-q", "sync"), ("sync", "-q"), ("-v", "sync", "-q"), ("-q", "-v", "sync")])
def test_options_on_either_side_of_the_command(project: Project, args: tuple[str, ...]) -> None:
    assert project.run(*args).err == ""
    assert "KR1.1: 0 new or corrected values from csv" in project.run("sync", "-v").err


# --- the store ---


def test_a_store_that_cannot_be_opened(project: Project) -> None:
    (project.path / "okrsync.db").write_bytes(b"no database " * 1000)
    for command in (("sync",), ("report",), ("links",), ("publish",), ("run",), ("check-in", "KR1.2", "5")):
        ran = project.run(*command)
        assert (ran.code, ran.out) == (4, "")
        assert ran.err.startswith("okrsync: the store ")
        assert "cannot be opened: file is not a database" in ran.err


@pytest.mark.parametrize(
    ("store", "code"), [("sqlite:////proc/okrsync.db", 4), ("sqlite:///okrs", 4), ("sqlite://", 2), ("mysql://a/b", 2)]
)
def test_stores_that_are_no_use(project: Project, store: str, code: int) -> None:
    project.write("okrsync.yaml", MAIN.replace("sqlite:///okrsync.db", store))
    ran = project.run("report")
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err


def test_a_second_run_beside_the_first(project: Project) -> None:
    engine = open_store(f"sqlite:///{project.path / 'okrsync.db'}")
    with run_lock(engine):
        for command in ("sync", "run"):
            ran = project.program(command)
            assert (ran.code, ran.out) == (75, "")
            assert ran.err.startswith("okrsync: another okrsync run is working on ")
        assert project.program("report", *AS_OF).code == 0, "who only reads need not wait"
        assert project.program("check-in", "KR1.2", "5").code == 0
    assert project.program("sync").code == 0
    engine.dispose()


# --- secrets ---

CANARY = "canary-5f3a9c"

SERVICES = """\
  shop:
    type: jira
    url: {jira}
    auth: {{email: bot@acme.example, token: "${{JIRA_CANARY}}"}}
    projects: [SHOP]
  hub:
    type: github
    url: {github}
    auth: {{token: "${{GITHUB_CANARY}}"}}
    repos: [acme/storefront]
"""


@pytest.fixture
def services(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[JiraStandIn, GitHubStandIn]]:
    """A project that reads a Jira and a GitHub, whose tokens are canaries."""
    jira = JiraStandIn(token=f"{CANARY}-jira")
    jira.add_project("SHOP", "Shop", "10")
    github = fill(GitHubStandIn(tokens={f"{CANARY}-github"}))
    monkeypatch.setenv("JIRA_CANARY", f"{CANARY}-jira")
    monkeypatch.setenv("GITHUB_CANARY", f"{CANARY}-github")
    with jira, github:
        text = SERVICES.format(jira=jira.url, github=github.api_url)
        project.write("okrsync.yaml", MAIN.replace("sources: {}\n", f"sources:\n{text}"))
        yield jira, github


def canaries(project: Project) -> list[str]:
    return [path.name for path in project.path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def test_no_token_is_shown_or_stored(project: Project, services: tuple[JiraStandIn, GitHubStandIn]) -> None:
    shown = ""
    for command in (("sync", "-v"), ("run", "-v"), ("report",), ("report", "--format", "json"), ("links",), ("check",)):
        ran = project.run(*command)
        assert ran.code == 0, ran.err
        shown += ran.out + ran.err
    assert "hub:acme/storefront: " in shown
    assert services[0].count()
    assert CANARY not in shown
    assert canaries(project) == []


def test_no_token_is_shown_when_it_is_refused(
    project: Project, services: tuple[JiraStandIn, GitHubStandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIRA_CANARY", f"{CANARY}-wrong")
    ran = project.run("sync", "shop", "hub", "-v")
    assert ran.code == 3
    assert "shop" in ran.err
    monkeypatch.setenv("GITHUB_CANARY", f"{CANARY}-wrong")
    again = project.run("sync", "shop", "hub", "-v")
    assert again.code == 4
    report = project.run("report", "--format", "json")
    assert '"state": "failed"' in report.out
    assert CANARY not in ran.out + ran.err + again.out + again.err + report.out + report.err
    assert canaries(project) == []


def test_an_unset_variable_is_named(
    project: Project, services: tuple[JiraStandIn, GitHubStandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JIRA_CANARY")
    ran = project.run("sync")
    assert ran.code == 2
    assert "okrsync.yaml:6: the environment variable JIRA_CANARY is not set" in ran.err
    assert not services[0].count()


def test_a_source_that_answers_no_more_keeps_its_work(
    project: Project, services: tuple[JiraStandIn, GitHubStandIn]
) -> None:
    assert project.run("sync").code == 0
    before = project.store()
    services[1].expire_token()
    assert project.run("sync").code == 3
    after = project.store()
    assert after["items"] == before["items"]
    assert after["links"] == before["links"]


def test_a_clone_of_nothing(project: Project) -> None:
    project.write("okrsync.yaml", MAIN.replace("sources: {}", "sources: {clone: {type: git, path: clone}}"))
    clone(project, "clone")
    assert project.run("sync").code == 0
    assert project.run("report").code == 0
