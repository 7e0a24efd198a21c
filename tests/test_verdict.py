"""The table of verdicts, every row and its edges."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrsync.model import Activity, Kind, Movement, Verdict
from okrsync.verdict import Direction, by_movement, decide, direction_of, reached, without_movement

NOTHING = Activity()
IDLE = Activity(open=3)
ACTIVE = Activity(open=3, active=1)
FRESH = Activity(completed=2)
SETTLED = Activity(completed=2, settled=1)
WORK = {"nothing": NOTHING, "idle": IDLE, "active": ACTIVE, "fresh": FRESH, "settled": SETTLED}

TABLE = {
    Movement.TOWARD: ["unattributed", "unattributed", "unattributed", "delivering", "delivering"],
    Movement.FLAT: ["neglected", "neglected", "building", "too_early", "busy"],
    Movement.AWAY: ["neglected", "neglected", "building", "too_early", "busy"],
    Movement.UNKNOWN: ["unmeasured"] * 5,
}


def decided(kind: Kind, work: Activity, movement: Movement, **changed: object) -> Verdict:
    settings: dict[str, object] = {"current": 120.0, "target": 300.0, "direction": "at_least", "usable": True}
    return decide(kind, work, movement, **settings | changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("movement", list(Movement))
@pytest.mark.parametrize(("column", "work"), list(enumerate(WORK)))
def test_metric(movement: Movement, column: int, work: str) -> None:
    assert decided(Kind.METRIC, WORK[work], movement) == TABLE[movement][column]
    assert decided(Kind.METRIC, WORK[work], movement, current=300.0) is Verdict.ACHIEVED
    assert decided(Kind.METRIC, WORK[work], movement, current=301.0, usable=False) is Verdict.UNMEASURED
    assert decided(Kind.METRIC, WORK[work], movement, current=None, usable=False) is Verdict.UNMEASURED


@pytest.mark.parametrize("movement", list(Movement))
@pytest.mark.parametrize(
    ("work", "left"),
    [(NOTHING, "neglected"), (IDLE, "neglected"), (ACTIVE, "busy"), (FRESH, "busy"), (SETTLED, "busy")],
)
def test_maintain(movement: Movement, work: Activity, left: str) -> None:
    limit = {"target": 99.0, "direction": "at_least"}
    assert decided(Kind.MAINTAIN, work, movement, current=99.0, **limit) is Verdict.DELIVERING
    assert decided(Kind.MAINTAIN, work, movement, current=98.9, **limit) == left
    assert decided(Kind.MAINTAIN, work, movement, current=98.9, target=99.0, direction="at_most") == "delivering"
    assert decided(Kind.MAINTAIN, work, movement, current=99.0, usable=False, **limit) is Verdict.UNMEASURED


@pytest.mark.parametrize("work", WORK.values())
def test_a_limit_that_is_not_declared_is_not_judged(work: Activity) -> None:
    assert decided(Kind.MAINTAIN, work, Movement.FLAT, target=None) is Verdict.UNMEASURED
    assert decided(Kind.MAINTAIN, work, Movement.FLAT, current=98.0, target=99.0, direction=None) == "unmeasured"


@pytest.mark.parametrize("movement", list(Movement))
@pytest.mark.parametrize(
    ("work", "until_then"),
    [(NOTHING, "neglected"), (IDLE, "neglected"), (ACTIVE, "building"), (FRESH, "building"), (SETTLED, "building")],
)
def test_milestone(movement: Movement, work: Activity, until_then: str) -> None:
    assert decided(Kind.MILESTONE, work, movement, checked_in=True, usable=False) is Verdict.ACHIEVED
    assert decided(Kind.MILESTONE, work, movement, current=None, usable=False) == until_then
    assert decided(Kind.MILESTONE, work, movement, current=500.0) == until_then


@pytest.mark.parametrize(
    ("kind", "baseline", "target", "declared", "direction"),
    [
        (Kind.METRIC, 120.0, 300.0, None, "at_least"),
        (Kind.METRIC, 300.0, 120.0, None, "at_most"),
        (Kind.METRIC, 120.0, 120.0, None, None),
        (Kind.METRIC, 120.0, 120.0, "at_most", "at_most"),
        (Kind.METRIC, None, 120.0, None, None),
        (Kind.MAINTAIN, 99.9, 99.5, "at_least", "at_least"),
        (Kind.MAINTAIN, 99.0, 99.5, "at_least", "at_least"),
        (Kind.MAINTAIN, 99.9, 99.5, None, "at_least"),
        (Kind.MAINTAIN, 1.0, 2.0, None, "at_most"),
    ],
)
def test_direction(
    kind: Kind, baseline: float | None, target: float, declared: Direction | None, direction: Direction | None
) -> None:
    assert direction_of(kind, baseline=baseline, target=target, declared=declared) == direction


@pytest.mark.parametrize(
    ("current", "direction", "expected"),
    [
        (300.0, "at_least", True),
        (299.9, "at_least", False),
        (300.0, "at_most", True),
        (300.1, "at_most", False),
        (300.0, None, True),
        (300.1, None, False),
        (None, "at_least", False),
    ],
)
def test_reached(current: float | None, direction: Direction | None, expected: bool) -> None:
    assert reached(current, 300.0, direction) is expected
    assert not reached(current, None, direction)


counts = st.integers(0, 3)
values = st.none() | st.floats(-10, 10)
cases = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(Kind),
        "movement": st.sampled_from(Movement),
        "current": values,
        "target": values,
        "direction": st.sampled_from(["at_least", "at_most", None]),
        "usable": st.booleans(),
        "checked_in": st.booleans(),
    }
)


def activity_of(completed: int, settled: int, active: int, idle: int) -> Activity:
    return Activity(open=active + idle, active=active, completed=completed + settled, settled=settled)


@given(cases, counts, counts, counts, counts)
def test_there_is_a_verdict_for_everything_and_it_is_never_retired(
    case: dict[str, Any], completed: int, settled: int, active: int, idle: int
) -> None:
    work = activity_of(completed, settled, active, idle)
    found = decide(activity=work, **case)
    assert found in set(Verdict) - {Verdict.RETIRED}
    known = without_movement(activity=work, **{key: value for key, value in case.items() if key != "movement"})
    assert found is (by_movement(work, case["movement"]) if known is None else known)
    # Work alone never decides for or against the outcome.
    same = {decide(activity=activity_of(*each), **case) for each in product((0, 1), repeat=4)}
    assert same <= {found} if found in (Verdict.ACHIEVED, Verdict.UNMEASURED) else Verdict.ACHIEVED not in same


@given(cases, counts, counts, counts, counts, st.integers(0, 3), st.integers(0, 3))
def test_taking_completed_work_away_never_makes_a_key_result_busy(
    case: dict[str, Any], completed: int, settled: int, active: int, idle: int, fewer: int, fewer_settled: int
) -> None:
    before = decide(activity=activity_of(completed, settled, active, idle), **case)
    less = activity_of(max(0, completed - fewer), max(0, settled - fewer_settled), active, idle)
    after = decide(activity=less, **case)
    if after is Verdict.BUSY:
        assert before is Verdict.BUSY
    if before is Verdict.NEGLECTED:
        assert after is Verdict.NEGLECTED


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10), counts, counts, counts, st.sampled_from(Movement))
def test_less_is_better_mirrors_more_is_better(
    current: float, target: float, baseline: float, completed: int, settled: int, active: int, movement: Movement
) -> None:
    work = activity_of(completed, settled, active, 0)

    def of(sign: int) -> Verdict:
        way = direction_of(Kind.METRIC, baseline=sign * baseline, target=sign * target, declared=None)
        return decide(
            Kind.METRIC, work, movement, current=sign * current, target=sign * target, direction=way, usable=True
        )

    assert of(1) is of(-1)
