"""Failures of those who lead, as people would tell them."""

from __future__ import annotations

from random import Random

from benchmarks._organisation import Group, Organisation
from benchmarks._plant import Planted, is_leaf, of_lead, plant


def _of_lead(rule: str) -> None:
    @plant(rule)
    def change(found: Organisation, random: Random, group: Group) -> Planted | None:
        if not is_leaf(found, group) or len(group.members) < 3:
            return None
        share = random.uniform(0.8, 0.95)
        if rule == "B001":
            group.backlog, group.hand = 45, share
        elif rule == "B002":
            group.rate, group.hand = max(group.rate, 6), share
        elif rule == "B003":
            group.rate, group.eye = max(group.rate, 8), share
        elif rule == "B004":
            group.rate, group.slow, group.eye = max(group.rate, 9), random.uniform(5, 8), 0.4
        elif rule == "B005":
            ones = [one for aim in found.aims_of(group.id) for one in aim.promises if one.dropped is None]
            if len(ones) < 4:
                return None
            for one in ones:
                one.owner = group.lead
        else:
            group.rate, group.hand = max(group.rate, 9), random.uniform(0.6, 0.9)
            for one in (one for aim in found.aims_of(group.id) for one in aim.promises):
                one.silent_since = found.cycle.start
        return of_lead(found, group)


for _rule in ("B001", "B002", "B003", "B004", "B005", "B006"):
    _of_lead(_rule)
