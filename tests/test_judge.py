"""One key result, judged: window, staleness, since, reasons."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrsync import movement
from okrsync.judge import Case, judge, judge_together, progress
from okrsync.model import (
    Judgement,
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
from tests.judge_samples import (
    CYCLE,
    DAY,
    FLAT,
    HISTORY,
    KR,
    METRIC,
    MILESTONE,
    OBJECTIVE,
    START,
    STEP,
    WEEK,
    done,
    measured,
    opened,
    weekly,
)  # fmt: skip


def judged(
    measurements: Sequence[Measurement],
    *pieces: Piece,
    week: int | None = None,
    as_of: date | None = None,
    kr: KeyResult = KR,
) -> Judgement:
    day = as_of or START + (week or 0) * WEEK - DAY
    return judge(kr, OBJECTIVE, CYCLE, pieces, measurements, as_of=day, zone=ZoneInfo("UTC"))


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
    assert judged(FLAT, done(START), as_of=START + 5 * WEEK, kr=kr).verdict is Verdict.RETIRED
    assert judged(FLAT, done(START), as_of=START + 5 * WEEK - DAY, kr=kr).verdict is Verdict.BUSY


def test_a_milestone_is_reached_by_a_person_alone_whatever_its_metric_says() -> None:
    metric = Metric(baseline=0, target=1, source_type="csv", counted=True, cumulative=True)
    kr = replace(MILESTONE, metric=metric)
    read = [measured(START + week * WEEK, week + 1.0) for week in range(6)]
    assert judged(read, week=8, kr=kr).verdict is Verdict.NEGLECTED
    said = measured(START + 8 * WEEK - DAY, 1, origin="manual")
    assert judged([*read, said], week=8, kr=kr).verdict is Verdict.ACHIEVED
    assert judged([*read, said], week=8, kr=kr).check_ins == ()


def test_a_milestone_is_reached_on_the_last_day_that_counts_and_not_after_it() -> None:
    kr = replace(MILESTONE, metric=Metric(lag=5 * DAY))
    for days, verdict in ((5, Verdict.ACHIEVED), (6, Verdict.NEGLECTED)):
        said = [measured(CYCLE.end + days * DAY, 1, origin="manual")]
        assert judged(said, as_of=CYCLE.end + 90 * DAY, kr=kr).verdict is verdict


def test_a_limit_without_a_target_or_side_is_not_judged_and_says_why() -> None:
    kept = [measured(START + week * WEEK, 99.6) for week in range(8)]
    for metric, words in (
        (Metric(direction="at_least", source_type="csv"), "It has no target: "),
        (Metric(target=99.0, source_type="csv"), "It does not say on which side of its target to stay: "),
    ):
        found = judged(kept, week=8, kr=replace(KR, kind=Kind.MAINTAIN, metric=metric))
        assert found.verdict is Verdict.UNMEASURED
        assert found.reasons[0].startswith(words)


@pytest.mark.parametrize("sign", [1, -1])
def test_without_a_baseline_the_way_leads_from_where_it_stood_just_before_the_cycle(sign: int) -> None:
    """A long rise through the target: on the average it stood below, when the cycle began above."""
    kr = replace(KR, metric=replace(METRIC, baseline=None, target=sign * 100))
    rise = [measured(START + week * WEEK, sign * (150 + 2.5 * week)) for week in range(-40, 0)]
    on = [measured(START + week * WEEK, sign * (150 + week % 2)) for week in range(8)]
    assert judged([*rise, *on], week=8, kr=kr).verdict is not Verdict.ACHIEVED
    down = [measured(START + 7 * WEEK, sign * 99)]
    assert judged([*rise, *on[:7], *down], week=8, kr=kr).verdict is Verdict.ACHIEVED
    # Two readings say where it stood, though not how it wobbles.
    assert judged([*rise[-2:], *down], week=8, kr=kr).verdict is Verdict.ACHIEVED
    assert judged(down, week=8, kr=kr).verdict is Verdict.UNMEASURED


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
    assert found.reasons[1].startswith(
        "Flat: in 27 readings there is no sign that its level has left its usual range of "
    )
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


# --- the first and the last day, and after ----------------------------------------------------------------------------


def test_the_first_day_of_the_cycle() -> None:
    first = done(START)
    assert judged(HISTORY, first, as_of=START).verdict is Verdict.UNMEASURED  # no reading since it began
    assert judged([*HISTORY, measured(START, 121)], first, as_of=START).activity.completed == 1
    found = judged([*HISTORY, measured(START, 121)], first, as_of=START)
    assert (found.verdict, found.since) == (Verdict.TOO_EARLY, START)
    at_once = replace(KR, metric=replace(METRIC, lag=0 * DAY))
    assert judged([*HISTORY, measured(START, 121)], first, as_of=START, kr=at_once).verdict is Verdict.BUSY


@pytest.mark.parametrize(
    ("finished", "as_of", "verdict"),
    [
        (CYCLE.end, CYCLE.end, Verdict.TOO_EARLY),
        (CYCLE.end, CYCLE.end + 13 * DAY, Verdict.TOO_EARLY),
        (CYCLE.end, CYCLE.end + 14 * DAY, Verdict.BUSY),
        (CYCLE.end, CYCLE.end + 900 * DAY, Verdict.BUSY),
        (CYCLE.end + DAY, CYCLE.end + 900 * DAY, Verdict.BUILDING),  # open when the cycle ended
        (START - DAY, CYCLE.end, Verdict.NEGLECTED),
        (START, START + 14 * DAY - DAY, Verdict.TOO_EARLY),
        (START, START + 14 * DAY, Verdict.BUSY),
    ],
)
def test_work_counts_to_the_cycles_end_and_settles_after_it(finished: date, as_of: date, verdict: Verdict) -> None:
    assert judged(FLAT, done(finished), as_of=as_of).verdict is verdict


def test_an_outcome_that_moves_within_the_lag_after_the_end_turns_the_verdict() -> None:
    slow = replace(KR, metric=replace(METRIC, lag=60 * DAY))
    late = HISTORY + weekly([120] * 14 + [220] * 8)
    found = [judged(late, done(START), as_of=CYCLE.end + days * DAY, kr=slow).verdict for days in (0, 60, 900)]
    assert found == [Verdict.BUSY, Verdict.DELIVERING, Verdict.DELIVERING]
    beyond = [*late[:34], *(replace(one, at=one.at + 60 * DAY) for one in late[34:])]
    assert judged(beyond, done(START), as_of=CYCLE.end + 900 * DAY, kr=slow).verdict is Verdict.UNMEASURED


def test_days_begin_in_the_zone_for_settling_too() -> None:
    moment = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)  # 2 November in Shanghai
    piece = replace(done(START), done_at=moment)
    for zone, first in (("UTC", date(2026, 11, 15)), ("Asia/Shanghai", date(2026, 11, 16))):
        case = Case.of(KR, OBJECTIVE, CYCLE, [piece], FLAT, ZoneInfo(zone))
        assert case.verdict(first - DAY) is Verdict.TOO_EARLY
        assert case.verdict(first) is Verdict.BUSY


def test_since_begins_anew_after_each_break_of_the_run() -> None:
    """Flat, then up for some weeks, then flat again: busy twice, and only the second run counts."""
    up_and_down = HISTORY + weekly([120] * 4 + [210] * 3 + [60] * 8)
    piece = done(START)
    verdicts = {week: judged(up_and_down, piece, week=week).verdict for week in range(3, 14)}
    assert verdicts[4] is Verdict.BUSY
    assert Verdict.DELIVERING in verdicts.values()
    assert verdicts[13] is Verdict.BUSY
    first = max(week for week, verdict in verdicts.items() if verdict is not Verdict.BUSY) + 1
    assert judged(up_and_down, piece, week=13).since == START + first * WEEK - DAY


def test_a_replayed_day_is_judged_as_if_it_were_asked_for() -> None:
    kr = replace(KR, metric=replace(METRIC, counted=True))
    pieces = [done(START + 9 * DAY), opened(START + 20 * DAY)]
    case = Case.of(kr, OBJECTIVE, CYCLE, pieces, STEP, ZoneInfo("UTC"))
    for number in range(130):
        day = START + number * DAY
        assert case.judgement(day) == judged(STEP, *pieces, as_of=day, kr=kr)
        assert case.verdict(day) is case.judgement(day).verdict


@pytest.mark.parametrize(
    ("readings", "pieces", "most"),
    [
        (FLAT, [done(START)], 13),  # busy all along
        (FLAT, [done(CYCLE.end - 20 * DAY)], 2),  # busy only lately: the weeks before need no movement
        ([], [done(START)], 1),
        ([*FLAT[:20], *(measured(START + week * WEEK, 310) for week in range(13))], [], 1),  # achieved
    ],
)
def test_movement_is_judged_at_most_once_a_replayed_day_and_only_where_it_decides(
    monkeypatch: pytest.MonkeyPatch, readings: list[Measurement], pieces: list[Piece], most: int
) -> None:
    asked: list[date] = []
    real = movement.judge_movements

    def counted(series: Sequence[movement.Asked]) -> list[MovementResult]:
        asked.extend(one.until for one in series)
        return real(series)

    monkeypatch.setattr(movement, "judge_movements", counted)
    case = Case.of(KR, OBJECTIVE, CYCLE, pieces, readings, ZoneInfo("UTC"))
    case.judgement(CYCLE.end)
    case.verdict(CYCLE.end - WEEK)
    case.verdict(CYCLE.end)
    assert 1 <= len(asked) == len(set(asked)) <= most


def test_cases_judged_together_come_out_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = replace(KR, kind=Kind.METRIC)
    kinds = [metric, replace(KR, kind=Kind.MAINTAIN), replace(KR, kind=Kind.MILESTONE)]
    kinds.append(replace(KR, retired=Retirement(START + 20 * DAY, "no longer wanted")))
    series = [FLAT, STEP, [], HISTORY, FLAT[:26], HISTORY + weekly([90] * 15)]
    work = [[], [done(START + week * WEEK, week) for week in range(9)]]

    def plain(judgement: Judgement) -> Judgement:
        """Without the numbers of which the last digits may differ; tests/test_movement.py compares them."""
        return replace(judgement, outcome=replace(judgement.outcome, low=None, high=None, forecast=None))

    def cases() -> list[Case]:
        return [
            Case.of(kr, OBJECTIVE, CYCLE, pieces, readings, ZoneInfo("UTC"))
            for kr in kinds
            for readings in series
            for pieces in work
        ]

    for as_of in (START - DAY, START + 60 * DAY, CYCLE.end + 40 * DAY):
        before = as_of - WEEK
        alone = [(plain(each.judgement(as_of)), each.verdict(before)) for each in cases()]
        together = cases()
        judge_together(together, as_of, [before])
        with monkeypatch.context() as patched:
            # All that is asked is known by then.
            patched.setattr(movement, "judge_movements", None)
            assert [(plain(each.judgement(as_of)), each.verdict(before)) for each in together] == alone


# --- whatever the data ------------------------------------------------------------------------------------------------

days = st.integers(-30, 230).map(lambda number: START + number * DAY)
shapes = st.sampled_from([FLAT, STEP, [], HISTORY, FLAT[:26], HISTORY + weekly([90] * 15)])
metrics = st.builds(
    lambda kind, lag, target, counted: replace(
        KR, kind=kind, metric=replace(METRIC, lag=lag * DAY, target=target, counted=counted, direction="at_least")
    ),
    st.sampled_from(Kind), st.sampled_from([0, 1, 14, 100]), st.sampled_from([120, 150, 300]), st.booleans(),
)  # fmt: skip
finished = st.lists(st.tuples(days, st.booleans()), max_size=4)


def some_pieces(given_: list[tuple[date, bool]]) -> list[Piece]:
    return [replace(done(day, number), counts=counts) for number, (day, counts) in enumerate(given_)]


@settings(deadline=None, max_examples=30)
@given(shapes, metrics, finished, days)
def test_closing_or_dropping_work_never_moves_the_outcome(
    readings: list[Measurement], kr: KeyResult, work: list[tuple[date, bool]], as_of: date
) -> None:
    without, with_ = judged(readings, as_of=as_of, kr=kr), judged(readings, *some_pieces(work), as_of=as_of, kr=kr)
    assert (without.outcome, without.series) == (with_.outcome, with_.series)
    assert (without.verdict is Verdict.ACHIEVED) is (with_.verdict is Verdict.ACHIEVED)


@settings(deadline=None, max_examples=30)
@given(shapes, metrics, finished, days)
def test_taking_a_completed_piece_away_never_makes_it_busy(
    readings: list[Measurement], kr: KeyResult, work: list[tuple[date, bool]], as_of: date
) -> None:
    before = judged(readings, *some_pieces(work), as_of=as_of, kr=kr)
    for taken in range(len(work)):
        left = [piece for piece in some_pieces(work) if piece.id != taken]
        after = judged(readings, *left, as_of=as_of, kr=kr)
        if after.verdict is Verdict.BUSY:
            # A maintained limit is busy with open work too, so what is taken must have been done by then.
            assert before.verdict is Verdict.BUSY


@settings(deadline=None, max_examples=30)
@given(shapes, metrics, finished, days, st.integers(1, 60))
def test_what_is_measured_or_finished_later_changes_nothing_of_a_past_day(
    readings: list[Measurement], kr: KeyResult, work: list[tuple[date, bool]], as_of: date, later: int
) -> None:
    after = as_of + later * DAY
    pieces = some_pieces(work)
    found = judged(readings, *pieces, as_of=as_of, kr=kr)
    more = replace(done(after, 99), created_at=datetime(after.year, after.month, after.day, tzinfo=UTC))
    assert judged([*readings, measured(after, 999)], *pieces, more, as_of=as_of, kr=kr) == found


@settings(deadline=None, max_examples=20)
@given(shapes, metrics, finished, days)
def test_since_is_the_start_of_an_unbroken_run_of_replayed_days(
    readings: list[Measurement], kr: KeyResult, work: list[tuple[date, bool]], as_of: date
) -> None:
    found = judged(readings, *some_pieces(work), as_of=as_of, kr=kr)
    if as_of < START:
        assert found.since is None
        return
    ends = [START + number * WEEK - DAY for number in range(1, 40) if START + number * WEEK - DAY < as_of]
    run = [as_of]
    for end in reversed(ends):
        if judged(readings, *some_pieces(work), as_of=end, kr=kr).verdict is not found.verdict:
            break
        run.append(end)
    # Of the days on which nothing can change any more only the first is looked at, so it may not begin later.
    assert found.since is not None
    assert found.since == run[-1]
