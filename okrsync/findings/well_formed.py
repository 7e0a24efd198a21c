"""Strategy, seen in the goals alone: what a valid file can still get wrong before any work has gone into it."""

from __future__ import annotations

from collections.abc import Iterator

from okrsync.findings.interface import Check, Facts, Found, Rule, of_key_result, of_objective
from okrsync.findings.telling import owner_of
from okrsync.language import N_, _, ngettext
from okrsync.model import KeyResult, Kind, Objective
from okrsync.report.value import Severity, Subject


def _owner(facts: Facts) -> Iterator[Found]:
    for objective, key_result in facts.key_results():
        if key_result.owner is None:
            yield Found(
                of_key_result(key_result),
                _("{id} has no owner: nobody answers for it").format(id=key_result.id),
                action=_("{who}: name one person as 'owner'.").format(who=objective.owner or _("Whoever wrote it")),
            )


def _target(facts: Facts) -> Iterator[Found]:
    for _objective, key_result in _measured(facts):
        if key_result.metric.target is None:
            yield Found(
                of_key_result(key_result),
                _("{id} has no target: it can never be reached; for something to be done, 'kind: milestone'").format(
                    id=key_result.id
                ),
                action=_("{who}: set 'target'.").format(who=_who(key_result)),
            )


def _baseline(facts: Facts) -> Iterator[Found]:
    for _objective, key_result in _measured(facts):
        if key_result.kind is Kind.METRIC and key_result.metric.baseline is None:
            yield Found(
                of_key_result(key_result),
                _("{id} has no baseline: its progress cannot be told").format(id=key_result.id),
                action=_("{who}: measure where it stands, and set 'baseline'.").format(who=_who(key_result)),
            )


def _unit(facts: Facts) -> Iterator[Found]:
    for _objective, key_result in _measured(facts):
        if key_result.metric.unit is None:
            yield Found(
                of_key_result(key_result),
                _("{id} has no unit: its numbers cannot be read").format(id=key_result.id),
                action=_("{who}: set 'unit', such as shops/week.").format(who=_who(key_result)),
            )


def _source(facts: Facts) -> Iterator[Found]:
    measured = {each.key_result.id for each in facts.judgements if each.outcome.measured_at is not None}
    for _objective, key_result in _measured(facts):
        if key_result.metric.source_type != "manual" or key_result.id in measured:
            continue
        action = _("{who}: name a 'source' for its metric, or check it in with `okrsync check-in {id} VALUE`.").format(
            who=_who(key_result), id=key_result.id
        )
        if facts.store:
            yield Found(
                of_key_result(key_result),
                _("{id} has no source, and nobody has checked it in: nothing measures it").format(id=key_result.id),
                action=action,
                severity="warning",
            )
        else:
            yield Found(
                of_key_result(key_result),
                _("{id} has no source: only people's check-ins measure it").format(id=key_result.id),
                action=action,
            )


def _deadline(facts: Facts) -> Iterator[Found]:
    cycle = facts.cycle
    days = (cycle.end - cycle.start).days + 1
    if days > facts.thresholds.longest_cycle and any(True for _ in facts.key_results()):
        yield Found(
            Subject("cycle", cycle.id),
            _("cycle {id} lasts {days} days: its key results have no deadline that anybody works towards").format(
                id=cycle.id, days=days
            ),
            (_("A key result's deadline is its cycle's end, {day}.").format(day=cycle.end),),
            _("Whoever leads the programme: cut it into cycles of a quarter or a year."),
        )


def _no_change(facts: Facts) -> Iterator[Found]:
    for _objective, key_result in _measured(facts):
        metric = key_result.metric
        if key_result.kind is Kind.METRIC and metric.baseline is not None and metric.target == metric.baseline:
            yield Found(
                of_key_result(key_result),
                _(
                    "{id} has its target equal to its baseline: nothing is to change; to keep it, 'kind: maintain'"
                ).format(id=key_result.id),
                action=_("{who}: set a target that differs, or 'kind: maintain'.").format(who=_who(key_result)),
            )


def _side(facts: Facts) -> Iterator[Found]:
    for _objective, key_result in _measured(facts):
        metric = key_result.metric
        if key_result.kind is Kind.MAINTAIN and metric.direction is None and metric.target is not None:
            yield Found(
                of_key_result(key_result),
                _("{id} does not say on which side of its target to stay: 'direction: at_least' or at_most").format(
                    id=key_result.id
                ),
                action=_("{who}: set 'direction'.").format(who=_who(key_result)),
            )


