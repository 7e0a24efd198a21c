"""Strategy, seen in the work: busy and untestable key results, and work that serves none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from okrsync.dates import day_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result
from okrsync.findings.shares import surely_above, surely_grew
from okrsync.findings.teams import Workers, name_of
from okrsync.model import Judgement, Kind, Movement, Piece, Verdict
from okrsync.numbers import count_of, show
from okrsync.reasons import too_near
from okrsync.report.value import Subject, newest

NAMED = 3
"""How many finished pieces are named."""


def _untestable(facts: Facts) -> Iterator[Found | NotJudged]:
    for judgement in facts.judgements:
        key_result, outcome = judgement.key_result, judgement.outcome
        if key_result.kind is not Kind.METRIC or facts.is_retired(key_result) or outcome.target is None:
            continue
        if outcome.low is None or outcome.high is None:
            yield NotJudged(of_key_result(key_result), "too few readings show how much its values vary by themselves")
            continue
        found = too_near(outcome, facts.thresholds.untestable)
        if found is not None:
            gap, sigma = found
            yield Found(
                of_key_result(key_result),
                f"{key_result.id} cannot be tested: its target lies within the noise of its values",
                (
                    f"The way to the target is {show(gap)}; by themselves its values vary with σ {show(sigma)} "
                    f"(usual range {show(outcome.low)} to {show(outcome.high)}).",
                ),
                f"{_who(judgement)}: set a target further away, or measure something steadier.",
            )


def _busy(facts: Facts) -> Iterator[Found | NotJudged]:
    for judgement in facts.judgements:
        if judgement.verdict is not Verdict.BUSY:
            continue
        key_result, activity, outcome = judgement.key_result, judgement.activity, judgement.outcome
        read, wanted = _readings_since_it_could_show(facts, judgement), facts.thresholds.readings
        if key_result.kind is Kind.METRIC and outcome.movement is Movement.FLAT and read < wanted:
            since = "its first completed work could show"
            yield NotJudged(of_key_result(key_result), f"there are fewer than {wanted} readings from after {since}")
            continue
        shipped = "; ".join(
            f"{piece.key} {piece.title}" + (f" ({day_of(piece.done_at, facts.zone)})" if piece.done_at else "")
            for piece in newest(judgement.completed, NAMED)
        )
        more = activity.completed - NAMED
        moved = "has moved away from its target" if outcome.movement is Movement.AWAY else "has not moved"
        since = f" since {judgement.since}" if judgement.since is not None else ""
        # Of a limit, the first reason tells where the value stands; of all others, the one after the work.
        place = 0 if key_result.kind is Kind.MAINTAIN else 1
        evidence = list(judgement.reasons[place : place + 1])
        if activity.completed:
            evidence.insert(
                0,
                f"{count_of(activity.completed, 'piece')} of work completed, {activity.settled} of them longer ago "
                "than the lag.",
            )
            evidence.append(f"Shipped last: {shipped}" + (f"; and {more} more." if more > 0 else "."))
        yield Found(
            of_key_result(key_result),
            f"{key_result.id} is busy{since}: work ships, and the outcome {moved}",
            tuple(evidence),
            f"{_who(judgement)}: stop this bet, change it, or say what would show by when that it works.",
        )


def _readings_since_it_could_show(facts: Facts, judgement: Judgement) -> int:
    """How many values there are from after the first completed work for a key result, and its lag."""
    days = [day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None]
    if not days:
        return len(judgement.series)
    first = min(days) + judgement.key_result.metric.lag
    return sum(each.at >= first for each in judgement.series)


def _serves_nothing(facts: Facts) -> Iterator[Found | NotJudged]:
    if not facts.sources:
        yield NotJudged(None, "no source of work is configured")
        return
    if not any(True for _ in facts.key_results()):
        yield NotJudged(None, "the cycle has no key result that work could serve")
        return
    workers = facts.once(Workers)
    few, limit, sure = facts.thresholds.few, facts.thresholds.unlinked, facts.thresholds.sure
    leads = {team.id: team.lead for team in facts.programme.teams}
    groups: list[tuple[Subject, str, str, list[Piece]]] = [
        (Subject("team", team), name_of(facts, team), leads.get(team) or "Its lead", pieces)
        for team, pieces in _grouped(facts.completed, workers.team_of)
    ]
    groups += [
        (Subject("source", scope), scope, "Whoever plans its work", pieces)
        for scope, pieces in _grouped(facts.completed, lambda piece: f"{piece.source}:{piece.scope}")
    ]
    for subject, name, who, pieces in groups:
        loose = sum(not piece.key_results for piece in pieces)
        if len(pieces) < few:
            if loose:
                yield NotJudged(subject, f"fewer than {few} pieces of work were completed there")
            continue
        halves = _halves(facts, pieces)
        # What grows from little to little needs nobody.
        notable = halves is not None and halves[1][0] >= facts.thresholds.growing * halves[1][1]
        grew = notable and halves is not None and surely_grew(*halves, sure)
        large = surely_above(loose, len(pieces), limit, sure)
        if not (large or grew):
            continue
        said = f"{loose} of {len(pieces)} pieces of work completed in {name} ({loose / len(pieces):.0%}) serve no key "
        yield Found(
            subject,
            f"{said}result{', and the share grows' if grew else ''}",
            (_trend(halves, grew),) if halves is not None else (),
            f"{who}: link what does serve one (`okrsync links --unlinked`), and stop, or name a goal for, the rest.",
            yields_to=() if large else ("D005",),
        )


def _halves(facts: Facts, pieces: Iterable[Piece]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Unlinked and all pieces of the first and of the second half of the days so far; None early in the cycle."""
    until = min(facts.as_of, facts.cycle.end)
    days = (until - facts.cycle.start).days + 1
    if days < facts.thresholds.trend * facts.cycle.check_in.days:
        return None
    counts = [[0, 0], [0, 0]]
    for piece in pieces:
        if piece.done_at is not None:
            late = 2 * ((day_of(piece.done_at, facts.zone) - facts.cycle.start).days) >= days
            counts[late][0] += not piece.key_results
            counts[late][1] += 1
    (a, b), (c, d) = counts
    return (a, b), (c, d)


