"""An organisation as one would describe it: who works where, what they promised, and their habits.

``Organisation.facts()`` lets it live, day by day, and gives what a run would know of it on its day. A planted failure
changes the description, never what a rule reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from okrsync.dates import end_of, start_of
from okrsync.findings.interface import Facts
from okrsync.findings.thresholds import Thresholds
from okrsync.goals import reasons_of, timelines, until, versions_in
from okrsync.judge import Case, judge_together
from okrsync.model import (
    Acknowledgement,
    Cycle,
    GoalVersion,
    ItemWait,
    KeyResult,
    Kind,
    Measurement,
    Metric,
    Objective,
    Person,
    Piece,
    Pillar,
    Programme,
    Retirement,
    RuleLinks,
    SourceStatus,
    Team,
    Wait,
    WorkRule,
)
from okrsync.past import after_retirement, earlier_key_results, past_outcomes
from okrsync.reporting import served_when_done

BEFORE = 20
"""Readings that an automatic source has from before the cycle."""


@dataclass
class Promise:
    """A key result: what its file says, and how it goes with it."""

    id: str
    title: str
    owner: str | None
    kind: Kind
    unit: str | None
    start: float
    """Where the value really stands before the cycle."""
    goal: float
    noise: float
    baseline: float | None
    target: float | None
    direction: Any = None
    cadence: int = 7
    lag: int = 0
    automatic: bool = False
    column: str = "value"
    linked: bool = True
    """It has a work rule."""
    misspelt: bool = False
    """Its rule names a label that nobody uses."""
    takes_all: bool = False
    """Its rule takes whatever there is in the tracker."""
    answers: float = 1.0
    """How much of the way the outcome goes once work for it can show."""
    forgets: float = 0.05
    silent_since: date | None = None
    confidence: tuple[int, int] = (5, 9)
    source_broke: date | None = None
    dropped: date | None = None
    removed: date | None = None
    """Its lines were deleted from the file."""
    carries_on: bool = False
    """Its people were not told that it was dropped."""
    was: list[tuple[date, dict[str, Any]]] = field(default_factory=list)
    """Until such a day the file said something else."""
    before: list[Promise] = field(default_factory=list)
    """What stood for the same in earlier cycles, latest first."""

    def written(self, objective: str, day: date | None = None) -> KeyResult:
        """What the file says, on a day in the past or now."""
        said: dict[str, Any] = {}
        for changed, old in sorted(self.was, key=lambda one: one[0], reverse=True):
            if day is not None and day < changed:
                said |= old
        here = replace(self, **said) if said else self
        milestone = here.kind is Kind.MILESTONE
        rule = WorkRule(source="tracker") if here.takes_all else WorkRule(labels=(f"goal-{here.id.lower()}",))
        metric = Metric(
            cadence=timedelta(days=here.cadence),
            lag=timedelta(days=here.lag),
            unit=None if milestone else here.unit,
            baseline=None if milestone else here.baseline,
            target=None if milestone else here.target,
            direction=here.direction,
            source_type="csv" if here.automatic else "manual",
            source_settings=_Csv(f"metrics/{here.series}.csv", here.column) if here.automatic else None,
        )
        gone = here.dropped is not None and (day is None or here.dropped <= day)
        return KeyResult(
            id=here.id,
            objective=objective,
            title=here.title,
            owner=here.owner,
            kind=here.kind,
            metric=metric,
            work=(rule,) if here.linked else (),
            retired=Retirement(here.dropped, "it no longer fits") if gone and here.dropped else None,
        )

    @property
    def series(self) -> str:
        """The name of what is measured: the same in every cycle."""
        return self.id.split("@")[0]


@dataclass(frozen=True)
class _Csv:
    path: str
    value: str


@dataclass
class Aim:
    """An objective."""

    id: str
    team: str
    cycle: str
    title: str
    promises: list[Promise]
    strategy: str | None
    serves: str | None
    owner: str | None
    supports: str | None = None
    acknowledges: bool = True
    """When what it supports changes, its people write down that they have seen it."""

    def written(self, day: date | None = None, acknowledged: tuple[Acknowledgement, ...] = ()) -> Objective:
        """What the file says, on a day in the past or now."""
        here = [one for one in self.promises if one.removed is None or (day is not None and day < one.removed)]
        return Objective(
            id=self.id,
            cycle=self.cycle,
            team=self.team,
            title=self.title,
            key_results=tuple(one.written(self.id, day) for one in here),
            strategy=self.strategy,
            serves=self.serves,
            owner=self.owner,
            supports=self.supports,
            acknowledged=acknowledged,
        )


@dataclass
class Group:
    """A team and how it works."""

    id: str
    level: str
    parent: str | None
    members: list[str]
    """The lead first."""
    rate: float
    """Pieces of work that it completes in a week."""
    focus: float
    """The share of them that serves its goals."""
    scope: str
    hand: float = 0.2
    """The share of the work that the lead does."""
    eye: float = 0.25
    """The share of the reviews that the lead is asked for."""
    slow: float = 1.0
    """How many days things usually wait for the lead; for others it is 0.7."""
    backlog: int = 4
    drifts: tuple[date, float] | None = None
    """From such a day on its focus is another."""

    @property
    def lead(self) -> str:
        """Who leads it."""
        return self.members[0]


@dataclass
class Organisation:
    """Everything, on a day."""

    random: Random
    cycle: Cycle
    as_of: date
    zone: ZoneInfo
    pillars: list[Pillar]
    groups: list[Group]
    aims: list[Aim]
    unknown: set[str] = field(default_factory=set)
    """People who work and stand in no list of people."""
    outer: Cycle | None = None
    """A longer cycle, in which the top sets its objectives."""
    past: list[Cycle] = field(default_factory=list)
    """Earlier cycles, latest first."""

    def group(self, id_: str) -> Group:
        """A team by its id."""
        return next(one for one in self.groups if one.id == id_)

    def below(self, id_: str) -> list[Group]:
        """The teams right below one."""
        return [one for one in self.groups if one.parent == id_]

    def aims_of(self, id_: str) -> list[Aim]:
        """A team's objectives in the cycle."""
        return [one for one in self.aims if one.team == id_ and one.cycle == self.cycle.id]

    def leaves(self) -> list[Group]:
        """The teams with none below."""
        parents = {one.parent for one in self.groups}
        return [one for one in self.groups if one.id not in parents]

    def above(self, id_: str) -> Iterator[str]:
        """The ids of the teams above one."""
        by_id = {one.id: one for one in self.groups}
        here = by_id[id_].parent
        while here is not None:
            yield here
            here = by_id[here].parent

    # --- living -------------------------------------------------------------------------------------------------------

    def facts(self) -> Facts:
        """What a run would know on its day."""
        work = list(self._work())
        done: dict[str, list[date]] = {}
        for piece in work:
            if piece.done_at is not None:
                for each in piece.key_results:
                    done.setdefault(each, []).append(piece.done_at.astimezone(self.zone).date())
        measured: dict[str, list[Measurement]] = {}
        for aim in self.aims:
            cycle = self.cycle if aim.cycle != getattr(self.outer, "id", None) else self.outer
            assert cycle is not None
            for one in aim.promises:
                measured[one.id] = list(self._readings(one, cycle, min(done.get(one.id, []), default=None)))
                for past, old in zip(self.past, one.before, strict=False):
                    measured[old.id] = list(self._readings(old, past, past.start + timedelta(days=7)))
        programme, versions = self._written()
        key_results = {kr.id: kr for kr in programme.key_results_of(self.cycle.id)}
        serving: dict[str, list[Piece]] = {}
        for piece in work:
            for each in piece.key_results:
                serving.setdefault(each, []).append(piece)
        cases = [
            Case.of(kr, objective, self.cycle, serving.get(kr.id, ()), measured[kr.id], self.zone)
            for objective in programme.objectives_of(self.cycle.id)
            for kr in objective.key_results
        ]
        judge_together(cases, self.as_of)
        judgements = [case.judgement(self.as_of) for case in cases]
        known = [replace(piece, key_results=frozenset(piece.key_results & key_results.keys())) for piece in work]
        start, end = start_of(self.cycle.start, self.zone), end_of(self.as_of, self.zone)
        lines = timelines(versions)
        earlier = earlier_key_results(programme, self.cycle, judgements, Thresholds().by_chance)
        return Facts(
            as_of=self.as_of,
            cycle=self.cycle,
            zone=self.zone,
            programme=programme,
            people=self._people(),
            judgements=tuple(judgements),
            completed=tuple(
                served_when_done(piece, key_results, self.zone)
                for piece in known
                if piece.counts and piece.done_at is not None and start <= piece.done_at < end
            ),
            open=tuple(piece for piece in known if piece.done_at is None),
            rules=tuple(
                RuleLinks(kr.id, 1, len(serving.get(kr.id, ())), len(serving.get(kr.id, ())), len(work))
                for kr in key_results.values()
                if kr.work
            ),
            sources=(SourceStatus("tracker", "*", end, len(work), 0, "fresh"),),
            check_ins=tuple(
                sorted(
                    (
                        each
                        for kr in key_results
                        for each in measured[kr]
                        if each.origin == "manual" and each.at <= self.as_of
                    ),
                    key=lambda one: (one.at, one.recorded_at, one.key_result),
                )
            ),
            after_retirement=tuple(after_retirement(known, key_results, self.as_of, self.zone)),
            versions=until(lines, end),
            reasons={goal: reasons_of(line) for goal, line in lines.items()},
            waits=tuple(self._waits()),
            past=tuple(past_outcomes(earlier, measured, self.as_of, self.zone)),
        )

    def _people(self) -> tuple[Person, ...]:
        return tuple(
            Person(name, name.title(), group.id, (("tracker", name),))
            for group in self.groups
            for name in group.members
            if name not in self.unknown
        )

    def _written(self) -> tuple[Programme, list[GoalVersion]]:
        now = {aim.id: aim.written() for aim in self.aims}
        latest = {
            version.goal: version.revision
            for version in versions_in(now.values(), datetime.combine(self.as_of, time(6), UTC))
        }
        versions: list[GoalVersion] = []
        for aim in self.aims:
            heard, noted = self._heard(aim), ()
            if heard is not None and heard <= self.as_of:
                noted = (Acknowledgement(str(aim.supports), latest[str(aim.supports)]),)
                now[aim.id] = aim.written(acknowledged=noted)
            for day in sorted({self.cycle.start - timedelta(days=9), *self._edits(aim), *([heard] if noted else [])}):
                seen = datetime.combine(day, time(9), UTC)
                versions += versions_in([aim.written(day, noted if heard is not None and heard <= day else ())], seen)
                versions += [
                    GoalVersion("key_result", one.id, seen, "", None) for one in aim.promises if one.removed == day
                ]
        old = [
            Objective(
                id=f"{aim.id}@{past.id}",
                cycle=past.id,
                team=aim.team,
                title=aim.title,
                key_results=tuple(one.before[number].written(f"{aim.id}@{past.id}") for one in had),
                strategy=aim.strategy,
                serves=aim.serves,
                owner=aim.owner,
            )
            for number, past in enumerate(self.past)
            for aim in self.aims
            if (had := [one for one in aim.promises if len(one.before) > number])
        ]
        teams = tuple(Team(group.id, group.level, group.parent, group.lead, group.id.title()) for group in self.groups)
        cycles = (*self.past, *((self.outer,) if self.outer else ()), self.cycle)
        return Programme(cycles, tuple(self.pillars), teams, (*old, *now.values())), versions

    def _edits(self, aim: Aim) -> set[date]:
        """The days on which its file was changed."""
        return {
            day
            for one in aim.promises
            for day in (*(day for day, _ in one.was), one.dropped, one.removed)
            if day is not None
        }

    def _heard(self, aim: Aim) -> date | None:
        """The day on which its people wrote down that they had seen the latest change above; None if they did not."""
        if not aim.acknowledges or aim.supports is None:
            return None
        above = [other for other in self.aims if aim.supports in (other.id, *(one.id for one in other.promises))]
        edits = [day for other in above for day in self._edits(other)]
        return max(edits) + timedelta(days=1 + len(aim.id) % 5) if edits else None

    def _work(self) -> Iterator[Piece]:
        number = 0
        for group in self.groups:
            promises = [one for aim in self.aims_of(group.id) for one in aim.promises if one.linked]
            promises += [one for aim in self._shared(group) for one in aim.promises if one.linked]
            for one in promises:  # what was written down when the goal was set
                number += 1
                yield replace(
                    self._piece(number, group, one, self.cycle.start - timedelta(days=3), None), assignee=None
                )
            for _ in range(group.backlog):
                number += 1
                created = self.cycle.start + timedelta(days=self.random.randrange((self.as_of - self.cycle.start).days))
                yield self._piece(number, group, self._served(group, promises, self.as_of), created, None)
            day = self.cycle.start
            while day <= self.as_of:
                for _ in range(self._poisson(group.rate / 7)):
                    number += 1
                    created = day - timedelta(days=self.random.randrange(1, 12))
                    one = self._served(group, promises, day)
                    if one is not None and one.dropped is not None and not one.carries_on:
                        created = min(created, one.dropped)
                    yield self._piece(number, group, one, created, day)
                day += timedelta(days=1)

    def _shared(self, group: Group) -> list[Aim]:
        """Objectives of the team above that this team also works for: the first of its teams does."""
        if group.parent is None or self.below(group.parent)[0] is not group:
            return []
        return [aim for aim in self.aims_of(group.parent) if any(one.linked for one in aim.promises)]

    def _served(self, group: Group, promises: list[Promise], day: date) -> Promise | None:
        focus = group.drifts[1] if group.drifts is not None and day >= group.drifts[0] else group.focus
        told = timedelta(days=5)
        running = [one for one in promises if one.dropped is None or day <= one.dropped + told or one.carries_on]
        return self.random.choice(running) if running and self.random.random() < focus else None

    def _piece(self, number: int, group: Group, one: Promise | None, created: date, done: date | None) -> Piece:
        at = None if done is None else self._moment(done)
        served = {one.id} if one is not None and not one.misspelt else set()
        served |= {each.id for each in self._greedy}
        worker: str | None = self._hand(group, group.hand)
        if self.random.random() < 0.08:
            worker = None
        opened = self._moment(created)
        return Piece(
            id=number,
            source="tracker",
            scope=group.scope,
            key=f"{group.scope}-{number}",
            title=f"Piece {number}",
            url=None,
            created_at=opened,
            updated_at=at or opened,
            done_at=at,
            counts=done is None or self.random.random() < 0.95,
            key_results=frozenset(served),
            assignee=worker,
        )

    @cached_property
    def _greedy(self) -> list[Promise]:
        return [one for aim in self.aims for one in aim.promises if one.takes_all]

    def _hand(self, group: Group, share: float) -> str:
        others = group.members[1:]
        return group.lead if not others or self.random.random() < share else self.random.choice(others)

    def _moment(self, day: date) -> datetime:
        clock = time(self.random.randrange(7, 20), self.random.randrange(60))
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def _poisson(self, mean: float) -> int:
        limit, product, number = math.exp(-mean), self.random.random(), 0
        while product > limit:
            product *= self.random.random()
            number += 1
        return number

    def _waits(self) -> Iterator[ItemWait]:
        days = (self.as_of - self.cycle.start).days
        for group in self.groups:
            served = [one.id for aim in self.aims_of(group.id) for one in aim.promises]
            for number in range(round(group.rate * days / 7 * 0.7)):
                who = self._hand(group, group.eye)
                since = self._moment(self.cycle.start + timedelta(days=self.random.randrange(days)))
                usual = group.slow if who == group.lead else 0.7
                acted = since + timedelta(days=self.random.lognormvariate(math.log(usual), 0.9))
                end = end_of(self.as_of, self.zone)
                wait = Wait("review", who, since, acted if acted < end else None)
                serves = frozenset({self.random.choice(served)}) if served else frozenset()
                yield ItemWait("tracker", f"{group.scope}#{number}", wait, serves)

    def _readings(self, one: Promise, cycle: Cycle, first_work: date | None) -> Iterator[Measurement]:
        last = min(self.as_of, cycle.end + timedelta(days=one.lag))
        shows = None
        if first_work is not None:
            shows = first_work + timedelta(days=round(one.lag * self.random.uniform(0.3, 1)))
        rest = max(7, (cycle.end - (shows or cycle.start)).days)
        reach = self.random.uniform(0.7, 1.05)

        def value(day: date) -> float:
            if one.kind is Kind.MILESTONE:
                return 1.0 if shows is not None and day > shows + timedelta(days=rest // 2) else 0.0
            way = 0.0
            if one.kind is Kind.METRIC and shows is not None and day >= shows:
                way = one.answers * reach * min(1.0, 0.5 + 0.5 * (day - shows).days / rest)
            return one.start + way * (one.goal - one.start) + self.random.gauss(0, one.noise)

        def measurement(day: date, origin: str, confidence: float | None = None) -> Measurement:
            recorded = datetime.combine(day, time(18), UTC)
            by = one.owner if origin == "manual" else None
            return Measurement(one.id, day, value(day), origin, recorded, confidence=confidence, by=by)

        if one.automatic and one.kind is not Kind.MILESTONE:
            day = cycle.start - timedelta(days=BEFORE * one.cadence)
            while day <= last and (one.source_broke is None or day < one.source_broke):
                yield measurement(day, "csv")
                day += timedelta(days=one.cadence)
        period = cycle.check_in.days if one.automatic else max(cycle.check_in.days, one.cadence)
        due, forgot = cycle.start + timedelta(days=period - 1), False
        while due <= min(last, cycle.end):
            day = due + timedelta(days=self.random.choice((0, 0, 0, 0, 1, 2)))
            forgot = not forgot and self.random.random() < one.forgets
            silent = one.silent_since is not None and day >= one.silent_since
            dropped = one.dropped is not None and day >= one.dropped
            if not forgot and not silent and not dropped and day <= last:
                yield measurement(day, "manual", float(self.random.randint(*one.confidence)))
            due += timedelta(days=period)
