"""What the findings and the goals of a week before were, from the facts of today: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from okrsync.dates import day_of, end_of
from okrsync.findings.interface import Facts
from okrsync.goals import GoalChange, changes, content_of, until
from okrsync.model import GoalVersion, ItemWait, Judgement, Piece
from okrsync.past import after_retirement
from okrsync.report.value import Finding, natural

_TOLD_ELSEWHERE = ("acknowledged", "work")
"""Changes of a goal's file that do not change the goal."""


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
    ids = {objective.id for objective in facts.objectives}
    ids |= {key_result.id for objective in facts.objectives for key_result in objective.key_results}
    begins = min((line[0].seen_at for line in facts.versions.values()), default=None)
    end = end_of(day, facts.zone)
    found = [
        change
        for goal, line in facts.versions.items()
        if goal in ids or _was_in_cycle(line, facts.cycle.id, ids)
        for change in changes(line, facts.zone, facts.reasons.get(goal))
        if change.at >= end and change.field.split()[0] not in _TOLD_ELSEWHERE
        # The first run, and the first commit, see many goals in one moment or one after the other.
        if change.field != "goal" or change.after is None or (begins is not None and begins < end)
    ]
    return tuple(sorted(found, key=lambda change: (day_of(change.at, facts.zone), natural(change.goal))))


def _was_in_cycle(line: Sequence[GoalVersion], cycle: str, ids: Collection[str]) -> bool:
    """Did a goal that the files no longer have belong to the cycle: its last version tells."""
    last: Mapping[str, object] = next((content_of(each) for each in reversed(line) if each.content is not None), {})
    return last.get("cycle") == cycle or last.get("objective") in ids


def _waits(waits: Iterable[ItemWait], end: datetime) -> Iterator[ItemWait]:
    for one in waits:
        if one.wait.since < end:
            open_then = one.wait.until is not None and one.wait.until >= end
            yield replace(one, wait=replace(one.wait, until=None)) if open_then else one