def _number_of_key_results(facts: Facts) -> Iterator[Found]:
    fewest, most = facts.thresholds.fewest_key_results, facts.thresholds.most_key_results
    for objective in facts.objectives:
        number = sum(not facts.is_retired(each) for each in objective.key_results)
        who = owner_of(objective.owner)
        if not objective.key_results:
            yield Found(
                of_objective(objective),
                _("objective {id} has no key result: nothing shows that it is reached").format(id=objective.id),
                action=_("{who}: say by which {fewest} to {most} numbers one would see it.").format(
                    who=who, fewest=fewest, most=most
                ),
            )
        elif number == 0:
            continue  # all of them were dropped, so nothing is pursued any more
        elif number < fewest:
            yield Found(
                of_objective(objective),
                ngettext(
                    "objective {id} has only {count} key result: what it costs elsewhere, nothing shows",
                    "objective {id} has only {count} key results: what it costs elsewhere, nothing shows",
                    number,
                ).format(id=objective.id, count=number),
                action=_("{who}: add one that would show harm, or why the objective is worth it.").format(who=who),
                severity="info",
            )
        elif number > most:
            yield Found(
                of_objective(objective),
                _("objective {id} has {count} key results: nobody can attend to more than {most}").format(
                    id=objective.id, count=number, most=most
                ),
                action=_("{who}: keep those that decide, drop or move the rest.").format(who=who),
            )


def _strategy(facts: Facts) -> Iterator[Found]:
    for objective in facts.objectives:
        if objective.strategy is None and _is_pursued(facts, objective):
            pillars = _(", ").join(pillar.id for pillar in facts.programme.strategy)
            yield Found(
                of_objective(objective),
                _("objective {id} names no strategy pillar: nothing says why it matters").format(id=objective.id),
                (
                    _("Pillars: {pillars}.").format(pillars=pillars)
                    if pillars
                    else _("No file declares a strategy pillar."),
                ),
                _("{who}: set 'strategy', or drop the objective.").format(who=owner_of(objective.owner)),
            )


def _serves(facts: Facts) -> Iterator[Found]:
    for objective in facts.objectives:
        if objective.serves is None and _is_pursued(facts, objective):
            yield Found(
                of_objective(objective),
                _("objective {id} does not say whom it serves").format(id=objective.id),
                action=_("{who}: set 'serves' to whoever is better off when it is reached.").format(
                    who=owner_of(objective.owner)
                ),
            )


def _leading_and_lagging(facts: Facts) -> Iterator[Found]:
    days = (facts.cycle.end - facts.cycle.start).days + 1
    for objective in facts.objectives:
        lags = [
            each.metric.lag.days
            for each in objective.key_results
            if each.kind is Kind.METRIC and not facts.is_retired(each)
        ]
        if len(lags) < 2 or not all(lags):
            continue  # a lag of 0 is the default: nobody has said how long the outcome takes
        who = owner_of(objective.owner)
        evidence = (
            _("Lags in days: {lags}; the cycle has {days} days.").format(
                lags=_(", ").join(map(str, sorted(lags))), days=days
            ),
        )
        if min(lags) >= facts.thresholds.lagging * days:
            yield Found(
                of_objective(objective),
                _("objective {id} has only lagging key results: they show too late whether the work helps").format(
                    id=objective.id
                ),
                evidence,
                _("{who}: add one that moves within weeks when the work is right.").format(who=who),
            )
        elif max(lags) <= facts.thresholds.leading:
            yield Found(
                of_objective(objective),
                _("objective {id} has only leading key results: they move early and may lead nowhere").format(
                    id=objective.id
                ),
                evidence,
                _("{who}: add the later result that they are to lead to.").format(who=who),
                severity="info",
            )


def _only_milestones(facts: Facts) -> Iterator[Found]:
    for objective in facts.objectives:
        kinds = [each.kind for each in objective.key_results if not facts.is_retired(each)]
        if len(kinds) >= 2 and set(kinds) == {Kind.MILESTONE}:
            yield Found(
                of_objective(objective),
                _("objective {id} has milestones only: all can be done and nothing be better").format(id=objective.id),
                (_("{count} key results, none with a metric.").format(count=len(kinds)),),
                _("{who}: add the number that these milestones are to move.").format(who=owner_of(objective.owner)),
            )


def _is_pursued(facts: Facts, objective: Objective) -> bool:
    """False when all of an objective's key results were dropped."""
    return not objective.key_results or not all(map(facts.is_retired, objective.key_results))


