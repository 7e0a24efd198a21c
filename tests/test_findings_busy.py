"""Untestable key results, where the examples of their page do not reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.examples.example import Example
from docs.examples.strategy import GOOD
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import diagnose
from tests.finding_examples import facts_of

UNTESTABLE = [rule for rule in RULES if rule.id == "S017"]
BY_HAND = GOOD.replace(", source: {type: csv, path: p95.csv}", "")


@pytest.mark.parametrize("values", ["3.1, 1.7, 1.6, 1.5", "3.2, 1.9, 1.8, 1.7, 1.6"])
def test_a_way_that_was_gone_within_the_cycle_is_not_taken_for_noise(tmp_path: Path, values: str) -> None:
    """Nobody had checked in before the cycle: all that varies is what was achieved."""
    facts, config = facts_of(Example(BY_HAND, series=f"KR1.2 | manual | 2026-10-02 | {values}"), tmp_path)
    result = diagnose(facts, UNTESTABLE, config.silences)
    assert not result.findings
    assert {each.subject.id for each in result.not_judged if each.subject} == {"KR1.1", "KR1.2"}
