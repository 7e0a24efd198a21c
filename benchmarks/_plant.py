"""Failures as people would tell them, one or more for each rule, and where a person would expect to read of it.

Each plant changes what an organisation is and does before it lives; how the rules compute is none of its business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from benchmarks._organisation import Aim, Group, Organisation, Promise
from okrsync.model import Kind
from okrsync.report.value import Subject


@dataclass(frozen=True)
class Planted:
    """One failure in one place."""

    subjects: frozenset[Subject]
    """A finding of the rule at one of these finds it."""
    teams: frozenset[str]
    """Where else it may show: these teams, those above and those below."""


Plant = Callable[[Organisation, Random, Group], "Planted | None"]
PLANTS: dict[str, list[Plant]] = {}
"""By rule."""
WIDE = {"A003", "A004", "P003", "S009", "S019", "P010"}
"""These concern more than a team: each is planted into an organisation of its own."""


def plant(rule: str) -> Callable[[Plant], Plant]:
    """Enter a plant for a rule."""

    def enter(function: Plant) -> Plant:
        PLANTS.setdefault(rule, []).append(function)
        return function

    return enter


def put(rule: str, into: Organisation, avoid: frozenset[str] = frozenset()) -> Planted | None:
    """Plant a failure somewhere; None where there is no place for it. ``avoid`` are teams that have one already."""
    random = into.random
    groups = list(into.groups)
    random.shuffle(groups)
    variants = list(PLANTS[rule])
    random.shuffle(variants)
    for variant in variants:
        for group in groups:
            if group.id not in avoid and (planted := variant(into, random, group)) is not None:
                return planted
    return None


def at(kind: str, id_: str, *teams: str) -> Planted:
    """One subject at which it shows, and the teams it concerns."""
    return Planted(frozenset({Subject(kind, id_)}), frozenset(teams))  # type: ignore[arg-type]  # the callers name kinds of subjects


def of_key_result(one: Promise, group: Group) -> Planted:
    """It shows at a key result."""
    return at("key_result", one.id, group.id)


def of_objective(aim: Aim, group: Group) -> Planted:
    """It shows at an objective."""
    return at("objective", aim.id, group.id)


def of_team(group: Group) -> Planted:
    """It shows at a team."""
    return at("team", group.id, group.id)


def of_lead(found: Organisation, group: Group) -> Planted:
    """It shows at a team's lead, whose people are all known."""
    found.unknown -= set(group.members)
    return at("person", group.lead, group.id)


def is_leaf(found: Organisation, group: Group) -> bool:
    """True for a team with one above and none below."""
    return group.parent is not None and not found.below(group.id)


def pick(
    found: Organisation, group: Group, random: Random, fits: Callable[[Promise], bool] = lambda one: True
) -> tuple[Aim, Promise] | None:
    """A key result of the team that runs, is not named by others, and fits; with its objective."""
    named = {aim.supports for aim in found.aims}
    places = [
        (aim, one)
        for aim in found.aims_of(group.id)
        for one in aim.promises
        if one.dropped is None and one.removed is None and one.id not in named and fits(one)
    ]
    return random.choice(places) if places else None


def is_metric(one: Promise) -> bool:
    """True for a key result that is to move a number."""
    return one.kind is Kind.METRIC


def ago(found: Organisation, periods: float, days: int | None = None) -> date:
    """So many check-in periods (or spans of some days) before today, and a day."""
    return found.as_of - timedelta(days=round(periods * (days or found.cycle.check_in.days)) + 1)


def elapsed(found: Organisation) -> int:
    """Days since the cycle began."""
    return (found.as_of - found.cycle.start).days
