"""How long do all rules take on the facts of an organisation, and does that grow with its size alone?

The facts are those of generated organisations in which nothing is wrong; making them is not part of the time.
"""

from __future__ import annotations

import time
from dataclasses import replace

from benchmarks._generate import organisation
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import diagnose
from okrsync.findings.goals import Goals
from okrsync.findings.interface import Facts

SIZES = (30, 300, 3000)
TIMES = 3
SLOWEST = 5


def seconds(facts: Facts) -> float:
    """The quickest of some runs, each with the indexes made anew."""
    found = []
    for _ in range(TIMES):
        fresh = replace(facts)
        started = time.perf_counter()
        diagnose(fresh, RULES)
        list(fresh.once(Goals).nodes())
        found.append(time.perf_counter() - started)
    return min(found)


def main() -> None:
    """Print the times, and which rules take most of the last one."""
    print("| teams | key results | completed pieces | people | all rules | a team |")
    print("|---:|---:|---:|---:|---:|---:|")
    for size in SIZES:
        facts = organisation(f"diagnose {size}", size).facts()
        took = seconds(facts)
        print(
            f"| {size:,} | {len(facts.judgements):,} | {len(facts.completed):,} | {len(facts.people):,} "
            f"| {took:.2f} s | {took / size * 1000:.1f} ms |"
        )
    costs = []
    for rule in RULES:
        started = time.perf_counter()
        list(rule.check(facts))
        costs.append((time.perf_counter() - started, rule.id))
    slowest = ", ".join(f"{rule} {cost:.2f} s" for cost, rule in sorted(costs, reverse=True)[:SLOWEST])
    print(f"\nOf {SIZES[-1]:,} teams, each rule with the indexes at hand, the slowest: {slowest}.")
