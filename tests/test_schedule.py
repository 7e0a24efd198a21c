"""`okrsync schedule`: what runs, what was missed, how it ends, its health file; and the units that it prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import kubernetes_validate
import pytest
from cronsim import CronSim
from ruamel.yaml import YAML

from okrsync import cli, cron, schedule
from okrsync.cli.common import App
from okrsync.schedule import ALIVE_WITHIN, Health, Job, read_health, run
from okrsync.stopping import Terminated
from tests.cli_project import GOALS, MAIN, Project, start

RARE = "0 0 29 2 *"
"""Once in four years: whatever runs, it is not this."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="seconds")


def until(condition: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """What the condition gives as soon as it gives anything; the process has to live until then."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := condition():
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("it did not happen")


class Running:
    """`okrsync schedule` in a process of its own."""

    def __init__(self, project: Project, *args: str) -> None:
        self.health_file = project.path / "health.json"
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from okrsync.cli import main; main()", "schedule",
             "--health-file", str(self.health_file), *args],
            cwd=project.path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def job(self, name: str) -> dict[str, Any]:
        if not self.health_file.exists():
            return {}
        found: dict[str, Any] = json.loads(self.health_file.read_text())["jobs"].get(name) or {}
        return found

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


@pytest.fixture
def started(project: Project) -> Iterator[Callable[..., Running]]:
    processes: list[Running] = []

    def begin(*args: str) -> Running:
        processes.append(Running(project, *args))
        return processes[-1]

    yield begin
    for each in processes:
        each.process.kill()
        each.process.communicate()


def times(sync: str | None = None, report: str | None = None) -> str:
    return f"{MAIN}schedule: {json.dumps({k: v for k, v in (('sync', sync), ('report', report)) if v})}\n"


def missed(project: Project, *jobs: str) -> None:
    """A health file of a schedule that ran these two hours ago and then died."""
    facts = {job: {"began": ago(hours=2), "running": True} for job in jobs}
    project.write("health.json", json.dumps({"alive": ago(hours=2), "jobs": facts}))


def test_what_was_missed_is_made_up_for_once(project: Project, started: Callable[..., Running]) -> None:
    """Some 24 hourly-five-minute times lie in two hours: one run makes up for all of them."""
    project.write("okrsync.yaml", times(report="*/5 * * * *"))
    missed(project, "run")
    running = started("--log-format", "json")
    until(lambda: running.job("run").get("exit_code") == 0, running.process)
    code, err = running.end()
    assert code == 128 + signal.SIGTERM
    entries = [json.loads(line) for line in err.splitlines()]
    assert sum(entry["message"] == "run: begins" for entry in entries) <= 2  # a second where a new time came meanwhile
    assert {"time", "level", "job", "message"} == set(entries[0])
    assert any(entry["job"] == "run" and "wiki" in entry["message"] for entry in entries)
    assert list((project.path / "wiki").glob("OKR-*.md"))


def test_nothing_runs_before_its_time(project: Project, started: Callable[..., Running]) -> None:
    project.write("okrsync.yaml", times(sync=RARE, report=RARE))
    running = started()
    planned = until(lambda: running.job("run").get("next"), running.process)
    expected = next(CronSim(RARE, datetime.now(UTC)))
    assert datetime.fromisoformat(planned) == expected
    assert "exit_code" not in running.job("sync")
    code, err = running.end()
    assert (code, err) == (128 + signal.SIGTERM, "okrsync: ended as the system asked; what was stored is kept\n")


def test_a_run_that_fails_does_not_end_the_schedule(tmp_path: Path) -> None:
    """Jobs that are due together run one after another; one that breaks off is said, with where."""
    health_file, ran, said = tmp_path / "h.json", list[str](), list[str]()
    facts = {"began": ago(hours=2)}
    health_file.write_text(json.dumps({"jobs": {"fails": facts, "breaks": facts, "ends": facts, "gone": facts}}))

    def job(name: str, outcome: int | BaseException) -> Job:
        def work() -> int:
            ran.append(name)
            assert read_health(health_file)["jobs"][name]["running"] is True
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        return Job(name, cron.parse("0 * * * *"), work)

    jobs = [job("fails", 2), job("breaks", KeyError("nothing there")), job("ends", Terminated())]

    def clock() -> datetime:
        return datetime.now(UTC)

    def say(what: str, of: Job, words: str) -> None:
        said.append(words)

    with pytest.raises(Terminated):
        run(
            jobs,
            ZoneInfo("UTC"),
            health=Health(health_file, clock),
            clock=clock,
            say=lambda *told: said.append(told[2]),
        )
    assert ran == ["fails", "breaks", "ends"]
    kept = read_health(health_file)["jobs"]
    assert list(kept) == ["breaks", "ends", "fails"]
    assert [kept[name]["exit_code"] for name in ran] == [2, None, None]
    assert not any(kept[name]["running"] for name in ran)
    assert any("KeyError: 'nothing there'" in words and "test_schedule.py" in words for words in said)


def test_a_page_in_hand_is_finished() -> None:
    """SIGTERM inside of `finishing` acts at its end, outside of it at once; nothing that catches failures stops it."""
    program = """
import os, signal
from okrsync.stopping import Terminated, finishing, on_sigterm
with on_sigterm():
    try:
        try:
            with finishing():
                with finishing():
                    os.kill(os.getpid(), signal.SIGTERM)
                print("finished")
            print("never")
        except Exception:
            print("never")
    except Terminated:
        print("ended")
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        print("never")
    except Terminated:
        print("at once")
    try:
        with finishing():
            os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError("the page failed")
    except Terminated:
        print("ended anyway")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["finished", "ended", "at once", "ended anyway", ""]


def test_the_probe(project: Project) -> None:
    facts = {"sync": {"ended": "2026-11-20T08:00:05+00:00", "exit_code": 3, "running": False}, "run": {"next": "later"}}
    project.write("h.json", json.dumps({"alive": ago(), "jobs": facts}))
    ran = project.run("schedule", "--probe", "--health-file", "h.json")
    assert (ran.code, ran.out) == (0, "")
    assert "sync: ended with exit code 3 at 2026-11-20T08:00:05+00:00" in ran.err
    late = datetime.now(UTC) - ALIVE_WITHIN - timedelta(seconds=5)
    project.write("h.json", json.dumps({"alive": late.isoformat(), "jobs": facts}))
    ran = project.run("schedule", "--probe", "--health-file", "h.json", "-q")
    assert ran.code == 4
    assert "no sign of life since" in ran.err


@pytest.mark.parametrize("content", [None, "no", "[]", '{"jobs": []}', '{"jobs": {"sync": 1}}'])
def test_what_is_no_health_file(project: Project, content: str | None) -> None:
    if content is not None:
        project.write("h.json", content)
    project.write("okrsync.yaml", times(sync=RARE))
    ran = project.run("schedule", "--probe", "--health-file", "h.json")
    assert ran.code == 4
    assert "h.json" in ran.err
    if content is not None:
        assert project.run("schedule", "--health-file", "h.json").code == 4


def test_a_schedule_without_times(project: Project) -> None:
    for args in ((), ("--print", "cron")):
        ran = project.run("schedule", *args)
        assert ran.code == 2
        assert "no times under `schedule:`" in ran.err
    assert project.run("schedule", "--probe").code == 2


# --- units ---

SECRETS = MAIN.replace("sources: {}", "sources:\n  gh: {type: github, auth: {token: '${GITHUB_TOKEN}'}, repos: [a/b]}")


@pytest.fixture
def printed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What is printed, for a folder with a hard name, where the secret is set, and where it is not."""

    def of(unit: str, *, folder: str = "50% $HOME 'a' \"b\"", store: str = "sqlite:///okrsync.db") -> str:
        schedule = "timezone: Asia/Shanghai\nschedule: {sync: '0 * * * *', report: '0 8 * * 1'}\n"
        main = SECRETS.replace("sqlite:///okrsync.db", store)
        file = project.write(f"{folder}/okrsync.yaml", main + schedule)
        project.write(f"{folder}/okrs/q4.yaml", GOALS)
        monkeypatch.delenv("GITHUB_TOKEN", raising=False)
        without = project.run("-c", str(file), "schedule", "--print", unit)
        monkeypatch.setenv("GITHUB_TOKEN", "canary-4711")
        ran = project.run("-c", str(file), "schedule", "--print", unit)
        assert (ran.code, ran.err, without.code) == (0, "", 0)
        assert without.out == ran.out
        assert "GITHUB_TOKEN" in ran.out
        assert "canary" not in ran.out
        return ran.out

    return of


def words_of(line: str, tmp_path: Path) -> list[str]:
    """The words that a shell makes of a command line whose program is replaced by one that shows them."""
    show = tmp_path / "show"
    show.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    show.chmod(0o755)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)})
    found: list[str] = json.loads(done.stdout)
    return found


def test_cron(printed: Callable[..., str], tmp_path: Path) -> None:
    lines = [line for line in printed("cron").splitlines() if not line.startswith("#")]
    assert lines[0] == "CRON_TZ=Asia/Shanghai"
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config/okrsync.env").write_text("GITHUB_TOKEN=t\n")
    for line, expression, command in zip(lines[1:], ("0 * * * *", "0 8 * * 1"), ("sync", "run"), strict=True):
        fields = line.split(maxsplit=5)
        assert list(CronSim(" ".join(fields[:5]), datetime(2026, 1, 1, tzinfo=UTC)).minutes) == [0]
        assert " ".join(fields[:5]) == expression
        # cron(8) ends a command at a percent sign that has no backslash, and takes the backslash away.
        assert "%" not in fields[5].replace(r"\%", "")
        said = fields[5].replace(r"\%", "%")
        program = said.removeprefix("set -a; . ~/.config/okrsync.env; ").split()[0]
        assert Path(program).name == "okrsync"
        shown = words_of(said.replace(program, str(tmp_path / "show"), 1), tmp_path)
        assert shown == ["-c", str(tmp_path / "50% $HOME 'a' \"b\"" / "okrsync.yaml"), "--quiet", command]


CLUSTER = "dask://cluster:8786"


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("cron", f"--quiet sync --executor {CLUSTER}\n"),
        ("systemd", f'schedule --executor "{CLUSTER}" --health-file'),
        ("github-actions", f"run: okrsync sync --executor {CLUSTER}\n"),
        ("kubernetes", f"          - sync\n            - --executor\n            - {CLUSTER}\n"),
    ],
)
def test_units_pull_on_the_cluster(project: Project, unit: str, said: str) -> None:
    main = MAIN.replace("sqlite:///okrsync.db", "postgresql+psycopg://okrsync@db/okrsync")
    project.write("okrsync.yaml", f"{main}schedule: {{sync: '0 * * * *'}}\n")
    ran = project.run("schedule", "--print", unit, "--executor", CLUSTER)
    assert (ran.code, ran.err) == (0, "")
    assert "".join(said.split()) in "".join(ran.out.split())
    assert CLUSTER not in project.run("schedule", "--print", unit).out


def test_scheduled_runs_pull_on_the_cluster(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []

    def run_command(arguments: list[str], app: App) -> int:
        begun.append(arguments)
        return 0

    def once(jobs: Sequence[schedule.Job], *rest: object, **others: object) -> None:
        assert [job.work() for job in jobs] == [0, 0]

    main = MAIN.replace("sqlite:///okrsync.db", "postgresql+psycopg://okrsync@db/okrsync")
    project.write("okrsync.yaml", f"{main}schedule: {{sync: '0 * * * *', report: '0 8 * * 1'}}\n")
    with monkeypatch.context() as patched:
        patched.setattr(cli, "run_command", run_command)
        patched.setattr(schedule, "run", once)
        assert project.run("schedule", "--executor", CLUSTER).code == 0
    assert begun == [["sync", "--executor", CLUSTER], ["run", "--executor", CLUSTER]]
    project.write("okrsync.yaml", times(sync=RARE))
    ran = project.run("schedule", "--executor", CLUSTER)
    assert ran.code == 2
    assert "set store: postgresql" in ran.err


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this machine")
@pytest.mark.parametrize("folder", ["plain", "50% $HOME 'a' \"b\""])
def test_systemd_verifies_its_unit(printed: Callable[..., str], tmp_path: Path, folder: str) -> None:
    unit = tmp_path / "okrsync.service"
    unit.write_text(printed("systemd", folder=folder).replace("User=okrsync\n", ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    # It does look: a broken line is found.
    unit.write_text(unit.read_text().replace("Restart=on-failure", "Restart=maybe").replace("ExecStart", "ExecBegin"))
    broken = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert broken.returncode or broken.stderr


@pytest.mark.parametrize("store", ["sqlite:///okrsync.db", "postgresql://okrsync@db/okrsync"])
def test_github_takes_its_workflow(printed: Callable[..., str], tmp_path: Path, store: str) -> None:
    text = printed("github-actions", store=store)
    file = tmp_path / "workflow.yml"
    file.write_text(text)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    workflow = YAML(typ="safe").load(text)
    assert workflow["on"]["schedule"][1] == {"cron": "0 8 * * 1", "timezone": "Asia/Shanghai"}
    steps = workflow["jobs"]["okrsync"]["steps"]
    runs = {step["run"]: step for step in steps if "env" in step}
    assert list(runs) == ["okrsync sync", "okrsync run"]
    # GitHub refuses secrets of the user's whose names begin with GITHUB_.
    assert runs["okrsync run"]["env"] == {"GITHUB_TOKEN": "${{ secrets.OKRSYNC_GITHUB_TOKEN }}"}
    assert any("cache" in step.get("uses", "") for step in steps) == store.startswith("sqlite")
    file.write_text(text.replace("steps:", "stages:"))
    assert subprocess.run(check, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("store", ["sqlite:///okrsync.db", "postgresql://okrsync@db/okrsync"])
def test_kubernetes_takes_its_cron_jobs(printed: Callable[..., str], store: str) -> None:
    documents = list(YAML(typ="safe").load_all(printed("kubernetes", store=store)))
    assert [document["metadata"]["name"] for document in documents] == ["okrsync-sync", "okrsync-run"]
    for document in documents:
        kubernetes_validate.validate(document, "1.33", strict=True)
        spec = document["spec"]
        assert spec["timeZone"] == "Asia/Shanghai"
        pod = spec["jobTemplate"]["spec"]["template"]["spec"]
        mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts == {volume["name"] for volume in pod["volumes"]}
        assert ("store" in mounts) == store.startswith("sqlite")
    documents[0]["spec"]["concurrency"] = "Forbid"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(documents[0], "1.33", strict=True)


# --- this repository's own files ---

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("schema", "name"), [("actions", "action.yml"), ("workflows", ".github/workflows/example.yml")]
)
def test_github_takes_our_own_files(schema: str, name: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{schema}", str(ROOT / name)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("command", "code"), [("check", 0), ("check; touch pwned", 2), ("$(touch pwned)", 2)])
def test_the_action_runs_the_command_on_our_own_example(tmp_path: Path, command: str, code: int) -> None:
    """Its last step as GitHub's runner starts it, with the inputs that our example workflow gives it."""
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text("utf-8"))
    workflow = YAML(typ="safe").load((ROOT / ".github/workflows/example.yml").read_text("utf-8"))
    used = next(step for step in workflow["jobs"]["check"]["steps"] if step["uses"] == "./")
    (tmp_path / "okrsync/bin").mkdir(parents=True)
    program = tmp_path / "okrsync/bin/okrsync"
    program.write_text(f"#!{sys.executable}\nfrom okrsync.cli import main\nmain()\n")
    program.chmod(0o755)
    inputs = {
        **{name: value["default"] for name, value in action["inputs"].items()},
        **used["with"],
        "command": command,
    }
    step = action["runs"]["steps"][-1]
    environment = {name: inputs[value.split(".")[1].split()[0]] for name, value in step["env"].items()}
    environment["OKRSYNC_CONFIG"] = str(ROOT / environment["OKRSYNC_CONFIG"])
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=tmp_path, env={**os.environ, **used["env"], **environment, "RUNNER_TEMP": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert not (tmp_path / "pwned").exists()


def test_the_image_has_what_it_copies() -> None:
    """The Dockerfile is not built here; what it copies exists, and is not left out by .dockerignore."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line]
    assert copied == [["requirements-runtime.lock"], ["."]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {"requirements-runtime.lock"} | {package.split("/")[0] for package in packages}
    assert needed == kept
    assert all((ROOT / name).exists() for name in kept)


def test_the_image_installs_what_the_tests_run_with() -> None:
    """Both locks hold the same versions, and the one of the program nothing of the tests."""
    runtime, whole = (
        dict(re.findall(r"^([a-z0-9.-]+)(?:\[\w+\])?==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements-runtime.lock", "requirements.lock")
    )
    assert runtime.items() <= whole.items()
    assert "pytest" not in runtime
    assert {"jira", "pygithub", "sqlalchemy", "psycopg"} <= set(runtime)
