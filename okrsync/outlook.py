"""What would change a verdict: each way in words, with the day or the number, and the verdict that it leads to.

Every way changes one thing and leaves all others as they are. Its verdict is decided by the same table, and a number
that would be movement is found by judging the series with that number in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from okrsync import verdict
from okrsync.activity import Standing
from okrsync.judge import Case
from okrsync.model import Kind, Measurement, Movement, Verdict
from okrsync.numbers import count_of, show

DAY = timedelta(days=1)
MOST_READINGS = 26
"""How many readings ahead are tried."""


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a verdict would change."""

    condition: str
    """A sentence without its end: ``Its first completed work settles``."""
    verdict: Verdict | None
    """None where nothing would."""
    on: date | None = None
    """The first day of the new verdict, where the calendar alone brings it."""


def outlook(case: Case, as_of: date) -> tuple[Change, ...]:
    """What would change the verdict of ``as_of``: first what the calendar alone brings, the nearest day first."""
    found = [change for change in _all(case, as_of) if change.verdict is not case.verdict(as_of)]
    return tuple(sorted(found, key=lambda change: change.on or date.max))


def _all(case: Case, as_of: date) -> Iterator[Change]:
    key_result, now = case.key_result, case.verdict(as_of)
    if now is Verdict.RETIRED:
        yield Change(f"It is retired: only taking `retired` out of {key_result.file} would have it judged again", None)
        return
    if key_result.kind is Kind.MILESTONE:
        yield from _milestone(case, as_of, now)
    else:
        yield from _outcome(case, as_of)
    yield from _work(case, as_of)
    if as_of >= case.last_day:
        yield Change(
            f"The last day that counts was {case.last_day}: otherwise only a correction of what was measured, finished "
            "or linked by then changes it",
            None,
        )


# --- by work ----------------------------------------------------------------------------------------------------------


def _work(case: Case, as_of: date) -> Iterator[Change]:
    found, lag = case.on(as_of).activity, case.key_result.metric.lag
    window = case.window(as_of)
    completed = [one.done for one in case.pieces if one.done and window.standing(one) is Standing.COMPLETED]
    if completed and not found.settled:
        settles = min(completed) + lag
        turned = _with(case, as_of, completed=found.completed, settled=1)
        yield Change(f"Its first completed work settles ({min(completed)} and {lag.days} days)", turned, settles)
    if found.completed or as_of >= case.cycle.end:
        return
    at_once = _with(case, as_of, completed=1, settled=int(not lag))
    then = _with(case, as_of, completed=1, settled=1)
    after = "" if then is at_once else f"; {then.value.replace('_', ' ')} once it settles, {lag.days} days later"
    yield Change(f"A piece of work that serves it is completed by {case.cycle.end}{after}", at_once)
    if not found.active:
        if found.open:
            pieces = count_of(found.open, "open piece")
            yield Change(f"Somebody goes on with its {pieces} of work", _with(case, as_of, active=1))
        else:
            yield Change("Work on it begins", _with(case, as_of, active=1))
        return
    last = max(one.updated for one in case.pieces if window.is_active(one))
    idle = last + 2 * case.cycle.check_in
    if idle <= case.cycle.end:
        yield Change(f"Its open work stays as it is, last changed on {last}", _with(case, as_of, active=0), idle)


def _with(
    case: Case, as_of: date, *, completed: int | None = None, settled: int | None = None, active: int | None = None
) -> Verdict:
    """The verdict of ``as_of``, had there been other work."""
    day = case.on(as_of)
    work = replace(
        day.activity,
        completed=day.activity.completed if completed is None else completed,
        settled=day.activity.settled if settled is None else settled,
        active=day.activity.active if active is None else active,
    )
    known = verdict.without_movement(
        case.key_result.kind,
        work,
        current=day.current,
        target=case.key_result.metric.target,
        direction=day.direction,
        usable=day.usable,
        checked_in=case.is_checked_in(as_of),
    )
    return verdict.by_movement(work, case.movement(as_of).movement) if known is None else known


