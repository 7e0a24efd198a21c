"""Bottleneck: work waits for the one who leads.

Only people named as ``lead`` who stand under ``people:`` are judged, each against the whole of their team: nobody else
is named, people are not ranked, and commits are not counted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from okrsync.dates import end_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule
from okrsync.findings.shares import surely_above
from okrsync.findings.teams import Workers, name_of, tree_of
from okrsync.language import N_, _, ngettext
from okrsync.model import KeyResult, Objective, Piece, Team
from okrsync.report.value import Subject

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class _Lead:
    person: str
    name: str
    team: Team
    teams: frozenset[str]
    """The team and all below it."""

    @property
    def subject(self) -> Subject:
        return Subject("person", self.person)


def _leads_on_file(facts: Facts) -> list[_Lead]:
    """Every lead among ``people:``, with the highest of the teams that they lead."""
    tree, people = facts.once(tree_of), {person.id: person for person in facts.people}
    found: dict[str, _Lead] = {}
    for team in sorted(facts.programme.teams, key=lambda team: tree.depth(team.id)):
        if team.lead in people and team.lead not in found:
            teams = frozenset((team.id, *(each.id for each in tree.below(team.id))))
            found[team.lead] = _Lead(team.lead, people[team.lead].name or team.lead, team, teams)
    return list(found.values())


def _leads(facts: Facts) -> list[_Lead]:
    return facts.once(_leads_on_file)


def _members(facts: Facts) -> dict[str, int]:
    """How many people name each team, for ``Facts.once``."""
    return Counter(person.team for person in facts.people if person.team is not None)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a lead may hold most of, in the sentences that are said of it."""

    too_few: str
    message: str


_OPEN = _Held(
    N_("fewer than {few} open pieces of work of the team are known"),
    N_("{name}, who leads {team}, holds {share} of its open pieces of work"),
)
_COMPLETED = _Held(
    N_("fewer than {few} completed pieces of work of the team are known"),
    N_("{name}, who leads {team}, holds {share} of its completed pieces of work"),
)
_REVIEWS = _Held(
    N_("fewer than {few} review requests of the team are known"),
    N_("{name}, who leads {team}, holds {share} of its review requests"),
)


def _is_commit(piece: Piece) -> bool:
    return len(piece.key) == 40 and _COMMIT.fullmatch(piece.key) is not None


def _share(facts: Facts, pieces: Iterable[Piece], what: _Held) -> Iterator[Found | NotJudged]:
    workers, members = facts.once(Workers), facts.once(_members)
    teams_of = {person.id: person.team for person in facts.people}
    held: defaultdict[str | None, Counter[str | None]] = defaultdict(Counter)
    for piece in pieces:
        if piece.assignee is not None and not _is_commit(piece):
            held[workers.team_of(piece)][workers.person_of(piece)] += piece.number
    totals = {team: people.total() for team, people in held.items()}
    for lead in _leads(facts):
        own = sum(held[team][lead.person] for team in lead.teams if team in held)
        whole = sum(totals[team] for team in lead.teams if team in held)
        others = sum(members.get(team, 0) for team in lead.teams) - (teams_of[lead.person] in lead.teams)
        if own == whole and not others:
            yield NotJudged(lead.subject, _("nobody else is known in the team"))
            continue
        yield from _judged(facts, lead, own, whole, what)


def _judged(facts: Facts, lead: _Lead, part: int, whole: int, what: _Held) -> Iterator[Found | NotJudged]:
    team = name_of(facts, lead.team.id)
    if whole < facts.thresholds.few:
        yield NotJudged(lead.subject, _(what.too_few).format(few=facts.thresholds.few))
    elif surely_above(part, whole, facts.thresholds.lead, facts.thresholds.sure):
        yield Found(
            lead.subject,
            _(what.message).format(name=lead.name, team=team, share=f"{part / whole:.0%}"),
            (_("{part} of {whole}.").format(part=part, whole=whole),),
            _("{who}: choose which of these only you can do, and hand on the rest.").format(who=lead.name),
        )


def _open(facts: Facts) -> Iterator[Found | NotJudged]:
    yield from _share(facts, facts.open, _OPEN)


