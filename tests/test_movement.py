"""Movement: error rates by simulation (fixed seeds, generous bounds), invariances, degenerate and real series."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrsync.model import Movement, MovementResult, Trend
from okrsync.movement import Asked, in_order, judge_movement, judge_movements
from okrsync.noise import PHI, PRIOR, without_spikes
from okrsync.numbers import count_of, show
from okrsync.stories import Question, design, log_sign, weigh

DAY, WEEK = timedelta(days=1), timedelta(days=7)
START = date(2026, 10, 5)
END = START + 13 * WEEK - DAY


def look(
    history: Sequence[float],
    cycle: Sequence[float],
    *,
    baseline: float | None = 100.0,
    target: float | None = 130.0,
    until: date | None = None,
    cadence: timedelta = WEEK,
) -> MovementResult:
    """Judge on the last day of the last reading's period."""
    points = [(START - (len(history) - i) * cadence, v) for i, v in enumerate(history)]
    points += [(START + i * cadence, v) for i, v in enumerate(cycle)]
    until = until or START + len(cycle) * cadence - DAY
    return judge_movement(points, baseline=baseline, target=target, start=START, until=until, end=END, cadence=cadence)


def ar(n: int, phi: float, rng: random.Random) -> list[float]:
    values = [rng.gauss()]
    while len(values) < n:
        values.append(phi * values[-1] + math.sqrt(1 - phi * phi) * rng.gauss())
    return values


def simulate(
    runs: int, history: int, phi: float, change: Callable[[int], float], weeks: int = 13, target: float = 130.0
) -> list[MovementResult]:
    rng = random.Random(42)
    found = []
    for _ in range(runs):
        noise = [100 + 5 * v for v in ar(history + weeks, phi, rng)]
        cycle = [v + 5 * change(week) for week, v in enumerate(noise[history:], 1)]
        found.append(look(noise[:history], cycle, target=target))
    return found


def share(found: Sequence[MovementResult], movement: Movement) -> float:
    return sum(one.movement is movement for one in found) / len(found)


def flat(week: int) -> float:
    return 0.0


def step(size: float) -> Callable[[int], float]:
    return lambda week: size if week >= 4 else 0.0


# --- error rates; the benchmark has the exact ones -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "phi", "most"), [(20, 0.0, 0.06), (20, 0.3, 0.08), (20, 0.5, 0.09), (40, 0.8, 0.07), (8, 0.0, 0.08)]
)
def test_noise_is_rarely_taken_for_movement(history: int, phi: float, most: float) -> None:
    found = simulate(300, history, phi, flat)
    assert share(found, Movement.TOWARD) <= most
    assert share(found, Movement.AWAY) <= most


def test_looking_every_week_adds_up_to_few_false_alarms() -> None:
    rng = random.Random(7)
    alarms = 0
    for _ in range(150):
        values = [100 + 5 * rng.gauss() for _ in range(33)]
        alarms += any(look(values[:20], values[20 : 20 + week]).movement is Movement.TOWARD for week in range(1, 14))
    assert alarms / 150 <= 0.12


@pytest.mark.parametrize(
    ("change", "least"), [(step(2), 0.92), (step(3), 0.97), (lambda week: 2 * week / 13, 0.8)], ids=["2σ", "3σ", "ramp"]
)
def test_a_change_is_found_by_the_end(change: Callable[[int], float], least: float) -> None:
    assert share(simulate(200, 20, 0.0, change), Movement.TOWARD) >= least


def test_directions_are_symmetric() -> None:
    up = simulate(60, 20, 0.3, step(2))
    down = simulate(60, 20, 0.3, step(2), target=70.0)
    swap = {Movement.TOWARD: Movement.AWAY, Movement.AWAY: Movement.TOWARD}
    assert [swap.get(one.movement, one.movement) for one in up] == [one.movement for one in down]


def test_less_history_means_unknown_rather_than_wrong() -> None:
    shares = [share(simulate(150, 4, 0.5, flat, weeks), Movement.UNKNOWN) for weeks in (2, 6, 13)]
    assert shares[0] >= shares[1] >= shares[2]
    assert shares[0] > 0.5


