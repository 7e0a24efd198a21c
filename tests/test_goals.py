"""Versions of goals: what counts as a change, what children have to see, and which reason belongs to what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from okrsync.goals import changes, on_day, timelines, unseen, versions_of
from okrsync.model import (
    Acknowledgement,
    ChangeReason,
    GoalVersion,
    KeyResult,
    Kind,
    Metric,
    Objective,
    Programme,
    Retirement,
    WorkRule,
)

ZONE = ZoneInfo("Asia/Shanghai")
KR = KeyResult("KR1", "O1", "Shops from 120 to 500", "lin", Kind.METRIC, Metric("shops", 120.0, 500.0))


def programme(kr: KeyResult | None = KR, **objective: object) -> Programme:
    standard = Objective("O1", "2026-Q4", "acme", "A shop in a day", (kr,) if kr else (), strategy="smb", owner="mei")
    return Programme(objectives=(replace(standard, **objective),))  # type: ignore[arg-type]


def moment(day: int, hour: int = 4) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def seen(*states: tuple[int, Programme]) -> list[GoalVersion]:
    """What runs on some days of October store."""
    known: list[GoalVersion] = []
    for day, state in states:
        known += unseen(known, state, moment(day))
    return known


def words(known: list[GoalVersion], goal: str) -> list[str]:
    return [change.words for change in changes(timelines(known)[goal], ZONE)]


def metric(**parts: object) -> KeyResult:
    return replace(KR, metric=replace(KR.metric, **parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said", "promise"),
    [
        (metric(target=350.0), "target 500 → 350", True),
        (metric(baseline=None), "baseline 120 → none", True),
        (metric(unit="%"), "unit shops → %", True),
        (replace(KR, kind=Kind.MAINTAIN), "kind metric → maintain", True),
        (replace(KR, title="Shops, many"), "title “Shops from 120 to 500” → “Shops, many”", True),
        (
            replace(KR, retired=Retirement(date(2026, 10, 9), "no use")),
            "retired none → on 2026-10-09, reason no use",
            True,
        ),
        (
            replace(KR, title="shops  from 120 to 500"),
            "title “Shops from 120 to 500” → “shops  from 120 to 500”",
            False,
        ),
        (replace(KR, owner="mei"), "owner lin → mei", False),
        (metric(lag=timedelta(days=14)), "lag 0 d → 14 d", False),
        (metric(counted=True), "counted no → yes", False),
        (
            replace(KR, work=(WorkRule(source="jira", labels=("a", "b")), WorkRule(title="^x"))),
            "work none → source=jira labels=a,b; title=^x",
            False,
        ),
    ],
)
def test_a_change_and_whether_it_changes_the_promise(changed: KeyResult, said: str, promise: bool) -> None:
    known = seen((1, programme()), (5, programme(changed)))
    assert words(known, "KR1") == ["added", said]
    for goal in ("KR1", "O1"):
        revisions = {version.revision for version in known if version.goal == goal}
        assert len(revisions) == (2 if promise else 1), goal


def test_settings_of_an_outcome_source_are_not_kept() -> None:
    known = seen((1, programme(metric(source_type="sql", source_settings="postgresql://bot:s3cret@h/db"))))
    assert "s3cret" not in repr(known)
    assert "sql" in repr(known)


def test_changes_of_an_objective() -> None:
    other = replace(KR, id="KR2")
    known = seen(
        (1, programme()),
        (2, programme(key_results=(KR, other))),
        (3, programme(key_results=(other,), acknowledged=(Acknowledgement("O0", "3f2a9c4d", "lin"),))),
        (4, programme(metric(target=1.0), supports="O0", team="shop")),
    )
    assert words(known, "O1") == [
        "added",
        "key result none → KR2",
        "acknowledged O0 none → 3f2a9c4d by lin",
        "key result KR1 → none",
        "acknowledged O0 3f2a9c4d by lin → none",
        "key result none → KR1",
        "key result KR2 → none",
        "supports none → O0",
        "team acme → shop",
    ]
    assert words(known, "KR1") == ["added", "removed", "added"]
    assert words(known, "KR2") == ["added", "removed"]


def test_a_second_run_sees_nothing_new() -> None:
    known = seen((1, programme()), (2, programme()), (3, programme(metric(target=1.0))), (4, programme()))
    assert [(each.goal, each.seen_at.day) for each in known] == [
        ("O1", 1), ("KR1", 1), ("O1", 3), ("KR1", 3), ("O1", 4), ("KR1", 4),
    ]  # fmt: skip


def test_a_clock_that_goes_back_does_not_turn_the_order() -> None:
    known = seen((5, programme()), (3, programme(metric(target=350.0))))
    assert words(known, "KR1") == ["added", "target 500 → 350"]


def committed(state: Programme, at: datetime, commit: str, **told: str) -> list[GoalVersion]:
    return [replace(each, commit=commit, **told) for each in versions_of(state, at)]  # type: ignore[arg-type]


def test_what_a_run_saw_and_what_was_committed_is_one_version() -> None:
    eased = programme(metric(target=350.0))
    known = [
        *committed(programme(), moment(1), "c1", author="mei"),
        *seen((2, programme()), (7, eased)),
        *committed(eased, moment(6), "c2", author="lin", reason="two shops left"),
    ]
    found = list(changes(timelines(known)["KR1"], ZONE))
    assert [(each.words, each.at.day, each.author, each.commit, each.reason) for each in found] == [
        ("added", 1, "mei", "c1", None),
        ("target 500 → 350", 6, "lin", "c2", "two shops left"),
    ]


def test_a_change_that_was_seen_before_it_was_committed_happened_when_it_was_seen() -> None:
    eased = programme(metric(target=350.0))
    known = [*seen((1, programme()), (5, eased)), *committed(eased, moment(8), "c2", author="lin")]
    last = list(changes(timelines(known)["KR1"], ZONE))[-1]
    assert (last.at.day, last.author, last.commit) == (5, "lin", "c2")


@pytest.mark.parametrize(
    ("on", "explains"),
    [(date(2026, 10, 1), False), (date(2026, 10, 2), True), (date(2026, 10, 7), True), (date(2026, 10, 8), False)],
)
def test_a_reason_explains_what_changed_between_two_versions(on: date, explains: bool) -> None:
    eased = metric(target=350.0)
    explained = replace(eased, changes=(ChangeReason(on, "two shops left"),))
    for known in (
        seen((2, programme()), (7, programme(explained))),
        seen((2, programme()), (7, programme(eased)), (9, programme(explained))),
        seen((2, programme()), (7, programme(eased)), (9, programme(explained)), (10, programme(eased))),
    ):
        found = [change for change in changes(timelines(known)["KR1"], ZONE) if change.field == "target"]
        assert [change.reason for change in found] == ["two shops left" if explains else None]
        assert len({version.revision for version in known if version.goal == "KR1"}) == 2


def test_a_day_ends_in_the_configured_zone() -> None:
    known = unseen((), programme(), datetime(2026, 10, 1, 17, tzinfo=UTC))  # the 2nd in Shanghai
    line = timelines(known)["KR1"]
    assert on_day(line, date(2026, 10, 1), ZONE) is None
    assert on_day(line, date(2026, 10, 2), ZONE) == line[0]


def test_variables_of_old_files_are_not_compared() -> None:
    known = [
        *committed(programme(replace(KR, title="${TITLE}")), moment(1), "c1"),
        *seen((2, programme())),
    ]
    assert words(known, "KR1") == ["added"]
