"""Are the goals well formed? What a valid file can still get wrong, said before the work of a quarter goes into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from okrsync.config import Config
from okrsync.errors import Problem
from okrsync.model import KeyResult, Kind, Objective, WorkRule

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class LintProblem:
    """Something to mend in a goal: an ``error`` is one that cannot be judged as it is."""

    problem: Problem
    severity: Severity


def lint(config: Config) -> list[LintProblem]:
    """All that is ill formed in the goals, in the order of the files; retired key results are left alone."""
    found: list[LintProblem] = []
    for objective in config.programme.objectives:
        for line, severity, message in _objective(objective):
            found.append(LintProblem(Problem(objective.file or "", line, message), severity))
        for key_result in objective.key_results:
            if key_result.retired is None:
                for line, severity, message in (*_key_result(key_result), *_rules(key_result)):
                    found.append(LintProblem(Problem(key_result.file or "", line, message), severity))
    return found


def _objective(objective: Objective) -> Iterator[tuple[int | None, Severity, str]]:
    if not objective.key_results:
        yield objective.line, "warning", f"objective {objective.id} has no key result: nothing shows that it is reached"


def _key_result(key_result: KeyResult) -> Iterator[tuple[int | None, Severity, str]]:
    name, line, metric = key_result.id, key_result.line, key_result.metric
    if key_result.owner is None:
        yield line, "warning", f"{name} has no owner: nobody answers for it"
    if key_result.kind is Kind.MILESTONE:
        return
    if metric.target is None:
        yield (
            line,
            "error",
            f"{name} has no target: it can never be reached; for something to be done, 'kind: milestone'",
        )
    if metric.unit is None:
        yield line, "warning", f"{name} has no unit: its numbers cannot be read"
    if key_result.kind is Kind.MAINTAIN:
        if metric.direction is None and metric.target is not None:
            yield (
                line,
                "error",
                f"{name} does not say on which side of its target to stay: 'direction: at_least' or at_most",
            )
        return
    if metric.baseline is None:
        yield line, "warning", f"{name} has no baseline: its progress cannot be told"
    elif metric.target == metric.baseline:
        yield (
            line,
            "error",
            f"{name} has its target equal to its baseline: nothing is to change; to keep it, 'kind: maintain'",
        )


def _rules(key_result: KeyResult) -> Iterator[tuple[int | None, Severity, str]]:
    for rule in key_result.work:
        keys = [each.name for each in fields(WorkRule) if each.name != "line" and getattr(rule, each.name)]
        if keys == ["source"]:
            yield (
                rule.line,
                "warning",
                f"{key_result.id} takes all work of {rule.source}: say which of it serves this result",
            )
