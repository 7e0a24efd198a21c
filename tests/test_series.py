"""From measurements to the series that is judged."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from okrsync.model import Measurement, Metric
from okrsync.series import prepare

MONDAY = date(2026, 10, 5)
WEEK = timedelta(days=7)


def measured(day: date, value: float, origin: str = "csv", recorded: int = 0) -> Measurement:
    moment = datetime(2026, 12, 31, tzinfo=UTC) + timedelta(seconds=recorded)
    return Measurement(key_result="KR1", at=day, value=value, origin=origin, recorded_at=moment)


def weekly(*values: float) -> list[Measurement]:
    return [measured(MONDAY + i * WEEK, value) for i, value in enumerate(values)]


def prepared(measurements: list[Measurement], as_of: date, **metric: object) -> list[tuple[date, float]]:
    series = prepare(measurements, Metric(**metric), origin="csv", as_of=as_of)  # type: ignore[arg-type]
    return [(one.at, one.value) for one in series]


def test_only_the_deciding_origin_counts() -> None:
    mixed = [measured(MONDAY, 1), measured(MONDAY, 99, origin="manual", recorded=9)]
    assert prepared(mixed, MONDAY) == [(MONDAY, 1)]
    assert prepare(mixed, Metric(), origin="manual", as_of=MONDAY)[0].value == 99


def test_what_was_recorded_last_wins_in_any_order() -> None:
    revisions = [measured(MONDAY, value, recorded=second) for second, value in enumerate((3, 1, 2))]
    random.Random(1).shuffle(revisions)
    assert prepared(revisions, MONDAY) == [(MONDAY, 2)]
    same_moment = [measured(MONDAY, 5), measured(MONDAY, 7)]
    assert prepared(same_moment, MONDAY) == prepared(same_moment[::-1], MONDAY) == [(MONDAY, 7)]


@pytest.mark.parametrize(
    ("metric", "days_after", "seen"),
    [
        ({}, 0, 1),
        ({}, -1, 0),
        ({"counted": True}, 0, 0),
        ({"counted": True}, 5, 0),
        ({"counted": True}, 6, 1),
        ({"counted": True, "cadence": timedelta(days=1)}, 0, 1),
        ({"counted": True, "cadence": timedelta(days=28)}, 26, 0),
        ({"counted": True, "cadence": timedelta(days=28)}, 27, 1),
    ],
)
def test_a_period_counts_from_its_last_day_and_a_reading_from_its_own(
    metric: dict[str, object], days_after: int, seen: int
) -> None:
    assert len(prepared([measured(MONDAY, 1)], MONDAY + timedelta(days=days_after), **metric)) == seen


@pytest.mark.parametrize(
    ("totals", "increases"),
    [
        ([], []),
        ([10], []),
        ([10, 13, 13, 20], [3, 0, 7]),
        ([10, 13, 4, 6], [3, 4, 2]),  # reset: counted again from 0
        ([10, 0, 2], [0, 2]),
        ([10, -5, 2, 6], [4]),  # a total below 0 tells nothing
    ],
)
def test_a_running_total_becomes_its_increases(totals: list[float], increases: list[float]) -> None:
    assert [value for _, value in prepared(weekly(*totals), date(2027, 6, 1), cumulative=True)] == increases


def test_an_increase_stands_at_the_later_day_and_a_gap_is_spread() -> None:
    totals = [one for i, one in enumerate(weekly(0, 5, 10, 15, 20, 30, 35)) if i != 3]
    found = prepared(totals, date(2027, 6, 1), cumulative=True)
    assert found == [(MONDAY + i * WEEK, value) for i, value in ((1, 5), (2, 5), (4, 5), (5, 10), (6, 5))]


def test_the_running_period_of_a_total_is_left_out() -> None:
    totals = weekly(0, 5, 6)
    assert prepared(totals, MONDAY + 2 * WEEK + timedelta(days=5), cumulative=True) == [(MONDAY + WEEK, 5)]
    assert len(prepared(totals, MONDAY + 2 * WEEK + timedelta(days=6), cumulative=True)) == 2
