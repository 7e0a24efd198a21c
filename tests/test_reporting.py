"""Which cycle is reported, and what a retired key result still takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from okrsync.errors import ConfigError
from okrsync.model import Cycle, KeyResult, Kind, Metric, Piece, Retirement
from okrsync.reporting import cycle_for, served_when_done

YEAR = Cycle("2026", date(2026, 1, 1), date(2026, 12, 31))
Q3 = Cycle("2026-Q3", date(2026, 7, 1), date(2026, 9, 30))
Q4 = Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("cycles", "as_of", "expected"),
    [
        ((Q3, Q4), date(2026, 9, 30), Q3),
        ((Q3, Q4), date(2026, 10, 1), Q4),
        ((Q4, Q3), date(2027, 3, 1), Q4),
        ((Q3,), date(2027, 3, 1), Q3),
        # Of two that run, the one that began last: a quarter says more than its year.
        ((Q4, YEAR), date(2026, 11, 1), Q4),
        ((YEAR, Q3), date(2026, 11, 1), YEAR),
    ],
)
def test_the_cycle_of_a_day(cycles: tuple[Cycle, ...], as_of: date, expected: Cycle) -> None:
    assert cycle_for(cycles, as_of, None) is expected


def test_a_cycle_by_name() -> None:
    assert cycle_for((Q3, Q4), date(2026, 11, 1), "2026-Q3") is Q3
    with pytest.raises(ConfigError, match="no cycle '2026-Q5'; declared: 2026-Q3, 2026-Q4"):
        cycle_for((Q3, Q4), date(2026, 11, 1), "2026-Q5")
    with pytest.raises(ConfigError, match="begins on 2026-10-01"):
        cycle_for((Q3, Q4), date(2026, 9, 30), "2026-Q4")
    with pytest.raises(ConfigError, match="no cycle has begun by 2026-06-30"):
        cycle_for((Q3, Q4), date(2026, 6, 30), None)


@pytest.mark.parametrize(
    ("done", "served"),
    [
        (datetime(2026, 11, 10, 15, 59, tzinfo=UTC), {"KR1", "KR2"}),  # 23:59 of the last day in Shanghai
        (datetime(2026, 11, 10, 16, 0, tzinfo=UTC), {"KR2"}),
        (None, {"KR1", "KR2"}),
    ],
)
def test_work_done_after_the_day_of_retirement_serves_it_no_more(done: datetime | None, served: set[str]) -> None:
    retired = KeyResult(
        "KR1", "O1", "Dropped", None, Kind.METRIC, Metric(), retired=Retirement(date(2026, 11, 10), None)
    )
    kept = KeyResult("KR2", "O1", "Kept", None, Kind.METRIC, Metric())
    created = datetime(2026, 10, 2, tzinfo=UTC)
    piece = Piece(
        1, "s", "S", "S-1", "T", None, created, done or created, done, done is not None, frozenset({"KR1", "KR2"})
    )
    found = served_when_done(piece, {"KR1": retired, "KR2": kept}, ZoneInfo("Asia/Shanghai"))
    assert found.key_results == served
