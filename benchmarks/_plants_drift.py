"""Failures of drift, as people would tell them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from benchmarks._organisation import Group, Organisation, Promise
from benchmarks._plant import (
    Planted,
    ago,
    elapsed,
    is_leaf,
    is_metric,
    of_key_result,
    of_objective,
    of_team,
    pick,
    plant,
)
from okrsync.model import Kind
from okrsync.report.value import Subject


def _moved(rule: str, change: Callable[[Random, Promise], dict[str, object]]) -> None:
    @plant(rule)
    def move(found: Organisation, random: Random, group: Group) -> Planted | None:
        place = pick(found, group, random, is_metric)
        if place is None:
            return None
        one = place[1]
        day = found.cycle.start + timedelta(days=random.randint(12, elapsed(found) - 2))
        one.was = [(day, change(random, one))]
        return of_key_result(one, group)


_moved("D001", lambda random, one: {"target": one.start + random.uniform(1.3, 2) * (one.goal - one.start)})
_moved("D002", lambda random, one: {"target": one.start + random.uniform(0.5, 0.8) * (one.goal - one.start)})
_moved("D002", lambda random, one: {"unit": "weekly " + str(one.unit)})


@plant("D003")
def not_told(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The level above changed its mind, and the team below goes on with the old plan."""
    for aim in found.aims_of(group.id):
        upper = next(
            (each for each in found.aims if aim.supports in (each.id, *(one.id for one in each.promises))), None
        )
        if upper is None or upper.cycle != found.cycle.id:
            continue
        one = next((one for one in upper.promises if one.id == aim.supports), upper.promises[0])
        day = found.as_of - timedelta(days=random.randint(9, 20))
        if one.kind is not Kind.METRIC or one.dropped is not None:
            one.was = [(day, {"title": "Something else altogether"})]
        else:
            one.was = [(day, {"target": one.start + random.choice((0.6, 1.7)) * (one.goal - one.start)})]
        aim.acknowledges = False
        return Planted(frozenset({Subject("objective", aim.id)}), frozenset({group.id, upper.team}))
    return None


@plant("D004")
def nobody_told_them(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A key result was dropped weeks ago, and its people go on working for it."""
    place = pick(found, group, random, lambda one: one.linked)
    if place is None or len(place[0].promises) < 3:
        return None
    one = place[1]
    one.dropped, one.carries_on = found.as_of - timedelta(days=random.randint(21, 30)), True
    group.rate = max(group.rate, 12)
    return of_key_result(one, group)


@plant("D005")
def something_came_up(found: Organisation, random: Random, group: Group) -> Planted | None:
    """After some weeks other things came up, and the goals were left."""
    if not is_leaf(found, group):
        return None
    if not any(one.linked and one.dropped is None for aim in found.aims_of(group.id) for one in aim.promises):
        return None
    day = found.cycle.start + timedelta(days=round(elapsed(found) * 0.45))
    group.rate, group.focus, group.drifts = max(group.rate, 7), 0.92, (day, random.uniform(0.1, 0.35))
    found.unknown -= set(group.members)
    return of_team(group)


@plant("D006")
def put_away(found: Organisation, random: Random, group: Group) -> Planted | None:
    """An objective was put away: nobody has looked at any of its key results for more than four periods."""
    aims = found.aims_of(group.id)
    if not aims:
        return None
    aim = random.choice(aims)
    for one in aim.promises:
        one.silent_since, one.was, one.dropped = ago(found, random.uniform(4.2, 4.8)), [], None
    aim.acknowledges = False
    return of_objective(aim, group)
