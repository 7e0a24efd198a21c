"""Rules of the mode persistence, where the examples of their pages do not reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from docs.examples.example import HEAD, Example
from docs.examples.persistence import AUTOMATIC, EARLIER, EXAMPLES, GOALS, KEPT, OTHER_TEAM, RETIRED
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import Diagnosis, diagnose
from okrsync.findings.long_view import pillars_that_stand_still
from okrsync.goals import timelines, unseen
from okrsync.metrics import metric_of
from okrsync.model import KeyResult, Kind, Metric, Movement, Verdict
from okrsync.report.value import Finding
from tests.finding_examples import facts_of

MINE = [rule for rule in RULES if rule.mode == "persistence"]


def diagnosis(example: Example, folder: Path) -> Diagnosis:
    facts, config = facts_of(example, folder)
    return diagnose(facts, MINE, config.silences)


def found(example: Example, folder: Path) -> dict[str, Finding]:
    """By rule and subject."""
    return {f"{each.rule} {each.subject.id}": each for each in diagnosis(example, folder).findings}


def test_a_team_that_checks_in_each_week_hears_nothing(tmp_path: Path) -> None:
    assert not found(Example(GOALS, series=KEPT), tmp_path)


@pytest.mark.parametrize(
    ("day", "streak"),
    [
        (date(2026, 11, 6), None),
        (date(2026, 11, 13), None),  # the second is due on that day itself
        (date(2026, 11, 14), "2 check-ins were"),
        (date(2026, 11, 20), "2 check-ins were"),
        (date(2026, 11, 21), "3 check-ins were"),
        (date(2026, 12, 31), "8 check-ins were"),
        (date(2027, 1, 1), None),
    ],
)
def test_the_streak_of_missed_check_ins(tmp_path: Path, day: date, streak: str | None) -> None:
    series = KEPT.replace("91.1,91,91.2,91.1", "91.1").replace("3,3,2.9", "3,3,2.9,2.8,2.7,2.6,2.5,2.4,2.3,2.2")
    facts, config = facts_of(Example(GOALS, series=series), tmp_path)
    result = diagnose(replace(facts, as_of=day), [rule for rule in MINE if rule.id == "P001"], config.silences)
    said = [each.message for each in result.findings if each.subject.id == "KR1.1"]
    assert said == ([f"KR1.1: the last {streak} missed"] if streak else [])
    assert bool(result.not_judged) is (day > date(2026, 12, 31))


def test_a_slow_key_result_is_checked_in_when_it_is_due(tmp_path: Path) -> None:
    monthly = GOALS.replace("lag: 28d", "lag: 28d, cadence: 28d")
    series = KEPT.replace("KR1.1 | manual | 2026-10-02 | 91,91,91.2,91,91.1,91,91.2,91.1", "KR1.1|manual|2026-10-23|91")
    assert not found(Example(monthly, series=series), tmp_path)


def test_a_milestone_that_is_reached_needs_no_check_in(tmp_path: Path) -> None:
    goals = GOALS.replace(
        '        metric: {unit: "%", baseline: 91, target: 95, lag: 28d}\n', "        kind: milestone\n"
    )
    series = "KR1.1 | manual | 2026-10-09 | {}\n" + KEPT.splitlines()[1]
    (tmp_path / "a").mkdir()
    assert not found(Example(goals, series=series.format(1)), tmp_path / "a")
    (tmp_path / "b").mkdir()
    assert "P004 KR1.1" in found(Example(goals, series=series.format(0)), tmp_path / "b")


def test_a_machine_that_went_silent_as_well_is_abandoned_and_hides_nothing(tmp_path: Path) -> None:
    series = "KR1.1 | csv | 2026-08-21 | 91,91,91.1,91,91.2,91,91,91.1,91,91.1\n" + KEPT.splitlines()[1]
    said = found(Example(AUTOMATIC, series=series), tmp_path)
    assert set(said) == {"P004 KR1.1"}
    assert "Its csv source last gave a value for 2026-10-23." in said["P004 KR1.1"].evidence


@pytest.mark.parametrize(
    ("series", "subjects"),
    [
        (KEPT, set()),  # growth has one key result: P001 speaks of it
        (KEPT.splitlines()[0], set()),
        ("KR2.1 | manual | 2026-10-02 | 41,42,41,42,43,44,44,45", {"payments"}),
        ("", {"team"}),  # of which the silence of payments is a part
    ],
)
def test_teams_and_levels_that_are_silent(tmp_path: Path, series: str, subjects: set[str]) -> None:
    said = found(Example(GOALS + OTHER_TEAM, series=series), tmp_path)
    groups = {each.subject.id for key, each in said.items() if key.startswith(("P002", "P003"))}
    assert groups == subjects


def test_an_objective_that_was_dropped_with_all_its_key_results(tmp_path: Path) -> None:
    both = RETIRED.replace("        metric: {unit: s", "        retired: {on: 2026-10-03}\n        metric: {unit: s")
    said = found(Example(both.replace("2026-11-10", "2026-10-10")), tmp_path)
    assert set(said) == {"P006 O1"}
    assert said["P006 O1"].evidence[-1] == "The same shows elsewhere (P006: KR1.1 and KR1.2)."


@pytest.mark.parametrize(
    ("day", "fires"), [("2026-10-05", False), ("2026-10-07", False), ("2026-10-08", True), ("2026-10-30", False)]
)
def test_a_key_result_that_vanished_from_the_files(tmp_path: Path, day: str, fires: bool) -> None:
    more = '      - {id: KR9, title: Baskets, owner: lin, metric: {unit: "%", baseline: 60, target: 70, lag: 21d}}\n'
    facts, config = facts_of(Example(GOALS, series=KEPT), tmp_path)
    (tmp_path / "old").mkdir()
    with_it = facts_of(Example(GOALS + more), tmp_path / "old")[0].programme
    known = unseen([], with_it, datetime(2026, 9, 20, tzinfo=UTC))
    known += unseen(known, facts.programme, datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    result = diagnose(replace(facts, versions=timelines(known)), MINE, config.silences).findings
    assert [each.subject.id for each in result if each.rule == "P006"] == (["KR9"] if fires else [])


@pytest.mark.parametrize(
    ("day", "verdict", "said"),
    [
        (date(2026, 12, 31), Verdict.BUSY, []),
        (date(2027, 1, 10), Verdict.BUSY, ["KR1.1"]),
        (date(2027, 1, 10), Verdict.DELIVERING, []),
        (date(2027, 1, 23), Verdict.TOO_EARLY, []),  # the latest work is of 26 December
    ],
)
def test_a_verdict_after_the_end_but_before_the_lag(
    tmp_path: Path, day: date, verdict: Verdict, said: list[str]
) -> None:
    example = Example(GOALS, work="PAY-1..6 | 2026-12-21+ | KR1.1 | lin\n", as_of=date(2026, 12, 31))
    facts, config = facts_of(example, tmp_path)
    judgements = tuple(replace(each, verdict=verdict) for each in facts.judgements)
    findings = diagnose(replace(facts, as_of=day, judgements=judgements), MINE, config.silences).findings
    closed = [each for each in findings if each.rule == "P008"]
    assert [each.subject.id for each in closed] == said
    assert all(each.severity == "info" and "2027-01-28" in each.message for each in closed)


@pytest.mark.parametrize("pillar", ["smb", "trust"])
def test_a_metric_is_recognised_whatever_its_pillar(tmp_path: Path, pillar: str) -> None:
    example = EXAMPLES["P009"][0]
    goals = GOALS.replace("strategy: smb", f"strategy: {pillar}")
    said = found(replace(example, goals=goals), tmp_path)
    assert "P009 KR1.1" in said
    assert ("P010 O1" in said) is (pillar == "smb")


@pytest.mark.parametrize("earlier", ["", EARLIER[: EARLIER.rindex("cycle:")]])
def test_two_cycles_are_no_long_view(tmp_path: Path, earlier: str) -> None:
    example = EXAMPLES["P009"][0]
    series = "".join(
        line + "\n" for line in example.series.splitlines() if line[:4] in ("KR1.", "KR91" if earlier else "KR1.")
    )
    said = found(replace(example, earlier=earlier, series=series), tmp_path)
    assert not {key for key in said if key.startswith(("P009", "P010"))}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Shops from 120 to 300", 120, 300), ("shops  from 250 to 400", 250, 400), True),
        (("Visits from 41 to 50.5 thousand", 41, 50.5), ("Visits from 50.5 to 1,000 thousand", 50.5, 1000), True),
        (("Refunds in shop group 1, from 70 to 95", 70, 95), ("Refunds in shop group 2, from 70 to 95", 70, 95), False),
        (("版本 1.2.3 的用户", 1, 2), ("版本 1.2.4 的用户", 1, 2), False),
    ],
)
def test_when_check_ins_measure_the_same(
    one: tuple[str, float, float], other: tuple[str, float, float], same: bool
) -> None:
    first, second = (
        KeyResult("K", "O", title, None, Kind.METRIC, Metric("x", float(baseline), float(target)))
        for title, baseline, target in (one, other)
    )
    assert (metric_of(first) == metric_of(second)) is same
    assert metric_of(first) != metric_of(replace(second, metric=replace(second.metric, unit="y")))


@pytest.mark.parametrize(("check_in", "fires"), [("7d", True), ("14d", False)])
def test_one_check_in_that_was_forgotten_is_no_giving_up(tmp_path: Path, check_in: str, fires: bool) -> None:
    """Measured each week, asked for every other week: 22 days of silence are one check-in that was missed."""
    goals = HEAD.replace("check_in: 7d", f"check_in: {check_in}") + GOALS
    series = "KR1.1 | manual | 2026-10-29 | 91\nKR1.2 | manual | 2026-11-19 | 42\n"
    assert ("P004 KR1.1" in found(Example(goals, series=series), tmp_path)) is fires


@pytest.mark.parametrize(("moved", "fires"), [(0, True), (1, True), (2, False), (4, False)])
def test_of_many_key_results_that_stand_still_one_may_seem_to_move(tmp_path: Path, moved: int, fires: bool) -> None:
    (facts, _) = facts_of(EXAMPLES["P010"][0], tmp_path)
    still = next(each for each in facts.judgements if each.verdict is Verdict.BUSY)
    went = replace(still, verdict=Verdict.DELIVERING, outcome=replace(still.outcome, movement=Movement.TOWARD))
    assert bool(pillars_that_stand_still([*[went] * moved, *[still] * (6 - moved)], 5)) is fires
    assert not pillars_that_stand_still([went, still], 5)
