"""The values that every part of okrsync exchanges: immutable, and free of any vendor, network or database.

All ``datetime`` values are aware and in UTC. A ``date`` is a day in the configured time zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NewType

import msgspec

TeamId = NewType("TeamId", str)
PersonId = NewType("PersonId", str)
ObjectiveId = NewType("ObjectiveId", str)
KeyResultId = NewType("KeyResultId", str)

# --- work -------------------------------------------------------------------------------------------------------------


class ItemKind(StrEnum):
    """What a work item is, whatever its service calls it."""

    ISSUE = "issue"
    PULL_REQUEST = "pull_request"
    COMMIT = "commit"


class ItemState(StrEnum):
    """Where a work item stands; ``DONE`` says nothing yet about why (see ``WorkItem.resolution``)."""

    TODO = "todo"
    DOING = "doing"
    DONE = "done"


class ReferenceKind(StrEnum):
    """How a work item points at something else."""

    CLOSES = "closes"
    """A pull request closes this issue: the service says so, or a closing keyword does."""
    NAMES = "names"
    """The text or branch names this issue or pull request."""
    CONTAINS = "contains"
    """A pull request brought this commit; the target is the commit's full hash."""
    KEY_RESULT = "key_result"
    """A ``KR:`` trailer names this key result."""


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A pointer as it was written; the store finds out whether there is anything at the other end."""

    kind: ReferenceKind
    target: str
    """Normalised: ``SHOP-101``, ``acme/storefront#45`` (lower case), a 40-digit hash, or a key result's id."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A work item waited for somebody: a review was asked for, or it was assigned and had to be begun."""

    kind: Literal["review", "assignment"]
    account: str
    """The identity, at the source, of the account that was waited for."""
    since: datetime
    until: datetime | None
    """When that account acted, or was no longer asked; None while it is still waited for."""


class WorkItem(msgspec.Struct, frozen=True, gc=False):
    """An issue, a pull request or a commit. ``msgspec.structs.replace`` makes one with other fields.

    The one value that there are millions of: a frozen dataclass takes four times as long to make.
    """

    id: str
    """The source's own identity, which never changes: it survives a move, a new key and a renamed repository."""
    kind: ItemKind
    type: str
    """The service's word, for people and for ``types`` in rules: ``Story``, ``Bug``, ``pull_request``, ``commit``."""
    level: int
    """0 for a standard issue, a pull request or a commit; -1 for a sub-task; 1 for an epic, more for what is above."""
    key: str
    """How people name it: ``SHOP-101``, ``acme/storefront#45``, a commit's hash."""
    project: str
    """Jira project key or repository ``owner/name``, as rules name it in ``projects`` or ``repos``."""
    title: str
    url: str | None
    """Where a person opens it; None when there is no such place (a local clone without a known remote)."""
    state: ItemState
    status: str
    """The service's own word for where it stands."""
    created_at: datetime
    updated_at: datetime
    done_at: datetime | None
    """When it was resolved, closed, merged or committed; None unless ``state`` is ``DONE``."""
    status_id: str | None = None
    resolution: str | None = None
    """Why it is done: a Jira resolution, GitHub's ``completed``, ``not_planned``, ``duplicate``; ``unmerged``."""
    resolution_id: str | None = None
    assignee: str | None = None
    """The account's identity at the source."""
    author: str | None = None
    """The account that reported, opened or committed it."""
    parent_id: str | None = None
    """``id`` of the parent at the same source, where the service gives it."""
    parent_key: str | None = None
    """Key of the parent, where the service gives only that (an epic link)."""
    points: float | None = None
    """Story points."""
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """Fix versions."""
    milestones: tuple[str, ...] = ()
    sprints: tuple[str, ...] = ()
    """All sprints it has been in."""
    paths: tuple[str, ...] = ()
    """Files a commit changed, relative to the repository."""
    references: tuple[Reference, ...] = ()
    former_keys: tuple[str, ...] = ()
    """Keys it is known to have had before, where the service tells."""
    waits: tuple[Wait, ...] = ()
    """Whom it waited for and how long, where that is cheap to learn."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A Jira version or sprint, a GitHub milestone or release."""

    id: str
    """The source's own identity; unique together with ``kind``."""
    kind: Literal["version", "sprint", "milestone", "release"]
    project: str | None
    """None for a sprint, which may span projects."""
    name: str
    state: Literal["open", "closed"]
    start: date | None = None
    due: date | None = None
    closed: date | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What is synced as one: a Jira project, a GitHub repository, a git clone."""

    source: str
    """Name of the source in ``okrsync.yaml``."""
    id: str
    """As the configuration names it (or as an organisation lists it): stable between runs."""


# --- goals ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cycle:
    """The time in which a set of key results is to be reached; both days belong to it."""

    id: str
    start: date
    end: date
    check_in: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pillar:
    """A strategy pillar."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """A rule of ``okrsync.findings`` that is silenced for one subject, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Team:
    """A team in the tree of teams."""

    id: str
    level: str
    parent: str | None = None
    lead: str | None = None
    name: str | None = None
    ignore: tuple[Ignore, ...] = ()
    file: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with their account at each source."""

    id: str
    name: str | None = None
    team: str | None = None
    accounts: tuple[tuple[str, str], ...] = ()
    """Pairs of source name and account."""


@dataclass(frozen=True, slots=True)
class WorkRule:
    """Which work serves a key result: all keys given must match; within a key, any value."""

    source: str | None = None
    projects: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    epics: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()
    sprints: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    title: str | None = None
    """A Python regular expression, searched for (not anchored)."""
    paths: tuple[str, ...] = ()
    """Globs over the files of a commit: ``**`` crosses folders; a folder's name takes all below it."""
    line: int | None = field(default=None, compare=False)
    """Where it stands in its file, for messages."""


