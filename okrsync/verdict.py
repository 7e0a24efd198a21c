"""Activity × movement: the table of verdicts."""

from __future__ import annotations

from typing import Literal

from okrsync.model import Activity, Kind, Movement, Verdict

Direction = Literal["at_least", "at_most"]


def direction_of(
    kind: Kind, *, baseline: float | None, target: float | None, declared: Direction | None
) -> Direction | None:
    """On which side of the target the outcome is to be; None where nothing says so.

    A limit to keep names its side. Otherwise the way from ``baseline`` to ``target`` does, and where that is no way at
    all, what was declared.
    """
    if kind is Kind.METRIC and baseline is not None and target is not None and target != baseline:
        return "at_least" if target > baseline else "at_most"
    if (
        kind is Kind.MAINTAIN
        and declared is None
        and baseline is not None
        and target is not None
        and baseline != target
    ):
        return "at_least" if baseline > target else "at_most"
    return declared


def reached(current: float | None, target: float | None, direction: Direction | None) -> bool:
    """True when ``current`` is at or past ``target``; without a direction, when it is exactly there."""
    if current is None or target is None:
        return False
    if direction == "at_least":
        return current >= target
    if direction == "at_most":
        return current <= target
    return current == target


def decide(
    kind: Kind,
    activity: Activity,
    movement: Movement,
    *,
    current: float | None,
    target: float | None,
    direction: Direction | None,
    usable: bool,
    checked_in: bool = False,
) -> Verdict:
    """The verdict on a key result that is not retired.

    ``current`` is the latest measurement and ``usable`` says that there is one and it is not stale; ``movement`` is
    ``unknown`` where there were too few to tell. ``checked_in`` says that a person's latest check-in calls a milestone
    reached; nothing else reaches one.
    """
    known = without_movement(
        kind,
        activity,
        current=current,
        target=target,
        direction=direction,
        usable=usable,
        checked_in=checked_in,
    )
    return by_movement(activity, movement) if known is None else known


def without_movement(
    kind: Kind,
    activity: Activity,
    *,
    current: float | None,
    target: float | None,
    direction: Direction | None,
    usable: bool,
    checked_in: bool = False,
) -> Verdict | None:
    """The verdict where movement has no say in it; None where it has (see ``by_movement``)."""
    if kind is Kind.MILESTONE:
        if checked_in:
            return Verdict.ACHIEVED
        return Verdict.BUILDING if activity.completed or activity.active else Verdict.NEGLECTED
    if not usable or current is None:
        return Verdict.UNMEASURED
    if kind is Kind.MAINTAIN:
        if reached(current, target, direction):
            return Verdict.DELIVERING
        if target is None or direction is None:
            return Verdict.UNMEASURED  # nothing says what is to be kept, or on which side of it
        return Verdict.BUSY if activity.completed or activity.active else Verdict.NEGLECTED
    return Verdict.ACHIEVED if reached(current, target, direction) else None


def by_movement(activity: Activity, movement: Movement) -> Verdict:
    """The verdict on a metric that has a usable measurement and has not reached its target."""
    if movement is Movement.UNKNOWN:
        return Verdict.UNMEASURED
    if movement is Movement.TOWARD:
        return Verdict.DELIVERING if activity.completed else Verdict.UNATTRIBUTED
    if activity.settled:
        return Verdict.BUSY
    if activity.completed:
        return Verdict.TOO_EARLY
    return Verdict.BUILDING if activity.active else Verdict.NEGLECTED