def _completed(facts: Facts) -> Iterator[Found | NotJudged]:
    yield from _share(facts, facts.completed, _COMPLETED)


def _reviews(facts: Facts) -> Iterator[Found | NotJudged]:
    for lead, own, others in _waits(facts, ("review",)):
        yield from _judged(facts, lead, len(own), len(own) + len(others), _REVIEWS)


def _waiting(facts: Facts) -> Iterator[Found | NotJudged]:
    for lead, own, others in _waits(facts, ("review", "assignment")):
        cases = facts.thresholds.waits
        if min(len(own), len(others)) < cases:
            yield NotJudged(
                lead.subject,
                _("fewer than {count} waits for them, or for the rest of the team, are known").format(count=cases),
            )
            continue
        usual, here = median(others), median(own)
        longer = sum(wait > usual for wait in own)
        long = max(facts.thresholds.longer * usual, facts.thresholds.least_wait)
        if here >= long and surely_above(longer, len(own), 0.5, facts.thresholds.sure):
            yield Found(
                lead.subject,
                _("work waits {days} days for {name}, {usual} for the rest of {team}").format(
                    days=f"{here:.1f}", name=lead.name, usual=f"{usual:.1f}", team=name_of(facts, lead.team.id)
                ),
                (
                    _("Medians of {own} and {others} waits; what still waits counts up to today.").format(
                        own=len(own), others=len(others)
                    ),
                ),
                _("{who}: let others review and decide, or keep time for it every day.").format(who=lead.name),
            )


def _waits(facts: Facts, kinds: tuple[str, ...]) -> Iterator[tuple[_Lead, list[float], list[float]]]:
    """For each lead, how many days were waited for them, and for the rest of the team, wait by wait."""
    persons = {(source, account.casefold()): each for each in facts.people for source, account in each.accounts}
    teams = {kr.id: objective.team for objective in facts.objectives for kr in objective.key_results}
    end = end_of(facts.as_of, facts.zone)
    known: list[tuple[str | None, float]] = []
    at: dict[str, list[int]] = {}
    for one in facts.waits:
        if one.wait.kind in kinds:
            person = persons.get((one.source, one.wait.account.casefold()))
            served = {teams[each] for each in one.key_results if each in teams}
            place = {person.team} if person is not None and person.team is not None else served
            days = ((one.wait.until or end) - one.wait.since).total_seconds() / _DAY
            for team in place:
                at.setdefault(team, []).append(len(known))
            known.append((None if person is None else person.id, days))
    for lead in _leads(facts):
        here = [known[each] for each in sorted({each for team in lead.teams for each in at.get(team, ())})]
        own = [long for person, long in here if person == lead.person]
        yield lead, own, [long for person, long in here if person != lead.person]


_Of = Callable[[Objective, KeyResult], Iterable[str | None]]


def _grouped(facts: Facts, of: _Of) -> dict[str | None, list[tuple[Objective, KeyResult]]]:
    """The key results by whatever ``of`` says of each."""
    found: dict[str | None, list[tuple[Objective, KeyResult]]] = {}
    for objective, key_result in facts.key_results():
        for each in of(objective, key_result):
            found.setdefault(each, []).append((objective, key_result))
    return found


def _by_team(facts: Facts) -> dict[str | None, list[tuple[Objective, KeyResult]]]:
    return _grouped(facts, lambda objective, _kr: (objective.team,))


def _by_owner(facts: Facts) -> dict[str | None, list[tuple[Objective, KeyResult]]]:
    """Both owners count: of the key result, and of its objective."""
    return _grouped(facts, lambda objective, key_result: {key_result.owner, objective.owner})


def _owns(facts: Facts) -> Iterator[Found]:
    of_team = facts.once(_by_team)
    for lead in _leads(facts):
        owners = [key_result.owner or objective.owner for objective, key_result in of_team.get(lead.team.id, ())]
        part = owners.count(lead.person)
        if len(owners) >= facts.thresholds.owned and part / len(owners) > facts.thresholds.lead:
            yield Found(
                lead.subject,
                _("{name} owns {part} of the {whole} key results of the team that they lead, {team}").format(
                    name=lead.name, part=part, whole=len(owners), team=name_of(facts, lead.team.id)
                ),
                action=_("{who}: give key results to those who can move them.").format(who=lead.name),
            )


