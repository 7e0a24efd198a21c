"""What a clone costs: reading it beside ``git log`` with the same fields, and a whole sync of large ones.

``python -m benchmarks git`` takes some eight minutes and a gigabyte of disk; ``python -m benchmarks.git --commits
20000`` makes the larger clone of so many commits only, and prints only.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from okrsync_git.client import _LOG, Clone
from okrsync_git.items import item_of

from benchmarks._clone import generate, read
from benchmarks._harness import ROOT, configure, folder, run
from okrsync.connector import Page
from okrsync.references import references_of
from okrsync.store.engine import open_store
from okrsync.store.scopes import use_scopes
from okrsync.store.work import save_page
from tests.recorded_setup import COMMITS, import_commits

TURNS = 15
LARGE = 1_000_000
PAGE = 1000


def log(clone: Path) -> None:
    """``git log`` with the fields that the connector asks for, and nobody who reads it."""
    subprocess.run(["git", *_LOG], cwd=clone, input=b"HEAD\n", check=True, stdout=subprocess.PIPE)


def in_turns(*works: Callable[[], object]) -> list[float]:
    """Seconds of each, the least of some turns: what else the machine does only adds to it."""
    best = [float("inf")] * len(works)
    for _ in range(TURNS):
        for at, work in enumerate(works):
            began = time.perf_counter()
            work()
            best[at] = min(best[at], time.perf_counter() - began)
    return best


def beside_git_log(path: Path) -> str:
    """The recorded commits: with and without the start of a program, and where the time goes."""
    clone = import_commits(path)
    itself, reading = in_turns(lambda: log(clone), lambda: read(clone))
    program = [run(path, "benchmarks._clone", str(clone)).wall for _ in range(5)]
    syncs, again = zip(*(_twice(path / f"store{turn}", clone) for turn in range(5)), strict=True)
    rows = [
        f"The 4,388 recorded commits, `git log` with the same fields beside okrsync, in turns; the least of {TURNS}, "
        "of programs the median of 5.",
        "",
        "| what | s | of `git log` | aim |",
        "|---|--:|--:|--:|",
        f"| `git log` itself, its answer thrown away | {itself:.3f} | 1 | |",
        f"| the connector: all three processes of git, and every commit a work item | {reading:.3f} | "
        f"{reading / itself:.2f} | 1.5 |",
    ]
    for what, seconds in (
        ("the same, with the start of a Python that imports the connector", median(program)),
        ("`okrsync sync`, a first one: all of it stored in SQLite, with the start of the program", median(syncs)),
        ("`okrsync sync` again: nothing new, one process of git for the clone", median(again)),
    ):
        rows.append(f"| {what} | {seconds:.3f} | {seconds / itself:.1f} | – |")
    return "\n".join([*rows, "", _profile(clone, path)])


def _twice(path: Path, clone: Path) -> tuple[float, float]:
    _configure(path, clone)
    return run(path, "okrsync.cli", "-q", "sync").wall, run(path, "okrsync.cli", "-q", "sync").wall


def _configure(path: Path, clone: Path) -> None:
    configure(path, {"clone": {"type": "git", "path": str(clone), "repo": "acme/shop"}}, [{"keys": ["SHOP-1"]}])


def _profile(clone: Path, path: Path) -> str:
    commits = list(Clone(clone).log([_head(clone)]))
    items = [item_of(commit, project="acme/shop", repo="acme/shop", web=None) for commit in commits]
    engine = open_store(f"sqlite:///{path}/profile.db")
    scope = use_scopes(engine, "clone", ["shop"])["shop"].id

    def store() -> None:
        for at in range(0, len(items), PAGE):
            save_page(engine, "clone", scope, "all", Page(tuple(items[at : at + PAGE]), None))

    stages = (
        ("`git log`: git's own", _children_cpu(lambda: log(clone))),
        ("its answer cut into commits", _cpu(lambda: list(Clone(clone).log([_head(clone)])))),
        (
            "what their messages point at",
            _cpu(lambda: [references_of(repo="acme/shop", body=c.message) for c in commits]),
        ),
        (
            "the work items, with that",
            _cpu(lambda: [item_of(c, project="p", repo="acme/shop", web=None) for c in commits]),
        ),
        ("stored in SQLite, pages of 1,000", _cpu(store, 1)),
        ("a Python that does nothing", _children_cpu(lambda: subprocess.run([sys.executable, "-c", ""], check=True))),
        ("`okrsync sync` that finds nothing new", _children_cpu(lambda: _sync(path / "store0"))),
    )
    engine.dispose()
    rows = ["Where the CPU time goes, ms:", "", "| part | ms |", "|---|--:|"]
    return "\n".join([*rows, *(f"| {name} | {seconds * 1e3:.0f} |" for name, seconds in stages)])


def _sync(path: Path) -> None:
    run(path, "okrsync.cli", "-q", "sync")


def _head(clone: Path) -> str:
    return str(Clone(clone).resolve(["HEAD"])["HEAD"])


def _cpu(work: Callable[[], object], turns: int = 5) -> float:
    best = float("inf")
    for _ in range(turns):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _children_cpu(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        work()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, ended.ru_utime - began.ru_utime + ended.ru_stime - began.ru_stime)
    return best


def large(sizes: Sequence[int]) -> str:
    """A first sync of clones of so many commits: is the memory flat?"""
    rows = [
        "First `okrsync sync` of clones that are made for it, a file changed in each commit; then one with nothing "
        "new. Peak memory is that of okrsync's process; `git log` alone, with the same fields, beside it.",
        "",
        "| commits | wall s | CPU µs a commit | peak MB | `git log`: s | its peak MB | nothing new: s |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    peaks = []
    for number in sizes:
        with folder() as path:
            clone = generate(path / "shop.git", number)
            seconds, git_peak = _log_alone(clone)
            _configure(path / "store", clone)
            first = run(path / "store", "okrsync.cli", "-q", "sync")
            again = run(path / "store", "okrsync.cli", "-q", "sync")
        peaks.append(first.peak)
        rows.append(
            f"| {number:,} | {first.wall:.1f} | {first.user / number * 1e6:.0f} | {first.peak:.0f} | {seconds:.1f} | "
            f"{git_peak:.0f} | {again.wall:.2f} |"
        )
    rows += ["", f"The largest beside the smallest: {peaks[-1] / peaks[0] - 1:+.0%} of memory (aim: at most 10% more)."]
    return "\n".join(rows)


def _log_alone(clone: Path) -> tuple[float, float]:
    """Seconds of ``git log`` into nothing, and its peak memory in MB, looked at while it runs."""
    began, peak = time.perf_counter(), 0.0
    with subprocess.Popen(["git", *_LOG], cwd=clone, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        process.stdin.write(b"HEAD\n")
        process.stdin.close()
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                peak = max(peak, int(found[1]) / 1024)
            time.sleep(0.02)
    return time.perf_counter() - began, peak


def main(commits: int = LARGE) -> None:
    """Print the tables."""
    os.chdir(ROOT)
    parts = []
    if COMMITS.exists():
        with folder() as path:
            parts.append(beside_git_log(path))
    parts.append(large((commits // 10, commits)))
    print("\n\n".join(parts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=LARGE)
    main(parser.parse_args().commits)
