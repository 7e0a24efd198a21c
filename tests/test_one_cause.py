"""One cause is one finding: which rule yields to which, and what never does."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import Diagnosis, Silence, diagnose
from okrsync.findings.interface import Facts, Found, Rule
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Programme, Team
from okrsync.report.value import Severity, Subject

KR1, KR2 = (
    KeyResult(f"KR{number}", "O1", "Shops", None, Kind.METRIC, Metric(timedelta(days=7), timedelta(0)), (), None)
    for number in (1, 2)
)
PROGRAMME = Programme(
    (Cycle("Q", date(2026, 10, 1), date(2026, 12, 31), timedelta(days=7)),),
    (),
    (Team("acme", "company", None, None),),
    (Objective("O1", "Q", "acme", "Sell", (KR1, KR2)),),
)
FACTS = Facts(date(2026, 11, 1), PROGRAMME.cycles[0], ZoneInfo("UTC"), PROGRAMME)


def rule(id_: str, *at: Subject, yields_to: tuple[str, ...] = (), severity: Severity = "warning") -> Rule:
    found = [Found(subject, f"{id_} at {subject.id}") for subject in at]
    return Rule(id_, "strategy", severity, id_, id_, id_, lambda _: found, yields_to=yields_to)


def key_result(id_: str) -> Subject:
    return Subject("key_result", id_)


def shown(diagnosis: Diagnosis) -> set[str]:
    return {each.message for each in diagnosis.findings}


@pytest.mark.parametrize(
    "place", [key_result("KR1"), Subject("objective", "O1"), Subject("team", "acme"), Subject("level", "company")]
)
def test_a_finding_yields_to_one_at_its_subject_or_at_what_that_belongs_to(place: Subject) -> None:
    weaker, stronger = rule("Z1", key_result("KR1"), yields_to=("Z2",)), rule("Z2", place)
    result = diagnose(FACTS, [weaker, stronger])
    assert shown(result) == {f"Z2 at {place.id}"}
    assert result.findings[0].evidence == ("The same shows elsewhere (Z1: KR1).",)
    assert [(each.finding.rule, each.by) for each in result.implied] == [("Z1", "Z2")]


def test_a_finding_elsewhere_says_nothing_of_it() -> None:
    weaker, stronger = rule("Z1", key_result("KR1"), yields_to=("Z2",)), rule("Z2", key_result("KR2"))
    assert shown(diagnose(FACTS, [weaker, stronger])) == {"Z1 at KR1", "Z2 at KR2"}


def test_what_yields_to_one_that_yields_is_part_of_the_last() -> None:
    rules = [
        rule("Z1", key_result("KR1"), key_result("KR2"), yields_to=("Z2",)),
        rule("Z2", Subject("objective", "O1"), yields_to=("Z3",)),
        rule("Z3", Subject("team", "acme")),
    ]
    result = diagnose(FACTS, rules)
    assert shown(result) == {"Z3 at acme"}
    assert result.findings[0].evidence == ("The same shows elsewhere (Z1: KR1 and KR2; Z2: O1).",)


def test_an_error_never_hides_behind_a_warning() -> None:
    weaker = rule("Z1", key_result("KR1"), yields_to=("Z2",), severity="error")
    assert shown(diagnose(FACTS, [weaker, rule("Z2", key_result("KR1"))])) == {"Z1 at KR1", "Z2 at KR1"}


def test_nothing_yields_to_what_was_silenced() -> None:
    rules = [rule("Z1", key_result("KR1"), yields_to=("Z2",)), rule("Z2", key_result("KR1"))]
    result = diagnose(FACTS, rules, [Silence("Z2", None, "known")])
    assert shown(result) == {"Z1 at KR1"}
    assert not result.implied


def test_no_rule_yields_in_a_circle_and_each_yields_to_rules_that_exist() -> None:
    to = {each.id: {other for other in each.yields_to if other != each.id} for each in RULES}
    assert {other for others in to.values() for other in others} <= to.keys()
    left = dict(to)
    while free := [each for each, others in left.items() if not others & left.keys()]:
        for each in free:
            del left[each]
    assert not left
