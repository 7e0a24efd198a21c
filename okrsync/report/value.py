"""The report as a value: what every format shows, computed once, from values alone."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from okrsync.goals import GoalChange
from okrsync.model import Cycle, Judgement, Person, Piece, Pillar, SourceStatus, Suggestion, Team, Verdict

CONTRACT_ORDER = (
    Verdict.ACHIEVED,
    Verdict.DELIVERING,
    Verdict.BUSY,
    Verdict.TOO_EARLY,
    Verdict.BUILDING,
    Verdict.UNATTRIBUTED,
    Verdict.NEGLECTED,
    Verdict.UNMEASURED,
)
"""The verdicts as the contract's table lists them; a retired key result has none of these."""
PAGE_ORDER = (
    Verdict.BUSY,
    Verdict.TOO_EARLY,
    Verdict.NEGLECTED,
    Verdict.BUILDING,
    Verdict.UNATTRIBUTED,
    Verdict.UNMEASURED,
    Verdict.DELIVERING,
    Verdict.ACHIEVED,
    Verdict.RETIRED,
)
"""The verdicts as a page shows them: what asks for a decision comes first."""

Mode = Literal["alignment", "persistence", "strategy", "drift", "bottleneck"]
MODES: tuple[Mode, ...] = ("alignment", "persistence", "strategy", "drift", "bottleneck")
Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
SubjectKind = Literal["objective", "key_result", "team", "level", "person", "source", "cycle"]
SUBJECT_KINDS: tuple[SubjectKind, ...] = ("objective", "key_result", "team", "level", "person", "source", "cycle")

EXAMPLES = 5
"""How many pieces of work that serve no key result are named."""
SUGGESTED = 3
"""How many work rules are suggested for them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about."""

    kind: SubjectKind
    id: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Evidence of one of the five failure modes."""

    mode: Mode
    rule: str
    """``S001``, as the documentation lists it."""
    severity: Severity
    subject: Subject
    message: str
    evidence: tuple[str, ...]
    action: str
    """What to do next, and who."""


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A rule lacked the data it needs."""

    mode: Mode
    rule: str
    subject: Subject | None
    """None when it could judge nothing at all."""
    because: str
    """Goes on after "not judged, because": lower case, no full stop."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that somebody silenced with ``ignore:``, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Implied:
    """A finding that another one says as well: it is no finding of its own, and the other's evidence names it."""

    finding: Finding
    by: str
    """The rule of the other one."""


@dataclass(frozen=True, slots=True)
class GoalNode:
    """An objective in the tree of goals."""

    id: str
    title: str
    team: str
    depth: int
    """0 for a team at the top."""
    parent: str | None
    """The objective that it supports, itself or by a key result; None where there is none, or it leads nowhere."""
    broken: bool
    """True where the chain to the top breaks: it supports nothing though something stands above, or leads nowhere."""
    busy: int
    """How many of its key results are busy."""


@dataclass(frozen=True, slots=True)
class ChainShare:
    """How much of the work completed at a level serves an objective at the top through an unbroken chain."""

    level: str
    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class Headline:
    """The report in five numbers. Retired key results are in none of them."""

    key_results: int
    verdicts: tuple[tuple[Verdict, int], ...]
    """The verdicts that occur and how often, in ``CONTRACT_ORDER``."""
    completed: int
    """Pieces of work completed in the window, in all scopes, each once."""
    completed_on_busy: int
    """Those of them that serve a busy key result, each once."""
    completed_unlinked: int
    """Those of them that serve no key result of the cycle."""

    def count(self, verdict: Verdict) -> int:
        """How many key results have ``verdict``."""
        return dict(self.verdicts).get(verdict, 0)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Completed work that serves no key result of the cycle."""

    completed: int
    by_scope: tuple[tuple[str, int], ...]
    """``source:scope`` and its number, the largest first; scopes without any are left out."""
    examples: tuple[Piece, ...]
    """The newest of it."""
    suggestions: tuple[Suggestion, ...] = ()
    """Which key results some of it resembles: the ``SUGGESTED`` that would link most, the best first."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key result whose verdict is another than in the previous report."""

    key_result: str
    before: Verdict | None
    """None for a key result that the previous report did not have."""
    after: Verdict


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier day, to compare with."""

    as_of: date
    verdicts: Mapping[str, Verdict]
    """By key result; all that the cycle had then."""
    goal_changes: tuple[GoalChange, ...] = ()
    """What changed in the goals since then, oldest first."""
    new_findings: tuple[Finding, ...] = ()
    findings_gone: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Closing:
    """A cycle that is over: what became of its verdicts since, and which outcomes may still change them."""

    as_of: date
    """The cycle's last day."""
    verdicts: tuple[tuple[str, Verdict], ...]
    """The verdicts of that day, in the order of ``key_results``; from the same store, so with what is known now."""
    changes: tuple[Change, ...]
    """In the order of ``key_results``."""
    measured_until: tuple[tuple[date, tuple[str, ...]], ...]
    """Last days (the cycle's end plus the lag) that are not over yet, with the key results they are of."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a week's page at one wiki."""

    wiki: str
    """Which wiki: its settings, without its account."""
    page: str
    """``OKR-2026-W47``."""
    as_of: date
    """The page's day of judgement."""
    cycle: str
    headline: Headline
    """What the page said in numbers."""
    done: bool
    """False when the wiki was down."""