class Kind(StrEnum):
    """What a key result promises."""

    METRIC = "metric"
    MAINTAIN = "maintain"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Metric:
    """How a key result is measured."""

    unit: str | None = None
    baseline: float | None = None
    target: float | None = None
    direction: Literal["at_least", "at_most"] | None = None
    """For ``maintain``: on which side of the target the value must stay."""
    cadence: timedelta = timedelta(days=7)
    """How often a new value is expected."""
    lag: timedelta = timedelta(0)
    """How long after work is completed the outcome can show it."""
    cumulative: bool = False
    """The series only ever adds up: it is differenced before it is judged."""
    counted: bool = False
    """A value counts what happened in its period, so the period that is still running is incomplete."""
    source_type: str = "manual"
    """Which outcome source measures it."""
    source_settings: object = None
    """That source's validated settings."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """A goal that was dropped."""

    on: date
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeReason:
    """Why a goal was changed, as its file says under ``changes:``."""

    on: date
    """The day of the change."""
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A team has seen a version of a goal that its own objective supports."""

    goal: str
    """Id of the objective or key result above."""
    revision: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class KeyResult:
    """A result somebody promised, and how one sees it."""

    id: str
    objective: str
    title: str
    owner: str | None
    kind: Kind
    metric: Metric
    work: tuple[WorkRule, ...] = ()
    retired: Retirement | None = None
    ignore: tuple[Ignore, ...] = ()
    changes: tuple[ChangeReason, ...] = ()
    file: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Objective:
    """What a team wants to achieve in a cycle."""

    id: str
    cycle: str
    team: str
    title: str
    key_results: tuple[KeyResult, ...]
    strategy: str | None = None
    serves: str | None = None
    owner: str | None = None
    supports: str | None = None
    """Id of the objective or key result above that this one serves."""
    ignore: tuple[Ignore, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    changes: tuple[ChangeReason, ...] = ()
    file: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


GoalKind = Literal["objective", "key_result"]


@dataclass(frozen=True, slots=True)
class GoalVersion:
    """What the files of goals said about one goal from some moment on; ``okrsync.goals`` reads it."""

    kind: GoalKind
    goal: str
    seen_at: datetime
    """When a run first saw it, or when the commit that made it was committed."""
    revision: str
    """A digest of what the goal promises, see ``okrsync.goals``; empty when the files no longer had it."""
    content: str | None
    """Canonical JSON of what the files said; None when they no longer had it."""
    commit: str | None = None
    """The git commit that made it; None when a run saw it."""
    author: str | None = None
    subject: str | None = None
    """The first line of the commit's message."""
    reason: str | None = None
    """What the commit's message gives as ``Reason:``."""


@dataclass(frozen=True, slots=True)
class Programme:
    """All that ``okrs/*.yaml`` declares, over all cycles."""

    cycles: tuple[Cycle, ...] = ()
    strategy: tuple[Pillar, ...] = ()
    teams: tuple[Team, ...] = ()
    objectives: tuple[Objective, ...] = ()

    def objectives_of(self, cycle: str) -> tuple[Objective, ...]:
        """The objectives of one cycle, in the order of the files."""
        return tuple(objective for objective in self.objectives if objective.cycle == cycle)

    def key_results_of(self, cycle: str) -> tuple[KeyResult, ...]:
        """The key results of one cycle, in the order of the files."""
        return tuple(kr for objective in self.objectives_of(cycle) for kr in objective.key_results)


# --- outcomes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measurement:
    """A key result's value at a time, and where it came from."""

    key_result: str
    at: date
    """First day of the period it stands for; for a plain reading, its day."""
    value: float
    origin: str
    """``manual``, ``csv``, ``sql`` …"""
    recorded_at: datetime
    """When okrsync learned it."""
    confidence: float | None = None
    """0 to 10; only a person gives one."""
    note: str | None = None
    by: str | None = None
    """Who checked it in."""


class Movement(StrEnum):
    """Has the outcome left where it stood before the cycle, by more than its noise?"""

    TOWARD = "toward"
    AWAY = "away"
    FLAT = "flat"
    UNKNOWN = "unknown"


class Trend(StrEnum):
    """The cycle against what the trend before it foretold."""

    CONTINUED = "continued"
    BETTER = "better"
    WORSE = "worse"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where the outcome will stand at the cycle's end: an 80% interval and its middle."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class MovementResult:
    """What ``okrsync.movement`` finds in one series."""

    movement: Movement
    trend: Trend
    rule: str
    """In words: by which rule, from what."""
    points: int
    """How many points of the series were used."""
    centre: float | None = None
    """The level before the cycle."""
    low: float | None = None
    high: float | None = None
    """The usual range around ``centre``; None when the noise is not known."""
    forecast: Forecast | None = None


# --- links and judgement ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A work item serves a key result, and why we say so."""

    key_result: str
    item_key: str
    item_title: str
    item_url: str | None
    source: str
    rule: str
    """``work[2]: labels=activation``, ``trailer KR: KR1.1``, …"""
    reason: str = "rule"
    """``rule`` or ``trailer`` where the item itself is meant, else what it has to do with ``via``: ``parent``,
    ``closes`` or ``names``."""
    via: str | None = None
    """Key of the item that the link came through: an epic, a parent."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work: the unit that is counted (an issue with its sub-tasks, pull requests and commits …)."""

    id: int
    source: str
    scope: str
    """Name of the scope, as people know it now."""
    key: str
    title: str
    url: str | None
    created_at: datetime
    updated_at: datetime
    """The latest change of any of its parts."""
    done_at: datetime | None
    counts: bool
    """True when ``done_at`` is a completion; False when it was dropped (``Won't Do``, ``not_planned``, unmerged)."""
    key_results: frozenset[str] = frozenset()
    assignee: str | None = None
    """The account that does it, as its source knows it; of a pull request or commit without an assignee, its author."""
    number: int = 1
    """How many it stands for: many only where ``okrsync.store.read.pieces`` folds what nobody looks at one by one."""


@dataclass(frozen=True, slots=True)
class RuleLinks:
    """What one work rule matches in the store, in all time."""

    key_result: str
    index: int
    """Its place among the key result's rules; 1 is the first."""
    items: int
    """Work items, epics included."""
    pieces: int | None
    """Pieces of work that have one of these items, or stand below one; None where these are surely few."""
    of: int
    """All pieces of the sources that the rule can match: the one it names, or every one; where ``pieces`` is None, at
    least so many."""


@dataclass(frozen=True, slots=True)
class WorkText:
    """What is written on a piece of work, to compare it with others."""

    piece: Piece
    project: str
    """As ``projects`` or ``repos`` of a work rule name it."""
    facets: tuple[tuple[str, str], ...] = ()
    """Pairs of a work rule's key and a value: ``("labels", "payouts")``, ``("epics", "SHOP-12")``."""
    epic_title: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A work rule that somebody may want to paste, and the unlinked pieces of work that speak for it."""

    key_result: str
    rule: str
    """In YAML, as a list entry under ``work:`` takes it: ``{source: shop-jira, labels: [payouts]}``."""
    pieces: tuple[tuple[Piece, float], ...]
    """Each with its score, 0 to 1: the best first."""

    @property
    def score(self) -> float:
        """The mean of its pieces' scores."""
        return sum(score for _, score in self.pieces) / len(self.pieces)


@dataclass(frozen=True, slots=True)
class ItemWait:
    """A wait as the store gives it back: with the item that waited."""

    source: str
    key: str
    """Of the item that waited."""
    wait: Wait
    key_results: frozenset[str] = frozenset()
    """Which key results the item's pieces of work serve."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened in the window, in pieces of work."""

    opened: int = 0
    open: int = 0
    completed: int = 0
    settled: int = 0
    active: int = 0
    last_completed: date | None = None


class Verdict(StrEnum):
    """Activity × movement."""

    ACHIEVED = "achieved"
    DELIVERING = "delivering"
    BUSY = "busy"
    TOO_EARLY = "too_early"
    BUILDING = "building"
    UNATTRIBUTED = "unattributed"
    NEGLECTED = "neglected"
    UNMEASURED = "unmeasured"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a key result's outcome on the day of judgement."""

    movement: Movement
    trend: Trend
    rule: str
    points: int
    baseline: float | None
    target: float | None
    current: float | None
    progress: float | None
    """(current − baseline) / (target − baseline), a fraction; None when one of them is missing or the gap is 0."""
    measured_at: date | None
    origin: str | None
    stale: bool = False
    low: float | None = None
    high: float | None = None
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One key result, judged."""

    key_result: KeyResult
    objective: Objective
    verdict: Verdict
    since: date | None
    """First day of the unbroken run of replayed days with this verdict."""
    activity: Activity
    outcome: Outcome
    reasons: tuple[str, ...]
    """The verdict in sentences, the strongest first."""
    series: tuple[Measurement, ...] = ()
    """What was judged, oldest first, after differencing."""
    check_ins: tuple[Measurement, ...] = ()
    """What people said, beside an automatic series."""
    completed: tuple[Piece, ...] = ()
    """What was completed in the window, latest first."""
    failure: str | None = None
    """Why its outcome source could not be read the last time; what it gave before is judged."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How fresh and complete the data of one scope is."""

    source: str
    scope: str
    last_success: datetime | None
    items: int
    removed: int
    """Items that the source no longer has, over all time."""
    state: Literal["fresh", "stale", "failed", "never"]
    error: str | None = None
