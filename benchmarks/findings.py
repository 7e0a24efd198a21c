"""Do the rules of the five modes find what is wrong, and spare what is well? Recall and false alarms for each rule.

Generated organisations of 5 to 300 teams: some in which nothing is wrong, and some with failures planted in random
places, told as people would tell them (``_plants.py``); the rules run on what the organisations leave behind when they
live (``_organisation.py``). Clean subjects are all those of the clean organisations, and those of the others that
belong to teams without a plant in them, right above them, or anywhere below them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from benchmarks._generate import organisation
from benchmarks._organisation import Organisation
from benchmarks._plants import PLANTS, WIDE, Planted, put
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import diagnose
from okrsync.findings.interface import Facts
from okrsync.model import Kind
from okrsync.report.value import Subject

SPOKEN_OF = {
    "A001": "objective", "A002": "objective key_result", "A003": "team level", "A004": "level", "A005": "objective",
    "A006": "objective", "P002": "team", "P003": "level", "P006": "key_result objective", "P010": "objective",
    "S009": "cycle", "S012": "objective", "S013": "objective", "S014": "objective", "S015": "objective",
    "S016": "objective", "S021": "team source", "D003": "objective", "D005": "team", "D006": "objective",
    **dict.fromkeys(("P007", "P008", "P009", "S005", "S006", "S010", "S017", "S020", "D001", "D002"), "metric"),
    "P005": "automatic", "S008": "manual", "S011": "maintain", "S018": "linked", "S019": "linked", "D004": "retired",
    **dict.fromkeys(("B001", "B002", "B003", "B004", "B005", "B006"), "person"),
}  # fmt: skip
"""What a rule speaks of; the others speak of all key results."""
CLEAN = ((5, 10), (9, 6), (20, 4), (60, 1), (120, 1), (300, 1))
"""Size, and how many of that size."""
SMALL = (5, 9, 14)
"""Each rule's failure is planted into one organisation of each of these sizes."""
OFTEN = {"S001": 20, "P009": 10, "P010": 10, "S020": 10}
"""What rests on words, or on the judgement of movement, errs now and then: so many small organisations more."""
LARGE = (120, 300)
"""Into these, those of all rules but the wide ones."""

SHOWN = 30


@dataclass
class Count:
    """What was planted and found, by rule."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    clean: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    """Each miss and false alarm, in words."""

    def add(self, other: Count) -> None:
        """Add another's numbers."""
        for name in ("planted", "found", "clean", "flagged"):
            getattr(self, name).update(getattr(other, name))
        self.told += other.told


@dataclass(frozen=True)
class Task:
    """One organisation to be made and judged."""

    seed: str
    size: int
    rules: tuple[str, ...] = ()
    """Of which a failure is planted."""


def tasks() -> list[Task]:
    """All organisations, the largest first."""
    found = [Task(f"clean {size} {number}", size) for size, times in CLEAN for number in range(times)]
    found += [Task(f"{rule} {size}", size, (rule,)) for rule in PLANTS for size in SMALL]
    found += [Task(f"{rule} 5 {number}", 5, (rule,)) for rule, times in OFTEN.items() for number in range(times)]
    narrow = tuple(rule for rule in PLANTS if rule not in WIDE)
    found += [Task(f"all {size}", size, narrow) for size in LARGE]
    return sorted(found, key=lambda each: -each.size)


