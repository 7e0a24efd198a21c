"""The recorded Jira Data Center (29,057 issues over HTTP on loopback) and 4,388 commits: what a sync and a report cost.

The stand-in runs in this process, the program in one of its own: CPU and memory are the program's alone.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.recorded import load_jira
from tests.recorded_setup import ISSUES, import_commits, write_configuration

STEPS = (
    ("first sync", ("sync",)),
    ("second sync, nothing changed", ("sync",)),
    ("report", ("report", "--cycle", "2013", "--as-of", "2013-12-31", "--format", "json", "-o", "report.json")),
)
# Not ru_maxrss: on Linux a process inherits that of the one it was forked from, and this one holds the whole Jira.
_PROGRAM = """
import re
from okrsync.cli import main
try:
    main()
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def main() -> None:
    """Print the table."""
    print(measure() if ISSUES.exists() else f"skipped: {ISSUES} is absent")


def measure() -> str:
    """A Markdown table: a row a step."""
    rows = [
        "| step | wall s | CPU s | peak MB | requests | store MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory() as name, JiraStandIn("server", account_timezone="America/Los_Angeles") as jira:
        load_jira(ISSUES, jira)
        import_commits(Path(name))
        folder = Path(name) / "okrs"
        folder.mkdir()
        write_configuration(folder, jira.url, jira.token)
        for step, arguments in STEPS:
            jira.requests.clear()
            wall, cpu, peak = _run(folder, *arguments)
            size = sum(path.stat().st_size for path in folder.glob("okrsync.db*")) / 1e6
            rows.append(f"| {step} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {len(jira.requests)} | {size:.1f} |")
    return "\n".join(rows)


def _run(folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Wall and CPU seconds, and peak memory in MB, of one run of the program."""
    began = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "-q", *arguments], cwd=folder, check=True, text=True, stdout=subprocess.PIPE
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, int(done.stdout) / 1024


if __name__ == "__main__":
    main()
