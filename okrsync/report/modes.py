"""The five failure modes in one table and five lists: does the programme suffer from it, how one knows, what next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from okrsync.language import _, run_on
from okrsync.report import words
from okrsync.report.escape import clean
from okrsync.report.value import MODES, Finding, Implied, Mode, Report, Subject, Unjudged

MOST_RULES = 3
"""How many rules the table says in words."""
NAMED = 4
"""How many subjects of one rule are named in the table; the list below it has them all."""


@dataclass(frozen=True, slots=True)
class ModeView:
    """One failure mode, ready to be shown."""

    mode: Mode
    findings: tuple[Finding, ...]
    """The gravest first."""
    not_judged: tuple[Unjudged, ...]
    implied: tuple[Implied, ...] = ()
    """What other modes' findings say as well."""

    @property
    def name(self) -> str:
        """``alignment``."""
        return words.MODES[self.mode].name

    @property
    def serious(self) -> tuple[Finding, ...]:
        """Those that ask for something to be done."""
        return tuple(finding for finding in self.findings if finding.severity != "info")

    @property
    def state(self) -> str:
        """Whether the programme suffers from it: ``3 findings``, ``nothing found``, ``not judged``."""
        if self.serious:
            return words.findings(len(self.serious))
        if self.implied:
            rules = _(", ").join(sorted({each.by for each in self.implied}))
            return _("nothing beside what {rules} says").format(rules=rules)
        if self.not_judged and all(unjudged.subject is None for unjudged in self.not_judged) and not self.findings:
            return _("nothing found, as far as it could be judged")
        return _("nothing found")

    @property
    def groups(self) -> tuple[tuple[Finding, ...], ...]:
        """The findings rule by rule."""
        return tuple(tuple(same) for _rule, same in groupby(self.findings, key=lambda finding: finding.rule))

    @property
    def evidence(self) -> str:
        """What was found, rule by rule: the first finding in words, the others by their subjects."""
        rules = [same for same in self.groups if same[0] in self.serious]
        parts = []
        for same in rules[:MOST_RULES]:
            others = also(same)
            said = _("{message} ({rule}; also {others}).") if others else _("{message} ({rule}).")
            parts.append(said.format(message=sentence(same[0].message)[:-1], rule=same[0].rule, others=others))
        rest = rules[MOST_RULES:]
        if rest:
            rules_left = _(", ").join(f"{same[0].rule} ({len(same)})" for same in rest)
            parts.append(_("And {rules}.").format(rules=rules_left))
        return run_on(parts)

    @property
    def next(self) -> str:
        """What to do about the gravest finding."""
        return self.serious[0].action if self.serious else ""

    @property
    def gaps(self) -> list[str]:
        """What could not be judged and why, the same reason once."""
        said: dict[tuple[str, str], list[Subject]] = {}
        for unjudged in self.not_judged:
            subjects = said.setdefault((unjudged.because, unjudged.rule), [])
            if unjudged.subject is not None:
                subjects.append(unjudged.subject)
        lines: dict[tuple[str, str], list[str]] = {}
        for (because, rule), subjects in said.items():
            lines.setdefault((because, _listed(subjects)), []).append(rule)
        return [
            (
                _("{rules} for {subjects} not judged, because {because}.")
                if subjects
                else _("{rules} not judged, because {because}.")
            ).format(rules=_(", ").join(rules), subjects=subjects, because=because)
            for (because, subjects), rules in lines.items()
        ]


def modes(report: Report) -> list[ModeView]:
    """All five, in the order of the contract."""
    return [
        ModeView(
            mode,
            tuple(finding for finding in report.findings if finding.mode == mode),
            tuple(unjudged for unjudged in report.not_judged if unjudged.mode == mode),
            tuple(each for each in report.implied if each.finding.mode == mode),
        )
        for mode in MODES
    ]


def _listed(subjects: Iterable[Subject]) -> str:
    ids = [clean(subject.id, 40) for subject in subjects]
    named = _(", ").join(ids[:NAMED])
    return f"{named} {words.more(len(ids) - NAMED)}" if len(ids) > NAMED else named


def sentence(message: str) -> str:
    """A message as a sentence."""
    text = message.rstrip(".。")
    return _("{sentence}.").format(sentence=f"{text[:1].upper()}{text[1:]}")


def also(findings: Sequence[Finding]) -> str:
    """The subjects of all but the first of a rule's findings, by id; empty when it is the only one."""
    return _listed(finding.subject for finding in findings[1:])
