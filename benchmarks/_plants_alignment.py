"""Failures of alignment, as people would tell them."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from benchmarks._generate import earlier
from benchmarks._organisation import Aim, Group, Organisation
from benchmarks._plant import Planted, at, of_objective, plant
from okrsync.model import Kind
from okrsync.report.value import Subject


@plant("A001")
def forgot_what_for(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A team wrote an objective and did not say what it is for."""
    aims = found.aims_of(group.id)
    if not aims or group.parent is None:
        return None
    aim = random.choice(aims)
    aim.supports = None
    return of_objective(aim, group)


@plant("A002")
def nobody_took_it_up(found: Organisation, random: Random, group: Group) -> Planted | None:
    """An upper team added an objective late, and nobody below did anything about it."""
    aims = found.aims_of(group.id)
    if not aims or not found.below(group.id):
        return None
    old = aims[0]
    late = []
    for number, one in enumerate(old.promises[:3]):
        new = earlier(one, "late", 0)
        late.append(new)
        new.id, new.linked, new.dropped = f"{old.id}late.K{number}", random.random() < 0.5, None
        new.misspelt = new.linked  # a rule was written, and there is no such work
        new.kind = Kind.METRIC
        new.goal = new.target = new.start + 8 * new.noise
        new.baseline, new.direction = new.start, None
    added = Aim(
        f"{old.id}late", group.id, old.cycle, "Late wish", late, old.strategy, old.serves, old.owner, old.supports
    )
    found.aims.append(added)
    return of_objective(added, group)


@plant("A002")
def half_taken_up(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Of an upper objective the teams took up one key result; another one nobody cares about."""
    aims = found.aims_of(group.id)
    children = [aim for each in found.below(group.id) for aim in found.aims_of(each.id)]
    for aim in aims:
        carriers = [each for each in children if each.supports in (aim.id, *(one.id for one in aim.promises))]
        running = [one for one in aim.promises if one.dropped is None]
        if not carriers or len(running) < 2:
            continue
        for each in carriers:
            each.supports = running[0].id
        left = running[1]
        left.kind, left.linked, left.answers = Kind.METRIC, False, 0
        left.goal = left.target = left.start + 8 * left.noise
        left.baseline, left.direction = left.start, None
        return at("key_result", left.id, group.id)
    return None


def _pass_by(found: Organisation, group: Group) -> None:
    """The teams below look to whoever stands above the team between, whose people do something else."""
    group.focus = 0
    upper = next(aim.id for aim in found.aims if aim.team == group.parent)
    ours = {aim.id for aim in found.aims if aim.team == group.id}
    ours |= {one.id for aim in found.aims if aim.team == group.id for one in aim.promises}
    for aim in found.aims:
        if aim.supports in ours:
            aim.supports = upper
    found.aims = [aim for aim in found.aims if aim.team != group.id]


def _between(found: Organisation, group: Group) -> Planted:
    subjects = {Subject("team", group.id), Subject("level", group.level)}
    return Planted(frozenset(subjects), frozenset({group.id}))


@plant("A003")
def manager_set_nothing(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A department set no objectives this time."""
    if group.parent is None or not found.below(group.id):
        return None
    _pass_by(found, group)
    return _between(found, group)


@plant("A003")
def level_set_nothing(found: Organisation, random: Random, group: Group) -> Planted | None:
    """No department set any objective."""
    if group.level != "department":
        return None
    for each in found.groups:
        if each.level == "department" and found.below(each.id):
            _pass_by(found, each)
    return at("level", "department", *(each.id for each in found.groups))


@plant("A003")
def only_on_paper(found: Organisation, random: Random, group: Group) -> Planted | None:
    """A department wrote objectives in its planning, and nobody has touched them since."""
    if group.parent is None or not found.below(group.id):
        return None
    for aim in found.aims_of(group.id):
        for one in aim.promises:
            one.silent_since, one.linked, one.dropped = found.cycle.start, False, None
    group.focus = 0
    return _between(found, group)


@plant("A004")
def own_ideas(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Most teams at the bottom follow ideas of their own."""
    leaves = [each for each in found.leaves() if each.level == "team"]
    if not leaves:
        return None
    for each in leaves:
        each.rate = max(each.rate, 4)
        if random.random() < 0.9:
            for aim in found.aims_of(each.id):
                aim.supports = None
        else:
            each.focus = min(each.focus, 0.5)
    busiest = max(leaves, key=lambda each: each.rate)
    for aim in found.aims_of(busiest.id):
        aim.supports = None
    return at("level", "team", *(each.id for each in found.groups))


@plant("A004")
def firefighting(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The teams at the bottom spend nearly all their time on whatever comes in."""
    for each in found.leaves():
        each.rate, each.focus = max(each.rate, 4), random.uniform(0.05, 0.3)
    return at("level", "team", *(each.id for each in found.groups))


@plant("A005")
def hung_below_another(found: Organisation, random: Random, group: Group) -> Planted | None:
    """An objective was hung below one that is about something else."""
    aims = [aim for aim in found.aims_of(group.id) if aim.supports is not None]
    if not aims:
        return None
    aim = random.choice(aims)
    aim.strategy = random.choice([each.id for each in found.pillars if each.id != aim.strategy])
    return of_objective(aim, group)


@plant("A006")
def dropped_above(found: Organisation, random: Random, group: Group) -> Planted | None:
    """The key result above was dropped weeks ago, and the team below still points at it."""
    for aim in found.aims_of(group.id):
        upper = next((each for each in found.aims if aim.supports == each.id and each.cycle == aim.cycle), None)
        if upper is None:
            continue
        aim.supports = upper.promises[0].id
        upper.promises[0].dropped = found.as_of - timedelta(days=random.randint(10, 20))
        return Planted(frozenset({Subject("objective", aim.id)}), frozenset({group.id, upper.team}))
    return None


@plant("A006")
def points_sideways(found: Organisation, random: Random, group: Group) -> Planted | None:
    """Two teams side by side, and one points at the other."""
    sisters = [
        aim
        for each in found.groups
        if each.parent == group.parent and each is not group
        for aim in found.aims_of(each.id)
    ]
    if group.parent is None or not found.aims_of(group.id) or not sisters:
        return None
    aim = found.aims_of(group.id)[0]
    aim.supports = random.choice(sisters).id
    return of_objective(aim, group)
