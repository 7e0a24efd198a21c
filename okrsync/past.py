"""What a report looks back on: earlier cycles' outcomes, and work for key results that had been given up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.findings.interface import PastOutcome
from okrsync.findings.long_view import has_stood_still, judged, pillars_that_stand_still
from okrsync.judge import Case, find_movements
from okrsync.metrics import metric_of
from okrsync.model import Cycle, Judgement, KeyResult, Measurement, Objective, Piece, Programme


def earlier_key_results(
    programme: Programme, cycle: Cycle, judgements: Iterable[Judgement], by_chance: int
) -> list[tuple[Cycle, Objective, KeyResult]]:
    """Key results of earlier cycles that share a metric, or a strategy pillar, that stands still in ``cycle``.

    Nobody asks about the others, and each costs a judgement. ``judgements`` are those of ``cycle``, ``by_chance``
    is the threshold. Oldest cycle first;
    cycles that overlap with it are left out, and so are key results that were retired: nobody expected them to move.
    """
    judgements = tuple(judgements)
    pillars = pillars_that_stand_still(judgements, by_chance)
    metrics = {metric_of(each.key_result) for each in judged(judgements) if has_stood_still(each)}
    before = sorted((each for each in programme.cycles if each.end < cycle.start), key=lambda each: each.start)
    return [
        (each, objective, key_result)
        for each in (before if pillars or metrics else ())
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
    cases = [
        Case.of(key_result, objective, cycle, (), measured.get(key_result.id, ()), zone)
        for cycle, objective, key_result in earlier
    ]
    on = [(case, min(case.last_day, as_of)) for case in cases]
    find_movements(on, whole=True)
    for case, day in on:
        yield PastOutcome(case.cycle, case.objective, case.key_result, case.outcome(day))


def after_retirement(
    pieces: Iterable[Piece], key_results: Mapping[str, KeyResult], as_of: date, zone: ZoneInfo
) -> Iterator[Piece]:
    """The pieces that were created or completed, by the end of ``as_of``, after a key result of theirs was retired."""
    given_up = {kr_id for kr_id, key_result in key_results.items() if key_result.retired is not None}
    for piece in pieces:
        if given_up.isdisjoint(piece.key_results):
            continue
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
