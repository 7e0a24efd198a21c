"""Organisations that are well: of any size, with odd calendars, small teams, people whom no list names, and noise."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks._organisation import Aim, Group, Organisation, Promise
from okrsync.model import Cycle, Kind, Pillar
from tests.wording_titles import HELD_OUT, titles

PILLARS = ("customers", "quality", "speed", "trust", "growth", "people")
UNITS = ("shops/week", "%", "days", "orders", "EUR", "readers", "minutes", "visits/day")
RESULTS = tuple(each.text for half in HELD_OUT for each in titles(half) if not each.is_task)
"""Titles of key results; the wording rules were not tuned on them."""
SERVED = ("shop owners", "readers", "the people on call", "new customers", "商家", "suppliers")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Australia/Adelaide")
CALENDARS = ((91, 7), (92, 7), (91, 7), (84, 14), (120, 14), (56, 7), (182, 10), (100, 7), (365, 14))
"""Days of a cycle, and days from check-in to check-in."""


def organisation(seed: str, size: int, *, cycles: int = 0) -> Organisation:
    """An organisation of ``size`` teams in which nothing is wrong; ``cycles`` went before."""
    random = Random(seed)
    length, check_in = random.choice(CALENDARS if size < 40 else CALENDARS[:-2])
    start = date(2026, 1, 1) + timedelta(days=random.randrange(300))
    cycle = Cycle("now", start, start + timedelta(days=length - 1), timedelta(days=check_in))
    gone = max(round(length * random.uniform(0.55, 0.97)), 5 * check_in + 2)
    past = []
    for number in range(cycles):
        end = start - timedelta(days=1 + number * length)
        past.append(Cycle(f"past{number + 1}", end - timedelta(days=length - 1), end, cycle.check_in))
    pillars = [Pillar(each, each.title()) for each in PILLARS[: random.randint(2, 6)]]
    zone = ZoneInfo(random.choice(ZONES))
    found = Organisation(
        random, cycle, start + timedelta(days=gone), zone, pillars, _groups(random, size), [], past=past
    )
    if size >= 12 and random.random() < 0.4:
        found.outer = Cycle("year", start - timedelta(days=20), start + timedelta(days=400 - 60))
    for group in found.groups:
        _aims(found, group)
    _take_up(found)
    for group in found.groups:
        found.unknown |= {name for name in group.members[1:] if random.random() < 0.15}
        for aim in found.aims_of(group.id):
            _edit(found, aim)
    return found


def _groups(random: Random, size: int) -> list[Group]:
    """One at the top, those between, and teams at the bottom."""
    between = 1 if size < 5 else max(1, round(size / 7))
    upper = round(between / 6) if size >= 60 else 0

    def group(name: str, level: str, parent: str | None, people: int, rate: float) -> Group:
        members = [f"{name}.{number}" for number in range(people)]
        focus = random.uniform(0.78, 0.97)
        scope = f"P{sum(map(ord, parent or name)) % 97}"
        return Group(name, level, parent, members, rate, focus, scope, hand=min(0.35, 1 / people))

    found = [group("acme", "company", None, 4, 1.0)]
    found += [group(f"area{number}", "area", "acme", 4, 1.0) for number in range(upper)]
    for number in range(between):
        parent = f"area{number % upper}" if upper else "acme"
        found.append(group(f"dept{number}", "department", parent, random.randint(3, 5), random.uniform(0.5, 2)))
    for number in range(size - len(found)):
        people = random.choice((2, 3, 4, 5, 6, 8, 9))
        rate = people * random.choice((0.15, 0.5, 0.8, 1.0, 1.3))
        found.append(group(f"team{number}", "team", f"dept{number % between}", people, rate))
    return found


def _aims(found: Organisation, group: Group) -> None:
    random = found.random
    outer = found.outer is not None and group.parent is None
    number = 1 if found.below(group.id) else random.choice((1, 1, 2))
    for index in range(number):
        above = found.aims if group.parent is None else [aim for aim in found.aims if aim.team == group.parent]
        upper = random.choice(above) if above and group.parent is not None else None
        id_ = f"O-{group.id}-{index}"
        lags = [0, *(random.choice((0, 3, 7, 10, 14, 21)) for _ in range(4))]
        promises = [_promise(found, group, id_, which, lags[which]) for which in range(random.choice((2, 3, 3, 4, 5)))]
        if all(one.kind is not Kind.METRIC for one in promises):
            promises[0] = _promise(found, group, id_, 0, 0, Kind.METRIC)
        if not any(one.linked for one in promises):
            promises[0].linked = True
        numbers = [one for one in promises if one.kind is Kind.METRIC]
        if len(numbers) > 1:  # some show early and some late
            numbers[0].lag, numbers[1].lag = random.choice((0, 3, 7)), random.choice((0, 10, 14))
        found.aims.append(
            Aim(
                id=id_,
                team=group.id,
                cycle=found.outer.id if outer and found.outer else found.cycle.id,
                title=f"{random.choice(SERVED)} are better off, {id_}",
                promises=promises,
                strategy=upper.strategy if upper else random.choice(found.pillars).id,
                serves=random.choice(SERVED),
                owner=random.choice(group.members),
                supports=upper.id if upper else None,
            )
        )


def _promise(found: Organisation, group: Group, aim: str, which: int, lag: int, kind: Kind | None = None) -> Promise:
    random = found.random
    kind = kind or random.choices((Kind.METRIC, Kind.MAINTAIN, Kind.MILESTONE), (75, 15, 10))[0]
    automatic = kind is not Kind.MILESTONE and random.random() < 0.6
    start = random.choice((20.0, 120.0, 0.4, 3000.0))
    goal = start * random.choice((0.5, 0.6, 1.5, 2.0))
    noise = abs(goal - start) / random.uniform(6, 15)
    cadence = random.choice((7, 7, found.cycle.check_in.days))
    one = Promise(
        id=f"{aim}.K{which}",
        title=f"{random.choice(RESULTS)} ({group.id})",
        owner=group.members[(which + 1) % len(group.members)],
        kind=kind,
        unit=random.choice(UNITS),
        start=start,
        goal=goal,
        noise=noise,
        baseline=start,
        target=goal,
        cadence=cadence,
        lag=lag,
        automatic=automatic,
        linked=random.random() < 0.85,
    )
    if kind is Kind.MAINTAIN:
        one.baseline, one.direction = None, random.choice(("at_least", "at_most"))
        one.goal = one.target = start - 5 * noise if one.direction == "at_least" else start + 5 * noise
    for number, past in enumerate(found.past):
        if random.random() < 0.7:
            one.before.append(earlier(one, past.id, 1.0))
        else:
            break
        assert len(one.before) == number + 1
    return one


def earlier(one: Promise, cycle: str, answers: float) -> Promise:
    """The same promise in an earlier cycle."""
    said: dict[str, Any] = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return Promise(**{**said, "id": f"{one.id}@{cycle}", "answers": answers, "was": [], "before": []})


def _take_up(found: Organisation) -> None:
    """What the upper levels want is taken up below: every objective by some team, or worked for."""
    aims: dict[str, list[Aim]] = {}
    for aim in found.aims:
        aims.setdefault(aim.team, []).append(aim)
    for group in found.groups:
        below = found.below(group.id)
        if not below:
            continue
        ours = aims.get(group.id, [])
        theirs = [aim for each in below for aim in aims.get(each.id, ())]
        for aim in ours:
            if theirs and not any(each.supports == aim.id for each in theirs):
                found.random.choice(theirs).supports = aim.id
        for aim in theirs:
            upper = next(each for each in ours if each.id == aim.supports)
            others = [each for each in theirs if each is not aim and each.supports == upper.id]
            if others and found.random.random() < 0.3:
                aim.supports = found.random.choice(upper.promises).id
                # An objective that is named is carried whole; one whose parts are named is carried part by part.
                if not any(each.supports == upper.id for each in theirs):
                    aim.supports = upper.id


def _edit(found: Organisation, aim: Aim) -> None:
    """What may change in a file without anything being wrong."""
    random, start = found.random, found.cycle.start
    for one in aim.promises:
        if one.kind is Kind.METRIC and random.random() < 0.08:  # still planning
            one.was.append(
                (start + timedelta(days=random.randint(0, 5)), {"target": one.start + 0.9 * (one.goal - one.start)})
            )
        elif random.random() < 0.05:
            one.was.append((start + timedelta(days=random.randint(10, 30)), {"owner": "acme.0"}))
    named = {each.supports for each in found.aims}
    kept = aim.promises[:-1]
    last = aim.promises[-1]
    sound = any(one.kind is Kind.METRIC for one in kept) and any(one.linked for one in kept)
    if len(kept) >= 2 and sound and last.id not in named and random.random() < 0.15:
        last.lag = 0
        last.dropped = start + timedelta(days=round((found.as_of - start).days * random.uniform(0.4, 0.8)))
