"""What a rule is: a pure function from the facts of a cycle on a day to what it found, or why it could not judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from okrsync.model import Cycle, Judgement, Person, Piece, Programme
from okrsync.report.value import Mode, Severity, Subject


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may look at: values alone, as known on the day of judgement."""

    as_of: date
    cycle: Cycle
    zone: ZoneInfo
    programme: Programme
    """All cycles on file."""
    people: tuple[Person, ...]
    judgements: tuple[Judgement, ...]
    """Every key result of the cycle, retired ones included, in the order of the files."""
    completed: tuple[Piece, ...]
    """Every piece of work completed in the window, each once; ``key_results`` name key results of this cycle alone."""
    open: tuple[Piece, ...] = ()
    """Every piece that was open at the end of the day."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule fired for one subject."""

    subject: Subject
    message: str
    evidence: tuple[str, ...]
    action: str
    """What to do next, and who."""
    severity: Severity | None = None
    """None for the rule's own."""


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule lacked the data it needs, for one subject or (None) for all."""

    subject: Subject | None
    because: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one failure mode; its page in the documentation is made from it."""

    id: str
    """``S001``: the mode's letter and a number that is never used again."""
    mode: Mode
    severity: Severity
    title: str
    check: Callable[[Facts], Iterable[Found | NotJudged]]
