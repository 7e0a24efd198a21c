"""One key result, judged: window, staleness, since, reasons."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from okrsync.judge import judge, progress
from okrsync.model import (
    Cycle,
    Judgement,
    KeyResult,
    Kind,
    Measurement,
    Metric,
    Movement,
    Objective,
    Piece,
    Retirement,
    Trend,
    Verdict,
)

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


def judged(
    measurements: Sequence[Measurement],
    *pieces: Piece,
    week: int | None = None,
    as_of: date | None = None,
    kr: KeyResult = KR,
) -> Judgement:
    objective = Objective("O1", CYCLE.id, "acme", "An objective", (kr,))
    day = as_of or START + (week or 0) * WEEK - DAY
    return judge(kr, objective, CYCLE, pieces, measurements, as_of=day, zone=ZoneInfo("UTC"))


def test_every_verdict_of_a_metric() -> None:
    early, now = done(START), done(START + 8 * WEEK - DAY)
    assert judged(STEP, early, week=8).verdict is Verdict.DELIVERING
    assert judged(STEP, week=8).verdict is Verdict.UNATTRIBUTED
    assert judged(FLAT, early, week=8).verdict is Verdict.BUSY
    assert judged(FLAT, now, week=8).verdict is Verdict.TOO_EARLY
    assert judged(FLAT, opened(START + 7 * WEEK), week=8).verdict is Verdict.BUILDING
    assert judged(FLAT, week=8).verdict is Verdict.NEGLECTED
    assert judged([], early, week=8).verdict is Verdict.UNMEASURED
    assert judged([*FLAT[:27], measured(START + 8 * WEEK - DAY, 300)], week=8).verdict is Verdict.ACHIEVED


def test_outcome_of_a_step() -> None:
    outcome = judged(STEP, done(START), week=8).outcome
    assert (outcome.movement, outcome.trend, outcome.points) == (Movement.TOWARD, Trend.NONE, 28)
    assert (outcome.current, outcome.measured_at, outcome.origin) == (204, START + 7 * WEEK, "csv")
    assert outcome.progress == pytest.approx(84 / 180)
    assert outcome.low is not None
    assert outcome.high is not None
    assert outcome.low < 120 < outcome.high < 200
    assert outcome.forecast is not None
    assert outcome.forecast.low < outcome.forecast.mid < outcome.forecast.high


def test_target_reached_only_by_a_measurement_within_the_window() -> None:
    before = [*HISTORY[:-1], measured(START - DAY, 310)]
    assert judged(before, as_of=START).verdict is Verdict.UNMEASURED
    inside = [*HISTORY, measured(START, 310)]
    assert judged(inside, as_of=START).verdict is Verdict.ACHIEVED
    last = START + 13 * WEEK - DAY + 14 * DAY
    assert judged([*FLAT[:33], measured(last, 310)], as_of=last + 9 * WEEK).verdict is Verdict.ACHIEVED
    late = judged([*FLAT[:33], measured(last + DAY, 310)], as_of=last + 9 * WEEK)
    assert late.verdict is not Verdict.ACHIEVED
    assert late.series[-1].at <= last


@pytest.mark.parametrize(("days", "verdict"), [(14, Verdict.BUSY), (15, Verdict.UNMEASURED)])
def test_a_reading_older_than_two_cadences_is_stale(days: int, verdict: Verdict) -> None:
    last = START + 5 * WEEK
    found = judged(FLAT[:26], done(START), as_of=last + days * DAY)
    assert found.series[-1].at == last
    assert found.verdict is verdict
    assert found.outcome.stale is (verdict is Verdict.UNMEASURED)


def test_stale_says_so() -> None:
    found = judged(FLAT[:26], done(START), as_of=START + 9 * WEEK)
    assert found.reasons[0] == "The last reading is from 2026-11-09, older than two cadences (14 days)."


def test_age_is_seen_from_the_end_of_the_window_when_the_cycle_is_over() -> None:
    assert judged(FLAT, done(START), as_of=date(2028, 1, 1)).verdict is Verdict.BUSY


def test_since_is_the_first_period_end_of_the_unbroken_run() -> None:
    piece = done(START + 3 * DAY)  # settled on 2026-10-22
    assert judged(FLAT, piece, week=1).verdict is Verdict.TOO_EARLY
    assert judged(FLAT, piece, week=2).since == START + WEEK - DAY
    busy = judged(FLAT, piece, as_of=START + 8 * WEEK + 2 * DAY)
    assert (busy.verdict, busy.since) == (Verdict.BUSY, START + 3 * WEEK - DAY)
    assert judged(FLAT, piece, as_of=date(2028, 1, 1)).since == START + 3 * WEEK - DAY


def test_since_is_today_when_the_verdict_is_new() -> None:
    settles = done(START + 8 * WEEK - DAY - 12 * DAY)
    day = START + 8 * WEEK + DAY
    found = judged(FLAT, settles, as_of=day)
    assert (found.verdict, found.since) == (Verdict.BUSY, day)


def test_since_after_the_end_when_nothing_was_settled_before() -> None:
    kr = replace(KR, metric=replace(METRIC, lag=200 * DAY))  # longer than the cycle
    piece = done(CYCLE.end)
    series = HISTORY + weekly([120] * 45)
    assert judged(series, piece, as_of=CYCLE.end, kr=kr).verdict is Verdict.TOO_EARLY
    settled = CYCLE.end + 200 * DAY
    assert judged(series, piece, as_of=settled - DAY, kr=kr).verdict is Verdict.TOO_EARLY
    assert judged(series, piece, as_of=settled, kr=kr).since == settled
    found = judged(series, piece, as_of=settled + 300 * DAY, kr=kr)
    assert found.verdict is Verdict.BUSY
    assert found.since is not None
    assert settled <= found.since < settled + WEEK


def test_before_the_cycle() -> None:
    found = judged(FLAT, done(START - 20 * DAY), as_of=START - DAY)
    assert (found.verdict, found.since, found.activity.completed) == (Verdict.UNMEASURED, None, 0)
    assert found.reasons == ("The cycle begins on 2026-10-05.",)


def test_check_ins_beside_an_automatic_series_decide_nothing() -> None:
    said = [measured(START + week * WEEK, 999, origin="manual") for week in (1, 9, 3)]
    found = judged([*said, *FLAT], done(START), week=8)
    assert found.verdict is Verdict.BUSY
    assert [one.at for one in found.check_ins] == [START + WEEK, START + 3 * WEEK]
    manual = judged(said, week=8, kr=replace(KR, metric=replace(METRIC, source_type="manual")))
    assert [one.value for one in manual.series] == [999, 999]
    assert manual.check_ins == ()


def test_maintain() -> None:
    metric = Metric(baseline=99.9, target=99.5, direction="at_least", source_type="csv")
    kr = replace(KR, kind=Kind.MAINTAIN, metric=metric)
    kept = [measured(START + week * WEEK, 99.6) for week in range(8)]
    left = [*kept[:7], measured(START + 7 * WEEK, 99.4)]
    assert judged(kept, week=8, kr=kr).verdict is Verdict.DELIVERING
    assert judged(kept, week=8, kr=kr).reasons[0] == "It keeps its limit of at least 99.5: 99.6 on 2026-11-23."
    assert judged(left, week=8, kr=kr).verdict is Verdict.NEGLECTED
    assert judged(left, done(START), week=8, kr=kr).verdict is Verdict.BUSY
    assert judged(left, week=8, kr=kr).reasons[0] == "It has left its limit of at least 99.5: 99.4 on 2026-11-23."
    assert judged([], week=8, kr=kr).verdict is Verdict.UNMEASURED
    assert judged([measured(START - DAY, 99.6)], as_of=START, kr=kr).verdict is Verdict.DELIVERING


def test_milestone() -> None:
    said = [measured(START + WEEK, 1, origin="manual")]
    assert judged([], week=1, kr=MILESTONE).verdict is Verdict.NEGLECTED
    assert judged([], done(START), week=1, kr=MILESTONE).verdict is Verdict.BUILDING
    assert judged(said, as_of=START + WEEK - DAY, kr=MILESTONE).verdict is Verdict.NEGLECTED
    reached = judged(said, as_of=START + 9 * WEEK, kr=MILESTONE)
    assert (reached.verdict, reached.since) == (Verdict.ACHIEVED, START + 2 * WEEK - DAY)
    assert reached.reasons[0] == "A person checked it in as reached on 2026-10-12."
    undone = [*said, measured(START + 3 * WEEK, 0, origin="manual")]
    assert judged(undone, as_of=START + 9 * WEEK, kr=MILESTONE).verdict is Verdict.NEGLECTED


def test_retired() -> None:
    kr = replace(KR, retired=Retirement(START + 5 * WEEK, "dropped for PAY"))
    found = judged(FLAT, done(START), done(START + 6 * WEEK, 2), week=8, kr=kr)
    assert (found.verdict, found.since, found.activity.completed) == (Verdict.RETIRED, START + 5 * WEEK, 1)
    assert found.reasons[0] == "Retired on 2026-11-09: dropped for PAY."
    assert judged(FLAT, done(START), as_of=START + 5 * WEEK - DAY, kr=kr).verdict is Verdict.BUSY


def test_target_equal_to_the_baseline_is_reached_only_exactly() -> None:
    kr = replace(KR, metric=replace(METRIC, target=120))
    assert judged([*FLAT[:27], measured(START + 7 * WEEK, 120)], week=8, kr=kr).verdict is Verdict.ACHIEVED
    found = judged(FLAT, done(START), week=8, kr=kr)
    assert (found.verdict, found.outcome.progress) == (Verdict.BUSY, None)


def test_reasons_of_busy() -> None:
    pieces = [done(START + i * 3 * DAY, i) for i in range(14)]
    found = judged(FLAT, *pieces, week=7)
    assert found.verdict is Verdict.BUSY
    assert found.reasons[0] == "14 pieces of work completed, 12 of them 14 or more days ago."
    assert found.reasons[1].startswith("Flat: in 27 readings its level has not left its usual range of ")
    assert "4 times in 5" in found.reasons[2]


def test_growth_that_merely_goes_on_is_said_to_be_no_sign() -> None:
    growing = weekly([120 + 4 * i for i in range(33)], -20)
    kr = replace(KR, metric=replace(METRIC, baseline=200, target=400))
    found = judged(growing, done(START), week=12, kr=kr)
    assert (found.verdict, found.outcome.trend) == (Verdict.DELIVERING, Trend.CONTINUED)
    assert "Growth goes on as it did before the cycle: no sign that this cycle's work did anything." in found.reasons


def test_untestable_says_so() -> None:
    kr = replace(KR, metric=replace(METRIC, target=122))
    series = HISTORY + [measured(START + i * WEEK, 118 + i % 2) for i in range(8)]
    assert any(
        reason.startswith("Untestable: the way to the target, 2,") for reason in judged(series, week=8, kr=kr).reasons
    )


@pytest.mark.parametrize("verdict_of", [FLAT, STEP, [], HISTORY, FLAT[:22]])
def test_one_to_four_reasons_and_any_order_of_input(verdict_of: list[Measurement]) -> None:
    shuffled = random.Random(3).sample(verdict_of, len(verdict_of))
    for as_of in (START, START + 5 * WEEK, CYCLE.end, CYCLE.end + DAY):
        found = judged(verdict_of, done(START), opened(START), as_of=as_of)
        assert 1 <= len(found.reasons) <= 4
        assert all(reason.endswith((".", ";")) for reason in found.reasons)
        assert judged(shuffled, opened(START), done(START), as_of=as_of) == found


@pytest.mark.parametrize(
    ("baseline", "target", "current", "expected"),
    [(120, 300, 120, 0), (120, 300, 300, 1), (300, 120, 345, -0.25), (1, 1, 1, None), (None, 1, 1, None)],
)
def test_progress(baseline: float | None, target: float, current: float, expected: float | None) -> None:
    assert progress(baseline, target, current) == expected
    assert progress(baseline, target, None) is None


def test_progress_between_huge_numbers() -> None:
    assert progress(-1.7e308, 1.7e308, 0) == 0.5
