"""Pieces of work, counted in a window of days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from okrsync.activity import count, dated
from okrsync.model import Activity, Cycle, KeyResult, Kind, Metric, Piece, Retirement

UTC_ZONE = ZoneInfo("UTC")
CYCLE = Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))
KR = KeyResult("KR1", "O1", "Title", None, Kind.METRIC, Metric(lag=timedelta(days=14)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text if "T" in text else text + "T12:00").replace(tzinfo=UTC)


def piece(
    created: str, *, done: str | None = None, updated: str | None = None, counts: bool = True, no: int = 1
) -> Piece:
    return Piece(
        id=no,
        source="shop-jira",
        scope="SHOP",
        key=f"SHOP-{no}",
        title="A piece",
        url=None,
        created_at=at(created),
        updated_at=at(updated or done or created),
        done_at=None if done is None else at(done),
        counts=counts and done is not None,
    )


def counted(*pieces: Piece, as_of: str = "2026-11-20", kr: KeyResult = KR, zone: ZoneInfo = UTC_ZONE) -> Activity:
    return count(dated(pieces, zone), key_result=kr, cycle=CYCLE, as_of=date.fromisoformat(as_of))[0]


def test_nothing() -> None:
    assert counted() == Activity()


@pytest.mark.parametrize(
    ("what", "as_of", "expected"),
    [
        (piece("2026-09-30", done="2026-09-30"), "2026-11-20", Activity()),
        (
            piece("2026-09-30", done="2026-10-01"),
            "2026-11-20",
            Activity(completed=1, settled=1, last_completed=date(2026, 10, 1)),
        ),
        (
            piece("2026-10-01", done="2026-11-20"),
            "2026-11-20",
            Activity(opened=1, completed=1, last_completed=date(2026, 11, 20)),
        ),
        # done the day after: still open, and changed later than the window, so active
        (piece("2026-10-01", done="2026-11-21"), "2026-11-20", Activity(opened=1, open=1, active=1)),
        # dropped: opened, never completed
        (piece("2026-10-01", done="2026-10-09", counts=False), "2026-11-20", Activity(opened=1)),
        (piece("2026-10-01", done="2026-12-09", counts=False), "2026-11-20", Activity(opened=1, open=1, active=1)),
        (piece("2026-11-21"), "2026-11-20", Activity()),
        # two check-in periods of 7 days: 2026-11-07 … 2026-11-20
        (piece("2026-01-01", updated="2026-11-07"), "2026-11-20", Activity(open=1, active=1)),
        (piece("2026-01-01", updated="2026-11-06"), "2026-11-20", Activity(open=1)),
        # the last day of the cycle, and after it
        (
            piece("2026-10-01", done="2026-12-31"),
            "2027-01-13",
            Activity(opened=1, completed=1, last_completed=date(2026, 12, 31)),
        ),
        (
            piece("2026-10-01", done="2026-12-31"),
            "2027-01-14",
            Activity(opened=1, completed=1, settled=1, last_completed=date(2026, 12, 31)),
        ),
        (piece("2026-10-01", done="2027-01-01"), "2027-03-01", Activity(opened=1, open=1, active=1)),
        (piece("2027-01-01"), "2027-03-01", Activity()),
        # the first day, and before it
        (
            piece("2026-10-01", done="2026-10-01"),
            "2026-10-01",
            Activity(opened=1, completed=1, last_completed=date(2026, 10, 1)),
        ),
        (piece("2026-09-29"), "2026-09-30", Activity(open=1, active=1)),
    ],
)
def test_one_piece(what: Piece, as_of: str, expected: Activity) -> None:
    assert counted(what, as_of=as_of) == expected


@pytest.mark.parametrize(
    ("lag", "done", "settled"),
    [(0, "2026-11-20", 1), (1, "2026-11-20", 0), (14, "2026-11-06", 1), (14, "2026-11-07", 0), (365, "2026-10-01", 0)],
)
def test_settled_is_completed_at_least_the_lag_ago(lag: int, done: str, settled: int) -> None:
    kr = replace(KR, metric=Metric(lag=timedelta(days=lag)))
    assert counted(piece("2026-01-01", done=done), kr=kr).settled == settled


def test_days_begin_in_the_configured_zone() -> None:
    late = piece("2026-09-30T17:00", done="2026-11-20T17:00")
    assert counted(late) == Activity(completed=1, last_completed=date(2026, 11, 20))
    shanghai = counted(late, zone=ZoneInfo("Asia/Shanghai"))
    assert shanghai == Activity(opened=1, open=1, active=1)


def test_after_retirement_nothing_counts() -> None:
    kr = replace(KR, retired=Retirement(date(2026, 11, 10)))
    done = [piece("2026-10-01", done=day, no=i) for i, day in enumerate(("2026-11-10", "2026-11-11"))]
    found = counted(*done, kr=kr)
    assert (found.completed, found.last_completed, found.open) == (1, date(2026, 11, 10), 1)


def test_completed_pieces_come_latest_first() -> None:
    pieces = [piece("2026-10-01", done=f"2026-11-{day:02}", no=day) for day in (3, 9, 1)]
    _, completed = count(dated(pieces, UTC_ZONE), key_result=KR, cycle=CYCLE, as_of=date(2026, 11, 20))
    assert [one.key for one in completed] == ["SHOP-9", "SHOP-3", "SHOP-1"]
