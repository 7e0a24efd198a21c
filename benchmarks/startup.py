"""CPU time of ``okrsync --help``."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

RUNS = 10
AIM = 200  # milliseconds


def main() -> None:
    """Print the median and the worst of ten runs, in milliseconds of CPU."""
    spent = []
    for _ in range(RUNS):
        before = _cpu()
        command = [sys.executable, "-c", "from okrsync.cli import main; main()", "--help"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spent.append((_cpu() - before) * 1000)
    print(f"`okrsync --help`: median {statistics.median(spent):.0f} ms of CPU, worst {max(spent):.0f} ms; aim {AIM} ms")


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