# --- by the outcome ---------------------------------------------------------------------------------------------------


def _milestone(case: Case, as_of: date, now: Verdict) -> Iterator[Change]:
    if as_of >= case.last_day:
        return
    id_ = case.key_result.id
    if now is not Verdict.ACHIEVED:
        yield Change(
            f"A person checks it in as reached by {case.last_day}: okrsync check-in {id_} done", Verdict.ACHIEVED
        )
        return
    work = case.on(as_of).activity
    without = Verdict.BUILDING if work.completed or work.active else Verdict.NEGLECTED
    yield Change(f"A person takes that back: okrsync check-in {id_} open", without)


def _outcome(case: Case, as_of: date) -> Iterator[Change]:
    if as_of >= case.last_day:
        return
    kr, day = case.key_result, case.on(as_of)
    last, metric = day.last, kr.metric
    if last is None or not day.usable:
        yield Change(_what_is_needed(case, as_of), None)
        return
    target, direction = metric.target, day.direction
    is_reached = verdict.reached(day.current, target, direction)
    if target is not None and direction is not None:
        yield from _target(case, as_of, target, direction, is_reached=is_reached)
    if kr.kind is Kind.METRIC and not is_reached:
        yield from _movement(case, as_of)
    last_usable = last.at + 2 * metric.cadence
    if last_usable < case.last_day:
        yield Change(f"No reading after that of {last.at} comes", Verdict.UNMEASURED, last_usable + DAY)


def _what_is_needed(case: Case, as_of: date) -> str:
    """What lets a key result be judged that has no usable measurement."""
    kr, day, metric = case.key_result, case.on(as_of), case.key_result.metric
    fresh = as_of - 2 * metric.cadence
    if kr.kind is Kind.MAINTAIN:
        return f"A reading of a day from {fresh} on lets it be judged"
    first = max(fresh, case.cycle.start)
    usable = f"A reading counts from the day {first} on"
    like = [one.value for one in day.readings[-4:]] or ([] if metric.baseline is None else [metric.baseline])
    if not like:
        return f"{usable}; without a baseline and a reading before the cycle there is nothing to compare it with"
    # Readings that were missed can still be handed in.
    missed = _from(case, first - metric.cadence if day.last is None else day.last.at, since=first)
    for number in range(1, len(missed) + 1):
        if _judged(case, as_of, missed[:number], _repeated(like, number)) is not Movement.UNKNOWN:
            return f"{usable}; {count_of(number, 'reading')} like those before would be enough to tell"
    if metric.target is None:
        return usable
    every = count_of(metric.cadence.days, "day")
    return f"{usable}; short of the target, one every {every} is not enough to tell by {case.last_day}"


def _repeated(values: list[float], number: int) -> list[float]:
    return [values[index % len(values)] for index in range(number)]


def _target(
    case: Case, as_of: date, target: float, direction: verdict.Direction, *, is_reached: bool
) -> Iterator[Change]:
    maintain = case.key_result.kind is Kind.MAINTAIN
    more, less = ("or more", "below") if direction == "at_least" else ("or less", "above")
    if not is_reached:
        turned = Verdict.DELIVERING if maintain else Verdict.ACHIEVED
        yield Change(f"A reading of {show(target)} {more}", turned)
        return
    work = case.on(as_of).activity
    if maintain:
        turned = Verdict.BUSY if work.completed or work.active else Verdict.NEGLECTED
    else:
        turned = verdict.by_movement(work, case.movement(as_of).movement)
    yield Change(f"A reading {less} {show(target)}", turned)


