"""The five failure modes in one table and five lists: does the programme suffer from it, how one knows, what next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from okrsync.report import words
from okrsync.report.escape import clean
from okrsync.report.value import MODES, Finding, Mode, Report, Subject, Unjudged

NAMED = 4
"""How many subjects of one rule are named in the table; the list below it has them all."""


@dataclass(frozen=True, slots=True)
class ModeView:
    """One failure mode, ready to be shown."""

    mode: Mode
    findings: tuple[Finding, ...]
    """The gravest first."""
    not_judged: tuple[Unjudged, ...]

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
            return words.plural(len(self.serious), "finding")
        if self.not_judged and all(unjudged.subject is None for unjudged in self.not_judged) and not self.findings:
            return "nothing found, as far as it could be judged"
        return "nothing found"

    @property
    def evidence(self) -> str:
        """What was found, rule by rule: the gravest finding in words, the others by their subjects."""
        parts = []
        for _, group in groupby(self.serious, key=lambda finding: finding.rule):
            same = list(group)
            first = same[0]
            text = f"{_sentence(first.message)} ({first.rule}"
            others = [clean(finding.subject.id, 40) for finding in same[1:]]
            if others:
                more = f" and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
                text += f"; also {', '.join(others[:NAMED])}{more}"
            parts.append(f"{text})")
        return " ".join(parts[:3]) + (f" And {words.plural(len(parts) - 3, 'other rule')}." if len(parts) > 3 else "")

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
            f"{', '.join(rules)}{' for ' + subjects if subjects else ''} not judged, because {because}."
            for (because, subjects), rules in lines.items()
        ]


def modes(report: Report) -> list[ModeView]:
    """All five, in the order of the contract."""
    return [
        ModeView(
            mode,
            tuple(finding for finding in report.findings if finding.mode == mode),
            tuple(unjudged for unjudged in report.not_judged if unjudged.mode == mode),
        )
        for mode in MODES
    ]


def _listed(subjects: Iterable[Subject]) -> str:
    ids = [clean(subject.id, 40) for subject in subjects]
    return ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else "")


def _sentence(message: str) -> str:
    text = message.rstrip(".")
    return text[:1].upper() + text[1:]
