"""What was known weeks before, from the facts of today: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from okrsync.dates import end_of
from okrsync.findings.interface import Facts
from okrsync.goals import GoalChange, changes, content_of, until
from okrsync.judge import Case
from okrsync.model import Cycle, GoalVersion, ItemWait, Judgement, Piece
from okrsync.past import after_retirement
from okrsync.report.value import Finding, PastWeek, natural

_TOLD_ELSEWHERE = ("acknowledged", "work")
"""Changes of a goal's file that do not change the goal."""


def weeks(cases: Sequence[Case], cycle: Cycle, as_of: date) -> tuple[PastWeek, ...]:
    """Every week of the cycle up to ``as_of``, oldest first, as it stood on its Sunday, the last one on ``as_of``."""
    first = cycle.start + timedelta(days=6 - cycle.start.weekday())
    days = [first + timedelta(weeks=week) for week in range((as_of - first).days // 7 + 1)]
    return tuple(
        PastWeek(
            day,
            {case.key_result.id: case.verdict(day) for case in cases},
            {case.key_result.id: case.on(day).current for case in cases},
            {case.key_result.id: case.on(day).activity.completed for case in cases},
        )
        for day in (*days, *(() if as_of in days else (as_of,)))
    )


def facts_of(facts: Facts, day: date, judgements: Sequence[Judgement], pieces: Iterable[Piece]) -> Facts:
    """The facts of an earlier day of the same cycle, as far as today's tell.

    ``judgements`` are those of ``day``, ``pieces`` all of the window that ``facts`` were made from. How fresh the
    sources were, what the rules matched and what became of earlier cycles is taken as it is today.
    """
    end = end_of(day, facts.zone)
    key_results = {each.key_result.id: each.key_result for each in judgements}
    pieces = [piece for piece in pieces if piece.created_at < end]
    return replace(
        facts,
        as_of=day,
        judgements=tuple(judgements),
        completed=tuple(piece for piece in facts.completed if piece.done_at is not None and piece.done_at < end),
        open=tuple(piece for piece in pieces if piece.done_at is None or piece.done_at >= end),
        check_ins=tuple(one for one in facts.check_ins if one.at <= day),
        after_retirement=tuple(after_retirement(pieces, key_results, day, facts.zone)),
        versions=until(facts.versions, end),
        waits=tuple(_waits(facts.waits, end)),
    )


def turned(before: Iterable[Finding], now: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings that are new, and those that are gone: by rule and subject, whatever their numbers say."""
    before, now = tuple(before), tuple(now)
    had, has = ({(each.rule, each.subject) for each in found} for found in (before, now))
    return (
        tuple(each for each in now if (each.rule, each.subject) not in had),
        tuple(each for each in before if (each.rule, each.subject) not in has),
    )


def changed_goals(facts: Facts, day: date) -> tuple[GoalChange, ...]:
    """What changed in the goals of the cycle after ``day``, oldest first.

    Where the record of the goals begins after ``day``, what it begins with is no change.
    """
    begins = min((line[0].seen_at for line in facts.versions.values()), default=None)
    end = end_of(day, facts.zone)
    return tuple(
        change
        for change in all_changes(facts)
        if change.at >= end
        # The first run, and the first commit, see many goals in one moment or one after the other.
        if change.field != "goal" or change.after is None or (begins is not None and begins < end)
    )


def all_changes(facts: Facts) -> tuple[GoalChange, ...]:
    """All that is on record of the goals of the cycle, oldest first, but for work rules and acknowledgements."""
    ids = {objective.id for objective in facts.objectives}
    ids |= {key_result.id for objective in facts.objectives for key_result in objective.key_results}
    found = [
        change
        for goal, line in facts.versions.items()
        if goal in ids or _was_in_cycle(line, facts.cycle.id, ids)
        for change in changes(line, facts.zone, facts.reasons.get(goal))
        if change.field.split()[0] not in _TOLD_ELSEWHERE
    ]
    return tuple(sorted(found, key=lambda change: (change.at, natural(change.goal))))


def _was_in_cycle(line: Sequence[GoalVersion], cycle: str, ids: Collection[str]) -> bool:
    """Did a goal that the files no longer have belong to the cycle: its last version tells."""
    last: Mapping[str, object] = next((content_of(each) for each in reversed(line) if each.content is not None), {})
    return last.get("cycle") == cycle or last.get("objective") in ids


def _waits(waits: Iterable[ItemWait], end: datetime) -> Iterator[ItemWait]:
    for one in waits:
        if one.wait.since < end:
            open_then = one.wait.until is not None and one.wait.until >= end
            yield replace(one, wait=replace(one.wait, until=None)) if open_then else one
