"""Strategy, seen in the work: busy and untestable key results, and work that serves none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from okrsync.dates import day_of, start_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result
from okrsync.findings.shares import surely_above, surely_grew
from okrsync.findings.teams import Workers, name_of
from okrsync.findings.telling import days, lead_or, owner_of, too_few_completed
from okrsync.language import N_, _, ngettext
from okrsync.model import Judgement, Kind, Movement, Piece, Verdict
from okrsync.numbers import show
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
            yield NotJudged(
                of_key_result(key_result), _("too few readings show how much its values vary by themselves")
            )
            continue
        found = too_near(outcome, facts.thresholds.untestable)
        if found is not None:
            gap, sigma = found
            yield Found(
                of_key_result(key_result),
                _("{id} cannot be tested: its target lies within the noise of its values").format(id=key_result.id),
                (
                    _(
                        "The way to the target is {gap}; by themselves its values vary with σ {sigma} (usual range "
                        "{low} to {high})."
                    ).format(gap=show(gap), sigma=show(sigma), low=show(outcome.low), high=show(outcome.high)),
                ),
                _("{who}: set a target further away, or measure something steadier.").format(who=_who(judgement)),
            )


def _busy(facts: Facts) -> Iterator[Found]:
    for judgement in facts.judgements:
        if judgement.verdict is not Verdict.BUSY:
            continue
        key_result, activity = judgement.key_result, judgement.activity
        early = _is_early(facts, judgement)
        # Of a limit, the first reason tells where the value stands; of all others, the one after the work.
        place = 0 if key_result.kind is Kind.MAINTAIN else 1
        evidence = list(judgement.reasons[place : place + 1])
        if activity.completed:
            evidence.insert(
                0,
                ngettext(
                    "{count} piece of work completed, {settled} of them longer ago than the lag.",
                    "{count} pieces of work completed, {settled} of them longer ago than the lag.",
                    activity.completed,
                ).format(count=activity.completed, settled=activity.settled),
            )
            evidence.append(_shipped(facts, judgement))
        yield Found(
            of_key_result(key_result),
            _busy_words(judgement),
            tuple(evidence),
            (
                _("{who}: look again in {span}: one or two readings are no movement yet.").format(
                    who=_who(judgement), span=days(key_result.metric.cadence)
                )
                if early
                else _("{who}: stop this bet, change it, or say what would show by when that it works.").format(
                    who=_who(judgement)
                )
            ),
            severity="info" if early else None,
        )


def _is_early(facts: Facts, judgement: Judgement) -> bool:
    """Is a flat outcome read too few times since its work could show to call it a finding?"""
    if judgement.key_result.kind is not Kind.METRIC or judgement.outcome.movement is not Movement.FLAT:
        return False
    return _readings_since_it_could_show(facts, judgement) < facts.thresholds.readings


def _busy_words(judgement: Judgement) -> str:
    away = judgement.outcome.movement is Movement.AWAY
    if judgement.since is None and away:
        text = _("{id} is busy: work ships, and the outcome has moved away from its target")
    elif judgement.since is None:
        text = _("{id} is busy: work ships, and the outcome has not moved")
    elif away:
        text = _("{id} is busy since {day}: work ships, and the outcome has moved away from its target")
    else:
        text = _("{id} is busy since {day}: work ships, and the outcome has not moved")
    return text.format(id=judgement.key_result.id, day=judgement.since)


def _shipped(facts: Facts, judgement: Judgement) -> str:
    shipped = _("; ").join(
        _("{key} {title} ({day})").format(key=piece.key, title=piece.title, day=day_of(piece.done_at, facts.zone))
        if piece.done_at
        else f"{piece.key} {piece.title}"
        for piece in newest(judgement.completed, NAMED)
    )
    more = judgement.activity.completed - NAMED
    if more > 0:
        return ngettext(
            "Shipped last: {pieces}; and {count} more.", "Shipped last: {pieces}; and {count} more.", more
        ).format(pieces=shipped, count=more)
    return _("Shipped last: {pieces}.").format(pieces=shipped)


def _readings_since_it_could_show(facts: Facts, judgement: Judgement) -> int:
    """How many values there are from after the first completed work for a key result, and its lag."""
    done = [day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None]
    if not done:
        return len(judgement.series)
    first = min(done) + judgement.key_result.metric.lag
    return sum(each.at >= first for each in judgement.series)


def _serves_nothing(facts: Facts) -> Iterator[Found | NotJudged]:
    if not facts.sources:
        yield NotJudged(None, _("no source of work is configured"))
        return
    if not any(True for _ in facts.key_results()):
        yield NotJudged(None, _("the cycle has no key result that work could serve"))
        return
    workers = facts.once(Workers)
    few, limit, sure = facts.thresholds.few, facts.thresholds.unlinked, facts.thresholds.sure
    leads = {team.id: team.lead for team in facts.programme.teams}
    groups: list[tuple[Subject, str, str, list[Piece]]] = [
        (Subject("team", team), name_of(facts, team), lead_or(leads.get(team)), pieces)
        for team, pieces in _grouped(facts.completed, workers.team_of)
    ]
    groups += [
        (Subject("source", scope), scope, _("Whoever plans its work"), pieces)
        for scope, pieces in _grouped(facts.completed, lambda piece: f"{piece.source}:{piece.scope}")
    ]
    for subject, name, who, pieces in groups:
        loose = sum(not piece.key_results for piece in pieces)
        if len(pieces) < few:
            if loose:
                yield NotJudged(subject, too_few_completed(few))
            continue
        halves = _halves(facts, pieces)
        # What grows from little to little needs nobody.
        notable = halves is not None and halves[1][0] >= facts.thresholds.growing * halves[1][1]
        grew = notable and halves is not None and surely_grew(*halves, sure)
        large = surely_above(loose, len(pieces), limit, sure)
        if not (large or grew):
            continue
        message = (
            _("{part} of {whole} pieces of work completed in {name} ({share}) serve no key result, and the share grows")
            if grew
            else _("{part} of {whole} pieces of work completed in {name} ({share}) serve no key result")
        )
        yield Found(
            subject,
            message.format(part=loose, whole=len(pieces), name=name, share=f"{loose / len(pieces):.0%}"),
            (_trend(halves, grew),) if halves is not None else (),
            _(
                "{who}: link what does serve one (`okrsync links --unlinked`), and stop, or name a goal for, the rest."
            ).format(who=who),
            yields_to=() if large else ("D005",),
        )


def _halves(facts: Facts, pieces: Iterable[Piece]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Unlinked and all pieces of the first and of the second half of the days so far; None early in the cycle."""
    until = min(facts.as_of, facts.cycle.end)
    length = (until - facts.cycle.start).days + 1
    if length < facts.thresholds.trend * facts.cycle.check_in.days:
        return None
    counts = [[0, 0], [0, 0]]
    second = start_of(facts.cycle.start + timedelta(days=(length + 1) // 2), facts.zone)
    for piece in pieces:
        if piece.done_at is not None:
            late = piece.done_at >= second
            counts[late][0] += not piece.key_results
            counts[late][1] += 1
    (a, b), (c, d) = counts
    return (a, b), (c, d)


def _trend(halves: tuple[tuple[int, int], tuple[int, int]], grew: bool) -> str:
    (before, of_before), (after, of_after) = halves
    text = (
        _(
            "{before} of {of_before} in the first half of the cycle so far, {after} of {of_after} in the second: more "
            "than chance explains."
        )
        if grew
        else _(
            "{before} of {of_before} in the first half of the cycle so far, {after} of {of_after} in the second: no "
            "more growth than chance explains."
        )
    )
    return text.format(before=before, of_before=of_before, after=after, of_after=of_after)


def _grouped(pieces: Iterable[Piece], key: Callable[[Piece], str | None]) -> list[tuple[str, list[Piece]]]:
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        name = key(piece)
        if name is not None:
            found.setdefault(name, []).append(piece)
    return sorted(found.items())


def _who(judgement: Judgement) -> str:
    return owner_of(judgement.key_result.owner, judgement.objective.owner)


RULES: tuple[Rule, ...] = (
    Rule(
        "S017",
        "strategy",
        "warning",
        N_("untestable key result"),
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
        N_("busy key result"),
        "Work ships, the outcome does not move. Either this work does not do what it was meant to do, or what is "
        "measured is not what it changes. Both need a decision.",
        "The verdict is `busy`: work was completed longer ago than the key result's lag, and the outcome is flat or "
        "moved away. A flat outcome has had its chance when there are `readings` readings from after the first "
        "completed work and the lag; with fewer it is an `info`, as one or two readings are never movement. "
        "The evidence names what shipped last.",
        _busy,
    ),
    Rule(
        "S021",
        "strategy",
        "warning",
        N_("much completed work that serves no key result"),
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
