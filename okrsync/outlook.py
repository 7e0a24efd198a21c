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
from okrsync.language import _, ngettext
from okrsync.model import Kind, Measurement, Movement, Verdict
from okrsync.numbers import show
from okrsync.reasons import MOVEMENTS

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
        said = _("It is retired: only taking `retired` out of {file} would have it judged again")
        yield Change(said.format(file=key_result.file), None)
        return
    if key_result.kind is Kind.MILESTONE:
        yield from _milestone(case, as_of, now)
    else:
        yield from _outcome(case, as_of)
    yield from _work(case, as_of)
    if as_of >= case.last_day:
        yield Change(
            _(
                "The last day that counts was {day}: otherwise only a correction of what was measured, finished "
                "or linked by then changes it"
            ).format(day=case.last_day),
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
        said = _("Its first completed work settles ({day} and {days} days)").format(day=min(completed), days=lag.days)
        yield Change(said, turned, settles)
    if found.completed or as_of >= case.cycle.end:
        return
    at_once = _with(case, as_of, completed=1, settled=int(not lag))
    then = _with(case, as_of, completed=1, settled=1)
    if then is at_once:
        said = _("A piece of work that serves it is completed by {day}")
    else:
        said = _("A piece of work that serves it is completed by {day}; {verdict} once it settles, {days} days later")
    yield Change(said.format(day=case.cycle.end, verdict=_(then.value.replace("_", " ")), days=lag.days), at_once)
    if not found.active:
        if found.open:
            said = ngettext(
                "Somebody goes on with its {count} open piece of work",
                "Somebody goes on with its {count} open pieces of work",
                found.open,
            )
            yield Change(said.format(count=found.open), _with(case, as_of, active=1))
        else:
            yield Change(_("Work on it begins"), _with(case, as_of, active=1))
        return
    last = max(one.updated for one in case.pieces if window.is_active(one))
    idle = last + 2 * case.cycle.check_in
    if idle <= case.cycle.end:
        said = _("Its open work stays as it is, last changed on {day}").format(day=last)
        yield Change(said, _with(case, as_of, active=0), idle)


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
        said = _("A person checks it in as reached by {day}: okrsync check-in {id} done")
        yield Change(said.format(day=case.last_day, id=id_), Verdict.ACHIEVED)
        return
    work = case.on(as_of).activity
    without = Verdict.BUILDING if work.completed or work.active else Verdict.NEGLECTED
    yield Change(_("A person takes that back: okrsync check-in {id} open").format(id=id_), without)


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
        yield Change(
            _("No reading after that of {day} comes").format(day=last.at), Verdict.UNMEASURED, last_usable + DAY
        )


def _what_is_needed(case: Case, as_of: date) -> str:
    """What lets a key result be judged that has no usable measurement."""
    kr, day, metric = case.key_result, case.on(as_of), case.key_result.metric
    fresh = as_of - 2 * metric.cadence
    if kr.kind is Kind.MAINTAIN:
        return _("A reading of a day from {day} on lets it be judged").format(day=fresh)
    first = max(fresh, case.cycle.start)
    usable = _("A reading counts from the day {day} on").format(day=first)
    like = [one.value for one in day.readings[-4:]] or ([] if metric.baseline is None else [metric.baseline])
    if not like:
        said = _("{usable}; without a baseline and a reading before the cycle there is nothing to compare it with")
        return said.format(usable=usable)
    # Readings that were missed can still be handed in.
    missed = _from(case, first - metric.cadence if day.last is None else day.last.at, since=first)
    for number in range(1, len(missed) + 1):
        if _judged(case, as_of, missed[:number], _repeated(like, number)) is not Movement.UNKNOWN:
            return ngettext(
                "{usable}; {count} reading like those before would be enough to tell",
                "{usable}; {count} readings like those before would be enough to tell",
                number,
            ).format(usable=usable, count=number)
    if metric.target is None:
        return usable
    return ngettext(
        "{usable}; short of the target, one every {count} day is not enough to tell by {day}",
        "{usable}; short of the target, one every {count} days is not enough to tell by {day}",
        metric.cadence.days,
    ).format(usable=usable, count=metric.cadence.days, day=case.last_day)


def _repeated(values: list[float], number: int) -> list[float]:
    return [values[index % len(values)] for index in range(number)]


def _target(
    case: Case, as_of: date, target: float, direction: verdict.Direction, *, is_reached: bool
) -> Iterator[Change]:
    maintain = case.key_result.kind is Kind.MAINTAIN
    if direction == "at_least":
        more, less = _("A reading of {value} or more"), _("A reading below {value}")
    else:
        more, less = _("A reading of {value} or less"), _("A reading above {value}")
    if not is_reached:
        turned = Verdict.DELIVERING if maintain else Verdict.ACHIEVED
        yield Change(more.format(value=show(target)), turned)
        return
    work = case.on(as_of).activity
    if maintain:
        turned = Verdict.BUSY if work.completed or work.active else Verdict.NEGLECTED
    else:
        turned = verdict.by_movement(work, case.movement(as_of).movement)
    yield Change(less.format(value=show(target)), turned)


def _movement(case: Case, as_of: date) -> Iterator[Change]:
    now, ahead = case.movement(as_of), _ahead(case, as_of)
    work = case.on(as_of).activity
    if now.movement is Movement.UNKNOWN:
        like = [one.value for one in case.on(as_of).readings[-4:]]
        for number in range(1, len(ahead) + 1):
            found = _judged(case, as_of, ahead[:number], _repeated(like, number))
            if found is not Movement.UNKNOWN:
                said = ngettext(
                    "After {count} more reading like the latest, of days up to {day}, there are enough to tell "
                    "({movement})",
                    "After {count} more readings like the latest, of days up to {day}, there are enough to tell "
                    "({movement})",
                    number,
                ).format(count=number, day=ahead[number - 1], movement=_(MOVEMENTS[found]))
                yield Change(said, verdict.by_movement(work, found))
                return
        return
    to_end = [day for day in ahead if day <= case.cycle.end] or ahead
    if not to_end or now.centre is None:
        return
    if now.movement is Movement.TOWARD:
        back = [now.centre] * len(to_end)
        if (found := _judged(case, as_of, to_end, back)) is not Movement.TOWARD:
            said = _("Readings back at {level}, where it stood before, {span} ({movement})").format(
                level=show(now.centre), span=_span(to_end), movement=_(MOVEMENTS[found])
            )
            yield Change(said, verdict.by_movement(work, found))
        return
    moved = verdict.by_movement(work, Movement.TOWARD)
    for days in [to_end[:1], to_end] if len(to_end) > 1 else [to_end]:
        level = _least_level(case, as_of, days, now.centre)
        if level is not None:
            if len(days) == 1:
                said = _("The next reading at {level} {span} (toward)")
            else:
                said = _("Readings at {level} {span} (toward)")
            yield Change(said.format(level=level, span=_span(days)), moved)


def _span(days: list[date]) -> str:
    if len(days) == 1:
        return _("on {day}").format(day=days[0])
    return _("from {first} to {last} ({count} of them)").format(first=days[0], last=days[-1], count=len(days))


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
    for _doubling in range(6):
        if not math.isfinite(centre + sign * enough):
            return None
        if is_movement(enough):
            break
        enough *= 2
    else:
        return None
    short = 0.0
    for _halving in range(20):
        middle = (short + enough) / 2
        short, enough = (short, middle) if is_movement(middle) else (middle, enough)
    digits = 1 - math.floor(math.log10(enough)) if enough > 0 else 0
    unit = 10.0**-digits
    level = (math.ceil if sign > 0 else math.floor)((centre + sign * enough) / unit) * unit
    if not is_movement(abs(level - centre)):
        return None
    or_beyond = all(is_movement(abs(level - centre) * factor) for factor in (1.5, 2, 4))
    shown = f"{level:.{max(0, digits)}f}"
    if not or_beyond:
        return shown
    return (_("{value} or more") if sign > 0 else _("{value} or less")).format(value=shown)
