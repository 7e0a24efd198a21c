"""The benchmark of the findings: every rule has a failure that is planted for it, and small organisations show it."""

from __future__ import annotations

import pytest

from benchmarks._generate import organisation
from benchmarks._plants import PLANTS, put
from benchmarks.findings import SPOKEN_OF, Task, measure, tasks
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import diagnose

UNSURE = {"S001", "P009", "P010", "S020"}
"""Words, and the judgement of movement, err now and then: ``python -m benchmarks findings`` counts how often."""


def test_every_rule_of_the_catalogue_has_a_plant() -> None:
    assert set(PLANTS) == {rule.id for rule in RULES}
    assert set(SPOKEN_OF) <= set(PLANTS)
    assert set(PLANTS) <= {rule for task in tasks() for rule in task.rules}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.id not in UNSURE], ids=lambda rule: rule.id)
def test_a_failure_planted_into_a_small_organisation_is_found(rule) -> None:
    here = organisation(f"test {rule.id}", 5)
    planted = put(rule.id, here)
    assert planted is not None
    found = {each.subject for each in diagnose(here.facts(), [rule]).findings}
    assert found & planted.subjects


def test_where_nothing_is_wrong_hardly_anything_is_flagged() -> None:
    count = measure(Task("test clean", 12))
    assert count.clean["P001"] > 40
    assert sum(number for rule, number in count.flagged.items() if rule not in UNSURE) <= 1, count.told
    assert not count.planted


def test_the_same_seed_makes_the_same_organisation() -> None:
    assert organisation("same", 5).facts() == organisation("same", 5).facts()
