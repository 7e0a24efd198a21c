"""Running the rules: what they found, what they could not judge, and what somebody silenced for a reason.

One cause is one finding: where two rules speak of the same, one yields to the other (``Rule.yields_to``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from okrsync.findings.interface import Facts, Found, NotJudged, Rule
from okrsync.findings.telling import listed
from okrsync.language import _
from okrsync.model import Ignore, Programme
from okrsync.report.value import SEVERITIES, Finding, Implied, Silenced, Subject, Unjudged


@dataclass(frozen=True, slots=True)
class Silence:
    """One rule is silenced, for one subject or (None) for all."""

    rule: str
    subject: Subject | None
    reason: str


@dataclass(frozen=True, slots=True)
class Located:
    """A finding and where its subject stands in the files of goals."""

    finding: Finding
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What all rules said."""

    located: tuple[Located, ...] = ()
    """In the order of the rules."""
    not_judged: tuple[Unjudged, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    implied: tuple[Implied, ...] = ()
    """What yielded to one of ``located``, whose evidence names it."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings alone."""
        return tuple(each.finding for each in self.located)


def diagnose(facts: Facts, rules: Iterable[Rule], silences: Iterable[Silence] = ()) -> Diagnosis:
    """Run ``rules`` over ``facts``; of a configuration alone, only those for which it suffices.

    What stands under ``ignore:`` at the goals and teams of ``facts.programme`` holds as well as ``silences``.
    """
    reasons = {(each.rule, each.subject): each.reason for each in (*silences, *_declared(facts.programme))}
    places = _places(facts.programme)
    located: list[Located] = []
    yields: dict[tuple[str, Subject], tuple[str, ...]] = {}
    not_judged: list[Unjudged] = []
    silenced: list[Silenced] = []
    for rule in rules:
        if not (facts.store or rule.configuration):
            continue
        for said in rule.check(facts):
            reason = reasons.get((rule.id, said.subject), reasons.get((rule.id, None)))
            if isinstance(said, NotJudged):
                if reason is None:
                    not_judged.append(Unjudged(rule.mode, rule.id, said.subject, said.because))
                continue
            finding = _finding(rule, said)
            if reason is not None:
                silenced.append(Silenced(finding, reason))
                continue
            yields[rule.id, said.subject] = (*rule.yields_to, *said.yields_to)
            file, line = places.get(said.subject, (None, None))
            located.append(Located(finding, file, said.line or line))
    shown, implied = _one_a_cause(located, yields, _holders(facts.programme))
    return Diagnosis(tuple(shown), tuple(not_judged), tuple(silenced), tuple(implied))


_Key = tuple[str, Subject]


def _one_a_cause(
    located: list[Located], yields: Mapping[_Key, tuple[str, ...]], holders: Mapping[Subject, tuple[Subject, ...]]
) -> tuple[list[Located], list[Implied]]:
    """Those that stand for themselves, with what the others add to their evidence; and the others."""
    by_key = {(each.finding.rule, each.finding.subject): each.finding for each in located}

    def stronger(finding: Finding) -> Finding | None:
        """What a finding yields to: an error never yields to a warning."""
        places = (finding.subject, *holders.get(finding.subject, ()))
        for rule in yields[finding.rule, finding.subject]:
            for place in places:
                other = by_key.get((rule, place))
                if other is None or other is finding:
                    continue
                if SEVERITIES.index(other.severity) <= SEVERITIES.index(finding.severity):
                    return other
        return None

    shown: list[Located] = []
    implied: list[Implied] = []
    parts: dict[_Key, dict[str, list[str]]] = {}
    for each in located:
        top = each.finding
        while (above := stronger(top)) is not None:
            top = above
        if top is each.finding:
            shown.append(each)
            continue
        implied.append(Implied(each.finding, top.rule))
        told = parts.setdefault((top.rule, top.subject), {}).setdefault(each.finding.rule, [])
        told.append(each.finding.subject.id)
    return [_with_parts(each, parts.get((each.finding.rule, each.finding.subject))) for each in shown], implied


def _with_parts(located: Located, parts: Mapping[str, list[str]] | None) -> Located:
    if not parts:
        return located
    others = _("; ").join(
        _("{rule}: {goals}").format(rule=rule, goals=listed(list(dict.fromkeys(ids))))
        for rule, ids in sorted(parts.items())
    )
    finding = located.finding
    line = _("The same shows elsewhere ({findings}).").format(findings=others)
    return replace(located, finding=replace(finding, evidence=(*finding.evidence, line)))


def _holders(programme: Programme) -> dict[Subject, tuple[Subject, ...]]:
    """What each goal and team belongs to: its objective, its team, its level."""
    found: dict[Subject, tuple[Subject, ...]] = {
        Subject("team", team.id): (Subject("level", team.level),) for team in programme.teams
    }
    for objective in programme.objectives:
        team = Subject("team", objective.team)
        above = (team, *found.get(team, ()))
        found[Subject("objective", objective.id)] = above
        for key_result in objective.key_results:
            found[Subject("key_result", key_result.id)] = (Subject("objective", objective.id), *above)
    return found


def _finding(rule: Rule, found: Found) -> Finding:
    return Finding(
        mode=rule.mode,
        rule=rule.id,
        severity=found.severity or rule.severity,
        subject=found.subject,
        message=found.message,
        evidence=found.evidence,
        action=found.action,
    )


def _declared(programme: Programme) -> Iterable[Silence]:
    def of(subject: Subject, ignores: tuple[Ignore, ...]) -> Iterable[Silence]:
        return (Silence(each.rule, subject, each.reason) for each in ignores)

    for team in programme.teams:
        yield from of(Subject("team", team.id), team.ignore)
    for objective in programme.objectives:
        yield from of(Subject("objective", objective.id), objective.ignore)
        for key_result in objective.key_results:
            yield from of(Subject("key_result", key_result.id), key_result.ignore)


def _places(programme: Programme) -> dict[Subject, tuple[str | None, int | None]]:
    places = {Subject("team", team.id): (team.file, team.line) for team in programme.teams}
    for objective in programme.objectives:
        places[Subject("objective", objective.id)] = (objective.file, objective.line)
        for key_result in objective.key_results:
            places[Subject("key_result", key_result.id)] = (key_result.file, key_result.line)
    return places