def test_the_forecast_holds_about_four_ends_in_five() -> None:
    rng, inside, runs = random.Random(5), 0, 300
    for _ in range(runs):
        values = [rng.gauss() for _ in range(33)]
        forecast = look(values[:20], values[20:28], baseline=0.0, target=6.0).forecast
        assert forecast is not None
        assert forecast.low <= forecast.mid <= forecast.high
        inside += forecast.low <= values[-1] <= forecast.high
    assert 0.72 <= inside / runs <= 0.92


@pytest.mark.parametrize(
    ("factor", "trend"), [(1, Trend.CONTINUED), (3, Trend.BETTER), (0, Trend.WORSE), (-1, Trend.WORSE)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_trend(factor: int, trend: Trend, sign: int) -> None:
    rng = random.Random(11)
    found: Counter[Trend] = Counter()
    for _ in range(60):
        history = [100 + sign * (0.3 * (i - 30) + rng.gauss()) for i in range(30)]
        cycle = [100 + sign * (0.3 * factor * i + rng.gauss()) for i in range(13)]
        found[look(history, cycle, target=100 + sign * 30).trend] += 1
    assert found[trend] >= 50


def test_no_trend_before_is_none_whatever_came_then() -> None:
    climb = [100 + 3.0 * i for i in range(10)]
    assert look(WOBBLE * 2, climb).trend is Trend.NONE
    assert look(WOBBLE * 2, WOBBLE).trend is Trend.NONE
    assert look(WOBBLE[:4], climb).trend is Trend.UNKNOWN


def test_growth_that_goes_on_is_toward_and_continued() -> None:
    rng = random.Random(3)
    values = [100 + 2 * i + rng.gauss() for i in range(33)]
    found = look(values[:20], values[20:], baseline=140, target=300)
    assert (found.movement, found.trend) == (Movement.TOWARD, Trend.CONTINUED)
    assert "trend" in found.rule


# --- edges ---------------------------------------------------------------------------------------------------------

WOBBLE = [100.0, 103, 98, 101, 97, 102, 100, 99, 104, 96]


@pytest.mark.parametrize(
    ("history", "cycle", "expected"),
    [
        ([], [], "unknown"),
        (WOBBLE, [], "unknown"),
        ([], [130.0] * 3, "unknown"),
        ([], [100.0, 101, 99, 100, 101, 99], "flat"),
        ([], [105.0, 110, 117, 121, 128, 131], "toward"),
        ([], [95.0, 90, 83, 79, 72, 69], "away"),
        ([100.0, 101, 99], [105.0, 110, 117, 121, 128, 131], "toward"),
        (WOBBLE, [100.0], "flat"),
        (WOBBLE, [190.0], "flat"),  # one reading alone
        (WOBBLE, [100.0, 101, 500, 99, 102, 98, 100, 101], "flat"),  # one spike
        (WOBBLE, [130.0] * 6, "toward"),
        (WOBBLE, [70.0] * 6, "away"),
        # no noise at all
        ([100.0] * 10, [100.0] * 5, "flat"),
        ([100.0] * 10, [100.0, 100, 101], "flat"),
        ([100.0] * 10, [100.0, 101, 101], "toward"),
        ([100.0] * 10, [100.0, 99, 99], "away"),
        ([100.0] * 10, [100.0, 99, 101], "flat"),
        ([100.0] * 10, [102.0, 102, 102, 102, 102, 102, 102], "toward"),
        ([], [100.0] * 6, "flat"),
        ([], [120.0] * 6, "toward"),
        ([0.1 + 0.2] * 5 + [0.3] * 5, [0.3] * 6, "flat"),  # rounding is no noise and no movement
    ],
)
def test_degenerate_series(history: list[float], cycle: list[float], expected: str) -> None:
    found = look(history, cycle, baseline=history[0] if history and history[0] < 1 else 100.0)
    assert found.movement == expected, found.rule
    assert found.points == len(history) + len(cycle)
    assert found.rule.endswith(".")
    for number in (found.centre, found.low, found.high):
        assert number is None or math.isfinite(number)


def test_a_perfect_line_goes_on() -> None:
    line = [100 + 2.0 * i for i in range(33)]
    assert look(line[:20], line[20:], target=300).trend is Trend.CONTINUED
    assert look(line[:20], line[20:], target=300).movement is Movement.TOWARD
    assert look(line[:20], [line[19]] * 8, target=300).trend is Trend.WORSE


def test_without_a_baseline_or_a_direction() -> None:
    assert look(WOBBLE, [130.0] * 6, baseline=None).movement is Movement.TOWARD
    assert look(WOBBLE, [130.0] * 6, baseline=None, target=50.0).movement is Movement.AWAY
    assert look([], [130.0] * 6, baseline=None).movement is Movement.UNKNOWN
    assert look(WOBBLE, WOBBLE, baseline=100.0, target=100.0).movement is Movement.FLAT
    aimless = look(WOBBLE, [130.0] * 6, baseline=100.0, target=100.0)
    assert aimless.movement is Movement.UNKNOWN
    assert "better" in aimless.rule
    assert look(WOBBLE, [130.0] * 6, target=None).movement is Movement.UNKNOWN


def test_the_level_before_is_the_history_not_what_was_declared() -> None:
    found = look([v + 50 for v in WOBBLE], [v + 50 for v in WOBBLE], baseline=100.0, target=300.0)
    assert found.movement is Movement.FLAT
    assert found.centre == pytest.approx(150)


def test_only_readings_up_to_the_day_count_and_there_is_no_forecast_from_the_end_on() -> None:
    assert look(WOBBLE, [130.0] * 6, until=START + DAY).points == 11
    values = [100 + WOBBLE[i % 10] - 100 for i in range(13)]
    assert look(WOBBLE, values, until=END - DAY).forecast is not None
    assert look(WOBBLE, values, until=END).forecast is None
    assert look(WOBBLE, [*values, 1.0, 2.0], until=END + 3 * WEEK).points == 25


def test_gaps_repeated_days_and_long_histories() -> None:
    points = [(START + (i - 80) * WEEK, WOBBLE[i % 10]) for i in range(90) if i % 4]
    twice = points + [(day, value + 2) for day, value in points]
    found = judge_movement(twice, baseline=100, target=130, start=START, until=END, end=END, cadence=WEEK)
    assert found.movement is Movement.FLAT
    assert found.points == 52 + 7


@pytest.mark.parametrize("cadence", [DAY, 7 * DAY, 30 * DAY])
def test_cadences(cadence: timedelta) -> None:
    weeks = min(13, (END - START) // cadence)
    assert look(WOBBLE * 2, [125.0, 127, 123, 126] * 4, cadence=cadence, until=START + weeks * cadence).movement in (
        Movement.TOWARD,
    )


# --- real series with a known answer ---------------------------------------------------------------------------------

NILE = [
    *(1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140),
    *(1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100),
    *(774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821),
]
"""Annual flow at Aswan, 10⁸ m³, 1871–1920. It dropped in 1899 (Cobb, *The problem of the Nile*, Biometrika, 1978)."""

UK_DRIVERS = [
    *(1813, 1445, 1762, 1461, 1556, 1431, 1427, 1554, 1645, 1653, 2016, 2207),
    *(1665, 1361, 1506, 1360, 1453, 1522, 1460, 1552, 1548, 1827, 1737, 1941),
    *(1474, 1458, 1542, 1404, 1522, 1385, 1641, 1510, 1681, 1938, 1868, 1726),
    *(1456, 1445, 1456, 1365, 1487, 1558, 1488, 1684, 1594, 1850, 1998, 2079),
    *(1494, 1057, 1218, 1168, 1236, 1076, 1174, 1139, 1427, 1487, 1483, 1513, 1357),
]
"""Car drivers killed or seriously injured in Great Britain, monthly, January 1979 to January 1984. Seat belts became
compulsory on 31 January 1983 (Harvey & Durbin, Journal of the Royal Statistical Society A 149, 1986)."""


def real(
    values: Sequence[float], first_of_cycle: int, length: int, cadence: timedelta, target: float
) -> MovementResult:
    points = [(START + (i - first_of_cycle) * cadence, v) for i, v in enumerate(values[: first_of_cycle + length])]
    end = START + length * cadence - DAY
    return judge_movement(points, baseline=None, target=target, start=START, until=end, end=end, cadence=cadence)


@pytest.mark.parametrize(
    ("change", "length", "expected"),
    [(28, 6, "away"), (28, 13, "away"), (14, 6, "flat"), (14, 13, "flat"), (36, 13, "flat")],
)
def test_the_nile_dropped_in_1899_and_not_before_or_after(change: int, length: int, expected: str) -> None:
    values = NILE[28:] if change > 28 else NILE
    assert real(values, change - (28 if change > 28 else 0), length, 365 * DAY, 2000).movement == expected


@pytest.mark.parametrize(("change", "length", "expected"), [(49, 6, "toward"), (36, 6, "flat"), (36, 11, "flat")])
def test_the_seat_belt_law_of_1983_and_no_law_of_1982(change: int, length: int, expected: str) -> None:
    assert real(UK_DRIVERS, change, length, 30 * DAY, 1000).movement == expected


COAL_DISASTERS = [
    *(4, 5, 4, 0, 1, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4),
    *(4, 1, 5, 5, 3, 4, 2, 5, 2, 2, 3, 4, 2, 1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0),
    *(1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 2),
    *(1, 0, 0, 0, 1, 1),
]
"""Disasters with ten or more killed in British coal mines, yearly, 1851–1928: counts, mostly small. The rate fell about
1890 (R. G. Jarrett, *A note on the intervals between coal-mining disasters*, Biometrika 66, 1979)."""

AIRLINE = [
    *(
        112,
        118,
        132,
        129,
        121,
        135,
        148,
        148,
        136,
        119,
        104,
        118,
        115,
        126,
        141,
        135,
        125,
        149,
        170,
        170,
        158,
        133,
        114,
        140,
    ),
    *(
        145,
        150,
        178,
        163,
        172,
        178,
        199,
        199,
        184,
        162,
        146,
        166,
        171,
        180,
        193,
        181,
        183,
        218,
        230,
        242,
        209,
        191,
        172,
        194,
    ),
    *(196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201),
]
"""International airline passengers in thousands, monthly, 1949–1953: growth with a strong season (G. E. P. Box & G. M.
Jenkins, *Time Series Analysis*, 1970, series G)."""


@pytest.mark.parametrize(
    ("first", "length", "expected"), [(40, 12, "toward"), (40, 20, "toward"), (20, 12, "flat"), (56, 12, "flat")]
)
def test_coal_mines_became_safer_about_1890_and_not_before_or_after(first: int, length: int, expected: str) -> None:
    start = 0 if first < 41 else 40
    assert real(COAL_DISASTERS[start:], first - start, length, 365 * DAY, 0).movement == expected


def test_airline_passengers_grow_as_they_did_before() -> None:
    grown = real(AIRLINE, 48, 12, 30.4375 * DAY, 400)
    assert (grown.movement, grown.trend) == (Movement.TOWARD, Trend.CONTINUED)


# --- a season --------------------------------------------------------------------------------------------------------


def yearly(years: int, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [100 + 20 * math.cos(2 * math.pi * (i - 11) / 12) + 5 * rng.gauss() for i in range(12 * years)]


def test_the_same_peak_as_in_the_years_before_is_no_movement() -> None:
    found = Counter(
        real(yearly(5, seed), 48, length, 30.4375 * DAY, 200).movement for seed in range(40) for length in (8, 12)
    )
    assert found[Movement.TOWARD] <= 4
    assert found[Movement.FLAT] >= 70


def test_a_change_on_top_of_a_season_is_found() -> None:
    for seed in range(10):
        values = [v + 15 * (i >= 39) for i, v in enumerate(yearly(4, seed))]
        assert real(values, 36, 12, 30.4375 * DAY, 200).movement is Movement.TOWARD


# --- properties ----------------------------------------------------------------------------------------------------

numbers = st.integers(-1000, 1000).map(lambda n: n / 8)
series = st.tuples(st.lists(numbers, max_size=30), st.lists(numbers, min_size=1, max_size=16))


@given(series, st.integers(-8, 8).map(lambda n: 2.0**n), st.integers(-1000, 1000))
@settings(max_examples=60, deadline=None)
def test_shift_and_scale_keep_the_movement(parts: tuple[list[float], list[float]], factor: float, shift: int) -> None:
    history, cycle = parts
    plain = look(history, cycle, baseline=0.0, target=50.0)
    moved = look(
        [v * factor + shift for v in history],
        [v * factor + shift for v in cycle],
        baseline=0.0 * factor + shift,
        target=50.0 * factor + shift,
    )
    assert (plain.movement, plain.trend) == (moved.movement, moved.trend)


@given(series)
@settings(max_examples=60, deadline=None)
def test_negating_everything_changes_nothing_and_negating_the_target_swaps(
    parts: tuple[list[float], list[float]],
) -> None:
    history, cycle = parts
    plain = look(history, cycle, baseline=0.0, target=50.0)
    mirrored = look([-v for v in history], [-v for v in cycle], baseline=0.0, target=-50.0)
    assert (plain.movement, plain.trend) == (mirrored.movement, mirrored.trend)
    swapped = look(history, cycle, baseline=0.0, target=-50.0)
    pairs = {Movement.TOWARD: Movement.AWAY, Movement.AWAY: Movement.TOWARD}
    assert swapped.movement == pairs.get(plain.movement, plain.movement)


@given(series, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_input_is_irrelevant(parts: tuple[list[float], list[float]], rng: random.Random) -> None:
    history, cycle = parts
    points = [(START + (i - len(history)) * WEEK, v) for i, v in enumerate(history + cycle)]
    points += points[::3]
    shuffled = rng.sample(points, len(points))
    first, second = (
        judge_movement(some, baseline=0.0, target=9.0, start=START, until=END, end=END, cadence=WEEK)
        for some in (points, shuffled)
    )
    assert first == second


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=14),
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
)
@settings(max_examples=150, deadline=None)
def test_any_finite_numbers_give_finite_results(
    history: list[float], cycle: list[float], baseline: float | None
) -> None:
    found = look(history, cycle, baseline=baseline, target=1.0)
    forecast = found.forecast
    numbers = [found.centre, found.low, found.high, *((forecast.low, forecast.mid, forecast.high) if forecast else ())]
    assert all(number is None or math.isfinite(number) for number in numbers)


# --- parts: the weights against their formula, with dense matrices -------------------------------------------------


def dense(
    x: Sequence[float], y: np.ndarray, phi: float, prior: float, columns: list[tuple[np.ndarray, float]], freedom: int
) -> float:
    """The logarithm of a weight as the docstring of ``okrsync.stories`` writes it."""
    at = np.array(x)
    correlations = phi ** np.abs(at[:, None] - at[None, :]) if phi else np.eye(len(at))
    inverse = np.linalg.inv(correlations)
    design_ = np.array([column for column, _ in columns]).T
    ridge = np.array([penalty for _, penalty in columns])
    normal = design_.T @ inverse @ design_ + np.diag(ridge)
    told = design_.T @ inverse @ y
    left = y @ inverse @ y - told @ np.linalg.solve(normal, told)
    return float(
        math.log(prior)
        - np.linalg.slogdet(correlations)[1] / 2
        - np.linalg.slogdet(normal)[1] / 2
        + sum(math.log(each) for each in ridge if each) / 2
        - freedom / 2 * math.log(left)
    )


@pytest.mark.parametrize("question", ["movement", "trend"])
@pytest.mark.parametrize("history", [0, 5, 20, 30])
def test_weights_are_what_the_formula_says(history: int, question: Question) -> None:
    rng = np.random.default_rng(history)
    x = tuple(float(i) for i in range(-history, 14) if i != 4)  # a reading is missing
    y = rng.standard_normal(len(x)) + (np.array(x) > 6)
    plan = design(question, x, history, 12.0)
    weights = weigh(plan, y[None])
    counts = {0: (2, 2), 5: (2, 2), 20: (4, 4), 30: (8, 8)}[history]
    assert len(plan.families) == counts[question == "trend"]
    at = np.array(x)
    for number, family in enumerate(plan.families):
        columns: list[tuple[np.ndarray, float]] = [(np.ones(len(x)), 0.0)] if history else []
        if family.trend != "none":
            columns.append((np.minimum(at, 0) if family.trend == "ended" else at, family.slope**-2))
        if family.season:
            for turns in (2 * np.pi / 12, 4 * np.pi / 12):
                columns += [(np.cos(turns * at), 4**-2), (np.sin(turns * at), 4**-2)]
        for place, (phi, prior) in enumerate(zip(PHI, PRIOR, strict=True)):
            if columns:
                same = dense(x, y, phi, prior, columns, plan.freedom)
                assert weights.same[0, number, place] == pytest.approx(same, abs=1e-8)
            for shape in (0, plan.lasting - 1):
                changed = dense(x, y, phi, prior, [*columns, (plan.shapes[shape], family.size**-2)], plan.freedom)
                expected = changed + plan.log_shares[number, 0, shape] + math.log(2)
                both = np.logaddexp(weights.up[0, number, place, shape], weights.down[0, number, place, shape])
                assert both == pytest.approx(expected, abs=1e-8)


def test_prior_shares_add_up() -> None:
    plan = design("movement", tuple(float(i) for i in range(-20, 13)), 20)
    assert np.exp(plan.log_shares).sum(axis=-1) == pytest.approx(np.ones((4, 1)))
    assert PRIOR.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("t", "freedom", "above"),
    [(0.0, 5, 0.5), (1.0, 5, 0.1816), (2.0, 12, 0.0343), (-1.5, 30, 0.9280), (3.0, 40, 0.0023), (4.0, 32, 1.75e-4)],
)
def test_the_probability_of_a_sign(t: float, freedom: int, above: float) -> None:  # scipy.stats.t.sf
    log_above, log_below = log_sign(np.array([-t]), freedom)
    assert math.exp(log_above[0]) == pytest.approx(above, rel=0.15)
    assert math.exp(log_above[0]) + math.exp(log_below[0]) == pytest.approx(1)


def test_a_spike_is_drawn_to_its_neighbours_and_a_step_stays() -> None:
    wobble = [0.0, 1, -1, 0.5, -0.5, 1, 0, -1, 0.5, 0]
    spiked = without_spikes(np.array([[*wobble[:5], 50.0, *wobble[5:]]]))[0]
    assert spiked[5] < 6
    stepped = np.array([[*wobble, *(v + 10 for v in wobble)]])
    assert np.abs(without_spikes(stepped) - stepped).max() == 0
    assert (without_spikes(np.array([[1.0, 1, 1, 1, 1, 1, 1, 9, 1, 1]]))[0] == [1, 1, 1, 1, 1, 1, 1, 9, 1, 1]).all()


# --- parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (124.0, "124"),
        (2.1, "2.1"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (105.2614, "105.3"),
        (99.95, "99.95"),
        (99.999, "100"),
        (0.00312345, "0.003123"),
        (1234567.8, "1234568"),
        (1.2e9, "1200000000"),
        (-3.14159, "-3.142"),
        (1e300, "1e+300"),
        (5e-324, "4.941e-324"),
    ],
)
def test_numbers_for_people(value: float, text: str) -> None:
    assert show(value) == text


def test_count_of() -> None:
    assert (count_of(1, "reading"), count_of(0, "reading")) == ("1 reading", "0 readings")


def test_series_judged_together_come_out_as_each_alone() -> None:
    rng = random.Random(7)
    asked = []
    for _ in range(150):
        history, weeks = rng.choice([0, 2, 4, 7, 20, 20, 20, 60]), rng.choice([1, 3, 9, 9, 13, 15])
        level, size = rng.choice([0.0, 100.0, -1e9]), rng.choice([0.0, 1e-6, 5.0, 1e12])
        noise = [level + size * v for v in ar(history + weeks, rng.choice([0.0, 0.5]), rng)]
        moved = rng.choice([0.0, 3.0, -3.0]) * size
        points = [(START + (i - history) * WEEK, v + (moved if i >= history + 3 else 0.0)) for i, v in enumerate(noise)]
        asked.append(
            Asked(
                *in_order(points, START + weeks * WEEK - DAY),
                baseline=rng.choice([None, level]),
                target=rng.choice([None, level + 6 * size]),
                start=START,
                until=START + weeks * WEEK - DAY,
                end=END,
                cadence=WEEK,
                upward=rng.choice([None, True, False]),
                whole=rng.random() < 0.7,
            )
        )
    found = judge_movements(asked)
    alone = [
        judge_movement(
            list(zip(one.days, one.values, strict=True)),
            **{f.name: getattr(one, f.name) for f in fields(one) if f.name not in ("days", "values")},
        )
        for one in asked
    ]
    assert {each.movement for each in alone} == set(Movement)
    assert {each.trend for each in alone} == set(Trend)
    for question, one, together in zip(asked, alone, found, strict=True):
        numbers = [
            [v for v in (each.centre, each.low, each.high, *(astuple(each.forecast) if each.forecast else ())) if v]
            for each in (one, together)
        ]
        width = max(question.values) - min(question.values)
        assert numbers[1] == pytest.approx(numbers[0], rel=1e-9, abs=1e-9 * width)
        assert replace(together, centre=0, low=0, high=0, forecast=None) == replace(
            one, centre=0, low=0, high=0, forecast=None
        )
