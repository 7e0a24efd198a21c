"""How linking and reporting scale: 500 key results, and from 10,000 to 1,000,000 items in the store.

``python -m benchmarks scale`` takes some ten minutes and two gigabytes of disk, and draws ``docs/scale.svg``;
``python -m benchmarks.scale --items 100000`` stops there and prints only. Each step runs in a process of its own.
``benchmarks.scale_postgresql`` is the same on PostgreSQL.
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks._harness import ROOT, folder, run
from benchmarks._large_store import AS_OF, GOALS, configure, fill
from okrsync.config import load_config
from okrsync.store.engine import open_store, writing
from okrsync.store.linking import link_all
from okrsync.store.schema import dirty_items, items
from okrsync.store.statements import bulk_insert

PARTS = (
    ("okrsync.config", "load_config", "the configuration"),
    ("okrsync.store.read", "pieces", "pieces of work, read"),
    ("okrsync.store.read", "rule_links", "what each rule matches"),
    ("okrsync.store.outcomes", "measurements_of", "measurements, read"),
    ("okrsync.judge", "judge_together", "verdicts, their movements and since when"),
    ("okrsync.reporting", "diagnose", "findings of both days"),
    ("okrsync.reporting", "_suggestions", "work rules suggested"),
    ("okrsync.report.json", "to_json", "JSON"),
)
"""Where a report's time goes: functions, and what they do."""
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
CHANGED = 100
CHART = ROOT / "docs" / "scale.svg"


def _fill(path: Path, store: str, count: int) -> None:
    engine = open_store(store)
    fill(engine, count)
    engine.dispose()
    configure(path, store, count)


