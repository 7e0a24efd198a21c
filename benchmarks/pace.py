"""How close to a host's limit the pace comes, and how often it is refused: counts, by the stand-in that refuses."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from benchmarks._harness import serving
from benchmarks.sync import CLOUD
from okrsync.pace import Paces
from okrsync.paced import PacedAdapter

SECONDS = 40
RATES = (20, 50, 100)
JOBS = (8, 16)


def measure(rate: int, jobs: int) -> tuple[float, float]:
    """Accepted requests as a share of what the host allows, and refused ones as a share of all."""
    with serving(CLOUD, 100, "--rate", str(rate)) as stand_in:
        session = requests.Session()
        adapter = PacedAdapter(Paces(jobs).of(stand_in.url), pool_maxsize=64)
        session.mount("http://", adapter)
        accepted = refused = 0
        counting = threading.Lock()
        stand_in.ask("reset")
        began = time.monotonic()

        def ask() -> None:
            nonlocal accepted, refused
            while time.monotonic() - began < SECONDS:
                status = session.get(f"{stand_in.url}/rest/api/3/myself", auth=("bot@acme.example", "t")).status_code
                with counting:
                    accepted += status != 429
                    refused += status == 429

        with ThreadPoolExecutor(jobs) as threads:
            for _ in range(jobs):
                threads.submit(ask)
        took = time.monotonic() - began
        session.close()
    return accepted / took / rate, refused / max(1, accepted + refused)


def main() -> None:
    """Print one table."""
    print(f"A host that refuses what exceeds N requests a second, {SECONDS} s from a cold start; 150 ms an answer.\n")
    print("| N | --jobs | reached | refused |\n|---|---|---|---|")
    for rate in RATES:
        for jobs in JOBS:
            if jobs / 0.15 > 1.2 * rate:  # otherwise it is --jobs that limits
                reached, refused = measure(rate, jobs)
                print(f"| {rate} | {jobs} | {reached:.0%} of N | {refused:.1%} |")
