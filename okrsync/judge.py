"""One key result, judged: its work and its outcome on a day, the verdict, since when, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from okrsync import activity, movement, reasons, series, verdict
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

MANUAL = "manual"
REACHED = 1.0
"""What ``okrsync check-in KR done`` records for a milestone."""


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
    """Judge ``key_result`` as things stood at the end of the day ``as_of`` (a day in ``zone``).

    ``pieces`` are those that serve the key result, ``measurements`` all that are known of it, of whatever origin and in
    any order: the metric's own source decides, people's check-ins beside an automatic source are only passed on.

    ``since`` is None before the cycle has begun. A key result retired by ``as_of`` is not judged: its verdict is
    ``retired``, since the day it was.
    """
    case = _Case(key_result, cycle, activity.dated(pieces, zone), measurements)
    today = case.on(as_of)
    automatic = key_result.metric.source_type != MANUAL
    said = (one for one in measurements if automatic and one.origin == MANUAL and one.at <= as_of)
    return Judgement(
        key_result=key_result,
        objective=objective,
        verdict=today.verdict,
        since=case.since(as_of, today.verdict),
        activity=today.activity,
        outcome=today.outcome,
        reasons=reasons.sentences(key_result, cycle, today.verdict, today.activity, today.outcome, as_of=as_of),
        series=today.series,
        check_ins=tuple(sorted(said, key=lambda one: (one.at, one.recorded_at, one.value))),
        completed=today.completed,
    )


@dataclass(frozen=True, slots=True)
class _Day:
    verdict: Verdict
    activity: Activity
    outcome: Outcome
    series: tuple[Measurement, ...]
    completed: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    key_result: KeyResult
    cycle: Cycle
    pieces: Sequence[activity.DatedPiece]
    measurements: Sequence[Measurement]

    @property
    def last_day(self) -> date:
        """The last day whose measurements count: the cycle's end plus the lag."""
        return self.cycle.end + self.key_result.metric.lag

    def on(self, day: date) -> _Day:
        """The judgement as of one day."""
        kr, metric = self.key_result, self.key_result.metric
        work, completed = activity.count(self.pieces, key_result=kr, cycle=self.cycle, as_of=day)
        until = min(day, self.last_day)
        readings = series.prepare(self.measurements, metric, origin=metric.source_type, as_of=until)
        direction = verdict.direction_of(
            kr.kind, baseline=metric.baseline, target=metric.target, declared=metric.direction
        )
        result = self.movement(readings, until, direction)
        if direction is None and metric.baseline is None:
            direction = verdict.direction_of(kr.kind, baseline=result.centre, target=metric.target, declared=None)
        last = readings[-1] if readings else None
        current = None if last is None else last.value
        stale = last is not None and until - last.at > 2 * metric.cadence
        in_time = last is not None and (kr.kind is Kind.MAINTAIN or last.at >= self.cycle.start)
        decided = verdict.decide(
            kr.kind,
            work,
            result.movement,
            current=current,
            target=metric.target,
            direction=direction,
            usable=in_time and not stale,
            checked_in=current is not None and current >= REACHED,
        )
        if kr.retired is not None and kr.retired.on <= day:
            decided = Verdict.RETIRED
        outcome = Outcome(
            movement=result.movement,
            trend=result.trend,
            rule=result.rule,
            points=result.points,
            baseline=metric.baseline,
            target=metric.target,
            current=current,
            progress=progress(metric.baseline, metric.target, current),
            measured_at=None if last is None else last.at,
            origin=None if last is None else last.origin,
            stale=stale and kr.kind is not Kind.MILESTONE,
            low=result.low,
            high=result.high,
            forecast=result.forecast,
        )
        return _Day(decided, work, outcome, readings, completed)

    def movement(
        self, readings: Sequence[Measurement], until: date, direction: verdict.Direction | None
    ) -> MovementResult:
        if self.key_result.kind is Kind.MILESTONE:
            rule = "A milestone is reached when a person checks it in as reached, never because its work is done."
            return MovementResult(Movement.UNKNOWN, Trend.UNKNOWN, rule, len(readings))
        metric = self.key_result.metric
        return movement.judge_movement(
            [(one.at, one.value) for one in readings],
            baseline=metric.baseline,
            target=metric.target,
            start=self.cycle.start,
            until=until,
            end=self.cycle.end,
            cadence=metric.cadence,
            upward=None if direction is None else direction == "at_least",
        )

    def since(self, as_of: date, today: Verdict) -> date | None:
        """The first day of the unbroken run of replayed days that have today's verdict."""
        if as_of < self.cycle.start:
            return None
        if today is Verdict.RETIRED:
            return None if self.key_result.retired is None else self.key_result.retired.on
        first = as_of
        for day in self.replayed(as_of):
            if self.on(day).verdict is not today:
                break
            first = day
        return first

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


def progress(baseline: float | None, target: float | None, current: float | None) -> float | None:
    """(current − baseline) / (target − baseline); None where one is missing or the two are the same."""
    if baseline is None or target is None or current is None:
        return None
    gap = target / 2 - baseline / 2  # halves: the gap between two huge numbers must not overflow
    return None if gap == 0 else (current / 2 - baseline / 2) / gap
