"""What the benchmarks of a sync share: a stand-in and the programs that are measured, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("BENCHMARK_TOKEN", "t")  # what the sources of all benchmarks are given
_PROGRAM = """
import re, runpy, sys
try:
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
finally:
    # Not ru_maxrss: on Linux a process inherits that of the one it was forked from.
    sys.stdout.write(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@dataclass(frozen=True)
class Service:
    """A kind of source, as a benchmark needs it."""

    name: str
    site: str
    """``module:Class`` for ``_stand_in``."""
    floor: tuple[str, ...]
    """Module and first arguments of the program that states the floor; URL, jobs and a file follow."""
    source: Callable[[str], dict[str, Any]]
    """The source's settings for the stand-in at this address."""
    rules: tuple[dict[str, Any], ...] = ({"labels": ["activation"]}, {"labels": ["checkout"]}, {"labels": ["search"]})
    """Work rules of the key results."""


@dataclass(frozen=True)
class Cost:
    """What one run of a program took."""

    wall: float
    user: float
    peak: float
    """MB"""
    requests: int = 0
    refused: int = 0
    most_at_once: int = 0


class StandIn:
    """A stand-in that runs; see ``benchmarks._stand_in``."""

    def __init__(self, service: Service, items: int, *arguments: str) -> None:
        command = [sys.executable, "-m", "benchmarks._stand_in", service.site, str(items), *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def ask(self, what: str) -> dict[str, Any]:
        """``stats``, ``reset``, or what the site itself knows (``change?100``)."""
        with urlopen(f"{self.url}/_/{what}") as answer:
            return dict(json.loads(answer.read()))

    def stop(self) -> None:
        """End it."""
        self._process.communicate("")


@contextmanager
def serving(service: Service, items: int, *arguments: str) -> Iterator[StandIn]:
    """A stand-in of a service with so many items."""
    stand_in = StandIn(service, items, *arguments)
    try:
        yield stand_in
    finally:
        stand_in.stop()


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="okrsync-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def configure(path: Path, sources: Mapping[str, dict[str, Any]], rules: Sequence[dict[str, Any]]) -> None:
    """``okrsync.yaml`` and goals: a key result a rule."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "okrsync.yaml").write_text(json.dumps({"sources": sources, "okrs": "okrs.yaml"}))  # JSON is YAML too
    key_results = [{"id": f"KR{n}", "title": f"KR {n}", "kind": "milestone", "work": [r]} for n, r in enumerate(rules)]
    goals = {
        "cycle": {"id": "c", "start": "2026-10-01", "end": "2026-12-31"},
        "teams": [{"id": "all", "level": "company"}],
        "objectives": [{"id": "O", "team": "all", "title": "Everything", "key_results": key_results}],
    }
    (path / "okrs.yaml").write_text(json.dumps(goals))


def run(cwd: Path, *command: str, stand_ins: Sequence[StandIn] = ()) -> Cost:
    """Run ``python -m COMMAND`` and tell what it took, and what the stand-ins saw of it."""
    for stand_in in stand_ins:
        stand_in.ask("reset")
    began = time.perf_counter()
    process = start(cwd, *command)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    stats = [stand_in.ask("stats") for stand_in in stand_ins]
    if any(one["cpu"] > 0.7 * wall for one in stats):
        print(f"the stand-in was busy for {max(one['cpu'] for one in stats):.1f} of {wall:.1f} s", file=sys.stderr)
    counts = {name: sum(one[name] for one in stats) for name in ("requests", "refused", "most_at_once")}
    return Cost(wall, usage.ru_utime, int(said.rpartition("\n")[2]) / 1024, **counts)


def start(cwd: Path, *command: str) -> subprocess.Popen[str]:
    """Start ``python -m COMMAND``; its peak memory in kB is the last it says."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *command], cwd=cwd, stdout=subprocess.PIPE, text=True, env=environment
    )


def sync(path: Path, *arguments: str, stand_ins: Sequence[StandIn]) -> Cost:
    """``okrsync sync`` in a configured folder."""
    return run(path, "okrsync.cli", "-q", "sync", *arguments, stand_ins=stand_ins)


def floor(service: Service, stand_in: StandIn, jobs: int, path: Path) -> Cost:
    """The service's floor at so many requests at a time."""
    module, *first = service.floor
    file = path / f"floor-{jobs}-{time.monotonic_ns()}.db"
    return run(path, module, *first, stand_in.url, str(jobs), str(file), stand_ins=[stand_in])