def _measured(facts: Facts) -> Iterator[tuple[Objective, KeyResult]]:
    return ((objective, each) for objective, each in facts.key_results() if each.kind is not Kind.MILESTONE)


def _who(key_result: KeyResult) -> str:
    return owner_of(key_result.owner)


def _rule(id_: str, severity: Severity, title: str, meaning: str, computed: str, check: Check) -> Rule:
    return Rule(id_, "strategy", severity, title, meaning, computed, check, configuration=True)


RULES: tuple[Rule, ...] = (
    _rule(
        "S004",
        "warning",
        N_("key result without an owner"),
        "Nobody answers for the key result: nobody is asked when it does not move, and nobody asks for help.",
        "The key result has no `owner`. An objective's `owner` does not count for its key results.",
        _owner,
    ),
    _rule(
        "S005",
        "error",
        N_("key result without a target"),
        "Without a target a key result can be neither reached nor missed. What is only to be done is a milestone.",
        "The key result is of the kind `metric` or `maintain`, and its metric has no `target`.",
        _target,
    ),
    _rule(
        "S006",
        "warning",
        N_("key result without a baseline"),
        "Who does not know where they start cannot tell how far they have come, nor whether the target is ambitious.",
        "The key result is of the kind `metric`, and its metric has no `baseline`.",
        _baseline,
    ),
    _rule(
        "S007",
        "warning",
        N_("key result without a unit"),
        "300 of what? Two readers of the same number must think of the same thing.",
        "The key result is of the kind `metric` or `maintain`, and its metric has no `unit`.",
        _unit,
    ),
    _rule(
        "S008",
        "info",
        N_("key result without a source"),
        "A number that nobody reads does not guide anybody. People's check-ins are a source too, once they make them.",
        "The metric is measured by hand (no `source`, or `type: manual`). `okrsync check` only notes it. In the report "
        "it is a warning while there is no measurement at all, and gone with the first check-in.",
        _source,
    ),
    _rule(
        "S009",
        "warning",
        N_("key results without a deadline"),
        "A deadline so far away that nobody works towards it is none.",
        "A key result's deadline is the end of its cycle, which no file can leave out. The rule fires when the cycle "
        "lasts more than `longest_cycle` days.",
        _deadline,
    ),
    _rule(
        "S010",
        "error",
        N_("target equal to the baseline"),
        "Nothing is to change, so nothing can be achieved. A value to be kept is `kind: maintain`.",
        "The key result is of the kind `metric`, and `target` equals `baseline`.",
        _no_change,
    ),
    _rule(
        "S011",
        "error",
        N_("limit without a side"),
        "A value that is to be kept at 99.9 may be meant to stay above it or below it.",
        "The key result is of the kind `maintain`, has no `direction`, and none follows from its `baseline`.",
        _side,
    ),
    _rule(
        "S012",
        "warning",
        N_("too few or too many key results"),
        "Without a key result nobody sees whether the objective is reached; a single one can be reached at the cost of "
        "everything else; and of many, most are forgotten.",
        "The key results of the objective that are not retired are fewer than `fewest_key_results` or more than "
        "`most_key_results`. A single one is only an `info`.",
        _number_of_key_results,
    ),
    _rule(
        "S013",
        "warning",
        N_("objective without a strategy pillar"),
        "The objective may be worthwhile, but nothing ties it to what the company wants to be good at.",
        "The objective has no `strategy`. Objectives whose key results were all dropped are left alone.",
        _strategy,
    ),
    _rule(
        "S014",
        "warning",
        N_("objective that serves nobody"),
        "Who cannot name the people who are better off when the objective is reached is likely to serve a department.",
        "The objective has no `serves`. Objectives whose key results were all dropped are left alone.",
        _serves,
    ),
    _rule(
        "S015",
        "warning",
        N_("only lagging, or only leading, key results"),
        "If all results of an objective show late, the cycle is over before anybody knows; if all show at once, they "
        "may be activity that leads nowhere (that is only an `info`).",
        "Of an objective's two or more key results of the kind `metric`, all have a `lag`, all of them at least "
        "the share `lagging` of the cycle (lagging), or all at most `leading` days (leading). Where one has no `lag`, "
        "the rule says nothing.",
        _leading_and_lagging,
    ),
    _rule(
        "S016",
        "warning",
        N_("objective with milestones only"),
        "Milestones say that something was done. Without a number beside them, everything can be done and nothing be "
        "better for anybody.",
        "The objective has two or more key results, and all that are not retired are of the kind `milestone`.",
        _only_milestones,
    ),
)
