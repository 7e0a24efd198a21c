"""Running the rules: what they found, what they could not judge, and what somebody silenced for a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from okrsync.findings.interface import Facts, Found, NotJudged, Rule
from okrsync.model import Ignore, Programme
from okrsync.report.value import Finding, Silenced, Subject, Unjudged


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
            file, line = places.get(said.subject, (None, None))
            located.append(Located(finding, file, said.line or line))
    return Diagnosis(tuple(located), tuple(not_judged), tuple(silenced))


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
