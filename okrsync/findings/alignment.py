"""Alignment: the goals of some levels do not carry those above them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from okrsync.findings.goals import Goals
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_objective, of_team
from okrsync.findings.shares import surely_below
from okrsync.findings.teams import Workers, lead_of, name_of
from okrsync.findings.telling import lead_or, listed, owner_of, too_few_completed
from okrsync.language import N_, _
from okrsync.model import KeyResult, Kind, Objective, Team, Verdict
from okrsync.report.value import ChainShare, Subject

NAMED = 4
"""How many silent teams of a level are described."""


def _no_parent(facts: Facts) -> Iterator[Found]:
    goals = facts.once(Goals)
    for objective in facts.objectives:
        above = [each.id for each in goals.above(objective)]
        if objective.supports is not None or not goals.is_pursued(objective) or not above:
            continue
        yield Found(
            of_objective(objective),
            _("objective {id} of {team} supports nothing above it").format(
                id=objective.id, team=name_of(facts, objective.team)
            ),
            (_("Above it stand {goals}.").format(goals=listed(above)),),
            _("{who}: name what it serves with 'supports', or drop it.").format(who=_lead(facts, objective)),
        )


def _unsupported(facts: Facts) -> Iterator[Found]:
    goals = facts.once(Goals)
    worked = {each for piece in (*facts.completed, *facts.open) for each in piece.key_results}
    verdicts = {judgement.key_result.id: judgement.verdict for judgement in facts.judgements}

    def carried(key_result: KeyResult) -> bool:
        if key_result.id in goals.named or key_result.id in worked:
            return True
        # Before anything is read, a rule stands for the work that it will find.
        return bool(key_result.work) if not facts.store else _needs_nothing(key_result, verdicts.get(key_result.id))

    for objective in facts.objectives:
        running = [each for each in objective.key_results if not facts.is_retired(each)]
        if objective.id in goals.named or not running or next(goals.teams.below(objective.team), None) is None:
            continue
        bare = [each for each in running if not carried(each)]
        evidence = (_("No objective names it in 'supports', and no work is linked to it."),)
        if len(bare) == len(running):
            yield Found(
                of_objective(objective),
                _("nothing below carries objective {id}: neither an objective nor work").format(id=objective.id),
                (
                    _("Its key results: {key_results}.").format(key_results=listed([each.id for each in bare])),
                    *evidence,
                ),
                _("{who}: agree with the teams below who carries it, or drop it.").format(who=_lead(facts, objective)),
            )
            continue
        for key_result in bare:
            yield Found(
                of_key_result(key_result),
                _("nothing below carries {id}: neither an objective nor work").format(id=key_result.id),
                evidence,
                _("{who}: agree with the teams below who carries it, or link the work.").format(
                    who=key_result.owner or _lead(facts, objective)
                ),
            )


def _needs_nothing(key_result: KeyResult, verdict: Verdict | None) -> bool:
    return verdict is Verdict.ACHIEVED or (key_result.kind is Kind.MAINTAIN and verdict is Verdict.DELIVERING)


def _silent_level(facts: Facts) -> Iterator[Found]:
    goals = facts.once(Goals)
    workers = facts.once(Workers)
    working = {workers.team_of(piece) for piece in (*facts.completed, *facts.open) if piece.key_results}
    loud = {team for team in goals.teams.by_id if team in goals.by_team or team in working}
    paper = _on_paper_only(facts, goals, working) if facts.store else set()
    between = [
        team
        for team in facts.programme.teams
        if any(each.id in loud for each in goals.teams.above(team.id))
        and any(each.id in loud for each in goals.teams.below(team.id))
    ]
    for level in goals.teams.levels():
        of_level = [team for team in between if team.level == level]
        silent = [team for team in of_level if team.id not in loud or team.id in paper]
        if not silent:
            continue
        message = _("the chain breaks at {teams} ({level})")
        if len(silent) == len(of_level):
            yield Found(
                Subject("level", level),
                message.format(teams=listed([name_of(facts, team.id) for team in silent]), level=level),
                tuple(islice((_silence(facts, goals, team, paper) for team in silent), NAMED)),
                _("{who}: set objectives that carry those above, or take the level out of the tree.").format(
                    who=listed([lead_or(team.lead) for team in silent])
                ),
            )
            continue
        for team in silent:
            yield Found(
                of_team(team),
                message.format(teams=name_of(facts, team.id), level=level),
                (_silence(facts, goals, team, paper),),
                _("{who}: set objectives that carry those above, or take the team out of the tree.").format(
                    who=lead_or(team.lead)
                ),
            )


def _on_paper_only(facts: Facts, goals: Goals, working: set[str | None]) -> set[str]:
    """Teams with objectives, for which nobody has checked in and nothing was done since the cycle began."""
    if (facts.as_of - facts.cycle.start) < facts.thresholds.on_paper * facts.cycle.check_in:
        return set()
    said = {
        judgement.objective.team
        for judgement in facts.judgements
        if judgement.activity.completed
        or judgement.activity.open
        or any(
            each.origin == "manual" and each.at >= facts.cycle.start
            for each in (*judgement.series, *judgement.check_ins)
        )
    }
    judged = {judgement.objective.team for judgement in facts.judgements if judgement.verdict is not Verdict.RETIRED}
    return judged - said - {team for team in working if team is not None}


def _silence(facts: Facts, goals: Goals, team: Team, paper: set[str]) -> str:
    below = [objective.id for each in goals.teams.below(team.id) for objective in goals.by_team.get(each.id, ())]
    name = name_of(facts, team.id)
    if team.id in paper:
        return _("{team} has objectives, but no check-in and no linked work since the cycle began on {start}.").format(
            team=name, start=facts.cycle.start
        )
    if not below:
        return _("{team} has no objectives, check-ins or linked work; below it stand teams with linked work.").format(
            team=name
        )
    if facts.store:
        return _("{team} has no objectives, check-ins or linked work; below it stand {goals}.").format(
            team=name, goals=listed(below)
        )
    return _("{team} has no objectives; below it stand {goals}.").format(team=name, goals=listed(below))


def _chain(facts: Facts) -> Iterator[Found | NotJudged]:
    goals = facts.once(Goals)
    if not any(map(goals.is_top, goals.pursued)):
        yield NotJudged(None, _("no team at the top has an objective that work could serve"))
        return
    few = facts.thresholds.few
    for share in chain_shares(facts):
        level, part, whole = share.level, share.part, share.whole
        subject = Subject("level", level)
        if whole < few:
            yield NotJudged(subject, too_few_completed(few))
        elif surely_below(part, whole, facts.thresholds.chain, facts.thresholds.sure):
            yield Found(
                subject,
                _(
                    "{part} of {whole} pieces of work completed at the level {level} ({share}) serve an objective at "
                    "the top"
                ).format(part=part, whole=whole, level=level, share=f"{part / whole:.0%}"),
                (
                    _(
                        "The rest serves no key result, or one from which no unbroken chain of 'supports' leads to "
                        "the top."
                    ),
                ),
                _("{who}: connect the objectives that work goes to, or stop the work.").format(
                    who=_leads_of(facts, level)
                ),
            )


def chain_shares(facts: Facts) -> tuple[ChainShare, ...]:
    """For each level at which work was completed: how much of it reaches the top through an unbroken chain.

    A piece belongs to the level of the team that did it. Pieces of which no team is known are left out.
    """
    goals = facts.once(Goals)
    workers = facts.once(Workers)
    aligned = goals.aligned()
    counts: dict[str, list[int]] = {level: [0, 0] for level in goals.teams.levels()}
    for piece in facts.completed:
        team = goals.teams.by_id.get(workers.team_of(piece) or "")
        if team is not None:
            counts[team.level][0] += not aligned.isdisjoint(piece.key_results)
            counts[team.level][1] += 1
    return tuple(ChainShare(level, part, whole) for level, (part, whole) in counts.items() if whole)


def _other_pillar(facts: Facts) -> Iterator[Found]:
    goals = facts.once(Goals)
    titles = {pillar.id: pillar.title for pillar in facts.programme.strategy}
    for objective in facts.objectives:
        target = goals.target(objective)
        if target is None or not goals.is_pursued(objective):
            continue
        above = target[0]
        if objective.strategy is None or above.strategy is None or objective.strategy == above.strategy:
            continue
        yield Found(
            of_objective(objective),
            _("objective {id} supports {above}, but serves another strategy pillar").format(
                id=objective.id, above=objective.supports
            ),
            (
                _("{id}: {pillar}; {above}: {other}.").format(
                    id=objective.id,
                    pillar=titles.get(objective.strategy, objective.strategy),
                    above=above.id,
                    other=titles.get(above.strategy, above.strategy),
                ),
                _("Its key results can all be reached without moving those above."),
            ),
            _("{who}: let it support an objective of its own pillar, or say whose it really is.").format(
                who=_lead(facts, objective)
            ),
        )


def _leads_nowhere(facts: Facts) -> Iterator[Found]:
    goals = facts.once(Goals)
    for objective in facts.objectives:
        flaw = goals.flaw(objective) if goals.is_pursued(objective) else None
        if flaw is not None:
            yield Found(
                of_objective(objective),
                _("objective {id} supports {above}, which leads nowhere: {flaw}").format(
                    id=objective.id, above=objective.supports, flaw=flaw
                ),
                action=_("{who}: let it support a goal of a level above that is still pursued.").format(
                    who=_lead(facts, objective)
                ),
            )


def _lead(facts: Facts, objective: Objective) -> str:
    """Who is asked about an objective: its owner, else its team's lead."""
    return owner_of(objective.owner, lead_of(facts, objective.team))


