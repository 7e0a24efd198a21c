"""A verdict in sentences, with the numbers it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from okrsync.language import N_, _, ngettext
from okrsync.model import Activity, Cycle, KeyResult, Kind, Metric, Movement, Outcome, Trend, Verdict
from okrsync.numbers import show

MOST = 4
"""Sentences for one key result."""

MOVEMENTS = {
    Movement.TOWARD: N_("toward"),
    Movement.AWAY: N_("away"),
    Movement.FLAT: N_("flat"),
    Movement.UNKNOWN: N_("unknown"),
}
TRENDS = {
    Trend.CONTINUED: N_("continued"),
    Trend.BETTER: N_("better"),
    Trend.WORSE: N_("worse"),
    Trend.NONE: N_("none"),
    Trend.UNKNOWN: N_("unknown"),
}
"""What movement and trend are called; to be translated."""


def sentences(
    key_result: KeyResult, cycle: Cycle, verdict: Verdict, activity: Activity, outcome: Outcome, *, as_of: date
) -> tuple[str, ...]:
    """One to four sentences that explain ``verdict``, the strongest first."""
    return tuple(_all(key_result, cycle, verdict, activity, outcome, as_of))[:MOST]


def _all(
    key_result: KeyResult, cycle: Cycle, verdict: Verdict, activity: Activity, outcome: Outcome, as_of: date
) -> Iterator[str]:
    metric = key_result.metric
    retired = key_result.retired
    if verdict is Verdict.RETIRED and retired is not None:
        reason = (retired.reason or "").strip().rstrip(".")
        said = _("Retired on {day}: {reason}.") if reason else _("Retired on {day}.")
        yield said.format(day=_day(retired.on), reason=reason)
        yield _work(activity, metric, as_of)
        return
    if as_of < cycle.start:
        yield _("The cycle begins on {day}.").format(day=_day(cycle.start))
        return
    if key_result.kind is Kind.MILESTONE:
        yield from _milestone(verdict, activity, outcome, metric, as_of)
        return
    if verdict is Verdict.UNMEASURED:
        yield from _unmeasured(key_result, cycle, outcome)
        yield _work(activity, metric, as_of)
        return
    if key_result.kind is Kind.MAINTAIN:
        if verdict is Verdict.DELIVERING:
            said = _("It keeps its limit of {limit}: {latest}.")
        else:
            said = _("It has left its limit of {limit}: {latest}.")
        yield said.format(limit=limit(metric.direction, _show(outcome.target)), latest=_latest(outcome))
        yield _work(activity, metric, as_of)
        return
    if verdict is Verdict.ACHIEVED:
        yield _("The target of {target} is reached: {latest}.").format(
            target=_show(outcome.target), latest=_latest(outcome)
        )
        yield _work(activity, metric, as_of)
        yield from _trend(outcome)
        return
    yield _work(activity, metric, as_of)
    yield _movement(outcome)
    yield from _untestable(outcome)
    yield from _trend(outcome)
    yield from _forecast(outcome)


def limit(direction: str | None, value: str) -> str:
    """A value as a limit, on the side where ``direction`` says to stay: ``at least 99.5``."""
    if direction == "at_least":
        return _("at least {value}").format(value=value)
    return _("at most {value}").format(value=value) if direction == "at_most" else value


def _show(value: float | None) -> str:
    return _("unknown") if value is None else show(value)


def _day(day: date | None) -> str:
    """A day that can be sorted and searched for, in English; as Chinese writes it in Chinese."""
    if day is None:
        return _("unknown")
    return _("{year:04}-{month:02}-{day:02}").format(year=day.year, month=day.month, day=day.day)


def _latest(outcome: Outcome) -> str:
    return _("{value} on {day}").format(value=_show(outcome.current), day=_day(outcome.measured_at))


def _work(activity: Activity, metric: Metric, as_of: date) -> str:
    if activity.completed:
        days, settled = metric.lag.days, activity.settled
        if days <= 0:
            said = ngettext(
                "{count} piece of work completed, the last on {last}",
                "{count} pieces of work completed, the last on {last}",
                activity.completed,
            )
        elif activity.completed == 1:
            said = (
                _("{count} piece of work completed, {days} or more days ago")
                if settled
                else _("{count} piece of work completed, less than {days} days ago")
            )
        elif settled:
            said = _("{count} pieces of work completed, {settled} of them {days} or more days ago")
        else:
            said = _("{count} pieces of work completed, none of them {days} or more days ago")
        done = said.format(count=activity.completed, last=_day(activity.last_completed), settled=settled, days=days)
        if activity.open:
            return _("{completed}; {count} open.").format(completed=done, count=activity.open)
        return _("{sentence}.").format(sentence=done)
    if activity.active:
        return ngettext(
            "No work completed; {count} open piece of work changed lately.",
            "No work completed; {count} open pieces of work changed lately.",
            activity.active,
        ).format(count=activity.active)
    if activity.open:
        return ngettext(
            "No work completed; none of the {count} open piece of work changed lately.",
            "No work completed; none of the {count} open pieces of work changed lately.",
            activity.open,
        ).format(count=activity.open)
    return _("No work completed, and none is open.")


def _milestone(verdict: Verdict, activity: Activity, outcome: Outcome, metric: Metric, as_of: date) -> Iterator[str]:
    if verdict is Verdict.ACHIEVED:
        yield _("A person checked it in as reached on {day}.").format(day=_day(outcome.measured_at))
    else:
        yield _("Nobody has checked it in as reached; finished work alone does not reach a milestone.")
    yield _work(activity, metric, as_of)


def _unmeasured(key_result: KeyResult, cycle: Cycle, outcome: Outcome) -> Iterator[str]:
    maintain = key_result.kind is Kind.MAINTAIN
    if outcome.measured_at is None:
        yield _("There is no measurement.")
    elif outcome.stale:
        yield _("The last reading is from {day}, older than two cadences ({days} days).").format(
            day=_day(outcome.measured_at), days=2 * key_result.metric.cadence.days
        )
    elif maintain and outcome.target is None:
        yield _("It has no target: whether it keeps its limit cannot be told.")
    elif maintain:
        yield _("It does not say on which side of its target to stay: whether it keeps its limit cannot be told.")
    elif outcome.measured_at < cycle.start:
        yield _("No reading since the cycle began on {start}; the last is from {day}.").format(
            start=_day(cycle.start), day=_day(outcome.measured_at)
        )
    else:
        yield outcome.rule


def _movement(outcome: Outcome) -> str:
    if outcome.movement in (Movement.TOWARD, Movement.AWAY):
        if outcome.movement is Movement.TOWARD:
            said = _("Moving toward the target of {target}: {latest}, before the cycle {range}.")
        else:
            said = _("Moving away from the target of {target}: {latest}, before the cycle {range}.")
        return said.format(target=_show(outcome.target), latest=_latest(outcome), range=_range(outcome))
    count, low, high = outcome.points, outcome.low, outcome.high
    if low is None or high is None:
        return ngettext(
            "Flat: in {count} reading there is no sign that its level has left where it stood before.",
            "Flat: in {count} readings there is no sign that its level has left where it stood before.",
            count,
        ).format(count=count)
    if low == high:
        return ngettext(
            "Flat: in {count} reading there is no sign that its level has left {level}, where it stood before.",
            "Flat: in {count} readings there is no sign that its level has left {level}, where it stood before.",
            count,
        ).format(count=count, level=show(low))
    return ngettext(
        "Flat: in {count} reading there is no sign that its level has left its usual range of {low} to {high}.",
        "Flat: in {count} readings there is no sign that its level has left its usual range of {low} to {high}.",
        count,
    ).format(count=count, low=show(low), high=show(high))


def _range(outcome: Outcome) -> str:
    if outcome.low is None or outcome.high is None:
        return _show(outcome.baseline)
    if outcome.low == outcome.high:
        return show(outcome.low)
    return _("usually {low} to {high}").format(low=show(outcome.low), high=show(outcome.high))


def _trend(outcome: Outcome) -> Iterator[str]:
    if outcome.trend is Trend.CONTINUED:
        if outcome.movement is Movement.TOWARD:
            yield _("Growth goes on as it did before the cycle: no sign that this cycle's work did anything.")
        else:
            yield _("The trend from before the cycle goes on: no sign that this cycle's work did anything.")
    elif outcome.trend is Trend.BETTER:
        yield _("It does better than the trend before the cycle foretold.")
    elif outcome.trend is Trend.WORSE:
        yield _("It does worse than the trend before the cycle foretold.")


def too_near(outcome: Outcome, sigmas: float = 2.0) -> tuple[float, float] | None:
    """The way to the target and the noise σ, where the way is under ``sigmas`` times σ; None where it is not.

    Such a target cannot be told from luck. σ is the series' own: its usual range, low to high, is 4σ wide.
    """
    if outcome.low is None or outcome.high is None or outcome.target is None:
        return None
    middle = outcome.low / 2 + outcome.high / 2
    gap = abs(outcome.target - (middle if outcome.baseline is None else outcome.baseline))
    sigma = outcome.high / 4 - outcome.low / 4
    return (gap, sigma) if gap < sigmas * sigma else None


def _untestable(outcome: Outcome) -> Iterator[str]:
    if (found := too_near(outcome)) is not None:
        gap, sigma = found
        yield _("Untestable: the way to the target, {gap}, is under twice the noise (σ {sigma}).").format(
            gap=show(gap), sigma=show(sigma)
        )


def _forecast(outcome: Outcome) -> Iterator[str]:
    forecast = outcome.forecast
    if forecast is not None:
        low, mid, high = show(forecast.low), show(forecast.mid), show(forecast.high)
        yield _("Going on like this, it ends the cycle at about {mid}, 4 times in 5 between {low} and {high}.").format(
            low=low, mid=mid, high=high
        )