@dataclass(frozen=True, slots=True)
class PastWeek:
    """The key results at the end of a week, from what is known now."""

    as_of: date
    """The week's last day, or the day of judgement."""
    verdicts: Mapping[str, Verdict]
    """By key result."""
    values: Mapping[str, float | None]
    """Where each outcome stood."""
    completed: Mapping[str, int]
    """How many pieces of work had been completed for each."""


@dataclass(frozen=True, slots=True)
class History:
    """How a cycle came to where it is."""

    weeks: tuple[PastWeek, ...]
    """Every week of the cycle so far, oldest first."""
    goals: tuple[GoalChange, ...]
    """All that changed in the goals of the cycle, oldest first; the first of each goal is that it was added."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a cycle on a day."""

    as_of: date
    cycle: Cycle
    zone: ZoneInfo
    """In which moments become days and hours for people."""
    language: str
    headline: Headline
    sources: tuple[SourceStatus, ...]
    """By source and scope."""
    judgements: tuple[Judgement, ...]
    """In the order of the files, retired ones last."""
    key_results: tuple[Judgement, ...]
    """The same in ``PAGE_ORDER``, and by id within a verdict."""
    findings: tuple[Finding, ...]
    """By mode, the gravest first."""
    not_judged: tuple[Unjudged, ...]
    """By mode and rule."""
    silenced: tuple[Silenced, ...]
    """In the order of ``findings``."""
    goals: tuple[GoalNode, ...]
    """The tree of goals: those of the top first, and within a level in the order of the files."""
    chain: tuple[ChainShare, ...]
    """By level, from the top down."""
    unlinked: Unlinked
    teams: tuple[Team, ...]
    people: tuple[Person, ...]
    pillars: tuple[Pillar, ...]
    previous_as_of: date | None
    changes: tuple[Change, ...]
    """Against the previous report, in the order of ``key_results``."""
    goal_changes: tuple[GoalChange, ...]
    """What changed in the goals of the cycle since the previous report, oldest first."""
    new_findings: tuple[Finding, ...]
    """Those of ``findings`` that the previous report did not have, by rule and subject."""
    findings_gone: tuple[Finding, ...]
    """Those that only the previous report had, as it told them."""
    closing: Closing | None
    """None while the cycle runs."""
    implied: tuple[Implied, ...] = ()
    """What yielded to one of ``findings``; in the order of ``findings``."""
    history: History | None = None
    """For the key results' own pages; None where nobody asked for it."""


