"""A first sync on 1, 2 and 4 Dask workers that share one PostgreSQL, and one of which a worker is killed.

A load that waits for the service: a page of 100 issues takes it half a second. ``python -m benchmarks dask`` takes some
four minutes; ``python -m benchmarks.dask --items 4000`` is quicker, and prints only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks._harness import ROOT, StandIn, configure, folder, serving
from benchmarks.sync import CLOUD
from tests.postgres import Postgres, running_postgres

ITEMS = 20_000
THREADS = 2
WORKERS = (1, 2, 4)
SLOWNESS = 2
"""Of the stand-in, whose page of 100 takes 250 ms."""


@dataclass(frozen=True)
class Measured:
    """What a sync cost."""

    seconds: float
    requests: int


def _start(stack: ExitStack, *command: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _workers(scheduler: str) -> int:
    code = (
        "import sys; from distributed import Client; c = Client(sys.argv[1], set_as_default=False);"
        "print(len(c.scheduler_info(n_workers=-1)['workers'])); c.close()"
    )
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", code, scheduler], capture_output=True, text=True)
    return int(said.stdout or 0)


@contextmanager
def _cluster(path: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    where = path / "scheduler.json"
    local = ("--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(where))
    with ExitStack() as stack:
        _start(stack, "distributed.cli.dask_scheduler", "--port", "0", *local)
        while not where.exists():
            time.sleep(0.05)
        address = json.loads(where.read_text())["address"]
        worker = ("distributed.cli.dask_worker", "--no-nanny", "--nthreads", str(THREADS), *local)
        started = [_start(stack, *worker) for _ in range(workers)]
        while _workers(address) < workers:
            time.sleep(0.2)
        yield address.replace("tcp", "dask"), started


def measure(workers: int, items: int, postgres: Postgres, path: Path, stand_in: StandIn, kill: int = 0) -> Measured:
    """``okrsync sync --executor`` into an empty store; a worker is killed (SIGKILL) after so many requests."""
    name = postgres.new_store()
    configure(path, {"shop": CLOUD.source(stand_in.url)}, CLOUD.rules)
    settings = json.loads((path / "okrsync.yaml").read_text())
    (path / "okrsync.yaml").write_text(json.dumps({**settings, "store": postgres.url(name)}))
    with _cluster(path, workers) as (address, started):
        stand_in.ask("reset")
        began = time.perf_counter()
        command = [sys.executable, "-m", "okrsync.cli", "-q", "sync", "--jobs", "16", "--executor", address]
        with subprocess.Popen(command, cwd=path, env={**os.environ, "PYTHONPATH": str(ROOT)}) as sync:
            while kill and stand_in.ask("stats")["requests"] < kill:
                if sync.poll() is not None:
                    raise RuntimeError("the sync was over before a worker could be killed")
                time.sleep(0.05)
            if kill:
                started[0].kill()
        seconds = time.perf_counter() - began
    stored = _stored(postgres.url(name))
    if sync.returncode or stored != items:
        raise RuntimeError(f"the sync ended with {sync.returncode}, and {stored:,} of {items:,} items are stored")
    return Measured(seconds, stand_in.ask("stats")["requests"])


def _stored(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = int(connection.execute(text("SELECT count(*) FROM items")).scalar_one())
    engine.dispose()
    return found


def main(items: int = ITEMS) -> None:
    """Print the tables."""
    print(
        f"First sync of {items:,} Jira Cloud issues, 300 ms a request and 2 ms an issue; {THREADS} threads a worker, "
        "--jobs 16; the program, the workers, PostgreSQL and the stand-in on one machine. Each cluster has just been "
        "started: its workers read their programs within the time.\n"
    )
    print("| workers | seconds | of one worker's | issues a second | requests |\n|---|--:|--:|--:|--:|")
    measured = {}
    slow = f"slowness={SLOWNESS}"
    with running_postgres() as postgres, serving(CLOUD, items, slow) as stand_in, folder() as path:
        for workers in WORKERS:
            one = measured[workers] = measure(workers, items, postgres, path / str(workers), stand_in)
            print(
                f"| {workers} | {one.seconds:.1f} | {one.seconds / measured[1].seconds:.0%} | "
                f"{items / one.seconds:,.0f} | {one.requests} |"
            )
        whole = measured[2]
        killed = measure(2, items, postgres, path / "killed", stand_in, kill=whole.requests // 2)
    again = killed.requests - whole.requests
    print(
        f"\nOne of two workers killed (SIGKILL) after half of the requests: {killed.seconds:.1f} s, "
        f"{killed.requests} requests, {again} more than without: the pages that it had not stored. All {items:,} "
        "issues are stored, each once."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=ITEMS)
    main(parser.parse_args().items)
