"""Drift, seen in the versions of goals: what was eased or moved, who has not heard of it, and what nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from okrsync.dates import day_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_objective
from okrsync.findings.teams import lead_of, name_of
from okrsync.findings.telling import days, owner_of
from okrsync.goals import GoalChange, changes, content_of, on_day
from okrsync.language import N_, _
from okrsync.model import GoalVersion, KeyResult, Objective
from okrsync.numbers import show

_MOVED = ("kind", "unit", "baseline", "target", "direction")
"""The fields that say what would count as success."""
_PROMISED = (*_MOVED, "title", "serves", "strategy", "supports", "retired", "key result")
"""The fields that change a revision, as history names them."""


def _eased(facts: Facts) -> Iterator[Found | NotJudged]:
    yield from _unknown(facts)
    for objective, key_result, found, before, after in _moved(facts):
        how = _easier(before, after)
        if how is not None:
            with_reason = _("{id} was eased within the cycle: {how}, and the reason is on record")
            without = _("{id} was eased within the cycle: {how}, without a reason")
            yield _change(facts, objective, key_result, found, how, with_reason, without)


def _shifted(facts: Facts) -> Iterator[Found | NotJudged]:
    yield from _unknown(facts)
    for objective, key_result, found, before, after in _moved(facts):
        if _easier(before, after) is None:
            fields = _(", ").join(dict.fromkeys(change.field for change in found))
            with_reason = _("{id} was moved within the cycle: {how}, and the reason is on record")
            without = _("{id} was moved within the cycle: {how}, without a reason")
            yield _change(facts, objective, key_result, found, fields, with_reason, without)


def _moved(
    facts: Facts,
) -> Iterator[tuple[Objective, KeyResult, list[GoalChange], Mapping[str, Any], Mapping[str, Any]]]:
    """Key results whose aim differs from what it was when the cycle's planning was over, and how it came to that."""
    planned = _planned(facts)
    for objective, key_result in facts.key_results():
        line = facts.versions.get(key_result.id, ())
        if not line or line[-1].content is None:
            continue
        start = next((version for version in reversed(line) if _day(facts, version) <= planned), line[0])
        before, after = content_of(start), content_of(line[-1])
        if not before or all(before.get(name) == after.get(name) for name in _MOVED):
            continue
        found = [
            change
            for change in changes(line, facts.zone, facts.reasons.get(key_result.id))
            if change.field in _MOVED and change.at > start.seen_at
        ]
        if found:
            yield objective, key_result, found, before, after


def _change(
    facts: Facts,
    objective: Objective,
    key_result: KeyResult,
    found: list[GoalChange],
    how: str,
    with_reason: str,
    without: str,
) -> Found:
    silent = [change for change in found if change.reason is None]
    last = silent[-1] if silent else found[-1]
    who = owner_of(key_result.owner, objective.owner, last.author)
    below = _below(facts, objective, key_result)
    action = (
        _("{who}: say why, for everybody who follows it: `changes: [{{on: {day}, reason: …}}]` at {id}.").format(
            who=who, day=day_of(last.at, facts.zone), id=key_result.id
        )
        if silent
        else _("{who}: see that everybody concerned knows it.").format(who=who)
    )
    if below:
        action += " " + _("Tell those whose objectives support it: {goals}.").format(goals=_(", ").join(below))
    return Found(
        of_key_result(key_result),
        (without if silent else with_reason).format(id=key_result.id, how=how),
        tuple(_told(facts, change) for change in found),
        action,
        severity=None if silent else "info",
    )