def _change(path: Path, store: str, count: int) -> None:
    """Give 100 items all over the store another status, as a sync leaves them: marked to be linked again."""
    changed = [at * (count // CHANGED) + at % 50 for at in range(CHANGED)]
    engine = open_store(store)
    with writing(engine) as connection:
        connection.execute(items.update().where(items.c.id.in_(changed)).values(status="Reviewed"))
        bulk_insert(connection, dirty_items, ("item_id",), [(one,) for one in changed])
    engine.dispose()


STEPS: dict[str, Callable[[Path, str, int], None]] = {"fill": _fill, "change": _change}


@dataclass(frozen=True)
class Measured:
    """What one size cost: seconds, and the peak memory of a process in MB."""

    count: int
    link: tuple[float, float]
    relink: tuple[float, float]
    report: tuple[float, float]
    size: float
    """MB on disk"""
    parts: str
    """Rows of a table: where the report's time goes."""


def _step(name: str, path: Path, store: str, count: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.scale", "--step", name, str(path), store, "--items", str(count)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), float(said[1])


def _run_step(name: str, path: Path, store: str, count: int) -> None:
    if name == "link":
        # A sync has read the configuration long before it links.
        programme = load_config(path / "okrsync.yaml").programme
        engine = open_store(store)
        began = time.perf_counter()
        link_all(engine, programme)
        took = time.perf_counter() - began
        engine.dispose()
    else:
        began = time.perf_counter()
        STEPS[name](path, store, count)
        took = time.perf_counter() - began
    # Not ru_maxrss: on Linux a process inherits that of the one it was forked from.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    print(took, int(peak[1]) / 1024)


def _parts(path: Path) -> str:
    """CPU seconds of each of ``PARTS`` in one report, and of the rest."""
    from importlib import import_module

    from okrsync.cli import main

    spent = {what: 0.0 for _, _, what in PARTS}

    def timed(module: str, name: str, what: str) -> None:
        function = getattr(import_module(module), name)

        def replacement(*given: object, **named: object) -> object:
            started = time.process_time()
            found = function(*given, **named)
            found = iter(list(found)) if hasattr(found, "__next__") else found
            spent[what] += time.process_time() - started
            return found

        setattr(import_module(module), name, replacement)

    for part in PARTS:
        timed(*part)
    imported = time.process_time()
    try:
        main(["-c", str(path), "report", "--as-of", str(AS_OF), "--format", "json", "-o", str(path / "parts.json")])
    except SystemExit as ended:
        if ended.code:
            raise
    whole = time.process_time()
    rows = [("starting Python and imports", imported), *spent.items()]
    rows += [("the rest", whole - imported - sum(spent.values())), ("all", whole)]
    return "\n".join(f"| {what} | {seconds:.2f} |" for what, seconds in rows)


def measure(count: int, store: str | None = None, size_of: Callable[[Path], float] | None = None) -> Measured:
    """Fill a store, link it, change 100 items and link again, and report. ``store`` is the URL of an empty one, by
    default a file; ``size_of`` tells its MB."""
    with folder() as path:
        store = store or f"sqlite:///{path}/okrsync.db"
        _step("fill", path, store, count)
        link = _step("link", path, store, count)
        _step("change", path, store, count)
        relink = _step("link", path, store, count)
        cost = run(path, "okrsync.cli", "report", "--as-of", str(AS_OF), "--format", "json", "-o", "report.json")
        size = size_of(path) if size_of else (path / "okrsync.db").stat().st_size / 1e6
        command = [sys.executable, "-m", "benchmarks.scale", "--parts", str(path)]
        parts = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    return Measured(count, link, relink, (cost.wall, cost.peak), size, parts)


def table(measured: Sequence[Measured], kind: str = "SQLite") -> str:
    """One row a size."""
    rows = [
        f"{kind}, {GOALS} key results; s / peak MB of a process of its own. The report is the whole command, from its "
        "start to the JSON.",
        "",
        "| items | linked from nothing | µs an item | 100 changed: linked again | report | store |",
        "|--:|---|--:|---|---|--:|",
    ]
    for one in measured:
        cells = " | ".join(
            (
                f"{one.count:,}",
                f"{one.link[0]:.2f} / {one.link[1]:.0f}",
                f"{one.link[0] / one.count * 1e6:.0f}",
                f"{one.relink[0]:.2f} / {one.relink[1]:.0f}",
                f"{one.report[0]:.2f} / {one.report[1]:.0f}",
                f"{one.size:,.0f} MB",
            )
        )
        rows.append(f"| {cells} |")
    said = f"Where the time of the report of {measured[-1].count:,} items goes, CPU s in one process:"
    return "\n".join([*rows, "", said, "", "| what | s |", "|---|--:|", measured[-1].parts])


def chart(measured: Sequence[Measured]) -> str:
    """Seconds by items, both on logarithmic scales; the dashed line is what grows as the items do."""
    width, height, left, top = 640, 360, 60, 20
    seconds = [one[0] for each in measured for one in (each.link, each.relink, each.report)]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    first, last = math.log10(measured[0].count), math.log10(measured[-1].count)

    def place(count: float, took: float) -> str:
        x = left + (math.log10(count) - first) / (last - first) * (width - left - 150)
        y = top + (high - math.log10(took)) / (high - low) * (height - top - 40)
        return f"{x:.1f},{y:.1f}"

    lines = []
    for exponent in range(low, high + 1):
        x, y = place(measured[0].count, 10.0**exponent).split(",")
        lines.append(f'<line x1="{x}" x2="{width - 150}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 8}" y="{y}" text-anchor="end" dy="4">{10.0**exponent:g} s</text>')
    for each in measured:
        x, _ = place(each.count, 10.0**low).split(",")
        lines.append(f'<text x="{x}" y="{height - 12}" text-anchor="middle">{each.count:,}</text>')
    start = measured[0].link[0]
    most = min(measured[-1].count, measured[0].count * 10.0**high / start)
    ends = place(measured[0].count, start), place(most, start * most / measured[0].count)
    lines.append(f'<polyline points="{" ".join(ends)}" stroke="#999" stroke-dasharray="4 4" fill="none"/>')
    for name, colour, of in (
        ("linked from nothing", "#1f6feb", [each.link[0] for each in measured]),
        ("report", "#bf5b04", [each.report[0] for each in measured]),
        ("100 changed", "#2f7d32", [each.relink[0] for each in measured]),
    ):
        points = [place(each.count, took) for each, took in zip(measured, of, strict=True)]
        x, y = points[-1].split(",")
        lines.append(f'<polyline points="{" ".join(points)}" stroke="{colour}" stroke-width="2" fill="none"/>')
        lines.append(f'<text x="{float(x) + 8:.1f}" y="{y}" dy="4" fill="{colour}">{name}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12" fill="#444"><title>Seconds by items in the store</title>\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(lines) + "\n</svg>\n"
    )


def main() -> None:
    """Print the table, and draw it for ``docs/how-far.md``."""
    measured = [measure(count) for count in SIZES]
    print(table(measured))
    CHART.write_text(chart(measured), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=SIZES[-1])
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FOLDER", "STORE"))
    parser.add_argument("--parts", metavar="FOLDER")
    asked = parser.parse_args()
    if asked.step:
        _run_step(asked.step[0], Path(asked.step[1]), asked.step[2], asked.items)
    elif asked.parts:
        print(_parts(Path(asked.parts)))
    else:
        print(table([measure(count) for count in SIZES if count <= asked.items]))
