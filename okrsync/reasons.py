"""A verdict in sentences, with the numbers it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from okrsync.model import Activity, Cycle, KeyResult, Kind, Metric, Movement, Outcome, Trend, Verdict
from okrsync.numbers import count_of, show

MOST = 4
"""Sentences for one key result."""


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
        yield f"Retired on {retired.on}: {reason}." if reason else f"Retired on {retired.on}."
        yield _work(activity, metric, as_of)
        return
    if as_of < cycle.start:
        yield f"The cycle begins on {cycle.start}."
        return
    if key_result.kind is Kind.MILESTONE:
        yield from _milestone(verdict, activity, outcome, metric, as_of)
        return
    if verdict is Verdict.UNMEASURED:
        yield from _unmeasured(key_result, cycle, outcome)
        yield _work(activity, metric, as_of)
        return
    if key_result.kind is Kind.MAINTAIN:
        state = "keeps" if verdict is Verdict.DELIVERING else "has left"
        side = {"at_least": "at least ", "at_most": "at most ", None: ""}[metric.direction]
        yield f"It {state} its limit of {side}{_show(outcome.target)}: {_latest(outcome)}."
        yield _work(activity, metric, as_of)
        return
    if verdict is Verdict.ACHIEVED:
        yield f"The target of {_show(outcome.target)} is reached: {_latest(outcome)}."
        yield _work(activity, metric, as_of)
        yield from _trend(outcome)
        return
    yield _work(activity, metric, as_of)
    yield _movement(outcome)
    yield from _untestable(outcome)
    yield from _trend(outcome)
    yield from _forecast(outcome)


def _show(value: float | None) -> str:
    return "unknown" if value is None else show(value)


def _latest(outcome: Outcome) -> str:
    return f"{_show(outcome.current)} on {outcome.measured_at}"


def _work(activity: Activity, metric: Metric, as_of: date) -> str:
    if activity.completed:
        text = f"{count_of(activity.completed, 'piece')} of work completed"
        days = metric.lag.days
        if days > 0:
            settled = str(activity.settled) if activity.settled else "none"
            text += (
                f", {settled} of them {days} or more days ago"
                if activity.completed > 1
                else (f", {days} or more days ago" if activity.settled else f", less than {days} days ago")
            )
        else:
            text += f", the last on {activity.last_completed}"
        return f"{text}; {activity.open} open." if activity.open else f"{text}."
    if activity.active:
        return f"No work completed; {count_of(activity.active, 'open piece')} of work changed lately."
    if activity.open:
        return f"No work completed; none of the {count_of(activity.open, 'open piece')} of work changed lately."
    return "No work completed, and none is open."


def _milestone(verdict: Verdict, activity: Activity, outcome: Outcome, metric: Metric, as_of: date) -> Iterator[str]:
    if verdict is Verdict.ACHIEVED:
        yield f"A person checked it in as reached on {outcome.measured_at}."
    else:
        yield "Nobody has checked it in as reached; finished work alone does not reach a milestone."
    yield _work(activity, metric, as_of)


def _unmeasured(key_result: KeyResult, cycle: Cycle, outcome: Outcome) -> Iterator[str]:
    maintain = key_result.kind is Kind.MAINTAIN
    if outcome.measured_at is None:
        yield "There is no measurement."
    elif outcome.stale:
        days = 2 * key_result.metric.cadence.days
        yield f"The last reading is from {outcome.measured_at}, older than two cadences ({days} days)."
    elif maintain:
        missing = "has no target" if outcome.target is None else "does not say on which side of its target to stay"
        yield f"It {missing}: whether it keeps its limit cannot be told."
    elif outcome.measured_at < cycle.start:
        yield f"No reading since the cycle began on {cycle.start}; the last is from {outcome.measured_at}."
    else:
        yield outcome.rule


def _movement(outcome: Outcome) -> str:
    readings = f"in {count_of(outcome.points, 'reading')}"
    where = "where it stood before"
    if outcome.low is not None and outcome.high is not None:
        if outcome.low == outcome.high:
            where = f"{show(outcome.low)}, where it stood before"
        else:
            where = f"its usual range of {show(outcome.low)} to {show(outcome.high)}"
    if outcome.movement is Movement.TOWARD:
        target = _show(outcome.target)
        return f"Moving toward the target of {target}: {_latest(outcome)}, before the cycle {_range(outcome)}."
    if outcome.movement is Movement.AWAY:
        target = _show(outcome.target)
        return f"Moving away from the target of {target}: {_latest(outcome)}, before the cycle {_range(outcome)}."
    return f"Flat: {readings} there is no sign that its level has left {where}."


def _range(outcome: Outcome) -> str:
    if outcome.low is None or outcome.high is None:
        return _show(outcome.baseline)
    if outcome.low == outcome.high:
        return show(outcome.low)
    return f"usually {show(outcome.low)} to {show(outcome.high)}"


def _trend(outcome: Outcome) -> Iterator[str]:
    if outcome.trend is Trend.CONTINUED:
        if outcome.movement is Movement.TOWARD:
            yield "Growth goes on as it did before the cycle: no sign that this cycle's work did anything."
        else:
            yield "The trend from before the cycle goes on: no sign that this cycle's work did anything."
    elif outcome.trend is Trend.BETTER:
        yield "It does better than the trend before the cycle foretold."
    elif outcome.trend is Trend.WORSE:
        yield "It does worse than the trend before the cycle foretold."


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
        yield f"Untestable: the way to the target, {show(gap)}, is under twice the noise (σ {show(sigma)})."


def _forecast(outcome: Outcome) -> Iterator[str]:
    forecast = outcome.forecast
    if forecast is not None:
        low, mid, high = show(forecast.low), show(forecast.mid), show(forecast.high)
        yield f"Going on like this, it ends the cycle at about {mid}, 4 times in 5 between {low} and {high}."
