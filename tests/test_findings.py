"""What all findings have in common: silencing with a reason, thresholds, who does a piece of work, small numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from math import comb
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from docs.examples import EXAMPLES
from docs.examples.alignment import GOALS as ALIGNED
from docs.examples.example import Example
from docs.examples.strategy import GOOD
from okrsync.errors import ConfigError
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import Diagnosis, Silence, diagnose
from okrsync.findings.interface import Facts, NotJudged, Rule
from okrsync.findings.shares import surely_above, surely_below, surely_grew
from okrsync.findings.teams import TeamTree, Workers
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Person, Piece, Programme, Team
from tests.cli_project import GOALS, MAIN, Project, clone
from tests.cli_project import start as start_project
from tests.finding_examples import configuration, facts_of

NO_OWNER = GOOD.replace("seconds\n        owner: lin\n", "seconds\n")


def run(goals: str, folder: Path, settings: str = "", *rules: str) -> Diagnosis:
    facts, config = facts_of(Example(goals, settings=settings, store=False), folder)
    return diagnose(facts, [rule for rule in RULES if rule.id in rules], config.silences)


# --- silencing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goals", "settings"),
    [
        (NO_OWNER + "        ignore: [{rule: S004, reason: shared by two}]\n", ""),
        (NO_OWNER, 'findings: {ignore: [{rule: S004, subject: "key_result:KR1.2", reason: shared by two}]}\n'),
        (NO_OWNER, "findings: {ignore: [{rule: S004, reason: shared by two}]}\n"),
    ],
    ids=["at the key result", "in okrsync.yaml", "everywhere"],
)
def test_a_silenced_finding_is_kept_with_its_reason(tmp_path: Path, goals: str, settings: str) -> None:
    found = run(goals, tmp_path, settings, "S004")
    assert found.findings == ()
    ((finding, reason),) = [(each.finding, each.reason) for each in found.silenced]
    assert (finding.rule, finding.subject.id, reason) == ("S004", "KR1.2", "shared by two")


@pytest.mark.parametrize(
    ("goals", "settings"),
    [
        (NO_OWNER + "        ignore: [{rule: S006, reason: another rule}]\n", ""),
        (
            NO_OWNER.replace(
                "    key_results:", "    ignore: [{rule: S004, reason: at its objective}]\n    key_results:"
            ),
            "",
        ),
        (NO_OWNER, 'findings: {ignore: [{rule: S004, subject: "key_result:KR1.1", reason: another subject}]}\n'),
    ],
    ids=["another rule", "another kind of subject", "another subject"],
)
def test_only_what_is_named_is_silenced(tmp_path: Path, goals: str, settings: str) -> None:
    found = run(goals, tmp_path, settings, "S004")
    assert [each.subject.id for each in found.findings] == ["KR1.2"]
    assert found.silenced == ()


@pytest.mark.parametrize(
    ("goals", "settings", "said"),
    [
        (
            "        ignore: [{rule: S044, reason: x}]\n",
            "",
            "okrs/goals.yaml:26: 'rule' is no rule; did you mean 'S014'?",
        ),
        ("        ignore: [{rule: S004}]\n", "", "okrs/goals.yaml:26: 'reason' is missing in an entry of 'ignore'"),
        ("        ignore: [{rule: S004, reason: ' '}]\n", "", "okrs/goals.yaml:26: 'reason' must not be empty"),
        ("", "findings: {ignore: [{rule: S004, subject: team, reason: x}]}\n", "'team' is no subject such as"),
        ("", "findings: {ignore: [{rule: S004, subject: 'teem:a', reason: x}]}\n", "did you mean 'team'?"),
        ("", "findings: {thresholds: {chains: 0.2}}\n", "did you mean 'chain'?"),
        ("", "findings: {thresholds: {chain: 2}}\n", "'chain' must be 1.0 or less"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, goals: str, settings: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configuration(Example(GOOD + goals, settings=settings), tmp_path)
    assert said in str(caught.value)


def test_what_is_not_judged_is_said_unless_its_rule_is_silenced(tmp_path: Path) -> None:
    facts, _ = facts_of(Example(GOOD), tmp_path)
    rule = Rule("S099", "strategy", "info", "", "", "", lambda facts: [NotJudged(None, "nothing is known")])
    assert [each.because for each in diagnose(facts, [rule]).not_judged] == ["nothing is known"]
    assert diagnose(facts, [rule], [Silence("S099", None, "no matter")]).not_judged == ()


def test_a_threshold_moves_the_limit(tmp_path: Path) -> None:
    assert run(GOOD, tmp_path, "", "S012").findings == ()
    (found,) = run(GOOD, tmp_path, "findings: {thresholds: {most_key_results: 1}}\n", "S012").findings
    assert found.message == "objective O1 has 2 key results: nobody can attend to more than 1"


# --- check ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start_project(tmp_path, monkeypatch, capsys)


def test_check_says_where_and_by_which_rule(project: Project) -> None:
    project.write("okrs/q4.yaml", GOALS.replace("title: Recommend us", "title: Ship the survey"))
    ran = project.run("check")
    assert ran.code == 0
    assert "okrs/q4.yaml:14: KR1.2 reads like a task: Ship the survey [warning] S001" in ran.err


def test_check_exits_with_1_for_a_key_result_that_counts_issues(project: Project) -> None:
    project.write("okrs/q4.yaml", GOALS.replace("unit: percent", "unit: issues"))
    ran = project.run("check", "--quiet")
    assert ran.code == 1
    assert "KR1.2 counts work, not a result" in ran.err


def test_check_counts_what_is_silenced_and_names_it_with_verbose(project: Project) -> None:
    silent = "title: Ship the survey, ignore: [{rule: S001, reason: its name}]"
    project.write("okrs/q4.yaml", GOALS.replace("title: Recommend us", silent))
    ran = project.run("check")
    assert "S001" not in ran.err
    assert ran.err.rstrip().endswith("; 0 errors; 1 finding silenced")
    assert "S001 of KR1.2 is silenced: its name" in project.run("check", "-v").err


def test_of_cycles_that_are_over_check_shows_errors_only(project: Project) -> None:
    past = GOALS.replace("2026-Q4, start: 2026-10-01, end: 2026-12-31", "2026-Q3, start: 2026-07-01, end: 2026-09-30")
    past = past.replace("O1", "P1").replace("KR1.", "KP1.").replace("title: Recommend us, owner: lin", "title: Ship it")
    project.write("okrs/q3.yaml", past)
    assert "KP1.2" not in project.run("check").err
    assert "KP1.2 has no owner" in project.run("check", "-v").err
    project.write("okrs/q3.yaml", past.replace("unit: percent", "unit: issues"))
    ran = project.run("check")
    assert (ran.code, "KP1.2 counts work" in ran.err) == (1, True)


# --- from the store ---------------------------------------------------------------------------------------------------


def test_rules_that_match_nothing_or_everything_are_found_in_the_store(project: Project) -> None:
    clone(project, "shop", *(f"Shop {number}" for number in range(24)))
    project.write("okrsync.yaml", MAIN.replace("sources: {}", "sources: {clone: {type: git, path: shop}}"))
    rules = "        work: [{source: clone, title: '^Shop'}, {source: clone, title: nowhere}, {title: 'Shop 1$'}]\n"
    project.write("okrs/q4.yaml", GOALS.replace("      - {id: KR1.2", rules + "      - {id: KR1.2"))
    import json

    def found() -> dict[str, list[str]]:
        content = json.loads(project.run("report", "--format", "json").out)
        said: dict[str, list[str]] = {}
        for each in (*content["findings"], *content["not_judged"]):
            if each["rule"] in ("S018", "S019"):
                said.setdefault(each["rule"], []).append(each.get("message") or each["because"])
        return said

    assert found() == {"S018": ["clone has not been read completely yet"]}  # of three rules of one key result
    assert project.run("sync").code == 0
    assert found() == {
        "S018": ["KR1.1: its work rule 2 matches nothing"],
        "S019": ["KR1.1: its work rule 1 matches nearly everything in clone"],
    }


# --- teams ------------------------------------------------------------------------------------------------------------

TEAMS = (
    Team("acme", "company"),
    Team("commerce", "department", "acme"),
    Team("payments", "team", "commerce"),
    Team("growth", "team", "commerce"),
)


def test_the_tree_of_teams() -> None:
    tree = TeamTree(TEAMS)
    assert [team.id for team in tree.above("growth")] == ["commerce", "acme"]
    assert [team.id for team in tree.below("acme")] == ["commerce", "payments", "growth"]
    assert tree.levels() == ["company", "department", "team"]


def piece(number: int, assignee: str | None, *key_results: str, source: str = "shop") -> Piece:
    day = datetime(2026, 10, 5, tzinfo=UTC)
    return Piece(
        number, source, "SHOP", f"SHOP-{number}", "T", None, day, day, day, True, frozenset(key_results), assignee
    )


def objective(id_: str, team: str) -> Objective:
    key_result = KeyResult(f"KR-{id_}", id_, "T", None, Kind.METRIC, Metric())
    return Objective(id_, "Q", team, "T", (key_result,))


def test_a_piece_belongs_to_the_team_of_who_does_it() -> None:
    cycle = Cycle("Q", date(2026, 10, 1), date(2026, 12, 31))
    pieces = (
        *(piece(number, "5b10", "KR-P") for number in range(3)),
        piece(3, "5B10", "KR-G"),
        piece(4, "torn", "KR-P"),
        piece(5, "torn", "KR-G"),
        piece(6, "5b10", source="code"),
    )
    facts = Facts(
        date(2026, 11, 1),
        cycle,
        ZoneInfo("UTC"),
        Programme((cycle,), (), TEAMS, (objective("P", "payments"), objective("G", "growth"))),
        people=(
            Person("chen", team="commerce", accounts=(("shop", "chen"),)),
            Person("lin", accounts=(("shop", "5b10"), ("code", "lin-w"))),
        ),
        completed=pieces,
    )
    workers = Workers(facts)
    assert workers.team_of(piece(9, "chen", "KR-P")) == "commerce", "as declared, whatever it serves"
    assert workers.team_of(piece(9, "5b10")) == "payments", "where most of their work belongs"
    assert workers.team_of(piece(9, "lin-w", source="code")) == "payments", "the same person at another source"
    assert workers.team_of(piece(9, "5b10", source="code")) is None, "an account counts at its source alone"
    assert workers.team_of(piece(9, "torn")) is None, "as much for one team as for the other"
    assert workers.team_of(piece(9, "torn", "KR-G")) == "growth", "then what it serves tells"
    assert workers.team_of(piece(9, None, "KR-P", "KR-G")) is None
    assert workers.person_of(piece(9, "5b10")) == "lin"


def test_an_annual_goal_stands_above_a_quarter(tmp_path: Path) -> None:
    (tmp_path / "okrs").mkdir()
    year = 'cycle: {id: "2026", start: 2026-01-01, end: 2026-12-31}\nobjectives: [{id: Y1, team: acme, title: Grow}]\n'
    (tmp_path / "okrs" / "year.yaml").write_text(year)
    quarter = ALIGNED[ALIGNED.index("  - id: O2") :].replace("    supports: O1\n", "")
    facts, _ = facts_of_quarter("objectives:\n" + quarter, tmp_path)
    found = diagnose(facts, [rule for rule in RULES if rule.id == "A001"]).findings
    assert [(each.subject.id, each.evidence) for each in found] == [("O2", ("Above it stand Y1.",))]


def facts_of_quarter(goals: str, folder: Path) -> tuple[Facts, object]:
    config = configuration(Example(goals), folder)
    (cycle,) = [each for each in config.programme.cycles if each.id == "2026-Q4"]
    return Facts(cycle.start, cycle, config.timezone, config.programme, store=False), config


# --- small numbers ----------------------------------------------------------------------------------------------------


def at_most(part: int, whole: int, share: Fraction) -> Fraction:
    return sum((comb(whole, one) * share**one * (1 - share) ** (whole - one) for one in range(part + 1)), Fraction(0))


@pytest.mark.parametrize("whole", [1, 7, 20, 41])
@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(3, 10), Fraction(9, 10)])
def test_a_share_is_surely_below_or_above_as_exact_fractions_say(whole: int, share: Fraction) -> None:
    for part in range(whole + 1):
        below = part < share * whole and at_most(part, whole, share) < Fraction(1, 100)
        above = part > share * whole and at_most(whole - part, whole, 1 - share) < Fraction(1, 100)
        assert surely_below(part, whole, float(share), 0.99) is below
        assert surely_above(part, whole, float(share), 0.99) is above


@pytest.mark.parametrize("sizes", [(5, 5), (20, 12), (3, 40)])
def test_growth_is_sure_as_exact_fractions_say(sizes: tuple[int, int]) -> None:
    before, after = sizes
    for one in range(before + 1):
        for two in range(after + 1):
            ways = sum(
                comb(after, late) * comb(before, one + two - late) for late in range(two, min(one + two, after) + 1)
                if one + two - late <= before
            )  # fmt: skip
            chance = Fraction(ways, comb(before + after, one + two))
            grew = Fraction(two, after) > Fraction(one, before) and chance < Fraction(1, 100)
            assert surely_grew((one, before), (two, after), 0.99) is grew


def test_nothing_and_everything() -> None:
    assert not surely_grew((0, 0), (5, 5), 0.99)
    assert not surely_below(0, 0, 0.5, 0.99)
    assert surely_below(50, 100, 1.0, 0.99)
    assert not surely_above(100, 100, 1.0, 0.99)
    assert not surely_below(0, 100, 0.0, 0.99)


# --- one or two readings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "severity"), [("2026-10-12", "warning"), ("2026-10-26", "warning"), ("2026-11-01", "info")]
)
def test_a_busy_key_result_is_a_warning_once_three_readings_could_have_shown_it(
    tmp_path: Path, first: str, severity: str
) -> None:
    """KR1.2 is read each week, and its work shows after a lag of a week."""
    example = replace(EXAMPLES["S020"][0], work=f"SHOP-1 | {first} | KR1.2 | lin")
    facts, config = facts_of(example, tmp_path)
    (found,) = diagnose(facts, [rule for rule in RULES if rule.id == "S020"], config.silences).findings
    assert found.severity == severity
    assert ("look again in" in found.action) is (severity == "info")
