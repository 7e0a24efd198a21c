"""What would change a verdict: each claim is put to the test by making it so and judging again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from okrsync.judge import Case
from okrsync.model import KeyResult, Kind, Measurement, Metric, Piece, Retirement, Verdict
from okrsync.outlook import Change, outlook
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

NOW = START + 7 * WEEK + DAY
LOWER = replace(KR, metric=replace(METRIC, baseline=-120, target=-300))
KEEP = replace(KR, kind=Kind.MAINTAIN, metric=Metric(target=110, direction="at_least", lag=14 * DAY, source_type="csv"))
AT_ONCE = replace(KR, metric=replace(METRIC, lag=0 * DAY))


def case(readings: Sequence[Measurement], *pieces: Piece, kr: KeyResult = KR) -> Case:
    return Case.of(kr, OBJECTIVE, CYCLE, pieces, readings, ZoneInfo("UTC"))


def told(made: Case, as_of: date = NOW) -> dict[str, tuple[Verdict | None, date | None]]:
    return {change.condition: (change.verdict, change.on) for change in outlook(made, as_of)}


def one(changes: Sequence[Change], pattern: str) -> Change:
    (found,) = (change for change in changes if re.search(pattern, change.condition))
    return found


def known(readings: Sequence[Measurement], as_of: date = NOW) -> list[Measurement]:
    return [each for each in readings if each.at <= as_of]


def mirrored(readings: Sequence[Measurement]) -> list[Measurement]:
    return [replace(each, value=-each.value) for each in readings]


# --- by the calendar --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        case(known(FLAT), done(NOW - 3 * DAY)),  # too early
        case(known(FLAT), opened(NOW - 3 * DAY)),  # building
        case(known(FLAT), done(START)),  # busy
        case(known(STEP), done(START)),  # delivering
        case(known(FLAT), kr=KEEP),
        case(known(FLAT), opened(NOW - 3 * DAY), kr=replace(KEEP, metric=replace(KEEP.metric, target=150))),
        case([], opened(NOW - 3 * DAY), kr=MILESTONE),
    ],
)
def test_what_the_calendar_brings_comes_on_that_day_and_not_before(made: Case) -> None:
    today = made.verdict(NOW)
    dated = [change for change in outlook(made, NOW) if change.on is not None]
    assert dated == sorted(dated, key=lambda change: change.on or date.max)
    assert dated or today is Verdict.DELIVERING
    if not dated:
        return
    first = dated[0]
    assert first.on is not None
    for number in range(1, (first.on - NOW).days):
        assert made.verdict(NOW + number * DAY) is today
    assert made.verdict(first.on) is first.verdict


def test_settling_turns_too_early_into_busy() -> None:
    made = case(FLAT, done(NOW - 3 * DAY, 1), done(NOW - DAY, 2))
    assert told(made)[f"Its first completed work settles ({NOW - 3 * DAY} and 14 days)"] == (
        Verdict.BUSY,
        NOW + 11 * DAY,
    )
    assert made.verdict(NOW + 10 * DAY) is Verdict.TOO_EARLY
    assert made.verdict(NOW + 11 * DAY) is Verdict.BUSY


def test_open_work_that_nobody_touches_becomes_neglected() -> None:
    made = case(FLAT, opened(NOW - 3 * DAY))
    change = one(outlook(made, NOW), "stays as it is")
    assert (change.verdict, change.on) == (Verdict.NEGLECTED, NOW + 11 * DAY)
    assert made.verdict(NOW + 10 * DAY) is Verdict.BUILDING
    assert made.verdict(NOW + 11 * DAY) is Verdict.NEGLECTED
    late = CYCLE.end - 3 * DAY  # the cycle ends before it would count as idle
    assert not any("stays as it is" in change.condition for change in outlook(case(FLAT, opened(late)), late))


# --- by work ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "kr", "pieces", "then", "later"),
    [
        (FLAT, KR, [], Verdict.TOO_EARLY, Verdict.BUSY),
        (FLAT, KR, [opened(NOW)], Verdict.TOO_EARLY, Verdict.BUSY),
        (FLAT, AT_ONCE, [], Verdict.BUSY, Verdict.BUSY),
        (STEP, KR, [], Verdict.DELIVERING, Verdict.DELIVERING),
        ([], MILESTONE, [], Verdict.BUILDING, Verdict.BUILDING),
    ],
)
def test_finishing_something(
    readings: list[Measurement], kr: KeyResult, pieces: list[Piece], then: Verdict, later: Verdict
) -> None:
    change = one(outlook(case(readings, *pieces, kr=kr), NOW), "completed by 2027-01-03")
    assert change.verdict is then
    assert ("busy once it settles, 14 days later" in change.condition) is (then is not later)
    finished = case(readings, *pieces, done(NOW + DAY, 9), kr=kr)
    assert finished.verdict(NOW + DAY) is then
    assert finished.verdict(NOW + 15 * DAY) is later


def test_going_on_with_open_work() -> None:
    idle = opened(START - 60 * DAY)
    assert told(case(FLAT, idle))["Somebody goes on with its 1 open piece of work"] == (Verdict.BUILDING, None)
    touched = replace(idle, updated_at=done(NOW).updated_at)
    assert case(FLAT, touched).verdict(NOW) is Verdict.BUILDING
    assert told(case(FLAT))["Work on it begins"] == (Verdict.BUILDING, None)


def test_where_work_cannot_change_it_none_is_asked_for() -> None:
    for made, as_of in ((case(FLAT, done(START)), NOW), (case([]), NOW), (case(FLAT), CYCLE.end), (case(FLAT), NOW)):
        conditions = [change.condition for change in outlook(made, as_of)]
        wanted = made.verdict(as_of) is Verdict.NEGLECTED and as_of < CYCLE.end
        assert any("completed by" in condition for condition in conditions) is wanted


# --- by the outcome ---------------------------------------------------------------------------------------------------

LEVEL = re.compile(
    r"^(?:Readings|The next reading) at (-?[\d.]+)( or more| or less)? "
    r"(?:on|from) ([\d-]+)(?: to ([\d-]+) \((\d+) of them\))? \(toward\)$"
)


@pytest.mark.parametrize("metric", [{}, {"counted": True}, {"baseline": None}])
@pytest.mark.parametrize("readings", [FLAT, HISTORY + weekly([112] * 13)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_level_that_would_be_movement_is_just_enough(
    sign: int, readings: list[Measurement], metric: dict[str, object]
) -> None:
    kr = replace(KR if sign > 0 else LOWER, metric=replace((KR if sign > 0 else LOWER).metric, **metric))  # type: ignore[arg-type]
    series = known(readings if sign > 0 else mirrored(readings))
    made = case(series, done(START), kr=kr)
    levels = [(change, LEVEL.match(change.condition)) for change in outlook(made, NOW)]
    found = [(change, match) for change, match in levels if match]
    assert found
    for change, match in found:
        assert change.verdict is Verdict.DELIVERING
        first, last = date.fromisoformat(match[3]), date.fromisoformat(match[4] or match[3])
        days = [first + number * WEEK for number in range((last - first).days // 7 + 1)]
        assert len(days) == int(match[5] or 1)
        until = last + 6 * DAY if kr.metric.counted else last
        before = [each for each in series if each.at < first]

        def verdict(level: float) -> Verdict:
            readings_ = [*before, *(measured(day, level) for day in days)]  # noqa: B023
            return case(readings_, done(START), kr=kr).verdict(until)  # noqa: B023

        level = float(match[1])
        centre = made.movement(NOW).centre
        assert centre is not None
        assert verdict(level) is Verdict.DELIVERING
        assert verdict(centre + 0.9 * (level - centre)) is Verdict.BUSY
        if match[2]:
            assert match[2] == (" or more" if sign > 0 else " or less")
            assert verdict(centre + 3 * (level - centre)) in (Verdict.DELIVERING, Verdict.ACHIEVED)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_target_and_its_other_side(sign: int) -> None:
    series, kr = (FLAT, KR) if sign > 0 else (mirrored(FLAT), LOWER)
    words = "300 or more" if sign > 0 else "-300 or less"
    made = case(known(series), done(START), kr=kr)
    assert told(made)[f"A reading of {words}"] == (Verdict.ACHIEVED, None)
    there = case([*known(series), measured(NOW, sign * 300)], done(START), kr=kr)
    assert there.verdict(NOW) is Verdict.ACHIEVED
    short = one(outlook(there, NOW), "A reading (below|above) -?300")
    assert short.verdict is not Verdict.ACHIEVED


def test_a_limit_and_its_other_side() -> None:
    kept = case(known(FLAT), done(START), kr=KEEP)
    assert told(kept)["A reading below 110"] == (Verdict.BUSY, None)
    assert case([*known(FLAT), measured(NOW, 109)], done(START), kr=KEEP).verdict(NOW) is Verdict.BUSY
    left = case([*known(FLAT), measured(NOW, 109)], kr=KEEP)
    assert left.verdict(NOW) is Verdict.NEGLECTED
    assert told(left)["A reading of 110 or more"] == (Verdict.DELIVERING, None)


def test_falling_back_to_where_it_stood() -> None:
    made = case(known(STEP), done(START))
    change = one(outlook(made, NOW), "^Readings back at ")
    assert change.verdict is Verdict.BUSY
    match = re.search(r"at ([\d.]+), where it stood before, from ([\d-]+) to ([\d-]+)", change.condition)
    assert match is not None
    first, last = date.fromisoformat(match[2]), date.fromisoformat(match[3])
    back = [measured(first + number * WEEK, float(match[1])) for number in range((last - first).days // 7 + 1)]
    assert case([*known(STEP), *back], done(START)).verdict(last) is Verdict.BUSY


def test_how_many_readings_are_missing() -> None:
    few = weekly([120] * 2, 6)
    made = case(few, done(START))
    assert made.verdict(NOW) is Verdict.UNMEASURED
    change = one(outlook(made, NOW), r"^After \d+ more readings? like the latest")
    match = re.search(
        r"After (\d+) more readings? .* up to ([\d-]+), there are enough to tell \((\w+)\)", change.condition
    )
    assert match is not None
    values = [each.value for each in few]
    more = [measured(few[-1].at + (number + 1) * WEEK, values[number % 2]) for number in range(int(match[1]))]
    assert more[-1].at == date.fromisoformat(match[2])
    assert case([*few, *more], done(START)).verdict(more[-1].at) is change.verdict
    assert case([*few, *more[:-1]], done(START)).verdict(more[-1].at) is Verdict.UNMEASURED


@pytest.mark.parametrize(
    ("readings", "kr", "said"),
    [
        (known(FLAT, NOW - 3 * WEEK), KR, f"A reading counts from the day {NOW - 2 * WEEK} on; 1 reading like those"),
        ([], KR, f"A reading counts from the day {NOW - 2 * WEEK} on; 4 readings like those before"),
        ([], replace(KR, metric=replace(METRIC, baseline=None)), "without a baseline and a reading before the cycle"),
        ([], KEEP, f"A reading of a day from {NOW - 2 * WEEK} on lets it be judged"),
        (
            [],
            replace(KR, metric=replace(METRIC, cadence=35 * DAY)),
            f"from the day {START} on; short of the target, one every 35 days is not enough to tell by 2027-01-17",
        ),
    ],
)
def test_what_an_unmeasured_one_lacks(readings: list[Measurement], kr: KeyResult, said: str) -> None:
    made = case(readings, done(START), kr=kr)
    assert made.verdict(NOW) is Verdict.UNMEASURED
    change = one(outlook(made, NOW), "^A reading ")
    assert said in change.condition
    assert change.verdict is None


@pytest.mark.parametrize(("days", "stale"), [(15, True), (14, False)])
def test_a_reading_that_stays_fresh_to_the_last_day_cannot_become_stale(days: int, stale: bool) -> None:
    """The last day that counts is 2027-01-17, 14 days after the end."""
    last = CYCLE.end + (14 - days) * DAY
    made = case([*HISTORY, measured(START, 120), measured(last, 120)], done(START))
    found = [change.on for change in outlook(made, CYCLE.end) if "No reading after" in change.condition]
    assert found == ([CYCLE.end + 14 * DAY] if stale else [])
    assert (made.verdict(CYCLE.end + 900 * DAY) is Verdict.UNMEASURED) is stale


def test_readings_to_come_are_those_of_days_to_come() -> None:
    """The reading of this week is missing: it is not asked for as one to come."""
    made = case(known(FLAT, NOW - 8 * DAY), done(START))
    assert made.on(NOW).readings[-1].at + WEEK < NOW
    (change,) = (each for each in outlook(made, NOW) if each.condition.startswith("Readings at "))
    match = LEVEL.match(change.condition)
    assert match is not None
    assert date.fromisoformat(match[3]) > NOW


def test_a_milestone() -> None:
    made = case([], done(START), kr=MILESTONE)
    assert told(made)["A person checks it in as reached by 2027-01-03: okrsync check-in KR1 done"] == (
        Verdict.ACHIEVED,
        None,
    )
    said = case([measured(NOW, 1, origin="manual")], done(START), kr=MILESTONE)
    assert told(said)["A person takes that back: okrsync check-in KR1 open"] == (Verdict.BUILDING, None)


def test_when_all_is_over_only_a_correction_changes_it() -> None:
    last = CYCLE.end + timedelta(days=14)
    (change,) = outlook(case(FLAT, done(START)), last)
    assert change.condition.startswith("The last day that counts was 2027-01-17: ")
    assert change.verdict is None
    assert told(case(FLAT, done(START)), last - DAY) == {"A reading of 300 or more": (Verdict.ACHIEVED, None)}


def test_a_retired_one() -> None:
    kr = replace(KR, retired=Retirement(START, None), file="okrs/q4.yaml")
    (change,) = outlook(case(FLAT, kr=kr), NOW)
    assert "`retired` out of okrs/q4.yaml" in change.condition