def build_report(
    *,
    as_of: date,
    cycle: Cycle,
    zone: ZoneInfo,
    language: str,
    judgements: Sequence[Judgement],
    completed: Iterable[Piece],
    sources: Iterable[SourceStatus],
    teams: Iterable[Team],
    people: Iterable[Person],
    pillars: Iterable[Pillar],
    findings: Iterable[Finding] = (),
    not_judged: Iterable[Unjudged] = (),
    silenced: Iterable[Silenced] = (),
    implied: Iterable[Implied] = (),
    goals: Iterable[GoalNode] = (),
    chain: Iterable[ChainShare] = (),
    previous: Earlier | None = None,
    closed: Earlier | None = None,
    suggestions: Iterable[Suggestion] = (),
    history: History | None = None,
) -> Report:
    """Put a report together.

    ``judgements`` are all key results of the cycle in the order of the files, retired ones included. ``completed`` is
    every piece of work completed in the window in all scopes; its ``key_results`` name key results of this cycle alone,
    and none that was retired before the piece was completed. The order of everything else has no meaning. A piece that
    comes twice (the same ``id``) counts once. ``previous`` is a day of the same cycle to compare with, ``closed`` its
    last day when that is over. ``suggestions`` are in order, the best first.
    """
    pieces = tuple({piece.id: piece for piece in completed}.values())
    judged = [judgement for judgement in judgements if judgement.verdict is not Verdict.RETIRED]
    retired = [judgement for judgement in judgements if judgement.verdict is Verdict.RETIRED]
    busy = {judgement.key_result.id for judgement in judged if judgement.verdict is Verdict.BUSY}
    unlinked = [piece for piece in pieces if not piece.key_results]
    counts = Counter(judgement.verdict for judgement in judged)
    scopes = Counter(f"{piece.source}:{piece.scope}" for piece in unlinked)
    shown = tuple(
        sorted(
            judgements,
            key=lambda judgement: (PAGE_ORDER.index(judgement.verdict), natural(judgement.key_result.id)),
        )
    )
    return Report(
        as_of=as_of,
        cycle=cycle,
        zone=zone,
        language=language,
        headline=Headline(
            key_results=len(judged),
            verdicts=tuple((verdict, counts[verdict]) for verdict in CONTRACT_ORDER if counts[verdict]),
            completed=len(pieces),
            completed_on_busy=sum(not busy.isdisjoint(piece.key_results) for piece in pieces),
            completed_unlinked=len(unlinked),
        ),
        sources=tuple(sorted(sources, key=lambda status: (status.source, status.scope))),
        judgements=(*judged, *retired),
        key_results=shown,
        findings=tuple(sorted(findings, key=_gravity)),
        not_judged=tuple(sorted(not_judged, key=_mode_and_rule)),
        silenced=tuple(sorted(silenced, key=lambda each: _gravity(each.finding))),
        implied=tuple(sorted(implied, key=lambda each: _gravity(each.finding))),
        goals=tuple(sorted(goals, key=lambda node: node.depth)),
        chain=tuple(chain),
        unlinked=Unlinked(
            completed=len(unlinked),
            by_scope=tuple(sorted(scopes.items(), key=lambda entry: (-entry[1], entry[0]))),
            examples=newest(unlinked, EXAMPLES),
            suggestions=tuple(islice(suggestions, SUGGESTED)),
        ),
        teams=tuple(sorted(teams, key=lambda team: team.id)),
        people=tuple(sorted(people, key=lambda person: person.id)),
        pillars=tuple(sorted(pillars, key=lambda pillar: pillar.id)),
        previous_as_of=None if previous is None else previous.as_of,
        changes=() if previous is None else _changes(previous, shown),
        goal_changes=() if previous is None else previous.goal_changes,
        new_findings=() if previous is None else tuple(sorted(previous.new_findings, key=_gravity)),
        findings_gone=() if previous is None else tuple(sorted(previous.findings_gone, key=_gravity)),
        closing=None if closed is None else _closing(closed, cycle, shown, as_of),
        history=history,
    )


def newest(pieces: Iterable[Piece], count: int) -> tuple[Piece, ...]:
    """The ``count`` pieces that were done last, the latest first; by source and key where the moment is the same."""

    def age(piece: Piece) -> tuple[float, str, str, int]:
        moment = piece.done_at or piece.updated_at
        return (-moment.timestamp(), piece.source, piece.key, piece.id)

    return tuple(heapq.nsmallest(count, pieces, key=age))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key under which ``KR1.10`` comes after ``KR1.9``."""
    # 18 digits at most: int() refuses very long ones, and ids are the user's.
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    return (*((0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts),)


def _gravity(finding: Finding) -> tuple[int, int, str, str, tuple[tuple[int, int, str], ...], str]:
    subject = finding.subject
    return (
        MODES.index(finding.mode),
        SEVERITIES.index(finding.severity),
        finding.rule,
        subject.kind,
        natural(subject.id),
        finding.message,
    )


def _mode_and_rule(unjudged: Unjudged) -> tuple[int, str, str, tuple[tuple[int, int, str], ...], str]:
    subject = unjudged.subject
    kind, id_ = ("", "") if subject is None else (subject.kind, subject.id)
    return (MODES.index(unjudged.mode), unjudged.rule, kind, natural(id_), unjudged.because)


def _changes(before: Earlier, shown: Sequence[Judgement]) -> tuple[Change, ...]:
    return tuple(
        Change(judgement.key_result.id, before.verdicts.get(judgement.key_result.id), judgement.verdict)
        for judgement in shown
        if before.verdicts.get(judgement.key_result.id) is not judgement.verdict
    )


def _closing(closed: Earlier, cycle: Cycle, shown: Sequence[Judgement], as_of: date) -> Closing:
    measured: dict[date, list[str]] = {}
    for judgement in shown:
        last = cycle.end + judgement.key_result.metric.lag
        if last > as_of and judgement.verdict is not Verdict.RETIRED:
            measured.setdefault(last, []).append(judgement.key_result.id)
    return Closing(
        as_of=closed.as_of,
        verdicts=tuple(
            (judgement.key_result.id, closed.verdicts[judgement.key_result.id])
            for judgement in shown
            if judgement.key_result.id in closed.verdicts
        ),
        changes=_changes(closed, shown),
        measured_until=tuple((last, tuple(sorted(ids, key=natural))) for last, ids in sorted(measured.items())),
    )
