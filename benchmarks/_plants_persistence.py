"""Failures of persistence, as people would tell them."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from benchmarks._generate import earlier
from benchmarks._organisation import Group, Organisation, Promise
from benchmarks._plant import Planted, ago, at, elapsed, is_leaf, is_metric, of_key_result, of_team, pick, plant
from okrsync.model import Kind, Pillar
from okrsync.report.value import Subject


@plant("P001")
def stopped_checking_in(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Somebody has not checked in on a key result for weeks."""
    place = pick(found, group, random, lambda one: one.kind is not Kind.MILESTONE)
    if place is None:
        return None
    one = place[1]
    one.forgets = 0
    one.silent_since = ago(found, random.uniform(2.6, 3.4), max(one.cadence, found.cycle.check_in.days))
    return of_key_result(one, group)


@plant("P002")
def team_stopped(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A team stopped checking in some weeks ago."""
    ones = [one for aim in found.aims_of(group.id) for one in aim.promises if one.kind is not Kind.MILESTONE]
    if len(ones) < 2:
        return None
    since = ago(found, random.uniform(2.6, 4))
    for aim in found.aims_of(group.id):
        for one in aim.promises:
            one.silent_since, one.cadence = since, min(one.cadence, found.cycle.check_in.days)
    return of_team(group)


@plant("P003")
def level_stopped(found: Organisation, random: Random, group: Group) -> Planted | None:
    """At the bottom nobody checks in any more."""
    if len([each for each in found.groups if each.level == "team"]) < 2:
        return None
    since = ago(found, random.uniform(2.6, 4))
    for each in found.groups:
        if each.level == "team":
            for aim in found.aims_of(each.id):
                for one in aim.promises:
                    one.silent_since = since
    return at("level", "team", *(each.id for each in found.groups))


@plant("P004")
def nobody_remembers(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A key result was forgotten: nobody has measured it for more than three of its periods."""
    place = pick(found, group, random, lambda one: one.kind is not Kind.MILESTONE)
    if place is None:
        return None
    one = place[1]
    since = ago(found, random.uniform(3.3, 4), max(one.cadence, found.cycle.check_in.days))
    one.silent_since = since
    if one.automatic:
        one.source_broke = since
    return of_key_result(one, group)


@plant("P005")
def the_dashboard_does_it(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A number arrives by itself, and nobody has ever said a word about it."""
    place = pick(found, group, random, lambda one: one.automatic)
    if place is None:
        return None
    place[1].silent_since = found.cycle.start
    return of_key_result(place[1], group)


@plant("P006")
def gave_up_early(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A bet that takes weeks to show was dropped soon after the first work for it."""
    place = pick(found, group, random, lambda one: one.linked and one.kind is Kind.METRIC)
    if place is None or len(place[0].promises) < 3:
        return None
    one = place[1]
    one.lag = random.randint(28, 45)
    one.dropped = found.cycle.start + timedelta(days=random.randint(9, 25))
    return of_key_result(one, group)


@plant("P006")
def deleted_early(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The same, and its lines were simply deleted from the file."""
    place = pick(found, group, random, lambda one: one.kind is Kind.METRIC)
    if place is None or len(place[0].promises) < 3:
        return None
    one = place[1]
    one.lag, one.linked, one.before = random.randint(28, 45), False, []
    one.removed = found.cycle.start + timedelta(days=random.randint(9, 25))
    return of_key_result(one, group)


@plant("P007")
def never_in_time(found: Organisation, random: Random, group: Group) -> Planted | None:
    """An outcome that takes longer to show than the cycle lasts."""
    place = pick(found, group, random, is_metric)
    if place is None:
        return None
    place[1].lag = (found.cycle.end - found.cycle.start).days + random.randint(1, 60)
    return of_key_result(place[1], group)


@plant("P008")
def lost_faith(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Its people say that it will not be reached while nothing can have shown yet."""
    place = pick(found, group, random, is_metric)
    if place is None:
        return None
    one = place[1]
    one.lag, one.confidence, one.answers = elapsed(found) + random.randint(2, 9), (0, 2), 0
    return of_key_result(one, group)


def _stuck(one: Promise, found: Organisation) -> None:
    one.kind, one.automatic, one.answers, one.lag, one.direction = Kind.METRIC, True, 0, 0, None
    one.goal = one.target = one.start + 8 * one.noise
    one.baseline, one.cadence, one.dropped, one.was = one.start, 7, None, []
    one.before = [earlier(one, past.id, 0) for past in found.past]


@plant("P009")
def third_attempt(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The third cycle in a row somebody tries to move the same number, and it stays where it is."""
    place = pick(found, group, random)
    if place is None or len(found.past) < 2:
        return None
    _stuck(place[1], found)
    return of_key_result(place[1], group)


@plant("P010")
def pillar_stands_still(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A part of the strategy for which two teams try this and that, cycle after cycle, and nothing moves."""
    if not is_leaf(found, group) or len(found.past) < 2:
        return None
    found.pillars.append(Pillar("forgotten", "The forgotten pillar"))
    aims = found.aims_of(group.id)
    others = [each for each in found.leaves() if each is not group]
    aims += found.aims_of(random.choice(others).id) if others else []
    for aim in aims:
        aim.strategy = "forgotten"
        for one in aim.promises:
            _stuck(one, found)
            for old in one.before:
                old.column = old.id  # each time another number
    return Planted(frozenset(Subject("objective", aim.id) for aim in aims), frozenset(aim.team for aim in aims))
