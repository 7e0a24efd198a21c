"""Persistence over all cycles on file: the same metric or strategy pillar again and again, and whether it moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from statistics import median

from okrsync.findings.interface import Facts, Found, NotJudged, PastOutcome, Rule, of_key_result, of_objective
from okrsync.findings.telling import owner_of
from okrsync.language import N_, _
from okrsync.metrics import metric_of
from okrsync.model import Judgement, KeyResult, Kind, Movement, Outcome, Verdict
from okrsync.numbers import show

_STILL = (Movement.FLAT, Movement.AWAY)


def _metrics(facts: Facts) -> Iterator[Found | NotJudged]:
    wanted = facts.thresholds.unmoved - 1
    by_metric: dict[tuple[str, ...], list[PastOutcome]] = {}
    for past in facts.past:
        by_metric.setdefault(metric_of(past.key_result), []).append(past)
    lines = {metric: _latest_cycles(past, wanted) for metric, past in by_metric.items()}
    for judgement in judged(facts.judgements):
        key_result = judgement.key_result
        if not has_stood_still(judgement):
            continue
        line = lines.get(metric_of(key_result), [])
        if len(line) < wanted:
            continue
        moved = [each for same in line for each in same if each.outcome.movement not in _STILL]
        if len(moved) <= 1 and all(_is_gone(each, judgement, facts) for each in moved):
            yield Found(
                of_key_result(key_result),
                _("{id}: its metric has not moved in {count} cycles in a row").format(
                    id=key_result.id, count=wanted + 1
                ),
                (
                    *(_words(each.cycle.id, each.key_result, each.outcome) for same in line for each in same),
                    _words(facts.cycle.id, key_result, judgement.outcome),
                    *(
                        _("What it moved in {cycle} was little and is gone: it is back in its range of before.").format(
                            cycle=each.cycle.id
                        )
                        for each in moved
                    ),
                ),
                _(
                    "{who}: write down for each cycle what was tried and what it showed. Then try something that "
                    "differs in kind, or drop the metric."
                ).format(who=owner_of(key_result.owner, judgement.objective.owner)),
            )


def _pillars(facts: Facts) -> Iterator[Found | NotJudged]:
    wanted = facts.thresholds.unmoved - 1
    by_chance = facts.thresholds.by_chance
    still = pillars_that_stand_still(facts.judgements, by_chance)
    for pillar in facts.programme.strategy:
        now = [each for each in judged(facts.judgements) if each.objective.strategy == pillar.id]
        line = _latest_cycles([each for each in facts.past if each.objective.strategy == pillar.id], wanted)
        if pillar.id not in still or len(line) < wanted:
            continue
        told = [[each for each in same if each.outcome.movement is not Movement.UNKNOWN] for same in line]
        if all(_stands_still([each.outcome.movement in _STILL for each in same], by_chance) for same in told):
            objective = now[0].objective
            yield Found(
                of_objective(objective),
                _("strategy pillar {id} (“{title}”) has not moved in {count} cycles in a row").format(
                    id=pillar.id, title=pillar.title, count=wanted + 1
                ),
                (
                    *(
                        _("{cycle}: {part} of {whole} key results moved toward their targets.").format(
                            cycle=same[0].cycle.id, part=_moved(same), whole=len(same)
                        )
                        for same in told
                    ),
                    _("{cycle}: {part} of {whole} key results moved toward their targets, so far.").format(
                        cycle=facts.cycle.id, part=_moved(now), whole=len(now)
                    ),
                    *(_words(facts.cycle.id, each.key_result, each.outcome) for each in now),
                ),
                _(
                    "{who}: look at the bets of these cycles together. Either nobody has learned from one to the next, "
                    "or the pillar cannot be moved like this."
                ).format(who=_top(facts) or objective.owner or _("Whoever owns the strategy")),
            )


def _is_gone(past: PastOutcome, now: Judgement, facts: Facts) -> bool:
    """Did a metric move a little in an earlier cycle, and does it stand again where it stood before that cycle?"""
    low, high, progress = past.outcome.low, past.outcome.high, past.outcome.progress
    if progress is None or progress >= facts.thresholds.little:
        return False
    values = [each.value for each in now.series if each.at >= facts.cycle.start]
    if past.outcome.movement is not Movement.TOWARD or low is None or high is None or not values:
        return False
    return low <= median(values) <= high


def judged(judgements: Iterable[Judgement]) -> Iterator[Judgement]:
    """The key results that were to move a metric, and still are."""
    for judgement in judgements:
        if judgement.verdict is not Verdict.RETIRED and judgement.key_result.kind is Kind.METRIC:
            yield judgement


def has_stood_still(judgement: Judgement) -> bool:
    """Could it have moved by now, and has not?"""
    return judgement.verdict in (Verdict.BUSY, Verdict.NEGLECTED) and judgement.outcome.movement in _STILL


def pillars_that_stand_still(judgements: Iterable[Judgement], by_chance: int) -> frozenset[str]:
    """The strategy pillars with two key results or more, all of which (but one of ``by_chance``) have stood still."""
    found: dict[str, list[bool]] = {}
    for each in judged(judgements):
        if each.objective.strategy is not None:
            found.setdefault(each.objective.strategy, []).append(has_stood_still(each))
    return frozenset(pillar for pillar, still in found.items() if _stands_still(still, by_chance))


def _stands_still(still: Sequence[bool], by_chance: int) -> bool:
    return len(still) >= 2 and still.count(False) <= len(still) // by_chance


def _latest_cycles(past: Sequence[PastOutcome], number: int) -> list[list[PastOutcome]]:
    """The key results of the latest cycles that have any, at most ``number``, oldest first."""
    by_cycle = [list(same) for _, same in groupby(past, key=lambda each: each.cycle.id)]
    kept = [same for same in by_cycle if any(each.key_result.kind is Kind.METRIC for each in same)]
    return [[each for each in same if each.key_result.kind is Kind.METRIC] for same in kept[-number:]]


_MOVEMENTS = {
    Movement.TOWARD: N_("{cycle}, {id}: toward its target ({values})."),
    Movement.AWAY: N_("{cycle}, {id}: away from its target ({values})."),
    Movement.FLAT: N_("{cycle}, {id}: flat ({values})."),
    Movement.UNKNOWN: N_("{cycle}, {id}: cannot be told ({values})."),
}


def _words(cycle: str, key_result: KeyResult, outcome: Outcome) -> str:
    parts = [
        text.format(value=show(value))
        for text, value in (
            (_("from {value}"), outcome.baseline),
            (_("to {value}"), outcome.target),
            (_("reached {value}"), outcome.current),
        )
        if value is not None
    ]
    values = _(", ").join(parts) or _("no values")
    return _(_MOVEMENTS[outcome.movement]).format(cycle=cycle, id=key_result.id, values=values)


def _moved(of: Iterable[PastOutcome | Judgement]) -> int:
    return sum(each.outcome.movement is Movement.TOWARD for each in of)


def _top(facts: Facts) -> str | None:
    return next((team.lead for team in facts.programme.teams if team.parent is None and team.lead), None)


_STILL_NOW = (
    "In this cycle it counts when its verdict is busy or neglected and its outcome flat or moving away: it could have "
    "moved by now. An earlier cycle is judged by the measurements up to its end and lag, retired key results left out."
)

RULES: tuple[Rule, ...] = (
    Rule(
        "P009",
        "persistence",
        "warning",
        N_("metric that does not move, cycle after cycle"),
        "Persistence is to keep the goal and to change the bet. A metric that stands still through several cycles "
        "shows that nobody has learned from the last one.",
        "Key results measure the same when they share the outcome source with its settings; those that people check "
        f"in, when they share unit and title but for baseline and target. {_STILL_NOW} The rule fires when the metric "
        "has not moved toward its target in the latest `unmoved` cycles that have it, this one included. Where it did "
        "in one of them, by less than the share `little` of its way, and its median of now lies within the usual range "
        "from before that cycle, that was chance, or it did not last: it counts as not moved.",
        _metrics,
    ),
    Rule(
        "P010",
        "persistence",
        "warning",
        N_("strategy pillar that does not move, cycle after cycle"),
        "Each cycle has other key results, and each looks like a fresh start. Over several cycles one sees whether the "
        "pillar itself gets anywhere.",
        f"{_STILL_NOW} The rule fires when none of the key results on the pillar (two or more in each cycle whose "
        "outcome could be told) moved toward its target in the latest `unmoved` cycles that have it, this one "
        "included; of every `by_chance` in a cycle, one may seem to have moved by chance. The finding stands at the "
        "first objective on the pillar.",
        _pillars,
    ),
)