def measure(task: Task) -> Count:
    """Make one organisation and count what the rules say of it."""
    cycles = 2 if {"P009", "P010"} & set(task.rules) else len(task.seed) % 2
    here = organisation(task.seed, task.size, cycles=cycles)
    planted: dict[str, Planted] = {}
    touched: frozenset[str] = frozenset()
    for rule in task.rules:
        place = put(rule, here, touched)
        if place is not None:
            planted[rule] = place
            touched |= place.teams
    facts = here.facts()
    diagnosis = diagnose(facts, RULES)
    # What yields to another rule's finding was found, and flagged, as well: its evidence says so.
    findings = (*diagnosis.findings, *(each.finding for each in diagnosis.implied))
    said = {(each.rule, each.subject): each.message for each in findings}
    serious = {(each.rule, each.subject) for each in findings if each.severity != "info"}
    count = Count()
    for rule, place in planted.items():
        count.planted[rule] += 1
        if any((rule, subject) in said for subject in place.subjects):
            count.found[rule] += 1
        else:
            count.told.append(f"missed: {task.seed}: {rule} at {', '.join(sorted(each.id for each in place.subjects))}")
    clean = _clean(here, facts, touched)
    for each in RULES:
        subjects = {subject for kind in SPOKEN_OF.get(each.id, "key_result").split() for subject in clean.get(kind, ())}
        flagged = [subject for subject in subjects if (each.id, subject) in serious]
        count.clean[each.id] += len(subjects)
        count.flagged[each.id] += len(flagged)
        count.told += [f"false alarm: {task.seed}: {each.id} {said[each.id, subject]}" for subject in flagged]
    return count


def _clean(here: Organisation, facts: Facts, touched: Iterable[str]) -> dict[str, set[Subject]]:
    """The subjects at which nothing is wrong, by kind."""
    planted = set(touched)
    concerned = planted | {above for team in planted for above in here.above(team)}
    concerned |= {group.id for group in here.groups if group.parent in planted}
    found: dict[str, set[Subject]] = {}
    for objective in facts.objectives:
        if objective.team not in concerned:
            found.setdefault("objective", set()).add(Subject("objective", objective.id))
            for key_result in objective.key_results:
                kinds = {"key_result", key_result.kind.value}
                if key_result.kind is not Kind.MILESTONE:
                    kinds.add("manual" if key_result.metric.source_type == "manual" else "automatic")
                kinds |= {"linked"} if key_result.work else set()
                kinds |= {"retired"} if key_result.retired is not None else set()
                for kind in kinds:
                    found.setdefault(kind, set()).add(Subject("key_result", key_result.id))
    for group in here.groups:
        if group.id not in concerned:
            found.setdefault("team", set()).add(Subject("team", group.id))
            found.setdefault("person", set()).add(Subject("person", group.lead))
    if not concerned:
        found["level"] = {Subject("level", group.level) for group in here.groups}
        found["source"] = {Subject("source", f"{each.source}:{each.scope}") for each in facts.completed}
        found["cycle"] = {Subject("cycle", here.cycle.id)}
    return found


def run(of: Sequence[Task]) -> Count:
    """Count all of them, on two processes."""
    total = Count()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for count in pool.map(measure, of):
            total.add(count)
    return total


def table(count: Count) -> str:
    """The result in Markdown."""
    lines = ["| rule | planted | found | clean subjects | flagged |", "|---|---:|---:|---:|---:|"]
    for rule in RULES:
        planted, clean = count.planted[rule.id], count.clean[rule.id]
        share = f" ({count.flagged[rule.id] / clean:.1%})" if count.flagged[rule.id] else ""
        lines.append(
            f"| {rule.id} {rule.title} | {planted} | {count.found[rule.id]} | {clean} "
            f"| {count.flagged[rule.id]}{share} |"
        )
    total = [sum(each.values()) for each in (count.planted, count.found, count.clean, count.flagged)]
    lines.append(f"| all | {total[0]} | {total[1]} | {total[2]} | {total[3]} ({total[3] / total[2]:.2%}) |")
    return "\n".join(lines)


def main() -> None:
    """Print recall and false alarms for each rule."""
    of = tasks()
    count = run(of)
    clean = sum(times for _, times in CLEAN)
    print(f"{len(of)} generated organisations of 5 to 300 teams; in {clean} of them nothing is wrong. Failures are")
    print(
        "planted by describing the organisation, and count as found when the rule names the place. Clean subjects are"
    )
    print("those of organisations, or of teams, without a plant; a finding that is worth knowing but asks for nothing")
    print("(`info`) flags nobody.\n")
    print(table(count))
    if count.told:
        print(f"\nMissed, and false alarms (at most {SHOWN} are shown):\n")
        for line in sorted(count.told, key=lambda each: not each.startswith("missed"))[:SHOWN]:
            print(f"- {line}")
