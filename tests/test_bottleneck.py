"""What the examples of the documentation do not show: small numbers, who is left alone, and `privacy`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from docs.examples.bottleneck import EXAMPLES
from okrsync.findings.bottleneck import RULES
from okrsync.findings.interface import Facts, Found, NotJudged
from tests.finding_examples import configuration, facts_of

BY_ID = {rule.id: rule for rule in RULES}


def said(rule: str, facts: Facts) -> dict[str, object]:
    return {each.subject.id: each for each in BY_ID[rule].check(facts) if each.subject is not None}


@pytest.mark.parametrize("rule", ["B001", "B002", "B003", "B004"])
def test_small_numbers_are_not_judged(rule: str, tmp_path: Path) -> None:
    facts, _ = facts_of(EXAMPLES[rule][0], tmp_path)
    few = replace(facts, open=facts.open[:9], completed=facts.completed[:9], waits=facts.waits[:9])
    assert isinstance(said(rule, facts)["lin"], Found)
    assert isinstance(said(rule, few)["lin"], NotJudged)


@pytest.mark.parametrize("rule", BY_ID)
def test_who_does_not_stand_under_people_is_not_judged(rule: str, tmp_path: Path) -> None:
    facts, _ = facts_of(EXAMPLES[rule][0], tmp_path)
    without = replace(facts, people=tuple(person for person in facts.people if person.id != "lin"))
    assert "lin" in said(rule, facts)
    assert "lin" not in said(rule, without)


def test_who_works_alone_holds_everything_and_is_not_judged(tmp_path: Path) -> None:
    facts, _ = facts_of(EXAMPLES["B001"][0], tmp_path)
    alone = replace(facts, open=tuple(piece for piece in facts.open if piece.assignee == "lin"))
    assert isinstance(said("B001", alone)["lin"], NotJudged)


def test_commits_are_not_counted(tmp_path: Path) -> None:
    facts, _ = facts_of(EXAMPLES["B002"][0], tmp_path)
    commits = replace(facts, completed=tuple(replace(piece, key=f"{piece.id:040x}") for piece in facts.completed))
    assert isinstance(said("B002", commits)["lin"], NotJudged)


@pytest.mark.parametrize(
    ("written", "judged"), [("on", True), ("off", False), ("false", False), ("no, wrong", None), ("true", True)]
)
def test_privacy(written: str, judged: bool | None, tmp_path: Path) -> None:
    example = replace(
        EXAMPLES["B001"][0],
        settings=f"privacy: {{people: '{written}'}}\n".replace("'false'", "false").replace("'true'", "true"),
    )
    if judged is None:
        with pytest.raises(Exception, match="people"):
            configuration(example, tmp_path)
    else:
        assert configuration(example, tmp_path).people_judged is judged
