"""``make soak``: the scenarios of ``test_faults.py``, a thousand of them, fifty to a process and a seed.

``python -m tests.soak [SCENARIOS]``. What it counted goes into ``docs/faults.md``. As soon as one loses something it
ends with 1 and that scenario's steps.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "faults.md"
AT_ONCE = 50
THOUSAND = 1000
BEGIN, END = "<!-- soak:begin -->\n", "<!-- soak:end -->"


def soak_part(seed: int, scenarios: int) -> tuple[Counter[str], str]:
    """Run so many scenarios; what they counted, and what pytest said if one failed."""
    with TemporaryDirectory() as folder:
        tally = Path(folder) / "tally.json"
        environ = {**os.environ, "OKRSYNC_SCENARIOS": str(scenarios), "OKRSYNC_TALLY": str(tally)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider",
             f"--hypothesis-seed={seed}", "tests/test_faults.py"],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return Counter(), f"seed {seed}:\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
        return Counter(json.loads(tally.read_text(encoding="utf-8"))), ""


def table(tally: Counter[str], command: str, minutes: float) -> str:
    """What is kept in the documentation."""
    faults = {name.removeprefix("fault: "): count for name, count in tally.items() if name.startswith("fault: ")}
    rows = [
        ("scenarios", tally["scenarios"]),
        ("runs that said *done*", tally["syncs done"]),
        ("runs that named what is incomplete", tally["syncs in part"]),
        ("runs that the store refused (full, read-only)", tally["store refused"]),
        ("runs killed by `SIGKILL`", tally["killed"]),
        (f"faulty answers, of {len(faults)} kinds", sum(faults.values())),
        ("items compared with the services", tally["items compared"]),
        # One of these fails its scenario, and nothing is written.
        ("items lost, wrong or left over where a run said *done*", 0),
    ]
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    lines = ["", "| | |", "|---|---|", *(f"| {name} | {count:,} |" for name, count in rows)]
    return "\n".join([*lines, "", f"`{command}` on {machine}, {minutes:.0f} minutes.", ""])


def main(scenarios: int) -> int:
    """Soak; 0 when nothing was lost."""
    begun, tally = time.monotonic(), Counter[str]()
    parts = [min(AT_ONCE, scenarios - start) for start in range(0, scenarios, AT_ONCE)]
    first_seed = int(time.time())
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as threads:
        futures = [threads.submit(soak_part, first_seed + number, size) for number, size in enumerate(parts)]
        for future in futures:
            counted, failure = future.result()
            if failure:
                threads.shutdown(wait=False, cancel_futures=True)
                print(failure)
                return 1
            tally += counted
            print(f"{tally['scenarios']} scenarios, {tally['killed']} kills, nothing lost", flush=True)
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    command = "make soak" if scenarios == THOUSAND else f"python -m tests.soak {scenarios}"
    written = before + BEGIN + table(tally, command, (time.monotonic() - begun) / 60) + "\n" + END + rest.split(END)[1]
    PAGE.write_text(written, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else THOUSAND))
