"""The table of verdicts, every row and its edges."""

from __future__ import annotations

import pytest

from okrsync.model import Activity, Kind, Movement, Verdict
from okrsync.verdict import Direction, decide, direction_of, reached

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
