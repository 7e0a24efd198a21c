"""A first sync on 1, 2 and 4 Dask workers that share one PostgreSQL: a load that waits for the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks._harness import ROOT, configure, folder, serving
from benchmarks.sync import CLOUD
from tests.postgres import running_postgres

ITEMS = 4_000
THREADS = 2
WORKERS = (1, 2, 4)


def _start(stack: ExitStack, *command: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)


def _workers(scheduler: str) -> int:
    code = (
        "import sys; from distributed import Client; c = Client(sys.argv[1], set_as_default=False);"
        "print(len(c.scheduler_info(n_workers=-1)['workers'])); c.close()"
    )
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", code, scheduler], capture_output=True, text=True)
    return int(said.stdout or 0)


def measure(workers: int, url: str, path: Path, stand_in_url: str) -> float:
    """Seconds of ``okrsync sync --executor`` into an empty store."""
    configure(path, {"shop": CLOUD.source(stand_in_url)}, CLOUD.rules)
    settings = json.loads((path / "okrsync.yaml").read_text())
    (path / "okrsync.yaml").write_text(json.dumps({**settings, "store": url}))
    where = path / "scheduler.json"
    local = ("--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(where))
    with ExitStack() as stack:
        _start(stack, "distributed.cli.dask_scheduler", "--port", "0", *local)
        while not where.exists():
            time.sleep(0.05)
        address = json.loads(where.read_text())["address"]
        for _ in range(workers):
            _start(stack, "distributed.cli.dask_worker", "--no-nanny", "--nthreads", str(THREADS), *local)
        while _workers(address) < workers:
            time.sleep(0.2)
        began = time.perf_counter()
        command = ["-m", "okrsync.cli", "-q", "sync", "--jobs", "16", "--executor", address.replace("tcp", "dask")]
        subprocess.run([sys.executable, *command], cwd=path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        return time.perf_counter() - began


def main() -> None:
    """Print one table."""
    print(f"{ITEMS:,} Jira Cloud issues, 150 ms a request and 1 ms an issue; {THREADS} threads a worker, --jobs 16.\n")
    print("| workers | seconds | of one worker's |\n|---|---|---|")
    first = 0.0
    with running_postgres() as postgres, serving(CLOUD, ITEMS) as stand_in, folder() as path:
        for workers in WORKERS:
            seconds = measure(workers, postgres.url(postgres.new_store()), path / str(workers), stand_in.url)
            first = first or seconds
            print(f"| {workers} | {seconds:.1f} | {seconds / first:.0%} |")
