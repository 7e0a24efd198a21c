"""What a rule is: a pure function from the facts of a cycle on a day to what it found, or why it could not judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from okrsync.findings.thresholds import Thresholds
from okrsync.model import (
    ChangeReason,
    Cycle,
    GoalVersion,
    ItemWait,
    Judgement,
    KeyResult,
    Measurement,
    Objective,
    Outcome,
    Person,
    Piece,
    Programme,
    RuleLinks,
    SourceStatus,
    Team,
)
from okrsync.report.value import Mode, Severity, Subject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PastOutcome:
    """What became of a key result of an earlier cycle: its outcome once the cycle's end and its lag had passed."""

    cycle: Cycle
    objective: Objective
    key_result: KeyResult
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may look at: values alone, as known on the day of judgement.

    ``okrsync check`` knows the configuration alone: there ``store`` is False, and everything below it is empty.
    """

    as_of: date
    """The day of judgement; for ``check``, the cycle's first day."""
    cycle: Cycle
    zone: ZoneInfo
    programme: Programme
    """All cycles on file."""
    people: tuple[Person, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    store: bool = True
    """False when only the configuration was read: then an empty tuple below says nothing."""
    judgements: tuple[Judgement, ...] = ()
    """Every key result of the cycle, retired ones included, in the order of the files."""
    completed: tuple[Piece, ...] = ()
    """Every piece of work completed in the window, each once; ``key_results`` name key results of this cycle alone."""
    open: tuple[Piece, ...] = ()
    """Every piece that was open at the end of the day."""
    rules: tuple[RuleLinks, ...] = ()
    """What each work rule of the cycle's key results matches; a rule that matches nothing is among them."""
    sources: tuple[SourceStatus, ...] = ()
    """How fresh each scope is; a configured source of which nothing was read yet is among them."""
    check_ins: tuple[Measurement, ...] = ()
    """What people said of the cycle's key results, of days up to the day of judgement; oldest first."""
    after_retirement: tuple[Piece, ...] = ()
    """Work that was created or completed after a key result it serves had been retired; ``key_results`` name these."""
    versions: Mapping[str, tuple[GoalVersion, ...]] = field(default_factory=dict)
    """Every version of each goal up to the day of judgement, by id, oldest first; see ``okrsync.goals``."""
    reasons: Mapping[str, tuple[ChangeReason, ...]] = field(default_factory=dict)
    """Every reason for a change of each goal, by id, whenever it was given."""
    waits: tuple[ItemWait, ...] = ()
    """Who was waited for in the cycle, up to the day of judgement; empty where no source tells."""
    past: tuple[PastOutcome, ...] = ()
    """Key results of earlier cycles that share a metric, or a strategy pillar, that stands still now; oldest first."""
    _made: dict[Callable[[Facts], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[[Facts], T]) -> T:
        """``make(self)``, made the first time that any rule asks for it: an index that several rules read."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]  # type: ignore[no-any-return]  # it is what `make` gave

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The cycle's objectives, in the order of the files."""
        return self.once(_objectives)

    def key_results(self) -> Iterator[tuple[Objective, KeyResult]]:
        """The cycle's key results but those that are retired, each with its objective, in the order of the files."""
        for objective in self.objectives:
            for key_result in objective.key_results:
                if not self.is_retired(key_result):
                    yield objective, key_result

    def is_retired(self, key_result: KeyResult) -> bool:
        """True when it has been dropped by the day of judgement; for ``check``, when it has been dropped at all."""
        retired = key_result.retired
        return retired is not None and (not self.store or retired.on <= self.as_of)


def _objectives(facts: Facts) -> tuple[Objective, ...]:
    return facts.programme.objectives_of(facts.cycle.id)


def of_objective(objective: Objective) -> Subject:
    """An objective as a subject."""
    return Subject("objective", objective.id)


def of_key_result(key_result: KeyResult) -> Subject:
    """A key result as a subject."""
    return Subject("key_result", key_result.id)


def of_team(team: Team) -> Subject:
    """A team as a subject."""
    return Subject("team", team.id)


@dataclass(frozen=True, slots=True)
class Found:
    """A rule fired for one subject."""

    subject: Subject
    message: str
    """One sentence: what is wrong, naming the subject."""
    evidence: tuple[str, ...] = ()
    """How one knows: numbers, names, days."""
    action: str = ""
    """What to do next, and who."""
    severity: Severity | None = None
    """None for the rule's own."""
    line: int | None = None
    """Where in the subject's file it stands; None for the line of the subject itself."""
    yields_to: tuple[str, ...] = ()
    """Rules to which this finding yields besides those of its rule."""


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule lacked the data it needs, for one subject or (None) for all."""

    subject: Subject | None
    because: str
    """Goes on after "not judged, because": lower case, no full stop."""


Check: TypeAlias = Callable[[Facts], Iterable[Found | NotJudged]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one failure mode; its page in the documentation is made from it."""

    id: str
    """``S001``: the mode's letter and a number that is never used again."""
    mode: Mode
    severity: Severity
    title: str
    """What is wrong, in a few words: the heading of its page."""
    meaning: str
    """What it means when the rule fires, and why it matters: a paragraph in Markdown."""
    computed: str
    """How it is computed, thresholds by name: a paragraph in Markdown."""
    check: Check
    configuration: bool = False
    """True when the configuration alone suffices (``Facts.store`` may be False): ``okrsync check`` runs it too."""
    yields_to: tuple[str, ...] = ()
    """Rules that say the same of the same subject, or of the objective, team or level that it belongs to, and better.

    Where one of these fires and is at least as severe, this rule's finding becomes a line of its evidence.
    """