def _details(facts: Facts) -> Iterator[Found | NotJudged]:
    workers, fair = facts.once(Workers), facts.cycle.check_in * facts.thresholds.fair
    if end_of(facts.as_of, facts.zone).date() - facts.cycle.start < fair:
        return
    finished = Counter(workers.person_of(piece) for piece in facts.completed if not _is_commit(piece))
    checked = {each.key_result for each in facts.check_ins if each.at >= facts.cycle.start}
    of_team, of_owner = facts.once(_by_team), facts.once(_by_owner)
    for lead in _leads(facts):
        theirs = (*of_team.get(lead.team.id, ()), *of_owner.get(lead.person, ()))
        own = {key_result.id for _, key_result in theirs}
        done, said = finished[lead.person], not own.isdisjoint(checked)
        if own and done >= facts.thresholds.few and not said:
            yield Found(
                lead.subject,
                ngettext(
                    "{name} finished {count} piece of work in the cycle, and nobody has checked in on the key results "
                    "of {team}",
                    "{name} finished {count} pieces of work in the cycle, and nobody has checked in on the key results "
                    "of {team}",
                    done,
                ).format(name=lead.name, count=done, team=name_of(facts, lead.team.id)),
                (
                    ngettext(
                        "{count} key result is theirs or their team's.",
                        "{count} key results are theirs or their team's.",
                        len(own),
                    ).format(count=len(own)),
                ),
                ngettext(
                    "{who}: look at the outcomes first, every {count} day.",
                    "{who}: look at the outcomes first, every {count} days.",
                    facts.cycle.check_in.days,
                ).format(who=lead.name, count=facts.cycle.check_in.days),
            )


_WHO = (
    " Only leads who stand under `people:` are judged; a team is taken with the teams below it, work belongs to the "
    "team that its assignee names, else to the one whose key results it serves. Commits are not counted."
)

RULES: tuple[Rule, ...] = (
    Rule(
        "B001",
        "bottleneck",
        "warning",
        N_("lead who holds most of the team's open work"),
        "Whoever leads does the work instead of leading it: everything goes through one pair of hands.",
        "The share of the team's assigned open pieces that the lead is assigned is above `lead`, and chance explains "
        "that less often than `sure` allows (binomial test). Not judged with fewer than `few` pieces." + _WHO,
        _open,
    ),
    Rule(
        "B002",
        "bottleneck",
        "warning",
        N_("lead who finishes most of the team's work"),
        "The details are done by the one who should decide which of them matter.",
        "As B001, of what was completed in the cycle. A pull request without an assignee is its author's." + _WHO,
        _completed,
    ),
    Rule(
        "B003",
        "bottleneck",
        "warning",
        N_("lead who is asked for most reviews"),
        "Nothing is merged without the lead: the team cannot be quicker than one calendar.",
        "As B001, of the review requests that were open in the cycle. Not judged where no reviews can be read." + _WHO,
        _reviews,
    ),
    Rule(
        "B004",
        "bottleneck",
        "warning",
        N_("work that waits longer for the lead than for the team"),
        "Work stands still until the lead looks at it.",
        "The median time from a review request or assignment to the act, for the lead and for the rest of the team, "
        "with `waits` cases each at least: for the lead `longer` times as long, and `least_wait` days; and the lead's "
        "waits lie above the others' median more often than chance explains (sign test with `sure`)." + _WHO,
        _waiting,
    ),
    Rule(
        "B005",
        "bottleneck",
        "warning",
        N_("lead who owns most of the team's key results"),
        "Key results that all belong to one person belong to nobody else: the team does not answer for outcomes.",
        "The lead owns more than the share `lead` of the team's key results (the objective's owner where a key result "
        "has none), of `owned` key results at least. Only leads who stand under `people:` are judged.",
        _owns,
        configuration=True,
    ),
    Rule(
        "B006",
        "bottleneck",
        "warning",
        N_("many details and no check-ins"),
        "The lead is busy with pieces of work, and nobody says how the outcomes stand.",
        "`fair` check-in periods or more into the cycle the lead has completed `few` pieces or more, and nobody has "
        "checked in on a key result that is theirs or their team's." + _WHO,
        _details,
    ),
)
