"""How storing and linking scale: from 10,000 items to ``--items``, and 500 key results.

``python -m benchmarks.scale --items 1000000`` takes minutes and a gigabyte of disk; ``python -m benchmarks scale``
goes up to 100,000.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks._harness import ROOT, folder
from benchmarks.store import PAGE, arrivals, item, store
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Programme, WorkItem, WorkRule
from okrsync.store.engine import open_store
from okrsync.store.linking import link_all
from okrsync.store.work import save_pages

SIZES = (10_000, 100_000, 1_000_000)
KEY_RESULTS = 500
BATCH = 20 * PAGE


def spread(number: int) -> WorkItem:
    """An item with one label of 500 in place of its first one: each key result takes one item in 500."""
    one = item(number)
    return replace(one, labels=(f"goal-{number * 7 % KEY_RESULTS}", one.labels[1]))


def programme() -> Programme:
    """500 key results, each with the items of one label."""
    key_results = tuple(
        KeyResult(f"KR{n}", "O", f"KR {n}", None, Kind.MILESTONE, Metric(), (WorkRule(labels=(f"goal-{n}",)),))
        for n in range(KEY_RESULTS)
    )
    return Programme(
        (Cycle("c", date(2026, 1, 1), date(2026, 12, 31)),), (), (), (Objective("O", "c", "all", "All", key_results),)
    )


def _store(url: str, count: int) -> None:
    with store(url) as engine:
        for first in range(0, count, BATCH):
            batch = [spread(number) for number in range(first, min(first + BATCH, count))]
            save_pages(engine, arrivals(batch))


def _link(url: str, count: int) -> None:
    engine = open_store(url)
    link_all(engine, programme())
    engine.dispose()


def _change(url: str, count: int) -> None:
    """Change 100 items all over the store."""
    engine = open_store(url)
    changed = [replace(spread(at * (count // 100) + at % 50), status="Reviewed") for at in range(100)]
    save_pages(engine, arrivals(changed))
    engine.dispose()


STEPS = {"store": _store, "link": _link, "change": _change, "relink": _link}


def _step(name: str, path: Path, count: int) -> tuple[float, float]:
    """Seconds that a step takes in a process of its own, without its start, and the process's peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.scale", "--step", name, f"sqlite:///{path}", "--items", str(count)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), float(said[1])


def _run_step(name: str, url: str, count: int) -> None:
    began = time.perf_counter()
    STEPS[name](url, count)
    took = time.perf_counter() - began
    # Not ru_maxrss: on Linux a process inherits that of the one it was forked from.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    print(took, int(peak[1]) / 1024)


def table(most: int) -> str:
    """One row a size."""
    rows = [
        f"SQLite, {KEY_RESULTS} key results with one label each; s / peak MB of a process of its own.",
        "",
        "| items | stored | linked from nothing | 100 changed: linked again | file |",
        "|--:|---|---|---|--:|",
    ]
    for count in (size for size in SIZES if size <= most):
        with folder() as path:
            took = {name: _step(name, path / "okrsync.db", count) for name in STEPS}
            size = (path / "okrsync.db").stat().st_size / 1e6
        cells = [f"{took[name][0]:.2f} / {took[name][1]:.0f}" for name in ("store", "link", "relink")]
        rows.append(f"| {count:,} | {' | '.join(cells)} | {size:.0f} MB |")
    return "\n".join(rows)


def main(most: int = 100_000) -> None:
    """Print one table."""
    print(table(most))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=SIZES[-1])
    parser.add_argument("--step", nargs=2)
    asked = parser.parse_args()
    if asked.step:
        _run_step(*asked.step, asked.items)
    else:
        main(asked.items)
