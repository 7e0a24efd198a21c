"""``okrsync`` as processes that can be killed, at once: each is forked from one that has imported everything already.

Pauses are a hundredth of what they are, as a fault costs seconds otherwise; what is tried again, and how often, is not
changed. Besides, a run can be given a broken machine: see ``Machine``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

READ_TIMEOUT = 2.0
"""Seconds that a run of these tests waits for an answer."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is wrong with the machine that a run is on."""

    pages: int | None = None
    """The disk is full once the store has so many pages more than now. (For SQLite: a server has its own disk.)"""
    read_only: bool = False
    """The store cannot be written."""
    nameless: int = 0
    """The name service fails so many times."""
    killed_at: int | None = None
    """SIGKILL before this statement of the store's database."""


SOUND = Machine()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int
    """Exit code; below zero the signal that killed it."""
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Run:
    """A run under way."""

    def __init__(self, runs: Runs, pid: int, folder: Path, name: str) -> None:
        self._runs, self.pid, self._folder, self._name = runs, pid, folder, name

    def kill(self) -> None:
        """SIGKILL; whether it is still there or not."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Until it has ended."""
        code = os.waitstatus_to_exitcode(int(self._runs.line()))
        self.pid = 0
        out, err = ((self._folder / f"{self._name}.{kind}").read_text(errors="replace") for kind in ("out", "err"))
        return Ended(code, out, err)


class Runs:
    """Starts one run after the other."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.faulty_runs"],
            cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def line(self) -> str:
        """What the parent of the runs says next."""
        assert self._parent.stdout is not None
        said = self._parent.stdout.readline().decode()
        assert said, "the parent of the runs has ended"
        return said

    def start(
        self, folder: Path, *args: str, environ: Mapping[str, str] = {}, machine: Machine = SOUND, name: str = "run"
    ) -> Run:
        """Begin ``okrsync ARGS`` in a folder, where its output is kept in ``NAME.out`` and ``NAME.err``."""
        job = {"folder": str(folder), "args": args, "environ": dict(environ), "machine": asdict(machine), "name": name}
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps(job).encode() + b"\n")
        self._parent.stdin.flush()
        return Run(self, int(self.line()), folder, name)

    def run(self, folder: Path, *args: str, **how: Any) -> Ended:
        """``start`` and ``wait``."""
        return self.start(folder, *args, **how).wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.wait(30)
        self._parent.stdout.close()


def _import_everything() -> None:
    """Import what runs need, and do once what a run does without a source, so that each begins warm."""
    import jira  # noqa: F401
    import tenacity
    from okrsync_github import client, counting, planning, pulls, reader, rest_planning  # noqa: F401
    from okrsync_jira import JiraConnector  # noqa: F401

    from okrsync import http, pacing
    from okrsync.cli import run_command
    from okrsync.cli.common import App
    from okrsync.store import engine, work  # noqa: F401
    from tests.faulty_world import CONFIG, GOALS

    with TemporaryDirectory() as folder:
        config = Path(folder, "okrsync.yaml")
        config.write_text(CONFIG.partition("sources:")[0].format(store="sqlite:///okrsync.db") + "okrs: q4.yaml\n")
        Path(folder, "q4.yaml").write_text(GOALS)
        for command in ("sync", "report"):
            output = () if command == "sync" else ("--format", "json", "-o", str(Path(folder, "report.json")))
            run_command([command, "-q", "-c", str(config), *output], App())
    object.__setattr__(http.DEFAULT_POLICY, "read_timeout", READ_TIMEOUT)
    wait = tenacity.wait_random_exponential
    tenacity.wait_random_exponential = lambda multiplier, max: wait(multiplier=multiplier / 100, max=max / 100)  # type: ignore[misc,assignment]
    client.UNNAMED_WAIT = 0.05
    pacing._LEAST_PAUSE = pacing._UNNAMED_PAUSE = 0.01
    pacing._LONGEST_UNNAMED = 0.3
    pacing.Rate.next_at = lambda self, now: now  # type: ignore[method-assign]  # a run's own copy
    engine._BUSY_TIMEOUT = 0.3


def _break(machine: Machine) -> None:
    from sqlalchemy import Engine, event

    from okrsync.coordinator import Coordinator

    Coordinator._census_is_due = lambda self, run: True  # type: ignore[method-assign]  # a run's own copy

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            if machine.read_only:
                connection.execute("SET default_transaction_read_only = on")
                connection.commit()
            return
        if machine.pages is not None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + machine.pages}")
        if machine.read_only:
            connection.execute("PRAGMA query_only = ON")

    if machine.killed_at is not None:
        left = machine.killed_at

        @event.listens_for(Engine, "before_cursor_execute")
        def executing(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if machine.nameless:
        import socket

        ask, fails = socket.getaddrinfo, machine.nameless

        def getaddrinfo(*args: Any, **more: Any) -> Any:
            nonlocal fails
            fails -= 1
            if fails >= 0:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return ask(*args, **more)

        socket.getaddrinfo = getaddrinfo


def _run(job: dict[str, Any]) -> int:
    from okrsync.cli import main

    folder = Path(job["folder"])
    os.chdir(folder)
    os.environ.update(job["environ"])
    for number, kind in ((1, "out"), (2, "err")):
        opened = os.open(folder / f"{job['name']}.{kind}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
    _break(Machine(**job["machine"]))
    try:
        main(job["args"])
    except SystemExit as ending:
        return int(ending.code or 0)
    except BaseException:  # noqa: BLE001 - shown, as Python would
        traceback.print_exc()
        return 99
    return 0


def _serve() -> None:
    _import_everything()
    # What is frozen is not looked at by the garbage collector, and so stays shared with the runs.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            code = _run(json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    _serve()
