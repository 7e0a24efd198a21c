"""Each rule's page shows data that fires it and the nearest that does not: here both are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.examples import EXAMPLES
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import diagnose
from tests.finding_examples import facts_of

BY_ID = {rule.id: rule for rule in RULES}


def test_ids_are_unique_and_those_of_their_mode() -> None:
    letters = {"alignment": "A", "persistence": "P", "strategy": "S", "drift": "D", "bottleneck": "B"}
    assert len(BY_ID) == len(RULES)
    assert all(rule.id[0] == letters[rule.mode] and len(rule.id) == 4 for rule in RULES)


def test_every_rule_has_its_two_examples_and_every_example_its_rule() -> None:
    assert set(EXAMPLES) == set(BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_first_example_fires_and_the_nearest_does_not(rule, tmp_path: Path) -> None:
    fires, spares = EXAMPLES[rule.id]
    assert fires != spares
    for number, example in enumerate((fires, spares)):
        folder = tmp_path / str(number)
        folder.mkdir()
        facts, config = facts_of(example, folder)
        found = diagnose(facts, [rule], config.silences).findings
        assert bool(found) is (example is fires), [each.message for each in found]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.configuration], ids=lambda rule: rule.id)
def test_what_the_configuration_shows_needs_no_store(rule, tmp_path: Path) -> None:
    """A rule that ``check`` runs may say more with a store, but must not need one."""
    for number, example in enumerate(EXAMPLES[rule.id]):
        folder = tmp_path / str(number)
        folder.mkdir()
        facts, config = facts_of(example, folder)
        if not example.store:
            assert not facts.judgements
        diagnose(facts, [rule], config.silences)
