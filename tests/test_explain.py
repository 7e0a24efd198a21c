"""An explanation as a value, and as it is shown."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion

from okrsync import movement
from okrsync.activity import Standing
from okrsync.explain import ROWS, ExplainedPiece, Explanation, RuleUse, explain
from okrsync.judge import Case
from okrsync.model import (
    Forecast,
    ItemKind,
    ItemState,
    KeyResult,
    Kind,
    Measurement,
    Metric,
    Movement,
    MovementResult,
    Piece,
    Retirement,
    Trend,
    Verdict,
)
from okrsync.provenance import ItemLink, LinkedItem, LinkReason, Recorded
from okrsync.report.explanation import to_json, to_terminal
from tests.judge_samples import CYCLE, DAY, KR, METRIC, MILESTONE, OBJECTIVE, START, WEEK, done, opened
from tests.report_samples import HOSTILE

NOW = START + 7 * WEEK + DAY
ZONE = ZoneInfo("Asia/Shanghai")
LEARNED = datetime(2026, 11, 24, 4, tzinfo=UTC)
DECLARED = replace(KR, owner="lin", file="okrs/q4.yaml", line=12)


def recorded(at: date, value: float | None, origin: str = "csv", *, days_after: int = 0, **said: Any) -> Recorded:
    return Recorded(at, origin, value, LEARNED + days_after * DAY, **said)


def item(
    id_: int, piece: int | None, *reasons: LinkReason, rule: str = "work[1]: labels=activation", **changes: Any
) -> LinkedItem:
    standard = LinkedItem(
        id=id_,
        kind=ItemKind.ISSUE,
        type="Story",
        source="jira",
        key=f"SHOP-{id_}",
        title=f"Step {id_}",
        url=f"https://acme.example/browse/SHOP-{id_}",
        state=ItemState.DONE,
        status="Done",
        resolution=None,
        created_at=LEARNED,
        updated_at=LEARNED,
        done_at=None,
        pieces=() if piece is None else (piece,),
        links=tuple(
            ItemLink(
                rule if reason != "trailer" else "trailer KR: KR1",
                reason,
                None if reason in ("rule", "trailer") else "SHOP-1",
            )
            for reason in reasons
        ),
    )
    return replace(standard, **changes)


def explained(
    values: Sequence[Recorded],
    pieces: Sequence[Piece] = (),
    items: Sequence[LinkedItem] = (),
    *,
    other: Sequence[Piece] = (),
    as_of: date = NOW,
    kr: KeyResult = DECLARED,
    **changes: Any,
) -> Explanation:
    in_force = {(each.at, each.origin): each for each in values}
    measurements = [
        Measurement(kr.id, each.at, each.value, each.origin, each.recorded_at, each.confidence, each.note, each.by)
        for each in in_force.values()
        if each.value is not None
    ]
    return explain(
        Case.of(kr, OBJECTIVE, CYCLE, pieces, measurements, ZONE),
        as_of,
        **{
            "zone": ZONE,
            "known_at": None,
            "rules": [("work[1]: labels=activation", 30), ("work[2]: epics=SHOP-9", 31)],
            "items": items,
            "other_pieces": other,
            "recorded": values,
        }
        | changes,
    )


# --- what was measured ------------------------------------------------------------------------------------------------


def with_metric(**changes: Any) -> KeyResult:
    return replace(DECLARED, metric=replace(METRIC, **changes))


MONDAY = START + 7 * WEEK


def test_a_running_total_that_is_not_complete_is_left_out() -> None:
    made = explained(
        [recorded(MONDAY - WEEK, 5), recorded(MONDAY, 9)], kr=with_metric(cumulative=True), as_of=MONDAY + 5 * DAY
    )
    assert made.readings[1].left_out == "its period ends on 2026-11-29: not complete by 2026-11-28"


@pytest.mark.parametrize(
    ("entry", "kr", "as_of", "said"),
    [
        (recorded(MONDAY, 1), DECLARED, NOW, None),
        (recorded(NOW, 1), DECLARED, NOW, None),
        (recorded(NOW + DAY, 1), DECLARED, NOW, f"after {NOW}"),
        (recorded(MONDAY, 1), with_metric(counted=True), MONDAY + 6 * DAY, None),
        (
            recorded(MONDAY, 1),
            with_metric(counted=True),
            MONDAY + 5 * DAY,
            "its period ends on 2026-11-29: not complete by 2026-11-28",
        ),
        (recorded(MONDAY, None), DECLARED, NOW, "withdrawn: its source no longer has it, seen on 2026-11-24"),
        (recorded(MONDAY, 1, "manual"), DECLARED, NOW, "a check-in beside the csv series, which decides"),
        (recorded(MONDAY, 1, "sql"), DECLARED, NOW, "its origin is sql; now the source is csv"),
        (
            recorded(MONDAY, 1, "csv"),
            replace(MILESTONE, metric=METRIC),
            NOW,
            "a milestone is reached by a person alone",
        ),
        (
            recorded(CYCLE.end + 15 * DAY, 1),
            DECLARED,
            CYCLE.end + 90 * DAY,
            "after 2027-01-17, the last day that counts (the cycle's end and the lag)",
        ),
        (
            recorded(MONDAY, 1),
            with_metric(cumulative=True),
            MONDAY + WEEK,
            "a running total's first value only opens the series",
        ),
    ],
)
def test_what_is_left_out_and_why(entry: Recorded, kr: KeyResult, as_of: date, said: str | None) -> None:
    made = explained([entry], as_of=as_of, kr=kr)
    (reading,) = (*made.readings, *made.beside)
    assert reading.left_out == said
    assert (reading.judged is None) is (said is not None)
    assert bool(made.beside) is (entry.origin != made.case.origin)


def test_every_reading_is_judged_or_says_why_not() -> None:
    """Running totals: with a reset, a missed week, a value below zero and a week that is not over."""
    totals = [
        recorded(START + week * WEEK, value) for week, value in enumerate((10, 14, 3, -1, 5, 9, 30, 31)) if week != 5
    ]
    made = explained(totals, kr=with_metric(cumulative=True), as_of=NOW)
    assert [(reading.value, reading.judged) for reading in made.readings] == [
        (10, None), (14, 4), (3, 3), (-1, None), (5, None), (30, 12.5), (31, None),
    ]  # fmt: skip
    assert all((reading.judged is None) is (reading.left_out is not None) for reading in made.readings)
    assert [one.value for one in made.judgement.series] == [4, 3, 12.5]


def test_revisions_stand_under_the_value_in_force() -> None:
    entries = [recorded(MONDAY, 118), recorded(MONDAY, 121, days_after=1), recorded(MONDAY, 120, days_after=3)]
    (reading,) = explained(entries).readings
    assert (reading.value, reading.judged) == (120, 120)
    assert [(each.value, each.recorded_at) for each in reading.earlier] == [(118, LEARNED), (121, LEARNED + DAY)]
    shown = to_terminal(explained(entries), color=False, width=100)
    assert "2026-11-23 120 (csv, recorded 2026-11-27 12:00)" in shown
    assert "before that 118, recorded 2026-11-24 12:00" in shown


def test_what_is_too_old_for_movement_is_said() -> None:
    old = [recorded(START + week * WEEK, 120 + week % 3) for week in range(-60, 8)]
    assert explained(old).too_old == len(old) - explained(old).movement.points > 0


# --- the work ---------------------------------------------------------------------------------------------------------


def test_every_piece_says_what_it_counts_for() -> None:
    dropped = replace(done(NOW - DAY, 4), counts=False)
    early, later = done(START - DAY, 5), opened(NOW + 2 * DAY)
    later = replace(later, id=6, created_at=done(NOW + DAY).updated_at)
    pieces = [done(NOW - 3 * DAY, 1), done(START, 2), replace(opened(START), id=3), dropped]
    parts = [
        item(4, 4, "rule", resolution="Won't Do"),
        item(1, 1, "parent"),
        item(11, 1, kind=ItemKind.PULL_REQUEST, key="acme/shop#7"),
    ]
    made = explained([], pieces, parts, other=[early, later])
    found = {one.dated.piece.id: one for one in made.pieces}
    assert {id_: one.standing for id_, one in found.items()} == {
        1: Standing.COMPLETED, 2: Standing.COMPLETED, 3: Standing.OPEN, 4: Standing.DROPPED, 5: Standing.EARLIER,
        6: Standing.LATER,
    }  # fmt: skip
    assert [one.standing for one in made.pieces] == sorted(
        (one.standing for one in made.pieces), key=list(Standing).index
    )
    assert (found[1].settles, found[1].settled) == (NOW + 11 * DAY, False)
    assert (found[2].settles, found[2].settled) == (START + 14 * DAY, True)
    assert found[3].active is False
    on_the_day = {one.dated.piece.id: one for one in explained([], pieces, as_of=NOW + 11 * DAY).pieces}
    assert (on_the_day[1].settles, on_the_day[1].settled) == (NOW + 11 * DAY, True)
    assert found[4].why_not == f"dropped on {NOW - DAY}: Won't Do"
    assert found[5].why_not == f"done on {START - DAY}, before the cycle began on {START}"
    assert found[6].why_not == f"created on {NOW + DAY}, after {NOW}, the last day whose work counts here"
    assert [part.key for part in found[1].items] == ["SHOP-1", "acme/shop#7"]
    work = made.judgement.activity
    counted = [sum(one.standing is standing for one in made.pieces) for standing in (Standing.COMPLETED, Standing.OPEN)]
    assert counted == [work.completed, work.open]
    assert sum(one.settled for one in made.pieces) == work.settled
    assert sum(one.active for one in made.pieces) == work.active


@pytest.mark.parametrize(("days", "active"), [(13, True), (14, False)])
def test_open_work_is_active_for_two_check_in_periods(days: int, active: bool) -> None:
    made = explained([], [opened(NOW - days * DAY)])
    assert made.pieces[0].active is active
    assert made.judgement.activity.active == active


def test_rules_say_how_many_items_they_reach_and_how() -> None:
    items = [
        item(1, None, "rule", type="Epic"),
        item(2, 2, "parent"),
        item(3, 3, "rule", "parent"),
        item(4, 2, "closes"),
        item(5, 5, "trailer"),
        item(6, 6),
    ]
    made = explained([], [done(START, 2), done(START, 3), done(START, 5)], items)
    assert made.rules == (
        RuleUse("work[1]: labels=activation", 30, matched=2, below=1, named=1),
        RuleUse("work[2]: epics=SHOP-9", 31, matched=0, below=0, named=0),
        RuleUse("trailer KR: KR1", None, matched=1, below=0, named=0),
    )
    assert [one.key for one in made.passing_down] == ["SHOP-1"]
    elsewhere = explained([], [done(START, 2)], [item(2, 2, "rule"), item(7, 9, "names")])
    assert [one.key for one in elsewhere.carried] == ["SHOP-7"]


def test_the_table_has_a_row_for_every_verdict_of_a_kind() -> None:
    assert set(ROWS) == set(Kind)
    assert set(ROWS[Kind.METRIC]) == set(Verdict) - {Verdict.RETIRED}


@pytest.mark.parametrize(
    ("kr", "values", "answers"),
    [
        (replace(DECLARED, retired=Retirement(START, None)), [], ["yes, on 2026-10-05"]),
        (DECLARED, [], ["no: there is none"]),
        (
            DECLARED,
            [recorded(START, 1)],
            ["no: the last is 1 of 2026-10-05, 50 days old on 2026-11-24; after 14 it is stale"],
        ),
        (
            DECLARED,
            [recorded(MONDAY, 300)],
            ["yes: the last is 300 of 2026-11-23, 1 days old on 2026-11-24; after 14 it is stale", "yes: 300"],
        ),
        (MILESTONE, [], ["no: nobody checked it in", "1 completed, 0 active"]),
        (MILESTONE, [recorded(MONDAY, 1, "manual")], ["yes: the last check-in is of 2026-11-23"]),
        (
            replace(KR, kind=Kind.MAINTAIN, metric=Metric(target=9, direction="at_most", source_type="csv")),
            [recorded(MONDAY, 10)],
            [
                "yes: the last is 10 of 2026-11-23, 1 days old on 2026-11-24; after 14 it is stale",
                "no: 10",
                "1 completed, 1 settled, 0 active",
            ],
        ),
    ],
)
def test_the_steps_that_lead_to_the_verdict(kr: KeyResult, values: list[Recorded], answers: list[str]) -> None:
    assert [step.answer for step in explained(values, [done(START)], kr=kr).steps] == answers


# --- as it is shown ---------------------------------------------------------------------------------------------------


def a_whole_one(monkeypatch: pytest.MonkeyPatch, **texts: str) -> Explanation:
    """One with everything in it, and a movement that no change of the statistics changes."""
    fixed = MovementResult(
        Movement.FLAT, Trend.NONE, "By a rule of the test.", 9, 120.0, 111.0, 129.0, Forecast(110, 121, 132)
    )
    monkeypatch.setattr(
        movement, "judge_movements", lambda asked: [replace(fixed, points=len(one.days)) for one in asked]
    )
    title, note, url = (texts.get(name, default) for name, default in (
        ("title", "Let shops skip the tax step"), ("note", "shops drop out at tax"), ("url", "https://acme.example/browse/SHOP-1"),
    ))  # fmt: skip
    values = [
        *(recorded(START + week * WEEK, 118 + week % 4) for week in range(-2, 8)),
        recorded(START + 7 * WEEK, 119, days_after=2),
        recorded(START + 8 * WEEK, 71),
        recorded(MONDAY, 124, "manual", by="lin", note=note, confidence=4),
        recorded(START, 5, "sql"),
    ]
    pieces = [
        replace(done(NOW - 3 * DAY, 1), title=title, url=url),
        done(START, 2),
        replace(opened(NOW - 4 * DAY), id=3, key="SHOP-3"),
        replace(done(NOW - DAY, 4), counts=False),
    ]
    items = [
        item(1, 1, "rule", title=title, url=url),
        item(11, 1, kind=ItemKind.COMMIT, type="commit", key="0a1b2c3d4e" * 4, title=title),
        item(
            12, 1, "trailer", kind=ItemKind.PULL_REQUEST, type="pull_request", key="acme/shop#7", title=title, url=None
        ),
        item(2, 2, "parent"),
        item(4, 4, "rule", resolution=texts.get("resolution", "Won't Do")),
        item(9, None, "rule", type="Epic", title=title),
        item(10, 20, "names", kind=ItemKind.COMMIT, type="commit", key="f" * 40, title=title),
    ]
    kr = replace(DECLARED, title=title, owner="lin", retired=None)
    return explained(
        values, pieces, items, other=[done(START - DAY, 5)], kr=kr, failure=texts.get("failure", "cannot read a.csv")
    )


def test_as_it_is_shown(monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion) -> None:
    assert to_terminal(a_whole_one(monkeypatch), color=False, width=100) == snapshot


def test_colours_only_where_they_are_wanted_and_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_whole_one(monkeypatch)
    plain, coloured = (to_terminal(made, color=color, width=100) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[" in coloured


def test_of_what_lies_outside_the_window_only_some_is_listed() -> None:
    earlier = [done(START - number * DAY, number) for number in range(1, 31)]
    inside = [done(START + number * DAY, 100 + number) for number in range(40)]
    made = explained([], inside, other=earlier)
    shown = to_terminal(made, color=False, width=100)
    assert shown.count(", before the cycle began on ") == 20
    assert "and 10 more: --format json lists them" in shown
    assert shown.count(" settle") >= 40
    assert len(json.loads(to_json(made))["work"]["pieces"]) == 70


@pytest.mark.parametrize("width", [20, 60, 200])
def test_lines_keep_the_width_but_addresses_stay_whole(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    long = "https://acme.example/browse/" + "x" * 180
    shown = to_terminal(a_whole_one(monkeypatch, url=long), color=False, width=width)
    assert long in shown
    assert all(len(line) <= max(60, width) for line in shown.splitlines() if "https://" not in line)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_steers_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    made = a_whole_one(monkeypatch, title=text, note=text, url=text, failure=text, resolution=text)
    shown = to_terminal(made, color=False, width=100)
    assert not [
        each
        for each in shown
        if each != "\n" and each not in "\u200c\u200d" and unicodedata.category(each) in ("Cc", "Cf", "Cs")
    ]
    for address in (line.strip() for line in shown.splitlines()):
        assert not address.startswith(("javascript:", "data:", "file:"))
    written = to_json(made)
    written.encode("utf-8")
    assert json.loads(written)["work"]["pieces"][0]["title"] == text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://user:secret@\x1b[31m", None])
def test_only_web_addresses_are_shown(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    made = a_whole_one(monkeypatch)

    def elsewhere(one: ExplainedPiece) -> ExplainedPiece:
        return replace(one, dated=replace(one.dated, piece=replace(one.dated.piece, url=url)), items=())

    moved = replace(made, pieces=tuple(map(elsewhere, made.pieces)))
    shown = to_terminal(moved, color=False, width=100)
    work = shown.partition("3. The work")[2].partition("Passing")[0]
    assert "://" not in work
    assert "javascript" not in work


def test_json_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_whole_one(monkeypatch)
    content = json.loads(to_json(made))
    assert list(content) == [
        "schema", "as_of", "known_at", "timezone", "cycle", "key_result", "rules", "work", "measurements", "movement",
        "verdict", "changes",
    ]  # fmt: skip
    assert content["work"]["completed"] == 2
    assert [piece["standing"] for piece in content["work"]["pieces"]] == [
        "completed", "completed", "open", "dropped", "earlier",
    ]  # fmt: skip
    assert content["measurements"]["readings"][-2] == {
        "at": "2026-11-23", "value": 119, "origin": "csv", "recorded_at": "2026-11-26T04:00:00Z", "judged": 119,
        "left_out": None, "by": None, "confidence": None, "note": None,
        "earlier": [{"value": 121, "recorded_at": "2026-11-24T04:00:00Z"}],
    }  # fmt: skip
    assert content["verdict"]["verdict"] == made.judgement.verdict
    assert to_json(made) == to_json(a_whole_one(monkeypatch))


def test_before_anything_was_measured_or_done() -> None:
    made = explained([], rules=[])
    shown = to_terminal(made, color=False, width=100)
    assert "No rule is declared" in shown
    assert "No piece of work is linked to it." in shown
    assert "There is no value of csv, which decides." in shown
    assert made.replayed[-1] == (NOW, Verdict.UNMEASURED)