def _trend(halves: tuple[tuple[int, int], tuple[int, int]], grew: bool) -> str:
    (before, of_before), (after, of_after) = halves
    text = f"{before} of {of_before} in the first half of the cycle so far, {after} of {of_after} in the second"
    return text + (": more than chance explains." if grew else ": no more growth than chance explains.")


def _grouped(pieces: Iterable[Piece], key: Callable[[Piece], str | None]) -> list[tuple[str, list[Piece]]]:
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        name = key(piece)
        if name is not None:
            found.setdefault(name, []).append(piece)
    return sorted(found.items())


def _who(judgement: Judgement) -> str:
    return judgement.key_result.owner or judgement.objective.owner or "Its owner"


RULES: tuple[Rule, ...] = (
    Rule(
        "S017",
        "strategy",
        "warning",
        "untestable key result",
        "The value varies by itself about as much as it is to change: whether the target was reached by work or by "
        "luck, nobody will be able to tell.",
        "The way from the baseline (without one, from the level before the cycle) to the target is less than "
        "`untestable` times σ, the standard deviation of the series' own noise. Not judged while too few readings show "
        "the noise.",
        _untestable,
    ),
    Rule(
        "S020",
        "strategy",
        "warning",
        "busy key result",
        "Work ships, the outcome does not move. Either this work does not do what it was meant to do, or what is "
        "measured is not what it changes. Both need a decision.",
        "The verdict is `busy`: work was completed longer ago than the key result's lag, and the outcome is flat or "
        "moved away. A flat outcome has had its chance when there are `readings` readings from after the first "
        "completed work and the lag; with fewer, the rule is not judged, as one or two readings are never movement. "
        "The evidence names what shipped last.",
        _busy,
    ),
    Rule(
        "S021",
        "strategy",
        "warning",
        "much completed work that serves no key result",
        "Some work always serves none, and should. When much does, or more and more, the key results are not what the "
        "work is about.",
        "For each team (of the assignee) and each scope: of the pieces of work completed in the cycle, the share "
        "that serves no key result. The rule fires when the share is above `unlinked`, or larger in the second half of "
        "the cycle so far than in the first and `growing` at least, and chance explains that less often than `sure` "
        "allows (binomial test; Fisher's exact test). Not judged with fewer than `few` pieces; growth is looked at "
        "from the check-in period `trend` on.",
        _serves_nothing,
    ),
)
