"""What a report looks back on: earlier cycles' outcomes, and work for key results that had been given up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.findings.interface import PastOutcome
from okrsync.judge import Case
from okrsync.metrics import metric_of
from okrsync.model import Cycle, KeyResult, Measurement, Objective, Piece, Programme


def earlier_key_results(programme: Programme, cycle: Cycle) -> list[tuple[Cycle, Objective, KeyResult]]:
    """Key results of cycles that ended before ``cycle`` began, which share a metric or a strategy pillar with one of
    its own. Oldest cycle first; retired ones are left out, as nobody expected them to move.
    """
    objectives = programme.objectives_of(cycle.id)
    pillars = {objective.strategy for objective in objectives} - {None}
    metrics = {metric_of(kr) for objective in objectives for kr in objective.key_results}
    before = sorted((each for each in programme.cycles if each.end < cycle.start), key=lambda each: each.start)
    return [
        (each, objective, key_result)
        for each in before
        for objective in programme.objectives_of(each.id)
        for key_result in objective.key_results
        if key_result.retired is None and (objective.strategy in pillars or metric_of(key_result) in metrics)
    ]


def past_outcomes(
    earlier: Iterable[tuple[Cycle, Objective, KeyResult]],
    measured: Mapping[str, Sequence[Measurement]],
    as_of: date,
    zone: ZoneInfo,
) -> Iterator[PastOutcome]:
    """The outcome of each as it stood when its cycle's end and its lag had passed, or on ``as_of`` if that is before.

    Only measurements count for it; which work there was does not.
    """
    for cycle, objective, key_result in earlier:
        case = Case.of(key_result, objective, cycle, (), measured.get(key_result.id, ()), zone)
        yield PastOutcome(cycle, objective, key_result, case.outcome(min(case.last_day, as_of)))


def after_retirement(
    pieces: Iterable[Piece], key_results: Mapping[str, KeyResult], as_of: date, zone: ZoneInfo
) -> Iterator[Piece]:
    """The pieces that were created or completed, by the end of ``as_of``, after a key result of theirs was retired."""
    for piece in pieces:
        created = day_of(piece.created_at, zone)
        done = None if piece.done_at is None or not piece.counts else day_of(piece.done_at, zone)
        late = max((each for each in (created, done) if each is not None and each <= as_of), default=None)
        retired = {
            kr_id
            for kr_id in piece.key_results
            if late is not None and (retirement := key_results[kr_id].retired) is not None and retirement.on < late
        }
        if retired:
            yield replace(piece, key_results=frozenset(retired))