def _easier(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """How a key result became easier to reach; None when it did not, or nobody can tell."""
    old, new = before.get("target"), after.get("target")
    if old is not None and new is None:
        return _("its target of {value} was taken away").format(value=show(old))
    if old is None or new is None or any(before.get(name) != after.get(name) for name in ("kind", "unit")):
        return None
    if after.get("kind") == "maintain":
        side = after.get("direction")
        if before.get("direction") == side and (
            (side == "at_least" and new < old) or (side == "at_most" and new > old)
        ):
            return _("its limit from {old} to {new}").format(old=show(old), new=show(new))
        return None
    one, other = before.get("baseline"), after.get("baseline")
    if one is None or other is None or old == one:
        return None
    if (new - other) / (old - one) >= 1:
        return None
    if one == other:
        return _("its target from {old} to {new}, from a baseline of {baseline}").format(
            old=show(old), new=show(new), baseline=show(one)
        )
    return _("the way from {start} to {old} became one from {now} to {new}").format(
        start=show(one), old=show(old), now=show(other), new=show(new)
    )


def _unacknowledged(facts: Facts) -> Iterator[Found | NotJudged]:
    yield from _unknown(facts)
    if facts.as_of > facts.cycle.end:
        return
    for objective in facts.objectives:
        above = objective.supports
        line = facts.versions.get(above or "", ())
        left = any(not facts.is_retired(kr) for kr in objective.key_results) or not objective.key_results
        if above is None or not line or not left:
            continue
        held = on_day(facts.versions.get(objective.id, ()), facts.as_of, facts.zone)
        said = content_of(held).get("acknowledged", {}).get(above) if held else None
        seen = str(said).split()[0] if said else None
        now = line[-1]
        if seen is not None and now.revision.startswith(seen):
            continue
        start = _last_seen(facts, objective, above, line, seen)
        since = [version for version in line if version.seen_at > start.seen_at and version.revision]
        if start.revision == now.revision or not since:
            continue
        changed = next(each for each in since if each.revision != start.revision)
        day = _day(facts, changed)
        if (facts.as_of - day).days <= facts.thresholds.acknowledge:
            continue
        yield Found(
            of_objective(objective),
            _("{id} (team {team}) supports {above}, which changed on {day}, and has not acknowledged it").format(
                id=objective.id, team=name_of(facts, objective.team), above=above, day=day
            ),
            (
                *(_told(facts, change) for change in _promises(facts, above, start, line)),
                _seen_words(facts, objective, above, start, seen),
            ),
            _(
                "{who}: look whether {id} still serves {above}, change it if not, and then run `okrsync ack {id}`."
            ).format(who=owner_of(objective.owner, lead_of(facts, objective.team)), id=objective.id, above=above),
        )


def _last_seen(
    facts: Facts, objective: Objective, above: str, line: tuple[GoalVersion, ...], seen: str | None
) -> GoalVersion:
    """The version of the goal above that an objective is known to have been written for, or to have acknowledged."""
    if seen is not None:
        acknowledged = [version for version in line if version.revision.startswith(seen)]
        if acknowledged:
            return acknowledged[-1]
    pointed = [
        version
        for before, version in pairwise((None, *facts.versions.get(objective.id, ())))
        if version is not None
        and content_of(version).get("supports") == above
        and (before is None or content_of(before).get("supports") != above)
    ]
    day = max(_planned(facts), *(_day(facts, version) for version in pointed[-1:]))
    return on_day(line, day, facts.zone) or line[0]


def _seen_words(facts: Facts, objective: Objective, above: str, start: GoalVersion, seen: str | None) -> str:
    if seen is None:
        return _("{id} was written for {above} as it was on {day}, and acknowledges nothing.").format(
            id=objective.id, above=above, day=_day(facts, start)
        )
    if not start.revision.startswith(seen):
        return _("{id} acknowledges {revision}, which is no version of {above} on record.").format(
            id=objective.id, revision=seen, above=above
        )
    return _("{id} has acknowledged {above} as it was on {day} ({revision}).").format(
        id=objective.id, above=above, day=_day(facts, start), revision=seen
    )


def _promises(facts: Facts, above: str, start: GoalVersion, line: tuple[GoalVersion, ...]) -> Iterator[GoalChange]:
    """What changed in a goal, and in its key results, since a version of it."""
    lines = [line]
    for version in line:
        for key_result in content_of(version).get("key_results", ()):
            if facts.versions.get(key_result, ()) not in (*lines, ()):
                lines.append(facts.versions[key_result])
    found = [
        change
        for each in lines
        for change in changes(each, facts.zone, facts.reasons.get(each[0].goal))
        if change.at > start.seen_at and change.field in _PROMISED
    ]
    yield from sorted(found, key=lambda change: change.at)


def _unreviewed(facts: Facts) -> Iterator[Found | NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield NotJudged(None, _("the cycle ended on {day}").format(day=facts.cycle.end))
        return
    length = facts.thresholds.unreviewed * facts.cycle.check_in
    check_ins: dict[str, date] = {}
    for each in facts.check_ins:
        check_ins[each.key_result] = max(each.at, check_ins.get(each.key_result, each.at))
    for objective in facts.objectives:
        left = [kr for kr in objective.key_results if not facts.is_retired(kr)]
        said = [check_ins[kr.id] for kr in left if kr.id in check_ins]
        changed = [
            _day(facts, version)
            for goal in (objective.id, *(kr.id for kr in objective.key_results))
            for version in facts.versions.get(goal, ())[1:]
        ]
        last = max((facts.cycle.start, *said, *changed))
        if not left or facts.as_of - last <= length:
            continue
        yield Found(
            of_objective(objective),
            _("the review of {id} is overdue: nobody has looked at it in this cycle").format(id=objective.id)
            if last == facts.cycle.start
            else _("the review of {id} is overdue: nobody has looked at it since {day}").format(
                id=objective.id, day=last
            ),
            (
                _("Last check-in on one of its key results: {day}.").format(day=max(said))
                if said
                else _("Nobody has checked in on one of its key results."),
                _("Last change or acknowledgement of it: {day}.").format(day=max(changed))
                if changed
                else _("Its history has no change or acknowledgement."),
                _("{span} are more than {count} check-in periods of {period}.").format(
                    span=days(facts.as_of - last),
                    count=facts.thresholds.unreviewed,
                    period=days(facts.cycle.check_in),
                ),
            ),
            _(
                "{who}: review it with the team this week: does it still hold? Check in, change it with a reason, or "
                "retire what does not."
            ).format(who=owner_of(objective.owner, lead_of(facts, objective.team))),
        )


def _unknown(facts: Facts) -> Iterator[NotJudged]:
    """Says so where the history of the cycle's goals begins only after its planning."""
    lines = [
        facts.versions[goal]
        for objective in facts.objectives
        for goal in (objective.id, *(kr.id for kr in objective.key_results))
        if goal in facts.versions
    ]
    planned = _planned(facts)
    if facts.as_of <= planned or not facts.objectives:
        return
    if not lines:
        yield NotJudged(
            None,
            _(
                "no version of the goals is on record before {day}: `okrsync sync` or `run` keeps them from now on"
            ).format(day=facts.as_of),
        )
        return
    first = min(_day(facts, line[0]) for line in lines)
    if first > planned:
        yield NotJudged(
            None,
            _("no version of the goals is on record before {day}, so that changes before that are not known").format(
                day=first
            ),
        )


def _planned(facts: Facts) -> date:
    """The last day on which a change still belongs to the cycle's planning."""
    return facts.cycle.start + timedelta(days=facts.thresholds.settling - 1)


def _below(facts: Facts, objective: Objective, key_result: KeyResult) -> list[str]:
    supporters = facts.once(_supporters)
    return [
        _("{id} ({team})").format(id=each.id, team=name_of(facts, each.team))
        for goal in (objective.id, key_result.id)
        for each in supporters.get(goal, ())
    ]


def _supporters(facts: Facts) -> dict[str, list[Objective]]:
    """The objectives that support each goal, for ``Facts.once``."""
    found: dict[str, list[Objective]] = {}
    for each in facts.objectives:
        if each.supports is not None:
            found.setdefault(each.supports, []).append(each)
    return found


def _day(facts: Facts, version: GoalVersion) -> date:
    return day_of(version.seen_at, facts.zone)


def _told(facts: Facts, change: GoalChange) -> str:
    """``2026-11-02, KR1.1: target 500 → 350, by Lin in commit 3f2a9c4d “Ease”; reason: …``."""
    if change.commit and change.author:
        text = _("{day}, {id}: {change}, by {who} in commit {commit} “{subject}”")
    elif change.commit:
        text = _("{day}, {id}: {change}, in commit {commit} “{subject}”")
    elif change.author:
        text = _("{day}, {id}: {change}, by {who}")
    else:
        text = _("{day}, {id}: {change}")
    told = text.format(
        day=day_of(change.at, facts.zone),
        id=change.goal,
        change=change.words,
        who=change.author,
        commit=(change.commit or "")[:10],
        subject=change.subject or "",
    )
    if change.reason:
        return _("{change}; reason: {reason}").format(change=told, reason=change.reason)
    return _("{change}; no reason given").format(change=told)


_RECORD = (
    "The versions come from every run that stored one and from the git history of the files of goals. What was changed "
    "in the first `settling` days of the cycle is planning. "
)
_REASONED = (
    "A reason is an entry of `changes:` at the key result with the day of the change, or a line `Reason: …` in the "
    "message of the commit. With a reason the finding is an info."
)

RULES: tuple[Rule, ...] = (
    Rule(
        "D001",
        "drift",
        "warning",
        N_("target eased within the cycle"),
        "A target that is lowered until it is reached says nothing any more. There are good reasons to lower one; they "
        "belong on record, so that nobody below goes on with the old plan.",
        f"{_RECORD}The rule compares the key result with what it was then: the way from baseline to target has become "
        "shorter, the limit of a `maintain` key result looser, or the target was taken away. A target that was eased "
        f"and restored is none. {_REASONED}",
        _eased,
    ),
    Rule(
        "D002",
        "drift",
        "warning",
        N_("target moved within the cycle"),
        "When the aim changes, all work that was planned for the old one has to be looked at again, and nobody does so "
        "who has not heard of it.",
        f"{_RECORD}Target, baseline, unit, direction or kind differ from what they were then, and the key result did "
        f"not become easier (D001). {_REASONED}",
        _shifted,
    ),
    Rule(
        "D003",
        "drift",
        "warning",
        N_("change of a goal above that was not acknowledged"),
        "One team changes course and the others go on with the old plan. An acknowledgement is one line that says: we "
        "have seen it, and our objective still fits.",
        f"{_RECORD}The objective or key result that an objective `supports` promises something else (its revision "
        "differs) than when the objective was written, when it was made to support it, or than it last acknowledged, "
        "whichever is latest; and `acknowledge` days have passed. `okrsync ack` writes the acknowledgement.",
        _unacknowledged,
        yields_to=("A006",),
    ),
    Rule(
        "D006",
        "drift",
        "warning",
        N_("review overdue"),
        "Goals that are set and then left in a file do not steer anything.",
        "While the cycle runs: no person has checked in on any key result of the objective, and neither it nor one of "
        "its key results was changed or acknowledged, for more than `unreviewed` check-in periods.",
        _unreviewed,
        yields_to=("P003", "P002"),
    ),
)