def _movement(case: Case, as_of: date) -> Iterator[Change]:
    now, ahead = case.movement(as_of), _ahead(case, as_of)
    work = case.on(as_of).activity
    if now.movement is Movement.UNKNOWN:
        like = [one.value for one in case.on(as_of).readings[-4:]]
        for number in range(1, len(ahead) + 1):
            found = _judged(case, as_of, ahead[:number], _repeated(like, number))
            if found is not Movement.UNKNOWN:
                more = f"After {count_of(number, 'more reading')} like the latest, of days up to {ahead[number - 1]}"
                yield Change(f"{more}, there are enough to tell ({found})", verdict.by_movement(work, found))
                return
        return
    to_end = [day for day in ahead if day <= case.cycle.end] or ahead
    if not to_end or now.centre is None:
        return
    if now.movement is Movement.TOWARD:
        back = [now.centre] * len(to_end)
        if (found := _judged(case, as_of, to_end, back)) is not Movement.TOWARD:
            what = f"Readings back at {show(now.centre)}, where it stood before, {_span(to_end)} ({found})"
            yield Change(what, verdict.by_movement(work, found))
        return
    moved = verdict.by_movement(work, Movement.TOWARD)
    for days in [to_end[:1], to_end] if len(to_end) > 1 else [to_end]:
        level = _least_level(case, as_of, days, now.centre)
        if level is not None:
            reading = "The next reading at" if len(days) == 1 else "Readings at"
            yield Change(f"{reading} {level} {_span(days)} (toward)", moved)


def _span(days: list[date]) -> str:
    return f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]} ({len(days)} of them)"


def _ahead(case: Case, as_of: date) -> list[date]:
    """Days of the readings that are still to come and can count, if one follows the latest every cadence."""
    last = case.on(as_of).last
    following = [] if last is None else _from(case, last.at, since=last.at)
    return [at for at in following if _complete(case, at) > as_of]


def _from(case: Case, day: date, *, since: date) -> list[date]:
    """The days that follow ``day`` every cadence, from ``since`` on and as far as they count, up to a maximum."""
    cadence = case.key_result.metric.cadence
    begin = max(1, -((day - since) // cadence))
    days = (day + number * cadence for number in range(begin, begin + MOST_READINGS))
    return [at for at in days if _complete(case, at) <= case.last_day]


def _complete(case: Case, at: date) -> date:
    """The day from whose end on a reading of the day ``at`` counts."""
    metric = case.key_result.metric
    return at + metric.cadence - DAY if metric.counted or metric.cumulative else at


def _judged(case: Case, as_of: date, days: list[date], values: list[float]) -> Movement:
    """Movement on the last of ``days``, were these the readings to come."""
    day, id_ = case.on(as_of), case.key_result.id
    never = datetime.min.replace(tzinfo=UTC)
    more = (Measurement(id_, at, value, case.origin, never) for at, value in zip(days, values, strict=True))
    return case.movement_of((*day.readings, *more), _complete(case, days[-1]), day.direction).movement


def _least_level(case: Case, as_of: date, days: list[date], centre: float) -> str | None:
    """The level nearest to ``centre`` that, read on all of ``days``, is movement toward the target.

    It is rounded away from ``centre``, to two digits of the way. None where no level is movement.
    """
    target, direction = case.key_result.metric.target, case.on(as_of).direction
    if direction is None:
        return None
    sign = 1.0 if direction == "at_least" else -1.0

    def is_movement(gap: float) -> bool:
        return _judged(case, as_of, days, [centre + sign * gap] * len(days)) is Movement.TOWARD

    enough = abs(target - centre) if target is not None and target != centre else max(1.0, abs(centre))
    for _ in range(6):
        if not math.isfinite(centre + sign * enough):
            return None
        if is_movement(enough):
            break
        enough *= 2
    else:
        return None
    short = 0.0
    for _ in range(20):
        middle = (short + enough) / 2
        short, enough = (short, middle) if is_movement(middle) else (middle, enough)
    digits = 1 - math.floor(math.log10(enough)) if enough > 0 else 0
    unit = 10.0**-digits
    level = (math.ceil if sign > 0 else math.floor)((centre + sign * enough) / unit) * unit
    if not is_movement(abs(level - centre)):
        return None
    or_beyond = all(is_movement(abs(level - centre) * factor) for factor in (1.5, 2, 4))
    beyond = (" or more" if sign > 0 else " or less") if or_beyond else ""
    return f"{level:.{max(0, digits)}f}{beyond}"
