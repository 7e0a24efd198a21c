"""A quarter, a key result, its series and its work, for the tests of what is judged; nobody in them exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from okrsync.model import Cycle, KeyResult, Kind, Measurement, Metric, Objective, Piece

DAY, WEEK = timedelta(days=1), timedelta(days=7)
START = date(2026, 10, 5)
CYCLE = Cycle("2026-Q4", START, START + 13 * WEEK - DAY)
METRIC = Metric(baseline=120, target=300, lag=14 * DAY, source_type="csv")
KR = KeyResult("KR1", "O1", "Activated shops", None, Kind.METRIC, METRIC)
MILESTONE = replace(KR, kind=Kind.MILESTONE, metric=Metric())
WOBBLE = (3, -2, 1, -4, 2, 0, -1, 4, -3, 1)


def measured(day: date, value: float, origin: str = "csv") -> Measurement:
    return Measurement("KR1", day, value, origin, datetime(2027, 6, 1, tzinfo=UTC))


def weekly(levels: Sequence[float], first: int = 0) -> list[Measurement]:
    """Readings on Mondays from week ``first`` of the cycle on, wobbling around the levels."""
    return [measured(START + (first + i) * WEEK, v + WOBBLE[(first + i) % 10]) for i, v in enumerate(levels)]


HISTORY = weekly([120] * 20, -20)
FLAT = HISTORY + weekly([120] * 15)
STEP = HISTORY + weekly([120] * 3 + [200] * 12)


def done(day: date, no: int = 1) -> Piece:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Piece(no, "shop", "SHOP", f"SHOP-{no}", "A piece", None, moment - 9 * DAY, moment, moment, True)


def opened(day: date) -> Piece:
    return replace(done(day), done_at=None, counts=False)


OBJECTIVE = Objective("O1", CYCLE.id, "acme", "An objective", (KR,))