def _leads_of(facts: Facts, level: str) -> str:
    return listed([team.lead for team in facts.programme.teams if team.level == level and team.lead]) or _("Its leads")


RULES: tuple[Rule, ...] = (
    Rule(
        "A001",
        "alignment",
        "warning",
        N_("objective that supports nothing above it"),
        "Levels above have set objectives, and this one names none of them: either the work goes elsewhere, or nobody "
        "wrote down where it leads.",
        "The objective has no `supports`, and a team above its own pursues an objective in this cycle, or in a longer "
        "one that runs now. Objectives whose key results were all dropped are left alone.",
        _no_parent,
        configuration=True,
    ),
    Rule(
        "A002",
        "alignment",
        "warning",
        N_("goal that nothing below carries"),
        "Somebody above wants this, and no level below does anything for it: no objective points at it, no work is "
        "linked to it. It will not happen by itself.",
        "The goal belongs to a team with teams below it. A key result is carried when it, or its objective, is named "
        "by `supports` of an objective pursued now, or when work is linked to it that is open or was completed in the "
        "cycle; before a sync, a rule under `work` stands for that work. An objective is carried when it is named, or "
        "one of its key results is carried. Where none is, the finding is about the objective, else about each key "
        "result that is not. One that is achieved, and a limit that is kept, need nothing.",
        _unsupported,
        configuration=True,
    ),
    Rule(
        "A003",
        "alignment",
        "warning",
        N_("level that is silent between two that are not"),
        "The top sets goals, teams at the bottom have theirs, and the level between carries nothing on: what the teams "
        "do is no longer what the top wants. This is where the chain breaks.",
        "A team is silent when it pursues no objective and does no linked work; or when it has objectives, but since "
        "the cycle began (`on_paper` check-in periods at least) nobody has checked in on one of its key results and no "
        "work was linked to them. The rule fires for silent teams with a team above and one below that are not silent. "
        "When all such teams of a level are silent, the finding is about the level. Teams do the work that their "
        "people are assigned: those that name the `team` in `people:`, else those that are assigned most of the work "
        "for its key results.",
        _silent_level,
        configuration=True,
    ),
    Rule(
        "A004",
        "alignment",
        "warning",
        N_("little completed work serves an objective at the top"),
        "What a level finishes either leads, step by step, to an objective of the company, or it does not. Here most "
        "of it does not.",
        "Of the pieces of work completed in the cycle by the teams of a level, the share that serves a key result "
        "whose objective is one of a team at the top, or leads to one by `supports` step by step (a dropped key result "
        "breaks the chain). The rule fires when the share is below `chain`, and chance explains that less often than "
        "`sure` allows (binomial test). Not judged with fewer than `few` pieces. Pieces of which no team is known are "
        "left out.",
        _chain,
    ),
    Rule(
        "A005",
        "alignment",
        "warning",
        N_("objective that supports one of another strategy pillar"),
        "The objective is hung below one that it cannot move: its key results serve one pillar of the strategy, those "
        "above another. On paper the tree is complete.",
        "The objective and the one that it supports (or whose key result it supports) both name a `strategy`, and not "
        "the same one.",
        _other_pillar,
        configuration=True,
    ),
    Rule(
        "A006",
        "alignment",
        "warning",
        N_("objective whose support leads nowhere"),
        "The objective supports a goal that nobody pursues any more, or one that does not stand above it: the chain "
        "ends there.",
        "`supports` names a key result that was retired, an objective whose key results all were, a goal of a cycle "
        "that does not run any more, or one of a team that does not stand higher in the tree.",
        _leads_nowhere,
        configuration=True,
    ),
)
