"""One key result, judged: its work and its outcome on a day, the verdict, since when, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from okrsync import activity, movement, reasons, series, verdict
from okrsync.language import _
from okrsync.model import (
    Activity,
    Cycle,
    Judgement,
    KeyResult,
    Kind,
    Measurement,
    Movement,
    MovementResult,
    Objective,
    Outcome,
    Piece,
    Trend,
    Verdict,
)
from okrsync.movement import Asked
from okrsync.verdict import Direction

_AT, _VALUE = attrgetter("at"), attrgetter("value")
MANUAL = "manual"
REACHED = 1.0
"""What ``okrsync check-in KR done`` records for a milestone."""
BEFORE = 8
"""The mean of so many readings before the cycle stands for a baseline that nobody declared."""


def judge(
    key_result: KeyResult,
    objective: Objective,
    cycle: Cycle,
    pieces: Sequence[Piece],
    measurements: Sequence[Measurement],
    *,
    as_of: date,
    zone: ZoneInfo,
) -> Judgement:
    """Judge ``key_result`` as things stood at the end of the day ``as_of``; see ``Case``."""
    return Case.of(key_result, objective, cycle, pieces, measurements, zone).judgement(as_of)


@dataclass(frozen=True, slots=True)
class Day:
    """All that decides a verdict on one day, but for movement."""

    day: date
    until: date
    """The last day whose measurements count on ``day``."""
    activity: Activity
    completed: tuple[Piece, ...]
    readings: tuple[Measurement, ...]
    """The series that is judged, oldest first."""
    direction: Direction | None
    current: float | None
    stale: bool
    usable: bool
    """There is a measurement, it belongs to the window and it is not stale."""

    @property
    def last(self) -> Measurement | None:
        return self.readings[-1] if self.readings else None


@dataclass(frozen=True, slots=True)
class Case:
    """A key result with all that is known of it: judged on any day, each day's movement at most once.

    ``pieces`` are those that serve the key result, ``measurements`` all that are known of it, of whatever origin and in
    any order: the metric's own source decides, people's check-ins beside an automatic source are only passed on. Days
    are days in the zone that ``of`` was given; a day is judged as things stood at its end.
    """

    key_result: KeyResult
    objective: Objective
    cycle: Cycle
    pieces: Sequence[activity.DatedPiece]
    measurements: Sequence[Measurement]
    _series: list[tuple[Measurement, ...]] = field(default_factory=list, compare=False)
    _days: dict[date, Day] = field(default_factory=dict, compare=False)
    _results: dict[date, MovementResult] = field(default_factory=dict, compare=False)
    _movements: dict[date, Movement] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls,
        key_result: KeyResult,
        objective: Objective,
        cycle: Cycle,
        pieces: Sequence[Piece],
        measurements: Sequence[Measurement],
        zone: ZoneInfo,
    ) -> Case:
        return cls(key_result, objective, cycle, activity.dated(pieces, zone), measurements)

    @property
    def last_day(self) -> date:
        """The last day whose measurements count: the cycle's end plus the lag."""
        return self.cycle.end + self.key_result.metric.lag

    @property
    def origin(self) -> str:
        """Whose measurements decide: the metric's own source; of a milestone, people alone."""
        return MANUAL if self.key_result.kind is Kind.MILESTONE else self.key_result.metric.source_type

    def judgement(self, as_of: date) -> Judgement:
        """The whole judgement on one day.

        ``since`` is None before the cycle has begun. A key result retired by ``as_of`` is not judged: its verdict is
        ``retired``, since the day it was.
        """
        today, outcome = self.on(as_of), self.outcome(as_of)
        found = self.verdict(as_of)
        said = (one for one in self.measurements if self.origin != MANUAL == one.origin and one.at <= as_of)
        return Judgement(
            key_result=self.key_result,
            objective=self.objective,
            verdict=found,
            since=self.since(as_of),
            activity=today.activity,
            outcome=outcome,
            reasons=reasons.sentences(self.key_result, self.cycle, found, today.activity, outcome, as_of=as_of),
            series=today.readings,
            check_ins=tuple(sorted(said, key=lambda one: (one.at, one.recorded_at, one.value))),
            completed=today.completed,
        )

    def on(self, day: date) -> Day:
        """What decides the verdict of one day."""
        if day not in self._days:
            self._days[day] = self._on(day)
        return self._days[day]

    def _on(self, day: date) -> Day:
        kr, metric = self.key_result, self.key_result.metric
        work, completed = activity.count(self.pieces, key_result=kr, cycle=self.cycle, as_of=day)
        until = min(day, self.last_day)
        if kr.kind is Kind.MILESTONE:
            metric = replace(metric, counted=False, cumulative=False)  # `done` counts from its day
        if not self._series:
            self._series.append(series.known(self.measurements, self.origin))
        readings = series.until(self._series[0], metric, until)
        last = readings[-1] if readings else None
        stale = last is not None and until - last.at > 2 * metric.cadence
        in_time = last is not None and (kr.kind is Kind.MAINTAIN or last.at >= self.cycle.start)
        return Day(
            day=day,
            until=until,
            activity=work,
            completed=completed,
            readings=readings,
            direction=self.direction(readings),
            current=None if last is None else last.value,
            stale=stale and kr.kind is not Kind.MILESTONE,
            usable=in_time and not stale,
        )

    def direction(self, readings: Sequence[Measurement]) -> Direction | None:
        """On which side of the target the outcome is to be; without a baseline, seen from where it stood before."""
        metric = self.key_result.metric
        baseline = metric.baseline
        if baseline is None and self.key_result.kind is Kind.METRIC and metric.direction is None:
            before = [one.value for one in readings if one.at < self.cycle.start][-BEFORE:]
            baseline = math.fsum(value / len(before) for value in before) if before else None
        return verdict.direction_of(
            self.key_result.kind, baseline=baseline, target=metric.target, declared=metric.direction
        )

    def verdict(self, day: date) -> Verdict:
        """The verdict of one day."""
        known = self.verdict_without_movement(day)
        return verdict.by_movement(self.on(day).activity, self.moved(day)) if known is None else known

    def verdict_without_movement(self, day: date) -> Verdict | None:
        """The verdict of one day where movement has no say in it, else None."""
        kr, found = self.key_result, self.on(day)
        if kr.retired is not None and kr.retired.on <= day:
            return Verdict.RETIRED
        return verdict.without_movement(
            kr.kind,
            found.activity,
            current=found.current,
            target=kr.metric.target,
            direction=found.direction,
            usable=found.usable,
            checked_in=self.is_checked_in(day),
        )

    def is_checked_in(self, day: date) -> bool:
        """Does the latest check-in call a milestone reached?"""
        current = self.on(day).current
        return current is not None and current >= REACHED

    def window(self, day: date) -> activity.Window:
        """The days whose work counts, seen from one day."""
        return activity.window(self.key_result, self.cycle, day)

    def outcome(self, day: date) -> Outcome:
        """What is known of the outcome on one day."""
        metric, found, result = self.key_result.metric, self.on(day), self.movement(day)
        last = found.last
        return Outcome(
            movement=result.movement,
            trend=result.trend,
            rule=result.rule,
            points=result.points,
            baseline=metric.baseline,
            target=metric.target,
            current=found.current,
            progress=progress(metric.baseline, metric.target, found.current),
            measured_at=None if last is None else last.at,
            origin=None if last is None else last.origin,
            stale=found.stale,
            low=result.low,
            high=result.high,
            forecast=result.forecast,
        )

    def movement(self, day: date) -> MovementResult:
        """All that ``okrsync.movement`` finds in the series of one day."""
        if day not in self._results:
            found = self.on(day)
            self._results[day] = self.movement_of(found.readings, found.until, found.direction)
            self._movements[day] = self._results[day].movement
        return self._results[day]

    def moved(self, day: date) -> Movement:
        """The movement of one day alone, which is all that a replay needs."""
        if day not in self._movements:
            found = self.on(day)
            self._movements[day] = self.movement_of(found.readings, found.until, found.direction, whole=False).movement
        return self._movements[day]

    def movement_of(
        self, readings: Sequence[Measurement], until: date, direction: Direction | None, *, whole: bool = True
    ) -> MovementResult:
        """What ``okrsync.movement`` finds in any series, were it that of this key result."""
        if self.key_result.kind is Kind.MILESTONE:
            return _of_milestone(readings)
        return movement.judge_movements([self.asked(readings, until, direction, whole=whole)])[0]

    def asked(self, readings: Sequence[Measurement], until: date, direction: Direction | None, *, whole: bool) -> Asked:
        """What is asked of ``okrsync.movement``; ``readings`` are those of different days, oldest first."""
        metric = self.key_result.metric
        return Asked(
            days=tuple(map(_AT, readings)),
            values=tuple(map(_VALUE, readings)),
            baseline=metric.baseline,
            target=metric.target,
            start=self.cycle.start,
            until=until,
            end=self.cycle.end,
            cadence=metric.cadence,
            upward=None if direction is None else direction == "at_least",
            whole=whole,
        )

    def is_known(self, day: date, *, whole: bool) -> bool:
        """Is the movement of a day, or all that is found with it, known by now?"""
        return day in (self._results if whole else self._movements)

    def learn(self, day: date, result: MovementResult, *, whole: bool) -> None:
        """Take the movement of a day as it was found elsewhere."""
        if whole:
            self._results[day] = result
        self._movements[day] = result.movement

    def since(self, as_of: date) -> date | None:
        """The first day of the unbroken run of replayed days that have the verdict of ``as_of``."""
        if as_of < self.cycle.start:
            return None
        today = self.verdict(as_of)
        if today is Verdict.RETIRED:
            return None if self.key_result.retired is None else self.key_result.retired.on
        first = as_of
        for day in self.replayed(as_of):
            if not self.may_be(day, today) or self.verdict(day) is not today:
                break
            first = day
        return first

    def may_be(self, day: date, wanted: Verdict) -> bool:
        """False where the verdict is another whatever the movement, which costs more than all the rest."""
        known = self.verdict_without_movement(day)
        if known is not None:
            return known is wanted
        return any(verdict.by_movement(self.on(day).activity, each) is wanted for each in Movement)

    def replayed(self, as_of: date) -> Iterator[date]:
        """The last day of each check-in period before ``as_of``, latest first.

        Nothing changes any more once the cycle's end and the lag have passed, so of the days after that only the first
        is replayed.
        """
        period = max(self.cycle.check_in, timedelta(days=1))
        settled = (self.last_day - self.cycle.start + timedelta(days=1)) / period
        ended = (as_of - self.cycle.start) // period
        for number in range(min(ended, -int(-settled // 1)), 0, -1):
            yield self.cycle.start + number * period - timedelta(days=1)


def judge_together(cases: Sequence[Case], as_of: date, days: Sequence[date] = ()) -> None:
    """Find the movements that the judgements of ``as_of`` and the verdicts of ``days`` need, of all cases at once.

    Nothing else changes by it: each case judges as it would alone, and at once.
    """
    find_movements([(case, as_of) for case in cases], whole=True)
    find_movements(
        [(case, day) for case in cases for day in days if case.verdict_without_movement(day) is None], whole=False
    )
    searching = [
        (case, found, case.replayed(as_of))
        for case in cases
        if as_of >= case.cycle.start and (found := case.verdict(as_of)) is not Verdict.RETIRED
    ]
    # All go back a check-in period, then those go on that had the verdict of ``as_of`` there too: see ``Case.since``.
    while searching:
        looked = [
            (case, found, days_before, day)
            for case, found, days_before in searching
            if (day := next(days_before, None)) is not None and case.may_be(day, found)
        ]
        wanted = [(case, day) for case, _, _, day in looked if case.verdict_without_movement(day) is None]
        find_movements(wanted, whole=False)
        searching = [
            (case, found, days_before) for case, found, days_before, day in looked if case.verdict(day) is found
        ]


def find_movements(wanted: Sequence[tuple[Case, date]], *, whole: bool) -> None:
    """Find some movements at once, and leave them with their cases; ``whole`` with all that ``Case.movement`` tells."""
    missing = [(case, day, case.on(day)) for case, day in wanted if not case.is_known(day, whole=whole)]
    asked = [
        (case, day, case.asked(found.readings, found.until, found.direction, whole=whole))
        for case, day, found in missing
        if case.key_result.kind is not Kind.MILESTONE
    ]
    results = movement.judge_movements([one for _, _, one in asked])
    for (case, day, _one), result in zip(asked, results, strict=True):
        case.learn(day, result, whole=whole)


def _of_milestone(readings: Sequence[Measurement]) -> MovementResult:
    rule = _("A milestone is reached when a person checks it in as reached, never because its work is done.")
    return MovementResult(Movement.UNKNOWN, Trend.UNKNOWN, rule, len(readings))


def progress(baseline: float | None, target: float | None, current: float | None) -> float | None:
    """(current − baseline) / (target − baseline); None where one is missing or the two are the same."""
    if baseline is None or target is None or current is None:
        return None
    gap = target / 2 - baseline / 2  # halves: the gap between two huge numbers must not overflow
    return None if gap == 0 else (current / 2 - baseline / 2) / gap
