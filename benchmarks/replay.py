"""What the past weeks cost: 500 key results of 60 readings, judged on the last of 13 weeks, with ``since`` replayed.

Judging movement costs more than all the rest, so its calls are counted: the count is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import perf_counter
from zoneinfo import ZoneInfo

from okrsync import movement
from okrsync.judge import Case
from okrsync.model import Cycle, KeyResult, Kind, Measurement, Metric, MovementResult, Objective, Piece

KEY_RESULTS, READINGS, WEEKS = 500, 60, 13
DAY, WEEK = timedelta(days=1), timedelta(days=7)
CYCLE = Cycle("2026-Q4", date(2026, 10, 5), date(2026, 10, 5) + WEEKS * WEEK - DAY)
OBJECTIVE = Objective("O1", CYCLE.id, "acme", "An objective", ())
METRIC = Metric(baseline=120, target=300, lag=14 * DAY, source_type="csv")


def main() -> None:
    """Print a table."""
    print("Each row: 500 key results of 60 weekly readings, judged on the last day of a cycle of 13 weeks.\n")
    print("| what | movements judged | for a key result | seconds | seconds for one day alone |")
    print("|---|---:|---:|---:|---:|")
    for name, finished in (
        ("busy all along: every week is replayed", CYCLE.start),
        ("busy for the last three weeks", CYCLE.end - 5 * WEEK),
        ("neglected", None),
    ):
        alone = _run(_cases(finished), replay=False)
        calls, seconds = _run(_cases(finished), replay=True)
        print(f"| {name} | {calls:,} | {calls / KEY_RESULTS:.1f} | {seconds:.2f} | {alone[1]:.2f} |")
    print(
        "\nA report also asks for the verdict of the week before and, after the end, of the cycle's last day: included."
    )


def _cases(finished: date | None) -> list[Case]:
    random = Random(20261005)
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    cases = []
    for number in range(KEY_RESULTS):
        kr = KeyResult(f"KR{number}", "O1", "A key result", None, Kind.METRIC, METRIC)
        readings = [
            Measurement(kr.id, CYCLE.start + (week - READINGS + WEEKS) * WEEK, random.gauss(120, 5), "csv", moment)
            for week in range(READINGS)
        ]
        done = None if finished is None else datetime(finished.year, finished.month, finished.day, 12, tzinfo=UTC)
        pieces = [
            Piece(piece, "jira", "SHOP", f"SHOP-{piece}", "A piece", None, moment, done, done, True)
            for piece in range(20)
            if done is not None
        ]
        cases.append(Case.of(kr, OBJECTIVE, CYCLE, pieces, readings, ZoneInfo("UTC")))
    return cases


def _run(cases: list[Case], *, replay: bool) -> tuple[int, float]:
    real, calls = movement.judge_movements, 0

    def counted(asked: Sequence[movement.Asked]) -> list[MovementResult]:
        nonlocal calls
        calls += len(asked)
        return real(asked)

    movement.judge_movements = counted
    try:
        begun = perf_counter()
        for case in cases:
            if replay:
                case.judgement(CYCLE.end)
                case.verdict(CYCLE.end - WEEK)
                case.verdict(CYCLE.end)
            else:
                case.outcome(CYCLE.end)
        return calls, perf_counter() - begun
    finally:
        movement.judge_movements = real


if __name__ == "__main__":
    main()
