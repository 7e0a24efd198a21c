"""``make soak``: the scenarios of ``test_faults.py``, a thousand of them, fifty to a process and a seed, and a tenth as
many of ``test_faults_wikis.py``.

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
MODULES = ("test_faults", "test_faults_wikis")
AT_ONCE = 50
THOUSAND = 1000
BEGIN, END = "<!-- soak:begin -->\n", "<!-- soak:end -->"


def soak_part(module: str, seed: int, scenarios: int) -> tuple[Counter[str], str]:
    """Run so many scenarios; what they counted, and what pytest said if one failed."""
    with TemporaryDirectory() as folder:
        tally = Path(folder) / "tally.json"
        environ = {**os.environ, "OKRSYNC_SCENARIOS": str(scenarios), "OKRSYNC_TALLY": str(tally)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider",
             f"--hypothesis-seed={seed}", f"tests/{module}.py"],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return Counter(), f"{module}, seed {seed}:\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
        return Counter(json.loads(tally.read_text(encoding="utf-8"))), ""


def _shown(count: int | list[int]) -> str:
    return ", ".join(map(_shown, count)) if isinstance(count, list) else f"{count:,}"


def table(tally: Counter[str], command: str, minutes: float) -> str:
    """What is kept in the documentation."""
    faults = {name.removeprefix("fault: "): count for name, count in tally.items() if name.startswith("fault: ")}
    rows = [
        ("scenarios", tally["scenarios"]),
        ("of these with the store on PostgreSQL", tally["scenarios on PostgreSQL"]),
        ("runs that said *done*", tally["syncs done"]),
        ("runs that named what is incomplete", tally["syncs in part"]),
        ("runs that the store refused (full, read-only)", tally["store refused"]),
        ("runs killed by `SIGKILL`", tally["killed"]),
        (f"faulty answers, of {len(faults)} kinds", sum(faults.values())),
        ("items compared with the services", tally["items compared"]),
        # One of these fails its scenario, and nothing is written.
        ("items lost, wrong or left over where a run said *done*", 0),
        ("scenarios of wikis", tally["scenarios of wikis"]),
        (
            "publications done, in part, and killed",
            [tally[f"publications {how}"] for how in ("done", "in part", "killed")],
        ),
        ("pages compared with those of wikis that never failed", tally["pages compared"]),
        ("pages lost, doubled or wrong where a publication said *done*, remarks of people lost", 0),
        ("runs whose output was searched for tokens", tally["runs searched for tokens"]),
        ("files searched for tokens", tally["files searched for tokens"]),
        ("tokens found", 0),
    ]
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    lines = ["", "| | |", "|---|---|", *(f"| {name} | {_shown(count)} |" for name, count in rows)]
    return "\n".join([*lines, "", f"`{command}` on {machine}, {minutes:.0f} minutes.", ""])


def main(scenarios: int) -> int:
    """Soak; 0 when nothing was lost."""
    begun, tally = time.monotonic(), Counter[str]()
    sizes = [min(AT_ONCE, scenarios - start) for start in range(0, scenarios, AT_ONCE)]
    parts = [(module, size) for size in sizes for module in MODULES]
    first_seed = int(time.time())
    # Most of the time is waiting, for a server that hangs or until something is tried again.
    with ThreadPoolExecutor(3 * (os.cpu_count() or 1)) as threads:
        futures = [
            threads.submit(soak_part, module, first_seed + number, size) for number, (module, size) in enumerate(parts)
        ]
        for future in futures:
            counted, failure = future.result()
            if failure:
                threads.shutdown(wait=False, cancel_futures=True)
                print(failure)
                return 1
            tally += counted
            kills = tally["killed"] + tally["publications killed"]
            print(
                f"{tally['scenarios'] + tally['scenarios of wikis']} scenarios, {kills} kills, nothing lost", flush=True
            )
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    command = "make soak" if scenarios == THOUSAND else f"python -m tests.soak {scenarios}"
    written = before + BEGIN + table(tally, command, (time.monotonic() - begun) / 60) + "\n" + END + rest.split(END)[1]
    PAGE.write_text(written, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else THOUSAND))
