"""A report with foreign text in every place that any can reach, and one of the same shape with harmless text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any

from okrsync.goals import GoalChange
from okrsync.model import Verdict
from okrsync.report.escape import clean, link_target
from okrsync.report.value import (
    ChainShare,
    Change,
    Closing,
    GoalNode,
    History,
    PastWeek,
    Publication,
    Report,
    Silenced,
    Subject,
    Unjudged,
)
from tests.report_samples import FINDINGS, full

_OURS = frozenset(
    {
        "mode",
        "rule",
        "severity",
        "kind",
        "state",
        "language",
        "direction",
        "source_type",
        "verdict",
        "movement",
        "trend",
        "field",
        "page",
        "wiki",
    }
)
"""Fields in which okrsync's own words stand."""
_IDS = frozenset(
    {
        "id",
        "key_result",
        "objective",
        "objective_id",
        "team",
        "parent",
        "goal",
        "subject",
        "supports",
        "strategy",
        "owner",
        "lead",
        "source",
        "scope",
        "account",
        "cycle",
        "key_results",
        "level",
    }
)
"""Fields that name something by which it is found elsewhere: each id stays unlike all others."""
_BY_ID = frozenset({"verdicts", "values", "completed"})
"""Mappings by key result."""


@cache
def sample() -> Report:
    """A report in which nothing is missing."""
    report = full()
    first, second = (judgement.key_result.id for judgement in report.key_results[:2])
    at = datetime(2026, 11, 18, 9, tzinfo=UTC)
    goals = (
        GoalNode("O0", "The company grows", "acme", 0, None, False, 0),
        GoalNode("O1", "A small shop sells online within a day", "payments", 1, "O0", False, 2),
        GoalNode("O2", "Pay on time", "commerce", 1, None, True, 0),
    )
    changes = (
        GoalChange("key_result", first, at, "target", 500.0, 350.0, author="Lin", reason="two markets closed"),
        GoalChange("key_result", first, at, "title", "Shops", "More shops", author="Lin"),
        GoalChange("objective", "O9", at, "goal", {"title": "Fax"}, None, reason="merged"),
    )
    findings = (
        *(
            replace(found, subject=Subject("key_result", first), evidence=("one", "two"))
            for found in FINDINGS
            for _ in range(1)
        ),
        *(replace(FINDINGS[0], subject=Subject("team", name)) for name in ("acme", "commerce", "payments", "x", "y")),
    )
    ids = [judgement.key_result.id for judgement in report.key_results]
    weeks = tuple(
        PastWeek(
            date(2026, 11, 1) + timedelta(weeks=week),
            dict.fromkeys(ids, Verdict.BUSY),
            dict.fromkeys(ids, 1.5),
            dict.fromkeys(ids, 2),
        )
        for week in range(3)
    )
    return replace(
        report,
        goals=goals,
        chain=(ChainShare("company", 3, 9), ChainShare("team", 1, 9)),
        findings=findings,
        not_judged=(Unjudged("drift", "D001", Subject("team", "payments"), "no history is known"),),
        silenced=(Silenced(FINDINGS[1], "known"),),
        previous_as_of=date(2026, 11, 13),
        changes=(Change(first, Verdict.DELIVERING, Verdict.BUSY), Change(second, None, Verdict.BUSY)),
        goal_changes=changes,
        new_findings=findings[:1],
        findings_gone=findings[1:2],
        closing=Closing(
            date(2026, 11, 12),
            ((first, Verdict.BUSY),),
            (Change(first, None, Verdict.BUSY),),
            ((AS_LONG_AS, (first,)),),
        ),
        history=History(weeks, changes),
        judgements=report.key_results,
        key_results=tuple(
            replace(judgement, failure="the file is gone" if number % 2 else judgement.failure)
            for number, judgement in enumerate(report.key_results)
        ),
    )


AS_LONG_AS = date(2027, 1, 14)


def publications(report: Report) -> list[Publication]:
    """What a wiki has."""
    return [
        Publication("w", f"OKR-2026-W{week}", date(2026, 11, week - 40), report.cycle.id, report.headline, done=True)
        for week in (45, 46)
    ]


class Planter:
    """Gives one text after another, in turn; an id gets the same text wherever it stands."""

    def __init__(self, texts: Sequence[str], harmless: bool = False) -> None:
        self.texts = texts
        self.harmless = harmless
        self.given = 0
        self._ids: dict[str, str] = {}

    def text(self) -> str:
        """The next one, or what is as empty or as full in its place."""
        text = self._next()
        return self._twin(text) if self.harmless else text

    def id(self, id_: str) -> str:
        """What it was, with something behind it: two ids are never one."""
        if id_ not in self._ids:
            text = self._next()
            self._ids[id_] = id_ + ("x" if self.harmless else text)
        return self._ids[id_]

    def url(self) -> str | None:
        """An address of which the next text is a part; None where that cannot be a link, in both reports."""
        url = f"https://acme.example/{self._next()}"
        return None if link_target(url) is None else "https://acme.example/x" if self.harmless else url

    def _twin(self, text: str) -> str:
        """Harmless, invisible where the text shows nothing, and as different from others as it is."""
        number = self.texts.index(text)
        return f"harmless {number}" if clean(text) else "\u200b" * (number + 1) if text else ""

    def _next(self) -> str:
        self.given += 1
        return self.texts[(self.given - 1) % len(self.texts)]


def planted(texts: Sequence[str], *, harmless: bool = False) -> tuple[Report, int]:
    """The sample with texts in the place of every text that is not okrsync's own, and how many places there are.

    ``harmless`` gives the report of the same shape with nothing of them in it.
    """
    planter = Planter(texts, harmless)
    report: Report = _filled(sample(), planter, "")
    return report, planter.given


def _filled(value: Any, planter: Planter, field: str) -> Any:
    if isinstance(value, Enum) or field in _OURS:
        return value
    if isinstance(value, str):
        if field == "url":
            return planter.url()
        return planter.id(value) if field in _IDS else planter.text()
    if isinstance(value, frozenset):
        return frozenset(_filled(each, planter, field) for each in sorted(value))
    if isinstance(value, tuple):
        ids = field in {"by_scope", "verdicts", "measured_until"}
        return tuple(_filled(each, planter, "id" if ids else field) for each in value)
    if isinstance(value, dict):
        if field in _BY_ID:
            return {_filled(key, planter, "id"): _filled(each, planter, "") for key, each in value.items()}
        return {key: _filled(each, planter, "title") for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: _filled(getattr(value, each.name), planter, each.name) for each in fields(value)}
        return replace(value, **changed)
    return value
