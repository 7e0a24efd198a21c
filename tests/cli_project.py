"""A folder with a configuration, and the command line run in it: in this process, or as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from okrsync.cli import run_command
from okrsync.cli.common import App
from okrsync.store.engine import open_store
from tests.stores import content

NOW = datetime(2026, 11, 20, 9, tzinfo=ZoneInfo("UTC"))

MAIN = """\
store: sqlite:///okrsync.db
sources: {}
okrs: okrs/
people: [{id: lin, name: Lin Wei}]
publish: [{type: folder, path: wiki/}]
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
        metric:
          {unit: shops, baseline: 120, target: 300, source: {type: csv, path: a.csv}}
      - {id: KR1.2, title: Recommend us, owner: lin, metric: {unit: percent, baseline: 30, target: 50}}
      - {id: KR1.3, title: Portal, owner: lin, kind: milestone}
"""

GIT_RULE = "        work: [{source: clone, title: shop}]\n"


def series(value: int = 120, *, last: date = date(2026, 11, 16), weeks: int = 20) -> str:
    """A weekly CSV that ends at ``last``."""
    days = (last - timedelta(weeks=weeks - 1 - index) for index in range(weeks))
    return "date,value\n" + "".join(f"{day},{value + index % 3}\n" for index, day in enumerate(days))


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Project:
    """A folder, and ``okrsync`` in it."""

    path: Path
    capture: pytest.CaptureFixture[str] | None = None
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def run(self, *args: str) -> Ran:
        """In this process; ``capture`` is emptied."""
        assert self.capture is not None
        self.capture.readouterr()
        code = run_command(list(args), App())
        captured = self.capture.readouterr()
        return Ran(code, captured.out, captured.err)

    def program(self, *args: str | bytes, environ: Mapping[str, str] | None = None) -> Ran:
        """In a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", "from okrsync.cli import main; main()", *args],
            cwd=self.path, capture_output=True, timeout=60, check=False,
            env={**os.environ, **self.environ, **(environ or {})},
        )  # fmt: skip
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def store(self) -> dict[str, object]:
        """All that the store holds."""
        engine = open_store(f"sqlite:///{self.path / 'okrsync.db'}")
        try:
            return dict(content(engine))
        finally:
            engine.dispose()


def start(folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> Project:
    """A project whose work and clock are the test's: it is the morning of 2026-11-20, and nothing is in the store."""
    for module in ("ack", "check", "check_in", "explain", "history", "init", "links", "publish", "report", "sync"):
        monkeypatch.setattr(f"okrsync.cli.{module}.now", lambda: NOW)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("OKRSYNC_CONFIG", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    project = Project(folder, capture)
    project.write("okrsync.yaml", MAIN)
    project.write("okrs/q4.yaml", GOALS)
    project.write("a.csv", series())
    return project


def clone(project: Project, name: str, *subjects: str) -> None:
    """A git repository with a commit a subject, a day apart from 2026-10-05 on."""
    folder = project.path / name
    folder.mkdir()
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for number, command in enumerate((("init", "-q", "-b", "main"), *(("commit", s) for s in subjects)), 4):
        date_ = f"2026-10-{number:02}T12:00:00Z"
        if command[0] == "commit":
            command = ("-c", "user.name=Lin", "-c", "user.email=lin@acme.example", "commit", "-q", "--allow-empty",
                       "-m", command[1])  # fmt: skip
        environ = {**os.environ, **identity, "GIT_AUTHOR_DATE": date_, "GIT_COMMITTER_DATE": date_}
        subprocess.run(["git", *command], cwd=folder, env=environ, check=True, capture_output=True)
