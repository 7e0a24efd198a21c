"""What a week before was, from the facts of today."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from docs.examples.drift import GOALS
from docs.examples.example import Example
from okrsync.findings.interface import Facts
from okrsync.goals import timelines, unseen
from okrsync.model import GoalVersion, ItemWait, Programme, Verdict, Wait
from okrsync.report.value import Finding, Subject
from okrsync.week_before import changed_goals, facts_of, turned
from tests.finding_examples import facts_of as facts_in
from tests.report_samples import AS_OF, CYCLE, ZONE, judgement, piece

BEFORE = AS_OF - timedelta(days=7)


def moment(day: int, hour: int = 4) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def programme(text: str, folder: Path) -> Programme:
    folder.mkdir()
    return facts_in(Example(text), folder)[0].programme


def recorded(folder: Path, *texts: tuple[datetime, str]) -> Facts:
    """The facts of a programme whose files said each text from a moment on."""
    versions: list[GoalVersion] = []
    seen = None
    for number, (at, text) in enumerate(texts):
        seen = programme(text, folder / str(number))
        versions += unseen(versions, seen, at)
    assert seen is not None
    cycle = seen.cycles[0]
    return Facts(as_of=AS_OF, cycle=cycle, zone=ZONE, programme=seen, versions=timelines(versions))


def said(facts: Facts, day: date = BEFORE) -> list[str]:
    return [f"{change.goal} {change.words}" for change in changed_goals(facts, day)]


EASED = GOALS.replace("target: 500", "target: 350")


@pytest.mark.parametrize(
    ("changed_on", "expected"),
    [
        (moment(13, 15), []),  # 23:00 in Shanghai, the last hour of the day
        (moment(13, 16), ["target 500 → 350"]),
        (moment(20), ["target 500 → 350"]),
    ],
)
def test_goals_that_changed_in_the_week(tmp_path: Path, changed_on: datetime, expected: list[str]) -> None:
    facts = recorded(tmp_path, (datetime(2026, 10, 1, tzinfo=UTC), GOALS), (changed_on, EASED))
    found = [text.partition(" ")[2] for text in said(facts)]
    assert [text for text in found if text.startswith("target")] == expected
    assert bool(found) is bool(expected)


def test_where_the_record_begins_nothing_was_added(tmp_path: Path) -> None:
    assert said(recorded(tmp_path, (moment(18), GOALS))) == []


def test_work_rules_and_acknowledgements_are_no_change_of_a_goal(tmp_path: Path) -> None:
    other = GOALS.replace("metric: {unit: shops", "work: [{keys: [A-1]}]\n        metric: {unit: shops", 1)
    assert other != GOALS
    assert said(recorded(tmp_path, (moment(1), GOALS), (moment(18), other))) == []


def test_goals_that_came_and_went(tmp_path: Path) -> None:
    old = recorded(tmp_path, (moment(1), GOALS))
    key_result = old.objectives[0].key_results[0]
    bare = replace(
        old.programme,
        objectives=tuple(
            replace(each, key_results=tuple(kr for kr in each.key_results if kr.id != key_result.id))
            for each in old.programme.objectives
        ),
    )
    known = [version for line in old.versions.values() for version in line]
    gone = replace(old, programme=bare, versions=timelines([*known, *unseen(known, bare, moment(18))]))
    assert f"{key_result.id} removed" in said(gone)
    known = [version for line in gone.versions.values() for version in line]
    back = replace(old, versions=timelines([*known, *unseen(known, old.programme, moment(19))]))
    assert f"{key_result.id} added" in said(back, date(2026, 11, 18))


def test_the_facts_of_an_earlier_day() -> None:
    early, late, open_, later = (
        piece(1, "KR1", done=moment(12)),
        piece(2, "KR1", done=moment(16)),
        piece(3, "KR1", done=moment(12), done_at=None, counts=False),
        piece(4, "KR1", done=moment(19), created_at=moment(18)),
    )
    dropped = piece(5, "KR1", done=moment(17), counts=False, created_at=moment(2))
    waits = tuple(
        ItemWait("s", key, Wait("review", "lin", since, until), frozenset())
        for key, since, until in (
            ("before", moment(1), moment(5)),
            ("open then", moment(10), moment(17)),
            ("later", moment(16), None),
        )
    )
    judged = judgement("KR1", Verdict.BUSY)
    facts = Facts(
        as_of=AS_OF,
        cycle=CYCLE,
        zone=ZONE,
        programme=Programme((), (), (), ()),
        judgements=(judged,),
        completed=(early, late, later),
        open=(open_,),
        check_ins=tuple(replace(judged.series[0], at=day, origin="manual") for day in (BEFORE, AS_OF)),
        waits=waits,
    )
    then = facts_of(facts, BEFORE, [judged], [early, late, open_, later, dropped])
    assert (then.as_of, then.completed, then.open) == (BEFORE, (early,), (late, open_, dropped))
    assert [one.at for one in then.check_ins] == [BEFORE]
    assert [(one.key, one.wait.until) for one in then.waits] == [("before", moment(5)), ("open then", None)]


def test_a_finding_is_the_same_while_rule_and_subject_are() -> None:
    def finding(rule: str, id_: str, message: str = "m") -> Finding:
        return Finding("drift", rule, "warning", Subject("key_result", id_), message, (), "")

    before = [finding("D001", "KR1", "3 days"), finding("D002", "KR1"), finding("D003", "KR2")]
    now = [finding("D001", "KR1", "10 days"), finding("D001", "KR2"), finding("D003", "KR2")]
    assert turned(before, now) == ((now[1],), (before[1],))
