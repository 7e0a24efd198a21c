"""Failures of strategy, as people would tell them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from benchmarks._generate import earlier
from benchmarks._organisation import Group, Organisation, Promise
from benchmarks._plant import Plant, Planted, at, is_leaf, is_metric, of_key_result, of_objective, of_team, pick, plant
from okrsync.model import Cycle, Kind
from tests.wording_titles import HELD_OUT, titles

COUNTS = (
    ("Close 120 bugs", "bugs"), ("Number of releases from 3 to 10", None), ("合并请求数量从 10 提高到 30", "个"),
    ("Story points completed per sprint from 30 to 45", "story points"), ("Deployments per month from 4 to 12", None),
    ("Resolve 80% of the backlog tickets", "tickets"), ("每月发布次数从 2 次增加到 6 次", "次"),
    ("Features shipped from 6 to 14", "features"),
)  # fmt: skip
PROGRESS = (
    "Progress of the new billing system from 0 to 100%", "新支付系统建设进度达到 100%", "Completion of the redesign",
    "Percent of the migration completed",
    "Rollout of single sign-on from 0% to 100%", "数据平台项目完成度从 0 提升到 100%",
)  # fmt: skip


def _worded(rule: str) -> Plant:
    def change(found: Organisation, random: Random, group: Group) -> Planted | None:
        place = pick(found, group, random, is_metric)
        if place is None:
            return None
        one = place[1]
        if rule == "S001":
            one.title = random.choice([each.text for half in HELD_OUT for each in titles(half) if each.is_task])
        elif rule == "S002":
            one.title, unit = random.choice(COUNTS)
            one.unit = unit or one.unit
        else:
            one.title, one.unit = random.choice(PROGRESS), random.choice(("%", "percent", None))
            one.start, one.baseline, one.goal, one.target, one.noise = 0, 0, 100, 100, 4
            one.was = []
        return of_key_result(one, group)

    return change


for _rule in ("S001", "S002", "S003"):
    plant(_rule)(_worded(_rule))


def _unsaid(rule: str, field: str, fits: Callable[[Promise], bool]) -> None:
    @plant(rule)
    def change(found: Organisation, random: Random, group: Group) -> Planted | None:
        place = pick(found, group, random, fits)
        if place is None:
            return None
        setattr(place[1], field, None)
        place[1].was = []
        return of_key_result(place[1], group)


_unsaid("S004", "owner", lambda one: True)
_unsaid("S005", "target", lambda one: one.kind is not Kind.MILESTONE)
_unsaid("S006", "baseline", is_metric)
_unsaid("S007", "unit", lambda one: one.kind is not Kind.MILESTONE)
_unsaid("S011", "direction", lambda one: one.kind is Kind.MAINTAIN)


@plant("S008")
def nothing_measures_it(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Nobody said where the number comes from, and nobody has told it."""
    place = pick(found, group, random, lambda one: one.kind is not Kind.MILESTONE)
    if place is None:
        return None
    place[1].automatic, place[1].silent_since = False, found.cycle.start
    return of_key_result(place[1], group)


@plant("S009")
def some_day(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The goals are to be reached within two years or so."""
    found.cycle = Cycle(
        "now", found.cycle.start, found.cycle.start + timedelta(days=random.randint(380, 760)), found.cycle.check_in
    )
    return at("cycle", "now", *(each.id for each in found.groups))


@plant("S010")
def as_it_is(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The number is to become what it is already."""
    place = pick(found, group, random, is_metric)
    if place is None:
        return None
    one = place[1]
    one.goal, one.target, one.was = one.start, one.start, []
    return of_key_result(one, group)


@plant("S012")
def too_many(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Everybody's wish was written below one objective."""
    aims = found.aims_of(group.id)
    if not aims:
        return None
    aim = random.choice(aims)
    for number in range(random.randint(6, 9)):
        more = earlier(aim.promises[0], f"wish{number}", 1)
        more.id, more.dropped = f"{aim.id}.W{number}", None
        aim.promises.append(more)
    return of_objective(aim, group)


@plant("S012")
def only_one(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A single number says whether the objective is reached."""
    named = {aim.supports for aim in found.aims}
    for aim in found.aims_of(group.id):
        one = aim.promises[0]
        if not any(other.id in named for other in aim.promises) and one.dropped is None:
            aim.promises = [one]
            return of_objective(aim, group)
    return None


def _objective_without(rule: str, field: str) -> None:
    @plant(rule)
    def change(found: Organisation, random: Random, group: Group) -> Planted | None:
        aims = found.aims_of(group.id)
        if not aims:
            return None
        aim = random.choice(aims)
        setattr(aim, field, None)
        return of_objective(aim, group)


_objective_without("S013", "strategy")
_objective_without("S014", "serves")


def _lags(choose: Callable[[Random, int], int]) -> None:
    @plant("S015")
    def change(found: Organisation, random: Random, group: Group) -> Planted | None:
        length = (found.cycle.end - found.cycle.start).days + 1
        for aim in found.aims_of(group.id):
            ones = [one for one in aim.promises if one.kind is Kind.METRIC and one.dropped is None]
            if len(ones) >= 2:
                for one in ones:
                    one.lag = choose(random, length)
                return of_objective(aim, group)
        return None


_lags(lambda random, length: random.randint(length // 2, length - 5))
_lags(lambda random, length: random.randint(1, 5))


@plant("S016")
def list_of_deeds(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The objective is a list of things to be done."""
    aims = found.aims_of(group.id)
    if not aims:
        return None
    aim = random.choice(aims)
    for one in aim.promises:
        one.kind, one.dropped, one.was, one.automatic = Kind.MILESTONE, None, [], False
        one.baseline = one.target = one.direction = None
    return of_objective(aim, group)


@plant("S017")
def within_the_noise(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The number jumps about by as much as it is to change."""
    place = pick(found, group, random, lambda one: one.kind is Kind.METRIC and one.automatic)
    if place is None:
        return None
    one = place[1]
    one.noise, one.was = abs(one.goal - one.start) / random.uniform(0.5, 1.2), []
    return of_key_result(one, group)


@plant("S018")
def misspelt_label(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The rule for its work names a label that nobody uses."""
    place = pick(found, group, random, lambda one: one.linked)
    if place is None:
        return None
    place[1].misspelt = True
    return of_key_result(place[1], group)


@plant("S019")
def all_of_it(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Somebody takes all work there is for work on this one key result."""
    place = pick(found, group, random)
    if place is None:
        return None
    place[1].takes_all = place[1].linked = True
    return at("key_result", place[1].id, *(each.id for each in found.groups))


@plant("S020")
def busy(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A team works on it week after week, and the number stays where it was."""
    place = pick(found, group, random, lambda one: one.kind is Kind.METRIC and one.automatic)
    if place is None:
        return None
    one = place[1]
    for other in (one for aim in found.aims_of(group.id) for one in aim.promises):
        other.linked = other is one
    group.rate, one.linked, one.answers, one.lag, one.was = max(group.rate, 2), True, 0, random.choice((0, 5, 10)), []
    return of_key_result(one, group)


@plant("S021")
def other_things(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Most of what a team does has nothing to do with its goals."""
    if not is_leaf(found, group):
        return None
    group.rate, group.focus = max(group.rate, 6), random.uniform(0.05, 0.4)
    found.unknown -= set(group.members)
    return of_team(group)
